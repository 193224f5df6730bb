"""Channel ends among the arguments of a group's children, or of a pool's template."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import Boom, forever

Server = th.ReceiveChannel[th.Request[int, str]]


async def collect(end: th.ReceiveChannel[int], got: list[int], *, poison: int = -1) -> None:
    async for number in end:
        got.append(number)
        if number == poison:
            raise Boom


async def answer(server: Server) -> None:
    async for request in server:
        request.reply(str(request.message))


async def crash_after(seconds: float) -> None:
    await trio.sleep(seconds)
    raise Boom


def group_of(*specs: th.Spec[object], nested: bool) -> th.Group:
    inner = th.Group("g", specs, max_restarts=0)
    return th.Group("outer", [th.Spec(inner)], max_restarts=0) if nested else inner


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("how", ["crash", "by hand", "stop and start"])
async def test_a_group_that_is_restarted_goes_on_with_what_is_queued(
    autojump_clock: MockClock, how: Literal["crash", "by hand", "stop and start"], nested: bool
) -> None:
    send, receive = th.open_channel(int, 9)
    got: list[int] = []
    specs: list[th.Spec[object]] = [th.Spec(collect, receive, got)]
    if how == "crash":
        specs.append(th.Spec(crash_after, 1))
    with trio.fail_after(50):
        async with th.open_supervisor(max_restarts=2, stay=True) as sup:
            child = await sup.start(group_of(*specs, nested=nested))
            await send.send(1)
            await trio.sleep(0.5)
            if how == "by hand":
                await child.restart()
            elif how == "stop and start":
                await child.stop()
                await send.send(2)
                await child.start()
            else:
                await trio.sleep(1)
            await send.send(3)
            await trio.sleep(0.1)
            assert child.incarnation == 2
            assert receive.statistics().open_receive_channels >= 2
            sup.cancel_scope.cancel()
    assert got == ([1, 2, 3] if how == "stop and start" else [1, 3])
    assert receive.statistics().open_receive_channels == 0


async def test_ends_in_a_partial_and_one_end_in_two_specs(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 9)
    got: list[int] = []
    group = th.Group(
        "g",
        [
            th.Spec(partial(collect, end=receive, got=got), name="a"),
            th.Spec(partial(collect, receive), got, name="b"),
            th.Spec(forever),
        ],
    )
    with trio.fail_after(50):
        async with th.open_supervisor(stay=True) as sup:
            child = await sup.start(group)
            await send.send_many([1, 2])
            await trio.sleep(1)
            await child.restart()
            await send.send_many([3, 4])
            await trio.sleep(1)
            sup.cancel_scope.cancel()
    assert sorted(got) == [1, 2, 3, 4]


async def test_one_group_under_two_names(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 9)
    got: list[int] = []
    group = th.Group("g", [th.Spec(collect, receive, got)])
    with trio.fail_after(50):
        async with th.open_supervisor() as sup:
            first = await sup.start(group, name="first")
            await sup.start(group, name="second")
            await first.stop()
            with send:
                await send.send_many([1, 2, 3])
    assert got == [1, 2, 3]


async def test_a_pipeline_through_groups_ends_by_itself(autojump_clock: MockClock) -> None:
    async def double(end: th.ReceiveChannel[int], out: th.SendChannel[int]) -> None:
        async for number in end:
            await out.send(2 * number)

    send, receive = th.open_channel(int, 1)
    out, doubled = th.open_channel(int, 1)
    got: list[int] = []
    with trio.fail_after(50):
        async with th.open_supervisor() as sup:
            sup.start_soon(th.Group("a", [th.Spec(double, receive, out)]))
            sup.start_soon(th.Group("b", [th.Spec(collect, doubled, got)]))
            with send:
                for number in range(5):
                    await send.send(number)
    assert got == [0, 2, 4, 6, 8]


async def test_what_is_passed_as_it_is_stays_the_callers(autojump_clock: MockClock) -> None:
    _, receive = th.open_channel(int, 9)
    seen: list[object] = []

    async def look(end: object) -> None:
        seen.append(end)

    async with th.open_supervisor() as sup:
        await sup.start(th.Group("g", [th.Spec(look, th.as_is(receive))]))
    assert seen == [receive]
    assert receive.statistics().open_receive_channels == 1


@pytest.mark.parametrize("how", ["crash", "by hand", "stop and start"])
async def test_calls_wait_while_their_group_is_restarted(
    autojump_clock: MockClock, how: str
) -> None:
    client, server = th.open_requests(int, str)
    got: list[str] = []
    specs: list[th.Spec[object]] = [th.Spec(answer, server)]
    if how == "crash":
        specs.append(th.Spec(crash_after, 1))
    group = th.Group("g", specs, max_restarts=0)

    async def ask(number: int) -> None:
        got.append(await client.call(number))

    with trio.fail_after(50):
        async with th.open_supervisor(stay=True) as sup:
            child = await sup.start(group, backoff=th.Backoff(5, 5, jitter=0))
            await ask(1)
            if how == "crash":
                await trio.sleep(2)
                assert child.state == "restarting"
                await ask(2)
                assert trio.current_time() == 6
            elif how == "by hand":
                await child.restart()
                await ask(2)
            else:
                await child.stop()
                with pytest.raises(trio.BrokenResourceError) as caught:
                    await client.call(0)
                assert isinstance(caught.value.__cause__, th.ChildDown)
                await child.start()
                await ask(2)
            sup.cancel_scope.cancel()
    assert got == ["1", "2"]


async def test_a_drain_goes_through_a_group(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 9)
    got: list[int] = []

    async def collect_slowly(end: th.ReceiveChannel[int]) -> None:
        async for number in end:
            await trio.sleep(1)
            got.append(number)

    with trio.fail_after(50):
        async with th.open_supervisor() as sup:
            await sup.start(th.Group("g", [th.Spec(collect_slowly, receive)]))
            await send.send_many(range(5))
            await wait_all_tasks_blocked()
            sup.drain(30)
    assert got == [0, 1, 2, 3, 4]


# pools


@pytest.mark.parametrize("opened", [True, False])
async def test_a_pool_keeps_its_ends_while_no_instance_runs(
    autojump_clock: MockClock, opened: bool
) -> None:
    send, receive = th.open_channel(int, 9)
    got: list[int] = []

    async def take_one(end: th.ReceiveChannel[int]) -> None:
        got.append(await end.receive())

    async def use(pool: th.PoolSupervisor[None]) -> None:
        for number in range(3):
            await pool.start()
            await send.send(number)
            await trio.sleep(1)
            assert len(pool.children) == 0

    template = th.Spec(take_one, receive)
    with trio.fail_after(50):
        if opened:
            async with th.open_pool(template) as pool:
                await use(pool)
        else:
            async with th.open_supervisor(stay=True) as sup:
                child = await sup.start(th.Pool("pool", template))
                await use(child.value)
                await child.restart()
                await use(child.value)
                sup.cancel_scope.cancel()
    assert got == [0, 1, 2] * (1 if opened else 2)
    assert receive.statistics().open_receive_channels == 0


async def test_an_instance_that_fails_to_start_leaves_no_end_open(
    autojump_clock: MockClock,
) -> None:
    _, receive = th.open_channel(int, 9)

    async def fails(end: object, *, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1)
        raise Boom

    async with th.open_pool(th.Spec(fails, receive)) as pool:
        with pytest.raises(Boom):
            await pool.start()
        with trio.move_on_after(0.5):
            await pool.start()
        assert receive.statistics().open_receive_channels == 1
    assert receive.statistics().open_receive_channels == 0


async def test_what_was_complete_is_left_out_of_the_next_life(autojump_clock: MockClock) -> None:
    """A pipeline inside of a group ends by itself, and for good."""
    send, receive = th.open_channel(int, 1)
    got: list[int] = []

    async def produce(out: th.SendChannel[int]) -> None:
        for number in range(3):
            await out.send(number)

    group = th.Group(
        "g",
        [th.Spec(collect, receive, got), th.Spec(produce, send), th.Spec(forever, name="other")],
    )
    with trio.fail_after(50):
        async with th.open_supervisor(stay=True) as sup:
            child = await sup.start(group)
            await trio.sleep(1)
            assert got == [0, 1, 2]
            assert child.value.children["collect"].state == "complete"
            await child.restart()
            await trio.sleep(1)
            assert list(child.value.children) == ["other"]
            sup.cancel_scope.cancel()
    assert got == [0, 1, 2]


async def test_a_group_inside_of_a_group_goes_on_with_what_is_not_complete(
    autojump_clock: MockClock,
) -> None:
    _, receive = th.open_channel(int, 1)
    lives: list[float] = []

    async def ends(end: th.ReceiveChannel[int]) -> None:
        await trio.sleep(1)

    async def lives_on() -> None:
        lives.append(trio.current_time())
        await trio.sleep_forever()

    inner = th.Group("inner", [th.Spec(ends, receive), th.Spec(lives_on)])
    with trio.fail_after(50):
        async with th.open_supervisor() as sup:
            child = await sup.start(th.Group("outer", [th.Spec(inner)]))
            await trio.sleep(2)
            await child.restart()
            within = child.value.children["inner"].value
            assert isinstance(within, th.Supervisor)
            assert list(within.children) == ["lives_on"]
            sup.cancel_scope.cancel()
    assert lives == [0, 2]


@pytest.mark.parametrize("nested", [False, True])
async def test_a_drain_ends_a_pipeline_inside_of_a_group(
    autojump_clock: MockClock, nested: bool
) -> None:
    send, receive = th.open_channel(int, 9)
    got: list[int] = []
    crashed: list[str] = []

    def observer(event: th.Event) -> None:
        if isinstance(event, th.ChildEnded) and isinstance(event.exit, th.Crashed):
            crashed.append(event.path)

    async def produce(out: th.SendChannel[int]) -> None:
        for number in range(1000):
            await out.send(number)
            await trio.sleep(1)

    group = group_of(th.Spec(collect, receive, got), th.Spec(produce, send), nested=nested)
    with trio.fail_after(60):
        async with th.open_supervisor("s", observer=observer) as sup:
            await sup.start(group)
            await trio.sleep(3.5)
            sup.drain(20)
    assert (got, crashed) == ([0, 1, 2, 3], [])
    assert trio.current_time() < 10


async def test_a_group_takes_no_arguments(autojump_clock: MockClock) -> None:

    async with th.open_supervisor() as sup:
        start: Any = sup.start
        with pytest.raises(TypeError, match="group 'g' takes no arguments; give them to its specs"):
            await start(th.Group("g", [th.Spec(forever)]), 5)
