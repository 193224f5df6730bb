"""`Harness.open`: an application inside of trio code that somebody else runs."""

from __future__ import annotations

import signal
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.harness._pieces import forever, living, send_all, take_all


async def test_it_has_started_when_the_block_is_entered(autojump_clock: MockClock) -> None:
    diary: list[str] = []
    app = th.Harness("shop")
    app.add(living, "a", diary)
    async with app.open() as running:
        assert diary == ["a starts"]
        assert repr(running) == "<running 'shop'>"
        assert running.supervisor.children["living"].state == "ready"
        running.stop("enough")
    assert diary == ["a starts", "a ends"]
    assert running.receipt().ended == "stopped"


async def test_it_is_joined_like_a_nursery(autojump_clock: MockClock) -> None:
    app = th.Harness("shop")
    out, numbers = app.channel(int, 1)
    got: list[int] = []
    app.add(take_all, numbers, got)
    app.add(send_all, out, [1, 2, 3])
    async with app.open() as running:
        pass
    receipt = running.receipt()
    assert got == [1, 2, 3]
    assert (receipt.ended, receipt.signal) == ("done", None)
    assert [(c.name, c.sent, c.delivered) for c in receipt.channels] == [("int", 3, 3)]


async def test_two_of_one_description_do_not_know_each_other(autojump_clock: MockClock) -> None:
    app = th.Harness("shop")
    out, numbers = app.channel(int, 1)
    got: list[int] = []
    app.add(take_all, numbers, got)
    app.add(send_all, out, [1, 2])
    async with app.open(), app.open():
        pass
    assert sorted(got) == [1, 1, 2, 2]


async def test_a_drain_loses_nothing(autojump_clock: MockClock) -> None:
    async def take_slowly(end: th.ReceiveChannel[int], got: list[int]) -> None:
        async for number in end:
            await trio.sleep(1)
            got.append(number)

    async def source(end: th.SendChannel[int]) -> None:
        await end.send_many(range(5))
        await trio.sleep_forever()

    app = th.Harness("shop", grace=3)
    out, numbers = app.channel(int, 9)
    got: list[int] = []
    app.add(source, out)
    app.add(take_slowly, numbers, got)
    async with app.open() as running:
        await trio.sleep(0.5)
        running.drain(10)
        running.drain()
    assert got == [0, 1, 2, 3, 4]
    assert (running.receipt().ended, running.receipt().overran) == ("drained", ())


async def test_a_body_that_raises_stops_it_in_order(autojump_clock: MockClock) -> None:
    diary: list[str] = []
    app = th.Harness("shop")
    first = app.add(living, "a", diary, name="a")
    app.add(living, "b", diary, name="b", after=[first])
    with pytest.raises(ZeroDivisionError):
        async with app.open():
            raise ZeroDivisionError
    assert diary == ["a starts", "b starts", "b ends", "a ends"]


async def test_a_cancel_from_outside_stops_it_in_order(autojump_clock: MockClock) -> None:
    diary: list[str] = []
    app = th.Harness("shop")
    first = app.add(living, "a", diary, name="a")
    app.add(living, "b", diary, name="b", after=[first])
    with trio.move_on_after(2) as scope:
        async with app.open():
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert diary == ["a starts", "b starts", "b ends", "a ends"]


@pytest.mark.parametrize("where", ["outside", "body", "its own scope", "while it drains"])
async def test_the_receipt_of_what_was_cancelled_says_stopped(
    autojump_clock: MockClock, where: str
) -> None:
    app = th.Harness("shop", grace=30)
    out, numbers = app.channel(int, 9)
    app.add(send_all, out, [1, 2])

    async def never_takes(numbers: th.ReceiveChannel[int]) -> None:
        await trio.sleep_forever()

    runs: list[th.Running] = []
    app.add(never_takes, numbers)
    with trio.move_on_after(2) as scope:
        async with app.open() as running:
            runs.append(running)
            await trio.sleep(1)
            if where == "body":
                scope.cancel()
            elif where == "its own scope":
                running.supervisor.cancel_scope.cancel()
            elif where == "while it drains":
                running.drain()
            else:
                await trio.sleep_forever()
    receipt = runs[0].receipt()
    assert receipt.ended == "stopped"
    assert [channel.left for channel in receipt.channels] == [2]


async def test_a_receipt_that_is_asked_for_later_is_that_of_the_end(
    autojump_clock: MockClock,
) -> None:
    app = th.Harness("shop")
    app.add(trio.sleep, 2)
    async with app.open() as running:
        pass
    await trio.sleep(100)
    assert (running.receipt().ended, running.receipt().seconds) == ("done", 2)


def test_a_receipt_can_be_asked_for_outside_of_trio() -> None:
    async def opened() -> th.Running:
        async with app.open() as running:
            return running

    app = th.Harness("shop")
    app.add(trio.sleep, 2)
    running = trio.run(opened, clock=MockClock(autojump_threshold=0))
    assert running.receipt().seconds == 2


async def test_a_failed_start_is_raised_at_the_block(autojump_clock: MockClock) -> None:
    async def fails(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1)
        raise ValueError

    diary: list[str] = []
    app = th.Harness("shop")
    app.add(fails, after=[app.add(living, "a", diary)])
    with pytest.raises(th.StartFailed, match="'shop/fails'"):
        async with app.open():
            raise AssertionError("it was not to be entered")
    assert diary == ["a starts", "a ends"]


async def test_giving_up_is_raised_with_the_real_errors(autojump_clock: MockClock) -> None:
    async def crashes() -> None:
        await trio.sleep(1)
        raise ValueError("no")

    app = th.Harness("shop", max_restarts=2)
    app.add(crashes)
    app.add(forever)
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with app.open():
            await trio.sleep_forever()
    assert [str(error) for error in caught.value.exceptions] == ["no"] * 3


async def test_what_cannot_run_is_refused_before_anything_starts() -> None:
    app = th.Harness("shop")
    app.add(forever, needs={"x": "nobody"})
    with pytest.raises(th.UnknownNeedError):
        async with app.open():
            raise AssertionError("it was not to be entered")


async def test_signals_are_the_callers(autojump_clock: MockClock) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    app = th.Harness("shop")
    app.add(forever)
    async with app.open() as running:
        assert {number: signal.getsignal(number) for number in before} == before
        running.stop()


async def test_one_run_may_have_another_observer(autojump_clock: MockClock) -> None:
    described, given = list[th.Event](), list[th.Event]()
    app = th.Harness("shop", observer=described.append)
    app.add(trio.sleep, 1)
    async with app.open(observer=given.append):
        pass
    assert any(isinstance(event, th.ChildReady) for event in given)
    assert described == []
    async with app.open():
        pass
    assert [type(event) for event in described] == [type(event) for event in given]


async def test_what_cannot_be_told_events_is_refused() -> None:
    wrong: Any = "log"
    with pytest.raises(th.ConfigurationError, match="observer='log' is not callable"):
        async with th.Harness("shop").open(observer=wrong):
            pass
