"""Whole processes beside Erlang/OTP's, start-up included: it takes longer with us, by far."""

from __future__ import annotations

from bench._model import OURS, WHOLE_PROCESS, Goal, Group, Row, at_least


def _ratio_at_most(must: float, stretch: float) -> Goal:
    """Ours may take so many times the processor time of the BEAM."""
    return at_least(1 / must, stretch=1 / stretch, against="beam")


def _whole(
    name: str, about: str, workload: str, size: int, *goals: Goal, more: tuple[str, ...] = ()
) -> Row:
    return Row(
        name=name,
        about=about,
        workload=workload,
        rivals=("beam", OURS, *more),
        size=size,
        whole=True,  # of fewer, the start would be most of it
        unit=WHOLE_PROCESS,
        clock="wall",  # of the round; the figure is the processor time of other processes
        baseline="beam",
        goals=goals,
        rounds=3,
        quick=False,  # each takes many seconds
    )


GROUP = Group(
    name="beam",
    about="whole processes beside Erlang/OTP's with one scheduler, start-up included",
    rows=(
        _whole(
            "one by one, `!`",
            "messages one by one, beside those by `!`, which never make the sender wait",
            "whole_one_by_one",
            100_000,
            more=("raw_trio",),
        ),
        _whole(
            "batches of 100, `!`",
            "messages in batches of 100, beside as many by `!`; trio_lists: a list as one message",
            "whole_batches_of_100",
            5_000_000,
            _ratio_at_most(1.4, 1.0),
            more=("trio_lists",),
        ),
        _whole(
            "batches of 1,000, `!`",
            "the same in batches of 1,000",
            "whole_batches_of_1000",
            5_000_000,
            _ratio_at_most(0.8, 0.6),
            more=("trio_lists",),
        ),
        _whole(
            "batches of 100, cast",
            "messages in batches of 100, beside as many by gen_server:cast",
            "whole_casts",
            5_000_000,
            _ratio_at_most(1.0, 0.8),
            more=("trio_lists",),
        ),
        _whole(
            "100 clients, call",
            "calls of 100 clients at once, beside those by gen_server:call; raw_trio: the least"
            " that a call takes on trio, nothing checked, by its low-level functions",
            "whole_calls",
            500_000,
            _ratio_at_most(2.5, 2.0),
            more=("raw_trio",),
        ),
        _whole(
            "10,000 up and down",
            "children of one supervisor, started until each is ready, and stopped",
            "whole_children",
            10_000,
        ),
    ),
)
