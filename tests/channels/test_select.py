"""One loop over several sources: what it takes, what wakes it, what it leaves alone."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, assert_checkpoints, wait_all_tasks_blocked

import trioharness as th

CRASH = ValueError("bad message")
BOTH_KINDS = pytest.mark.parametrize("max_deliveries", [None, 2], ids=["plain", "counted"])


async def take(*ends: Any, count: int = 1, priority: bool = False) -> list[Any]:
    """The first items of a select over some ends."""
    items: list[Any] = []
    async with th.merge(*ends, priority=priority) as ready:
        async for item in ready:
            items.append(item)
            if len(items) == count:
                break
    return items


async def test_each_item_comes_with_the_very_end_it_came_from() -> None:
    send_a, a = th.open_channel(int, 5)
    send_b, b = th.open_channel(str, 5)
    got: list[tuple[object, object]] = []
    with send_a, send_b:
        for number in range(3):
            send_a.send_nowait(number)
        send_b.send_nowait("x")
    async with th.select(a, b) as ready:
        async for source, item in ready:
            got.append((source, item))
    assert got == [(a, 0), (b, "x"), (a, 1), (a, 2)]


async def test_it_ends_with_the_last_of_its_sources_and_then_stays_at_its_end() -> None:
    send_a, a = th.open_channel(int, 5)
    send_b, b = th.open_channel(int, 5)
    got: list[int] = []
    async with th.merge(a, b) as items:

        async def receive() -> None:
            async for item in items:
                got.append(item)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive)
            await wait_all_tasks_blocked()
            send_a.close()
            await wait_all_tasks_blocked()
            a.close()  # it has ended, so it is none of the select's business
            await send_b.send(1)
            await wait_all_tasks_blocked()
            assert got == [1]
            send_b.close()
        with assert_checkpoints(), pytest.raises(StopAsyncIteration):
            await anext(items)


# --- what wakes it -------------------------------------------------------------------------------


@attrs.define
class Scene:
    """A select that waits for a message of one channel."""

    send: th.SendChannel[int]
    other: th.ReceiveChannel[int]
    """Another receive end of the same channel."""
    mine: th.ReceiveChannel[int]
    nursery: trio.Nursery
    select: Callable[[], Awaitable[None]]

    async def begin(self) -> None:
        """Have the select wait."""
        self.nursery.start_soon(self.select)
        await wait_all_tasks_blocked()


Wakes = Callable[[Scene], Awaitable[object]]


async def sent(scene: Scene) -> None:
    await scene.send.send(7)


async def sent_through_a_clone(scene: Scene) -> None:
    with scene.send.clone() as send:
        await send.send(7)


async def sent_at_once(scene: Scene) -> None:
    scene.send.send_nowait(7)
    await trio.lowlevel.checkpoint()


async def sent_many(scene: Scene) -> None:
    await scene.send.send_many([7])


async def sent_with_progress(scene: Scene) -> None:
    await scene.send.send_many([7], progress=th.SendProgress())


async def sent_more_than_there_is_room_for(scene: Scene) -> None:
    await scene.send.send_many([7, 8, 9, 10, 11])


async def sent_beside_a_receiver(scene: Scene) -> None:
    scene.nursery.start_soon(scene.other.receive)
    await wait_all_tasks_blocked()
    await scene.send.send_many([1, 7])


async def sent_beside_two_receivers(scene: Scene) -> None:
    for _ in range(2):
        scene.nursery.start_soon(scene.other.receive)
    await wait_all_tasks_blocked()
    await scene.send.send_many([1, 2, 7])


async def a_batch_put_back(scene: Scene) -> None:
    async def gather() -> None:
        with trio.move_on_after(0.5):
            await anext(scene.other.batches(10, within=5))

    scene.nursery.start_soon(gather)
    await wait_all_tasks_blocked()
    await scene.send.send(7)


async def put_back_by_a_crash(scene: Scene) -> None:
    scene.nursery.start_soon(scene.other.receive)
    await wait_all_tasks_blocked()
    await scene.send.send(7)
    await wait_all_tasks_blocked()
    scene.other.settle(CRASH)


async def put_back_by_a_close(scene: Scene) -> None:
    scene.nursery.start_soon(scene.other.receive)
    await wait_all_tasks_blocked()
    await scene.send.send(7)
    await wait_all_tasks_blocked()
    scene.other.close()


EITHER: list[Wakes] = [
    sent,
    sent_through_a_clone,
    sent_at_once,
    sent_many,
    sent_with_progress,
    sent_more_than_there_is_room_for,
    sent_beside_a_receiver,
    sent_beside_two_receivers,
    a_batch_put_back,
]
COUNTED: list[Wakes] = [*EITHER, put_back_by_a_crash, put_back_by_a_close]
WITHOUT_ROOM: list[Wakes] = [wake for wake in EITHER if wake is not sent_at_once]
WAKES = [
    *(pytest.param(wake, {}, id=f"{wake.__name__}-plain") for wake in EITHER),
    *(pytest.param(wake, {"max_deliveries": 2}, id=f"{wake.__name__}-counted") for wake in COUNTED),
    *(
        pytest.param(
            wake,
            {"max_buffer_size": 0, "max_deliveries": deliveries},
            id=f"{wake.__name__}-without-room-{deliveries}",
        )
        for wake in WITHOUT_ROOM
        for deliveries in (None, 2)
    ),
    *(
        pytest.param(
            wake,
            {"overflow": overflow, "max_deliveries": deliveries},
            id=f"{wake.__name__}-{overflow}-{deliveries}",
        )
        for wake in (sent, sent_at_once, sent_many, a_batch_put_back)
        for overflow in ("drop_oldest", "drop_newest", "error")
        for deliveries in (None, 2)
    ),
    pytest.param(sent, {"overflow": "latest", "max_buffer_size": 1}, id="sent-latest"),
]


@pytest.mark.parametrize(("wake", "options"), WAKES)
async def test_whatever_brings_a_message_wakes_it(
    wake: Wakes, options: dict[str, Any], autojump_clock: MockClock
) -> None:
    options = {"max_buffer_size": 3, **options}
    send, receive = th.open_channel(int, **options)
    _keep, idle = th.open_channel(int, 1)
    got: list[int] = []

    async def select() -> None:
        got.extend(await take(idle, receive))
        nursery.cancel_scope.cancel()  # what else was sent is for others

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            scene = Scene(send, receive.clone(), receive, nursery, select)
            await scene.begin()
            nursery.start_soon(wake, scene)
    assert got == [7]


async def part_of_a_refused_batch(scene: Scene) -> None:
    with pytest.raises(trio.WouldBlock):
        await scene.send.send_many([7, 8, 9, 10, 11])


async def part_of_a_batch_whose_drops_nobody_wants_to_know(scene: Scene) -> None:
    with pytest.raises(ValueError, match="observer"):
        await scene.send.send_many([7, 8, 9, 10])


def refuse_to_know(_event: th.MessagesDropped) -> None:
    raise ValueError("observer")


@BOTH_KINDS
async def test_what_was_queued_by_a_send_that_raises_wakes_it_too(
    max_deliveries: int | None, autojump_clock: MockClock
) -> None:
    for overflow, observer, wake in (
        ("error", None, part_of_a_refused_batch),
        ("drop_newest", refuse_to_know, part_of_a_batch_whose_drops_nobody_wants_to_know),
    ):
        options: dict[str, Any] = {"overflow": overflow, "observer": observer}
        await test_whatever_brings_a_message_wakes_it(
            wake, {**options, "max_deliveries": max_deliveries}, autojump_clock
        )


async def test_a_dead_letter_wakes_it_and_so_does_the_room_for_one(
    autojump_clock: MockClock,
) -> None:
    send, receive = th.open_channel(int, 100, max_deliveries=1)
    dead = receive.channel.dead

    async def die() -> None:
        life = receive.clone()
        life.receive_nowait()
        life.settle(CRASH)
        life.close()
        await trio.lowlevel.checkpoint()

    letters: list[Any] = []

    async def bury() -> None:
        letters.extend(await take(dead))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(bury)
        await wait_all_tasks_blocked()
        await send.send(0)
        await die()
    assert [letter.message for letter in letters] == [0]

    got: list[int] = []

    async def select() -> None:
        got.extend(await take(receive))

    for number in range(65):  # one more than there is room for
        await send.send(number)
        await die()
    await send.send(100)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(select)
        await wait_all_tasks_blocked()
        assert got == []
        dead.receive_nowait()
    assert got == [100]


# --- the end -------------------------------------------------------------------------------------


async def closed_by_its_sender(scene: Scene) -> None:
    await scene.begin()
    await scene.send.aclose()


async def finished_by_its_sender(scene: Scene) -> None:
    await scene.begin()
    scene.send.finish()


async def finished_by_a_receiver(scene: Scene) -> None:
    await scene.begin()
    scene.other.finish()


async def ended_with_a_batch(scene: Scene) -> None:
    await scene.send.send(1)

    async def gather() -> None:
        with scene.other:
            assert await anext(scene.other.batches(10, within=5)) == [1]

    scene.nursery.start_soon(gather)
    await scene.begin()
    scene.send.close()


async def acknowledged_by_another(scene: Scene) -> None:
    await scene.send.send(1)
    scene.other.receive_nowait()
    await scene.begin()
    scene.send.close()
    await wait_all_tasks_blocked()
    scene.other.ack()


async def settled_by_another(scene: Scene) -> None:
    await scene.send.send(1)
    scene.other.receive_nowait()
    scene.send.close()
    await scene.begin()
    scene.other.settle(None)


@BOTH_KINDS
@pytest.mark.parametrize(
    "end",
    [
        closed_by_its_sender,
        finished_by_its_sender,
        finished_by_a_receiver,
        ended_with_a_batch,
        acknowledged_by_another,
        settled_by_another,
    ],
)
async def test_whatever_ends_a_channel_wakes_it(
    end: Wakes, max_deliveries: int | None, autojump_clock: MockClock
) -> None:
    send, receive = th.open_channel(int, 3, max_deliveries=max_deliveries)
    ended = False

    async def select() -> None:
        nonlocal ended
        assert await take(receive) == []
        ended = True

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            await end(Scene(send, receive.clone(), receive, nursery, select))
    assert ended


@BOTH_KINDS
async def test_a_closed_end_is_an_error_each_time(max_deliveries: int | None) -> None:
    _send, a = th.open_channel(int, 1, max_deliveries=max_deliveries)
    _also, b = th.open_channel(int, 1)
    a.close()
    async with th.select(b, a) as ready:
        for _ in range(2):
            with pytest.raises(trio.ClosedResourceError, match="channel 'int' is closed"):
                await anext(ready)


@BOTH_KINDS
async def test_an_end_that_is_closed_while_it_waits_is_an_error(max_deliveries: int | None) -> None:
    _send, a = th.open_channel(int, 1, max_deliveries=max_deliveries)
    clone = a.clone()  # so that the channel lives on
    async with trio.open_nursery() as nursery:

        async def select() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await take(a)

        nursery.start_soon(select)
        await wait_all_tasks_blocked()
        a.close()
    clone.close()


# --- exactly one, and none under cancellation ----------------------------------------------------


@BOTH_KINDS
async def test_a_cancelled_wait_has_taken_nothing(max_deliveries: int | None) -> None:
    send, receive = th.open_channel(int, 5, max_deliveries=max_deliveries)
    async with th.select(receive) as ready:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ready.__anext__)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            send.send_nowait(1)  # it is told of that, and cancelled before its turn
        assert receive.statistics().current_buffer_used == 1
        with trio.CancelScope() as scope:
            scope.cancel()
            await anext(ready)
        assert scope.cancelled_caught
        assert await anext(ready) == (receive, 1)


async def test_a_wait_that_is_cancelled_first_leaves_what_comes_next() -> None:
    send, receive = th.open_channel(int, 5)
    async with th.select(receive) as ready:
        with trio.move_on_after(0):
            await anext(ready)
        await send.send(1)
        assert receive.statistics().current_buffer_used == 1


async def test_it_takes_exactly_one_at_a_time() -> None:
    channels = [th.open_channel(int, 5) for _ in range(3)]
    for send, _ in channels:
        send.send_nowait(1)
    async with th.select(*(receive for _, receive in channels)) as ready:
        for taken in range(1, 4):
            await anext(ready)
            left = sum(receive.statistics().current_buffer_used for _, receive in channels)
            assert left == 3 - taken


async def test_every_step_is_a_checkpoint() -> None:
    send, receive = th.open_channel(int, 5)
    await send.send(1)
    selection = th.select(receive)
    with assert_checkpoints():
        ready = await selection.__aenter__()
    with assert_checkpoints():
        await anext(ready)
    with assert_checkpoints(), trio.move_on_after(0):
        await anext(ready)
    send.close()
    with assert_checkpoints(), pytest.raises(StopAsyncIteration):
        await anext(ready)
    await selection.__aexit__(None, None, None)


async def test_who_waits_to_receive_comes_first_and_the_select_waits_on() -> None:
    send, receive = th.open_channel(int, 5)
    got: list[tuple[str, int]] = []

    async def select() -> None:
        got.extend(("select", number) for number in await take(receive.clone()))

    async def plain() -> None:
        got.append(("plain", await receive.receive()))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(select)
        await wait_all_tasks_blocked()
        nursery.start_soon(plain)
        await wait_all_tasks_blocked()
        await send.send(1)
        await wait_all_tasks_blocked()
        assert got == [("plain", 1)]
        send.send_nowait(2)
        assert receive.receive_nowait() == 2  # quicker than the select, which was told of it
        await wait_all_tasks_blocked()
        assert got == [("plain", 1)]
        await send.send(3)
    assert got == [("plain", 1), ("select", 3)]


async def test_all_selects_that_wait_are_told_since_one_may_be_busy() -> None:
    send, receive = th.open_channel(int, 5)
    got: list[str] = []

    async def select(name: str, pause: float) -> None:
        async with th.merge(receive.clone()) as items:
            async for _ in items:
                got.append(name)
                await trio.sleep(pause)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(select, "slow", 3600)
        await send.send(1)
        await wait_all_tasks_blocked()
        nursery.start_soon(select, "quick", 0)
        for number in range(3):
            await send.send(number)
            await wait_all_tasks_blocked()
        assert got == ["slow", "quick", "quick", "quick"]
        nursery.cancel_scope.cancel()


# --- fairness and priority -----------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), max_size=25),
)
def test_no_source_starves(full: list[int], sends: list[tuple[int, int]]) -> None:
    """Whoever has something is served before any other is served twice."""

    async def main() -> None:
        channels = [th.open_channel(int, 1000) for _ in full]
        ends = [receive for _, receive in channels]
        for (send, _), count in zip(channels, full, strict=True):
            await send.send_many(range(count))
        waiting = dict.fromkeys(ends, 0)
        arrivals = iter(sends)
        expected = sum(full)
        async with th.select(*ends) as ready:
            while any(end.statistics().current_buffer_used for end in ends):
                busy = [end for end in ends if end.statistics().current_buffer_used]
                source, _ = await anext(ready)
                expected -= 1
                for end in busy:
                    waiting[end] += 1
                    assert waiting[end] <= len(ends)
                waiting[source] = 0
                for number, count in arrivals:
                    await channels[number % len(channels)][0].send_many(range(count))
                    expected += count
                    break
        assert expected == 0

    trio.run(main)


async def test_with_priority_the_first_that_has_something_goes_first() -> None:
    channels = [th.open_channel(str, 9) for _ in "abc"]
    ends = [receive for _, receive in channels]
    for (send, _), name in zip(channels, "abc", strict=True):
        await send.send_many([name] * 2)
    async with th.merge(*ends, priority=True) as items:
        assert [await anext(items) for _ in range(3)] == ["a", "a", "b"]
        await channels[0][0].send("a")
        assert [await anext(items) for _ in range(4)] == ["a", "b", "c", "c"]
        await channels[2][0].send("c")
        await channels[1][0].send("b")
        assert [await anext(items) for _ in range(2)] == ["b", "c"]


# --- in hand -------------------------------------------------------------------------------------


async def test_asking_for_the_next_acknowledges_the_last_whatever_the_next_is() -> None:
    send_a, a = th.open_channel(int, 5, max_deliveries=2)
    send_b, b = th.open_channel(int, 5, max_deliveries=2)
    await send_a.send(1)
    await send_b.send(2)
    async with th.select(a, b) as ready:
        await anext(ready)
        assert (a.statistics().in_hand, b.statistics().in_hand) == (1, 0)
        await anext(ready)
        assert (a.statistics().in_hand, b.statistics().in_hand) == (0, 1)
        with trio.move_on_after(0):
            await anext(ready)
        assert (a.statistics().in_hand, b.statistics().in_hand) == (0, 0)


async def test_it_ends_though_it_had_the_last_message_in_hand() -> None:
    send, receive = th.open_channel(int, 5, max_deliveries=2)
    with send:
        await send.send(1)
    with trio.fail_after(1):
        assert await take(receive, count=9) == [1]


async def test_taking_acknowledges_what_the_end_received_otherwise() -> None:
    send, receive = th.open_channel(int, 5, max_deliveries=2)
    await send.send_many([1, 2])
    receive.receive_nowait()
    async with th.select(receive) as ready:
        assert await anext(ready) == (receive, 2)
        assert receive.statistics().in_hand == 1


async def test_what_is_in_hand_when_the_body_crashes_is_delivered_again() -> None:
    send_a, a = th.open_channel(int, 5, max_deliveries=2)
    _send_b, b = th.open_channel(int, 5, max_deliveries=2)
    await send_a.send(1)
    with pytest.raises(ValueError, match="bad"):
        async with th.select(life := a.clone(), b) as ready:
            with life:
                async for _ in ready:
                    raise CRASH
    assert a.receive_nowait() == 1
    (told,) = a.settle(CRASH)
    assert (told.attempt, told.fate) == (2, "dead")


# --- the block -----------------------------------------------------------------------------------


async def test_leaving_the_block_leaves_nothing_behind() -> None:
    send, receive = th.open_channel(int, 5)
    selection = th.select(receive)
    async with selection as ready:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ready.__anext__)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
    with pytest.raises(trio.ClosedResourceError, match="inside its `async with`"):
        await anext(ready)
    with pytest.raises(trio.BusyResourceError, match="make another one"):
        await selection.__aenter__()
    gone = weakref.ref(selection)
    del selection, ready
    gc.collect()
    assert gone() is None
    await send.send(1)
    assert receive.statistics().current_buffer_used == 1


async def test_whoever_still_waits_when_the_block_is_left_is_told() -> None:
    _send, receive = th.open_channel(int, 5)

    async def select(ready: Any) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await anext(ready)

    async with trio.open_nursery() as nursery:
        async with th.select(receive) as ready:
            nursery.start_soon(select, ready)
            await wait_all_tasks_blocked()


async def test_the_error_of_the_block_is_not_hidden_by_a_cancel() -> None:
    _send, receive = th.open_channel(int, 5)
    with pytest.raises(ValueError, match="bad"), trio.CancelScope() as scope:
        async with th.select(receive):
            scope.cancel()
            raise CRASH


async def test_one_task_at_a_time() -> None:
    send, receive = th.open_channel(int, 5)
    async with th.select(receive) as ready, trio.open_nursery() as nursery:
        nursery.start_soon(ready.__anext__)
        await wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError, match="is in use by another task"):
            await anext(ready)
        await send.send(1)


def test_it_says_what_it_is() -> None:
    _, a = th.open_channel(int, 5, name="orders")
    tick = th.every(0.5)
    end = "<ReceiveChannel 'orders' 0/5 queued>"
    assert repr(th.select(a, tick)) == f"<select of {end}, every(0.5)>"
    assert repr(th.merge(a)) == f"<merge of {end}>"


def refusals() -> list[tuple[tuple[Any, ...], str]]:
    send, receive = th.open_channel(int, 5, name="orders")
    _, nowhere = th.open_channel(int, 0, name="news", overflow="drop_oldest")
    _, strict = th.open_channel(int, 0, name="asks", overflow="error")
    trio_send, trio_receive = trio.open_memory_channel[int](1)
    return [
        ((), r"^select: it was given nothing to take from; give it receive ends and timers$"),
        ((receive, receive), r"'orders' .* is given twice; give it once, or a clone of it"),
        ((receive, send), r"'orders' .* is nothing .*; give the receive end of the channel$"),
        ((trio_send,), r"give the receive end of the channel$"),
        ((trio_receive,), r"without a task for it alone; open the channel with open_channel"),
        ((receive, 1.5), r"^select: 1.5 is nothing .*; write every\(1.5\) for a tick every so"),
        (([receive],), r"; write select\(\*sources\) for what is in it$"),
        (("orders",), r"^select: 'orders' is nothing to take items from; give receive ends, "),
        ((nowhere,), r"channel 'news' neither keeps a message .* open it with max_buffer_size=1"),
        ((strict,), r"channel 'asks' neither keeps a message nor lets a send wait for a select"),
    ]


@pytest.mark.parametrize("number", range(len(refusals())))
def test_what_it_cannot_do_it_refuses_with_a_sentence(number: int) -> None:
    given_, sentence = refusals()[number]
    with pytest.raises(th.ConfigurationError, match=sentence):
        th.select(*given_)


async def test_clones_of_one_channel_are_several_sources() -> None:
    send, receive = th.open_channel(int, 5)
    await send.send_many([1, 2])
    clone = receive.clone()
    async with th.select(receive, clone) as ready:
        assert [await anext(ready) for _ in range(2)] == [(receive, 1), (clone, 2)]


# --- who is told that it is idle -----------------------------------------------------------------


class Meter:
    """It writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def wait_began(self) -> None:
        self.told.append("began")

    def wait_ended(self) -> None:
        self.told.append("ended")


@pytest.mark.parametrize("how", ["item", "cancel", "end", "close"])
async def test_a_wait_is_told_once_to_each_meter_of_its_ends(how: str) -> None:
    shared, own = Meter(), Meter()
    channels = [th.open_channel(int, 5) for _ in range(4)]
    (send, a), (_, b), (_, c), _ = channels
    a.watch(shared)
    b.watch(shared)
    c.watch(own)

    async def select() -> None:
        try:
            await take(*(receive for _, receive in channels))
        except trio.ClosedResourceError:
            assert how == "close"

    async with trio.open_nursery() as nursery:
        nursery.start_soon(select)
        await wait_all_tasks_blocked()
        assert shared.told == own.told == ["began"]
        match how:
            case "item":
                await send.send(1)
            case "cancel":
                nursery.cancel_scope.cancel()
            case "end":
                for each, _ in channels:
                    each.close()
            case _:
                a.close()
    assert shared.told == own.told == ["began", "ended"]
    send_full, full = th.open_channel(int, 5)
    full.watch(shared)
    await send_full.send(1)
    await take(full)
    assert len(shared.told) == 2
