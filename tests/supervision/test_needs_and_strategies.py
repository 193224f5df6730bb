"""Needs meet strategies: who restarts along, in which order, with which value, and what counts."""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log, crashes, forever, slow_to_stop
from tests.supervision.test_needs import Tree
from trioharness.rules import STRATEGIES, Strategy

NAMES = ("first", "db", "stranger", "cache", "user", "last")
NEEDS = {"cache": ("db",), "user": ("db", "cache")}

# Who restarts when one crashes: those behind it by the strategy, and those that need it.
ALONG: dict[Strategy, dict[str, tuple[str, ...]]] = {
    "one_for_one": {
        "first": ("first",),
        "db": ("db", "cache", "user"),
        "stranger": ("stranger",),
        "cache": ("cache", "user"),
        "user": ("user",),
    },
    "rest_for_one": {
        "first": NAMES,
        "db": NAMES[1:],
        "stranger": NAMES[2:],
        "cache": NAMES[3:],
        "user": NAMES[4:],
    },
    "one_for_all": dict.fromkeys(NAMES[:5], NAMES),
}

CASES = [(strategy, name) for strategy, table in ALONG.items() for name in table]


async def start_all(
    sup: th.Supervisor, tree: Tree, crashing: str, crash: Callable[[], Awaitable[None]]
) -> None:
    children: dict[str, th.Child[str]] = {}
    for name in NAMES:
        component = tree.user(name, crash if name == crashing else slow_to_stop(1))
        needs = {need: children[need] for need in NEEDS.get(name, ())}
        children[name] = await sup.start(component, name=name, needs=needs)


@pytest.mark.parametrize(("strategy", "crashing"), CASES)
async def test_who_goes_along_and_in_which_order(
    autojump_clock: MockClock, log: Log, strategy: Strategy, crashing: str
) -> None:
    tree = Tree()
    along = ALONG[strategy][crashing]
    async with th.open_supervisor("s", strategy=strategy, max_restarts=1, observer=log) as sup:
        await start_all(sup, tree, crashing, crashes(1, after=5))
        log.events.clear()
        tree.got.clear()
        await trio.sleep(5 + len(NAMES))
        told = log.lines.copy()
        assert tuple(name for name, c in sup.children.items() if c.incarnation == 2) == along
        assert {child.state for child in sup.children.values()} == {"ready"}
        assert sup.statistics().restarts == 1
        sup.cancel_scope.cancel()
    others = [name for name in along if name != crashing]
    assert told == [
        f"{crashing} 1 crashed",
        f"{crashing} 1 restarting",
        *(f"{name} 1 {word}" for name in reversed(others) for word in ("stopping", "stopped")),
        *(f"{name} 2 ready" for name in along),
    ]
    # Each has the live values of what it needs, whether that restarted or not.
    values = {name: f"{name}{2 if name in along else 1}" for name in NAMES}
    assert tree.got == [
        f"{values[name]}({','.join(values[need] for need in NEEDS.get(name, ()))})"
        for name in along
    ]


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_a_crash_that_takes_dependents_along_is_counted_once(
    autojump_clock: MockClock, strategy: Strategy
) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", strategy=strategy, max_restarts=2) as sup:
            await start_all(sup, Tree(), "db", crashes(after=20))
    assert [str(error) for error in caught.value.exceptions] == [f"number {n}" for n in (1, 2, 3)]


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_a_need_that_backs_off_keeps_who_needs_it_waiting(
    autojump_clock: MockClock, strategy: Strategy
) -> None:
    """Who needs it stops at once; and starts when it is ready, not before."""
    tree = Tree()
    backoff = th.Backoff(10, jitter=0)
    async with th.open_supervisor("s", strategy=strategy) as sup:
        need = tree.user("db", crashes(1, after=5))
        db = await sup.start(need, name="db", backoff=backoff)
        user = await sup.start(tree.user("user"), name="user", needs={"db": db})
        await trio.sleep(10)
        assert db.state == "restarting"
        assert user.state == ("waiting" if strategy == "one_for_one" else "stopped")
        assert tree.got == ["db1()", "user1(db1)"]
        await user.wait("ready")
        assert trio.current_time() == 15
        assert tree.got[2:] == ["db2()", "user2(db2)"]
        sup.cancel_scope.cancel()


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_a_need_that_fails_to_start_again_is_tried_again_before_who_needs_it(
    autojump_clock: MockClock, log: Log, strategy: Strategy
) -> None:
    tree = Tree()
    lives: list[int] = []

    async def need(*, task_status: th.TaskStatus[str]) -> None:
        lives.append(1)
        if len(lives) in (2, 3):
            raise Boom
        task_status.started(f"db{len(lives)}")
        await trio.sleep(5 if len(lives) == 1 else 1000)
        raise Boom

    async with th.open_supervisor("s", strategy=strategy, observer=log) as sup:
        db = await sup.start(need, name="db")
        user = await sup.start(tree.user("user"), name="user", needs={"db": db})
        await trio.sleep(10)
        assert (user.state, user.restarts) == ("ready", 0)
        sup.cancel_scope.cancel()
    assert tree.got == ["user1(db1)", "user2(db4)"]
    assert log.about("restarting") == [f"db {n} restarting" for n in (1, 2, 3)]


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_after_gives_the_order_and_nothing_else(
    autojump_clock: MockClock, log: Log, strategy: Strategy
) -> None:
    async with th.open_supervisor("s", strategy=strategy, observer=log) as sup:
        early = await sup.start(forever, name="early")
        first = await sup.start(crashes(1, after=5), name="first")
        after = await sup.start(forever, name="after", after=[first, early])
        await trio.sleep(6)
        along = strategy != "one_for_one"
        assert (first.incarnation, after.incarnation) == (2, 2 if along else 1)
        assert early.incarnation == (2 if strategy == "one_for_all" else 1)
        await first.stop()
        assert after.state == "ready"
        sup.cancel_scope.cancel()
