"""What becomes of channel ends: which are taken, who keeps them, and when a child is complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import Boom, Log, crashes, forever, resource, sleeps
from trioharness.rules import Strategy

Send = th.SendChannel[int]
Receive = th.ReceiveChannel[int]


async def hold(_: object, seconds: float = 1000) -> None:
    await trio.sleep(seconds)


def open_sends(receive: Receive) -> int:
    """How many send ends of its channel are open, the one that a supervisor keeps included."""
    return receive.channel.statistics().open_send_channels


# What is taken


def in_a_list(end: Send) -> object:
    return [end]


def in_a_tuple(end: Send) -> object:
    return (end,)


def in_a_dict(end: Send) -> object:
    return {"end": end}


@pytest.mark.parametrize("wrap", [in_a_list, in_a_tuple, in_a_dict])
async def test_an_end_inside_of_an_argument_is_the_callers(
    autojump_clock: MockClock, wrap: Callable[[Send], object]
) -> None:
    given: list[object] = []

    async def component(argument: object) -> None:
        given.append(argument)

    send, receive = th.open_channel(int, 1)
    argument = wrap(send)
    async with th.open_supervisor() as sup:
        sup.start_soon(component, argument)
    assert given[0] is argument
    assert open_sends(receive) == 1
    send.send_nowait(1)


async def test_a_channel_without_clones_is_passed_on(autojump_clock: MockClock) -> None:
    """trio's abstract channel has no ``clone``, so that there is nothing to give each life."""

    class Plain(trio.abc.ReceiveChannel[int]):
        closed = False

        def close(self) -> None:
            self.closed = True

        async def receive(self) -> int:
            await trio.lowlevel.checkpoint()
            return 7

        async def aclose(self) -> None:
            await trio.lowlevel.checkpoint()
            self.close()

    given: list[object] = []

    async def component(receive: trio.abc.ReceiveChannel[int]) -> None:
        given.append(receive)

    plain = Plain()
    async with th.open_supervisor() as sup:
        child = sup.start_soon(component, plain, name="c")
        await child.wait("stopped")  # not complete: it holds no ends
    assert given == [plain]
    assert not plain.closed


class Foreign:
    """A receive end of a library that supervision has never heard of, with our optional verbs."""

    def __init__(self, told: list[str], name: str = "kept") -> None:
        self.told, self.name = told, name
        self.channel = told  # the same object for all ends
        self.clones = 0

    def clone(self) -> Foreign:
        self.clones += 1
        return Foreign(self.told, f"clone {self.clones}")

    def close(self) -> None:
        self.told.append(f"{self.name} closed")

    async def receive(self) -> int:
        raise AssertionError("unreachable")

    def settle(self, error: Exception | None, *, stopped: bool = False) -> tuple[()]:
        self.told.append(f"{self.name} settled: {error!r}{' stopped' * stopped}")
        return ()

    def finish(self) -> None:
        self.told.append(f"{self.name} finished")


async def test_the_verbs_of_ends_that_are_strangers_are_called() -> None:
    told: list[str] = []
    errors: list[Exception | None] = [Boom("1"), None]

    async def component(_: Foreign) -> None:
        error = errors.pop(0)
        if error is not None:
            raise error

    async with th.open_supervisor() as sup:
        sup.start_soon(component, Foreign(told))
    assert told == [
        "clone 1 settled: Boom('1')",
        "clone 1 closed",
        "clone 2 settled: None",
        "clone 2 closed",
        "kept closed",
    ]


async def test_a_stop_is_settled_as_a_stop_and_a_drain_finishes_first() -> None:
    told: list[str] = []
    async with th.open_supervisor() as sup:
        child = await sup.start(hold, Foreign(told))
        sup.drain()
        await wait_all_tasks_blocked()
        assert set(told) == {"kept finished"}
        told.clear()
        await child.stop()
    assert told == ["clone 1 settled: None stopped", "clone 1 closed", "kept closed"]


async def test_ends_need_no_verbs(autojump_clock: MockClock) -> None:
    """trio's own have none: they are cloned and closed, and a drain waits for them to end."""
    send, receive = trio.open_memory_channel[int](1)
    got: list[int] = []

    async def consume(receive: trio.abc.ReceiveChannel[int]) -> None:
        got.extend([number async for number in receive])

    async with th.open_supervisor() as sup:
        await sup.start(consume, receive)
        sup.drain()
        await wait_all_tasks_blocked()
        send.send_nowait(1)  # not refused
        send.close()
    assert got == [1]
    assert receive.statistics().open_receive_channels == 0


# Who is complete


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_restart_of_a_group_skips_who_is_complete_and_takes_along_who_is_not(
    autojump_clock: MockClock, log: Log, strategy: Strategy
) -> None:
    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor("s", strategy=strategy, observer=log) as sup:
        bad = await sup.start(crashes(1, after=5), name="bad")
        holder = await sup.start(hold, send, 1, name="holder")
        plain = await sup.start(sleeps(1), name="plain")
        await trio.sleep(2)
        with pytest.raises(trio.EndOfChannel):
            receive.receive_nowait()
        await trio.sleep(3.5)
        assert (bad.incarnation, holder.incarnation, plain.incarnation) == (2, 1, 2)
        assert (holder.state, plain.state) == ("complete", "ready")
        sup.cancel_scope.cancel()


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_restart_of_a_group_brings_back_who_was_stopped_with_its_ends(
    autojump_clock: MockClock, strategy: Strategy
) -> None:
    send, receive = th.open_channel(int, 1)

    async def sends(send: Send) -> None:
        await send.send(1)
        await trio.sleep_forever()

    async with th.open_supervisor("s", strategy=strategy) as sup:
        await sup.start(crashes(1, after=5), name="bad")
        holder = await sup.start(sends, send, name="holder")
        assert await receive.receive() == 1
        await holder.stop()
        assert await receive.receive() == 1
        assert (holder.state, trio.current_time()) == ("ready", 5)
        sup.cancel_scope.cancel()


async def test_a_restart_of_what_it_needs_skips_who_is_complete(autojump_clock: MockClock) -> None:
    async def user(_: object, *, db: str) -> None:
        await trio.sleep(1)

    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor("s") as sup:
        db = await sup.start(resource("db", []), name="db")
        child = await sup.start(user, send, needs={"db": db}, name="user")
        await child.wait("complete")
        await db.restart()
        await wait_all_tasks_blocked()
        assert (child.state, child.incarnation, db.incarnation) == ("complete", 1, 2)
        with pytest.raises(trio.EndOfChannel):
            receive.receive_nowait()


async def test_a_parked_child_is_not_complete_and_its_ends_stay_open(
    autojump_clock: MockClock,
) -> None:
    lives: list[int] = []

    async def component(send: Send) -> None:
        lives.append(1)
        if len(lives) == 1:
            raise Boom
        await send.send(len(lives))

    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor("s", max_restarts=0, exhausted="park", stay=True) as sup:
        child = sup.start_soon(component, send, name="c")
        await child.wait("parked")
        await trio.sleep(10)
        with pytest.raises(trio.WouldBlock):
            receive.receive_nowait()
        await child.restart()
        assert await receive.receive() == 2
        await child.wait("complete")
        with pytest.raises(trio.EndOfChannel):
            await receive.receive()
        sup.cancel_scope.cancel()


async def test_while_it_backs_off_its_ends_stay_open(autojump_clock: MockClock) -> None:
    async def component(_: Send) -> None:
        raise Boom

    send, receive = th.open_channel(int, 1)
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=1) as sup:
            sup.start_soon(component, send, backoff=th.Backoff(10, jitter=0))
            with pytest.raises(trio.EndOfChannel):
                await receive.receive()
    assert trio.current_time() == 10


async def test_the_ends_of_a_child_that_was_stopped_are_kept_once_for_all_that_hold_it(
    autojump_clock: MockClock,
) -> None:
    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor("s") as sup:
        one: th.Child[Any] = await sup.start(hold, send, name="one")
        other = await sup.start(hold, send, name="other")
        assert open_sends(receive) == 3
        await one.stop()
        assert open_sends(receive) == 2
        await one.delete()
        assert open_sends(receive) == 2
        await other.stop()
        await other.delete()
        assert open_sends(receive) == 0


async def test_without_ends_a_child_is_never_complete(autojump_clock: MockClock) -> None:
    states: list[str] = []

    async with th.open_supervisor("s", stay=True) as sup:
        for restart in ("transient", "permanent"):
            child: th.Child[Any] = await sup.start(forever, name=restart, restart=restart)
            await child.stop()
            states.append(child.state)
            await child.restart()
            states.append(child.state)
        sup.cancel_scope.cancel()
    assert states == ["stopped", "ready"] * 2
