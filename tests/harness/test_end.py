"""How a run ends: done, drained or stopped, with a receipt that adds up, or with an error."""

from __future__ import annotations

import contextlib
import itertools
import signal
import sys
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import pytest
import trio

import trioharness as th
from tests.harness._pieces import (
    figures,
    forever,
    living,
    noted,
    paths,
    run_in_virtual_time,
    send_all,
    take_all,
)

pytestmark = pytest.mark.usefixtures("virtual_time")


async def send_then_wait(end: th.SendChannel[int], numbers: int) -> None:
    """A source that has sent and does not end by itself."""
    for number in range(numbers):
        await end.send(number)
    await trio.sleep_forever()


async def take_slowly(end: th.ReceiveChannel[int], seconds: float, into: list[int]) -> None:
    async for number in end:
        await trio.sleep(seconds)
        into.append(number)


async def send_signals(*when: tuple[float, signal.Signals]) -> None:
    """A background component that sends this process signals, seconds after the start."""
    for seconds, number in when:
        await trio.sleep_until(trio.current_time() + seconds)
        signal.raise_signal(number)
    await trio.sleep_forever()


def signalled(app: th.Harness, *when: tuple[float, signal.Signals]) -> th.Harness:
    app.add(send_signals, *when, name="signals", background=True)
    return app


# --- by itself ----------------------------------------------------------------------------------


def test_the_end_of_the_source_is_the_end_of_all() -> None:
    app = th.Harness("shop")
    numbers_out, numbers_in = app.channel(int, 3, name="numbers")
    doubles_out, doubles_in = app.channel(int, 3, name="doubles")
    got: list[int] = []

    async def double(end: th.ReceiveChannel[int], out: th.SendChannel[int]) -> None:
        async for number in end:
            await out.send(2 * number)

    app.add(send_all, numbers_out, range(100))
    app.add(double, numbers_in, doubles_out, copies=3)
    app.add(take_all, doubles_in, got)
    receipt = app.run()
    assert sorted(got) == list(range(0, 200, 2))
    assert (receipt.ended, receipt.signal, receipt.overran) == ("done", None, ())
    assert figures(receipt, "numbers") == (100, 100, 0, 0)
    assert figures(receipt, "doubles") == (100, 100, 0, 0)


def test_background_components_are_stopped_last_and_in_reverse() -> None:
    diary: list[str] = []

    async def work() -> None:
        await trio.sleep(10)
        diary.append("work is done")

    app = th.Harness("shop")
    app.add(work)
    one = app.add(noted, "one", diary, name="one")
    app.add(living, "two", diary, name="two", needs={"one": one}, background=True)
    app.run()
    assert diary == [
        "one enters",
        "two starts",
        "work is done",
        "two ends",
        "one exits",
    ]


def test_a_context_manager_that_is_the_work_itself() -> None:
    diary: list[str] = []
    app = signalled(th.Harness("shop"), (100, signal.SIGTERM))
    app.add(noted, "server", diary, background=False)
    receipt = app.run()
    assert receipt.seconds == pytest.approx(100)
    assert diary == ["server enters", "server exits"]


def test_crashes_lose_nothing_and_the_receipt_agrees(events: list[th.Event]) -> None:
    crashes = iter([ValueError("one"), ValueError("two")])
    got: list[int] = []

    async def crashes_twice(end: th.ReceiveChannel[int]) -> None:
        async for number in end:
            for error in crashes:
                raise error
            got.append(number)

    app = th.Harness("shop", observer=events.append)
    send, receive = app.channel(int, 2, max_deliveries=3, name="numbers")
    app.add(send_all, send, [1, 2, 3])
    app.add(crashes_twice, receive, name="it")
    assert figures(app.run(), "numbers") == (3, 3, 0, 0)
    assert got == [1, 2, 3]
    assert paths(events, th.ChildReady).count("shop/it") == 3


def test_what_a_component_keeps_to_itself_is_left() -> None:
    kept: list[th.ReceiveChannel[int]] = []

    async def keeps(end: th.ReceiveChannel[int]) -> None:
        clone = end.clone()
        kept.append(clone)
        await clone.receive()

    app = th.Harness("shop")
    send, receive = app.channel(int, 5, max_deliveries=2, name="numbers")
    app.add(send_all, send, [1, 2, 3])
    app.add(keeps, receive)
    assert figures(app.run(), "numbers") == (3, 0, 0, 3)
    assert kept[0].statistics().in_hand == 1


def test_it_gives_up_with_the_real_errors() -> None:
    diary: list[str] = []

    async def crashes() -> None:
        raise ValueError("again")

    app = th.Harness("shop", max_restarts=3, within=10)
    app.add(noted, "one", diary)
    app.add(crashes)
    with pytest.raises(
        th.RestartLimitExceeded, match=r"'shop' gave up: more than 3 restarts in 10"
    ):
        app.run()
    assert diary == ["one enters", "one exits"]


def consumer_that_crashes(*, ready: bool) -> th.Harness:
    """An application of which two of three messages are left, however it is run."""

    async def source(end: th.SendChannel[int]) -> None:
        await send_all(end, [1, 2, 3])

    async def crashes(end: th.ReceiveChannel[int], *, task_status: th.TaskStatus[None]) -> None:
        if ready:
            task_status.started()
        await trio.sleep(1)
        await end.receive()
        raise ValueError("again")

    app = th.Harness("shop", max_restarts=0)
    send, receive = app.channel(int, 3, name="numbers")
    first = app.add(source, send)
    app.add(crashes, receive, after=[first])  # or it would start first, and the source not at all
    return app


@pytest.mark.parametrize(
    ("ready", "error", "ended"),
    [(True, th.RestartLimitExceeded, "gave up"), (False, th.StartFailed, "failed")],
)
def test_what_an_application_that_failed_has_left_is_told(
    ready: bool, error: type[Exception], ended: str
) -> None:
    receipts: list[th.Receipt] = []
    app = consumer_that_crashes(ready=ready)
    with pytest.raises(error):
        app.run(on_receipt=receipts.append)
    (receipt,) = receipts
    assert receipt.ended == ended
    assert str(receipt).startswith(f"'shop' {ended} after 1.0 s\n")
    assert figures(receipt, "numbers") == (3, 1, 0, 2)


def test_the_receipt_that_is_told_is_the_one_that_is_returned() -> None:
    receipts: list[th.Receipt] = []
    app = th.Harness("shop")
    app.add(forever, background=True)
    assert [app.run(on_receipt=receipts.append)] == receipts
    assert receipts[0].ended == "done"


def test_an_application_that_gave_up_inside_of_trio_code_says_so() -> None:
    app = consumer_that_crashes(ready=True)

    async def main() -> th.Receipt:
        runs: list[th.Running] = []
        with pytest.raises(th.RestartLimitExceeded):
            async with app.open() as running:
                runs.append(running)
        return runs[0].receipt()

    receipt = trio.run(main)
    assert receipt.ended == "gave up"
    assert figures(receipt, "numbers") == (3, 1, 0, 2)


# --- KeyboardInterrupt and SystemExit -----------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt("now"), SystemExit(7)])
def test_a_component_that_ends_the_process(error: BaseException) -> None:
    diary: list[str] = []

    async def quits() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(forever)
            await trio.sleep(1)
            raise error

    app = th.Harness("shop")
    app.add(noted, "one", diary)
    app.add(living, "two", diary)
    app.add(quits)
    with pytest.raises(type(error)) as caught:
        app.run()
    assert caught.value is error
    assert sorted(diary[2:]) == ["one exits", "two ends"]


def test_its_own_cause_is_kept() -> None:
    async def quits() -> None:
        raise SystemExit(7) from OSError("disk full")

    app = th.Harness("shop")
    app.add(quits)
    with pytest.raises(SystemExit) as caught:
        app.run()
    assert isinstance(caught.value.__cause__, OSError)


def test_any_other_base_exception_is_not_touched() -> None:
    class Strange(BaseException):
        pass

    async def strange() -> None:
        raise Strange

    app = th.Harness("shop")
    app.add(strange)
    with pytest.RaisesGroup(Strange, flatten_subgroups=True, allow_unwrapped=True):
        app.run()


# --- signals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_drains(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    got: list[int] = []
    app = signalled(th.Harness("shop", grace=1000), (5.5, number))
    send, receive = app.channel(int, 100, name="numbers")
    app.add(send_then_wait, send, 100)
    app.add(take_slowly, receive, 1, got)
    receipt = app.run()
    assert got == list(range(100))
    assert (receipt.ended, receipt.signal, receipt.overran) == ("drained", number, ())
    assert receipt.seconds == pytest.approx(100)
    assert figures(receipt, "numbers") == (100, 100, 0, 0)
    assert capsys.readouterr().err == f"{number.name}: draining; once more stops at once\n"


def test_a_drain_ends_a_source_that_has_a_say() -> None:
    async def source(end: th.SendChannel[int]) -> None:
        with th.stop_on_drain():
            await trio.sleep_forever()
        await end.send(-1)

    got: list[int] = []
    app = signalled(th.Harness("shop"), (1, signal.SIGINT))
    send, receive = app.channel(int, 100)
    app.add(source, send)
    app.add(take_all, receive, got)
    assert app.run().ended == "drained"
    assert got == [-1]


def test_a_drain_that_takes_too_long() -> None:
    got: list[int] = []
    app = signalled(th.Harness("shop", grace=10), (5.5, signal.SIGINT))
    send, receive = app.channel(int, 100, name="numbers")
    app.add(send_then_wait, send, 100)
    app.add(take_slowly, receive, 1, got)
    receipt = app.run()
    assert len(got) == 15
    assert receipt.ended == "drained"
    assert receipt.seconds == pytest.approx(15.5)
    assert receipt.overran == ("shop/take_slowly",)
    # The sixteenth was received and not dealt with; nobody counts deliveries here.
    assert figures(receipt, "numbers") == (100, 16, 0, 84)
    assert str(receipt) == (
        "'shop' drained after 15.5 s\n"
        "  channel 'numbers': 100 sent, 16 delivered, 84 left\n"
        "  'shop/take_slowly' outlived its grace"
    )


@pytest.mark.parametrize("max_deliveries", [None, 2])
def test_the_second_signal_stops(
    max_deliveries: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    got: list[int] = []
    diary: list[str] = []
    signals = (5.5, signal.SIGINT), (2, signal.SIGTERM)
    app = signalled(th.Harness("shop", grace=1000), *signals)
    send, receive = app.channel(int, 100, name="numbers", max_deliveries=max_deliveries)
    app.add(noted, "db", diary)
    app.add(send_then_wait, send, 100)
    app.add(take_slowly, receive, 1, got)
    receipt = app.run()
    assert got == list(range(7))
    assert (receipt.ended, receipt.signal) == ("stopped", signal.SIGINT)
    assert receipt.seconds == pytest.approx(7.5)
    assert diary == ["db enters", "db exits"]
    in_hand = 1 if max_deliveries else 0
    assert figures(receipt, "numbers") == (100, 8 - in_hand, 0, 92 + in_hand)
    assert capsys.readouterr().err.splitlines() == [
        "SIGINT: draining; once more stops at once",
        "SIGTERM: stopping; once more leaves everything as it is",
    ]


def test_a_stop_is_bounded_by_the_grace_of_the_harness() -> None:
    @contextlib.asynccontextmanager
    async def slow_to_exit() -> AsyncGenerator[None]:
        yield
        await trio.sleep(1000)

    app = signalled(th.Harness("shop", grace=20), (1, signal.SIGINT), (1, signal.SIGINT))
    app.add(slow_to_exit, grace=500)
    app.add(living, "it", [])
    receipt = app.run()
    assert receipt.ended == "stopped"
    assert receipt.seconds == pytest.approx(22)


def test_a_signal_before_everything_has_started(capsys: pytest.CaptureFixture[str]) -> None:
    diary: list[str] = []

    async def never_ready(*, task_status: th.TaskStatus[None]) -> None:
        diary.append("never_ready starts")
        try:
            await trio.sleep(1000)
            task_status.started()
        finally:
            diary.append("never_ready ends")

    async def never_begins(**_: object) -> None:
        diary.append("never_begins starts")

    app = signalled(th.Harness("shop"), (5, signal.SIGTERM))
    send, receive = app.channel(int, 5, name="numbers")
    app.add(send_all, send, [1, 2, 3])
    app.add(forever, name="receiver", after=[app.add(noted, "one", diary)])
    app.add(take_slowly, receive, 100, [])
    app.add(never_begins, needs={"it": app.add(never_ready)})
    receipt = app.run()
    assert (receipt.ended, receipt.signal) == ("stopped", signal.SIGTERM)
    assert sorted(diary[:2]) == ["never_ready starts", "one enters"]
    assert diary[2:] == ["never_ready ends", "one exits"]
    assert figures(receipt, "numbers") == (3, 1, 0, 2)
    assert capsys.readouterr().err == (
        "SIGTERM: stopping, before everything had started; once more stops at once\n"
    )


class WhenSpawned(trio.abc.Instrument):
    """Sends this process a signal when a task of some name is spawned."""

    def __init__(self, name: str, number: signal.Signals) -> None:
        self.name = name
        self.number = number

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        if task.name == self.name:
            signal.raise_signal(self.number)


@pytest.mark.parametrize("task", ["shop", "shop/one", "shop/two"])
def test_a_signal_while_the_tree_is_opened(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    instruments = [WhenSpawned(task, signal.SIGINT)]
    run = partial(run_in_virtual_time, instruments=instruments)
    for _ in range(20):  # the order of tasks is left to chance
        with monkeypatch.context() as patch:
            patch.setattr(trio, "run", run)
            diary: list[str] = []
            app = th.Harness("shop")
            one = app.add(noted, "one", diary, name="one")
            app.add(living, "two", diary, name="two", needs={"one": one})
            receipt = app.run()
        assert (receipt.ended, receipt.signal) in {("stopped", 2), ("drained", 2)}
        entered = [line.split()[0] for line in diary if line.split()[1] in {"enters", "starts"}]
        left = [line.split()[0] for line in diary if line.split()[1] in {"exits", "ends"}]
        assert left == entered[::-1]


def test_a_signal_at_the_very_end_is_still_seen() -> None:
    @contextlib.asynccontextmanager
    async def last() -> AsyncGenerator[None]:
        yield
        signal.raise_signal(signal.SIGTERM)

    app = th.Harness("shop")
    app.add(last)
    receipt = app.run()
    assert receipt.signal == signal.SIGTERM


def test_signals_are_nobodys_after_the_run() -> None:
    def before(number: int, frame: object) -> None: ...

    async def broken(*, task_status: th.TaskStatus[None]) -> None:
        raise OSError("no")

    app = th.Harness("shop")
    app.add(broken)
    kept = {number: signal.signal(number, before) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        th.Harness("empty").run()
        with pytest.raises(th.StartFailed):
            app.run()
        assert signal.getsignal(signal.SIGINT) is before
        assert signal.getsignal(signal.SIGTERM) is before
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


class Closed:
    """A stderr whose reader is gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


@pytest.mark.parametrize("stderr", [None, Closed()])
def test_a_signal_where_nobody_reads_what_is_said(
    stderr: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stderr)
    app = signalled(th.Harness("shop", observer=lambda _: None), (1, signal.SIGINT))
    app.add(forever)
    assert app.run().ended == "drained"


def test_a_component_that_does_not_care_is_reported_as_stuck(events: list[th.Event]) -> None:
    async def stubborn() -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(100)

    signals = (1, signal.SIGINT), (1, signal.SIGINT)
    app = signalled(th.Harness("shop", observer=events.append), *signals)
    app.add(stubborn, grace=3)
    receipt = app.run()
    assert receipt.overran == ("shop/stubborn",)
    assert receipt.seconds == pytest.approx(100)
    (stuck,) = (event for event in events if isinstance(event, th.ChildStuck))
    assert stuck.path == "shop/stubborn"
    assert stuck.time - events[0].time == pytest.approx(1 + 3 + 1)
    assert "in stubborn" in stuck.stack


def test_what_each_run_was_told_is_its_own() -> None:
    app = th.Harness("shop")
    rounds = itertools.count()

    async def first_time_only() -> None:
        await trio.sleep(1)
        if next(rounds) == 0:
            signal.raise_signal(signal.SIGINT)
            await trio.sleep_forever()

    app.add(first_time_only)
    assert (app.run().ended, app.run().ended) == ("drained", "done")
