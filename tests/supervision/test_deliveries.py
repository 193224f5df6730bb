"""`max_deliveries` under supervision: a crash gives the message back, a stop as it was."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log


async def test_a_poison_message_becomes_a_dead_letter_and_nothing_else_stops(
    autojump_clock: MockClock, log: Log
) -> None:
    got: list[int] = []

    async def consume(receive: th.ReceiveChannel[int]) -> None:
        async for number in receive:
            if number == 3:
                raise Boom("three")
            got.append(number)

    send, receive = th.open_channel(int, 100, name="numbers", max_deliveries=4)
    dead = receive.channel.dead
    for number in range(6):
        send.send_nowait(number)
    send.close()
    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        child = sup.start_soon(consume, receive, name="c")
    assert got == [0, 1, 2, 4, 5]
    (letter,) = [letter async for letter in dead]
    assert (letter.channel, letter.message, letter.attempts) == ("numbers", 3, 4)
    assert isinstance(letter.error, Boom)
    assert (child.restarts, child.state) == (4, "complete")


async def test_such_crashes_are_told_but_not_counted(autojump_clock: MockClock, log: Log) -> None:
    async def consume(receive: th.ReceiveChannel[int]) -> None:
        async for _ in receive:
            raise Boom

    send, receive = th.open_channel(int, 1, name="numbers", max_deliveries=2)
    send.send_nowait(7)
    send.close()
    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        sup.start_soon(consume, receive, name="c")
    assert log.about("crashed", "restarting") == [
        "c 1 crashed",
        "c 1 restarting",
        "c 2 crashed",
        "c 2 restarting",
    ]
    assert [event.restarts for event in log.of(th.ChildRestarting)] == [0, 0]
    first, second, last = log.of(th.ChildEnded)
    assert [item.fate for item in (*first.in_hand, *second.in_hand)] == ["returned", "dead"]
    assert [item.attempt for item in (*first.in_hand, *second.in_hand)] == [1, 2]
    assert last.in_hand == ()


async def test_a_crash_with_nothing_in_hand_is_counted(autojump_clock: MockClock) -> None:
    async def consume(receive: th.ReceiveChannel[int]) -> None:
        async for _ in receive:
            receive.ack()
            raise Boom

    send, receive = th.open_channel(int, 5, max_deliveries=2)
    for number in range(5):
        send.send_nowait(number)
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor(max_restarts=2) as sup:
            sup.start_soon(consume, receive)
    assert receive.channel.statistics().current_buffer_used == 2


@pytest.mark.parametrize("how", ["stop", "restart", "cancel"])
async def test_a_stop_gives_the_message_back_as_it_was(
    autojump_clock: MockClock, log: Log, how: str
) -> None:
    async def consume(receive: th.ReceiveChannel[int]) -> None:
        async for _ in receive:
            await trio.sleep_forever()

    send, receive = th.open_channel(int, 5, max_deliveries=2)
    watch = receive.clone()
    send.send_nowait(1)
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(consume, receive, name="c")
        for _ in range(5):
            await trio.testing.wait_all_tasks_blocked()
            assert watch.channel.statistics().in_hand == 1
            if how == "cancel":
                break
            if how == "stop":
                await child.stop()
            await child.restart()
        sup.cancel_scope.cancel()
    assert watch.receive_nowait() == 1
    ends = log.of(th.ChildEnded)
    assert {item.fate for end in ends for item in end.in_hand} == {"returned"}
    assert {item.attempt for end in ends for item in end.in_hand} == {1}
    watch.close()


async def test_a_batch_comes_back_item_by_item_so_that_only_the_culprit_dies(
    autojump_clock: MockClock, log: Log
) -> None:
    """All of it within no restart at all: such crashes are limited by the deliveries alone."""
    seen: list[list[int]] = []
    done: list[int] = []

    async def consume(receive: th.ReceiveChannel[int]) -> None:
        async for batch in receive.batches(4):
            seen.append(batch)
            await trio.lowlevel.checkpoint()
            if 2 in batch:
                raise Boom("two")
            done.extend(batch)

    send, receive = th.open_channel(int, 10, name="numbers", max_deliveries=3)
    dead = receive.channel.dead
    for number in range(6):
        send.send_nowait(number)
    send.close()
    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        sup.start_soon(consume, receive, name="c")
    assert sorted(done) == [0, 1, 3, 4, 5]
    assert seen[0] == [0, 1, 2, 3]
    assert seen[1:6] == [[0], [1], [2], [2], [3]]
    (letter,) = [letter async for letter in dead]
    assert (letter.message, letter.attempts) == (2, 3)
    first = log.of(th.ChildEnded)[0]
    assert [(item.message, item.fate) for item in first.in_hand] == [
        (str(number), "returned") for number in range(4)
    ]
    # Still told and counted, each of them.
    assert len(log.about("crashed")) == len(log.about("restarting")) == 3
    assert log.about("dead") == ["numbers dead"]


async def test_a_stop_gives_a_batch_back_as_one(autojump_clock: MockClock, log: Log) -> None:
    """A stop is nobody's fault: nothing is delivered alone because of it, nor counted."""
    seen: list[list[int]] = []

    async def consume(receive: th.ReceiveChannel[int]) -> None:
        async for batch in receive.batches(4):
            seen.append(batch)
            await trio.sleep(1)

    send, receive = th.open_channel(int, 10, max_deliveries=1)
    for number in range(4):
        send.send_nowait(number)
    send.close()
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(consume, receive, name="c")
        for _ in range(3):
            await trio.sleep(0.5)
            await child.restart()
    assert seen == [[0, 1, 2, 3]] * 4
    assert {item.attempt for end in log.of(th.ChildEnded) for item in end.in_hand} == {1}


@pytest.mark.parametrize("how", ["crash", "stop", "kill"])
async def test_what_was_acknowledged_does_not_come_back(
    autojump_clock: MockClock, how: str
) -> None:
    got: list[int] = []

    async def consume(receive: th.ReceiveChannel[int]) -> None:
        async for number in receive:
            got.append(number)
            receive.ack()
            await trio.sleep(1)
            if len(got) == 1:
                if how == "crash":
                    raise Boom
                await trio.sleep_forever()

    send, receive = th.open_channel(int, 10, max_deliveries=3)
    for number in range(3):
        send.send_nowait(number)
    send.close()
    async with th.open_supervisor("s") as sup:
        child = await sup.start(consume, receive, name="c")
        await trio.sleep(2)
        if how == "stop":
            await child.restart()
        elif how == "kill":
            child.kill()
    assert got == [0, 1, 2]


async def test_a_kill_counts_as_a_delivery(autojump_clock: MockClock, log: Log) -> None:
    async def consume(receive: th.ReceiveChannel[int]) -> None:
        async for _ in receive:
            await trio.sleep_forever()

    send, receive = th.open_channel(int, 5, max_deliveries=2)
    send.send_nowait(1)
    send.close()
    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        child = await sup.start(consume, receive)
        for _ in range(2):
            await trio.testing.wait_all_tasks_blocked()
            child.kill()
    assert receive.channel.statistics().dead == 1


async def test_a_return_acknowledges(autojump_clock: MockClock) -> None:
    async def once(receive: th.ReceiveChannel[int]) -> None:
        await receive.receive()

    send, receive = th.open_channel(int, 5, max_deliveries=2)
    send.send_nowait(1)
    send.send_nowait(2)
    watch = receive.clone()
    async with th.open_supervisor() as sup:
        sup.start_soon(once, receive)
    statistics = watch.channel.statistics()
    assert (statistics.current_buffer_used, statistics.in_hand) == (1, 0)
    watch.close()


async def test_a_dead_letter_reader_under_the_same_supervisor(autojump_clock: MockClock) -> None:
    buried: list[int] = []

    async def consume(receive: th.ReceiveChannel[int]) -> None:
        async for number in receive:
            if number % 2:
                raise Boom

    async def bury(letters: th.ReceiveChannel[th.DeadLetter[int]]) -> None:
        async for letter in letters:
            buried.append(letter.message)

    async def produce(send: th.SendChannel[int]) -> None:
        for number in range(10):
            await send.send(number)

    send, receive = th.open_channel(int, 2, max_deliveries=3)
    with trio.fail_after(10):
        async with th.open_supervisor(max_restarts=0) as sup:
            sup.start_soon(bury, receive.channel.dead)
            sup.start_soon(consume, receive, name="a")
            sup.start_soon(consume, receive, name="b")
            sup.start_soon(produce, send)
    assert sorted(buried) == [1, 3, 5, 7, 9]


async def test_consumers_under_two_supervisors(autojump_clock: MockClock) -> None:
    got: list[int] = []

    async def consume(receive: th.ReceiveChannel[int]) -> None:
        async for number in receive:
            await trio.sleep(1)
            if number == 5:
                raise Boom
            got.append(number)

    send, receive = th.open_channel(int, 20, max_deliveries=3)
    other = receive.clone()
    dead = receive.channel.dead
    for number in range(10):
        send.send_nowait(number)
    send.close()
    async with th.open_supervisor("a", max_restarts=0) as a:
        async with th.open_supervisor("b", max_restarts=0) as b:
            a.start_soon(consume, receive)
            b.start_soon(consume, other)
    assert sorted(got) == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert [letter.message async for letter in dead] == [5]


async def test_a_stop_breaks_nobody_s_channel(autojump_clock: MockClock, log: Log) -> None:
    """The sink is stopped first; those who still work for it are not to see its end break."""

    async def source(send: th.SendChannel[int]) -> None:
        for number in range(100):
            await send.send(number)

    async def work(receive: th.ReceiveChannel[int], send: th.SendChannel[int]) -> None:
        async for number in receive:
            async with th.cleanup():  # so that it gets to its send after it was told to stop
                await trio.sleep(0.2)
            await send.send(number)

    async def sink(receive: th.ReceiveChannel[int]) -> None:
        async for _ in receive:
            await trio.sleep(0.01)

    first_send, first = th.open_channel(int, 8, max_deliveries=1, name="first")
    second_send, second = th.open_channel(int, 1, name="second")
    with trio.move_on_after(0.73):
        async with th.open_supervisor("s", observer=log) as sup:
            sup.start_soon(source, first_send)
            for number in range(3):
                sup.start_soon(work, first, second_send, name=f"work-{number}")
            sup.start_soon(sink, second)
    assert first_send.statistics().dead == 0
    assert log.about("crashed") == []
    assert [event for event in log.of(th.ChildEnded) if getattr(event.exit, "error", None)] == []
