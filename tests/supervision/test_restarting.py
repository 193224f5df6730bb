"""Whether a child is restarted, how often, and what comes out when a supervisor gives up."""

# A block that raises leaves what it bound; pyright cannot know that it came that far.
# pyright: reportPossiblyUnboundVariable=false

from __future__ import annotations

import copy
import pickle
from typing import Literal

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Function, Log, chain, crashes, forever, resource, sleeps
from trioharness.rules import RestartType

End = Literal["return", "crash", "kill", "stop"]


@pytest.mark.parametrize(
    ("restart", "end", "incarnations"),
    [
        ("permanent", "return", 2),
        ("permanent", "crash", 2),
        ("permanent", "kill", 2),
        ("permanent", "stop", 1),
        ("transient", "return", 1),
        ("transient", "crash", 2),
        ("transient", "kill", 2),
        ("transient", "stop", 1),
        ("temporary", "return", 1),
        ("temporary", "crash", 1),
        ("temporary", "kill", 1),
        ("temporary", "stop", 1),
    ],
)
async def test_restart_types(
    autojump_clock: MockClock, restart: RestartType, end: End, incarnations: int
) -> None:
    lives = 0

    async def component() -> None:
        nonlocal lives
        lives += 1
        await trio.sleep(1)
        if lives > 1 or end in ("kill", "stop"):
            await trio.sleep_forever()
        if end == "crash":
            raise Boom

    async with th.open_supervisor() as sup:
        child = await sup.start(component, restart=restart)
        await trio.sleep(0.5)
        if end == "kill":
            child.kill()
        elif end == "stop":
            await child.stop()
        await trio.sleep(1)
        assert lives == incarnations
        assert child.incarnation == incarnations
        assert child.state == ("ready" if incarnations == 2 else "stopped")
        sup.cancel_scope.cancel()


async def test_transient_is_the_default(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        returns = sup.start_soon(sleeps(1))
        crash = sup.start_soon(crashes(1, then=sleeps(1)))
    assert (returns.incarnation, crash.incarnation) == (1, 2)


async def test_a_sibling_does_not_notice_a_crash(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        sibling = sup.start_soon(sleeps(10))
        sup.start_soon(crashes(3, after=1, then=sleeps(1)))
    assert sibling.incarnation == 1
    assert trio.current_time() == 10


async def test_a_context_manager_is_restarted_when_something_inside_it_crashes(
    autojump_clock: MockClock, log: Log
) -> None:
    import contextlib
    from collections.abc import AsyncGenerator

    lives = 0

    @contextlib.asynccontextmanager
    async def server() -> AsyncGenerator[int]:
        nonlocal lives
        lives += 1
        async with trio.open_nursery() as nursery:
            if lives == 1:
                nursery.start_soon(crashes(after=1))
            yield lives
            nursery.cancel_scope.cancel()

    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(server)
        await trio.sleep(2)
        assert child.value == 2
    assert log.about("crashed", "restarting") == ["server 1 crashed", "server 1 restarting"]


@pytest.mark.parametrize("restarts", [0, 1, 3])
async def test_one_restart_more_than_allowed_is_not_done(
    autojump_clock: MockClock, log: Log, restarts: int
) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=restarts, within=10, observer=log) as sup:
            child = sup.start_soon(crashes(after=1), name="c")
    assert child.incarnation == restarts + 1
    assert len(caught.value.exceptions) == restarts + 1
    assert log.about("restarting") == [f"c {n} restarting" for n in range(1, restarts + 1)]
    assert log.lines[-2:] == ["s over c gave-up", "s ended"]


@pytest.mark.parametrize(("pause", "survives"), [(5.0, False), (5.25, True)])
async def test_a_restart_exactly_one_period_ago_still_counts(
    autojump_clock: MockClock, pause: float, survives: bool
) -> None:
    async def main() -> None:
        async with th.open_supervisor(max_restarts=1, within=5) as sup:
            sup.start_soon(crashes(2, after=pause, then=sleeps(1)))

    if survives:
        await main()
    else:
        with pytest.raises(th.RestartLimitExceeded):
            await main()


async def test_the_limit_counts_all_children_together(autojump_clock: MockClock) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=2, within=60) as sup:
            for name in ("a", "b", "c"):
                sup.start_soon(crashes(1, after=1), name=name)
    notes = sorted(note for error in caught.value.exceptions for note in error.__notes__)
    assert notes == [f"s/{name}, incarnation 1" for name in "abc"]


async def test_the_errors_are_those_of_the_last_period(autojump_clock: MockClock) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=1, within=5) as sup:
            sup.start_soon(crashes(1, after=1), name="early")
            sup.start_soon(crashes(2, after=10), name="late")
            sup.start_soon(crashes(1, after=11), name="too-late")
    assert [error.__notes__ for error in caught.value.exceptions] == [
        ["s/late, incarnation 1, 1.000 s before the last"],
        ["s/too-late, incarnation 1"],
    ]


async def test_giving_up_says_what_happened(autojump_clock: MockClock, log: Log) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("shop", max_restarts=1, within=60, observer=log) as sup:
            sup.start_soon(crashes(after=1), name="c")
    error = caught.value
    assert str(error).startswith("supervisor 'shop' gave up: more than 1 restart in 60 s")
    assert (error.path, error.limit) == ("shop", "1 restart in 60 s")
    assert [str(e) for e in error.exceptions] == ["number 1", "number 2"]
    (gave_up,) = log.of(th.GaveUp)
    assert (gave_up.path, gave_up.child, gave_up.time) == ("shop", "shop/c", 2)
    assert (gave_up.why, gave_up.allowed) == ("intensity", "1 restart in 60 s")


async def test_the_members_are_reached_by_except_star(autojump_clock: MockClock) -> None:
    async def other() -> None:
        await trio.sleep(1)
        raise KeyError("k")

    found: list[str] = []
    try:
        async with th.open_supervisor(max_restarts=1) as sup:
            sup.start_soon(crashes(after=1))
            sup.start_soon(other)
    except* KeyError as group:
        found.append(repr(group.exceptions[0]))
        assert isinstance(group, th.RestartLimitExceeded)
    except* Boom as group:
        found.append(repr(group.exceptions[0]))
        assert isinstance(group, th.RestartLimitExceeded)
        assert group.limit == "1 restart in 60 s"
    assert found == ["KeyError('k')", "Boom('number 1')"]


def test_the_error_can_be_split_copied_and_pickled() -> None:
    error = th.RestartLimitExceeded("s", "1 restart in 60 s", [Boom("a"), KeyError("b")])
    match, rest = error.split(KeyError)
    assert isinstance(match, th.RestartLimitExceeded)
    assert isinstance(rest, th.RestartLimitExceeded)
    assert [type(e) for e in (*match.exceptions, *rest.exceptions)] == [KeyError, Boom]
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own
        assert (other.path, other.limit) == ("s", "1 restart in 60 s")
        assert [str(e) for e in other.exceptions] == ["a", "'b'"]


async def test_the_number_of_errors_is_bounded(autojump_clock: MockClock) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor(max_restarts=200) as sup:
            sup.start_soon(crashes())
    assert [str(error) for error in caught.value.exceptions] == [
        f"number {n}" for n in range(186, 202)
    ]


async def test_a_permanent_component_that_returns_counts_as_unexpected(
    autojump_clock: MockClock,
) -> None:
    with pytest.RaisesGroup(
        pytest.RaisesExc(th.UnexpectedReturn, match="'s/done' is permanent but returned")
    ):
        async with th.open_supervisor("s", max_restarts=0) as sup:
            sup.start_soon(sleeps(1), name="done", restart="permanent")


async def test_giving_up_ends_the_body_first_then_the_children_in_reverse(
    autojump_clock: MockClock, log: Log
) -> None:
    seen: list[str] = []
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
            await sup.start(resource("db", seen), name="db")
            await sup.start(forever, name="a")
            await sup.start(crashes(after=1), name="bad")
            await sup.start(forever, name="b")
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(3)
                    seen.append("body")
    assert seen == ["db 1 entered", "body", "db 1 left"]
    assert log.about("stopping") == ["b 1 stopping", "a 1 stopping", "db 1 stopping"]
    assert log.times("stopping") == [4, 4, 4]


async def test_nothing_starts_any_more_once_it_gave_up(autojump_clock: MockClock, log: Log) -> None:
    refused: list[Exception] = []
    backoff = th.Backoff(3, jitter=0)
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=1, observer=log) as sup:
            child = sup.start_soon(crashes(1), name="backs-off", backoff=backoff)
            sup.start_soon(crashes(after=1), name="bad")
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(5)
                    for call in (child.restart, lambda: sup.start(forever)):
                        with pytest.raises(th.SupervisorClosed) as caught:
                            await call()
                        refused.append(caught.value)
    assert child.incarnation == 1
    assert len(refused) == 2


async def test_a_body_that_raises_is_told_after_an_ordered_stop(
    autojump_clock: MockClock, log: Log
) -> None:
    error = Boom("body")
    error.__cause__ = KeyError("its cause")
    with pytest.raises(Boom) as caught:
        async with th.open_supervisor("s", observer=log) as sup:
            for name in ("a", "b", "c"):
                await sup.start(forever, name=name)
            raise error
    assert caught.value is error
    assert isinstance(error.__cause__, KeyError)
    assert log.lines == [
        *(f"{name} 1 ready" for name in "abc"),
        *(f"{name} 1 {word}" for name in "cba" for word in ("stopping", "stopped")),
        "s ended",
    ]
    reasons = {event.reason for event in log.of(th.ChildStopping)}
    assert reasons == {"the block of its supervisor raised Boom"}


@pytest.mark.parametrize(
    "error", [StopIteration(), StopAsyncIteration(), ExceptionGroup("", [Boom()])]
)
async def test_a_body_may_raise_any_exception(autojump_clock: MockClock, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        async with th.open_supervisor() as sup:
            sup.start_soon(forever)
            raise error
    assert caught.value is error


async def test_a_body_that_raises_as_the_supervisor_gives_up(autojump_clock: MockClock) -> None:
    with pytest.RaisesGroup(Boom, pytest.RaisesGroup(Boom)) as caught:
        async with th.open_supervisor("s", max_restarts=0) as sup:
            sup.start_soon(crashes(after=1))
            try:
                await trio.sleep_forever()
            finally:
                raise Boom("body")
    assert {type(e) for e in caught.value.exceptions} == {Boom, th.RestartLimitExceeded}


async def test_giving_up_is_told_whatever_else_the_body_raises(autojump_clock: MockClock) -> None:
    """A nursery in the body makes one group of its own cancellation and an error in a clean-up."""

    async def bad_cleanup() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise KeyError

    with pytest.raises(ExceptionGroup) as caught:
        async with th.open_supervisor("s", max_restarts=0) as sup:
            sup.start_soon(crashes(after=1))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(bad_cleanup)
                nursery.start_soon(trio.sleep_forever)
    assert chain(caught.value) == [KeyError, Boom]
    assert any(isinstance(e, th.RestartLimitExceeded) for e in caught.value.exceptions)


async def test_giving_up_is_told_although_the_block_was_cancelled_from_outside(
    autojump_clock: MockClock,
) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(th.RestartLimitExceeded)):
        with trio.move_on_after(1.5):
            async with th.open_supervisor("s", max_restarts=0) as sup:
                sup.start_soon(crashes(after=1))
                try:
                    await trio.sleep_forever()
                finally:
                    with trio.CancelScope(shield=True):
                        await trio.sleep(1)


@pytest.mark.parametrize(
    "component", [crashes(2, then=sleeps(0)), crashes(2, after=1, then=sleeps(0))]
)
async def test_the_handle_stays_valid_across_restarts(
    autojump_clock: MockClock, component: Function
) -> None:
    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(component, name="c")
        assert repr(child) == "<Child 's/c': starting, incarnation 1>"
        assert await child.wait("stopped") == "stopped"
        assert (child.incarnation, child.restarts, child.last_error) == (3, 2, "Boom: number 2")
        assert (child.name, child.path) == ("c", "s/c")
    assert repr(child) == "<Child 's/c': stopped, incarnation 3>"


async def test_the_story_of_a_restart_as_events(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", max_restarts=3, within=60, observer=log) as sup:
        sup.start_soon(crashes(1, after=2, then=sleeps(1)), name="c")
    _, ended, restarting, *_ = log.events
    assert isinstance(ended, th.ChildEnded)
    assert isinstance(ended.exit, th.Crashed)
    assert isinstance(ended.exit.error, Boom)
    assert (ended.path, ended.incarnation, ended.time, ended.ready) == ("s/c", 1, 2, True)
    assert restarting == th.ChildRestarting(
        path="s/c",
        incarnation=1,
        time=2,
        delay=0,
        restarts=1,
        max_restarts=3,
        because="Boom: number 1",
    )


async def test_statistics_and_repr(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        sup.start_soon(forever, name="a")
        b = sup.start_soon(crashes(1), name="b")
        await b.wait("ready")
        await b.wait("ready")
        await trio.testing.wait_all_tasks_blocked()
        assert sup.statistics() == th.SupervisorStatistics(children=2, running=2, restarts=1)
        assert repr(sup) == "<Supervisor 's': 2 children, open>"
        assert (sup.path, list(sup.children)) == ("s", ["a", "b"])
        await b.stop()
        assert sup.statistics() == th.SupervisorStatistics(children=2, running=1, restarts=1)
        sup.cancel_scope.cancel()
    assert sup.statistics().running == 0
    assert "open" not in repr(sup)
