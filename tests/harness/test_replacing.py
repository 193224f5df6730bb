"""The same application with other components in some places."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.harness._pieces import forever, send_all, take_all


@contextlib.asynccontextmanager
async def table(name: str) -> AsyncGenerator[str]:
    await trio.lowlevel.checkpoint()
    yield f"the real {name}"


async def worker(
    numbers: th.ReceiveChannel[int], got: list[object], *, factor: int, table: str
) -> None:
    async for number in numbers:
        got.append((table, factor * number))


def shop(got: list[object]) -> th.Harness:
    app = th.Harness("shop")
    out, numbers = app.channel(int, 4)
    app.expose(out)
    with app.supervisor("workers") as workers:
        db = app.add(table, "db")
        workers.add(partial(worker, factor=2), numbers, got, needs={"table": db}, copies=2)
    app.add(send_all, out, [1, 2, 3], after=[workers])
    return app


async def test_a_double_takes_what_the_component_takes(autojump_clock: MockClock) -> None:
    async def double(
        numbers: th.ReceiveChannel[int], got: list[object], *, factor: int, table: str
    ) -> None:
        async for number in numbers:
            got.append((table, number, factor))

    @contextlib.asynccontextmanager
    async def fake(name: str) -> AsyncGenerator[str]:
        await trio.lowlevel.checkpoint()
        yield f"a false {name}"

    got: list[object] = []
    app = shop(got)
    other = app.replacing({"workers/worker": double, "shop/table": fake})
    async with other.open():
        pass
    assert sorted(map(str, got)) == [f"('a false db', {number}, 2)" for number in (1, 2, 3)]
    got.clear()
    async with app.open():  # which is what it was
        pass
    assert sorted(map(str, got)) == [f"('the real db', {number})" for number in (2, 4, 6)]


def test_it_hangs_together_as_before() -> None:
    app = shop([])
    other = app.replacing({})
    assert str(other.graph()) == str(app.graph())
    assert other.graph().mermaid() == app.graph().mermaid()
    renamed = app.replacing({"workers/worker": partial(worker, factor=3)})
    assert renamed.check() == ()
    other.add(forever)
    assert [member.name for member in app.members] == ["workers", "table", "send_all"]
    app.add(forever)  # the name is free there


async def test_a_component_is_given_as_it_was_described(autojump_clock: MockClock) -> None:
    got: list[object] = []
    app = shop(got)
    described = app.component("workers/worker")
    assert repr(described) == "<declared component 'worker' x 2>"
    assert app.component("shop/table").fn is table
    changed = partial(described.fn, factor=10)
    async with app.replacing({"workers/worker": changed}).open():
        pass
    assert sorted(map(str, got)) == [f"('the real db', {number})" for number in (10, 20, 30)]


async def test_what_is_waited_for_stays_the_same(autojump_clock: MockClock) -> None:
    """A function in place of a context manager does not keep the application running."""

    async def fake(name: str, *, task_status: th.TaskStatus[str]) -> None:
        task_status.started(name)
        await trio.sleep_forever()

    async with shop([]).replacing({"table": fake}).open() as running:
        pass
    assert running.receipt().ended == "done"


async def test_what_was_exposed_still_is(autojump_clock: MockClock) -> None:
    got: list[object] = []
    app = th.Harness("shop")
    out, numbers = app.channel(int, 4)
    app.expose(out)
    app.add(forever, name="taker", restart="temporary")
    app.add(take_all, numbers, got)
    async with app.replacing({"taker": trio.lowlevel.checkpoint}).open() as running:
        await running.end(out).send(7)
    assert got == [7]


async def strings(numbers: th.ReceiveChannel[str], got: Any, **more: Any) -> None: ...


async def nothing() -> None: ...


@pytest.mark.parametrize(
    ("double", "code"), [(strings, "TH101"), (nothing, "TH105")], ids=["other end", "no end"]
)
async def test_a_double_that_does_not_fit_is_refused(double: Any, code: str) -> None:
    other = shop([]).replacing({"workers/worker": double})
    assert [finding.code for finding in other.check()] == [code]
    with pytest.raises(th.WiringError, match=code):
        async with other.open():
            pass  # pragma: no cover


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("workers/wroker", "it has no component 'workers/wroker'; name one of 'workers/worker'"),
        ("worker", "it has no component 'worker'; name one of 'workers', 'workers/worker'"),
        ("zzz", "name one of 'workers', 'workers/worker', 'table', 'send_all'"),
        ("workers", "'workers' is a supervisor, not a component; name what is in it: 'workers/w"),
    ],
)
def test_what_is_not_there_is_named_with_what_is_near(path: str, says: str) -> None:
    app = shop([])
    with pytest.raises(th.ConfigurationError) as caught:
        app.replacing({path: forever})
    assert says in str(caught.value)
    with pytest.raises(th.ConfigurationError) as again:
        app.component(path)
    assert str(again.value) == str(caught.value)


def test_what_cannot_be_a_double_is_refused_at_once() -> None:
    not_callable: Any = 7
    with pytest.raises(th.ComponentTypeError):
        shop([]).replacing({"table": not_callable})
    _, end_of_another = th.Harness("other").channel(int, 1)
    with pytest.raises(th.ConfigurationError, match="declared by another harness"):
        shop([]).replacing({"workers/worker": partial(worker, end_of_another)})
    with pytest.raises(th.ConfigurationError, match="it has no component 'a'; add one first"):
        th.Harness("empty").component("a")
