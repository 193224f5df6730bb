"""A policy that is a function is asked about each crash once: it may count, or log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import Boom, crashes, forever, slow_to_stop
from trioharness.rules import RestartType


class Policy:
    """A policy that keeps what it was asked about."""

    def __init__(self, answer: RestartType = "transient") -> None:
        self.asked: list[str] = []
        self.answer: RestartType = answer

    def __call__(self, error: Exception) -> RestartType:
        self.asked.append(str(error))
        return self.answer


ANSWERS = pytest.mark.parametrize(
    ("answer", "lives"), [("transient", 2), ("permanent", 2), ("temporary", 1)]
)


@ANSWERS
async def test_about_a_crash(autojump_clock: MockClock, answer: RestartType, lives: int) -> None:
    policy = Policy(answer)
    async with th.open_supervisor("s") as sup:
        child = await sup.start(crashes(1), name="c", restart=policy)
        await wait_all_tasks_blocked()
        assert (policy.asked, child.incarnation) == (["number 1"], lives)
        sup.cancel_scope.cancel()


@ANSWERS
async def test_about_a_crash_that_waits_for_its_turn(
    autojump_clock: MockClock, answer: RestartType, lives: int
) -> None:
    policy = Policy(answer)
    async with th.open_supervisor("s") as sup, trio.open_nursery() as nursery:
        slow = await sup.start(slow_to_stop(3), name="slow")
        child = await sup.start(crashes(1, after=1), name="c", restart=policy)
        nursery.start_soon(slow.stop)
        await trio.sleep(2)
        assert policy.asked == ["number 1"]
        assert child.state == ("restarting" if lives == 2 else "stopped")
        await trio.sleep(2)
        assert (policy.asked, child.incarnation) == (["number 1"], lives)
        sup.cancel_scope.cancel()


@ANSWERS
async def test_about_the_failed_start_of_a_member_of_a_group(
    autojump_clock: MockClock, answer: RestartType, lives: int
) -> None:
    policy = Policy(answer)
    async with th.open_supervisor("s", strategy="one_for_all") as sup:
        await sup.start(crashes(1, after=1), name="first")
        flaky = fails_the_second_time()
        member: th.Child[None] = await sup.start(flaky, name="m", restart=policy)
        await trio.sleep(2)
        assert policy.asked == ["start"]
        assert member.incarnation == lives + 1
        sup.cancel_scope.cancel()


async def test_about_the_last_straw(autojump_clock: MockClock) -> None:
    policy = Policy()
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=1) as sup:
            sup.start_soon(crashes(after=1), name="c", restart=policy)
            sup.start_soon(forever, name="other")
    assert policy.asked == ["number 1", "number 2"]


def fails_the_second_time() -> Callable[..., Awaitable[None]]:
    lives: list[int] = []

    async def member(*, task_status: th.TaskStatus[None]) -> None:
        lives.append(1)
        if len(lives) == 2:
            raise Boom("start")
        task_status.started()
        await trio.sleep_forever()

    return member
