"""`check_channel` on channels that exist, in both kinds of time, and what it says."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import pytest
import trio

from tests.testing.anyio_channels import open_anyio_channel
from tests.testing.mutants import Duplex, Kind, Receiver, Sender
from tests.testing.virtual import virtual
from trioharness import ConfigurationError, open_channel
from trioharness.testing import (
    CHANNEL_CHECKS,
    ChannelCheck,
    ChannelReport,
    check_channel,
    leak_check,
    run,
)

Open = Callable[[float], tuple[Any, Any]]


def open_trio(capacity: float) -> tuple[Any, Any]:
    return trio.open_memory_channel[int](capacity)


def open_ours(capacity: float) -> tuple[Any, Any]:
    return open_channel(int, capacity)


def open_counted(capacity: float) -> tuple[Any, Any]:
    return open_channel(int, capacity, max_deliveries=3)


OPENERS: dict[str, Open] = {"trio": open_trio, "ours": open_ours, "counted": open_counted}

NEVER = ["two_ways", "full_one_way", "close_both_ways", "busy_receive", "busy_send"]
"""What applies to no channel here: they lead one way, and tasks share their ends."""

NEED_A_BOUND = [
    "back_pressure",
    "senders_in_turn",
    "cancelled_send",
    "cancelled_as_it_sends",
    "close_fails_own_send",
    "close_breaks_send",
    "send_clone_closes_alone",
    "send_nowait_when_full",
    "send_nowait_in_turn",
]

NOT_APPLICABLE = {
    0: ["no_back_pressure", "send_into_room_is_a_checkpoint", "close_keeps_what_was_sent"],
    1: ["no_back_pressure"],
    3: ["no_back_pressure"],
    math.inf: NEED_A_BOUND,
}


async def full_check(
    make: Callable[[], tuple[Any, Any]], capacity: float, *, but: Sequence[str] = ()
) -> ChannelReport:
    """The suite on a channel that has all that a memory channel has."""
    return await check_channel(
        make, capacity=capacity, clones=True, nowait=True, close=True, but=but
    )


@pytest.mark.parametrize("capacity", NOT_APPLICABLE)
@pytest.mark.parametrize("opener", OPENERS.values(), ids=OPENERS)
def test_memory_channels_pass(opener: Open, capacity: float) -> None:
    report = run(full_check, partial(opener, capacity), capacity)
    assert set(report.not_applicable) == {*NEVER, *NOT_APPLICABLE[capacity]}
    assert set(report.checked) == CHANNEL_CHECKS.keys() - report.not_applicable.keys()
    assert report.left_out == ()


@pytest.mark.parametrize("opener", OPENERS.values(), ids=OPENERS)
def test_memory_channels_pass_in_real_time(opener: Open) -> None:
    report = trio.run(full_check, partial(opener, 1), 1)
    assert len(report.checked) == len(CHANNEL_CHECKS) - len(NEVER) - 1


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "error"])
@virtual
async def test_channels_that_do_not_wait_when_full_pass_while_there_is_room(
    overflow: Literal["drop_oldest", "drop_newest", "error"],
) -> None:
    report = await full_check(partial(open_channel, int, 1_000, overflow=overflow), math.inf)
    assert set(report.not_applicable) == {*NEVER, *NEED_A_BOUND}


SENT_THOUGH_CANCELLED = ["cancelled_as_it_sends", "cancel_storm", "cancel_storm_at_many"]
"""A send of anyio's that is cancelled leaves the queue only when its task runs next. A receiver
that comes in between still takes the message, and the send is cancelled all the same."""


@pytest.mark.parametrize("capacity", NOT_APPLICABLE)
def test_anyios_streams_pass_but_for_one_race(capacity: float) -> None:
    make = partial(open_anyio_channel, capacity)
    report = run(partial(full_check, make, capacity, but=SENT_THOUGH_CANCELLED))
    assert set(report.not_applicable) == {*NEVER, *NOT_APPLICABLE[capacity]} - set(report.left_out)
    assert set(report.left_out) == set(SENT_THOUGH_CANCELLED)


@pytest.mark.parametrize("name", CHANNEL_CHECKS)
@virtual
async def test_each_check_can_be_a_test_of_its_own(name: str) -> None:
    report = await check_channel(partial(open_ours, 2), capacity=2, clones=True, only=[name])
    assert set(report.left_out) == CHANNEL_CHECKS.keys() - {name}
    assert {*report.checked, *report.not_applicable} == {name}


@virtual
async def test_nothing_is_said_to_be_checked_that_was_not_declared() -> None:
    report = await check_channel(partial(open_ours, 1), capacity=None)
    assert "order" in report.checked
    assert report.not_applicable["back_pressure"] == "it needs capacity= a whole number"
    assert report.not_applicable["closed_clone"] == "it needs clones=True"
    why = "it needs nowait=True and capacity= a whole number"
    assert report.not_applicable["send_nowait_when_full"] == why
    assert report.not_applicable["busy_receive"] == "it needs shared=False"
    assert report.not_applicable["sync_with"] == "it needs close=True"
    assert report.not_applicable["two_ways"] == "it needs two_way=True"
    assert len(report.checked) + len(report.not_applicable) == len(CHANNEL_CHECKS)


@virtual
async def test_a_report_reads_as_text() -> None:
    report = await check_channel(
        partial(open_ours, 1), capacity=1, only=["order", "two_ways", "closed_send"], but=["order"]
    )
    assert isinstance(report, ChannelReport)
    assert str(report).splitlines()[:3] == [
        "closed_send: passed",
        "two_ways: not applicable, it needs two_way=True",
        "interface: left out",
    ]
    assert len(str(report).splitlines()) == len(CHANNEL_CHECKS)


@pytest.mark.parametrize("name", CHANNEL_CHECKS)
def test_each_check_says_what_it_promises(name: str) -> None:
    check = CHANNEL_CHECKS[name]
    assert isinstance(check, ChannelCheck)
    assert check.name == name
    assert 20 < len(check.promise) < 100
    assert not check.promise.endswith(".")


@virtual
async def test_a_channel_that_passes_takes_no_time_and_leaves_nothing() -> None:
    with leak_check():
        await full_check(partial(open_ours, 1), 1)
    assert trio.current_time() == 0


class Deaf(Receiver):
    """It does not hear of the end."""

    async def receive(self) -> Any:
        try:
            return await self.inner.receive()
        except trio.EndOfChannel:
            await trio.sleep_forever()  # noqa: ASYNC120 - the fault


@virtual
async def test_all_failures_are_told_each_in_a_sentence() -> None:
    checks = ["order", "back_pressure", "end_stays", "closed_send", "busy_receive"]
    with leak_check(), pytest.raises(AssertionError) as caught:
        await check_channel(Kind(receive=Deaf).make, capacity=2, shared=False, only=checks)
    expected = {
        "back_pressure": "send(1) to return with 1 of 2 messages queued",
        "end_stays": "receive() to raise EndOfChannel after the send end was closed",
        "busy_receive": "receive() to raise BusyResourceError while another one waits",
    }
    assert str(caught.value).splitlines() == [
        "the channel has failed 3 of 5 checks:",
        *(f"  {name}: expected {what}, but it still waits" for name, what in expected.items()),
    ]


@virtual
async def test_a_call_that_hangs_is_given_up_after_the_time_that_is_said() -> None:
    with pytest.raises(AssertionError, match="but it still waits"):
        await check_channel(Kind(receive=Deaf).make, capacity=1, only=["end_stays"], within=7)
    assert trio.current_time() == 7


class Broken(Sender):
    async def send(self, value: Any) -> None:
        await trio.lowlevel.checkpoint()
        raise KeyError("the channel's own mistake")


@virtual
async def test_what_the_channel_raised_is_the_cause() -> None:
    make = Kind(send=Broken).make
    for check in ("order", "back_pressure"):  # one waits for what the other one waits with
        with pytest.raises(AssertionError) as caught:
            await check_channel(make, capacity=1, only=[check])
        assert 'raised KeyError("the channel\'s own mistake")' in str(caught.value)
        assert "in send\n" in "".join(traceback.format_exception(caught.value))


@virtual
async def test_what_is_declared_must_be_there() -> None:
    make = Kind(duplex=Duplex).make
    with pytest.raises(AssertionError) as caught:
        await check_channel(make, capacity=1, clones=True, only=["last_send_end"])
    assert "expected clone() to return an end more, but it raised" in str(caught.value)
    assert "'Duplex' object has no attribute 'clone'" in str(caught.value)
    with pytest.raises(AssertionError, match=r"to be a trio\.abc\.Channel, but it is none"):
        await check_channel(partial(open_ours, 1), capacity=1, two_way=True, only=["interface"])


@virtual
async def test_both_directions_are_checked() -> None:
    def make() -> tuple[Any, Any]:
        first, second = Kind(duplex=Duplex).make()
        first.into.close()
        return first, second

    with pytest.raises(AssertionError) as caught:
        await check_channel(make, capacity=1, two_way=True, only=["receive_waits"])
    (line,) = str(caught.value).splitlines()[1:]
    assert line.startswith(
        "  receive_waits: expected receive() to wait while nothing was sent, but"
    )
    assert line.endswith(", from the second end to the first")


@virtual
async def test_ends_may_be_made_asynchronously() -> None:
    async def make() -> tuple[Any, Any]:
        await trio.sleep(1)
        return open_ours(1)

    report = await check_channel(make, capacity=1, only=["order", "closed_send"])
    assert report.checked == ("order", "closed_send")
    assert trio.current_time() == 2


@virtual
async def test_what_making_a_pair_raises_comes_as_it_is() -> None:
    def make() -> tuple[Any, Any]:
        raise OSError("no network")

    with pytest.raises(OSError, match=r"^no network$"):
        await check_channel(make, capacity=1)


@virtual
async def test_messages_may_be_of_any_type() -> None:
    make = partial(open_channel, str, 1)
    with pytest.raises(AssertionError, match=r"and send.* raised MessageTypeError"):
        await check_channel(make, capacity=1, only=["order"])
    report = await check_channel(make, capacity=1, message=lambda number: f"message {number}")
    assert "cancel_storm" in report.checked


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"only": ["ordr"]}, "only: there is no check 'ordr'; did you mean 'order'?"),
        ({"only": "ordr"}, "only: there is no check 'ordr'; did you mean 'order'?"),
        ({"but": ["xyzzy"]}, "but: there is no check 'xyzzy'; CHANNEL_CHECKS has all names"),
    ],
)
@virtual
async def test_options_that_mean_nothing_are_refused(
    options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await partial(check_channel, partial(open_ours, 1), capacity=1)(**options)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("capacity", [-1, 1.0, 0.5, True, "1", math.nan, -math.inf])
@virtual
async def test_a_capacity_is_a_whole_number(capacity: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await check_channel(partial(open_ours, 1), capacity=capacity)
    assert str(caught.value) == (
        f"capacity: {capacity!r} is no number of messages; "
        f"give a whole number, 0 or more, or math.inf, or None if nobody can say"
    )


@virtual
async def test_it_can_be_cancelled() -> None:
    with trio.move_on_after(3) as scope:
        await check_channel(Kind(receive=Deaf).make, capacity=1, only=["end_stays"], within=9)
    assert scope.cancelled_caught
    assert trio.current_time() == 3


class ThroughThread(Sender):
    async def send(self, value: Any) -> None:
        await trio.to_thread.run_sync(int)
        await super().send(value)


def test_a_message_may_travel_where_trio_cannot_see_it() -> None:
    # In real time: a cushion is for what happens outside, and no clock of trio's waits for that.
    make = Kind(send=ThroughThread).make
    check = partial(check_channel, make, capacity=1, nowait=True, only=["receive_nowait"])
    assert trio.run(partial(check, cushion=0.02)).checked == ("receive_nowait",)
