"""Every transition of the table happens to some child: each scenario says which it is there for."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import TypeAlias

import pytest
import trio

import trioharness as th
from tests.supervision._kit import Boom, crashes, deaf, forever, sleeps, slow_to_start, slow_to_stop
from trioharness.rules import TRANSITIONS, Cause
from trioharness.supervision import _record
from trioharness.testing import run

Step: TypeAlias = tuple[th.State, Cause]
Scenario: TypeAlias = Callable[[], Awaitable[None]]

SCENARIOS: dict[str, tuple[Scenario, frozenset[Step]]] = {}


def reaches(*steps: str) -> Callable[[Scenario], Scenario]:
    """Enter a scenario, with the transitions that it is there for."""

    def enter(scenario: Scenario) -> Scenario:
        pairs = (step.split() for step in steps)
        entered = frozenset((th.State(state), Cause(cause)) for state, cause in pairs)
        SCENARIOS[scenario.__name__] = scenario, entered
        return scenario

    return enter


class Seen(dict[Step, th.State]):
    """The table, which takes note of what is looked up in it."""

    def __init__(self, table: Mapping[Step, th.State]) -> None:
        super().__init__(table)
        self.steps: set[Step] = set()

    def __getitem__(self, step: Step) -> th.State:
        self.steps.add(step)
        return super().__getitem__(step)


async def never_ready(*, task_status: th.TaskStatus[None]) -> None:
    await trio.sleep(1)
    raise Boom


@contextlib.asynccontextmanager
async def parking(max_restarts: int = 0) -> AsyncGenerator[th.Supervisor]:
    """Open a supervisor that parks, and end it as soon as its block has ended."""
    with contextlib.suppress(th.RestartLimitExceeded):
        async with th.open_supervisor(max_restarts=max_restarts, exhausted="park") as sup:
            yield sup
            sup.cancel_scope.cancel()


async def takes(numbers: th.ReceiveChannel[int], then: Scenario = forever) -> None:
    await then()


# --- one child alone


@reaches("pending begin", "starting ready", "ready end")
async def a_life_without_events() -> None:
    async with th.open_supervisor() as sup:
        sup.start_soon(sleeps(1))


@reaches("ready stop", "stopping end", "stopped begin", "stopped end")
async def stopped_and_started_by_hand() -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(forever)
        await child.stop()
        await child.start()
        await child.stop()
        sup.cancel_scope.cancel()


@reaches("starting stop", "starting end")
async def stopped_before_it_was_ready() -> None:
    async with th.open_supervisor() as sup:
        child = sup.start_soon(slow_to_start(5), name="slow")
        await trio.sleep(1)
        await child.stop()
        with pytest.raises(Boom):
            await sup.start(never_ready)


@reaches("ready retry", "restarting begin", "restarting end")
async def crashes_and_is_stopped_in_its_back_off() -> None:
    async with th.open_supervisor() as sup:
        backoff = th.Backoff(10, jitter=0)
        child = sup.start_soon(crashes(2, after=1), backoff=backoff)
        await trio.sleep(13)
        await child.stop()


@reaches("starting retry")
async def crashes_before_it_is_ready() -> None:
    attempts = iter([Boom()])

    async def fragile(*, task_status: th.TaskStatus[None]) -> None:
        for error in attempts:
            await trio.sleep(1)
            raise error
        task_status.started()

    async with th.open_supervisor() as sup:
        sup.start_soon(fragile)


@reaches("stopping retry", "stopping stop")
async def silent_for_too_long() -> None:
    async with th.open_supervisor() as sup:
        health = th.Health(beat_within=1)
        first = sup.start_soon(deaf(5), health=health, name="first")
        again = sup.start_soon(deaf(2), health=health, name="again")
        await trio.sleep(2)
        await first.stop()  # it was told already, by nobody who waits for it
        await again.wait("restarting")
        sup.cancel_scope.cancel()


# --- what one needs


@reaches("pending hold", "waiting begin", "stopping hold")
async def waits_for_what_it_needs_and_restarts_with_it() -> None:
    async with th.open_supervisor() as sup:

        async def user(*, db: int) -> None:
            await trio.sleep_forever()

        db = sup.start_soon(slow_to_start(1), name="db")
        child = sup.start_soon(user, needs={"db": db})
        await child.wait("ready")
        await db.restart()
        await child.wait("ready")
        sup.cancel_scope.cancel()


async def uses(*, db: int) -> None:
    await trio.sleep_forever()


@reaches("waiting end", "stopped hold")
async def stopped_while_it_waits() -> None:
    async with th.open_supervisor() as sup:
        db = sup.start_soon(slow_to_start(9), name="db")
        child = sup.start_soon(uses, needs={"db": db})
        await trio.sleep(1)
        await child.stop()
        await child.restart()
        assert child.state == "waiting"
        sup.cancel_scope.cancel()


@reaches("restarting hold")
async def its_need_restarts_in_its_back_off() -> None:
    async def fragile(*, db: int) -> None:
        await trio.sleep(1)
        raise Boom

    async with th.open_supervisor() as sup:
        db = await sup.start(slow_to_start(1), name="db")
        sup.start_soon(fragile, needs={"db": db}, backoff=th.Backoff(100, jitter=0))
        await trio.sleep(2)
        await db.restart()
        sup.cancel_scope.cancel()


@reaches("starting hold")
async def its_need_goes_away_before_its_first_step() -> None:
    """Which of the two is first is trio's choice: so it is tried at each step, and again."""
    for steps in 5 * [*range(5)]:
        async with th.open_supervisor() as sup, trio.open_nursery() as nursery:
            db = await sup.start(slow_to_start(1), name="db")
            child = await sup.start(uses, name="child", needs={"db": db})
            await child.stop()
            nursery.start_soon(child.start)
            for _ in range(steps):
                await trio.lowlevel.checkpoint()
            db.kill()
            await child.wait("ready")
            sup.cancel_scope.cancel()


@reaches("parked hold")
async def parked_and_started_while_its_need_is_not_ready() -> None:
    async def fragile(*, db: None) -> None:
        raise Boom

    async with parking(max_restarts=1) as sup:
        db = await sup.start(crashes(after=5), name="db", backoff=th.Backoff(10, jitter=0))
        child = sup.start_soon(fragile, needs={"db": db})
        await child.wait("parked")
        await db.wait("restarting")
        await child.start()
        assert child.state == "waiting"


# --- a group


@reaches("pending end")
async def a_group_of_which_the_first_cannot_start() -> None:
    group = th.Group("group", [th.Spec(never_ready, name="a"), th.Spec(forever, name="b")])
    async with th.open_supervisor() as sup:
        with pytest.raises(th.StartFailed):
            await sup.start(group)


@reaches("stopped retry")
async def a_member_fails_as_its_group_restarts() -> None:
    attempts = iter([None, Boom(), None])

    async def second(*, task_status: th.TaskStatus[None]) -> None:
        error = next(attempts)
        if error is not None:
            raise error
        task_status.started()
        await trio.sleep_forever()

    async with th.open_supervisor(strategy="one_for_all") as sup:
        await sup.start(crashes(1, after=1), name="first")
        await sup.start(second)
        await trio.sleep(5)
        sup.cancel_scope.cancel()


# --- giving up on one child


@reaches("starting park", "parked begin", "parked end")
async def parked_before_it_was_ready_and_begun_again() -> None:
    async with parking() as sup:
        child = sup.start_soon(never_ready)
        await child.wait("parked")
        await child.restart()
        await trio.sleep(5)
        assert child.state == "parked"


@reaches("ready park")
async def parked_with_a_crash() -> None:
    async with parking() as sup:
        child = sup.start_soon(crashes(after=1))
        await child.wait("parked")


@reaches("stopping park")
async def parked_as_it_was_silent() -> None:
    async with parking() as sup:
        child = sup.start_soon(forever, health=th.Health(beat_within=1))
        await child.wait("parked")


@reaches("restarting park")
async def parked_when_its_crash_has_its_turn() -> None:
    """The first one that crashed holds the turn, until the one that needs it has stopped."""

    async def stubborn(*, db: str | None) -> None:
        await slow_to_stop(5)()

    async with parking(max_restarts=1) as sup:
        db = await sup.start(crashes(1, after=1), name="db")
        sup.start_soon(stubborn, needs={"db": db}, grace=10)
        child = sup.start_soon(crashes(after=2), name="other")
        await child.wait("parked")
        assert trio.current_time() == 6


# --- ends of channels


@reaches("stopped release")
async def done_with_its_ends() -> None:
    send, numbers = th.open_channel(int, 1)
    async with th.open_supervisor() as sup:
        sup.start_soon(takes, numbers, sleeps(1))
    send.close()


@reaches("parked release")
async def parked_and_deleted_with_its_ends() -> None:
    send, numbers = th.open_channel(int, 1)
    async with parking() as sup:
        child = sup.start_soon(takes, numbers, crashes())
        await child.wait("parked")
        await child.delete()
        with pytest.raises(trio.BrokenResourceError):
            await send.send(1)
    send.close()


@reaches("complete release")
async def complete_and_deleted() -> None:
    send, numbers = th.open_channel(int, 1)
    async with th.open_supervisor(stay=True) as sup:
        child = sup.start_soon(takes, numbers, sleeps(1), name="taker")
        await child.wait("complete")
        await child.delete()
        sup.cancel_scope.cancel()
    send.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_reaches_what_it_is_there_for(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, steps = SCENARIOS[name]
    seen = Seen(TRANSITIONS)
    monkeypatch.setattr(_record, "TRANSITIONS", seen)
    run(scenario)
    assert steps - seen.steps == set()


def test_no_transition_is_left_out() -> None:
    reached = frozenset[Step]().union(*(steps for _, steps in SCENARIOS.values()))
    assert reached == set(TRANSITIONS)
