"""Supervisors inside of a harness: what is inside, what it sees, and what its restart takes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import trio

import trioharness as th
from tests.harness._pieces import forever, living, noted, send_all, take_all

pytestmark = pytest.mark.usefixtures("virtual_time")


def started(events: list[th.Event]) -> list[str]:
    return [e.path for e in events if isinstance(e, th.ChildReady)]


def stopped(events: list[th.Event]) -> list[str]:
    return [e.path for e in events if isinstance(e, th.ChildEnded)]


async def crash_after(seconds: float, times: list[float], limit: int) -> None:
    times.append(trio.current_time())
    await trio.sleep(seconds)
    if len(times) <= limit:
        raise ValueError(f"crash {len(times)}")


def test_components_of_a_supervisor_get_ends_and_needs_from_above() -> None:
    app = th.Harness("shop")
    out, numbers = app.channel(int, 4)
    got: list[tuple[int, str]] = []

    async def worker(end: th.ReceiveChannel[int], *, db: str) -> None:
        async for number in end:
            got.append((number, db))

    db = app.add(noted, "db", [])
    with app.supervisor("workers") as workers:
        workers.add(worker, numbers, needs={"db": db}, copies=3)
    app.add(send_all, out, list(range(9)))
    for _ in range(2):
        receipt = app.run()
        assert receipt.ended == "done"
        assert sorted(got) == [(number, "db") for number in range(9)]
        got.clear()


def test_what_is_where(events: list[th.Event]) -> None:
    app = th.Harness("shop", observer=events.append)
    with app.supervisor("outer") as outer:
        outer.add(trio.sleep, 1, name="a")
        with outer.supervisor("inner") as inner:
            inner.add(trio.sleep, 1, name="b", copies=2)
    app.run()
    assert {*started(events)} == {
        "shop/outer",
        "shop/outer/a",
        "shop/outer/inner",
        "shop/outer/inner/b-1",
        "shop/outer/inner/b-2",
    }
    assert repr(app) == "<Harness 'shop': 1 components, 0 channels>"
    assert repr(outer) == "<declared supervisor 'outer': 2 components>"


def test_a_supervisor_that_gave_up_begins_again_with_the_same_channels() -> None:
    """What is queued outlives the restart of all that receives it."""
    app = th.Harness("shop")
    out, numbers = app.channel(int, 9)
    got: list[int] = []

    async def fragile(end: th.ReceiveChannel[int]) -> None:
        async for number in end:
            got.append(number)
            if number in (2, 4, 5):
                raise ValueError

    with app.supervisor("workers", max_restarts=1) as workers:
        workers.add(fragile, numbers)
    app.add(send_all, out, list(range(8)))
    receipt = app.run()
    assert got == list(range(8))
    assert receipt.ended == "done"


def test_its_own_restarts_do_not_count_above() -> None:
    times: list[float] = []
    app = th.Harness("shop", max_restarts=1)
    with app.supervisor("often", max_restarts=6) as often:
        often.add(crash_after, 1, times, 5)
    assert app.run().ended == "done"
    assert times == [0, 1, 2, 3, 4, 5]


def test_a_crash_takes_along_whom_the_strategy_says(events: list[th.Event]) -> None:
    times: list[float] = []
    app = th.Harness("shop", observer=events.append)
    with app.supervisor("group", strategy="rest_for_one") as group:
        group.add(trio.sleep, 3, name="first")
        group.add(crash_after, 1, times, 1, name="second")
        group.add(trio.sleep, 3, name="third")
    app.run()
    lives = [path.removeprefix("shop/group/") for path in started(events)]
    assert lives == ["first", "second", "third", "shop/group", "second", "third"]


def test_the_strategy_of_the_harness_itself(events: list[th.Event]) -> None:
    times: list[float] = []
    app = th.Harness("shop", strategy="one_for_all", observer=events.append)
    app.add(trio.sleep, 3, name="a")
    app.add(crash_after, 1, times, 1, name="b")
    app.run()
    assert started(events) == ["shop/a", "shop/b", "shop/a", "shop/b"]


def test_a_significant_component_ends_its_supervisor() -> None:
    app = th.Harness("shop")
    with app.supervisor("session", auto_shutdown="any_significant") as session:
        session.add(forever, name="reader")
        session.add(trio.sleep, 2, name="writer", significant=True)
    receipt = app.run()
    assert (receipt.ended, receipt.seconds) == ("done", 2)


def test_a_restart_of_a_need_restarts_who_needs_it_inside() -> None:
    lives: list[str] = []

    @contextlib.asynccontextmanager
    async def database(times: list[float]) -> AsyncGenerator[str]:
        times.append(trio.current_time())
        async with trio.open_nursery() as nursery:
            if len(times) == 1:
                nursery.start_soon(break_down)
            yield f"db {len(times)}"
            nursery.cancel_scope.cancel()

    async def break_down() -> None:
        await trio.sleep(1)
        raise ValueError

    async def user(*, db: str) -> None:
        lives.append(db)
        await trio.sleep(3)

    app = th.Harness("shop")
    db = app.add(database, [])
    with app.supervisor("users") as users:
        users.add(user, needs={"db": db})
    app.run()
    assert lives == ["db 1", "db 2"]


# order


def test_consumers_start_before_producers(events: list[th.Event]) -> None:
    async def ready_after(seconds: float, *_: Any, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(seconds)
        task_status.started()

    app = th.Harness("shop", observer=events.append)
    first_out, first_in = app.channel(int, 1)
    second_out, second_in = app.channel(int, 1)
    client, server = app.requests(int, str)
    publisher, topic = app.topic(int)
    app.add(ready_after, 0, first_out, name="source")
    with app.supervisor("middle") as middle:
        middle.add(ready_after, 1, first_in, second_out, client, name="stage")
    app.add(ready_after, 2, second_in, publisher, name="sink")
    app.add(ready_after, 1, server, name="responder")
    app.add(ready_after, 1, topic.subscribe(1), name="listener")
    app.run()
    order = started(events)
    assert order.index("shop/listener") < order.index("shop/sink")
    assert order.index("shop/sink") < order.index("shop/middle/stage")
    assert order.index("shop/responder") < order.index("shop/middle/stage")
    assert order.index("shop/middle") < order.index("shop/source")


def test_siblings_start_at_once() -> None:
    async def ready_after(seconds: float, *, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(seconds)
        task_status.started()

    app = th.Harness("shop")
    with app.supervisor("group") as group:
        for number in range(5):
            group.add(ready_after, 2, name=f"in-{number}")
            app.add(ready_after, 2, name=f"out-{number}")
    assert app.run().seconds == 2


def test_a_circle_of_channels_starts_as_declared(events: list[th.Event]) -> None:
    async def both(out: th.SendChannel[int], end: th.ReceiveChannel[int]) -> None:
        await trio.sleep(1)

    app = th.Harness("shop", observer=events.append)
    there_out, there_in = app.channel(int, 1)
    back_out, back_in = app.channel(int, 1)
    app.add(both, there_out, back_in, name="a")
    app.add(both, back_out, there_in, name="b")
    assert app.run().ended == "done"
    assert {*started(events)} == {"shop/a", "shop/b"}


def test_who_needs_a_consumer_that_needs_it_comes_as_the_need_says(
    events: list[th.Event],
) -> None:
    async def producer(end: th.SendChannel[int], *, task_status: th.TaskStatus[int]) -> None:
        task_status.started(1)
        await trio.sleep(1)

    async def consumer(end: th.ReceiveChannel[int], *, it: int) -> None:
        await trio.sleep(1)

    app = th.Harness("shop", observer=events.append)
    out, numbers = app.channel(int, 1)
    source = app.add(producer, out)
    app.add(consumer, numbers, needs={"it": source})
    app.run()
    assert started(events) == ["shop/producer", "shop/consumer"]


def test_producers_stop_before_consumers(events: list[th.Event]) -> None:
    async def hold(end: object) -> None:
        await trio.sleep_forever()

    async def stop() -> None:
        await trio.sleep(1)
        raise SystemExit

    app = th.Harness("shop", observer=events.append)
    out, numbers = app.channel(int, 1)
    app.add(hold, out, name="source")
    app.add(hold, numbers, name="sink")
    app.add(stop)
    with pytest.raises(SystemExit):
        app.run()
    paths = stopped(events)
    assert paths.index("shop/source") < paths.index("shop/sink")


def test_a_supervisor_after_a_component(events: list[th.Event]) -> None:
    app = th.Harness("shop", observer=events.append)
    first = app.add(trio.sleep, 2, name="first")
    inner = app.supervisor("inner", after=[first])
    inner.add(trio.sleep, 1, name="second")
    app.add(trio.sleep, 1, name="third", after=[inner])
    app.run()
    assert started(events) == ["shop/first", "shop/inner/second", "shop/inner", "shop/third"]


# a drain


def test_a_drain_goes_through_supervisors() -> None:
    app = th.Harness("shop")
    first_out, first_in = app.channel(int, 99, name="first")
    second_out, second_in = app.channel(int, 99, name="second")
    got: list[int] = []

    async def source(end: th.SendChannel[int]) -> None:
        for number in range(50):
            await end.send(number)
        await trio.sleep(5)
        raise th.Shutdown("drain")

    async def stage(end: th.ReceiveChannel[int], out: th.SendChannel[int]) -> None:
        async for number in end:
            await trio.sleep(1)
            await out.send(number)

    app.add(source, first_out)
    with app.supervisor("middle") as middle:
        middle.add(stage, first_in, second_out)
    app.add(take_all, second_in, got)

    async def main() -> th.Receipt:
        async with app.open() as running:
            await trio.sleep(3)
            running.drain(100)
        return running.receipt()

    receipt = trio.run(main)
    assert receipt.ended == "drained"
    assert got == list(range(50))
    assert [(c.sent, c.delivered, c.left) for c in receipt.channels] == [(50, 50, 0)] * 2


# what is refused


def test_what_a_supervisor_refuses() -> None:
    app = th.Harness("shop")
    inner = app.supervisor("inner")
    loosely: Any = app
    with pytest.raises(th.DuplicateNameError, match=r"'inner'.*has two of that name"):
        app.supervisor("inner")
    with pytest.raises(th.ConfigurationError, match="strategy='none' is not known"):
        loosely.supervisor("x", strategy="none")
    with pytest.raises(th.ConfigurationError, match="name='a/b' is no name"):
        app.supervisor("a/b")
    with pytest.raises(th.ConfigurationError, match="max_restarts"):
        app.supervisor("x", max_restarts=-1)
    with pytest.raises(th.ConfigurationError, match="never shuts down for one"):
        inner.add(forever, significant=True)
    with pytest.raises(th.ConfigurationError, match="never shuts down for one"):
        inner.supervisor("y", significant=True)
    assert repr(app) == "<Harness 'shop': 1 components, 0 channels>"


def test_what_is_inside_of_another_supervisor_is_a_stranger() -> None:
    app = th.Harness("shop")
    with app.supervisor("one") as one:
        hidden = one.add(noted, "db", [], name="db")
    with app.supervisor("two") as two:
        two.add(living, "x", [], name="x", needs={"db": hidden})
    with pytest.raises(th.UnknownNeedError, match=r"'x'.*'db', which is no component of its sup"):
        app.run()


def test_a_need_that_a_nearer_one_hides_is_refused() -> None:
    app = th.Harness("shop")
    db = app.add(noted, "db", [], name="db")
    with app.supervisor("inner") as inner:
        inner.add(noted, "other", [], name="db")
        inner.add(living, "x", [], name="x", needs={"it": db})
    with pytest.raises(th.ConfigurationError, match="'db' of a supervisor further up"):
        app.run()


def test_a_need_inside_of_what_is_needed_is_a_circle() -> None:
    app = th.Harness("shop")
    inner = app.supervisor("inner")
    outer = app.add(living, "x", [], name="x", after=[inner])
    inner.add(living, "y", [], name="y", needs={"it": outer})
    with pytest.raises(th.CycleError, match=r"x -> inner -> x|inner -> x -> inner"):
        app.run()


def test_a_pipeline_inside_of_a_supervisor_ends_by_itself() -> None:
    app = th.Harness("shop")
    out, numbers = app.channel(int, 1)
    got: list[int] = []
    with app.supervisor("inner") as inner:
        inner.add(send_all, out, [1, 2, 3])
        inner.add(take_all, numbers, got)
    with app.supervisor("deep") as deep, deep.supervisor("deeper") as deeper:
        more_out, more = app.channel(int, 1)
        deeper.add(send_all, more_out, [4, 5])
        deeper.add(take_all, more, got)
    assert app.run().ended == "done"
    assert sorted(got) == [1, 2, 3, 4, 5]
