"""The storm: what it lets pass, what it finds in channels that are wrong, and its command line."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, final

import attrs
import pytest
import trio

import trioharness as th
from trioharness.channels import _overflow
from trioharness.testing import StormReport, run_storm, storm

if TYPE_CHECKING:
    from tests.conftest import Run

OPERATIONS = 600
Ends = tuple[Any, Any]


def ours(max_deliveries: int | None = None) -> Ends:
    return th.open_channel(int, 4, max_deliveries=max_deliveries)


def trios() -> Ends:
    return trio.open_memory_channel[int](4)


@pytest.mark.parametrize("seed", range(10))
def test_trios_own_channel_passes(seed: int) -> None:
    report = run_storm(trios, seed=seed, operations=OPERATIONS)
    assert report.sent == report.received + report.left
    assert report.dropped == report.dead == 0


def test_a_seed_is_a_storm() -> None:
    reports = [run_storm(ours, seed=seed, operations=OPERATIONS) for seed in (1, 2, 1)]
    assert reports[0] == reports[2] != reports[1]
    assert isinstance(reports[0], StormReport)


def test_a_report_is_a_line() -> None:
    report = run_storm(lambda: ours(3), seed=3, operations=OPERATIONS)
    assert str(report) == (
        f"seed 3: {report.operations} operations, {report.cancelled} cancelled, "
        f"{report.crashes} crashes, {report.closed} closed; {report.sent} sent = "
        f"{report.received} received + 0 dropped + {report.dead} dead + {report.left} left"
    )


@th.message("storm.order")
class Order:
    id: int


def test_a_channel_carries_what_it_carries() -> None:
    def open_orders() -> Ends:
        return th.open_channel(Order, 3, max_deliveries=2)

    report = run_storm(
        open_orders,
        seed=1,
        operations=OPERATIONS,
        message=lambda number: Order(id=number),
        number=lambda order: order.id,
    )
    assert report.received > 50


def test_nobody_closes_the_end_from_which_a_storm_takes_what_is_left() -> None:
    """In some of these the receivers leave just as the last blow is due."""
    for seed in range(0, 600, 4):
        report = storm.Variant("wait", 64, 3).storm(seed, 60)
        assert report.sent == report.received + report.dead + report.left


# channels that are wrong


class Wrong:
    """An end around trio's, which behaves but for what a subclass spoils."""

    def __init__(self, end: Any, spoil: Spoil) -> None:
        self.end = end
        self.spoil = spoil

    def __getattr__(self, name: str) -> Any:
        return getattr(self.end, name)

    def clone(self) -> Self:
        return type(self)(self.end.clone(), self.spoil)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    async def receive(self) -> int:
        return await self.spoil.receive(self.end)

    def receive_nowait(self) -> int:
        number: int = self.end.receive_nowait()
        return number


@attrs.define
class Spoil:
    """What is wrong with a channel, at its 20th message."""

    received: int = 0
    last: int = -1

    async def receive(self, end: Any) -> int:
        number: int = await end.receive()
        self.received += 1
        if self.received == 20:
            number = await self.strike(end, number)
        self.last = number
        return number

    async def strike(self, end: Any, number: int) -> int:
        raise NotImplementedError


@final
class Loses(Spoil):
    async def strike(self, end: Any, number: int) -> int:
        later: int = await end.receive()
        return later


@final
class Doubles(Spoil):
    async def strike(self, end: Any, number: int) -> int:
        return self.last


@final
class MakesUp(Spoil):
    async def strike(self, end: Any, number: int) -> int:
        return 10**9


@final
class Hangs(Spoil):
    async def strike(self, end: Any, number: int) -> int:
        self.received -= 1  # it will be the same the next time
        await trio.sleep_forever()


@final
class LosesWhenCancelled(Spoil):
    async def receive(self, end: Any) -> int:
        number: int = await end.receive()
        await trio.sleep(0.01)
        return number


@final
class EndsEarly(Spoil):
    async def strike(self, end: Any, number: int) -> int:
        raise trio.EndOfChannel


@final
class ClosesItself(Spoil):
    async def strike(self, end: Any, number: int) -> int:
        raise trio.ClosedResourceError


def with_fault(fault: type[Spoil]) -> Callable[[], Ends]:
    def open_wrong() -> Ends:
        send, receive = trio.open_memory_channel[int](math.inf)
        return send, Wrong(receive, fault())

    return open_wrong


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (Loses, r"seed \d+: 1 messages are lost: "),
        (Doubles, r"seed \d+: 1 messages came twice, \[\d+\]"),
        (MakesUp, r"seed \d+: 1 messages came unsent, \[1000000000\]"),
        (Hangs, r"seed \d+: it hangs: "),
        (LosesWhenCancelled, r"seed \d+: \d+ messages are lost: "),
        (EndsEarly, r"seed \d+: for no reason, a call raised EndOfChannel"),
        (ClosesItself, r"seed \d+: for no reason, a call raised ClosedResourceError"),
    ],
)
def test_a_channel_that_is_wrong_is_found_out(fault: type[Spoil], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        for seed in range(20):
            run_storm(with_fault(fault), seed=seed, operations=OPERATIONS)


class Sends(Wrong):
    """A send end of which each 20th send goes wrong."""

    def __init__(self, end: Any, wrong: type[Exception] | None, calls: list[int]) -> None:
        self.end, self.wrong, self.calls = end, wrong, calls

    def clone(self) -> Self:
        return type(self)(self.end.clone(), self.wrong, self.calls)

    async def send(self, number: int) -> None:
        self.calls.append(number)
        await self.end.send(number)
        if len(self.calls) % 20 == 0 and self.wrong is not None:
            raise self.wrong
        if self.wrong is None:
            await trio.sleep(0.01)  # cancelled here, it has sent all the same


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (None, r"seed \d+: \d+ messages came unsent|\d+ messages came twice"),
        (trio.BrokenResourceError, r"seed \d+: for no reason, a call raised BrokenResourceError"),
        (trio.ClosedResourceError, r"seed \d+: for no reason, a call raised ClosedResourceError"),
    ],
)
def test_a_send_that_is_wrong_is_found_out(wrong: type[Exception] | None, complaint: str) -> None:
    def open_wrong() -> Ends:
        send, receive = trio.open_memory_channel[int](4)
        return Sends(send, wrong, []), receive

    with pytest.raises(AssertionError, match=complaint):
        for seed in range(20):
            run_storm(open_wrong, seed=seed, operations=OPERATIONS)


@pytest.mark.parametrize("method", ["put_all", "take_more"])
def test_a_batch_that_loses_a_message_is_found_out(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that go in without progress too, which take a way of their own."""
    end: Any = ours()[0]
    state: Any = end._state.__class__
    right = getattr(state, method)

    def put_all(self: Any, items: list[int]) -> Any:
        return right(self, items[:-1] if len(items) > 3 else items)

    def take_more(self: Any, hand: Any, items: list[int], limit: int) -> Any:
        more = right(self, hand, items, limit)
        del items[3:]
        return more

    monkeypatch.setattr(state, method, {"put_all": put_all, "take_more": take_more}[method])
    with pytest.raises(AssertionError, match="messages are lost"):
        for seed in range(20):
            run_storm(ours, seed=seed, operations=OPERATIONS)


def test_a_channel_that_reorders_is_found_out() -> None:
    class Stack(list[Any]):
        """A queue from the wrong side."""

        def popleft(self) -> Any:
            return self.pop()

        def extendleft(self, items: Any) -> None:
            self.extend(items)

    def open_stack() -> Ends:
        send, receive = th.open_channel(int, 20)
        state: Any = receive._state
        state.queue = Stack()
        return send, receive

    with pytest.raises(AssertionError, match="the later one was received first"):
        for seed in range(20):
            run_storm(open_stack, seed=seed, operations=OPERATIONS)


@pytest.mark.parametrize("field", ["sent", "received", "dead"])
def test_a_channel_that_counts_wrong_is_found_out(field: str) -> None:
    class Miscounts(Wrong):
        def statistics(self) -> Any:
            numbers = self.end.statistics()
            return attrs.evolve(numbers, **{field: getattr(numbers, field) + 1})

    def open_wrong() -> Ends:
        send, receive = th.open_channel(int, 4)
        return send, Miscounts(receive, Spoil(received=100))

    with pytest.raises(AssertionError, match=r"messages are lost|statistics\(\)\." + field):
        run_storm(open_wrong, seed=1, operations=OPERATIONS)


# the command


def test_the_command_prints_what_became_of_every_kind_of_channel(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kinds = len(storm.VARIANTS)
    assert storm.main([f"--operations={kinds * 50}", f"--storms={kinds}", "--seed=7"]) == 0
    heading, *rows, total, end = capsys.readouterr().out.splitlines()
    assert heading.split() == list(storm.HEADINGS)
    assert [row.split()[:2] for row in rows[:3]] == [["wait", "0"], ["wait", "1"], ["wait", "64"]]
    assert len(rows) == kinds
    every, storms, operations, _, sent, received, dropped, dead, left = total.split()
    assert (every, int(storms)) == ("all", kinds)
    assert int(operations) >= kinds * 50
    assert int(sent) == sum(map(int, (received, dropped, dead, left)))
    assert end.startswith("in ")


def test_a_storm_that_fails_is_told_with_its_seed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(*_: object, **__: object) -> None: ...

    monkeypatch.setattr("trioharness.channels._drops.DropTeller.tell", forget)
    arguments = ["--operations=2000", f"--storms={len(storm.VARIANTS)}"]
    assert storm.main(arguments) == 1
    printed = capsys.readouterr().out
    assert "overflow='latest'" in printed
    assert "; again with --storms=1 --operations=72 --seed=" in printed
    assert "the observer was told of []" in printed


def test_a_seed_says_of_which_kind_its_storm_is(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = len(storm.VARIANTS)
    storm.main(["--storms=1", "--operations=50", f"--seed={kinds + 5}"])
    _, row, *_ = capsys.readouterr().out.splitlines()
    assert row.split()[:2] == [storm.VARIANTS[5].overflow, str(storm.VARIANTS[5].size)]


def test_whatever_a_channel_raises_the_other_storms_are_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("of a counted channel")

    monkeypatch.setattr("trioharness.channels._counted.CountedState.advance", fail)
    kinds = len(storm.VARIANTS)
    assert storm.main([f"--storms={kinds}", f"--operations={kinds * 50}"]) == 1
    printed = capsys.readouterr().out
    assert "ZeroDivisionError: of a counted channel" in printed
    assert printed.count("again with") == kinds // 2


def test_drops_where_there_are_none_to_be_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = {**_overflow.POLICIES, "wait": _overflow.POLICIES["drop_newest"]}
    monkeypatch.setattr("trioharness.channels._channel.POLICIES", policies)
    with pytest.raises(AssertionError, match="such a channel drops nothing"):
        for seed in range(5):
            storm.Variant("wait", 1, None).storm(seed, OPERATIONS)


@pytest.mark.parametrize("option", ["--storms=0", "--operations=-1", "--storms=many"])
def test_numbers_that_mean_nothing_are_refused(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        storm.main([option])
    assert option.split("=")[1] in capsys.readouterr().err


def test_it_runs_as_a_module(run: Run, root: Any) -> None:
    done = run(sys.executable, "-m", "trioharness.testing.storm", "--operations=100", "--storms=2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("overflow ")
    assert done.stderr == ""
