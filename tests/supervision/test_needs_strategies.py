"""Needs among siblings under each strategy, and needs of several copies."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import Boom, Log, forever
from trioharness.rules import Strategy

STRATEGIES: list[tuple[Strategy, list[int]]] = [
    ("one_for_one", [1, 2, 2, 1]),
    ("rest_for_one", [1, 2, 2, 2]),
    ("one_for_all", [2, 2, 2, 2]),
]


class Tree:
    """A need that crashes once, at the time given, and what got which of its values."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.values = 0
        self.got: list[str] = []

    async def need(self, *, task_status: th.TaskStatus[int]) -> None:
        self.values += 1
        task_status.started(self.values)
        await trio.sleep(self.at)
        if self.values == 1:
            raise Boom
        await trio.sleep_forever()

    async def user(self, name: str, *, need: int) -> None:
        self.got.append(f"{name} got {need}")
        await trio.sleep_forever()


@pytest.mark.parametrize(("strategy", "incarnations"), STRATEGIES)
async def test_a_crash_of_a_need(
    autojump_clock: MockClock, log: Log, strategy: Strategy, incarnations: list[int]
) -> None:
    """Who needs it goes along whatever the strategy, which decides about the others alone."""
    tree = Tree(at=5)
    async with th.open_supervisor("s", strategy=strategy, max_restarts=1, observer=log) as sup:
        await sup.start(forever, name="older")
        need = await sup.start(tree.need, name="need")
        await sup.start(tree.user, "user", needs={"need": need}, name="user")
        await sup.start(forever, name="younger")
        await trio.sleep(6)
        children = [sup.children[name] for name in ("older", "need", "user", "younger")]
        assert [child.incarnation for child in children] == incarnations
        assert {child.state for child in children} == {"ready"}
        assert sup.statistics().restarts == 1
        sup.cancel_scope.cancel()
    assert tree.got == ["user got 1", "user got 2"]
    along = {"older": incarnations[0] == 2, "user": True, "younger": incarnations[3] == 2}
    stopped = [f"{name} 1 stopping" for name in ("younger", "user", "older") if along[name]]
    assert log.about("stopping")[: len(stopped)] == stopped
    assert log.about("restarting") == ["need 1 restarting"]


@pytest.mark.parametrize(
    ("strategy", "incarnations"),
    [("one_for_one", [1, 2, 1]), ("rest_for_one", [1, 2, 2]), ("one_for_all", [2, 2, 2])],
)
async def test_a_crash_of_who_needs(
    autojump_clock: MockClock, strategy: Strategy, incarnations: list[int]
) -> None:
    """The need goes along only where the strategy says so, and is then there first."""
    tree = Tree(at=1000)
    lives: list[int] = []

    async def crashing(*, need: int) -> None:
        tree.got.append(f"got {need}")
        lives.append(need)
        await trio.sleep(1)
        if len(lives) == 1:
            raise Boom
        await trio.sleep_forever()

    async with th.open_supervisor("s", strategy=strategy) as sup:
        need = await sup.start(tree.need, name="need")
        await sup.start(crashing, needs={"need": need}, name="user")
        await sup.start(forever, name="younger")
        await trio.sleep(2)
        children = [sup.children[name] for name in ("need", "user", "younger")]
        assert [child.incarnation for child in children] == incarnations
        sup.cancel_scope.cancel()
    assert tree.got == ["got 1", f"got {incarnations[0]}"]


async def test_the_needs_of_several_copies(autojump_clock: MockClock, log: Log) -> None:
    tree = Tree(at=5)
    async with th.open_supervisor("s", max_restarts=1, observer=log) as sup:
        need = await sup.start(tree.need, name="need")
        for name in ("a", "b", "c"):
            child: th.Child[Any] = await sup.start(tree.user, name, needs={"need": need}, name=name)
            assert child.state == "ready"
        await trio.sleep(6)
        await wait_all_tasks_blocked()
        sup.cancel_scope.cancel()
    assert tree.got[:3] == [f"{name} got 1" for name in "abc"]
    assert sorted(tree.got[3:]) == [
        f"{name} got 2" for name in "abc"
    ]  # trio begins them as it likes
    assert log.about("stopping")[:3] == ["c 1 stopping", "b 1 stopping", "a 1 stopping"]
    assert log.about("restarting") == ["need 1 restarting"]


def test_the_needs_of_the_copies_of_a_harness() -> None:
    got: list[int] = []
    lives: list[trio.Event] = []

    async def crash_when_all_have_it(*, task_status: th.TaskStatus[int]) -> None:
        lives.append(trio.Event())
        task_status.started(len(lives))
        await lives[-1].wait()
        if len(lives) == 1:
            raise Boom

    async def use(*, need: int) -> None:
        got.append(need)
        if len(got) == 3:
            lives[0].set()
        if need == 1:
            await trio.sleep_forever()

    app = th.Harness("app")
    need = app.add(crash_when_all_have_it, background=True)
    app.add(use, needs={"need": need}, copies=3)
    app.run()
    assert got == [1, 1, 1, 2, 2, 2]
