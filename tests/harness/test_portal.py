"""`Running.portal`: an application that other threads send to, ask, look at and end."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import signal
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
import trio
import trio.testing
from trio.testing import MockClock

import trioharness as th
from tests.harness._pieces import figures
from tests.harness._threads import InThread, Shop

T = TypeVar("T")


async def in_thread(fn: Callable[..., T], *args: object, **options: object) -> T:
    return await trio.to_thread.run_sync(functools.partial(fn, *args, **options))


async def until_it_waits(end: th.SendChannel[int]) -> None:
    while not end.statistics().tasks_waiting_send:  # noqa: ASYNC110 - a thread sets no event
        await trio.lowlevel.checkpoint()


@asynccontextmanager
async def opened(shop: Shop) -> AsyncGenerator[th.Portal]:
    async with shop.app.open() as running:
        assert running.portal is running.portal
        yield running.portal


async def test_a_thread_sends_and_what_it_sends_arrives_in_order(
    autojump_clock: MockClock,
) -> None:
    shop = Shop()

    def send_all(portal: th.Portal) -> None:
        for number in range(50):
            portal.send(shop.orders, number)

    async with opened(shop) as portal:
        assert repr(portal) == "<portal of 'shop', open>"
        await in_thread(send_all, portal)
    assert shop.got == [*range(50)]
    assert repr(portal) == "<portal of 'shop', closed>"


async def test_an_open_end_can_be_sent_into_as_well(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 1)
    async with opened(Shop()) as portal:
        await in_thread(portal.send, send, 7)
        assert await receive.receive() == 7


async def test_a_send_that_finds_no_room_waits_for_it(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 1)
    async with opened(Shop()) as portal:
        await in_thread(portal.send, send, 1)
        thread = InThread(portal.send, send, 2)
        await until_it_waits(send)
        assert [await receive.receive(), await receive.receive()] == [1, 2]
        await in_thread(thread.result)


async def test_a_send_for_which_there_is_no_room_in_time_has_sent_nothing(
    autojump_clock: MockClock,
) -> None:
    shop = Shop(room=1)
    async with opened(shop) as portal:
        await in_thread(portal.send, shop.orders, -1)
        await in_thread(portal.send, shop.orders, 1)
        with pytest.raises(th.PortalTimeout) as caught:
            await in_thread(portal.send, shop.orders, 2, timeout=5)
        await in_thread(portal.stop)
    assert isinstance(caught.value, TimeoutError)
    assert str(caught.value) == (
        "harness 'shop' did not send into <declared send end of channel 'orders'> within 5 s"
    )
    assert figures(portal.receipt(), "orders") == (2, 1, 0, 1)


async def test_what_a_send_raises_is_raised_in_the_thread(autojump_clock: MockClock) -> None:
    shop = Shop()
    full, _ = th.open_channel(int, 0, overflow="error")
    async with opened(shop) as portal:
        with pytest.raises(th.MessageTypeError):
            await in_thread(portal.send, shop.orders, "no number")
        with pytest.raises(trio.WouldBlock):
            await in_thread(portal.send, full, 1)
        full.close()
        with pytest.raises(trio.ClosedResourceError):
            await in_thread(portal.send, full, 1)


async def test_a_thread_calls(autojump_clock: MockClock) -> None:
    shop = Shop()
    async with opened(shop) as portal:
        assert await in_thread(portal.call, shop.ask, 21) == 42
        with pytest.raises(ZeroDivisionError):
            await in_thread(portal.call, shop.ask, 0)
        await in_thread(portal.send, shop.ask, 1)  # without a reply


async def test_a_call_that_takes_too_long_is_cancelled_where_it_is_answered(
    autojump_clock: MockClock,
) -> None:
    shop = Shop()
    async with opened(shop) as portal:
        with pytest.raises(th.PortalTimeout, match=r"did not answer <declared .* within 5 s"):
            await in_thread(portal.call, shop.ask, -1, timeout=5)
        assert shop.cancelled == [-1]
        assert await in_thread(portal.call, shop.ask, 1, timeout=5) == 2


async def test_a_thread_runs_functions_in_its_own_context(autojump_clock: MockClock) -> None:
    shop_prices: dict[str, int] = {}
    variable = contextvars.ContextVar("variable", default="none")

    async def later(word: str) -> str:
        await trio.sleep(1)
        return word + variable.get()

    def run(portal: th.Portal) -> tuple[str, str]:
        variable.set("thread")
        return portal.run(later, "a "), portal.run_sync(variable.get)

    async with opened(Shop()) as portal:
        assert await in_thread(run, portal) == ("a thread", "thread")
        with pytest.raises(th.PortalTimeout, match="did not run 'sleep' within 2 s"):
            await in_thread(portal.run, trio.sleep, 5, timeout=2)
        with pytest.raises(KeyError):
            await in_thread(portal.run_sync, shop_prices.__getitem__, "a")


async def test_a_thread_steers_what_runs(autojump_clock: MockClock) -> None:
    async def restart(running: th.Running) -> None:
        await (await running.supervisor.child("take")).restart()

    async with opened(Shop()) as portal:
        await in_thread(portal.run, restart, portal.running)
        assert portal.running.supervisor.children["take"].incarnation == 2


async def test_a_thread_looks_at_what_runs(autojump_clock: MockClock) -> None:
    shop = Shop()
    async with opened(shop) as portal:
        await in_thread(portal.send, shop.orders, 1)
        await trio.testing.wait_all_tasks_blocked()
        assert str(await in_thread(portal.health)) == "'shop' is healthy"
        assert [node.name for node in (await in_thread(portal.tree)).children] == ["take", "double"]
        assert await in_thread(portal.snapshot) == portal.running.snapshot()
        assert figures(await in_thread(portal.receipt), "orders")[0] == 1


async def test_a_thread_drains(autojump_clock: MockClock) -> None:
    shop = Shop()

    def work(portal: th.Portal) -> None:
        portal.send(shop.orders, 1)
        portal.drain(5)
        begun.set()
        portal.join()
        with pytest.raises(th.PortalClosed):
            portal.send(shop.orders, 2)

    begun = threading.Event()
    async with opened(shop) as portal:
        thread = InThread(work, portal)
        await in_thread(begun.wait)
    thread.result()
    assert shop.got == [1]
    assert portal.receipt().ended == "drained"


async def test_a_thread_stops(autojump_clock: MockClock) -> None:
    async with opened(Shop()) as portal:
        await in_thread(portal.stop, "enough")
        await trio.sleep_forever()
    assert portal.receipt().ended == "stopped"


async def test_one_that_joins_sends_nothing_more(autojump_clock: MockClock) -> None:
    shop = Shop()

    def work(portal: th.Portal) -> str:
        with pytest.raises(th.PortalTimeout, match="did not end within 0 s"):
            portal.join(timeout=0)
        with pytest.raises(trio.ClosedResourceError):
            portal.send(shop.orders, 1)
        go_on.set()
        portal.join()
        return portal.receipt().ended

    go_on = threading.Event()
    async with opened(shop) as portal:
        thread = InThread(work, portal)
        await in_thread(go_on.wait)
    assert thread.result() == "done"


def uses(portal: th.Portal, shop: Shop) -> list[Callable[[], object]]:
    return [
        lambda: portal.send(shop.orders, 1),
        lambda: portal.call(shop.ask, 1),
        lambda: portal.run(trio.sleep, 1),
        lambda: portal.run_sync(len, ""),
        portal.drain,
        portal.stop,
        portal.health,
        portal.tree,
        portal.snapshot,
    ]


async def test_after_the_end_there_is_a_named_error(autojump_clock: MockClock) -> None:
    shop = Shop()

    def try_all() -> list[str]:
        said: list[str] = []
        for use in uses(portal, shop):
            with pytest.raises(th.PortalClosed) as caught:
                use()
            said.append(str(caught.value))
        portal.join()
        return said

    async with opened(shop) as portal:
        pass
    said = await in_thread(try_all)
    assert said[2] == (
        "harness 'shop' has ended and cannot run 'sleep'; "
        "do it before the block ends that it runs in"
    )
    assert portal.receipt().ended == "done"


async def test_in_the_thread_of_a_loop_it_is_an_error_at_once(autojump_clock: MockClock) -> None:
    shop = Shop()
    async with opened(shop) as portal:
        for use in (*uses(portal, shop), portal.join, portal.receipt):
            with pytest.raises(th.CalledInTrio, match=r"was told to .* that runs"):
                use()
        with pytest.raises(th.CalledInTrio):
            await in_thread(trio.run, in_thread_of_another_run, portal)


async def in_thread_of_another_run(portal: th.Portal) -> None:
    await trio.lowlevel.checkpoint()
    portal.health()


@pytest.mark.parametrize("what", ["call", "run", "send"])
async def test_who_waits_at_the_end_gets_the_error_too(
    autojump_clock: MockClock, what: str
) -> None:
    async def waits() -> None:
        shop.working.set()
        await trio.sleep_forever()

    shop = Shop()
    elsewhere, _kept = th.open_channel(int, 0)
    async with opened(shop) as portal:
        if what == "call":
            thread = InThread(portal.call, shop.ask, -1)
        elif what == "run":
            thread = InThread(portal.run, waits)
        else:
            thread = InThread(portal.send, elsewhere, 1)
            await until_it_waits(elsewhere)
            shop.working.set()
        await shop.working.wait()
        portal.running.stop()
    with pytest.raises(th.ResponderDied if what == "call" else th.PortalClosed):
        thread.result()
    assert elsewhere.statistics().sent == 0


async def test_what_is_under_way_at_the_end_is_waited_for(autojump_clock: MockClock) -> None:
    async def cleans_up() -> None:
        try:
            began.set()
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(3)
            diary.append("clean")

    diary: list[str] = []
    began = trio.Event()
    async with opened(Shop()) as portal:
        thread = InThread(portal.run, cleans_up)
        await began.wait()
    assert diary == ["clean"]
    with pytest.raises(th.PortalClosed):
        thread.result()


async def test_a_loop_that_is_busy_keeps_nobody_beyond_his_time(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trioharness.harness._errands.PATIENCE", 0.01)
    shop = Shop()
    async with opened(shop) as portal:
        thread = InThread(functools.partial(portal.send, shop.orders, 1, timeout=0))
        with pytest.raises(th.PortalTimeout, match="within 0 s: the event loop was busy"):
            thread.result()  # in this very thread: nothing of trio moves meanwhile
        await in_thread(portal.send, shop.orders, 2)
    assert shop.got == [2]


def test_what_was_done_after_all_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def cannot_be_cancelled() -> str:
        await trio.to_thread.run_sync(threading.Event().wait, 0.05)
        return "done"

    monkeypatch.setattr("trioharness.harness._errands.PATIENCE", 0.001)
    with th.start_blocking(Shop().app) as portal:
        portal.health()  # the loop is awake
        while True:
            with contextlib.suppress(th.PortalTimeout):  # it may be slow to begin
                assert portal.run(cannot_be_cancelled, timeout=0.01) == "done"
                break


async def test_a_time_limit_that_cannot_be_is_refused(autojump_clock: MockClock) -> None:
    async with opened(Shop()) as portal:
        wrong: list[Any] = [-1, float("nan"), True, "soon"]
        for timeout in wrong:
            with pytest.raises(th.ConfigurationError, match=f"timeout={timeout!r} is no duration"):
                await in_thread(portal.run, trio.sleep, 1, timeout=timeout)


async def test_an_end_that_is_not_exposed_is_refused(autojump_clock: MockClock) -> None:
    app = th.Harness("shop")
    send, _ = app.channel(int, 1)
    async with app.open() as running:
        with pytest.raises(th.EndNotOpen, match="call expose"):
            await in_thread(running.portal.send, send, 1)


def interrupt_main_thread() -> None:
    ident = threading.main_thread().ident
    assert ident is not None
    signal.pthread_kill(ident, signal.SIGINT)


def test_an_interrupt_ends_the_wait_and_cancels_what_was_asked_for() -> None:
    ended = threading.Event()

    async def waits() -> None:
        try:
            interrupt_main_thread()
            await trio.sleep_forever()
        finally:
            ended.set()

    with th.start_blocking(Shop().app) as portal:
        with pytest.raises(KeyboardInterrupt):
            portal.run(waits)
        assert ended.wait(30)
        assert str(portal.health()) == "'shop' is healthy"


def test_when_trio_itself_crashes_nobody_waits_for_ever() -> None:
    async def crash() -> None:
        raise ZeroDivisionError

    def use(portal: th.Portal) -> Any:
        with pytest.raises(th.PortalClosed):
            portal.run(trio.sleep_forever)

    block = th.start_blocking(Shop().app)
    portal = block.__enter__()
    thread = InThread(use, portal)
    portal.run_sync(trio.lowlevel.spawn_system_task, crash)
    thread.result()
    with pytest.raises(trio.TrioInternalError):
        block.__exit__(None, None, None)
    with pytest.raises(th.PortalClosed):
        portal.health()
