"""A start that takes longer than it may is a failed start, and the error says what it hung at."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import Boom, Log, crashes, deaf, forever, resource, slow_to_start


async def connect() -> None:
    await trio.sleep_forever()


async def hanging(*, task_status: th.TaskStatus[None]) -> None:
    await connect()


async def test_start_raises_what_the_start_hung_at(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        with pytest.raises(th.StartFailed) as caught:
            await sup.start(hanging, name="db", start_within=5)
        assert trio.current_time() == 5
        assert sup.children == {}
    line = connect.__code__.co_firstlineno + 1
    assert str(caught.value) == (
        f"'s/db' could not start: it was not ready within 5 s; "
        f"it was waiting at {__file__}:{line} in connect"
    )


async def test_a_start_in_time_is_not_disturbed(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child: th.Child[object] = await sup.start(slow_to_start(4.9), start_within=5)
        await trio.sleep(100)
        assert (child.state, child.incarnation) == ("ready", 1)
        await wait_all_tasks_blocked()
        sup.cancel_scope.cancel()


async def test_a_function_that_need_not_say_so_is_ready_in_no_time(
    autojump_clock: MockClock,
) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(forever, start_within=0)
        assert child.state == "ready"
        with pytest.raises(th.StartFailed, match="within 0 s"):
            await sup.start(slow_to_start(1), start_within=0)
        sup.cancel_scope.cancel()


async def test_a_restart_that_takes_too_long_is_counted(
    autojump_clock: MockClock, log: Log
) -> None:
    lives: list[int] = []

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        lives.append(len(lives) + 1)
        if len(lives) > 1:
            await connect()
        task_status.started()
        raise Boom

    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=2, observer=log) as sup:
            await sup.start(component, start_within=5)
    assert [type(error) for error in caught.value.exceptions] == [
        Boom,
        th.StartFailed,
        th.StartFailed,
    ]
    assert log.times("crashed") == [0, 5, 10]
    assert [event.ready for event in log.of(th.ChildEnded)] == [True, False, False]


async def test_start_soon_leaves_it_to_the_policy(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(hanging, restart="temporary", start_within=5)
    assert log.lines == ["hanging 1 crashed", "hanging 1 not-restarted", "s ended"]


async def test_the_wait_for_what_it_needs_is_not_its_own_start(
    autojump_clock: MockClock, log: Log
) -> None:
    async def user(*, db: int) -> None:
        await trio.sleep(1)

    async with th.open_supervisor("s", observer=log) as sup:
        db = sup.start_soon(slow_to_start(100), name="db", background=True)
        sup.start_soon(user, needs={"db": db}, start_within=5)
    assert log.about("crashed") == []


async def test_a_slow_start_has_its_grace(autojump_clock: MockClock) -> None:
    cleaned: list[float] = []

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        try:
            await trio.sleep_forever()
        finally:
            async with th.cleanup():
                await trio.sleep(2)
                cleaned.append(trio.current_time())

    async with th.open_supervisor() as sup:
        with pytest.raises(th.StartFailed, match="within 5 s"):
            await sup.start(component, start_within=5, grace=3)
        assert cleaned == [7]


async def test_being_ready_after_all_comes_too_late(autojump_clock: MockClock) -> None:
    async def component(*, task_status: th.TaskStatus[None]) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(6)
        task_status.started()

    async with th.open_supervisor() as sup:
        with pytest.raises(th.StartFailed, match="within 5 s"):
            await sup.start(component, start_within=5)


async def test_a_context_manager_that_is_entered_too_late_is_left(
    autojump_clock: MockClock,
) -> None:
    seen: list[str] = []

    @contextlib.asynccontextmanager
    async def pool() -> AsyncGenerator[None]:
        with trio.CancelScope(shield=True):
            await trio.sleep(6)
        yield
        await trio.sleep(1)
        seen.append("left")

    async with th.open_supervisor() as sup:
        with pytest.raises(th.StartFailed, match="within 5 s"):
            await sup.start(pool, start_within=5)
        assert seen == ["left"]
        with pytest.raises(th.StartFailed, match="resource"):
            await sup.start(resource("db", seen, enter=10), start_within=5)
        assert trio.current_time() == 12


async def test_who_ignores_the_end_of_a_slow_start_is_reported_as_stuck(
    autojump_clock: MockClock, log: Log
) -> None:
    deaf_for_20 = deaf(20)

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        await deaf_for_20()

    async with th.open_supervisor("s", observer=log) as sup:
        with pytest.raises(th.StartFailed):
            await sup.start(component, start_within=5, grace=1)
    assert log.times("stuck") == [7]
    assert trio.current_time() == 20


async def test_the_child_inside_that_holds_up_a_group_is_named(autojump_clock: MockClock) -> None:
    inner = th.Group("inner", [th.Spec(forever, name="quick"), th.Spec(hanging, name="slow")])
    outer = th.Group("outer", [th.Spec(inner, name="inner")])
    async with th.open_supervisor("s") as sup:
        with pytest.raises(th.StartFailed) as caught:
            await sup.start(outer, name="outer", start_within=5)
    assert (
        "within 5 s; it was waiting for 's/outer/inner/slow', which waits at "
        in caught.value.reason
    )
    assert caught.value.reason.endswith("in connect")


async def test_a_supervisor_that_a_component_opens_is_looked_into_as_well(
    autojump_clock: MockClock,
) -> None:
    async def shop(*, task_status: th.TaskStatus[None]) -> None:
        async with th.open_supervisor("in") as nested:
            nested.start_soon(forever, name="done")
            broken = nested.start_soon(
                crashes(), name="broken", backoff=th.Backoff(100, 100, jitter=0)
            )
            await broken.wait("stopped")

    async with th.open_supervisor("s") as sup:
        with pytest.raises(th.StartFailed) as caught:
            await sup.start(shop, start_within=5)
    assert caught.value.reason == (
        "it was not ready within 5 s; it was waiting for 's/shop/in/broken', which is restarting"
    )


async def test_a_start_that_hangs_in_trio_itself(autojump_clock: MockClock) -> None:
    class Slow:
        """A component without a line of Python that could be seen, once it waits."""

        def __call__(self, *, task_status: th.TaskStatus[None]) -> Awaitable[None]:
            return trio.sleep_forever()  # noqa: ASYNC105 - the supervisor awaits it

    async with th.open_supervisor("s") as sup:
        with pytest.raises(th.StartFailed) as caught:
            await sup.start(Slow(), name="slow", start_within=5)
    assert caught.value.reason.endswith("waiting where no code but trio's can be seen")


async def test_a_start_that_is_cancelled_or_stopped_meanwhile_is_watched_no_longer(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        with trio.move_on_after(3):
            await sup.start(hanging, start_within=5)
        child = sup.start_soon(hanging, start_within=5)
        await trio.sleep(1)
        await child.stop()
        await trio.sleep(100)
    assert log.about("crashed", "stuck") == []


async def test_in_a_group_that_restarts_a_slow_member_is_tried_again(
    autojump_clock: MockClock, log: Log
) -> None:
    starts: list[float] = []

    async def slow_once(*, task_status: th.TaskStatus[None]) -> None:
        starts.append(trio.current_time())
        if len(starts) == 2:
            await connect()
        task_status.started()
        await trio.sleep_forever()

    async with th.open_supervisor("s", strategy="one_for_all", observer=log) as sup:
        sup.start_soon(slow_once, start_within=5)
        sup.start_soon(crashes(1, after=1))
        await trio.sleep(20)
        assert starts == [0, 1, 6]
        assert sup.statistics().running == 2
        sup.cancel_scope.cancel()
