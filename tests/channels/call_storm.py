"""A storm of calls under real supervisors: whatever happens to whom, each call ends, and once.

Run many with ``python -m tests.channels.call_storm 500``.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import sys
import time
import types
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Generator
from operator import itemgetter
from random import Random
from typing import Any, cast

import attrs
import trio

import trioharness as th
from trioharness.testing import run

Client = th.RequestClient[int, str]
Server = th.ReceiveChannel[th.Request[int, str]]
Ask = th.Request[int, str]

PATIENCE = (0.1, 0.5, 2, 20, math.inf, math.inf, math.inf)
LIMIT = 100_000
"""Virtual seconds after which a storm hangs."""


class Crash(Exception):
    """What components of a storm crash with."""


class Refusal(Exception):
    """What a responder answers one call with."""


@types.coroutine
def noting(coroutine: Coroutine[Any, Any, str], waited: list[bool]) -> Generator[Any, Any, str]:
    """Run a coroutine, and note whether it ever waits: a call that does not was not accepted."""
    sent: Any = None
    while True:
        try:
            trap = coroutine.send(sent)
        except StopIteration as stop:
            reply: str = stop.value
            return reply
        waited.append(True)
        sent = yield trap


@attrs.define(eq=False)
class CallStorm:
    """One storm: what its tasks do follows from its seed."""

    seed: int
    chance: Random = attrs.field(init=False)
    numbers: Any = attrs.field(factory=itertools.count, init=False)
    count: Counter[str] = attrs.field(factory=Counter[str], init=False)
    """What callers counted of their own calls, and what happened besides."""
    handled: Counter[int] = attrs.field(factory=Counter[int], init=False)
    """How often the code of a responder got each request."""
    scopes: list[trio.CancelScope] = attrs.field(factory=list[trio.CancelScope], init=False)
    children: list[th.Child[Any]] = attrs.field(factory=list["th.Child[Any]"], init=False)
    over: bool = attrs.field(default=False, init=False)
    is_steady: bool = attrs.field(default=False, init=False)
    """Such a responder has its end by now: before that, an end of which there is a clone may well
    be kept for nobody."""
    kind: str = attrs.field(default="any", init=False)
    """``steady``: one responder always comes back, so that no call may fail for want of one.
    ``solo``: there is but one in the end, so that its calls to itself have to fail."""
    own: Client | None = attrs.field(default=None, init=False)
    """By which responders call."""
    raised: bool = attrs.field(default=False, init=False)
    """A view raised, so that the responder did not get what it had received."""

    def __attrs_post_init__(self) -> None:
        self.chance = Random(self.seed)
        self.kind = self.chance.choice(("any", "any", "steady", "steady", "solo"))

    # callers

    async def call(self, client: Client, patience: float | None = None) -> None:
        """Call once, and count what comes of it."""
        number = next(self.numbers)
        waited: list[bool] = []
        drawn = self.chance.choice(PATIENCE)
        with trio.move_on_after(drawn if patience is None else patience) as scope:
            self.scopes.append(scope)
            if self.chance.random() < 0.05:
                scope.cancel()
            begun = trio.current_effective_deadline() != -math.inf
            how = "cancelled"
            try:
                reply = await noting(client.call(number), waited)
                assert reply == f"reply to {number}"
                how = "replied"
            except Refusal as refusal:
                assert str(refusal) == f"refusal of {number}"
                how = "failed"
            except (th.RequestError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
                self.count[type(error).__name__] += 1
                how = "failed"
                if self.is_steady and not self.over:
                    self.count["steady"] += 1
                    early = isinstance(error, (trio.BrokenResourceError, th.CallToOneself))
                    assert not early, (self.seed, number, error)
            finally:
                self.scopes.remove(scope)
                self.count[how if waited and begun else "refused"] += 1

    async def cast(self, client: Client) -> None:
        """Cast one or several, without looking at what comes of it."""
        with trio.move_on_after(self.chance.choice(PATIENCE)) as scope:
            self.scopes.append(scope)
            try:
                if self.chance.random() < 0.5:
                    await client.cast(next(self.numbers))
                else:
                    await client.send_many([next(self.numbers) for _ in range(3)])
                self.count["cast"] += 1
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self.count["not cast"] += 1
            finally:
                self.scopes.remove(scope)

    async def caller(self, client: Client) -> None:
        """Call many times; sometimes at once, and sometimes crash, or lose the end."""
        async with client, trio.open_nursery() as nursery:
            await self.call(client)
            for _ in range(self.chance.randint(1, 12 if self.kind == "any" else 40)):
                await trio.sleep(self.chance.choice((0, 0, 0.1, 1)))
                match self.chance.randrange(10):
                    case 0:
                        await self.cast(client)
                    case 1 | 2 | 3:
                        nursery.start_soon(self.call, client)
                    case 4 if self.chance.random() < (0.2 if self.kind == "any" else 0.02):
                        client.close()
                    case _:
                        await self.call(client)

    async def supervised_caller(self, client: Client) -> None:
        """Be one that crashes after its calls, so that it calls again."""
        await self.caller(client)
        if self.chance.random() < 0.4 and not self.over:
            raise Crash("a caller")

    # responders

    async def work(self, request: Ask) -> None:
        """Deal with one request, in one of the ways there are."""
        reply = f"reply to {request.message}"
        pause = self.chance.choice((0, 0, 0.1, 1, 5))
        calls_often = self.kind == "solo" and self.chance.random() < 0.2
        match 12 if calls_often else self.chance.randrange(14):
            case 12:
                with request:
                    if request.is_call:  # else it is in doubt whether it calls itself
                        await self.call_own()
                    request.reply(reply)
            case 0:
                with request:
                    await trio.sleep(pause)
                    if request.is_call:
                        raise Refusal(f"refusal of {request.message}")
            case 1:
                request.fail(Refusal(f"refusal of {request.message}"))
            case 2:
                await trio.sleep(pause)
                raise Crash("with a request")
            case 3 if self.chance.random() < 0.5:
                with request:
                    await trio.sleep(pause)  # and no answer, which is a fault
            case 4:
                with request:
                    request.reply(reply)
                    await trio.sleep(pause)
                    if self.chance.random() < 0.3:
                        raise Crash("after the answer")
            case 5 | 6 | 7:
                request.reply(reply)
            case _:
                with request:
                    await trio.sleep(pause)
                    request.reply(reply)
        await trio.sleep(self.chance.choice((0, 0, 0.1)))

    async def call_own(self) -> None:
        """Call the channel that this is a responder of; to itself, it may be.

        With a deadline where two could wait for each other, which is not seen.
        """
        assert self.own is not None
        self.count["own"] += 1
        await self.call(self.own, math.inf if self.kind == "solo" else 20)

    async def steady(self, server: Server) -> None:
        """Be a responder that never stays away, and never calls; it crashes, or loses its end."""
        async for request in server:
            self.handled[request.message] += 1
            request.reply(f"reply to {request.message}")
            match self.chance.randrange(8):
                case 0:
                    server.close()
                    await trio.sleep(self.chance.choice((0, 1, 5)))
                    raise Crash("without an end")
                case 1:
                    raise Crash("with an end")
                case _:
                    await trio.sleep(self.chance.choice((0, 0.1, 1)))

    async def brief(self, server: Server) -> None:
        """Be a responder that answers once, and does not call."""
        await trio.sleep(self.chance.choice((0, 1, 5, 10)))
        request = await server.receive()
        self.handled[request.message] += 1
        await trio.sleep(self.chance.choice((0, 1, 5)))
        request.reply(f"reply to {request.message}")
        if self.chance.random() < 0.5:
            raise Crash("after its answer")

    async def selecting(self, server: Server) -> None:
        async with th.select(server, th.every(2.0)) as ready:
            async for source, item in ready:
                if source is server:
                    request = cast("Ask", item)
                    self.handled[request.message] += 1
                    await self.work(request)
                    await self.mishap(server)

    async def one_by_one(self, server: Server) -> None:
        async for request in server:
            self.handled[request.message] += 1
            await self.work(request)
            await self.mishap(server)

    async def in_subtasks(self, server: Server) -> None:
        async with trio.open_nursery() as nursery:
            async for request in server:
                self.handled[request.message] += 1
                nursery.start_soon(self.work, request)
                if self.chance.random() < 0.1:
                    raise Crash("while others work")

    async def in_batches(self, server: Server) -> None:
        within = self.chance.choice((None, 0, 0.5, 3))
        async for batch in server.batches(self.chance.randint(1, 4), within):
            self.handled.update(request.message for request in batch)
            for request in reversed(batch):
                await self.work(request)
            await self.mishap(server)

    async def shared(self, server: Server) -> None:
        """Receive in several tasks through one end, which any of them may close."""
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(self.one_by_one, server)
            for _ in range(self.chance.randrange(20)):
                await trio.sleep(self.chance.choice((0, 0.1, 0.1, 1)))
            server.close()

    async def with_its_end(self, server: Server) -> None:
        async with server:
            await self.one_by_one(server)

    async def team(self, server: Server) -> None:
        """Be a component that supervises the responder."""
        async with th.open_supervisor("team", max_restarts=1, exhausted="park") as sup:
            self.children.append(sup.start_soon(self.one_by_one, server))

    async def mishap(self, server: Server) -> None:
        """Return, close the end or suspend it for a while; most often nothing of that."""
        match self.chance.randrange(40):
            case 0:
                server.close()
            case 1:
                server.suspend(Crash("suspended"))
                await trio.sleep(1)
                server.resume()
            case 2:
                raise Crash("idle")
            case _:
                await trio.lowlevel.checkpoint()

    async def needing(self, server: Server, *, pool: object) -> None:
        await self.one_by_one(server)

    async def pool(self, *, task_status: th.TaskStatus[str]) -> None:
        await trio.sleep(self.chance.choice((0, 1)))
        task_status.started("pool")
        await trio.sleep(self.chance.choice((1, 10, 1000)))
        raise Crash("the pool")

    # views

    def keeps(self, request: Ask) -> bool:
        """Say whether a view shows a request; raise at some."""
        if request.message % 19 == 3:
            self.raised = True
            self.count["view raised"] += 1
            raise Crash("a view")
        if request.message % 7 == 5:
            self.handled[request.message] += 1
            self.count["left out"] += 1
            return False
        return True

    def keeps_pair(self, pair: tuple[int, Ask]) -> bool:
        return self.keeps(pair[1])

    def seen(self, server: Server) -> Server:
        """Return an end, or a view of it, which is handed over in the same way."""
        match self.chance.randrange(5):
            case 0:
                return cast("Server", th.filtered(server, self.keeps))
            case 1:
                pairs = th.mapped(server, lambda request: (request.message, request))
                kept = th.filtered(pairs, self.keeps_pair)
                return cast("Server", th.mapped(kept, itemgetter(1)))
            case _:
                return server

    # trouble

    async def trouble(self) -> None:
        """Cancel calls; kill, restart, stop and start components.

        But not the one that calls itself, nor calls beside it: what waits for ever would end.
        """
        while not self.over:
            await trio.sleep(self.chance.choice((0.3, 1, 3, 10)))
            if self.kind == "solo" and not self.children:
                continue
            if self.kind != "solo" and self.chance.random() < 0.5:
                if self.scopes:
                    self.chance.choice(self.scopes).cancel()
                continue
            child = self.chance.choice(self.children)
            deed = self.chance.choice(
                (child.restart, child.stop, child.start, child.start, child.kill)
            )
            with trio.move_on_after(5):
                with contextlib.suppress(th.TrioharnessError, Crash):
                    done: Awaitable[None] | None = deed()
                    if done is not None:
                        await done
                    self.count[deed.__name__] += 1

    # all of it

    def start_responders(self, sup: th.Supervisor, server: Server) -> None:
        chance = self.chance
        ways: list[Callable[[Server], Awaitable[None]]] = [
            self.one_by_one,
            self.in_subtasks,
            self.in_batches,
            self.shared,
            self.with_its_end,
            self.team,
            self.selecting,
        ]
        if self.kind == "solo":
            alone = chance.choice((self.one_by_one, self.in_batches, self.team, self.selecting))
            sup.start_soon(alone, server, backoff=th.Backoff(0.5, 20))
            for _ in range(chance.randint(0, 3)):
                self.children.append(sup.start_soon(self.brief, server, restart="transient"))
            return
        pool = sup.start_soon(self.pool, background=True)
        self.children.append(pool)
        for _ in range(chance.randint(1, 1 if self.kind == "steady" else 3)):
            backoff = chance.choice((None, th.Backoff(0.5, 20)))
            if chance.random() < 0.2:
                needs = {"pool": pool}
                child: th.Child[Any] = sup.start_soon(self.needing, server, needs=needs)
            else:
                child = sup.start_soon(chance.choice(ways), server, backoff=backoff)
            self.children.append(child)

    async def rage(self) -> Counter[str]:
        """Run the storm; every caller comes to its end, or it hangs."""
        chance = self.chance
        client, server = th.open_requests(int, str, chance.choice((0, 1, 4, math.inf)))
        watch = client.clone()
        self.own = watch
        many = chance.random() < 0.5 or self.kind == "steady"
        exhausted = chance.choice(("park", "escalate"))
        strategy = chance.choice(("one_for_one", "one_for_one", "one_for_all", "rest_for_one"))
        options: dict[str, Any] = {
            "max_restarts": 10_000 if many else 2,
            "exhausted": exhausted,
            "strategy": strategy,
            "stay": True,
        }
        try:
            with trio.fail_after(LIMIT):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.trouble)
                    await self.supervise(client, server, options)
                    self.over = True
        except trio.TooSlowError as error:
            raise AssertionError(
                f"storm of seed {self.seed} hangs: {watch.statistics()}"
            ) from error
        self.balance(watch)
        return self.count

    async def supervise(self, client: Client, server: Server, options: dict[str, Any]) -> None:
        chance = self.chance
        async with trio.open_nursery() as callers:
            for _ in range(chance.randint(1, 3)):
                callers.start_soon(self.caller, client.clone())
            if self.kind != "solo" and chance.random() < 0.4:
                ends = [server, server.clone()]
                chance.shuffle(ends)
                server, clone = ends
                with contextlib.suppress(th.RestartLimitExceeded):
                    restarts = chance.choice((0, 3))
                    async with th.open_supervisor(
                        "other", stay=True, exhausted="park", max_restarts=restarts
                    ) as other:
                        self.start_responders(other, self.seen(clone))
                        await self.supervise_most(client, server, options, callers)
                        self.end(other)
            else:
                await self.supervise_most(client, server, options, callers)

    async def supervise_most(
        self, client: Client, server: Server, options: dict[str, Any], callers: trio.Nursery
    ) -> None:
        chance = self.chance
        with contextlib.suppress(th.RestartLimitExceeded):
            async with th.open_supervisor("storm", **options) as sup:
                alike = chance.random() < 0.5  # of the same end; else each has one of its own
                if self.kind == "steady":
                    end = server if alike else server.clone()
                    sup.start_soon(self.steady, end, backoff=th.Backoff(0.5, 20))
                    self.is_steady = True
                    away = end.clone()  # of somebody who is down; it hides nobody
                    away.suspend(Crash("away"))
                self.start_responders(sup, server if alike else self.seen(server))
                for _ in range(chance.randint(0, 2)):
                    self.children.append(sup.start_soon(self.supervised_caller, client.clone()))
                client.close()
                await trio.sleep(chance.choice((1, 5, 50, 500)))
                if self.kind != "any" or chance.random() < 0.3:
                    await self.until_ended(callers)  # none of them waits for ever
                self.over = True
                self.end(sup)

    async def until_ended(self, callers: trio.Nursery) -> None:
        while callers.child_tasks:  # noqa: ASYNC110 - tasks in between have no event
            await trio.sleep(1)

    def end(self, sup: th.Supervisor) -> None:
        if self.chance.random() < 0.5:
            sup.drain(grace=30)
        else:
            sup.cancel_scope.cancel()

    def balance(self, watch: Client) -> None:
        """Compare what callers and responders counted with what the channel did."""
        count, calls, numbers = self.count, watch.call_statistics(), watch.statistics()
        seen = {how: count[how] for how in ("replied", "failed", "cancelled")}
        told = {how: getattr(calls, how) for how in seen}
        assert told == seen, (self.seed, told, seen)
        assert calls.made == sum(seen.values()), (self.seed, calls)
        assert calls.waiting == 0, (self.seed, calls)
        assert numbers.sent == numbers.received + numbers.left, (self.seed, numbers)
        handled = sum(self.handled.values())
        assert numbers.received >= handled, (self.seed, numbers, self.handled)
        assert self.raised or numbers.received == handled, (self.seed, numbers, self.handled)
        assert numbers.tasks_waiting_send == numbers.tasks_waiting_receive == 0
        assert all(times == 1 for times in self.handled.values()), (self.seed, self.handled)


def storm(seed: int) -> Counter[str]:
    """Run one storm, and return what was counted."""
    return run(CallStorm(seed).rage, seed=seed)


def main(seeds: int, first: int = 0) -> None:
    logging.getLogger("trioharness").setLevel(logging.CRITICAL + 1)
    begun = time.monotonic()
    total: Counter[str] = Counter()
    failures = 0
    for seed in range(first, first + seeds):
        try:
            total += storm(seed)
        except Exception as error:
            failures += 1
            print(f"seed {seed}: {type(error).__name__}: {error}"[:400])
    print(dict(total.most_common()))
    print(f"{seeds} storms, {failures} failed, in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
