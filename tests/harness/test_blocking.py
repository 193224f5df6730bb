"""`start_blocking`: an application for a program that knows nothing of trio."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
import trio

import trioharness as th
from tests.harness._pieces import figures, forever, living, send_all, take_all
from tests.harness._threads import Shop
from tests.harness.test_portal import interrupt_main_thread


def silent(name: str = "shop", *, max_restarts: int = 5) -> th.Harness:
    return th.Harness(name, max_restarts=max_restarts, observer=lambda _: None)


def test_what_was_sent_has_been_dealt_with_when_the_block_ends() -> None:
    shop = Shop()
    with th.start_blocking(shop.app) as portal:
        for number in range(100):
            portal.send(shop.orders, number)
        assert portal.call(shop.ask, 4) == 8
    assert shop.got == [*range(100)]
    receipt = portal.receipt()
    assert (receipt.ended, receipt.signal, receipt.overran) == ("drained", None, ())
    assert figures(receipt, "orders") == (100, 100, 0, 0)
    assert "shop" not in {thread.name for thread in threading.enumerate()}


def test_one_of_background_components_alone_is_there_until_the_block_ends() -> None:
    @contextlib.asynccontextmanager
    async def database() -> AsyncGenerator[dict[str, int]]:
        diary.append("opens")
        yield {"a": 1}
        diary.append("closes")

    diary: list[str] = []
    app = silent()
    app.add(database)
    with th.start_blocking(app) as portal:
        child = portal.running.supervisor.children["database"]
        assert portal.run_sync(lambda: child.value) == {"a": 1}
        assert diary == ["opens"]
    assert diary == ["opens", "closes"]


def test_one_that_is_joined_ends_by_itself() -> None:
    app = silent()
    out, numbers = app.channel(int, 1)
    got: list[int] = []
    app.add(take_all, numbers, got)
    app.add(send_all, out, range(50))
    with th.start_blocking(app) as portal:
        portal.join(30)
        assert got == [*range(50)]
    assert portal.receipt().ended == "done"


def test_a_body_that_raises_stops_it_in_order() -> None:
    diary: list[str] = []
    app = silent()
    first = app.add(living, "a", diary, name="a")
    app.add(living, "b", diary, name="b", after=[first])
    portals: list[th.Portal] = []
    with pytest.raises(ZeroDivisionError), th.start_blocking(app) as portal:
        portals.append(portal)
        raise ZeroDivisionError
    assert diary == ["a starts", "b starts", "b ends", "a ends"]
    assert portals[0].receipt().ended == "stopped"


def test_a_failed_start_is_raised_at_the_block() -> None:
    async def fails(*, task_status: th.TaskStatus[None]) -> None:
        await trio.lowlevel.checkpoint()
        raise ValueError

    diary: list[str] = []
    app = silent()
    app.add(fails, after=[app.add(living, "a", diary)])
    with pytest.raises(th.StartFailed, match="'shop/fails'"), th.start_blocking(app):
        raise AssertionError("it was not to be entered")
    assert diary == ["a starts", "a ends"]


def test_what_cannot_run_is_refused_before_anything_starts() -> None:
    app = silent()
    app.add(forever, needs={"x": "nobody"})
    with pytest.raises(th.UnknownNeedError), th.start_blocking(app):
        raise AssertionError("it was not to be entered")


async def test_it_is_refused_in_trio() -> None:
    with pytest.raises(th.ConfigurationError, match=r"use async with app.open\(\) here"):
        with th.start_blocking(silent()):
            raise AssertionError("it was not to be entered")


def gives_up_when(told: Callable[[], bool]) -> th.Harness:
    async def crashes() -> None:
        await trio.to_thread.run_sync(told)
        raise ValueError("no")

    app = silent(max_restarts=0)
    app.add(crashes)
    return app


def test_giving_up_is_raised_where_the_block_ends() -> None:
    told = threading.Event()
    portals: list[th.Portal] = []
    with pytest.raises(th.RestartLimitExceeded) as caught:
        with th.start_blocking(gives_up_when(told.wait)) as portal:
            portals.append(portal)
            told.set()
            portal.join(30)
    assert [str(error) for error in caught.value.exceptions] == ["no"]
    assert caught.value.__context__ is None
    assert portals[0].receipt().channels == ()
    assert portals[0].receipt().ended == "gave up"


def test_giving_up_comes_in_place_of_what_follows_from_it() -> None:
    told = threading.Event()
    with pytest.raises(th.RestartLimitExceeded) as caught:
        with th.start_blocking(gives_up_when(told.wait)) as portal:
            told.set()
            portal.run(trio.sleep_forever)
    assert isinstance(caught.value.__context__, th.PortalClosed)


def test_giving_up_comes_together_with_another_error() -> None:
    told = threading.Event()
    with pytest.raises(ExceptionGroup, match="both the block and the application 'shop'") as caught:
        with th.start_blocking(gives_up_when(told.wait)) as portal:
            told.set()
            portal.join(30)
            raise ZeroDivisionError
    assert [type(error) for error in caught.value.exceptions] == [
        ZeroDivisionError,
        th.RestartLimitExceeded,
    ]


def test_a_component_that_ends_the_process_ends_the_block_with_that() -> None:
    async def leaves() -> None:
        await trio.lowlevel.checkpoint()
        raise SystemExit(7)

    app = silent()
    app.add(leaves)
    with pytest.raises(SystemExit) as caught, th.start_blocking(app) as portal:
        portal.join(30)
    assert caught.value.code == 7


def test_two_of_one_description_do_not_know_each_other() -> None:
    shop = Shop()
    with th.start_blocking(shop.app) as one, th.start_blocking(shop.app) as other:
        one.send(shop.orders, 1)
        other.send(shop.orders, 2)
    assert sorted(shop.got) == [1, 2]
    assert [figures(each.receipt(), "orders")[0] for each in (one, other)] == [1, 1]


def test_an_interrupt_while_it_starts_stops_what_has_started() -> None:
    async def slow(*, task_status: th.TaskStatus[None]) -> None:
        interrupt_main_thread()
        await trio.sleep_forever()

    diary: list[str] = []
    app = silent()
    app.add(slow, after=[app.add(living, "a", diary)])
    with pytest.raises(KeyboardInterrupt), th.start_blocking(app):
        raise AssertionError("it was not to be entered")
    assert diary == ["a starts", "a ends"]


def test_an_interrupt_before_there_is_a_thread_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_: threading.Thread) -> None:
        raise KeyboardInterrupt

    app = silent()
    app.add(forever)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt), th.start_blocking(app):
            raise AssertionError("it was not to be entered")
    with th.start_blocking(app) as portal:
        portal.stop()


def test_an_interrupt_before_trio_runs_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real_run = trio.run

    def late(fn: Callable[[], Awaitable[object]]) -> object:
        interrupt_main_thread()
        while not block._unwanted:  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            time.sleep(0)
        return real_run(fn)

    diary: list[str] = []
    app = silent()
    app.add(living, "a", diary)
    block = th.start_blocking(app)
    monkeypatch.setattr(trio, "run", late)
    with pytest.raises(KeyboardInterrupt), block:
        raise AssertionError("it was not to be entered")
    assert diary == []


def test_an_interrupt_of_the_body_stops_it() -> None:
    portals: list[th.Portal] = []
    with pytest.raises(KeyboardInterrupt), th.start_blocking(Shop().app) as portal:
        portals.append(portal)
        portal.run_sync(interrupt_main_thread)
        portal.join(30)
    assert portals[0].receipt().ended == "stopped"


def test_an_interrupt_while_it_drains_stops_it_and_is_raised_when_it_has_ended() -> None:
    async def slow_to_drain() -> None:
        with th.stop_on_drain():
            await trio.sleep_forever()
        interrupt_main_thread()
        await trio.sleep_forever()

    app = silent()
    app.add(slow_to_drain)
    portals: list[th.Portal] = []
    with pytest.raises(KeyboardInterrupt):
        with th.start_blocking(app) as portal:
            portals.append(portal)
    assert portals[0].receipt().ended == "stopped"


def test_a_second_interrupt_leaves_it_as_it_is() -> None:
    async def deaf() -> None:
        try:
            await trio.sleep_forever()
        finally:
            interrupt_main_thread()
            with trio.CancelScope(shield=True):
                while portals[0].running.receipt().ended != "stopped":  # noqa: ASYNC110 - by a signal
                    await trio.lowlevel.checkpoint()
                interrupt_main_thread()
                await trio.to_thread.run_sync(told.wait)

    told = threading.Event()
    portals: list[th.Portal] = []
    app = silent()
    app.add(deaf)
    with pytest.raises(KeyboardInterrupt):
        with th.start_blocking(app) as portal:
            portals.append(portal)
    assert repr(portals[0]) == "<portal of 'shop', open>"
    told.set()
    portals[0].join(30)
    assert portals[0].receipt().ended == "stopped"
