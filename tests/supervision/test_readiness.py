"""When a child is ready, and whose business a failure before that is."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager
from types import TracebackType

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log, crashes, forever, resource, slow_to_start


async def test_start_waits_for_started_and_keeps_its_value(autojump_clock: MockClock) -> None:
    async def server(port: int, *, task_status: th.TaskStatus[str]) -> None:
        await trio.sleep(3)
        task_status.started(f"localhost:{port}")
        await trio.sleep(1)

    async with th.open_supervisor() as sup:
        child = await sup.start(server, 80)
        assert trio.current_time() == 3
        assert (child.value, child.state, child.incarnation) == ("localhost:80", "ready", 1)


async def test_a_function_without_task_status_is_ready_at_its_first_step(
    autojump_clock: MockClock, log: Log
) -> None:
    async def worker() -> None:
        assert log.lines == ["worker 1 ready"]
        await trio.sleep(1)

    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(worker)
        assert trio.current_time() == 0
        assert child.value is None
    assert log.lines == ["worker 1 ready", "worker 1 returned", "s ended"]


async def test_a_context_manager_is_ready_when_entered(autojump_clock: MockClock) -> None:
    seen: list[str] = []
    async with th.open_supervisor() as sup:
        child = await sup.start(resource("db", seen, enter=2))
        assert trio.current_time() == 2
        assert child.value == "db 1"
        assert seen == ["db 1 entered"]
    assert seen == ["db 1 entered", "db 1 left"]


class Connection:
    """A context manager that is a class of its own, and can be awaited too, as pools can."""

    def __init__(self) -> None:
        self.open = False

    async def __aenter__(self) -> Connection:
        await trio.lowlevel.checkpoint()
        self.open = True
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await trio.lowlevel.checkpoint()
        self.open = False

    def __await__(self) -> Generator[None, None, Connection]:
        raise NotImplementedError


def connect() -> AbstractAsyncContextManager[Connection]:
    return Connection()


@pytest.mark.parametrize(
    "component",
    [Connection, connect, lambda: Connection()],  # noqa: PLW0108 - a callable that says nothing
)
async def test_whatever_gives_a_context_manager_is_a_background_component(
    autojump_clock: MockClock, component: Callable[[], AbstractAsyncContextManager[Connection]]
) -> None:
    with trio.fail_after(10):
        async with th.open_supervisor() as sup:
            child = await sup.start(component)
            connection = child.value
            assert connection.open
    assert not connection.open


async def test_a_failure_before_ready_is_the_callers_own(
    autojump_clock: MockClock, log: Log
) -> None:
    error = Boom("no route")

    async def server(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1)
        raise error

    async with th.open_supervisor("s", observer=log) as sup:
        with pytest.raises(Boom) as caught:
            await sup.start(server, name="server")
        assert caught.value is error
        assert sup.children == {}
        await sup.start(forever, name="server")  # the name is free
        sup.cancel_scope.cancel()
    assert log.lines[0] == "server 1 crashed"
    assert log.of(th.ChildRestarting) == []


async def test_a_group_before_ready_stays_a_group(autojump_clock: MockClock) -> None:
    async def server(*, task_status: th.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crashes())

    async with th.open_supervisor() as sup:
        with pytest.RaisesGroup(Boom):
            await sup.start(server)


async def test_a_manager_that_fails_to_enter(autojump_clock: MockClock) -> None:
    @contextlib.asynccontextmanager
    async def database() -> AsyncGenerator[None]:
        await trio.sleep(1)
        raise Boom
        yield

    async with th.open_supervisor() as sup:
        with pytest.raises(Boom):
            await sup.start(database)


async def test_returning_without_started_is_a_failed_start(autojump_clock: MockClock) -> None:
    async def server(*, task_status: th.TaskStatus[None]) -> None: ...

    async with th.open_supervisor("s") as sup:
        with pytest.raises(th.StartFailed, match=r"'s/server' could not start: it returned"):
            await sup.start(server, name="server")
        assert sup.children == {}


async def test_a_call_that_fails_before_there_is_a_coroutine(autojump_clock: MockClock) -> None:
    def component() -> Awaitable[None]:
        raise Boom

    async with th.open_supervisor() as sup:
        with pytest.raises(Boom):
            await sup.start(component)
        with pytest.raises(TypeError, match=r"unexpected keyword argument|positional argument"):
            await sup.start(forever, 1, name="x")  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]


async def test_a_function_that_gives_neither(autojump_clock: MockClock) -> None:
    def component() -> int:
        return 7

    async with th.open_supervisor("s") as sup:
        with pytest.raises(th.ComponentTypeError, match=r"'s/component': it returned 7, neither"):
            await sup.start(component)  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue, reportArgumentType]


async def test_an_awaitable_that_python_did_not_make(autojump_clock: MockClock) -> None:
    class Later:
        def __await__(self) -> Generator[None]:
            yield from trio.sleep(2).__await__()  # noqa: ASYNC105 - by hand

    async with th.open_supervisor() as sup:
        child = await sup.start(Later)
        assert child.state == "ready"
    assert trio.current_time() == 2


async def test_start_soon_leaves_a_failed_start_to_the_policy(
    autojump_clock: MockClock, log: Log
) -> None:
    attempts = 0

    async def server(*, task_status: th.TaskStatus[None]) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise Boom
        task_status.started()

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(server)
    assert log.lines == [
        "server 1 crashed",
        "server 1 restarting",
        "server 2 crashed",
        "server 2 restarting",
        "server 3 ready",
        "server 3 returned",
        "s ended",
    ]
    assert [event.ready for event in log.of(th.ChildEnded)] == [False, False, True]
    assert [event.restarts for event in log.of(th.ChildRestarting)] == [1, 2]


async def test_a_crash_after_ready_is_the_policys(autojump_clock: MockClock) -> None:
    numbers: list[int] = []

    async def server(*, task_status: th.TaskStatus[None]) -> None:
        numbers.append(1)
        task_status.started()
        if len(numbers) == 1:
            raise Boom
        await trio.sleep(1)

    async with th.open_supervisor() as sup:
        child = await sup.start(server)
    assert len(numbers) == 2
    assert (child.restarts, child.last_error) == (1, "Boom")


async def test_started_may_be_called_once(autojump_clock: MockClock) -> None:
    async def server(*, task_status: th.TaskStatus[None]) -> None:
        task_status.started()
        task_status.started()

    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="called 'started' twice")):
        async with th.open_supervisor(max_restarts=0) as sup:
            await sup.start(server)


async def test_started_while_being_stopped_is_not_heard(
    autojump_clock: MockClock, log: Log
) -> None:
    async def server(*, task_status: th.TaskStatus[None]) -> None:
        try:
            await trio.sleep_forever()
        finally:
            task_status.started()

    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(server, name="server")
        await child.wait("starting")
        await trio.testing.wait_all_tasks_blocked()
        await child.stop()
    assert log.lines == ["server 1 stopping", "server 1 stopped", "s ended"]


async def test_no_value_while_not_ready(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(slow_to_start(1), name="slow")
        with pytest.raises(th.ChildNotReady, match=r"'s/slow' is starting and has no value"):
            _ = child.value
        await child.wait("ready")
        assert child.value == 1
        await child.stop()
        with pytest.raises(th.ChildNotReady, match="is stopped"):
            _ = child.value


async def test_a_cancelled_start_stops_and_forgets_the_child(
    autojump_clock: MockClock, log: Log
) -> None:
    cleaned: list[float] = []

    async def server(*, task_status: th.TaskStatus[None]) -> None:
        try:
            await trio.sleep_forever()
        finally:
            async with th.cleanup():
                await trio.sleep(2)
                cleaned.append(trio.current_time())

    async with th.open_supervisor("s", observer=log) as sup:
        with trio.move_on_after(3) as scope:
            await sup.start(server, name="server")
        assert scope.cancelled_caught
        assert cleaned == [5]
        assert sup.children == {}
        await sup.start(forever, name="server")
        sup.cancel_scope.cancel()
    assert log.lines[:2] == ["server 1 stopping", "server 1 stopped"]


async def test_a_start_cancelled_before_it_began(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        with trio.CancelScope() as scope:
            scope.cancel()
            await sup.start(slow_to_start(1))
        assert scope.cancelled_caught
        assert sup.children == {}
        assert sup.statistics().running == 0
    assert trio.current_time() == 0


async def test_a_start_cancelled_while_another_one_has_the_turn(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup, trio.open_nursery() as nursery:
        nursery.start_soon(sup.start, slow_to_start(10))
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(3):
            await sup.start(forever, name="late")
        assert trio.current_time() == 3
        assert list(sup.children) == ["slow"]
        third = await sup.start(forever, name="third")
        assert (trio.current_time(), third.state) == (10, "ready")
        sup.cancel_scope.cancel()
    assert log.about("ready") == ["slow 1 ready", "third 1 ready"]


async def test_nobody_revives_what_a_cancelled_start_takes_back(autojump_clock: MockClock) -> None:
    refused: list[float] = []

    async def server(*, task_status: th.TaskStatus[None]) -> None:
        try:
            await trio.sleep_forever()
        finally:
            async with th.cleanup():
                await trio.sleep(1)

    with trio.fail_after(50):
        async with th.open_supervisor() as sup, trio.open_nursery() as nursery:

            async def start() -> None:
                with trio.move_on_after(3):
                    await sup.start(server, name="server")

            async def restart(child: th.Child[object]) -> None:
                with pytest.raises(th.StartFailed, match="was forgotten"):
                    await child.restart()
                refused.append(trio.current_time())

            nursery.start_soon(start)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(restart, sup.children["server"])
    assert refused == [4]


async def test_a_failed_start_lets_go_of_who_waits_for_it(autojump_clock: MockClock) -> None:
    async def server(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1)
        raise Boom

    async def user(*, server: None) -> None: ...

    with trio.fail_after(50):
        async with th.open_supervisor() as sup, trio.open_nursery() as nursery:

            async def start() -> None:
                with pytest.raises(Boom):
                    await sup.start(server, name="server")

            nursery.start_soon(start)
            await trio.testing.wait_all_tasks_blocked()
            waiting = sup.start_soon(user, needs={"server": sup.children["server"]})
            assert waiting.state == "waiting"
    assert waiting.state == "stopped"
    assert trio.current_time() == 1
