"""Random trees under random calls: whatever happens, the promises of a supervisor hold.

Each run is one seed: components that crash, return, are silent, start slowly, clean up for long or
hold a supervisor of their own; callers that start, stop, restart, kill, give up waiting; and an end
by a drain, by a cancellation, by giving up or by itself. All of it in virtual time.
"""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log
from trioharness.rules import Strategy

LIVELY = 40.0
"""Seconds of random calls."""
CANCEL_GRACE = 4.0
LONGEST_SHIELD = 3.0


class World:
    """One run: the tree, who is alive in it, and what is expected of it."""

    sup: th.Supervisor
    strategy: Strategy = "one_for_one"
    ends: Sequence[str] = ("cancel", "drain", "quiet")
    """How it may end."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.log = Log()
        self.alive: dict[str, str | None] = {}
        """What each incarnation whose code runs gives, by path; each entered by the component."""
        self.needs: dict[str, list[str]] = {}
        """The values that the last incarnation to begin was given, by path."""
        self.values: dict[str, str] = {}
        """The value that the last incarnation to become ready gave, by path."""
        self.numbers = iter(range(10_000))
        self.problems: list[str] = []

    def observe(self, event: th.Event) -> None:
        """Keep the event; a child is told to stop only when nobody that needs it runs."""
        self.log(event)
        if isinstance(event, th.ChildStopping):
            # What an earlier incarnation gave has ended already: only this one's users count.
            value = self.alive.get(event.path)
            early = sorted(path for path in self.alive if value in self.needs[path])
            if early:  # to be raised at the end: what an observer raises goes no further
                self.problems.append(f"{event.path} is told to stop before {early}")

    @contextlib.contextmanager
    def life(self, path: str, needs: dict[str, Any]) -> Any:
        """Mark the code of one incarnation, from its first step to its last."""
        # Kept, not raised: in a component it would be one crash among others.
        if path in self.alive:
            self.problems.append(f"two incarnations of {path} at a time")
        values = [value for value in needs.values() if value is not None]
        self.problems += [
            f"{path} got {value} of a need that has ended"
            for value in values
            if value not in self.values.values()
        ]
        self.needs[path] = values
        self.alive[path] = None
        try:
            yield
        finally:
            del self.alive[path]

    def component(self, path: str) -> Callable[..., Any]:
        chance = self.chance
        kind = chance.choice(["plain", "plain", "status", "status", "manager", "nested"])

        async def plain(**needs: Any) -> None:
            with self.life(path, needs):
                await self.work()

        async def status(*, task_status: th.TaskStatus[str], **needs: Any) -> None:
            with self.life(path, needs):
                await trio.sleep(chance.choice([0, 0, 1, 5]))
                if chance.random() < 0.3:
                    raise Boom("before ready")
                task_status.started(self.value(path))
                await self.work()

        @contextlib.asynccontextmanager
        async def manager(**needs: Any) -> AsyncGenerator[str]:
            with self.life(path, needs):
                await trio.sleep(chance.choice([0, 0, 2]))
                if chance.random() < 0.2:
                    raise Boom("while entering")
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.work)
                    try:
                        yield self.value(path)
                    finally:
                        await trio.sleep(chance.choice([0, 1, 8]))
                        nursery.cancel_scope.cancel()

        async def nested(*, task_status: th.TaskStatus[str], **needs: Any) -> None:
            with self.life(path, needs):
                async with th.open_supervisor("n", max_restarts=3, within=5) as sup:
                    for name in ("x", "y"):
                        inner = self.component(f"{path}/n/{name}")
                        # A need may be what it is inside of, or may have ended: refused.
                        with contextlib.suppress(th.CycleError, th.StartFailed):
                            needs = self.needs_above()
                            sup.start_soon(inner, name=name, grace=10, needs=needs)
                    task_status.started(self.value(path))
                    await trio.sleep(chance.choice([0, 3]))

        kinds: dict[str, Callable[..., Any]] = {
            "plain": plain,
            "status": status,
            "manager": manager,
            "nested": nested,
        }
        return kinds[kind]

    def value(self, path: str) -> str:
        value = self.values[path] = self.alive[path] = f"{path} {next(self.numbers)}"
        return value

    async def work(self) -> None:
        chance = self.chance
        try:
            await trio.sleep(chance.choice([0, 0.5, 1, 3, 10, 1000]))
            if chance.random() < 0.6:
                raise Boom("at work")
        finally:
            match chance.randrange(5):
                case 0:
                    async with th.cleanup():
                        await trio.sleep(chance.choice([0, 1, 20]))
                case 1:
                    with trio.CancelScope(shield=True):
                        await trio.sleep(chance.uniform(0, LONGEST_SHIELD))
                case 2:
                    if chance.random() < 0.3:
                        raise Boom("in its clean-up")
                case _:
                    pass

    async def check(self, value: object) -> None:
        """A health check that passes, fails, hangs, or does not even listen."""
        chance = self.chance
        with trio.CancelScope(shield=chance.random() < 0.2):
            await trio.sleep(chance.choice([0, 0, 0.5, LONGEST_SHIELD]))
        if chance.random() < 0.4:
            raise Boom("not well")

    def needs_above(self) -> dict[str, th.Child[Any]]:
        others = list(self.sup.children.values())
        if not others or self.chance.random() < 0.5:
            return {}
        return {"above": self.chance.choice(others)}

    def options(self, sup: th.Supervisor, name: str) -> dict[str, Any]:
        chance = self.chance
        options: dict[str, Any] = {"grace": chance.choice([0, 1, 5])}
        options["restart"] = chance.choice(["transient", "transient", "permanent", "temporary"])
        if chance.random() < 0.3:
            options["backoff"] = th.Backoff(chance.choice([0.5, 3]), 6)
        if chance.random() < 0.3:
            options["health"] = th.Health(
                beat_within=chance.choice([0.5, 2, 8, None]),
                check=chance.choice([None, self.check]),
                check_every=chance.choice([0.5, 2]),
                failure_threshold=chance.choice([1, 2]),
            )
        if chance.random() < 0.3:
            options["start_within"] = chance.choice([0.5, 3])
        others = list(sup.children.values())
        if others and chance.random() < 0.5:
            needs = chance.sample(others, chance.randint(1, min(2, len(others))))
            options["needs"] = {f"need{i}": need for i, need in enumerate(needs)}
        elif others and chance.random() < 0.3:
            options["after"] = [chance.choice(others)]
        return options

    async def caller(self, sup: th.Supervisor) -> None:
        while trio.current_time() < LIVELY:
            await trio.sleep(self.chance.choice([0, 0, 0.1, 1, 2]))
            patience = self.chance.choice([0, 0.5, 2, 1000])
            with trio.move_on_after(patience):
                # Refusals are answers as good as any; hanging, or anything else, is not.
                with contextlib.suppress(th.SupervisionError, th.ChildKilled, Boom):
                    try:
                        await self.call(sup)
                    except th.ConfigurationError as error:
                        assert isinstance(error, th.DuplicateNameError), error
                    except ExceptionGroup as group:
                        assert group.subgroup(Boom), group  # the start of a manager

    async def call(self, sup: th.Supervisor) -> None:
        chance = self.chance
        children = list(sup.children.values())
        if len(children) < 3 or chance.random() < 0.2:
            name = f"c{chance.randrange(8)}" if chance.random() < 0.5 else f"n{next(self.numbers)}"
            component = self.component(f"{sup.path}/{name}")
            options = self.options(sup, name) if name not in sup.children else {}
            if chance.random() < 0.5:
                await sup.start(component, name=name, **options)
            else:
                sup.start_soon(component, name=name, **options)
            return
        child = chance.choice(children)
        match chance.randrange(5):
            case 0:
                await child.stop()
            case 1 | 2:
                await child.restart()
            case 3:
                child.kill()
            case _:
                await child.wait(chance.choice(["ready", "stopped", "restarting"]))

    async def run(self) -> None:
        limit = self.chance.choice([1000, 1000, 1000, 10])
        ending = self.chance.choice(self.ends)
        with contextlib.suppress(th.RestartLimitExceeded):
            async with th.open_supervisor(
                "s",
                strategy=self.strategy,
                max_restarts=limit,
                within=10,
                cancel_grace=CANCEL_GRACE,
                observer=self.observe,
            ) as sup:
                self.sup = sup
                async with trio.open_nursery() as nursery:
                    for _ in range(3):
                        nursery.start_soon(self.caller, sup)
                    await trio.sleep(LIVELY)
                    nursery.cancel_scope.cancel()
                await self.end(sup, ending)
        self.check_end()

    async def end(self, sup: th.Supervisor, how: str) -> None:
        if how == "quiet":
            for child in reversed(tuple(sup.children.values())):
                await child.stop()
            assert sup.statistics().running == 0
            # At rest the turn is free.
            now = trio.current_time()
            probe = await sup.start(trio.sleep_forever, name="probe")
            await probe.stop()
            assert trio.current_time() == now
        elif how == "drain":
            sup.drain(grace=5)
        else:
            began = trio.current_time()
            sup.cancel_scope.cancel()
            self.log.events.append(th.SupervisorEnded(path="told to end", time=began))

    def check_end(self) -> None:
        assert self.problems == []
        assert self.alive == {}
        told = [e for e in self.log.of(th.SupervisorEnded) if e.path == "told to end"]
        self.log.events = [event for event in self.log.events if event not in told]
        last = self.log.events[-1]
        assert isinstance(last, th.SupervisorEnded)
        assert last.path == "s"
        if told:
            # Two shields at most lie one in the other: a clean-up in a nursery in a manager.
            assert last.time - told[0].time <= CANCEL_GRACE + 2 * LONGEST_SHIELD
        self.check_lives()

    def check_lives(self) -> None:
        """The events of each child are those of lives that follow one another."""
        lives: dict[str, tuple[int, str]] = {}
        for event in self.log.events:
            if isinstance(event, th.SlowStart | th.GaveUp | th.SupervisorEnded | th.ChildParked):
                continue
            if isinstance(event, th.DeadLettered | th.MessagesDropped):
                continue
            number, phase = lives.get(event.path, (0, "ended"))
            known = (event.incarnation, phase)
            match event:
                case th.ChildReady():
                    assert self.follows(event.incarnation, number, phase), (event, number, phase)
                    phase = "ready"
                case th.ChildStopping():
                    new = self.follows(event.incarnation, number, phase)  # told before ready
                    assert new or known == (number, "ready"), (event, number, phase)
                    phase = "stopping"
                case th.ChildStuck():  # one that is ended for a fault of its own is not told of
                    new = self.follows(event.incarnation, number, phase)
                    told = known in ((number, "stopping"), (number, "ready"))
                    assert new or told, (event, number, phase)
                    continue
                case th.ChildEnded(exit=exit, ready=ready):
                    assert isinstance(exit, th.Stopped) == (phase == "stopping"), (event, phase)
                    running = event.incarnation == number and phase in ("ready", "stopping")
                    new = self.follows(event.incarnation, number, phase) and not ready
                    never = isinstance(exit, th.Crashed) and "what it needs" in str(exit.error)
                    assert running or new or never, (event, number, phase)
                    phase = "ended"
                case th.ChildRestarting():
                    assert known == (number, "ended"), (event, number, phase)
                    phase = "restarting"
                case th.ChildNotRestarted():
                    assert known == (number, "ended"), (event, number, phase)
                case th.ChildChecked():
                    assert known == (number, "ready"), (event, number, phase)
                case _:
                    raise AssertionError(f"the log does not keep {event}")
            lives[event.path] = (event.incarnation, phase)

    def follows(self, incarnation: int, number: int, phase: str) -> bool:
        """Say whether it is the next incarnation, or the first of another child of that name."""
        return phase in ("ended", "restarting") and incarnation in (1, number + 1)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=100)
def test_the_promises_hold(seed: int) -> None:
    trio.run(World(seed).run, clock=MockClock(autojump_threshold=0))
