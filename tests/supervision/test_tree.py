"""The supervision tree as a drawing."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import crashes, deaf, forever, sleeps, slow_to_start


async def test_a_tree_with_all_that_can_be_under_it(autojump_clock: MockClock) -> None:
    async def shop() -> None:
        async with th.open_supervisor("orders") as orders:
            orders.start_soon(forever, name="take")
            async with th.open_supervisor("bills", strategy="one_for_all") as bills:
                bills.start_soon(forever, name="print")
                await trio.sleep_forever()

    group = th.Group(
        "g", [th.Spec(forever, name="a"), th.Spec(forever, name="b")], strategy="rest_for_one"
    )
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=1, within=50, exhausted="park") as sup:
            assert str(sup.tree()) == "s (one_for_one)"
            db = await sup.start(forever, name="db")
            await db.stop("lunch")
            broken = sup.start_soon(crashes(), name="broken")
            await broken.wait("parked")
            await sup.start(group, name="group")
            sup.start_soon(shop, name="shop")
            sup.start_soon(crashes(1, after=1), name="again")
            sup.start_soon(slow_to_start(100), name="slow")
            await trio.sleep(5)
            await wait_all_tasks_blocked()
            parked = (
                "after more than 1 restart in 50 s; restart it by hand; last error Boom: number 2"
            )
            back = "back for only 4 s: Boom: number 1"
            assert str(sup.tree()).splitlines() == [
                "s (one_for_one)",
                "├── db             stopped: lunch",
                f"├── broken         parked, down, incarnation 2, 1 restart: {parked}",
                "├── group          ready (rest_for_one)",
                "│   ├── a          ready",
                "│   └── b          ready",
                "├── shop           ready",
                "│   ├── orders     (one_for_one)",
                "│   │   └── take   ready",
                "│   └── bills      (one_for_all)",
                "│       └── print  ready",
                f"├── again          ready, degraded, incarnation 2, 1 restart: {back}",
                "└── slow           starting: for the first time",
            ]
            sup.cancel_scope.cancel()


async def test_the_tree_is_a_value_of_its_moment(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(sleeps(5), name="w")
        await wait_all_tasks_blocked()
        before = sup.tree()
        await child.wait("stopped", "complete")
        assert before.children == (
            th.ChildNode(
                name="w",
                path="s/w",
                state=th.State.READY,
                incarnation=1,
                restarts=0,
                condition="healthy",
                reason="",
                since=0,
                last_error=None,
            ),
        )
        assert str(sup.tree()) == "s (one_for_one)\n└── w  stopped"
        assert len({before, sup.tree()}) == 2  # a value: frozen to type checkers, as events are


async def test_a_tree_that_stops(autojump_clock: MockClock) -> None:
    drawn: list[str] = []

    async def looks() -> None:
        try:
            await trio.sleep_forever()
        finally:
            drawn.append(str(supervisor.tree()))

    async with th.open_supervisor("s") as supervisor:
        supervisor.start_soon(looks)
        supervisor.start_soon(deaf(0), name="w", background=True)
        await trio.sleep(1)
        supervisor.cancel_scope.cancel()
    why = "the block of its supervisor was cancelled"
    assert drawn[0].splitlines() == [
        f"s (one_for_one), stopping: {why}",
        f"├── looks  stopping: {why}",
        "└── w      stopped",
    ]


async def test_a_supervisor_that_has_ended_is_no_longer_seen_in_its_component(
    autojump_clock: MockClock,
) -> None:
    async def shop() -> None:
        async with th.open_supervisor("in") as inner:
            inner.start_soon(sleeps(1), name="w")
        await trio.sleep(10)

    async with th.open_supervisor("s") as sup:
        sup.start_soon(shop)
        await trio.sleep(0.5)
        assert "in" in str(sup.tree())
        await trio.sleep(1)
        assert str(sup.tree()) == "s (one_for_one)\n└── shop  ready"


async def test_a_pool_has_a_tree_too(autojump_clock: MockClock) -> None:
    async with th.open_pool(th.Spec(forever), "p") as pool:
        await pool.start()
        await pool.start()
        assert str(pool.tree()).splitlines() == [
            "p (one_for_one)",
            "├── forever-1  ready",
            "└── forever-2  ready",
        ]
        pool.cancel_scope.cancel()
