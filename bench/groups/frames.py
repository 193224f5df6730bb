"""Frames: what an envelope adds to a message as bytes, and what frames save over a socket."""

from __future__ import annotations

from bench._model import (
    NANOSECONDS_PER_MESSAGE,
    OURS,
    Goal,
    Group,
    Row,
    at_least,
    flow_row,
    with_gaps,
)

_MANY = at_least(1, stretch=1.2, against="ours_plain")


def _socket(name: str, about: str, workload: str, goal: Goal) -> Row:
    """Both sides are one process, so that its time is theirs, and the system's for them."""
    return Row(
        name=name,
        about=about,
        workload=workload,
        rivals=("cattrs_orjson_frames", OURS),
        size=5_000,
        unit=NANOSECONDS_PER_MESSAGE,
        clock="cpu",
        baseline="cattrs_orjson_frames",
        goals=(goal,),
    )


GROUP = Group(
    name="frames",
    about="messages of some 300 bytes as frames, beside the same messages as bytes alone",
    rows=(
        flow_row(
            "envelope, encode",
            "a frame of each envelope, beside the payload of each message",
            "encode_envelopes",
            10_000,
            "ours_plain",
            at_least(0.6, stretch=0.7, against="ours_plain"),
        ),
        flow_row(
            "envelope, make and encode",
            "the same, from the message: with its id, its time and its envelope",
            "encode_messages",
            10_000,
            "ours_plain",
        ),
        flow_row(
            "envelope, decode",
            "envelopes out of pieces of 64 KiB, beside the message of each payload",
            "decode_envelopes",
            10_000,
            "ours_plain",
            at_least(0.65, stretch=0.75, against="ours_plain"),
        ),
        flow_row(
            "batch, encode",
            "a frame of each batch of 100, beside the payload of each message",
            "encode_batches",
            10_000,
            "ours_plain",
            _MANY,
        ),
        flow_row(
            "batch, decode",
            "batches of 100 out of pieces of 64 KiB, beside the message of each payload",
            "decode_batches",
            10_000,
            "ours_plain",
            _MANY,
        ),
        *with_gaps(
            _socket(
                "socket, frames together",
                "over a socket, 100 frames a send; by hand each message by itself",
                "coalesced",
                at_least(8, stretch=10.5, against="cattrs_orjson_frames"),
            ),
            _socket(
                "socket, batches",
                "the same with one frame for 100 messages",
                "batches",
                at_least(11, stretch=13.5, against="cattrs_orjson_frames"),
            ),
        ),
    ),
)
