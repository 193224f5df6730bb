"""The floors the project was founded on: absolute, and far below what it should reach."""

from __future__ import annotations

from bench._model import (
    MESSAGES_PER_SECOND,
    MILLISECONDS_PER_COMPONENT,
    OURS,
    P99_MILLISECONDS,
    Goal,
    Group,
    Row,
    Unit,
    at_least,
    at_most,
)


def _floor(name: str, about: str, workload: str, size: int, unit: Unit, goal: Goal) -> Row:
    """A floor is about what a user waits for, so all of them are on the wall clock."""
    return Row(
        name=name,
        about=about,
        workload=workload,
        rivals=(OURS,),
        size=size,
        unit=unit,
        clock="wall",
        goals=(goal,),
    )


GROUP = Group(
    name="floors",
    about="the absolute floors the project was founded on",
    rows=(
        _floor(
            "start",
            "start components one after another under a supervisor, each until it is ready",
            "start",
            1_000,
            MILLISECONDS_PER_COMPONENT,
            at_most(100),
        ),
        _floor(
            "by reference",
            "send messages through a channel, one by one, as the objects they are",
            "by_reference",
            20_000,
            MESSAGES_PER_SECOND,
            at_least(1_000),
        ),
        _floor(
            "serialized",
            "the same, but each message is encoded to JSON, sent as bytes and decoded",
            "serialized",
            10_000,
            MESSAGES_PER_SECOND,
            at_least(1_000),
        ),
        _floor(
            "pipeline",
            "messages through three supervised components, from opening to joining",
            "pipeline",
            10_000,
            MESSAGES_PER_SECOND,
            at_least(1_000),
        ),
        _floor(
            "latency",
            "1,000 messages/s, due times fixed beforehand; from due to received, supervised",
            "latency",
            3_000,
            P99_MILLISECONDS,
            at_most(10),
        ),
        _floor(
            "recovery",
            "a component crashes at once, again and again; from raising to its code running again",
            "recovery",
            500,
            P99_MILLISECONDS,
            at_most(100),
        ),
    ),
)
