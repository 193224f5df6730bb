"""Inside any trio program: a supervisor as a component, side by side, for tasks of nurseries."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log, crashes, forever, sleeps, slow_to_stop

# A supervisor is itself a component


@contextlib.asynccontextmanager
async def workers() -> AsyncGenerator[th.Supervisor]:
    async with th.open_supervisor("in", max_restarts=0) as inner:
        yield inner


AS_COMPONENTS = pytest.mark.parametrize(
    "component", [functools.partial(th.open_supervisor, "in", max_restarts=0), workers]
)


@AS_COMPONENTS
async def test_a_supervisor_as_a_component_gives_itself_and_stops_in_order(
    autojump_clock: MockClock, log: Log, component: Any
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(component, name="c")
        inner: th.Supervisor = child.value
        assert inner.path == "s/c/in"
        await inner.start(slow_to_stop(1), name="a")
        await inner.start(slow_to_stop(2), name="b")
        await trio.sleep(1)
        await child.stop()
        assert trio.current_time() == 4
    assert log.about("stopping", "stopped", "crashed") == [
        "c 1 stopping",
        "c/in/b 1 stopping",
        "c/in/b 1 stopped",
        "c/in/a 1 stopping",
        "c/in/a 1 stopped",
        "c 1 stopped",
    ]


@AS_COMPONENTS
async def test_a_supervisor_as_a_component_is_background_and_stopped_with_the_tree(
    autojump_clock: MockClock, log: Log, component: Any
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(component, name="c")
        await child.value.start(slow_to_stop(1), name="a")
        sup.start_soon(sleeps(3), name="work")
    assert trio.current_time() == 4
    assert log.times("stopping") == [3, 3]


@AS_COMPONENTS
async def test_a_supervisor_as_a_component_has_the_grace_of_that(
    autojump_clock: MockClock, log: Log, component: Any
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(component, name="c", grace=3)
        await child.value.start(slow_to_stop(2), name="a", grace=100)
        await child.value.start(slow_to_stop(2), name="b", grace=100)
        await child.stop()
        assert trio.current_time() == 3
    assert log.about("stuck") == []


@AS_COMPONENTS
async def test_a_supervisor_as_a_component_that_gives_up_has_crashed(
    autojump_clock: MockClock, log: Log, component: Any
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(component, name="c")
        first = child.value
        first.start_soon(slow_to_stop(1), name="a")
        first.start_soon(crashes(after=1), name="bad")
        await child.wait("restarting")
        await child.wait("ready")
        assert child.value is not first
        assert child.value.children == {}
        assert trio.current_time() == 2
        await child.stop()
    (ended,) = (event for event in log.of(th.ChildEnded)[:3] if event.path == "s/c")
    assert isinstance(ended.exit, th.Crashed)
    assert isinstance(ended.exit.error, th.RestartLimitExceeded)


async def test_a_pool_as_a_component(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(th.open_pool, th.Spec(slow_to_stop(1)), name="c")
        for _ in range(3):
            await child.value.start()
        await child.stop()
        assert trio.current_time() == 1
    assert len(log.about("stopped")) == 4


async def test_a_supervisor_that_is_opened_for_a_clean_up_is_joined(
    autojump_clock: MockClock,
) -> None:
    """It is there because its component was told to stop, and does what is to be done then."""
    seen: list[str] = []

    async def say(what: str) -> None:
        await trio.sleep(1)
        seen.append(what)

    async def component() -> None:
        try:
            await trio.sleep_forever()
        finally:
            async with th.cleanup(), th.open_supervisor("goodbyes") as sup:
                sup.start_soon(say, "goodbye")
                sup.start_soon(say, "farewell")

    async with th.open_supervisor("s") as sup:
        child = await sup.start(component)
        await child.stop()
    assert sorted(seen) == ["farewell", "goodbye"]
    assert trio.current_time() == 1


# Nothing is shared


def test_two_programs_in_one_process_do_not_know_each_other() -> None:
    """Names, counts and events are those of a supervisor, not of the process."""
    logs = [Log(), Log()]
    both_run = threading.Barrier(2, timeout=30)

    async def program(log: Log) -> None:
        async with th.open_supervisor("s", max_restarts=2, observer=log) as sup:
            child = sup.start_soon(crashes(2))
            sup.start_soon(forever, background=True)
            both_run.wait()
            await trio.sleep(1)
            both_run.wait()
            await child.stop()

    def run(log: Log) -> None:
        trio.run(program, log, clock=MockClock(autojump_threshold=0))

    threads = [threading.Thread(target=run, args=(log,)) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(logs[0].lines) == sorted(logs[1].lines)
    for log in logs:
        assert log.about("restarting") == ["crasher 1 restarting", "crasher 2 restarting"]


async def test_the_context_variables_of_a_child_are_its_own(autojump_clock: MockClock) -> None:
    variable: ContextVar[str] = ContextVar("variable", default="nobody's")
    seen: list[str] = []

    async def sets(value: str) -> None:
        variable.set(value)
        await trio.sleep(1)
        seen.append(variable.get())

    async with th.open_supervisor("s") as sup:
        await sup.start(sets, "a")
        await sup.start(sets, "b")
        await trio.sleep(2)
        assert variable.get() == "nobody's"
    assert sorted(seen) == ["a", "b"]


# What a nursery takes


class Server:
    """Tasks as they come in programs that have nurseries."""

    def __init__(self, seen: list[object]) -> None:
        self.seen = seen

    async def method(self, *args: object) -> None:
        self.seen.append(("method", *args))

    @staticmethod
    async def static(seen: list[object]) -> None:
        seen.append("static")

    async def __call__(self, number: int) -> None:
        self.seen.append(("called", number))

    async def with_status(
        self, number: int, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
    ) -> None:
        self.seen.append(("started", number))
        task_status.started(number)
        await trio.sleep(1)


async def keyword_only(seen: list[object], *, word: str = "default") -> None:
    seen.append(word)


Moved = Callable[[Any, Server], object]

MOVED: list[Moved] = [
    lambda nursery, server: nursery.start_soon(server.method),
    lambda nursery, server: nursery.start_soon(server.method, 1, "two"),
    lambda nursery, server: nursery.start_soon(server.static, server.seen),
    lambda nursery, server: nursery.start_soon(server, 3),
    lambda nursery, server: nursery.start_soon(keyword_only, server.seen),
    lambda nursery, server: nursery.start_soon(functools.partial(keyword_only, server.seen)),
    lambda nursery, server: nursery.start_soon(
        functools.partial(keyword_only, word="given"), server.seen
    ),
    lambda nursery, server: nursery.start_soon(server.with_status, 4),
    lambda nursery, server: nursery.start_soon(server.method, name="by a name"),
    lambda nursery, server: nursery.start_soon(server.method, name=None),
    lambda nursery, _: nursery.start_soon(trio.sleep, 1),
]

AWAITED: list[Callable[[Any, Server], Awaitable[Any]]] = [
    lambda opened, server: opened.start(server.with_status, 5),
    lambda opened, server: opened.start(server.with_status, 6, name="by a name"),
]


@pytest.mark.parametrize("move", MOVED)
async def test_a_task_moves_from_a_nursery_by_one_word(
    autojump_clock: MockClock, move: Moved
) -> None:
    before, after = Server([]), Server([])
    async with trio.open_nursery() as nursery:
        move(nursery, before)
    seconds = trio.current_time()
    async with th.open_supervisor() as supervisor:
        move(supervisor, after)
    assert after.seen == before.seen
    assert trio.current_time() == 2 * seconds


@pytest.mark.parametrize("move", AWAITED)
async def test_a_task_that_says_when_it_has_started_moves_too(
    autojump_clock: MockClock, move: Callable[[Any, Server], Awaitable[Any]]
) -> None:
    before, after = Server([]), Server([])
    async with trio.open_nursery() as nursery:
        value = await move(nursery, before)
    async with th.open_supervisor() as supervisor:
        child = await move(supervisor, after)
        assert child.value == value
    assert after.seen == before.seen
    assert trio.current_time() == 2


async def test_the_first_error_of_a_nursery_is_a_restart_here(autojump_clock: MockClock) -> None:
    """The one thing that changes with the word."""
    crash = crashes(1, then=sleeps(1))
    with pytest.RaisesGroup(Boom):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crash)
            nursery.start_soon(forever)
    async with th.open_supervisor() as sup:
        child = sup.start_soon(crashes(1, then=sleeps(1)))
    assert child.incarnation == 2
