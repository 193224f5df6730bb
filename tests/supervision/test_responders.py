"""Requests whose ends are handed over: what becomes of calls when responders come and go."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Awaitable, Callable
from typing import Literal

import attrs
import pytest
import trio
import trio.testing
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log, crashes, forever

Client = th.RequestClient[int, str]
Server = th.ReceiveChannel[th.Request[int, str]]
Responder = Callable[[Server], Awaitable[None]]


@attrs.define(order=True)
class Answer:
    """What came of one call; in order of time, and of the calls where that is the same."""

    time: float
    call: int
    reply: object = attrs.field(order=False)
    """The reply or the error."""

    @property
    def error(self) -> Exception:
        assert isinstance(self.reply, Exception)
        return self.reply

    @property
    def kind(self) -> tuple[object, float]:
        """A reply as it is, an error by its type; and when."""
        failed = isinstance(self.reply, Exception)
        return type(self.reply) if failed else self.reply, self.time


CALLS = itertools.count()


async def ask(client: Client, number: int, got: list[Answer]) -> None:
    """Call, and note the reply or the error, and when."""
    call = next(CALLS)
    reply: object
    try:
        reply = await client.call(number)
    except Exception as error:
        reply = error
    got.append(Answer(trio.current_time(), call, reply))
    got.sort()


def kinds(got: list[Answer]) -> list[tuple[object, float]]:
    return [answer.kind for answer in got]


def replies(got: list[Answer]) -> list[object]:
    return [answer.kind[0] for answer in got]


def down_of(answer: Answer) -> str:
    """The state of the child that is the cause of a failed call."""
    assert isinstance(answer.error, trio.BrokenResourceError)
    assert isinstance(answer.error.__cause__, th.ChildDown)
    return answer.error.__cause__.state


def opened(size: float = 8) -> tuple[Client, Server]:
    return th.open_requests(int, str, size, name="asks")


def answers(seconds: float = 0.0, *, poison: int = 13) -> Responder:
    """Return a responder that takes so long for each call, and crashes at one number."""

    async def responder(server: Server) -> None:
        async for request in server:
            await trio.sleep(seconds)
            if request.message == poison:
                raise Boom("poison")
            request.reply(str(request.message))

    return responder


def via_another(client: Client) -> Responder:
    """Return a responder that answers 1 by calling for 2, and other numbers at once."""

    async def responder(server: Server) -> None:
        async for request in server:
            with request:
                if request.message == 1:
                    request.reply("via " + await client.call(2))
                else:
                    request.reply(str(request.message))

    return responder


def balanced(client: Client, made: int) -> None:
    calls = client.call_statistics()
    assert calls.made == made
    assert calls.made == calls.replied + calls.failed + calls.cancelled


# crashes and restarts


async def test_a_crash_fails_the_taken_call_and_the_queued_ones_are_served_by_the_next(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with th.open_supervisor() as sup:
        child = sup.start_soon(answers(1), server)
        async with trio.open_nursery() as nursery:
            for number in (13, 1, 2):
                nursery.start_soon(ask, client, number, got)
                await trio.testing.wait_all_tasks_blocked()
        client.close()
    assert kinds(got) == [(th.ResponderDied, 1), ("1", 2), ("2", 3)]
    died = got[0].error
    assert isinstance(died, th.ResponderDied)
    assert isinstance(died.__cause__, Boom)
    assert (child.restarts, child.state) == (1, "complete")
    balanced(client, 3)


async def test_a_crash_fails_all_calls_in_hand_also_those_of_subtasks(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[Answer] = []

    async def handle(request: th.Request[int, str]) -> None:
        with request:
            await trio.sleep(request.message)
            request.reply(str(request.message))

    async def responder(server: Server) -> None:
        async with trio.open_nursery() as handlers:
            async for request in server:
                if request.message == 13:
                    raise Boom
                handlers.start_soon(handle, request)

    async with th.open_supervisor() as sup:
        sup.start_soon(responder, server)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, client, 1, got)
            nursery.start_soon(ask, client, 5, got)
            await trio.sleep(2)
            nursery.start_soon(ask, client, 13, got)
            await trio.sleep(1)
            nursery.start_soon(ask, client, 3, got)
        client.close()
    assert kinds(got) == [
        ("1", 1),
        (th.ResponderDied, 2),
        (th.ResponderDied, 2),
        ("3", 6),
    ]
    balanced(client, 4)


async def test_an_error_in_a_block_is_no_crash(autojump_clock: MockClock, log: Log) -> None:
    client, server = opened()
    got: list[Answer] = []

    async def responder(server: Server) -> None:
        async for request in server:
            with request:
                raise Boom

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(responder, server, name="r")
        await ask(client, 1, got)
        await ask(client, 2, got)
        client.close()
    assert kinds(got) == [(Boom, 0), (Boom, 0)]
    assert log.about("crashed", "restarting") == []


async def test_queued_calls_wait_out_a_backoff_under_their_own_deadlines(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with th.open_supervisor() as sup:
        sup.start_soon(answers(), server, backoff=th.Backoff(10, 10, jitter=0))
        await ask(client, 13, got)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, client, 1, got)
            with trio.move_on_after(3) as scope:
                await client.call(2)
            assert scope.cancelled_caught
            assert trio.current_time() == 3
        client.close()
    assert kinds(got) == [(th.ResponderDied, 0), ("1", 10)]
    balanced(client, 3)


async def test_a_killed_responder_fails_what_it_has(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with th.open_supervisor() as sup:
        child = sup.start_soon(answers(5), server)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, client, 1, got)
            await trio.sleep(1)
            nursery.start_soon(ask, client, 2, got)
            await trio.sleep(1)
            child.kill()
        client.close()
    assert kinds(got) == [(th.ResponderDied, 2), ("2", 7)]


async def test_a_restart_by_hand_keeps_what_is_queued(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with th.open_supervisor() as sup:
        child = await sup.start(answers(5), server)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, client, 1, got)
            await trio.sleep(1)
            nursery.start_soon(ask, client, 2, got)
            await trio.sleep(1)
            await child.restart()
        client.close()
    assert kinds(got) == [(th.ResponderDied, 2), ("2", 7)]


async def test_callers_that_are_components_too(autojump_clock: MockClock) -> None:
    """Both ends are handed over, and either side may crash."""
    client, server = opened()
    numbers = itertools.count(1)
    got: list[str] = []

    async def caller(client: Client) -> None:
        while (number := next(numbers)) < 20:
            got.append(await client.call(number))
            if number % 5 == 0:
                raise Boom("the caller")

    async with th.open_supervisor(max_restarts=99) as sup:
        sup.start_soon(answers(1), server)
        sup.start_soon(caller, client)
    assert got == [str(number) for number in range(1, 20) if number != 13]
    assert (client.call_statistics().replied, client.call_statistics().failed) == (18, 1)


# down for good, and back again


async def test_a_parked_responder_fails_queued_and_new_calls(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with th.open_supervisor(max_restarts=0, exhausted="park", stay=True) as sup:
        child = sup.start_soon(answers(1), server)
        async with trio.open_nursery() as nursery:
            for number in (13, 1):
                nursery.start_soon(ask, client, number, got)
                await trio.testing.wait_all_tasks_blocked()
        await ask(client, 2, got)
        assert child.state == "parked"
        assert kinds(got)[0] == (th.ResponderDied, 1)
        assert [down_of(answer) for answer in got[1:]] == ["parked", "parked"]
        assert trio.current_time() == 1
        assert "start it again by hand" in str(got[2].error.__cause__)
        await child.start()
        await ask(client, 3, got)
        assert kinds(got)[-1] == ("3", 2)
        sup.cancel_scope.cancel()
    balanced(client, 3)  # one was refused, so that it was none


async def test_a_responder_stopped_by_hand_fails_calls_until_it_is_started(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with th.open_supervisor(stay=True) as sup:
        child = await sup.start(answers(2), server)
        async with trio.open_nursery() as nursery:
            for number in (1, 2):
                nursery.start_soon(ask, client, number, got)
                await trio.testing.wait_all_tasks_blocked()
            await trio.sleep(1)
            await child.stop()
        await ask(client, 3, got)
        assert kinds(got)[0] == (th.ResponderDied, 1)
        assert [down_of(answer) for answer in got[1:]] == ["stopped", "stopped"]
        with pytest.raises(trio.BrokenResourceError):
            await client.cast(4)
        await child.restart()
        await ask(client, 5, got)
        assert kinds(got)[-1] == ("5", 3)
        await child.stop()
        await ask(client, 6, got)
        assert down_of(got[-1]) == "stopped"
        await child.start()
        await ask(client, 7, got)
        assert kinds(got)[-1] == ("7", 5)
        sup.cancel_scope.cancel()


async def test_a_cast_is_kept_for_who_is_started_by_hand(autojump_clock: MockClock) -> None:
    client, server = opened()
    seen: list[int] = []

    async def responder(server: Server) -> None:
        async for request in server:
            seen.append(request.message)
            await trio.sleep(1)

    async with th.open_supervisor(stay=True) as sup:
        child = await sup.start(responder, server)
        await client.send_many([1, 2, 3])
        await trio.testing.wait_all_tasks_blocked()
        await child.stop()
        assert client.statistics().current_buffer_used == 2
        await child.start()
        await trio.sleep(5)
        assert seen == [1, 2, 3]
        sup.cancel_scope.cancel()


async def test_a_complete_responder_fails_all(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []

    async def one(server: Server) -> None:
        request = await server.receive()
        await trio.sleep(1)
        request.reply(str(request.message))

    async with th.open_supervisor() as sup:
        child = sup.start_soon(one, server)
        async with trio.open_nursery() as nursery:
            for number in (1, 2):
                nursery.start_soon(ask, client, number, got)
                await trio.testing.wait_all_tasks_blocked()
        await ask(client, 3, got)
        assert child.state == "complete"
    assert kinds(got) == [
        ("1", 1),
        (trio.BrokenResourceError, 1),
        (trio.BrokenResourceError, 1),
    ]
    balanced(client, 2)


async def test_with_two_responders_both_must_be_down(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with th.open_supervisor(stay=True) as sup:
        a = await sup.start(answers(), server, name="a")
        b = await sup.start(answers(), server, name="b")
        await a.stop()
        await ask(client, 1, got)
        await b.stop()
        await ask(client, 2, got)
        assert down_of(got[-1]) == "stopped"
        await a.start()
        await ask(client, 3, got)
        await a.stop()
        await ask(client, 4, got)
        assert down_of(got[-1]) == "stopped"
        c = await sup.start(answers(), server, name="c")
        await ask(client, 5, got)
        await c.stop()
        await ask(client, 6, got)
        sup.cancel_scope.cancel()
    assert replies(got) == [
        "1",
        trio.BrokenResourceError,
        "3",
        trio.BrokenResourceError,
        "5",
        trio.BrokenResourceError,
    ]


async def test_one_parked_and_one_in_a_backoff(autojump_clock: MockClock) -> None:
    """The one that comes back is waited for."""
    client, server = opened()
    got: list[Answer] = []
    async with th.open_supervisor(stay=True) as sup:
        a = await sup.start(answers(), server, name="a")
        b = await sup.start(answers(), server, name="b", backoff=th.Backoff(10, 10, jitter=0))
        await a.stop()
        await ask(client, 13, got)
        await ask(client, 1, got)
        assert kinds(got) == [(th.ResponderDied, 0), ("1", 10)]
        await ask(client, 13, got)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, client, 2, got)
            await trio.sleep(1)
            await b.stop()
        assert kinds(got)[3] == (trio.BrokenResourceError, 11)
        sup.cancel_scope.cancel()


async def test_the_other_completes_while_one_is_down(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []

    async def short(server: Server) -> None:
        await trio.sleep(5)

    async with th.open_supervisor(stay=True) as sup:
        a = await sup.start(answers(), server, name="a")
        sup.start_soon(short, server, name="b")
        await a.stop()
        await ask(client, 1, got)
        await ask(client, 2, got)
        assert [answer.time for answer in got] == [5, 5]
        assert [down_of(answer) for answer in got] == ["stopped", "stopped"]
        sup.cancel_scope.cancel()


async def test_two_supervisors_share_a_channel(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with th.open_supervisor("one", stay=True) as one:
        async with th.open_supervisor("two", stay=True) as two:
            a = await one.start(answers(), server.clone(), name="a")
            b = await two.start(answers(), server, name="b")
            await a.stop()
            await ask(client, 1, got)
            await b.stop()
            await ask(client, 2, got)
            await a.start()
            await ask(client, 3, got)
            two.cancel_scope.cancel()
        await ask(client, 4, got)
        await a.stop()
        await ask(client, 5, got)
        one.cancel_scope.cancel()
    await ask(client, 6, got)
    assert replies(got) == [
        "1",
        trio.BrokenResourceError,
        "3",
        "4",
        trio.BrokenResourceError,
        trio.BrokenResourceError,
    ]
    assert "no open receive end" in str(got[-1].error)
    balanced(client, 3)


async def test_a_responder_below_a_component_that_supervises_it(
    autojump_clock: MockClock,
) -> None:
    """The end is handed over twice; the upper supervisor keeps one that nobody receives through."""
    client, server = opened()
    got: list[Answer] = []
    below: list[th.Child[object]] = []

    async def team(server: Server) -> None:
        async with th.open_supervisor("team", stay=True) as sup:
            below.append(sup.start_soon(answers(), server, name="r"))

    async with th.open_supervisor(stay=True) as sup:
        child = sup.start_soon(team, server)
        await ask(client, 1, got)
        await below[0].stop()
        with trio.fail_after(100):
            await ask(client, 2, got)
        assert down_of(got[-1]) == "stopped"
        await below[0].start()
        await ask(client, 3, got)
        await below[0].stop()
        await child.restart()
        await ask(client, 4, got)
        await child.stop()
        await ask(client, 5, got)
        assert down_of(got[-1]) == "stopped"
        sup.cancel_scope.cancel()
    assert replies(got) == [
        "1",
        trio.BrokenResourceError,
        "3",
        "4",
        trio.BrokenResourceError,
    ]


# what groups and needs do to a responder


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_calls_wait_while_a_group_is_restarted(
    autojump_clock: MockClock, strategy: Literal["one_for_all", "rest_for_one"]
) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with th.open_supervisor(strategy=strategy) as sup:
        sup.start_soon(crashes(1, after=2), backoff=th.Backoff(10, 10, jitter=0), background=True)
        sup.start_soon(answers(), server)
        await ask(client, 1, got)
        await trio.sleep(3)
        await ask(client, 2, got)
        client.close()
    assert kinds(got) == [("1", 0), ("2", 12)]


async def test_calls_wait_for_what_the_responder_needs(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []

    async def responder(server: Server, *, pool: object) -> None:
        await answers()(server)

    async with th.open_supervisor() as sup:
        pool = sup.start_soon(
            crashes(1, after=2), backoff=th.Backoff(10, 10, jitter=0), background=True
        )
        sup.start_soon(responder, server, needs={"pool": pool})
        await ask(client, 1, got)
        await trio.sleep(3)
        await ask(client, 2, got)
        client.close()
    assert kinds(got) == [("1", 0), ("2", 12)]


async def test_calls_fail_while_what_the_responder_needs_is_parked(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[Answer] = []

    async def responder(server: Server, *, pool: object) -> None:
        await answers(5)(server)

    async with th.open_supervisor(max_restarts=0, exhausted="park", stay=True) as sup:
        pool = sup.start_soon(crashes(1, after=2))
        child = sup.start_soon(responder, server, needs={"pool": pool})
        async with trio.open_nursery() as nursery:
            for number in (1, 2):
                nursery.start_soon(ask, client, number, got)
                await trio.testing.wait_all_tasks_blocked()
        assert (pool.state, child.state) == ("parked", "waiting")
        await ask(client, 3, got)
        assert kinds(got)[0] == (th.ResponderDied, 2)
        assert [down_of(answer) for answer in got[1:]] == ["waiting", "waiting"]
        await pool.start()
        await ask(client, 4, got)
        assert kinds(got)[-1] == ("4", 7)
        sup.cancel_scope.cancel()


async def test_a_responder_that_comes_when_its_need_is_parked(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []

    async def responder(server: Server, *, pool: object) -> None:
        await answers()(server)

    async with th.open_supervisor(max_restarts=0, exhausted="park", stay=True) as sup:
        pool = sup.start_soon(crashes(1))
        await pool.wait("parked")
        child = sup.start_soon(responder, server, needs={"pool": pool})
        await trio.testing.wait_all_tasks_blocked()
        assert child.state == "waiting"
        with trio.fail_after(100):
            await ask(client, 1, got)
        assert down_of(got[-1]) == "waiting"
        await pool.start()
        await ask(client, 2, got)
        assert kinds(got)[-1] == ("2", 0)
        sup.cancel_scope.cancel()


async def test_calls_wait_again_as_soon_as_the_parked_need_is_on_its_way(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[Answer] = []
    lives = itertools.count(1)

    async def slow(*, task_status: th.TaskStatus[str]) -> None:
        if next(lives) == 1:
            task_status.started("first")
            raise Boom
        await trio.sleep(5)
        task_status.started("second")
        await trio.sleep_forever()

    async def between(*, pool: object, task_status: th.TaskStatus[str]) -> None:
        task_status.started("between")
        await trio.sleep_forever()

    async def responder(server: Server, *, link: object) -> None:
        await answers()(server)

    async with th.open_supervisor(max_restarts=0, exhausted="park", stay=True) as sup:
        pool = sup.start_soon(slow)
        link = sup.start_soon(between, needs={"pool": pool})
        child = sup.start_soon(responder, server, needs={"link": link})
        await pool.wait("parked")
        await trio.testing.wait_all_tasks_blocked()
        assert child.state == "waiting"
        await ask(client, 1, got)
        assert down_of(got[-1]) == "waiting"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pool.start)
            await trio.sleep(1)
            await ask(client, 2, got)
        assert kinds(got)[-1] == ("2", 5)
        sup.cancel_scope.cancel()


async def test_a_responder_restarted_by_hand_while_its_need_is_parked(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[Answer] = []

    async def responder(server: Server, *, pool: object) -> None:
        await answers()(server)

    async with th.open_supervisor(max_restarts=0, exhausted="park", stay=True) as sup:
        pool = sup.start_soon(crashes(1, after=1))
        child = sup.start_soon(responder, server, needs={"pool": pool})
        await child.wait("ready")
        await child.stop()
        await pool.wait("parked")
        with trio.move_on_after(5):
            await child.restart()
        with trio.fail_after(100):
            await ask(client, 1, got)
        assert isinstance(got[-1].error, trio.BrokenResourceError)
        await pool.start()
        await ask(client, 2, got)
        sup.cancel_scope.cancel()
    assert replies(got)[-1] == "2"


# the end


async def test_a_drain_serves_queued_calls_and_refuses_new_ones(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with trio.open_nursery() as nursery:
        async with th.open_supervisor() as sup:
            sup.start_soon(answers(1), server)
            for number in (1, 2):
                nursery.start_soon(ask, client, number, got)
                await trio.testing.wait_all_tasks_blocked()
            sup.drain()
            await trio.testing.wait_all_tasks_blocked()
            await ask(client, 3, got)
    assert kinds(got) == [(trio.BrokenResourceError, 0), ("1", 1), ("2", 2)]
    assert "is finished" in str(got[0].error)
    balanced(client, 2)


async def test_a_drain_ends_callers_before_those_who_answer_them(
    autojump_clock: MockClock, log: Log
) -> None:
    client, server = opened()
    got: list[str] = []

    async def caller(client: Client) -> None:
        with th.stop_on_drain():
            await trio.sleep_forever()
        got.append(await client.call(1))

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(caller, client, name="caller")
        sup.start_soon(answers(1), server, name="responder")
        await trio.sleep(1)
        sup.drain()
    assert got == ["1"]
    assert log.about("returned", "stopped") == ["caller 1 returned", "responder 1 returned"]


async def test_a_drain_restarts_a_responder_that_crashes(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with trio.open_nursery() as nursery:
        async with th.open_supervisor() as sup:
            sup.start_soon(answers(1), server, backoff=th.Backoff(50, 50, jitter=0))
            for number in (13, 1):
                nursery.start_soon(ask, client, number, got)
                await trio.testing.wait_all_tasks_blocked()
            sup.drain()
    assert kinds(got) == [(th.ResponderDied, 1), ("1", 2)]


async def test_a_stop_of_everything_leaves_no_caller_waiting(autojump_clock: MockClock) -> None:
    client, server = opened(1)
    got: list[Answer] = []
    async with trio.open_nursery() as nursery:
        async with th.open_supervisor() as sup:
            sup.start_soon(answers(100), server)
            for number in range(4):
                nursery.start_soon(ask, client, number, got)
                await trio.testing.wait_all_tasks_blocked()
            sup.cancel_scope.cancel()
    await ask(client, 5, got)
    assert trio.current_time() == 0
    assert kinds(got)[0] == (th.ResponderDied, 0)
    assert kinds(got)[1:] == [(trio.BrokenResourceError, 0)] * 4
    balanced(client, 4)


async def test_giving_up_leaves_no_caller_waiting(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with trio.open_nursery() as nursery:
        with pytest.raises(th.RestartLimitExceeded):
            async with th.open_supervisor(max_restarts=0) as sup:
                sup.start_soon(answers(1), server)
                sup.start_soon(forever)
                for number in (13, 1):
                    nursery.start_soon(ask, client, number, got)
                    await trio.testing.wait_all_tasks_blocked()
    assert {*kinds(got)} == {(th.ResponderDied, 1), (trio.BrokenResourceError, 1)}


async def test_a_call_to_oneself_is_refused_under_supervision(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []

    async def responder(server: Server) -> None:
        async for request in server:
            with request:
                request.reply(await client.call(request.message))

    async with th.open_supervisor() as sup:
        sup.start_soon(responder, server)
        await ask(client, 1, got)
        client.close()
    assert kinds(got) == [(th.CallToOneself, 0)]


async def test_another_that_is_in_a_backoff_may_be_called(autojump_clock: MockClock) -> None:
    """It is no call to oneself: the other one comes back."""
    client, server = opened()
    got: list[Answer] = []

    async def nested(server: Server) -> None:
        async for request in server:
            with request:
                if request.message == 1:
                    request.reply("via " + await client.call(2))
                else:
                    request.reply("2")

    async with th.open_supervisor() as sup:
        backoff = th.Backoff(10, 10, jitter=0)
        other = await sup.start(answers(), server, name="other", backoff=backoff)
        await ask(client, 13, got)
        assert other.state == "restarting"
        sup.start_soon(nested, server, name="nested")
        await ask(client, 1, got)
        assert kinds(got) == [(th.ResponderDied, 0), ("via 2", 10)]
        await other.stop()
        await ask(client, 1, got)
        client.close()
    assert kinds(got)[2:] == [(th.CallToOneself, 10)]


async def test_an_end_that_was_received_through_before(autojump_clock: MockClock) -> None:
    """Whoever had it before it was handed over is not waited for."""
    client, server = opened()
    got: list[Answer] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        (await server.receive()).reply("1")

    async def supervises(server: Server) -> None:
        async with th.open_supervisor("inner", stay=True) as inner:
            child = await inner.start(answers(), server)
            await child.stop()
            await trio.sleep_forever()

    async with th.open_supervisor("outer") as sup:
        sup.start_soon(supervises, server)
        await trio.sleep(1)
        with trio.fail_after(1):
            await ask(client, 2, got)
        sup.cancel_scope.cancel()
    assert (kinds(got)[0], down_of(got[1])) == (("1", 0), "stopped")


async def test_a_cancelled_start_gives_back_an_end_that_takes_calls(
    autojump_clock: MockClock,
) -> None:
    """Also where calls failed meanwhile, because what the child waited for was parked."""
    client, server = opened()
    got: list[Answer] = []

    async def parks(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1)
        raise Boom

    async def waits(server: Server, *, need: object) -> None:
        raise AssertionError("it was never to begin")

    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor(stay=True, max_restarts=0, exhausted="park") as sup:
            need = sup.start_soon(parks, name="need")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(ask, client, 1, got)
                with trio.move_on_after(2):
                    await sup.start(waits, server, needs={"need": need})
            assert (kinds(got), down_of(got[0])) == ([(trio.BrokenResourceError, 1)], "waiting")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(ask, client, 2, got)
                await trio.testing.wait_all_tasks_blocked()
                with trio.fail_after(1):
                    (await server.receive()).reply("2")
            sup.cancel_scope.cancel()
    assert kinds(got)[1:] == [("2", 2)]


async def test_a_temporary_responder_is_not_waited_for(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []
    async with th.open_supervisor() as sup:
        sup.start_soon(answers(1), server, restart="temporary")
        async with trio.open_nursery() as nursery:
            for number in (13, 1):
                nursery.start_soon(ask, client, number, got)
                await trio.testing.wait_all_tasks_blocked()
    assert {*kinds(got)} == {(th.ResponderDied, 1), (trio.BrokenResourceError, 1)}
    balanced(client, 2)


async def test_a_pool_of_responders(autojump_clock: MockClock) -> None:
    """Workers of one component share what is asked; one that crashes fails its own call alone."""
    client, server = opened()
    got: list[Answer] = []
    async with th.open_supervisor() as sup:
        for number in range(3):
            sup.start_soon(answers(1), server, name=f"r-{number}")
        async with trio.open_nursery() as nursery:
            for number in (1, 13, 2, 3, 4, 5):
                nursery.start_soon(ask, client, number, got)
        client.close()
    assert {*replies(got)} == {th.ResponderDied, *"12345"}
    assert trio.current_time() == 2


# who is to come


async def test_a_clone_of_somebody_else_does_not_hide_who_is_to_come(
    autojump_clock: MockClock,
) -> None:
    """One supervisor has the end and another one a clone, whose holder is parked."""
    for swapped in (False, True):
        client, server = opened()
        got: list[Answer] = []
        one_end, two_end = server, server.clone()
        if swapped:
            one_end, two_end = two_end, one_end
        begun = trio.current_time()
        async with th.open_supervisor("one", stay=True) as one:
            async with th.open_supervisor("two", stay=True) as two:
                await one.start(answers(), one_end, backoff=th.Backoff(10, 10, jitter=0))
                await ask(client, 13, got)
                down = await two.start(answers(), two_end)
                await down.stop()
                with trio.fail_after(100):
                    await ask(client, 1, got)
                two.cancel_scope.cancel()
            one.cancel_scope.cancel()
        assert kinds(got)[1:] == [("1", begun + 10)]


async def test_it_is_no_call_to_oneself_while_another_supervisors_child_is_to_come(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[Answer] = []
    clone = server.clone()
    async with th.open_supervisor("one", stay=True) as one:
        async with th.open_supervisor("two", stay=True) as two:
            await one.start(answers(), server, backoff=th.Backoff(10, 10, jitter=0))
            await ask(client, 13, got)
            two.start_soon(via_another(client), clone)
            await trio.sleep(1)
            with trio.fail_after(100):
                await ask(client, 1, got)
            two.cancel_scope.cancel()
        one.cancel_scope.cancel()
    assert kinds(got)[1:] == [("via 2", 10)]


async def test_a_child_that_holds_an_end_twice_counts_once(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[Answer] = []

    async def inner(first: Server, second: Server) -> None:
        async with th.open_supervisor("inner", stay=True) as sup:
            for end in (first, second):
                child = await sup.start(answers(), end)
                await child.stop()

    async with th.open_supervisor("outer", stay=True) as sup:
        await sup.start(answers(), server, backoff=th.Backoff(10, 10, jitter=0))
        await ask(client, 13, got)
        sup.start_soon(inner, server, server)
        await trio.sleep(1)
        with trio.fail_after(100):
            await ask(client, 1, got)
        sup.cancel_scope.cancel()
    assert kinds(got)[1:] == [("1", 10)]


async def test_one_that_closed_its_end_is_to_come_until_it_is_down(
    autojump_clock: MockClock,
) -> None:
    """It may crash, and then come back with a fresh one."""
    client, server = opened()
    got: list[Answer] = []
    lives = itertools.count(1)

    async def closes(server: Server) -> None:
        if next(lives) == 1:
            server.close()
            await trio.sleep(5)
            raise Boom
        await answers()(server)

    async with th.open_supervisor(stay=True) as sup:
        closing = await sup.start(closes, server)
        other = await sup.start(answers(), server)
        await other.stop()
        with trio.fail_after(100):
            await ask(client, 1, got)
        await closing.stop()
        with trio.fail_after(100):
            await ask(client, 2, got)
        sup.cancel_scope.cancel()
    assert kinds(got) == [("1", 5), (trio.BrokenResourceError, 5)]


@pytest.mark.parametrize("park", [False, True])
async def test_a_call_to_oneself_fails_when_the_other_responder_is_gone(
    autojump_clock: MockClock, *, park: bool
) -> None:
    """It waits in the queue while the other one is busy, and in a back-off as well."""
    client, server = opened()
    got: list[Answer] = []

    async def other(server: Server) -> None:
        request = await server.receive()
        await trio.sleep(5)
        request.reply("other")
        if park:
            raise Boom

    with contextlib.suppress(th.RestartLimitExceeded):
        async with th.open_supervisor(stay=True, exhausted="park", max_restarts=0) as sup:
            sup.start_soon(other, server)
            await trio.testing.wait_all_tasks_blocked()
            sup.start_soon(via_another(client), server)
            await trio.testing.wait_all_tasks_blocked()
            with trio.fail_after(100):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(ask, client, 9, got)
                    await trio.testing.wait_all_tasks_blocked()
                    nursery.start_soon(ask, client, 1, got)
                await ask(client, 3, got)
            sup.cancel_scope.cancel()
    assert kinds(got) == [("other", 5), (th.CallToOneself, 5), ("3", 5)]
    balanced(client, 4)


async def test_one_that_is_parked_below_another_supervisor_is_not_waited_for(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[Answer] = []
    clone = server.clone()
    async with th.open_supervisor("one", stay=True) as one:
        async with th.open_supervisor("two", stay=True) as two:
            down = await one.start(answers(), clone)
            await down.stop()
            two.start_soon(via_another(client), server)
            await trio.sleep(1)
            with trio.fail_after(100):
                await ask(client, 1, got)
            await down.start()
            await ask(client, 1, got)
            two.cancel_scope.cancel()
        one.cancel_scope.cancel()
    assert kinds(got) == [(th.CallToOneself, 1), ("via 2", 1)]
