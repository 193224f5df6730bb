"""A drain: sources first, consumers finish what is queued, what others need ends last."""

from __future__ import annotations

import itertools

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import (
    Boom,
    Log,
    crashes,
    deaf,
    forever,
    resource,
    sleeps,
    slow_to_start,
    slow_to_stop,
)

Send = th.SendChannel[int]
Receive = th.ReceiveChannel[int]


async def source(send: Send) -> None:
    for number in itertools.count():
        await send.send(number)
        await trio.sleep(0.1)


async def consume(receive: Receive, got: list[int], seconds: float = 1.0) -> None:
    async for number in receive:
        await trio.sleep(seconds)
        got.append(number)


async def test_a_pipeline_is_emptied(autojump_clock: MockClock, log: Log) -> None:
    got: list[int] = []

    async def copy(receive: Receive, send: Send) -> None:
        async for number in receive:
            await send.send(number)

    first_in, first_out = th.open_channel(int, 5)
    second_in, second_out = th.open_channel(int, 5)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(consume, second_out, got, name="consumer")
        sup.start_soon(copy, first_out, second_in, name="copier")
        sup.start_soon(source, first_in, name="source")
        await trio.sleep(5)
        sup.drain()
        assert "draining" in repr(sup)
    sent = second_out.channel.statistics().sent
    assert got == list(range(sent))
    assert sent > 10
    assert log.about("stopped", "returned") == [
        "source 1 stopped",
        "copier 1 returned",
        "consumer 1 returned",
    ]
    assert sup.overran == ()


async def test_a_source_may_be_told(autojump_clock: MockClock, log: Log) -> None:
    got: list[int] = []

    async def polite(send: Send) -> None:
        with th.stop_on_drain() as scope:
            await trio.sleep_forever()
        assert scope.cancelled_caught
        await send.send(99)

    send, receive = th.open_channel(int, 5)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(consume, receive, got, name="consumer")
        sup.start_soon(polite, send, name="source", restart="permanent")
        await trio.sleep(5)
        sup.drain()
    assert got == [99]
    assert log.about("stopping") == []
    assert log.about("returned")[0] == "source 1 returned"


async def test_only_the_block_is_left_and_only_by_a_drain(autojump_clock: MockClock) -> None:
    seen: list[str] = []

    async def component() -> None:
        with th.stop_on_drain():
            await trio.sleep_forever()
        seen.append("outer")
        await trio.sleep(1)
        with th.stop_on_drain() as scope:
            assert scope.cancel_called
            await trio.sleep_forever()
        seen.append("late")

    async with th.open_supervisor() as sup:
        sup.start_soon(component)
        await trio.sleep(1)
        assert seen == []
        sup.drain()
    assert seen == ["outer", "late"]
    assert trio.current_time() == 2


async def test_a_source_has_its_grace(autojump_clock: MockClock, log: Log) -> None:
    seen: list[str] = []
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(slow_to_stop(3, seen), name="a", grace=5)
        await sup.start(slow_to_stop(30, seen), name="b", grace=5)
        sup.drain()
    assert trio.current_time() == 5
    assert seen == ["begins at 0", "begins at 0", "done at 3"]
    assert log.about("stopping", "stopped") == [
        "a 1 stopping",
        "b 1 stopping",
        "a 1 stopped",
        "b 1 stopped",
    ]
    assert {event.reason for event in log.of(th.ChildStopping)} == {"drain"}


async def test_a_stuck_source_is_reported(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(deaf(60), name="deaf", grace=2)
        sup.drain()
    assert trio.current_time() == 60
    assert log.times("stuck") == [3]
    assert sup.overran == ("s/deaf",)


async def test_a_consumer_that_crashes_meanwhile_restarts_at_once(
    autojump_clock: MockClock, log: Log
) -> None:
    got: list[int] = []
    lives = itertools.count(1)

    async def fragile(receive: Receive) -> None:
        life = next(lives)
        async for number in receive:
            await trio.sleep(1)
            got.append(number)
            if life < 3:
                raise Boom

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(fragile, receive, name="c", backoff=th.Backoff(100, 100, jitter=0))
        for number in range(6):
            send.send_nowait(number)
        await trio.sleep(0.5)
        sup.drain()
    assert got == [0, 1, 2, 3, 4, 5]
    assert trio.current_time() == 6
    assert [event.delay for event in log.of(th.ChildRestarting)] == [0, 0]
    send.close()


async def test_a_consumer_that_backs_off_is_started_at_once(autojump_clock: MockClock) -> None:
    got: list[int] = []
    lives = itertools.count(1)

    async def fragile(receive: Receive) -> None:
        if next(lives) == 1:
            raise Boom
        await consume(receive, got)

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor() as sup:
        child = sup.start_soon(fragile, receive, backoff=th.Backoff(1000, 1000, jitter=0))
        send.send_nowait(7)
        await trio.sleep(1)
        assert child.state == "restarting"
        sup.drain()
    assert got == [7]
    assert trio.current_time() == 2
    send.close()


async def test_a_source_that_backs_off_is_not_started_again(autojump_clock: MockClock) -> None:
    got: list[int] = []
    lives: list[int] = []

    async def fragile(send: Send) -> None:
        lives.append(1)
        await send.send(1)
        raise Boom

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor() as sup:
        sup.start_soon(consume, receive, got)
        sup.start_soon(fragile, send, backoff=th.Backoff(1000, 1000, jitter=0))
        await trio.sleep(5)
        sup.drain()
    assert (got, lives) == ([1], [1])
    assert trio.current_time() == 5


@pytest.mark.parametrize("how", ["crash", "return"])
async def test_a_source_that_ends_in_a_drain_has_ended(
    autojump_clock: MockClock, log: Log, how: str
) -> None:
    async def component() -> None:
        with th.stop_on_drain():
            await trio.sleep_forever()
        if how == "crash":
            raise Boom

    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(component, restart="permanent")
        sup.drain()
    assert log.about("restarting") == []


async def test_a_permanent_consumer_is_done_when_its_input_is(
    autojump_clock: MockClock, log: Log
) -> None:
    got: list[int] = []
    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(consume, receive, got, restart="permanent")
        send.send_nowait(1)
        await trio.sleep(0.5)
        sup.drain()
    assert got == [1]
    assert log.about("restarting") == []
    send.close()


async def test_a_channel_that_is_fed_from_outside_is_finished(autojump_clock: MockClock) -> None:
    got: list[int] = []
    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor() as sup:
        sup.start_soon(consume, receive, got)
        for number in range(4):
            await send.send(number)
        sup.drain()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.BrokenResourceError):
            await send.send(9)
    assert got == [0, 1, 2, 3]
    assert trio.current_time() == 4
    send.close()


async def test_a_channel_that_is_fed_from_inside_too_is_finished_after_that(
    autojump_clock: MockClock,
) -> None:
    got: list[int] = []

    async def slow_source(send: Send) -> None:
        with th.stop_on_drain():
            await trio.sleep_forever()
        await trio.sleep(3)
        await send.send(1)

    send, receive = th.open_channel(int, 10)
    outside = send.clone()
    async with th.open_supervisor() as sup:
        sup.start_soon(consume, receive, got)
        sup.start_soon(slow_source, send)
        await trio.sleep(1)
        sup.drain()
        await trio.sleep(1)
        outside.send_nowait(0)
    assert got == [0, 1]
    outside.close()


async def test_what_others_need_ends_last(autojump_clock: MockClock, log: Log) -> None:
    seen: list[str] = []
    got: list[int] = []

    async def user(receive: Receive, *, db: str, cache: object) -> None:
        await consume(receive, got)
        seen.append("user is done")

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        db = await sup.start(resource("db", seen))
        cache = await sup.start(forever, name="cache")
        sup.start_soon(user, receive, needs={"db": db, "cache": cache}, name="user")
        sup.start_soon(source, send, name="source")
        await trio.sleep(1)
        sup.drain()
        await trio.sleep(2)
        assert cache.state == "ready"
    assert seen == ["db 1 entered", "user is done", "db 1 left"]
    assert log.about("stopping") == ["source 1 stopping", "cache 1 stopping", "manager 1 stopping"]


@pytest.mark.parametrize("background", [True, False])
async def test_a_need_that_crashes_meanwhile_is_restarted(
    autojump_clock: MockClock, background: bool
) -> None:
    got: list[int] = []
    values: list[str] = []
    numbers = itertools.count(1)

    async def pool(*, task_status: th.TaskStatus[str]) -> None:
        number = next(numbers)
        task_status.started(f"pool {number}")
        await trio.sleep(2.5 if number == 1 else 1000)
        raise Boom

    async def user(receive: Receive, *, db: str) -> None:
        values.append(db)
        await consume(receive, got)

    send, receive = th.open_channel(int, 10, max_deliveries=3)
    async with th.open_supervisor() as sup:
        db = await sup.start(pool, background=background)
        sup.start_soon(user, receive, needs={"db": db})
        for number in range(5):
            await send.send(number)
        sup.drain()
    assert got == [0, 1, 2, 3, 4]
    assert values == ["pool 1", "pool 2"]
    send.close()


async def test_over_time_the_rest_is_stopped_in_reverse(
    autojump_clock: MockClock, log: Log
) -> None:
    got: list[int] = []
    send, receive = th.open_channel(int, 10, max_deliveries=3)
    watch = receive.clone()
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(consume, receive, got, name="a")
        sup.start_soon(consume, receive, got, name="b")
        sup.start_soon(consume, receive, got, name="c", needs={}, restart="permanent")
        for number in range(9):
            await send.send(number)
        await trio.sleep(1)
        sup.drain(grace=1.5)
    assert trio.current_time() == 2.5
    assert len(got) == 6
    assert log.about("stopping") == ["c 1 stopping", "b 1 stopping", "a 1 stopping"]
    assert sup.overran == ("s/a", "s/b", "s/c")
    assert watch.channel.statistics().current_buffer_used == 3
    assert {event.reason for event in log.of(th.ChildStopping)} == {
        "the grace of the drain is over"
    }
    send.close()
    watch.close()


async def test_over_time_a_stuck_child_is_named_once(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        await sup.start(deaf(60), name="deaf", grace=2)
        sup.drain(grace=1)
    assert sup.overran == ("supervisor/deaf",)


async def test_no_grace_at_all(autojump_clock: MockClock) -> None:
    got: list[int] = []
    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor() as sup:
        sup.start_soon(consume, receive, got)
        await send.send(1)
        sup.drain(0)
    assert trio.current_time() == 0
    send.close()


@pytest.mark.parametrize("stay", [True, False])
async def test_a_drain_with_nothing(autojump_clock: MockClock, stay: bool) -> None:
    with trio.fail_after(5):
        async with th.open_supervisor(stay=stay) as sup:
            sup.drain()
    with trio.fail_after(5):
        async with th.open_supervisor(stay=stay) as sup:
            await sup.start(resource("db", []))
            child = sup.start_soon(sleeps(1))
            await child.wait("stopped")
            sup.drain()
    assert trio.current_time() == 1


async def test_a_drain_while_the_block_waits(autojump_clock: MockClock) -> None:
    async def drain(sup: th.Supervisor) -> None:
        await trio.sleep(3)
        sup.drain()

    async with trio.open_nursery() as nursery:
        async with th.open_supervisor(stay=True) as sup:
            nursery.start_soon(drain, sup)
        assert trio.current_time() == 3


async def test_a_second_drain_does_nothing(autojump_clock: MockClock) -> None:
    got: list[int] = []
    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor() as sup:
        sup.start_soon(consume, receive, got)
        for number in range(3):
            await send.send(number)
        sup.drain()
        sup.drain(0)
        await trio.sleep(1)
        sup.drain(0)
    assert got == [0, 1, 2]
    sup.drain()
    send.close()


async def test_nothing_is_started_in_a_drain(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        stopped = await sup.start(forever, name="stopped")
        await stopped.stop()
        sup.start_soon(sleeps(1), name="ends")
        await sup.start(deaf(3))
        sup.drain()
        with pytest.raises(th.SupervisorClosed):
            sup.start_soon(forever)
        with pytest.raises(th.SupervisorClosed):
            await sup.start(forever)
        with pytest.raises(th.SupervisorClosed):
            await stopped.restart()


@pytest.mark.parametrize("waits_for", ["its component", "the turn", "a need"])
@pytest.mark.parametrize("receives", [True, False])
async def test_a_start_that_is_under_way_when_it_drains(
    autojump_clock: MockClock, waits_for: str, receives: bool
) -> None:
    send, receive = th.open_channel(int, 1)
    outcomes: list[str] = []

    async def component(*_: Receive, need: object = None, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1 if waits_for != "its component" else 1000)
        task_status.started()

    async def slow(receive: Receive, *, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(5)
        task_status.started()

    async def start(sup: th.Supervisor, needs: dict[str, th.Child[object]]) -> None:
        try:
            with trio.move_on_after(50):
                await sup.start(component, *([receive] if receives else []), needs=needs)
                outcomes.append("started")
        except th.SupervisorClosed:
            outcomes.append("closed")
        except th.StartFailed:
            outcomes.append("failed")

    with trio.fail_after(200):
        async with th.open_supervisor() as sup, trio.open_nursery() as nursery:
            other = receive.clone()
            needs: dict[str, th.Child[object]] = {}
            if waits_for == "a need":
                needs = {"need": sup.start_soon(slow, other)}
            elif waits_for == "the turn":
                nursery.start_soon(sup.start, slow, other)
                await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(start, sup, needs)
            await trio.testing.wait_all_tasks_blocked()
            sup.drain()
    # A consumer that starts already is let to; nothing else is.
    if waits_for == "its component" and receives:
        assert outcomes == []
    else:
        assert outcomes == ["closed"]
    receive.close()
    other.close()
    send.close()


async def test_children_that_wait_for_a_need_that_is_done(autojump_clock: MockClock) -> None:
    """The drain must see that they never begin, and end."""

    async def user(receive: Receive, *, need: object) -> None: ...

    send, receive = th.open_channel(int, 1)
    with trio.fail_after(50):
        async with th.open_supervisor() as sup:
            need = sup.start_soon(slow_to_start(10), restart="temporary", background=True)
            child = sup.start_soon(user, receive, needs={"need": need})
            await trio.sleep(1)
            sup.drain()
            await trio.sleep(1)
            need.kill()
    assert child.state == "complete"
    send.close()


async def test_a_child_that_is_stopped_by_hand_in_a_drain(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 1)
    outside = send.clone()
    foreign_send, foreign_receive = trio.open_memory_channel[int](0)

    async def consumer(receive: trio.MemoryReceiveChannel[int]) -> None:
        async for _ in receive:
            pass

    with trio.fail_after(50):
        async with th.open_supervisor() as sup:
            child = await sup.start(consumer, foreign_receive)
            sup.drain()
            await trio.sleep(3)
            assert child.state == "ready"  # nobody can finish a channel of trio's
            await child.stop()
    assert trio.current_time() == 3
    for end in (send, outside, receive, foreign_send):
        end.close()


async def test_cancelled_in_a_drain(autojump_clock: MockClock, log: Log) -> None:
    foreign_send, foreign_receive = trio.open_memory_channel[int](0)

    async def consumer(receive: trio.MemoryReceiveChannel[int]) -> None:
        async for _ in receive:
            pass

    with trio.move_on_after(3):
        async with th.open_supervisor("s", observer=log) as sup:
            await sup.start(consumer, foreign_receive, name="a")
            sup.start_soon(crashes(1), name="b", backoff=th.Backoff(100, jitter=0))
            sup.drain()
    assert trio.current_time() == 3
    assert log.lines[-3:] == ["a 1 stopping", "a 1 stopped", "s ended"]
    foreign_send.close()


async def test_a_crash_too_many_in_a_drain(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 10)

    async def fragile(receive: Receive) -> None:
        async for _ in receive:
            await trio.sleep(1)
            raise Boom

    for number in range(5):
        send.send_nowait(number)
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor(max_restarts=2) as sup:
            sup.start_soon(fragile, receive)
            sup.drain()
    assert trio.current_time() == 3
    send.close()
