"""Each check of `check_channel` catches a channel that has the very fault it looks for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import attrs
import pytest
import trio
from trio.lowlevel import checkpoint, checkpoint_if_cancelled

from tests.testing.mutants import BusyReceiver, BusySender, Duplex, Kind, Link, Receiver, Sender
from trioharness.testing import CHANNEL_CHECKS

T = TypeVar("T")


@attrs.frozen
class Mutant:
    check: str
    """The check that it is for."""
    name: str
    kind: Kind


MUTANTS: list[Mutant] = []


def fails(check: str, **kind: Any) -> Callable[[type[T]], type[T]]:
    """Say which check an end of that class must fail, in a channel that is right otherwise."""

    def note(cls: type[T]) -> type[T]:
        bases = {"send": Sender, "receive": Receiver, "duplex": Duplex}
        role = next((role for role, base in bases.items() if issubclass(cls, base)), "receive")
        end: dict[str, Any] = {role: cls}
        MUTANTS.append(Mutant(check, cls.__name__, Kind(**end, **kind)))
        return cls

    return note


def fails_with(check: str, name: str, **kind: Any) -> None:
    """Say which check a channel must fail of which other things are declared than are true."""
    MUTANTS.append(Mutant(check, name, Kind(**kind)))


# Delivery.


@fails("interface")
class Duck:
    """It can all that a receive end can, but is none."""

    def __init__(self, inner: trio.MemoryReceiveChannel[Any], link: Link) -> None:
        self.receive, self.aclose, self.clone = inner.receive, inner.aclose, inner.clone


@fails("order")
class SwapsTwo(Receiver):
    async def receive(self) -> Any:
        if self.link.kept:
            await checkpoint()
            return self.link.kept.popleft()
        first = await self.inner.receive()
        try:
            second = self.inner.receive_nowait()
        except (trio.WouldBlock, trio.EndOfChannel):
            return first
        self.link.kept.append(first)
        return second


@fails("order")
class DoublesOne(Receiver):
    async def receive(self) -> Any:
        if self.link.kept:
            await checkpoint()
            return self.link.kept.popleft()
        self.link.count += 1
        message = await self.inner.receive()
        if self.link.count == 5:
            self.link.kept.append(message)
        return message


@fails("order")
class LosesOne(Sender):
    async def send(self, value: Any) -> None:
        if value == 7:
            await checkpoint()
        else:
            await self.inner.send(value)


@fails("receive_waits")
class GivesNone(Receiver):
    async def receive(self) -> Any:
        await checkpoint()
        try:
            return self.inner.receive_nowait()
        except trio.WouldBlock:
            return None


fails_with("back_pressure", "TakesOneMore", capacity=1, actual=2)
fails_with("back_pressure", "TakesOneLess", capacity=2, actual=1)
fails_with("no_back_pressure", "IsFullOnce", capacity=math.inf, actual=500)


@fails("back_pressure")
class TakesOneInAdvance(Receiver):
    async def receive(self) -> Any:
        if self.link.kept:
            await checkpoint()
            return self.link.kept.popleft()
        message = await self.inner.receive()
        try:
            self.link.kept.append(self.inner.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel):
            await checkpoint()
        return message


class LastSenderFirst(Sender):
    async def send(self, value: Any) -> None:
        await checkpoint()
        try:
            self.inner.send_nowait(value)
        except trio.WouldBlock:
            event = trio.Event()
            self.link.waiting.append((event, [value]))
            await event.wait()


@fails("senders_in_turn", send=LastSenderFirst)
class LetsInLastSender(Receiver):
    async def receive(self) -> Any:
        message = await self.inner.receive()
        if self.link.waiting:
            event, (value,) = self.link.waiting.pop()
            self.link.inner_send.send_nowait(value)
            event.set()
        return message


class LastReceiverFirst(Receiver):
    async def receive(self) -> Any:
        await checkpoint()
        try:
            return self.inner.receive_nowait()
        except trio.WouldBlock:
            event, given = trio.Event(), list[Any]()
            self.link.waiting.append((event, given))
            await event.wait()
            return given[0]


@fails("receivers_in_turn", receive=LastReceiverFirst)
class ServesLastReceiver(Sender):
    async def send(self, value: Any) -> None:
        await checkpoint()
        if self.link.waiting:
            event, given = self.link.waiting.pop()
            given.append(value)
            event.set()
        else:
            await self.inner.send(value)


@fails("async_for")
class LetsEndOfChannelThrough(Receiver):
    async def __anext__(self) -> Any:
        return await self.receive()


@fails("async_for")
class ForgetsLastInAsyncFor(Receiver):
    async def __anext__(self) -> Any:
        if not self.link.kept:
            self.link.kept.append(await super().__anext__())
        self.link.kept.append(await super().__anext__())
        return self.link.kept.popleft()


@fails("end_stays")
class EndsOnce(Receiver):
    async def receive(self) -> Any:
        try:
            return await self.inner.receive()
        except trio.EndOfChannel:
            self.link.count += 1
            if self.link.count > 1:
                await trio.sleep_forever()  # noqa: ASYNC120 - the fault
            raise


@fails("end_stays")
class AsyncForGoesOnAfterTheEnd(Receiver):
    async def __anext__(self) -> Any:
        try:
            return await self.receive()
        except trio.EndOfChannel:
            return None


# Checkpoints and cancellation.


@fails("send_is_a_checkpoint")
class HandsOverWithoutCheckpoint(Sender):
    async def send(self, value: Any) -> None:
        if self.inner.statistics().tasks_waiting_receive:
            await checkpoint_if_cancelled()
            self.inner.send_nowait(value)
        else:
            await self.inner.send(value)


@fails("send_into_room_is_a_checkpoint")
class QueuesWithoutCheckpoint(Sender):
    async def send(self, value: Any) -> None:
        await checkpoint_if_cancelled()
        try:
            self.inner.send_nowait(value)
        except trio.WouldBlock:
            await self.inner.send(value)


@fails("receive_is_a_checkpoint")
class TakesWithoutCheckpoint(Receiver):
    async def receive(self) -> Any:
        await checkpoint_if_cancelled()
        try:
            return self.inner.receive_nowait()
        except trio.WouldBlock:
            return await self.inner.receive()


@fails("receive_is_a_checkpoint")
class StepsWithoutCheckpoint(Receiver):
    async def __anext__(self) -> Any:
        await checkpoint_if_cancelled()
        try:
            return self.inner.receive_nowait()
        except (trio.WouldBlock, trio.EndOfChannel):
            return await super().__anext__()


@fails("aclose_is_a_checkpoint")
class ClosesWithoutCheckpoint(Sender):
    async def aclose(self) -> None:
        self.close()


@fails("aclose_is_a_checkpoint")
class ClosesAgainWithoutCheckpoint(Receiver):
    async def aclose(self) -> None:
        if not self.closed:
            await super().aclose()


@fails("errors_come_after_cancellation")
class SaysClosedFirst(Sender):
    async def send(self, value: Any) -> None:
        if self.closed:
            raise trio.ClosedResourceError
        await self.inner.send(value)


@fails("errors_come_after_cancellation")
class SaysBrokenFirst(Sender):
    async def send(self, value: Any) -> None:
        if self.inner.statistics().open_receive_channels == 0 and not self.closed:
            raise trio.BrokenResourceError
        await self.inner.send(value)


@fails("errors_come_after_cancellation")
class ReceiverSaysClosedFirst(Receiver):
    async def receive(self) -> Any:
        if self.closed:
            raise trio.ClosedResourceError
        return await self.inner.receive()


@fails("end_comes_after_cancellation")
class SaysEndFirst(Receiver):
    async def receive(self) -> Any:
        statistics = self.inner.statistics()
        if not self.closed and statistics.open_send_channels + statistics.current_buffer_used == 0:
            raise trio.EndOfChannel
        return await self.inner.receive()


@fails("cancelled_before_send")
class SendsThenLooks(Sender):
    async def send(self, value: Any) -> None:
        try:
            self.inner.send_nowait(value)
        except trio.WouldBlock:
            await self.inner.send(value)
        else:
            await checkpoint()


@fails("cancelled_before_receive")
class TakesThenLooks(Receiver):
    async def receive(self) -> Any:
        try:
            message = self.inner.receive_nowait()
        except trio.WouldBlock:
            return await self.inner.receive()
        await checkpoint()
        return message


class TakesWhatWasKept(Receiver):
    async def receive(self) -> Any:
        if self.link.kept:
            await checkpoint()
            return self.link.kept.popleft()
        return await self.inner.receive()


@fails("cancelled_send", receive=TakesWhatWasKept)
class SendsAlthoughCancelled(Sender):
    async def send(self, value: Any) -> None:
        sent = False
        try:
            await self.inner.send(value)
            sent = True
        finally:
            if not sent and not self.closed:
                self.link.kept.append(value)


class LosesWhatIsCounted(Sender):
    async def send(self, value: Any) -> None:
        if self.link.count:
            await checkpoint()
            self.link.count -= 1
        else:
            await self.inner.send(value)


@fails("cancelled_receive", send=LosesWhatIsCounted)
class TakesAlthoughCancelled(Receiver):
    async def receive(self) -> Any:
        got = False
        try:
            message = await self.inner.receive()
            got = True
        finally:
            self.link.count += not got and not self.closed
        return message


@fails("cancelled_as_it_receives")
@fails("cancel_storm")
class LooksAgainAfterReceive(Receiver):
    async def receive(self) -> Any:
        message = await self.inner.receive()
        await checkpoint()
        return message


@fails("cancelled_as_it_sends")
@fails("cancel_storm")
class LooksAgainAfterSend(Sender):
    async def send(self, value: Any) -> None:
        await self.inner.send(value)
        await checkpoint()


@attrs.define(eq=False, slots=False)
class CountsCancels(Receiver):
    async def receive(self) -> Any:
        got = False
        try:
            message = await self.inner.receive()
            got = True
        finally:
            self.link.count += not got
        return message


@fails("cancel_storm")
class DoublesAfterSomeCancels(CountsCancels):
    async def receive(self) -> Any:
        if self.link.count > 3:
            await checkpoint()
            self.link.count = 0
            return 0
        return await super().receive()


@fails("cancel_storm")
class SwapsAfterSomeCancels(SwapsTwo, CountsCancels):
    async def receive(self) -> Any:
        tired = self.link.count > 3 or self.link.kept
        return await (SwapsTwo.receive(self) if tired else CountsCancels.receive(self))


@fails("cancel_storm_at_many", send=LosesWhatIsCounted)
class TakesWhatOthersWaitFor(Receiver):
    async def receive(self) -> Any:
        got = False
        try:
            message = await self.inner.receive()
            got = True
        finally:
            others = self.inner.statistics().tasks_waiting_receive > 0
            self.link.count += not got and not self.closed and others
        return message


# Closing.


@fails("close_ends_receive")
class WaitsOnAtTheEnd(Receiver):
    async def receive(self) -> Any:
        was_open = self.inner.statistics().open_send_channels > 0
        try:
            return await self.inner.receive()
        except trio.EndOfChannel:
            if was_open:
                await trio.sleep_forever()  # noqa: ASYNC120 - the fault
            raise


@fails("close_ends_receive")
class EndsOneOfThem(Receiver):
    async def receive(self) -> Any:
        was_open = self.inner.statistics().open_send_channels > 0
        try:
            return await self.inner.receive()
        except trio.EndOfChannel:
            self.link.count += was_open
            if self.link.count > 1:
                await trio.sleep_forever()  # noqa: ASYNC120 - the fault
            raise


@fails("close_keeps_what_was_sent")
class DropsAtTheEnd(Sender):
    def close(self) -> None:
        while not self.closed and self.inner.statistics().current_buffer_used:
            self.link.inner_receive.receive_nowait()
        super().close()


@fails("closed_send")
class SwallowsAfterClose(Sender):
    async def send(self, value: Any) -> None:
        if self.closed:
            await checkpoint()
        else:
            await self.inner.send(value)


@fails("closed_receive")
class EndsAfterClose(Receiver):
    async def receive(self) -> Any:
        if self.closed:
            await checkpoint()
            raise trio.EndOfChannel
        return await self.inner.receive()


@fails("closed_receive")
class StepsEndAfterClose(Receiver):
    async def __anext__(self) -> Any:
        if self.closed:
            await checkpoint()
            raise StopAsyncIteration
        return await super().__anext__()


@fails("close_fails_own_send")
class SaysSentWhenClosed(Sender):
    async def send(self, value: Any) -> None:
        was_open = not self.closed
        try:
            await self.inner.send(value)
        except trio.ClosedResourceError:
            if not was_open:
                raise


@fails("close_fails_own_send", receive=TakesWhatWasKept)
class SendsWhenClosed(Sender):
    async def send(self, value: Any) -> None:
        was_open = not self.closed
        try:
            await self.inner.send(value)
        except trio.ClosedResourceError:
            if was_open:
                self.link.kept.append(value)
            raise


@fails("close_fails_own_receive")
class EndsWhenClosed(Receiver):
    async def receive(self) -> Any:
        was_open = not self.closed
        try:
            return await self.inner.receive()
        except trio.ClosedResourceError:
            if was_open:
                raise trio.EndOfChannel from None
            raise


@fails("broken_send")
class SwallowsWhenBroken(Sender):
    async def send(self, value: Any) -> None:
        was_broken = self.inner.statistics().open_receive_channels == 0
        try:
            await self.inner.send(value)
        except trio.BrokenResourceError:
            if not was_broken:
                raise


@fails("close_breaks_send")
class WaitsOnWhenBroken(Sender):
    async def send(self, value: Any) -> None:
        was_broken = self.inner.statistics().open_receive_channels == 0
        try:
            await self.inner.send(value)
        except trio.BrokenResourceError:
            if not was_broken:
                await trio.sleep_forever()  # noqa: ASYNC120 - the fault
            raise


@fails("closed_before_broken")
class SaysBrokenThoughClosed(Sender):
    async def send(self, value: Any) -> None:
        if self.inner.statistics().open_receive_channels == 0:
            await checkpoint()
            raise trio.BrokenResourceError
        await self.inner.send(value)


@fails("aclose_again")
class ClosesOnce(Receiver):
    async def aclose(self) -> None:
        if self.closed:
            await checkpoint()
            raise trio.ClosedResourceError
        await super().aclose()


@fails("cancelled_aclose_of_send")
class LooksBeforeItCloses(Sender):
    async def aclose(self) -> None:
        await checkpoint()
        self.close()


@fails("cancelled_aclose_of_receive")
class ReceiverLooksBeforeItCloses(Receiver):
    async def aclose(self) -> None:
        await checkpoint()
        self.close()


@fails("async_with")
class StaysOpen(Receiver):
    async def __aexit__(self, *_: object) -> None:
        await checkpoint()


@fails("async_with")
class EntersAnother(Sender):
    async def __aenter__(self) -> Any:
        return self.inner


@fails("async_with_error")
class StaysOpenAfterAnError(Sender):
    async def __aexit__(self, *exc_info: object) -> None:
        if exc_info[0] is None:
            await self.aclose()
        await checkpoint()


@fails("async_with_error")
class SwallowsAnError(Receiver):
    async def __aexit__(self, *_: object) -> Any:
        await self.aclose()
        return True


@fails("sync_close")
class OnlySaysItIsClosed(Receiver):
    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.inner.close()
        await super().aclose()


@fails("sync_close")
class ClosesOnceAtOnce(Sender):
    def close(self) -> None:
        if self.closed:
            raise trio.ClosedResourceError
        super().close()

    async def aclose(self) -> None:
        self.closed = False
        await super().aclose()


@fails("sync_with")
class StaysOpenAfterWith(Sender):
    def __exit__(self, *_: object) -> None:
        self.closed = False


@fails("sync_with")
class EntersAnotherAtOnce(Sender):
    def __enter__(self) -> Any:
        return self.inner


# Clones.


@fails("clones_share")
class CloneLeadsElsewhere(Sender):
    def clone(self) -> Any:
        self.inner.clone().close()
        return trio.open_memory_channel[Any](1)[0]


@fails("clones_share")
class CloneOvertakes(Receiver):
    def clone(self) -> Any:
        return LastReceiverFirst(self.inner.clone(), self.link)


@fails("last_send_end")
class ClosesAllSendEnds(Sender):
    def close(self) -> None:
        for sender in self.link.senders:
            sender.closed = True
            sender.inner.close()


@fails("last_send_end")
class CountsEveryClose(Sender):
    def close(self) -> None:
        if self.closed:
            for sender in self.link.senders:
                sender.inner.close()
        super().close()


@fails("last_receive_end")
class ClosesAllReceiveEnds(Receiver):
    def close(self) -> None:
        for receiver in self.link.receivers:
            receiver.closed = True
            receiver.inner.close()


@fails("last_receive_end")
class ReceiverCountsEveryClose(Receiver):
    def close(self) -> None:
        if self.closed:
            for receiver in self.link.receivers:
                receiver.inner.close()
        super().close()


@fails("queue_outlives_an_end")
class DropsWhenAnEndCloses(Receiver):
    def close(self) -> None:
        while not self.closed and self.inner.statistics().current_buffer_used:
            self.inner.receive_nowait()
        super().close()


@fails("receive_clone_closes_alone")
class ClosingFailsAllReceives(Receiver):
    async def receive(self) -> Any:
        with trio.CancelScope() as scope:
            self.link.scopes.append(scope)
            return await self.inner.receive()
        raise trio.ClosedResourceError

    def close(self) -> None:
        super().close()
        for scope in self.link.scopes:
            scope.cancel()


@fails("send_clone_closes_alone")
class ClosingFailsAllSends(Sender):
    async def send(self, value: Any) -> None:
        with trio.CancelScope() as scope:
            self.link.scopes.append(scope)
            await self.inner.send(value)
            return
        raise trio.ClosedResourceError

    def close(self) -> None:
        super().close()
        for scope in self.link.scopes:
            scope.cancel()


@fails("closed_clone")
class ClonesWhatIsClosed(Receiver):
    def clone(self) -> Any:
        return self if self.closed else super().clone()


# Calls that never wait.


@fails("send_nowait")
class NeverSendsNow(Sender):
    def send_nowait(self, value: Any) -> None:
        raise trio.WouldBlock


@fails("send_nowait")
class BlocksNowWhenBroken(Sender):
    def send_nowait(self, value: Any) -> None:
        try:
            self.inner.send_nowait(value)
        except trio.BrokenResourceError:
            raise trio.WouldBlock from None


@fails("receive_nowait")
class BlocksNowAtTheEnd(Receiver):
    def receive_nowait(self) -> Any:
        try:
            return self.inner.receive_nowait()
        except trio.EndOfChannel:
            raise trio.WouldBlock from None


@fails("receive_nowait", capacity=0)
class SeesOnlyTheBuffer(Receiver):
    def receive_nowait(self) -> Any:
        if self.inner.statistics().tasks_waiting_send:
            raise trio.WouldBlock
        return self.inner.receive_nowait()


@fails("send_nowait_when_full", receive=TakesWhatWasKept)
class QueuesBeyondTheRoom(Sender):
    def send_nowait(self, value: Any) -> None:
        try:
            self.inner.send_nowait(value)
        except trio.WouldBlock:
            self.link.kept.append(value)


class WakesSenders(Receiver):
    async def receive(self) -> Any:
        try:
            return await self.inner.receive()
        finally:
            self.link.wake()

    def receive_nowait(self) -> Any:
        try:
            return self.inner.receive_nowait()
        finally:
            self.link.wake()


@fails("send_nowait_in_turn", receive=WakesSenders)
class TriesAgainWhenWoken(Sender):
    async def send(self, value: Any) -> None:
        await checkpoint()
        while True:
            try:
                return self.inner.send_nowait(value)
            except trio.WouldBlock:
                await self.link.event.wait()


class WakesReceivers(Sender):
    async def send(self, value: Any) -> None:
        try:
            await self.inner.send(value)
        finally:
            self.link.wake()

    def send_nowait(self, value: Any) -> None:
        self.inner.send_nowait(value)
        self.link.wake()


@fails("receive_nowait_in_turn", send=WakesReceivers)
class LooksAgainWhenWoken(Receiver):
    async def receive(self) -> Any:
        await checkpoint()
        while True:
            try:
                return self.inner.receive_nowait()
            except trio.WouldBlock:
                await self.link.event.wait()


# One task at a time, and two ways.

fails_with("busy_receive", "LetsTwoReceive", shared=False, send=BusySender)
fails_with("busy_send", "LetsTwoSend", shared=False, receive=BusyReceiver)


@fails("busy_receive", shared=False, send=BusySender)
class SecondReceiveEndsTheFirst(Receiver):
    async def receive(self) -> Any:
        if self.inner.statistics().tasks_waiting_receive:
            self.link.scopes[-1].cancel()
            await checkpoint()
            raise trio.BusyResourceError
        with trio.CancelScope() as scope:
            self.link.scopes.append(scope)
            return await self.inner.receive()


@fails("busy_send", shared=False, receive=TakesWhatWasKept)
class SendsThoughBusy(BusySender):
    async def send(self, value: Any) -> None:
        try:
            await super().send(value)
        except trio.BusyResourceError:
            self.link.kept.append(value)
            raise


@fails("two_ways")
@attrs.define(eq=False, slots=False)
class HearsItself(Duplex):
    def __attrs_post_init__(self) -> None:
        self.out, self.into = trio.open_memory_channel[Any](1)


@fails("full_one_way")
class OneWayAtATime(Duplex):
    async def send(self, value: Any) -> None:
        async with self.lock:
            await self.out.send(value)


@fails("close_both_ways")
class HearsOnAfterClose(Duplex):
    async def aclose(self) -> None:
        self.out.close()
        await checkpoint()


RIGHT = {
    "clones and nowait": Kind(),
    "no room": Kind(capacity=0),
    "without bounds": Kind(capacity=math.inf),
    "one task at a time": Kind(send=BusySender, receive=BusyReceiver, shared=False),
    "two ways": Kind(duplex=Duplex),
}
"""What the mutants are made from: without the fault nothing is found."""


@pytest.mark.parametrize("kind", RIGHT.values(), ids=RIGHT)
def test_a_channel_without_fault_passes(kind: Kind) -> None:
    assert len(kind.check()) > 25


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.check}-{mutant.name}")
def test_a_fault_is_caught_by_the_check_that_looks_for_it(mutant: Mutant) -> None:
    with pytest.raises(AssertionError) as caught:
        mutant.kind.check(mutant.check)
    first, *lines = str(caught.value).splitlines()
    assert first == "the channel has failed 1 of 1 checks:"
    assert lines
    assert [line for line in lines if not line.startswith(f"  {mutant.check}: expected ")] == []


def test_each_check_has_a_fault_to_catch() -> None:
    assert {mutant.check for mutant in MUTANTS} == set(CHANNEL_CHECKS)
