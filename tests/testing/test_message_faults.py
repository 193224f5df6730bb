"""Messages that are lost, come twice or come late, through real supervisors and channels."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeAlias

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

import trioharness as th
from tests.testing.virtual import virtual
from trioharness.testing import EventRecorder, Faults, run

Got: TypeAlias = list[tuple[int, float]]

Receiver: TypeAlias = Callable[[th.ReceiveChannel[int], Got], Any]


def take(got: Got, *numbers: int) -> None:
    got += [(number, trio.current_time()) for number in numbers]


async def one_by_one(orders: th.ReceiveChannel[int], got: Got) -> None:
    async for order in orders:
        take(got, order)


async def in_handfuls(orders: th.ReceiveChannel[int], got: Got) -> None:
    with contextlib.suppress(trio.EndOfChannel):
        while True:
            take(got, *await orders.receive_many(3))


async def in_batches(orders: th.ReceiveChannel[int], got: Got) -> None:
    async for batch in orders.batches(3):
        assert len(batch) <= 3
        take(got, *batch)


async def without_waiting(orders: th.ReceiveChannel[int], got: Got) -> None:
    with contextlib.suppress(trio.EndOfChannel):
        while True:
            await trio.sleep(0.5)
            with contextlib.suppress(trio.WouldBlock):
                take(got, orders.receive_nowait())


async def by_select(orders: th.ReceiveChannel[int], got: Got) -> None:
    async with th.select(orders, th.every(1000)) as ready:
        async for source, item in ready:
            assert source is orders
            take(got, item)


async def by_merge(orders: th.ReceiveChannel[int], got: Got) -> None:
    async with th.merge(orders) as items:
        async for item in items:
            take(got, item)


async def through_a_view(orders: th.ReceiveChannel[int], got: Got) -> None:
    async for item in th.mapped(orders, lambda order: -order):
        take(got, -item)


async def by_select_of_a_view(orders: th.ReceiveChannel[int], got: Got) -> None:
    view = th.mapped(orders, lambda order: -order)
    async with th.select(view) as ready:
        async for source, item in ready:
            assert source is view
            take(got, -item)


async def through(broken: Receiver, count: int, *, deliveries: int | None = None) -> Got:
    """Send numbers from 1 on to a component, all at time 0; return what it got, and when."""
    send, orders = th.open_channel(int, count, max_deliveries=deliveries)
    got = Got()
    async with th.open_supervisor("shop") as sup:
        sup.start_soon(broken, orders, got)
        with send:
            await send.send_many(range(1, count + 1))
    return got


def numbers(got: Got) -> list[int]:
    return [number for number, _ in got]


def told(faults: Faults) -> list[str]:
    return [fault.what for fault in faults.struck]


SELECTING: list[Receiver] = [by_select, by_merge, by_select_of_a_view]
EVERY_WAY: list[Receiver] = [
    *(one_by_one, in_handfuls, in_batches, without_waiting, through_a_view),
    *SELECTING,
]
every_way = pytest.mark.parametrize("receiver", EVERY_WAY)


@virtual
@every_way
async def test_messages_are_lost(receiver: Receiver) -> None:
    faults = Faults(seed=1)
    assert numbers(await through(faults.drop_messages(receiver, {1, 3}), 5)) == [2, 4, 5]
    assert told(faults) == ["kept from message 1", "kept from message 3"]
    assert str(faults.struck[0]) == (
        f"'{receiver.__name__}' was kept from message 1, in incarnation 1, on purpose; "
        "Faults(seed=1) does it again"
    )
    assert await through(faults.drop_messages(receiver), 7) == []


@virtual
@every_way
async def test_messages_come_twice(receiver: Receiver) -> None:
    faults = Faults()
    got = await through(faults.duplicate_messages(receiver, range(2, 5)), 5)
    assert numbers(got) == [1, 2, 2, 3, 3, 4, 4, 5]
    assert told(faults) == [f"given message {number} twice" for number in (2, 3, 4)]


@virtual
async def test_messages_come_late_and_in_order() -> None:
    faults = Faults()
    got = await through(faults.delay_messages(one_by_one, 2, {2, 3}), 4)
    assert got == [(1, 0), (2, 2), (3, 4), (4, 4)]
    assert told(faults) == [f"made to wait 2 s for message {number}" for number in (2, 3)]
    # Those of one batch were all taken at once; what is due by then comes together.
    assert await through(faults.delay_messages(in_handfuls, 2, {2}), 4) == [
        *((number, 4 + late) for number, late in [(1, 0), (2, 2), (3, 2), (4, 2)])
    ]


@virtual
@pytest.mark.parametrize("receiver", SELECTING)
async def test_a_select_waits_for_what_is_late_and_keeps_its_order(receiver: Receiver) -> None:
    faults = Faults()
    got = await through(faults.delay_messages(receiver, 2, {2, 3}), 4)
    assert got == [(1, 0), (2, 2), (3, 4), (4, 4)]
    assert told(faults) == [f"made to wait 2 s for message {number}" for number in (2, 3)]


@virtual
async def test_what_is_late_in_a_select_holds_up_no_other_source() -> None:
    send, orders = th.open_channel(int, 4)
    ticks: list[float] = []
    got = Got()

    async def both(orders: th.ReceiveChannel[int]) -> None:
        async with th.select(orders, th.every(1)) as ready:
            async for source, item in ready:
                if source is orders:
                    take(got, item)
                else:
                    ticks.append(trio.current_time())

    async with th.open_supervisor("shop") as sup:
        sup.start_soon(Faults().delay_messages(both, 3.5, {1}), orders)
        with send:
            await send.send_many([1, 2])
            await trio.sleep(3.75)
    assert got == [(1, 3.5), (2, 3.5)]
    assert ticks == [1, 2, 3]


@virtual
@pytest.mark.parametrize("receiver", SELECTING)
async def test_a_select_crashes_with_a_message_in_hand(receiver: Receiver) -> None:
    faults = Faults()
    got = await through(faults.crash_on_message(receiver, 2), 3, deliveries=2)
    assert numbers(got) == [1, 2, 3]
    assert told(faults) == ["crashed with message 2"]


@virtual
async def test_what_comes_twice_to_a_select_is_in_hand_until_both_are_dealt_with() -> None:
    async def fragile(orders: th.ReceiveChannel[int], got: Got) -> None:
        async with th.select(orders) as ready:
            async for _, item in ready:
                take(got, item)
                if numbers(got) == [1, 1]:
                    raise ValueError("crashed with the second one")

    got = await through(Faults().duplicate_messages(fragile, {1}), 2, deliveries=2)
    assert numbers(got) == [1, 1, 1, 1, 2]


@virtual
async def test_what_cannot_be_selected_cannot_under_a_fault_either() -> None:
    send, orders = trio.open_memory_channel[int](1)

    async def wrong(orders: Any) -> None:
        with pytest.raises(th.ConfigurationError, match="cannot be watched without a task"):
            th.select(orders)

    async with th.open_supervisor("shop") as sup:
        sup.start_soon(Faults().drop_messages(wrong), orders)
        send.close()


@virtual
async def test_who_does_not_wait_finds_a_late_message_later() -> None:
    got = await through(Faults().delay_messages(without_waiting, 2, {1}), 2)
    assert got == [(1, 2.5), (2, 3.0)]


@virtual
async def test_a_cancelled_wait_loses_nothing() -> None:
    async def impatient(orders: th.ReceiveChannel[int], got: Got) -> None:
        with trio.move_on_after(1) as scope:
            await orders.receive()
        assert scope.cancelled_caught
        await one_by_one(orders, got)

    recorder = EventRecorder()
    send, orders = th.open_channel(int, 2)
    got = Got()
    async with th.open_supervisor("shop", observer=recorder) as sup:
        sup.start_soon(Faults().delay_messages(impatient, 3, {1}), orders, got, name="child")
        with send:
            await send.send_many([1, 2])
    assert got == [(1, 3), (2, 3)]
    recorder.assert_schedule("shop/child", [])


@virtual
async def test_what_is_late_for_a_life_that_ends_is_delivered_to_the_next() -> None:
    faults = Faults()
    late = faults.delay_messages(one_by_one, 5, incarnations={1})
    assert await through(faults.crash(late, at=3), 2, deliveries=2) == [(1, 3), (2, 3)]


@virtual
async def test_a_closed_end_gives_nothing_that_was_to_come() -> None:
    refused: list[int] = []

    async def closing(orders: th.ReceiveChannel[int], got: Got) -> None:
        for by_leaving in (False, True):
            end = orders.clone()
            with end if by_leaving else contextlib.nullcontext():
                take(got, await end.receive())
            if not by_leaving:
                end.close()
            with pytest.raises(trio.ClosedResourceError):
                end.receive_nowait()
            refused.append(1)

    assert numbers(await through(Faults().duplicate_messages(closing), 2)) == [1, 2]
    assert len(refused) == 2


@virtual
async def test_a_lost_call_is_answered_to_nobody() -> None:
    client, server = th.open_requests(int, str)
    got: list[str] = []

    async def answer(server: th.ReceiveChannel[th.Request[int, str]]) -> None:
        async for request in server:
            with request:
                request.reply(f"reply {request.message}")

    async with th.open_supervisor("shop") as sup:
        sup.start_soon(Faults().drop_messages(answer, {1}), server)
        with client:
            with trio.move_on_after(5) as scope:
                got.append(await client.call(1))
            got.append(await client.call(2))
    assert scope.cancelled_caught
    assert got == ["reply 2"]


@virtual
async def test_message_faults_nest_with_the_others() -> None:
    """The inner one counts what the outer one lets through."""
    faults = Faults()
    twice = faults.duplicate_messages(one_by_one, {2})
    assert numbers(await through(faults.drop_messages(twice, {1}), 4)) == [2, 3, 3, 4]
    broken = faults.crash_on_message(faults.drop_messages(one_by_one, {1}), 2)
    # The second life loses its first message as well.
    assert numbers(await through(broken, 4)) == [4]


def survivors(seed: int, chosen: range | None = None) -> list[int]:
    broken = Faults(seed).drop_messages(one_by_one, chosen, chance=0.5)
    return numbers(run(functools.partial(through, broken, 40)))


@given(st.integers(0, 2**32))
def test_chance_follows_from_the_seed(seed: int) -> None:
    left = survivors(seed)
    assert 0 < len(left) < 40
    assert survivors(seed) == left
    # What is chosen does not change the fate of the others.
    assert survivors(seed, range(1, 21)) == [n for n in left if n <= 20] + list(range(21, 41))


@virtual
async def test_each_message_draws_its_own_delay() -> None:
    got = await through(Faults(seed=3).delay_messages(one_by_one, (1, 5)), 5)
    times = [0.0, *(time for _, time in got)]
    delays = [after - before for before, after in pairwise(times)]
    assert len({round(delay, 6) for delay in delays}) == 5
    assert all(1 <= delay <= 5 for delay in delays)


@pytest.mark.parametrize("chance", [-0.1, 1.1, float("nan"), "often"])
def test_what_is_no_probability_is_refused(chance: Any) -> None:
    with pytest.raises(th.ConfigurationError, match="is no probability; give"):
        Faults().drop_messages(one_by_one, chance=chance)


def test_what_is_no_delay_is_refused() -> None:
    with pytest.raises(th.ConfigurationError, match="is no duration; give"):
        Faults().delay_messages(one_by_one, -1)
