"""The payloads of several messages as one: the fields alone, of messages of one type.

They are JSON lines: compact JSON has no line breaks, so that they can be told apart unread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from .._errors import DecodeError
from ._codec import Codec

T = TypeVar("T")

_LINE: Final = b"\n"


def dump_many(codec: Codec[T], messages: Sequence[T]) -> tuple[str, int, bytes]:
    """Return wire name, version and all payloads of messages of one type, at least one.

    Raises:
        EncodeError: As `Codec.dump`.
    """
    dumped = list(map(codec.dump, messages))
    name, version, _ = dumped[0]
    return name, version, _LINE.join([payload for _, _, payload in dumped])


def load_many(codec: Codec[T], name: str, version: int, payloads: bytes, first: int) -> list[T]:
    """Return the messages of `dump_many`, of which the first has number `first` for errors.

    Raises:
        DecodeError: As `Codec.load`, with the message's number in the path.
        UnknownMessageError: As `Codec.load`.
    """
    messages: list[T] = []
    load = codec.load
    try:
        for payload in payloads.split(_LINE):
            # One by one, so that an error knows the number of its message.
            messages.append(load(name, version, payload))  # noqa: PERF401
    except DecodeError as error:
        path = f"batch[{first + len(messages)}].{error.path}"
        raise type(error)(path, error.reason, error.value) from error.__cause__
    return messages
