"""Instructions that work takes: they hardly vary from run to run, so the gate has its floors here.

A floor lies some 3 % below what was measured (on CPython 3.11.7 with trio 0.35.0; other versions
differ), and never below the goal where a goal is about instructions. All other goals are about
time, and held by the other groups: to wait for the system, or for memory, takes no instruction.
"""

from __future__ import annotations

from bench._model import (
    INSTRUCTIONS_PER_CALL,
    INSTRUCTIONS_PER_CHILD,
    INSTRUCTIONS_PER_MESSAGE,
    INSTRUCTIONS_PER_RESTART,
    OURS,
    Goal,
    Group,
    Row,
    Unit,
    at_least,
)


def _count(
    name: str,
    about: str,
    workload: str,
    size: int,
    goal: Goal,
    unit: Unit = INSTRUCTIONS_PER_MESSAGE,
    rounds: int = 1,
) -> Row:
    """A row on which a round is a matter of many seconds, and one is exact to half a per cent."""
    baseline = goal.against or "raw_trio"
    return Row(
        name=name,
        about=about,
        workload=workload,
        rivals=(baseline, OURS),
        size=size,
        whole=True,
        unit=unit,
        clock="instructions",
        baseline=baseline,
        goals=(goal,),
        rounds=rounds,
        quick=False,
    )


GROUP = Group(
    name="instructions",
    about="what a piece of work costs, counted by valgrind: the gate",
    rows=(
        _count(
            "one by one",
            "send and receive each message, 1 producer, 1 consumer, room for 100",
            "one_by_one",
            2_000,
            # The goal, 0.93 (0.90) times as many at most; measured: 1.075 to 1.086
            at_least(1.075, stretch=1.11, against="raw_trio"),
            rounds=3,  # its floor is the goal, and near
        ),
        _count(
            "without room",
            "the same with room for none: each send waits for its receiver",
            "without_room",
            3_000,
            at_least(1.06, against="raw_trio"),  # measured: 1.09
        ),
        _count(
            "10 producers",
            "the same from 10 producers to 1 consumer, room for 100",
            "ten_producers",
            3_000,
            at_least(1.05, against="raw_trio"),  # measured: 1.07 to 1.08
        ),
        _count(
            "10 consumers",
            "the same from 1 producer to 10 consumers",
            "ten_consumers",
            3_000,
            at_least(1.07, against="raw_trio"),  # measured: 1.10
        ),
        _count(
            "publish",
            "each message to ten subscribers, one by one; trio sends it ten times",
            "to_ten_subscribers",
            450,
            at_least(2.45, against="raw_trio"),  # measured: 2.53 to 2.58
        ),
        _count(
            "call, 1 client",
            "calls one after another; by hand each has a new reply channel",
            "one_client",
            1_500,
            at_least(1.75, against="raw_trio"),  # measured: 1.81
            INSTRUCTIONS_PER_CALL,
        ),
        _count(
            "call, 10 clients",
            "the same from 10 clients at once; ours answers in batches",
            "ten_clients",
            1_500,
            at_least(3.8, against="raw_trio"),  # measured: 3.91
            INSTRUCTIONS_PER_CALL,
        ),
        _count(
            "1,000 up and down",
            "start children at once until all are ready, and stop them, ours in reverse order",
            "children_up",
            1_000,
            at_least(0.98, against="raw_nursery"),  # measured: 1.013
            INSTRUCTIONS_PER_CHILD,
        ),
        _count(
            "restart",
            "from crash to crash; no log, a limit that is never reached",
            "restart",
            600,
            at_least(1.93, against="raw_nursery"),  # measured: 1.99
            INSTRUCTIONS_PER_RESTART,
        ),
        _count(
            "encode",
            "a message of about 300 bytes",
            "encode_small",
            6_000,
            at_least(2.3, against="cattrs_orjson"),  # measured: 2.39
        ),
        _count(
            "decode",
            "a message of about 300 bytes, extra fields refused",
            "decode_small",
            3_000,
            at_least(3.7, against="cattrs_orjson"),  # measured: 3.82
        ),
    ),
)
