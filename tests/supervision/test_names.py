"""Names, and which children a supervisor remembers."""

from __future__ import annotations

import functools

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import crashes, forever, resource, sleeps, slow_to_start
from trioharness.rules import RestartType


async def test_names_are_made_from_functions(autojump_clock: MockClock) -> None:
    class Shop:
        async def serve(self) -> None: ...

        async def __call__(self) -> None: ...

    async with th.open_supervisor("s") as sup:
        children = [
            sup.start_soon(fn)
            for fn in (
                sleeps(1),
                sleeps(1),
                functools.partial(sleeps(1)),
                Shop().serve,
                Shop(),
                lambda: trio.sleep(1),  # noqa: ASYNC105 - the supervisor awaits it
                resource("x", []),
            )
        ]
    assert [child.name for child in children] == [
        "sleeper",
        "sleeper-2",
        "sleeper-3",
        "Shop.serve",
        "Shop",
        "<lambda>",
        "manager",
    ]
    assert children[1].path == "s/sleeper-2"


async def test_groups_and_pools_bring_a_name(autojump_clock: MockClock) -> None:
    pool = th.Pool("writers", th.Spec(forever))
    group = th.Group("readers", [th.Spec(pool), th.Spec(sleeps(1))])
    async with th.open_supervisor("s") as sup:
        one, two = await sup.start(group), sup.start_soon(group)
        other = await sup.start(pool)
        named = await sup.start(pool, name="mine")
        assert [child.path for child in (one, two, other, named)] == [
            "s/readers",
            "s/readers-2",
            "s/writers",
            "s/mine",
        ]
        assert list(one.value.children) == ["writers", "sleeper"]
        sup.cancel_scope.cancel()


async def test_a_made_up_name_is_never_given_twice(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        taken = sup.start_soon(forever, name="sleeper-2")
        names: list[str] = []
        for _ in range(3):
            child = sup.start_soon(sleeps(1))
            names.append(child.name)
            await child.wait("stopped")
        assert names == ["sleeper", "sleeper-3", "sleeper-4"]
        await taken.stop()


async def test_two_of_one_name_are_refused(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(sleeps(1), name="a")
        for _ in range(2):
            with pytest.raises(th.DuplicateNameError, match=r"'s' has a child of that name, which"):
                sup.start_soon(forever, name="a")
            await child.wait("stopped")  # a child with a name is remembered
        assert list(sup.children) == ["a"]


@pytest.mark.parametrize("soon", [True, False])
async def test_a_refusal_says_what_the_other_one_is_doing(
    autojump_clock: MockClock, soon: bool
) -> None:
    async def user(*, need: None) -> None:
        await trio.sleep_forever()

    async with th.open_supervisor("s") as sup:
        sup.start_soon(forever, name="ready")
        sup.start_soon(sleeps(0), name="stopped")
        sup.start_soon(slow_to_start(100), name="starting")
        need = sup.start_soon(crashes(), name="restarting", backoff=th.Backoff(100))
        sup.start_soon(user, name="waiting", needs={"need": need})
        await trio.sleep(1)
        there = sup.children
        for name in there:
            with pytest.raises(th.ChildExists) as caught:
                if soon:
                    sup.start_soon(forever, name=name)
                else:
                    await sup.start(forever, name=name)
            assert caught.value.state == name
        assert {name: child.state for name, child in sup.children.items()} == {
            name: name for name in there
        }
        assert len(there) == 5
        sup.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("restart", "name", "remembered"),
    [("transient", "a", True), ("transient", None, False), ("temporary", "a", False)],
)
async def test_what_is_remembered_when_it_has_ended(
    autojump_clock: MockClock, restart: RestartType, name: str | None, remembered: bool
) -> None:
    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(sleeps(1), name=name, restart=restart)
        await child.wait("stopped")
        assert (child.name in sup.children) == remembered
        if remembered:
            await child.restart()
            assert child.incarnation == 2
        else:
            with pytest.raises(th.StartFailed, match="forgotten; start a new one, or give it a"):
                await child.restart()
            assert sup.start_soon(sleeps(1), name=child.name).state == "starting"


async def test_stopped_by_hand_a_child_without_a_name_is_remembered(
    autojump_clock: MockClock,
) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(forever)
        await child.stop()
        await child.restart()
        assert (child.state, child.incarnation) == ("ready", 2)
        await child.stop()


async def test_a_temporary_child_that_is_stopped_is_forgotten(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(forever, name="a", restart="temporary")
        await child.stop()
        assert sup.children == {}
        await sup.start(sleeps(1), name="a")


async def test_handles_of_children_are_valid_too(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(forever, name="a")
        children = sup.children
        await children["a"].stop()
        assert child.state == "stopped"
        assert children is not sup.children


def test_live_objects_have_no_public_constructor() -> None:
    for kind in (th.Supervisor, th.Child):
        with pytest.raises(TypeError, match="has no public constructor"):
            kind()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
