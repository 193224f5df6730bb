"""Channel ends that are handed over: clones for incarnations, closed when nobody can run again."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import anyio
import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log, crashes, forever, sleeps, slow_to_start

Send: TypeAlias = trio.abc.SendChannel[int]
Receive: TypeAlias = trio.abc.ReceiveChannel[int]
Open: TypeAlias = Callable[[], tuple[Any, Any]]


def ours() -> tuple[Any, Any]:
    return th.open_channel(int, 10)


def trios() -> tuple[Any, Any]:
    return trio.open_memory_channel[int](10)


def anyios() -> tuple[Any, Any]:
    return anyio.create_memory_object_stream[int](10)


EVERY_KIND = pytest.mark.parametrize("open_ends", [ours, trios, anyios])


async def produce(send: Send, numbers: int = 3) -> None:
    for number in range(numbers):
        await send.send(number)


@EVERY_KIND
async def test_a_pipeline_ends_by_itself_when_its_source_returns(
    autojump_clock: MockClock, open_ends: Open
) -> None:
    got: list[int] = []

    async def double(receive: Receive, send: Send) -> None:
        async for number in receive:
            await send.send(2 * number)

    async def consume(receive: Receive) -> None:
        async for number in receive:
            got.append(number)

    with trio.fail_after(5):
        async with th.open_supervisor() as sup:
            first_in, first_out = open_ends()
            second_in, second_out = open_ends()
            consumer = sup.start_soon(consume, second_out)
            doubler = sup.start_soon(double, first_out, second_in)
            producer = sup.start_soon(produce, first_in)
    assert got == [0, 2, 4]
    assert {child.state for child in (producer, doubler, consumer)} == {"complete"}


@EVERY_KIND
async def test_what_is_queued_outlives_a_crash(autojump_clock: MockClock, open_ends: Open) -> None:
    got: list[int] = []

    async def consume(receive: Receive) -> None:
        async for number in receive:
            got.append(number)
            if number % 2:
                raise Boom

    send, receive = open_ends()
    async with th.open_supervisor() as sup:
        child = sup.start_soon(consume, receive)
        sup.start_soon(produce, send, 6)
    assert got == [0, 1, 2, 3, 4, 5]
    assert child.incarnation == 4


@EVERY_KIND
async def test_a_source_that_crashes_does_not_end_its_channel(
    autojump_clock: MockClock, open_ends: Open
) -> None:
    got: list[int] = []
    lives = itertools.count()

    async def source(send: Send) -> None:
        number = next(lives)
        await send.send(number)
        await trio.sleep(1)
        if number < 3:
            raise Boom

    async def consume(receive: Receive) -> None:
        async for number in receive:
            got.append(number)

    send, receive = open_ends()
    async with th.open_supervisor() as sup:
        sup.start_soon(source, send, backoff=th.Backoff(1))
        consumer = sup.start_soon(consume, receive)
    assert got == [0, 1, 2, 3]
    assert consumer.incarnation == 1


async def test_each_incarnation_has_a_clone_that_is_closed_with_it(
    autojump_clock: MockClock,
) -> None:
    ends: list[Send] = []

    async def component(send: Send) -> None:
        ends.append(send)
        if len(ends) < 3:
            raise Boom

    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor() as sup:
        sup.start_soon(component, send)
    assert len({id(end) for end in [send, *ends]}) == 4
    for end in [send, *ends]:
        with pytest.raises(trio.ClosedResourceError):
            await end.send(1)
    with pytest.raises(trio.EndOfChannel):
        await receive.receive()


async def test_an_end_closes_when_its_last_holder_is_complete(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 1)

    async def hold(send: Send, seconds: float) -> None:
        await trio.sleep(seconds)

    async with th.open_supervisor() as sup:
        sup.start_soon(hold, send, 1)
        sup.start_soon(hold, send, 3)
        with pytest.raises(trio.EndOfChannel):
            await receive.receive()
        assert trio.current_time() == 3


async def test_holders_are_counted_by_identity_not_by_channel(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 1)
    other = send.clone()

    async def hold(send: Send, seconds: float) -> None:
        await trio.sleep(seconds)

    async with th.open_supervisor() as sup:
        first = sup.start_soon(hold, send, 1)
        sup.start_soon(hold, other, 3)
        await first.wait("complete")
        with pytest.raises(trio.ClosedResourceError):
            send.send_nowait(1)
        other.send_nowait(2)  # still kept for the second
        assert await receive.receive() == 2


async def test_one_end_twice_among_the_arguments(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 2)

    async def component(first: Send, *, second: Send) -> None:
        assert first is not second
        await first.send(1)
        await second.send(2)

    async with th.open_supervisor() as sup:
        sup.start_soon(functools.partial(component, second=send), send)
        assert [number async for number in receive] == [1, 2]


async def test_ends_in_a_partial_are_seen(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 5)
    twice = functools.partial(functools.partial(produce, send), numbers=2)
    async with th.open_supervisor() as sup:
        sup.start_soon(twice)
        assert [number async for number in receive] == [0, 1]
    with pytest.raises(trio.ClosedResourceError):
        send.send_nowait(1)


async def test_as_is_hands_nothing_over(autojump_clock: MockClock) -> None:
    send, _receive = th.open_channel(int, 5)
    given: list[object] = []

    async def component(send: Send, plain: int) -> None:
        given.extend([send, plain])

    async with th.open_supervisor() as sup:
        sup.start_soon(functools.partial(component, plain=th.as_is(7)), th.as_is(send))
    assert given == [send, 7]
    send.send_nowait(1)
    assert "AsIs" not in repr(given)


async def test_a_callers_clone_is_the_callers(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 5)
    async with th.open_supervisor() as sup:
        sup.start_soon(produce, send.clone(), 1)
    await send.send(9)
    send.close()
    assert [number async for number in receive] == [0, 9]


async def test_a_stopped_child_is_not_complete(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 5)

    async def component(send: Send) -> None:
        await send.send(1)
        await trio.sleep_forever()

    async with th.open_supervisor() as sup:
        child = await sup.start(component, send)
        assert await receive.receive() == 1
        await child.stop()
        assert child.state == "stopped"
        with pytest.raises(trio.WouldBlock):
            receive.receive_nowait()
        await child.restart()
        assert await receive.receive() == 1
        await child.stop()
    with pytest.raises(trio.EndOfChannel):
        receive.receive_nowait()  # the supervisor has ended, so nobody can run again


@pytest.mark.parametrize("end", ["crash", "stop"])
async def test_a_temporary_child_is_complete_however_it_ends(
    autojump_clock: MockClock, end: str
) -> None:
    send, receive = th.open_channel(int, 5)

    async def component(send: Send) -> None:
        if end == "crash":
            raise Boom
        await trio.sleep_forever()

    async with th.open_supervisor(stay=True) as sup:
        child = await sup.start(component, send, restart="temporary")
        if end == "stop":
            await child.stop()
        with pytest.raises(trio.EndOfChannel):
            await receive.receive()
        assert child.state == "complete"
        sup.cancel_scope.cancel()


async def test_a_complete_child_cannot_be_restarted(autojump_clock: MockClock) -> None:
    send, _receive = th.open_channel(int, 5)
    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(produce, send, 1, name="p")
        await child.wait("complete")
        with pytest.raises(th.ChildComplete, match="'s/p' is complete and its channel ends"):
            await child.restart()
        await child.stop()
        assert child.state == "complete"
    with pytest.raises(th.ChildComplete):
        await child.restart()


async def test_a_child_without_ends_can(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = sup.start_soon(sleeps(1), name="p")
        await child.wait("stopped")
        await child.restart()
        assert child.incarnation == 2
    assert trio.current_time() == 2


@pytest.mark.parametrize("why", ["cancelled", "failed", "queued", "waiting"])
async def test_a_start_that_fails_gives_the_ends_back(autojump_clock: MockClock, why: str) -> None:
    send, receive = th.open_channel(int, 5)

    async def component(
        send: Send, *, task_status: th.TaskStatus[None], need: object = None
    ) -> None:
        await trio.sleep(3)
        if why == "failed":
            raise Boom
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        async with th.open_supervisor() as sup:
            needs: dict[str, th.Child[object]] = {}
            if why == "waiting":
                needs = {"need": sup.start_soon(slow_to_start(100))}
            if why == "queued":
                nursery.start_soon(sup.start, slow_to_start(100))
            await trio.testing.wait_all_tasks_blocked()
            with trio.move_on_after(10 if why == "failed" else 2) as scope:
                try:
                    await sup.start(component, send, needs=needs)
                except Boom:
                    assert why == "failed"
            assert scope.cancelled_caught == (why != "failed")
            assert send.channel.statistics().open_send_channels == 1
            nursery.cancel_scope.cancel()
    send.send_nowait(7)
    send.close()
    assert [number async for number in receive] == [7]


@pytest.mark.parametrize("waits_for", ["its component", "the turn", "a need"])
async def test_a_start_that_the_supervisor_ends_gives_the_ends_back(
    autojump_clock: MockClock, waits_for: str
) -> None:
    send, receive = th.open_channel(int, 5)

    async def component(
        send: Send, *, task_status: th.TaskStatus[None], need: object = None
    ) -> None:
        await trio.sleep_forever()

    async def elsewhere(sup: th.Supervisor, needs: Mapping[str, th.Child[object]]) -> None:
        with pytest.raises(th.SupervisorClosed):
            await sup.start(component, send, needs=needs)

    async with trio.open_nursery() as nursery:
        async with th.open_supervisor() as sup:
            slow = slow_to_start(100)
            needs = {"need": sup.start_soon(slow)} if waits_for == "a need" else {}
            if waits_for == "the turn":
                nursery.start_soon(elsewhere_ignored, sup)
                await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(elsewhere, sup, needs)
            await trio.testing.wait_all_tasks_blocked()
            sup.cancel_scope.cancel()
        assert send.channel.statistics().open_send_channels == 1
    assert trio.current_time() == 0
    send.send_nowait(7)
    send.close()
    assert [number async for number in receive] == [7]


async def elsewhere_ignored(sup: th.Supervisor) -> None:
    with pytest.raises(th.SupervisorClosed):
        await sup.start(slow_to_start(100))


async def test_a_kept_end_that_somebody_closes_is_a_failed_start(
    autojump_clock: MockClock, log: Log
) -> None:
    """The clones that were made before it are closed, so that the other channel still ends."""
    send, receive = th.open_channel(int, 5)
    dead, _dead_receive = th.open_channel(int, 5)

    async def component(send: Send, dead: Send) -> None: ...

    async with th.open_supervisor("s", observer=log, max_restarts=0) as sup:
        dead.close()
        with pytest.raises(trio.ClosedResourceError) as caught:
            await sup.start(component, send, dead)
    assert str(caught.value) == (
        "<SendChannel 'int' closed>, handed over to 's/component', was closed by somebody else; "
        "leave that to the supervisor, or hand over end.clone()"
    )
    send.close()
    with pytest.raises(trio.EndOfChannel):
        receive.receive_nowait()


async def test_a_component_may_close_its_end(autojump_clock: MockClock) -> None:
    got: list[int] = []

    async def source(send: Send) -> None:
        async with send:
            await send.send(1)
        await trio.sleep(5)

    async def consume(receive: Receive) -> None:
        async for number in receive:
            got.append(number)

    send, receive = th.open_channel(int, 0)
    async with th.open_supervisor() as sup:
        child = sup.start_soon(consume, receive)
        sup.start_soon(source, send)
        await child.wait("complete")
    assert got == [1]


async def test_two_supervisors_with_clones_of_one_end(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 5)
    async with th.open_supervisor("a") as a, th.open_supervisor("b") as b:
        a.start_soon(produce, send.clone(), 1)
        b.start_soon(produce, send, 2)
        assert sorted([number async for number in receive]) == [0, 0, 1]


async def test_ends_of_children_that_were_stopped_close_with_the_supervisor(
    autojump_clock: MockClock,
) -> None:
    send, receive = th.open_channel(int, 5)
    async with th.open_supervisor() as sup:
        await sup.start(produce_forever, send)
        sup.cancel_scope.cancel()
    while True:
        try:
            receive.receive_nowait()
        except trio.EndOfChannel:
            break


async def produce_forever(send: Send) -> None:
    while True:
        await send.send(1)


async def test_giving_up_closes_what_is_kept(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 5)

    async def component(send: Send) -> None:
        raise Boom

    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor(max_restarts=2) as sup:
            sup.start_soon(component, send)
            sup.start_soon(forever)
    with pytest.raises(trio.EndOfChannel):
        receive.receive_nowait()


async def test_what_is_no_end_is_passed_on(autojump_clock: MockClock) -> None:
    class Sheep:
        def clone(self) -> Sheep:
            raise AssertionError("unreachable")

    given: list[object] = []

    async def component(*args: object) -> None:
        given.extend(args)

    arguments = (Sheep(), Sheep, th.SendChannel, {"a": 1}, None)
    async with th.open_supervisor() as sup:
        sup.start_soon(component, *arguments)
        sup.start_soon(crashes(1, then=sleeps(1)))
    assert tuple(given) == arguments
