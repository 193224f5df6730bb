"""Faults, through real supervisors and channels: what each does, when, and to whom."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import AsyncGenerator, Callable, Generator
from itertools import pairwise
from typing import Any, Literal, Self

import attrs
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

import trioharness as th
from tests.testing.virtual import virtual
from trioharness.testing import EventRecorder, Fault, Faults, run, virtual_clock

Diary = list[tuple[str, float]]


def note(diary: Diary, what: str) -> None:
    diary.append((what, trio.current_time()))


async def work(diary: Diary, seconds: float = math.inf) -> None:
    note(diary, "begin")
    try:
        await trio.sleep(seconds)
    finally:
        note(diary, "end")


async def server(diary: Diary, *, task_status: th.TaskStatus[str]) -> None:
    note(diary, "begin")
    try:
        await trio.sleep(1)
        task_status.started("port")
        await trio.sleep_forever()
    finally:
        note(diary, "end")


@contextlib.asynccontextmanager
async def database(diary: Diary) -> AsyncGenerator[str]:
    """What goes wrong while it is open reaches it, and it can still await then."""
    note(diary, "begin")
    await trio.sleep(1)
    try:
        yield "pool"
    except Exception as error:
        note(diary, type(error).__name__)
        raise
    finally:
        await trio.sleep(0.5)  # noqa: ASYNC102 - what is tested is whether it may
        note(diary, "end")


class Pool:
    """A component that is a class."""

    def __init__(self, diary: Diary) -> None:
        self.diary = diary

    async def __aenter__(self) -> Self:
        note(self.diary, "begin")
        return self

    async def __aexit__(self, *_: object) -> None:
        note(self.diary, "end")


class Held(th.Component):
    """A component that is a class, and only held open."""

    def __init__(self, diary: Diary) -> None:
        self.diary = diary

    async def setup(self) -> None:
        await trio.sleep(1)
        note(self.diary, "begin")

    async def teardown(self) -> None:
        await trio.lowlevel.checkpoint()
        note(self.diary, "end")


@attrs.frozen
class Runs(th.Component):
    """A component that is a frozen class, and works."""

    diary: Diary
    orders: th.ReceiveChannel[int] | None = None

    async def run(self) -> None:
        note(self.diary, "begin")
        if self.orders is None:
            await trio.sleep_forever()
        else:
            async for order in self.orders:
                note(self.diary, str(order))

    async def teardown(self) -> None:
        await trio.lowlevel.checkpoint()
        note(self.diary, "end")


class Worker:
    """A component that is an object; its methods are components too."""

    def __init__(self) -> None:
        self.diary = Diary()

    async def work(self) -> None:
        await work(self.diary)

    async def __call__(self, *_: object) -> None:
        await work(self.diary)


async def collect(orders: trio.abc.ReceiveChannel[int], into: list[int]) -> None:
    async for order in orders:
        into.append(order)


async def produce(orders: trio.abc.SendChannel[int], count: int) -> None:
    for number in range(count):
        await orders.send(number)


async def lives(component: Callable[..., Any], *args: object, within: float) -> EventRecorder:
    """Supervise a component for a while; return what was told."""
    recorder = EventRecorder()
    async with th.open_supervisor("shop", observer=recorder, stay=True) as sup:
        sup.start_soon(component, *args, name="child", background=False)
        await trio.sleep(within)
        sup.cancel_scope.cancel()
    return recorder


def exits(recorder: EventRecorder) -> list[tuple[float, bool, str]]:
    """Of each end: the time, whether it had been ready, and the error or the kind."""
    return [
        (
            e.time,
            e.ready,
            str(e.exit.error) if isinstance(e.exit, th.Crashed) else repr(type(e.exit)),
        )
        for e in recorder.of(th.ChildEnded)
    ]


# crash


@virtual
async def test_it_crashes_at_its_time_and_then_no_more() -> None:
    faults, diary = Faults(seed=7), Diary()
    recorder = await lives(faults.crash(work, at=3.0), diary, within=10)
    assert diary == [("begin", 0), ("end", 3), ("begin", 3), ("end", 10)]
    (time, ready, error), _ = exits(recorder)
    assert (time, ready) == (3, True)
    assert error == (
        "'work' was crashed 3 s after its start, in incarnation 1, on purpose; "
        "Faults(seed=7) does it again"
    )
    assert [str(fault) for fault in faults.struck] == [error]
    recorder.assert_schedule("shop/child", [3])


@virtual
async def test_it_crashes_in_the_lives_it_is_told_to() -> None:
    faults = Faults()
    recorder = await lives(faults.crash(work, at=2, incarnations={2, 3}), Diary(), 4.0, within=20)
    recorder.assert_schedule("shop/child", [])
    assert faults.struck == ()
    broken = faults.crash(server, at=2, incarnations=range(1, 4))
    recorder = await lives(broken, Diary(), within=20)
    recorder.assert_schedule("shop/child", [2, 4, 6], start=20)
    broken = faults.crash(server, at=2, incarnations=None)
    recorder = EventRecorder()
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("shop", observer=recorder, max_restarts=6) as sup:
            sup.start_soon(broken, Diary(), name="child")
    assert len(recorder.restarts("shop/child")) == 6
    assert all(isinstance(error, Fault) for error in caught.value.exceptions)


@virtual
async def test_at_once_means_without_a_step_of_its_own() -> None:
    diary = Diary()
    recorder = await lives(Faults().crash(work), diary, within=1)
    assert diary == [("begin", 0), ("end", 1)]
    assert exits(recorder)[0][:2] == (0, True)


@virtual
async def test_what_has_ended_by_then_is_left_alone() -> None:
    faults = Faults()
    recorder = await lives(faults.crash(work, at=3), Diary(), 2.0, within=5)
    assert exits(recorder) == [(2, True, repr(th.Returned))]
    assert faults.struck == ()


@virtual
async def test_a_start_that_lasts_longer_fails() -> None:
    diary = Diary()
    recorder = EventRecorder()
    async with th.open_supervisor("shop", observer=recorder) as sup:
        with pytest.raises(Fault, match=r"crashed 0\.5 s after its start"):
            await sup.start(Faults().crash(server, at=0.5), diary)
        with pytest.raises(Fault, match=r"crashed 0\.75 s after its start"):
            await sup.start(Faults().crash(database, at=0.75), diary)
    assert [exit[:2] for exit in exits(recorder)] == [(0.5, False), (1.25, False)]


@virtual
async def test_an_open_manager_sees_the_crash_as_an_error() -> None:
    diary = Diary()
    recorder = await lives(Faults().crash(database, at=3), diary, within=4)
    assert diary[:3] == [("begin", 0), ("Fault", 3), ("end", 3.5)]
    assert exits(recorder)[0][:2] == (3.5, True)


@virtual
async def test_a_manager_cannot_swallow_it() -> None:
    @contextlib.asynccontextmanager
    async def swallows() -> AsyncGenerator[None]:
        with contextlib.suppress(Fault):
            yield

    recorder = await lives(Faults().crash(swallows, at=3), within=4)
    assert exits(recorder)[0][2].startswith("'swallows' was crashed")


@virtual
async def test_a_stop_is_none() -> None:
    faults, diary = Faults(), Diary()
    recorder = await lives(faults.crash(database, at=30), diary, within=4)
    assert exits(recorder) == [(4.5, True, repr(th.Stopped))]
    assert diary == [("begin", 0), ("end", 4.5)]
    assert faults.struck == ()


@virtual
async def test_the_error_can_be_ones_own() -> None:
    faults = Faults(seed=3, error=ConnectionError)
    recorder = EventRecorder()
    async with th.open_supervisor("shop", observer=recorder) as sup:
        restart: dict[type[Exception], Literal["temporary"]] = {ConnectionError: "temporary"}
        sup.start_soon(faults.crash(work, at=1), Diary(), name="child", restart=restart)
    (ended,) = recorder.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Crashed)
    assert isinstance(ended.exit.error, ConnectionError)
    assert "Faults(seed=3)" in str(ended.exit.error)
    assert ended.exit.error.__cause__ is faults.struck[0]
    recorder.assert_schedule("shop/child", [])


# crash_before_ready, fail_start, delay_start


@pytest.mark.parametrize(
    ("component", "began", "time"), [(server, True, 1), (database, True, 1.5), (work, False, 0)]
)
def test_it_crashes_before_it_is_ready(
    component: Callable[..., Any], began: bool, time: float
) -> None:
    async def main() -> None:
        diary = Diary()
        recorder = EventRecorder()
        broken = Faults().crash_before_ready(component)
        async with th.open_supervisor("shop", observer=recorder, stay=True) as sup:
            with pytest.raises(Fault, match="was crashed before it was ready, in incarnation 1"):
                await sup.start(broken, diary, name="child")
            assert [what for what, _ in diary if what != "Fault"] == ["begin", "end"] * began
            assert [exit[:2] for exit in exits(recorder)] == [(time, False)]
            child: th.Child[object] = await sup.start(broken, diary, name="child")
            assert child.state == "ready"
            sup.cancel_scope.cancel()

    run(main)


@pytest.mark.parametrize("component", [server, database, work, Pool])
def test_so_many_starts_fail(component: Callable[..., Any]) -> None:
    async def main() -> None:
        diary = Diary()
        recorder = await lives(Faults().fail_start(component, 3), diary, within=9)
        assert [exit[:2] for exit in exits(recorder)[:3]] == [(0, False)] * 3
        assert [what for what, _ in diary] == ["begin", "end"]
        assert [event.incarnation for event in recorder.of(th.ChildReady)] == [4]

    run(main)


@virtual
async def test_the_first_start_can_fail_for_who_waits() -> None:
    async with th.open_supervisor("shop", stay=True) as sup:
        broken = Faults().fail_start(server)
        with pytest.raises(Fault, match="'server' was kept from starting"):
            await sup.start(broken, Diary())
        assert (await sup.start(broken, Diary())).value == "port"
        sup.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("component", "ready", "begins"), [(server, 6, 5), (database, 6, 5), (work, 0, 5)]
)
def test_a_start_is_delayed(component: Callable[..., Any], ready: float, begins: float) -> None:
    async def main() -> None:
        diary = Diary()
        recorder = await lives(Faults().delay_start(component, 5), diary, within=9)
        assert [event.time for event in recorder.of(th.ChildReady)] == [ready]
        assert diary[0] == ("begin", begins)

    run(main)


@pytest.mark.parametrize("component", [server, database, work])
def test_a_stop_during_the_delay_leaves_nothing(component: Callable[..., Any]) -> None:
    async def main() -> None:
        diary = Diary()
        faults = Faults()
        recorder = await lives(faults.delay_start(component, 5), diary, within=3)
        assert exits(recorder)[0][0] == 3
        assert diary == []
        assert faults.struck == ()

    run(main)


@virtual
async def test_faults_nest() -> None:
    faults, diary = Faults(), Diary()
    broken = faults.crash(faults.delay_start(server, 2), at=5, incarnations=(2,))
    recorder = await lives(faults.fail_start(broken), diary, within=20)
    # The first start fails before the others are asked, so their first life is the second.
    recorder.assert_schedule("shop/child", [0])
    broken = faults.crash(faults.delay_start(server, 2), at=5)
    recorder = await lives(faults.fail_start(broken), diary, within=20)
    recorder.assert_schedule("shop/child", [0, 5], start=20)


# crash_on_message


@virtual
async def test_it_crashes_with_a_message_in_hand() -> None:
    send, orders = th.open_channel(int, 9, name="orders", max_deliveries=3)
    faults, got, recorder = Faults(), list[int](), EventRecorder()
    async with th.open_supervisor("shop", observer=recorder) as sup:
        sup.start_soon(produce, send, 6, name="producer")
        sup.start_soon(faults.crash_on_message(collect, 4), orders, got, name="child")
    assert got == [0, 1, 2, 3, 4, 5]
    (crash,) = (e for e in recorder.of(th.ChildEnded, "shop/child") if e.in_hand)
    assert [(hand.message, hand.attempt, hand.fate) for hand in crash.in_hand] == [
        ("3", 1, "returned")
    ]
    assert orders.statistics().received == 6
    assert orders.statistics().open_receive_channels == 0
    assert len(faults.struck) == 1


@virtual
async def test_each_delivery_can_be_struck_until_it_is_a_dead_letter() -> None:
    send, orders = th.open_channel(int, 9, name="orders", max_deliveries=2)
    dead = orders.channel.dead
    faults, got = Faults(), list[int]()
    async with th.open_supervisor("shop") as sup:
        broken = faults.crash_on_message(collect, 1, incarnations={1, 2})
        sup.start_soon(broken, orders, got)
        sup.start_soon(produce, send, 3)
    assert got == [1, 2]
    letter = dead.receive_nowait()
    assert (letter.message, letter.attempts) == (0, 2)
    assert letter.error is faults.struck[1]


@virtual
async def test_without_deliveries_the_message_is_gone() -> None:
    send, orders = th.open_channel(int, 9)
    got: list[int] = []
    async with th.open_supervisor("shop") as sup:
        sup.start_soon(Faults().crash_on_message(collect, 2), orders, got)
        sup.start_soon(produce, send, 4)
    assert got == [0, 2, 3]


@virtual
async def test_trios_channels_are_watched_and_handed_over_too() -> None:
    send, orders = trio.open_memory_channel[int](9)
    got: list[int] = []
    async with th.open_supervisor("shop") as sup:
        sup.start_soon(Faults().crash_on_message(collect, 2), orders, got)
        sup.start_soon(produce, send, 4)
    assert got == [0, 2, 3]
    assert orders.statistics().open_receive_channels == 0


async def in_batches(orders: th.ReceiveChannel[int], into: list[list[int]]) -> None:
    async for batch in orders.batches(4):
        into.append(batch)


async def in_handfuls(orders: th.ReceiveChannel[int], into: list[list[int]]) -> None:
    with contextlib.suppress(trio.EndOfChannel):
        while True:
            into.append(await orders.receive_many(4))


async def one_by_one(orders: th.ReceiveChannel[int], into: list[list[int]]) -> None:
    with contextlib.suppress(trio.EndOfChannel), orders.clone() as clone:
        while True:
            await trio.lowlevel.checkpoint()
            with contextlib.suppress(trio.WouldBlock):
                into.append([clone.receive_nowait()])


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        (in_batches, [[0, 1, 2, 3], [8, 9]]),
        (in_handfuls, [[0, 1, 2, 3], [8, 9]]),
        (one_by_one, [[0], [1], [2], [3], [4], [6], [7], [8], [9]]),
    ],
)
def test_every_way_to_receive_counts(
    component: Callable[..., Any], expected: list[list[int]]
) -> None:
    async def main() -> None:
        send, orders = th.open_channel(int, 10)
        for number in range(10):
            send.send_nowait(number)
        send.close()
        got: list[list[int]] = []
        async with th.open_supervisor("shop") as sup:
            sup.start_soon(Faults().crash_on_message(component, 6), orders, got)
        assert got == expected

    run(main)


@virtual
async def test_a_component_sees_an_end_with_all_its_methods() -> None:
    send, orders = th.open_channel(int, 9, name="orders", max_deliveries=2)
    seen: list[object] = []
    recorder = EventRecorder()

    async def look(end: th.ReceiveChannel[int]) -> None:
        async with end as same:
            seen.extend([same is end, end.channel, await end.receive(), repr(end)])
            end.ack()
        await end.aclose()
        with pytest.raises(trio.ClosedResourceError):
            end.ack()
        assert not hasattr(end, "nothing")

    send.send_nowait(5)
    async with th.open_supervisor("shop", observer=recorder) as sup:
        sup.start_soon(Faults().crash_on_message(look, 9), orders)
    recorder.assert_schedule("shop/look", [])  # or what it asserts itself has failed
    assert seen[:3] == [True, orders.channel, 5]
    assert "faulty <ReceiveChannel" in str(seen[3])


@virtual
async def test_closing_what_a_component_sees_closes_the_end() -> None:
    send, orders = th.open_channel(int, 9)
    open_ends: list[int] = []

    async def close(end: th.ReceiveChannel[int]) -> None:
        def look() -> None:
            open_ends.append(orders.statistics().open_receive_channels)

        first, second, third, fourth = (end.clone() for _ in range(4))
        look()
        first.close()
        look()
        await second.aclose()
        look()
        with third:
            pass
        look()
        async with fourth:
            pass
        look()

    async with th.open_supervisor("shop") as sup:
        sup.start_soon(Faults().crash_on_message(close, 9), orders)
    assert open_ends == [6, 5, 4, 3, 2]
    send.close()


@virtual
async def test_a_component_may_hand_its_end_on() -> None:
    """A supervisor inside the component settles the stand-in as it would the end itself."""
    send, orders = th.open_channel(int, 9, name="orders", max_deliveries=3)
    got: list[int] = []
    recorder = EventRecorder()

    async def inside(end: th.ReceiveChannel[int]) -> None:
        async with th.open_supervisor("inner") as sup:
            sup.start_soon(collect, end, got, name="worker")

    async with th.open_supervisor("shop", observer=recorder) as sup:
        sup.start_soon(Faults().crash_on_message(inside, 2), orders, name="inside")
        sup.start_soon(produce, send, 4)
    assert got == [0, 1, 2, 3]
    recorder.assert_schedule("shop/inside/inner/worker", [0])
    (crash,) = (e for e in recorder.of(th.ChildEnded) if e.in_hand)
    assert [(hand.message, hand.fate) for hand in crash.in_hand] == [("1", "returned")]


# cancel_in_send


@virtual
async def test_a_send_that_waits_is_withdrawn() -> None:
    send, orders = th.open_channel(int, 1)
    recorder = EventRecorder()
    async with th.open_supervisor("shop", observer=recorder) as sup:
        broken = Faults(seed=1).cancel_in_send(produce, 2)
        sup.start_soon(broken, send, 5, name="child", restart="temporary")
        await virtual_clock().advance(1)
        # The first one is queued, the second found no room.
        assert (orders.statistics().sent, orders.statistics().tasks_waiting_send) == (1, 0)
    (exit,) = exits(recorder)
    assert exit[2].startswith("'produce' was cancelled in send 2, in incarnation 1")
    assert send.statistics().open_send_channels == 0


@virtual
async def test_a_send_that_finds_room_is_done() -> None:
    send, orders = th.open_channel(int, 9)
    async with th.open_supervisor("shop") as sup:
        sup.start_soon(Faults().cancel_in_send(produce, 3), send, 5, restart="temporary")
    assert [orders.receive_nowait() for _ in range(3)] == [0, 1, 2]
    with pytest.raises(trio.EndOfChannel):
        orders.receive_nowait()


@virtual
async def test_a_batch_is_one_send_and_its_rest_is_withdrawn() -> None:
    progress = th.SendProgress()

    async def produce_batches(orders: th.SendChannel[int]) -> None:
        for first in (0, 3, 6):
            await orders.send_many(range(first, first + 3), progress=progress)

    send, orders = th.open_channel(int, 5)
    recorder = EventRecorder()
    async with th.open_supervisor("shop", observer=recorder) as sup:
        broken = Faults().cancel_in_send(produce_batches, 2)
        sup.start_soon(broken, send, restart="temporary")
    (exit,) = exits(recorder)
    assert "was cancelled in send 2" in exit[2]
    assert progress.sent == 2
    assert [order async for order in orders] == [0, 1, 2, 3, 4]


@virtual
@pytest.mark.parametrize("first", ["call", "cast"])
async def test_calls_and_casts_are_sends(first: str) -> None:
    client, server = th.open_requests(int, str)
    got: list[str] = []

    async def ask(client: th.RequestClient[int, str]) -> None:
        if first == "call":
            got.append(await client.call(1))
        else:
            await client.cast(1)
        got.append(await client.call(2))

    async def answer(server: th.ReceiveChannel[th.Request[int, str]]) -> None:
        async for request in server:
            if request.message == 1:
                request.reply("one")
            else:
                await trio.sleep_forever()

    recorder = EventRecorder()
    async with th.open_supervisor("shop", observer=recorder) as sup:
        sup.start_soon(answer, server)
        broken = Faults().cancel_in_send(ask, 2)
        sup.start_soon(broken, client, name="child", restart="temporary")
        await virtual_clock().advance(1)
        sup.cancel_scope.cancel()
    assert any("was cancelled in send 2" in text for _, _, text in exits(recorder))
    assert got == (["one"] if first == "call" else [])
    assert client.call_statistics().cancelled == 1


@given(st.integers(0, 3), st.integers(1, 20), st.integers(0, 2**32))
def test_whatever_send_is_cancelled_nothing_is_lost_or_doubled(
    size: int, number: int, seed: int
) -> None:
    """A producer that keeps its place outside of itself sends each number once."""

    async def main() -> None:
        send, orders = th.open_channel(int, size)
        todo, got = list(range(20)), list[int]()

        async def produce_rest(end: th.SendChannel[int]) -> None:
            while todo:
                await end.send(todo[0])
                todo.pop(0)

        async with th.open_supervisor("shop") as sup:
            broken = Faults(seed).cancel_in_send(produce_rest, (1, number), incarnations={1, 2, 3})
            sup.start_soon(broken, send)
            sup.start_soon(collect, orders, got)
        assert got == list(range(20))

    run(main, seed=seed)


# what supervision sees of a broken component


@pytest.mark.parametrize(
    ("component", "opens", "name"),
    [
        (work, False, "work"),
        (server, False, "server"),
        (Worker(), False, "Worker"),
        (database, True, "database"),
        (Pool, True, "Pool"),
        (functools.partial(database), True, "database"),
        (Faults().crash(Pool, at=90), True, "Pool"),
    ],
)
def test_its_name_and_kind_are_those_of_the_component(
    component: Callable[..., Any], opens: bool, name: str
) -> None:
    """A context manager is a background component, which does not hold a supervisor open."""

    async def main() -> None:
        diary, recorder = Diary(), EventRecorder()
        with trio.move_on_after(50) as scope:
            async with th.open_supervisor("shop", observer=recorder) as sup:
                broken = Faults().crash(component, at=1, incarnations=(2,))
                child: th.Child[object] = await sup.start(broken, diary)
                assert child.name == name
        assert scope.cancelled_caught is not opens

    run(main)


@virtual
async def test_the_value_of_a_component_is_its_own() -> None:
    async with th.open_supervisor("shop") as sup:
        faults = Faults()
        assert (await sup.start(faults.crash(database, at=90), Diary())).value == "pool"
        assert isinstance((await sup.start(faults.crash(Pool, at=90), Diary())).value, Pool)
        child = await sup.start(faults.crash(server, at=90), Diary())
        assert child.value == "port"
        await child.stop("the test is over")


@virtual
async def test_ends_in_a_partial_are_handed_over() -> None:
    send, orders = th.open_channel(int, 9)
    got: list[int] = []
    async with th.open_supervisor("shop") as sup:
        broken = Faults().crash_on_message(functools.partial(collect, into=got), 2)
        sup.start_soon(functools.partial(broken, orders=orders))
        sup.start_soon(Faults().cancel_in_send(functools.partial(produce, send), 9), 4)
    assert got == [0, 2, 3]
    assert orders.statistics().open_receive_channels == 0
    assert orders.statistics().open_send_channels == 0


@virtual
async def test_needs_arrive_by_keyword() -> None:
    got: list[str] = []

    async def use(*, pool: str) -> None:
        got.append(pool)

    async with th.open_supervisor("shop") as sup:
        db = await sup.start(database, Diary())
        sup.start_soon(Faults().crash(use), needs={"pool": db})
    assert got == ["pool"]


@virtual
async def test_methods_and_callable_objects_can_be_broken() -> None:
    worker = Worker()
    recorder = await lives(Faults().crash(worker.work, at=2), within=3)
    recorder.assert_schedule("shop/child", [2])
    recorder = await lives(Faults().crash(worker, at=2), within=3)
    recorder.assert_schedule("shop/child", [2], start=3)


def test_in_a_harness_with_copies() -> None:
    faults, got = Faults(), list[int]()
    app = th.Harness("shop")
    out, into = app.channel(int, 4, max_deliveries=3)
    app.add(produce, out, 20)
    app.add(faults.crash_on_message(collect, 2, incarnations={1, 3}), into, got, copies=2)
    app.run()
    assert sorted(got) == list(range(20))
    assert faults.struck


@pytest.mark.parametrize("nothing", [None, 3, "work"])
def test_what_is_no_component_is_refused(nothing: Any) -> None:
    with pytest.raises(th.ComponentTypeError, match="is not callable"):
        Faults().crash(nothing)


@virtual
async def test_a_class_that_can_be_awaited_can_be_broken() -> None:
    class Work:
        def __init__(self, diary: Diary) -> None:
            self.diary = diary

        def __await__(self) -> Generator[Any, Any, None]:
            return work(self.diary).__await__()

    recorder = await lives(Faults().crash(Work, at=2), Diary(), within=3)
    recorder.assert_schedule("shop/child", [2])
    recorder = await lives(Faults().crash_before_ready(Work), Diary(), within=3)
    assert exits(recorder)[0][:2] == (3, False)


@virtual
async def test_what_gives_nothing_to_run_is_left_to_supervision() -> None:
    def wrong() -> Any:
        return 3

    async with th.open_supervisor("shop") as sup:
        with pytest.raises(th.ComponentTypeError, match="it returned 3"):
            await sup.start(Faults().crash(wrong, at=3))


# chance


def drawn(seed: int | None) -> list[float]:
    """When a component crashes that is told to do so at some time, in five lives."""

    async def main() -> list[float]:
        broken = Faults(seed).crash(work, at=(1, 5), incarnations=range(1, 6))
        recorder = await lives(broken, Diary(), within=100)
        return [0.0, *recorder.restarts("shop/child")]

    times = run(main)
    return [after - before for before, after in pairwise(times)]


@given(st.integers())
def test_what_is_drawn_lies_between_and_follows_from_the_seed(seed: int) -> None:
    times = drawn(seed)
    assert len(times) == len(set(times)) == 5
    assert all(1 <= time <= 5 for time in times)
    assert drawn(seed) == times
    assert drawn(seed + 1) != times


def test_two_broken_components_of_a_seed_draw_differently() -> None:
    async def main() -> None:
        faults, recorder = Faults(seed=2), EventRecorder()
        async with th.open_supervisor("shop", observer=recorder) as sup:
            for name in "ab":
                sup.start_soon(faults.crash(work, at=(1, 5)), Diary(), 20.0, name=name)
        assert recorder.restarts("shop/a") != recorder.restarts("shop/b")

    run(main)


def test_a_seed_of_its_own_is_shown() -> None:
    assert repr(Faults(seed=7)) == "Faults(seed=7)"
    faults = Faults()
    assert repr(faults) == f"Faults(seed={faults.seed})"
    assert faults.seed != Faults().seed


NO_NUMBER: Any = 1.5

REFUSED: list[Callable[[Faults], object]] = [
    lambda faults: faults.crash(work, at=-1),
    lambda faults: faults.crash(work, at=math.inf),
    lambda faults: faults.crash(work, at=(5, 1)),
    lambda faults: faults.delay_start(work, math.nan),
    lambda faults: faults.crash_on_message(work, 0),
    lambda faults: faults.crash_on_message(work, (1, NO_NUMBER)),
    lambda faults: faults.cancel_in_send(work, (3, 2)),
    lambda faults: faults.fail_start(work, 0),
]


@pytest.mark.parametrize("refused", REFUSED)
def test_what_cannot_be_is_refused(refused: Callable[[Faults], object]) -> None:
    with pytest.raises(th.ConfigurationError, match=r"is no (duration|number); give"):
        refused(Faults())


@virtual
@pytest.mark.parametrize(("cls", "begins"), [(Held, 1), (Runs, 0)])
async def test_a_component_class_can_be_broken(cls: Callable[..., Any], begins: float) -> None:
    faults, diary = Faults(), Diary()
    recorder = EventRecorder()
    async with th.open_supervisor("shop", observer=recorder) as sup:
        broken = faults.crash(cls, at=3)
        child: th.Child[object] = sup.start_soon(broken, diary, background=False)
        await child.wait("ready")
        assert isinstance(child.value, (Held, Runs))
        await trio.sleep(5 - begins)
        await child.stop()
    assert diary == [("begin", begins), ("end", 3), ("begin", 3 + begins), ("end", 5)]
    assert exits(recorder)[0][:2] == (3, True)
    assert len(faults.struck) == 1


@virtual
async def test_a_broken_component_class_is_in_the_background_as_it_was() -> None:
    diary = Diary()
    async with th.open_supervisor("shop") as sup:
        child = await sup.start(Faults().crash(Held, at=3), diary)
        assert type(child.value).__qualname__ == "Held"
    assert diary == [("begin", 1), ("end", 1)]


@virtual
async def test_the_start_of_a_component_class_can_fail_and_be_delayed() -> None:
    faults, diary = Faults(), Diary()
    async with th.open_supervisor("shop") as sup:
        with pytest.raises(Fault, match=r"crashed 0\.5 s after its start"):
            await sup.start(faults.crash(Held, at=0.5), diary)
        with pytest.raises(Fault, match="crashed before it was ready"):
            await sup.start(faults.crash_before_ready(Held), diary)
        assert diary == [("begin", 1.5), ("end", 1.5)]
        diary.clear()
        broken = faults.crash(faults.delay_start(Runs, 2), at=5)
        child = await sup.start(broken, diary, restart="temporary")
        assert trio.current_time() == 3.5
        await child.wait("stopped")
    assert diary == [("begin", 3.5), ("end", 6.5)]


@virtual
async def test_a_component_class_crashes_with_a_message_in_hand() -> None:
    faults, diary = Faults(), Diary()
    send, receive = th.open_channel(int, 5)
    async with th.open_supervisor("shop") as sup:
        sup.start_soon(faults.crash_on_message(Runs, 2), diary, receive)
        with send:
            for number in range(4):
                await send.send(number)
    assert [what for what, _ in diary] == ["begin", "0", "end", "begin", "2", "3", "end"]
