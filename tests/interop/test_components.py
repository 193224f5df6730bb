"""Components that are written for anyio, as they are, and with streams in place of channel ends."""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import anyio.abc
import anyio.to_thread
import pytest
import trio
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from trio.testing import MockClock

import trioharness as th
from tests.harness._pieces import figures, send_all
from trioharness.interop import with_streams


async def serve(port: int, *, task_status: anyio.abc.TaskStatus[str]) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 1)
        task_status.started(f"port {port}")
        with anyio.move_on_after(2):
            await anyio.Event().wait()
        await anyio.to_thread.run_sync(len, "")
        await anyio.sleep_forever()


async def test_a_component_of_anyio_runs_as_it_is(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        component: Any = serve  # mypy cannot see through a status that is not of our own type
        child = await sup.start(component, 80)
        assert child.value == "port 80"
        await trio.sleep(5)
        assert child.state == "ready"
        await child.stop()
    assert (child.state, child.restarts) == ("stopped", 0)


async def test_it_is_restarted_when_a_task_of_its_group_crashes(autojump_clock: MockClock) -> None:
    async def crash() -> None:
        await anyio.sleep(1)
        raise ValueError

    async def twice(lives: list[int]) -> None:
        lives.append(len(lives))
        async with anyio.create_task_group() as group:
            if len(lives) == 1:
                group.start_soon(crash)
            await anyio.sleep(3)

    lives: list[int] = []
    async with th.open_supervisor(observer=lambda _: None) as sup:
        child = sup.start_soon(twice, lives)
    assert (lives, child.restarts) == ([0, 1], 1)


async def test_its_own_streams_go_through_a_harness(autojump_clock: MockClock) -> None:
    async def produce(numbers: ObjectSendStream[int]) -> None:
        for number in range(3):
            await numbers.send(number)

    async def consume(numbers: ObjectReceiveStream[int]) -> None:
        got.extend([number async for number in numbers])

    got: list[int] = []
    app = th.Harness("shop")
    send, receive = anyio.create_memory_object_stream[int](1)
    app.add(consume, receive)
    app.add(produce, send)
    async with app.open():
        pass
    assert got == [0, 1, 2]
    assert receive.statistics().open_receive_streams == 0


async def double(numbers: ObjectReceiveStream[int], doubled: ObjectSendStream[int]) -> None:
    async for number in numbers:
        await doubled.send(2 * number)


async def test_channels_of_a_harness_reach_it_as_streams(autojump_clock: MockClock) -> None:
    lives: list[int] = []

    async def consume(
        numbers: ObjectReceiveStream[int], *, task_status: anyio.abc.TaskStatus[str]
    ) -> None:
        lives.append(1)
        task_status.started("ready")
        async for number in numbers:
            if number == 4 and len(lives) == 1:
                raise ValueError
            got.append(number)

    got: list[int] = []
    app = th.Harness("shop", observer=lambda _: None)
    send, numbers = app.channel(int, 1, name="numbers")
    doubled_in, doubled = app.channel(int, 1, max_deliveries=2, name="doubled")
    app.add(with_streams(consume), doubled)
    app.add(functools.partial(with_streams(double), numbers), doubled_in)
    app.add(send_all, send, range(5))
    assert app.check() == ()
    assert "double" in app.graph().text()
    async with app.open() as running:
        assert running.supervisor.children["consume"].value == "ready"
    assert got == [0, 2, 4, 6, 8]
    assert len(lives) == 2
    assert figures(running.receipt(), "doubled") == (5, 5, 0, 0)


async def test_it_drains_like_any_other(autojump_clock: MockClock) -> None:
    async def take_slowly(numbers: ObjectReceiveStream[int]) -> None:
        async for number in numbers:
            await anyio.sleep(1)
            got.append(number)

    got: list[int] = []
    app = th.Harness("shop")
    send, numbers = app.channel(int, 9)
    app.add(with_streams(functools.partial(take_slowly)), numbers)
    app.expose(send)
    async with app.open() as running:
        await running.end(send).send_many(range(4))
        running.drain()
    assert got == [0, 1, 2, 3]


async def test_a_context_manager_can_take_streams(autojump_clock: MockClock) -> None:
    @contextlib.asynccontextmanager
    async def opens(numbers: ObjectSendStream[int], *, word: str) -> AsyncGenerator[str]:
        await numbers.send(1)
        yield word

    send, receive = th.open_channel(int, 1)
    component = with_streams(opens)
    assert repr(component) == "<opens with streams>"
    async with th.open_supervisor() as sup:
        child = await sup.start(functools.partial[Any](component, word="open"), send)
        assert child.value == "open"
        assert await receive.receive() == 1


@pytest.mark.parametrize("other", [7, th.Component])
def test_nothing_else_can_take_streams(other: Any) -> None:
    with pytest.raises(th.ComponentTypeError, match="it is no function"):
        with_streams(other)


def test_the_rest_of_the_package_does_not_wait_for_anyio() -> None:
    program = "import sys; from trioharness import *; print('anyio' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
