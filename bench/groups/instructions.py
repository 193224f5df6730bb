"""Instructions a message takes: they hardly vary from run to run, so small floors are held here."""

from __future__ import annotations

from bench._model import INSTRUCTIONS_PER_MESSAGE, OURS, Goal, Group, Row, at_least


def _count(name: str, about: str, workload: str, size: int, goal: Goal) -> Row:
    """A row on which a round is a matter of many seconds, and one is exact."""
    return Row(
        name=name,
        about=about,
        workload=workload,
        rivals=("raw_trio", OURS),
        size=size,
        whole=True,
        unit=INSTRUCTIONS_PER_MESSAGE,
        clock="instructions",
        baseline="raw_trio",
        goals=(goal,),
        rounds=1,
    )


_NEVER_BELOW_TRIO = at_least(1, against="raw_trio")

GROUP = Group(
    name="instructions",
    about="what a message costs, counted by valgrind",
    rows=(
        _count(
            "one by one",
            "send and receive each message, 1 producer, 1 consumer, room for 100",
            "one_by_one",
            6_000,
            at_least(1.075, stretch=1.11, against="raw_trio"),  # 0.93 (0.90) times as many at most
        ),
        _count(
            "without room",
            "the same with room for none: each send waits for its receiver",
            "without_room",
            6_000,
            _NEVER_BELOW_TRIO,
        ),
        _count(
            "10 producers",
            "the same from 10 producers to 1 consumer, room for 100",
            "ten_producers",
            6_000,
            _NEVER_BELOW_TRIO,
        ),
        _count(
            "10 consumers",
            "the same from 1 producer to 10 consumers",
            "ten_consumers",
            6_000,
            _NEVER_BELOW_TRIO,
        ),
    ),
)
