"""A supervisor in miniature, to hold the real one against: no trio, no speed, few options.

It is written from what is promised (OTP's semantics, and where trio's users get another default),
not from the code. It does one thing at a time: a mailbox of ends and calls, and one generator that
serves them, which stands at a `yield` while it waits for a child to become ready or to end.
Children do nothing by themselves: they begin as was planned, and then do what they are told.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Literal, TypeAlias, assert_never

import attrs

from trioharness.rules import AutoShutdown, Exhausted, RestartType, Strategy

Word: TypeAlias = Literal["ready", "crash", "return", "shutdown", "ignore"]
"""What a component is told to do. It becomes ready once, and declines only before that."""
Begin: TypeAlias = Word | Literal["wait"]
"""How an incarnation begins: with a word of its own accord, or by waiting for one."""
How: TypeAlias = Literal["crash", "return", "shutdown", "ignore", "kill", "fail", "stop"]
"""How an incarnation ends: `fail` is a return before it was ready, or that of a group a member of
which did not start."""
Outcome: TypeAlias = Literal["ready"] | How
"""What comes of a start."""
Request: TypeAlias = Literal["stop", "start", "restart", "delete"]
"""What is asked of a child."""

CLOSED = "SupervisorClosed"
ANSWERS: dict[Outcome, str] = {
    "ready": "ok",
    "ignore": "ok",
    "crash": "Boom",
    "fail": "StartFailed",
    "shutdown": "Shutdown",
    "kill": "ChildKilled",
    "stop": CLOSED,
}
"""What who waits for a start is told, by what came of it; only the close stops one unasked."""

WORDS: dict[How, str] = {
    "crash": "crashed",
    "kill": "crashed",
    "fail": "crashed",
    "return": "returned",
    "shutdown": "shutdown",
    "ignore": "ignored",
    "stop": "stopped",
}
"""What the observer is told of an end."""
END_OF_GROUP: dict[str, How] = {
    "ok": "return",
    "Shutdown": "shutdown",
    "RestartLimitExceeded": "crash",
    "StartFailed": "fail",
}
"""How a group ends, by what its supervisor raises."""


@attrs.frozen
class Flags:
    """How a supervisor behaves."""

    strategy: Strategy = "one_for_one"
    max_restarts: int = 1
    within: float = 4.0
    auto_shutdown: AutoShutdown = "never"
    exhausted: Exhausted = "escalate"


@attrs.frozen
class Spec:
    """How a child behaves."""

    restart: RestartType = "transient"
    significant: bool = False
    lingers: bool = False
    """Whether its clean-up goes on until it is told to end, or its grace is over."""
    grace: float = 3.0
    flags: Flags | None = None
    """Given for a child that is a supervisor; its grace has no end."""
    members: tuple[tuple[str, Spec], ...] = ()
    """The children of one that is a supervisor."""


@attrs.define(eq=False)
class Call:
    """A question and, when it has one, its answer: ``"ok"`` or the name of an error."""

    answer: str | None = None
    starting: Child | None = None
    """The child whose first start it waits for."""
    given_up: bool = False

    def reply(self, answer: str) -> None:
        self.answer = self.answer or answer


@attrs.define(eq=False)
class Child:
    name: str
    spec: Spec
    state: str = "pending"
    incarnation: int = 0
    outcome: Outcome | None = None
    """What came of its last start, once that is known."""
    awaited: bool = False
    """Whether a failed start is the matter of whoever waits for it."""
    end: object = None
    """An end of its own accord that is in the mailbox; void when it is not this one any more."""
    grace_ends: float = math.inf
    inner: Supervisor | None = None
    """The supervisor that its last incarnation is, or was."""

    @property
    def runs(self) -> bool:
        return self.state in ("starting", "ready", "stopping")

    @property
    def active(self) -> bool:
        """Whether it holds its supervisor open."""
        return self.runs or self.state in ("pending", "restarting")


@attrs.define(eq=False)
class Item:
    """What waits in the mailbox: an end, or a call."""

    serve: Callable[[], Iterator[None]]
    call: Call | None = None
    wants: Request | Literal["first start"] | None = None
    child: Child | None = None


@attrs.define(eq=False)
class World:
    """What the supervisors of a tree share."""

    now: float = 0.0
    log: list[str] = attrs.field(factory=list[str])
    """What the observer was told."""
    plans: dict[str, deque[Begin]] = attrs.field(factory=dict[str, "deque[Begin]"])
    """How the next incarnations begin, by path; those without a plan are ready at once."""
    racing: bool = False
    """Whether a group that has just become ready has something to do, as who started it may."""
    raced: bool = False
    """Whether something happened of which no order is promised, so that what follows is open."""


class Supervisor:
    """A supervisor; the outermost one, or a child of another."""

    def __init__(
        self,
        world: World,
        path: str,
        flags: Flags,
        members: tuple[tuple[str, Spec], ...] = (),
        *,
        joining: bool = False,
        is_ready: Callable[[], None] = lambda: None,
        has_ended: Callable[[], None] = lambda: None,
    ) -> None:
        self.world = world
        self.path = path
        self.flags = flags
        self.children = {name: Child(name, spec) for name, spec in members}
        self.joining = joining
        """Whether it ends as soon as no child holds it open."""
        self.is_ready = is_ready
        self.has_ended = has_ended
        self.mailbox: deque[Item] = deque()
        self.restarts: list[float] = []
        self.starting: Child | None = None
        """The child whose start everything waits for."""
        self.closing = False
        self.over = False
        self.outcome = "ok"
        """What it ends with: ``"ok"`` or the name of an error."""
        self.refused_stops: list[Item] = []
        """They are answered when their child has stopped with all the others."""
        self.server = self._serve()

    # --- what is asked of it

    def start(self, name: str, spec: Spec, call: Call) -> None:
        if self.over:
            call.reply(CLOSED)
        else:
            self.mailbox.append(Item(lambda: self._start(name, spec, call), call, "first start"))

    def start_soon(self, name: str, spec: Spec, call: Call) -> None:
        if self.closing:
            call.reply(CLOSED)
        elif name in self.children:
            call.reply("ChildExists")
        else:
            call.reply("ok")
            child = self.children[name] = Child(name, spec)
            if self.flags.strategy == "one_for_one":
                self._begin(child)  # it is nobody else's matter
            else:
                self.mailbox.append(Item(lambda: self._begin_first(child)))

    def ask(self, request: Request, child: Child, call: Call) -> None:
        item = Item(lambda: self._answer(request, child, call), call, request, child)
        if self.closing:
            self._refuse(item)
        else:
            self.mailbox.append(item)

    def cancel(self, call: Call) -> None:
        """Whoever asked waits no longer; only a first start is undone by that."""
        if call.starting is not None:
            call.given_up = True
            self._tell(call.starting)
            return
        call.reply("cancelled")
        for item in [i for i in self.mailbox if i.call is call and i.wants == "first start"]:
            self.mailbox.remove(item)

    def close(self, outcome: str) -> None:
        """Stop everything when what is under way is done, but wait for nobody's start."""
        if self.closing:
            return
        self.closing, self.outcome = True, outcome
        waiting, self.mailbox = self.mailbox, deque()
        for item in waiting:
            self._refuse(item)
        if self.starting is not None:
            self._tell(self.starting)

    def _refuse(self, item: Item) -> None:
        if item.call is not None and item.wants == "stop":
            self.refused_stops.append(item)
            self._answer_refused_stops()
        elif item.call is not None:
            item.call.reply(CLOSED)

    def _answer_refused_stops(self) -> None:
        for item in self.refused_stops:
            if item.call and item.child and item.child.state == "stopped":
                item.call.reply("ok")

    # --- what happens to its children

    def act(self, child: Child, word: Word | Literal["kill"]) -> None:
        """A child does as it is told; one that is stopping can do nothing but end."""
        if child.state == "starting" and word == "ready":
            self._is_ready(child)
        elif child.runs and word != "ready":
            self._has_ended(child, word)

    def _begin(self, child: Child) -> None:
        child.state, child.outcome, child.end = "starting", None, None
        child.incarnation += 1
        path, spec = f"{self.path}/{child.name}", child.spec
        if spec.flags is not None:
            inner = child.inner = Supervisor(
                self.world,
                path,
                spec.flags,
                spec.members,
                joining=True,
                is_ready=lambda: self._is_ready(child),
                has_ended=lambda: self._has_ended(child, END_OF_GROUP[inner.raises]),
            )
            return
        plan = self.world.plans.get(path)
        word = plan.popleft() if plan else "ready"
        if word != "wait":
            self.act(child, word)

    def _is_ready(self, child: Child) -> None:
        if child.state == "starting":
            child.state = child.outcome = "ready"
            child.awaited = False
            self._log(child, "ready")

    def _tell(self, child: Child) -> None:
        """Tell a child to stop."""
        if child.state == "stopping":
            return
        child.state = "stopping"
        self._log(child, "stopping")
        if child.inner is not None:
            child.inner.close("ok")
        elif child.spec.lingers and child.spec.grace > 0:
            child.grace_ends = self.world.now + child.spec.grace
        else:
            self._has_ended(child, "stop")

    def _has_ended(self, child: Child, how: How) -> None:
        told, was_ready = child.state == "stopping", child.outcome == "ready"
        child.grace_ends = math.inf
        if told:
            how = "stop"
        elif was_ready and how == "ignore":
            how = "crash"
        elif not was_ready and how == "return":
            how = "fail"
        if not was_ready:
            child.outcome = how
        self._log(child, WORDS[how])
        if told or child.awaited:
            child.state = "stopped"
        else:
            self._mail_end(child, how)
        self._answer_refused_stops()

    def _mail_end(self, child: Child, how: How) -> None:
        """Have an end dealt with after what waits already; what will follow shows at once."""
        child.state = "restarting" if self._is_to_return(child, how) else "stopped"
        end = child.end = object()
        self.mailbox.append(Item(lambda: self._deal_with_end(child, end, how)))

    # --- one thing at a time

    def _serve(self) -> Iterator[None]:
        yield from self._start_members()
        while not self.closing:
            if self.mailbox:
                item = self.mailbox.popleft()
                self._race(on=item.call is not None)
                self.world.raced |= self._may_end()  # as it may, before or after that
                yield from item.serve()
            elif self._may_end():
                self.close("ok")
            else:
                yield
        for child in reversed(tuple(self.children.values())):
            yield from self._stop(child)
        self.over = True
        self.world.log.append(f"{self.path} ended")
        for item in self.mailbox:
            if item.call is not None:
                item.call.reply(CLOSED)
        self.has_ended()

    @property
    def raises(self) -> str:
        """The name of the error that it ends with, or ``"ok"``."""
        if self.outcome == "RestartLimitExceeded" and self.flags.exhausted == "shutdown":
            return "Shutdown"
        return self.outcome

    def _start_members(self) -> Iterator[None]:
        """Start the members of a group, one by one; what ends meanwhile waits."""
        for child in tuple(self.children.values()):
            outcome = yield from self._bring_up(child)
            if self.closing:
                return
            if outcome == "ignore":
                self._put_down(child)
            elif outcome != "ready":
                self.close("StartFailed")
                return
        if self.mailbox or self._may_end():
            self.world.racing = True
        self.is_ready()

    def _may_end(self) -> bool:
        """Whether nothing holds it open."""
        return self.joining and not any(child.active for child in self.children.values())

    def _race(self, *, on: bool) -> None:
        if on and self.world.racing and "/" not in self.path:
            self.world.raced = True

    def _bring_up(self, child: Child) -> Generator[None, None, Outcome]:
        """Begin a child and wait until it is ready or has ended; a failure is the caller's."""
        child.awaited = True
        outcome = yield from self._begin_alone(child)
        child.awaited = False
        return outcome

    def _begin_alone(self, child: Child) -> Generator[None, None, Outcome]:
        """Begin a child and wait until it is ready or has ended; a failure is a crash."""
        self.starting = child
        self._begin(child)
        while child.outcome is None:
            yield
        self.starting = None
        return child.outcome

    def _stop(self, child: Child) -> Iterator[None]:
        """Stop a child; whatever was to follow from an end of its own follows no more."""
        child.end = None
        if child.runs:
            self._tell(child)
            while child.state == "stopping":
                yield
        child.state = "stopped"
        self._answer_refused_stops()

    def _put_down(self, child: Child) -> None:
        """Leave a child that does not run as it is; a temporary one is forgotten."""
        child.state, child.end = "stopped", None
        if child.spec.restart == "temporary":
            self._forget(child)

    def _forget(self, child: Child) -> None:
        child.state, child.end = "stopped", None
        if self._knows(child):
            del self.children[child.name]

    def _knows(self, child: Child) -> bool:
        return self.children.get(child.name) is child

    # --- ends

    def _is_to_return(self, child: Child, how: How) -> bool:
        match how:
            case "return" | "shutdown":
                back = child.spec.restart == "permanent"
            case "crash" | "kill" | "fail":
                back = child.spec.restart != "temporary"
            case "ignore" | "stop":
                back = False
            case _:
                assert_never(how)
        return back and not self.closing

    def _deal_with_end(self, child: Child, end: object, how: How) -> Iterator[None]:
        if child.end is not end:
            return
        child.end = None
        if not self._is_to_return(child, how):
            self._put_down(child)
            if child.spec.significant and how != "ignore":
                self._significant_ended(child)
            return
        within, now = self.flags.within, self.world.now
        self.restarts = [*(then for then in self.restarts if now - then <= within), now]
        if len(self.restarts) > self.flags.max_restarts:
            child.state = "stopped"
            self._give_up(child, "RestartLimitExceeded")
            return
        child.state = "restarting"
        self._log(child, "restarting")
        if self.flags.strategy == "one_for_one":
            yield from self._begin_alone(child)
        else:
            yield from self._restart_group(child)

    def _significant_ended(self, child: Child) -> None:
        match self.flags.auto_shutdown:
            case "any_significant":
                self._give_up(child, "Shutdown")
            case "all_significant":
                if not any(c.spec.significant and c.active for c in self.children.values()):
                    self._give_up(child, "Shutdown")
            case "never":
                pass
            case _:
                assert_never(self.flags.auto_shutdown)

    def _give_up(self, child: Child, outcome: str) -> None:
        self.world.log.append(f"{self.path} over {self._name(child)} gave-up")
        self.close(outcome)

    def _restart_group(self, child: Child) -> Iterator[None]:
        """Stop the group in reverse order, then start it in order."""
        group = list(self.children.values())
        if self.flags.strategy == "rest_for_one":
            group = group[group.index(child) :]
        for other in reversed(group):
            if other is not child:
                yield from self._stop(other)
                self._put_down(other)
        for position, member in enumerate(group):
            if self.closing:
                return
            if not self._knows(member):
                continue
            outcome = yield from self._bring_up(member)
            if outcome == "ready":
                continue
            if self._is_to_return(member, outcome):
                if child in group[position + 1 :]:
                    child.state = "stopped"  # from now on the member is what is tried again
                self._mail_end(member, outcome)
                return
            self._put_down(member)

    # --- calls

    def _start(self, name: str, spec: Spec, call: Call) -> Iterator[None]:
        if name in self.children:
            call.reply("ChildExists")
            return
        child = call.starting = self.children[name] = Child(name, spec)
        outcome = yield from self._bring_up(child)
        call.starting = None
        if outcome == "ignore":
            self._put_down(child)
        elif outcome != "ready":
            self._forget(child)
        call.reply("cancelled" if call.given_up else ANSWERS[outcome])

    def _begin_first(self, child: Child) -> Iterator[None]:
        if child.state == "pending":
            self._begin(child)
        yield from ()

    def _answer(self, request: Request, child: Child, call: Call) -> Iterator[None]:
        match request:
            case "stop":
                yield from self._answer_stop(child, call)
            case "start":
                yield from self._answer_start(child, call)
            case "restart":
                yield from self._answer_restart(child, call)
            case "delete":
                self._answer_delete(child, call)
            case _:
                assert_never(request)

    def _answer_stop(self, child: Child, call: Call) -> Iterator[None]:
        if self._knows(child):
            yield from self._stop(child)
            self._put_down(child)
        call.reply("ok")

    def _answer_start(self, child: Child, call: Call) -> Iterator[None]:
        if not child.active:
            self._put_down(child)  # also one whose end has not been dealt with yet
        if not self._knows(child):
            call.reply("StartFailed")
        elif child.active:
            call.reply("ChildNotStopped")
        else:
            outcome = yield from self._bring_up(child)
            if outcome != "ready":
                self._put_down(child)
            call.reply(ANSWERS[outcome])

    def _answer_restart(self, child: Child, call: Call) -> Iterator[None]:
        if not self._knows(child):
            call.reply("StartFailed")
            return
        yield from self._stop(child)
        if child.spec.restart == "temporary":
            self._forget(child)  # nobody starts it again, once it has ended
            call.reply("StartFailed")
            return
        if self.closing:
            call.reply(CLOSED)
            return
        yield from self._begin_alone(child)
        call.reply("ok")  # also when it failed: that is a crash like any other

    def _answer_delete(self, child: Child, call: Call) -> None:
        if not self._knows(child):
            call.reply("ChildNotFound")
        elif child.active:
            call.reply("ChildNotStopped")
        else:
            self._forget(child)
            call.reply("ok")

    def _log(self, child: Child, word: str) -> None:
        self._race(on=child.inner is None)
        self.world.log.append(f"{self._name(child)} {child.incarnation} {word}")

    def _name(self, child: Child) -> str:
        return f"{self.path}/{child.name}".partition("/")[2]


@attrs.frozen
class Seen:
    """What can be seen of a tree from outside, when nothing moves any more."""

    log: list[str]
    """All that the observer was told."""
    children: dict[str, str]
    """State and incarnation of each child, by path, in order; of a supervisor that closes, only
    those that run."""
    answers: list[str | None]
    """The answers of all calls so far, in the order in which they were made."""
    outcome: str | None
    """What the outermost supervisor ended with, if it has: ``"ok"`` or the name of an error."""


class Model:
    """A tree, and what can be done with it; all of that ends when nothing moves any more."""

    def __init__(self, flags: Flags) -> None:
        self.world = World()
        self.root = Supervisor(self.world, "s", flags)
        self.calls: list[tuple[Supervisor, Call]] = []
        self.known: dict[str, tuple[Supervisor, Child]] = {}
        """The last child seen of each path, and its supervisor: who asks has a handle of it."""
        self._settle()

    def plan(self, path: str, begins: Sequence[Begin]) -> None:
        """Say how the next incarnations of a child begin."""
        self.world.plans[f"s/{path}"] = deque(begins)

    def start(self, name: str, spec: Spec) -> None:
        self.root.start(name, spec, self._call(self.root))
        self._settle()

    def start_soon(self, name: str, spec: Spec) -> None:
        self.root.start_soon(name, spec, self._call(self.root))
        self._settle()

    def ask(self, request: Request, path: str) -> None:
        if path in self.known:
            supervisor, child = self.known[path]
            supervisor.ask(request, child, self._call(supervisor))
            self._settle()

    def give_up(self, number: int) -> None:
        """Cancel one of the calls, if it waits."""
        if number < len(self.calls) and self.calls[number][1].answer is None:
            supervisor, call = self.calls[number]
            supervisor.cancel(call)
            self._settle()

    def tell(self, path: str, word: Word | Literal["kill"]) -> None:
        """Tell a component what to do, if it runs."""
        for supervisor in self._tree(reachable=False):
            for child in supervisor.children.values():
                if f"{supervisor.path}/{child.name}" == f"s/{path}" and child.spec.flags is None:
                    supervisor.act(child, word)
        self._settle()

    def pass_time(self, seconds: float) -> None:
        until = self.world.now + seconds
        while lingering := self._lingering(until):
            supervisor, child = min(lingering, key=lambda pair: pair[1].grace_ends)
            self.world.now = child.grace_ends
            supervisor.act(child, "return")
            self._settle()
        self.world.now = until

    def leave(self) -> None:
        """Let the block of the outermost supervisor end: it goes on until no child holds it."""
        self.root.joining = True
        self._settle()

    def cancel(self) -> None:
        """Cancel the block of the outermost supervisor."""
        self.root.close("ok")
        self._settle()

    def obeying(self) -> list[str]:
        """The paths of the components that run and can be told what to do."""
        return [path for path, (_, child) in self.known.items() if child.runs and not child.inner]

    def waiting(self) -> list[int]:
        """The numbers of the calls without an answer."""
        return [number for number, (_, call) in enumerate(self.calls) if call.answer is None]

    def seen(self) -> Seen:
        children = {
            f"{supervisor.path}/{child.name}": f"{child.state} {child.incarnation}"
            for supervisor in self._tree()
            for child in supervisor.children.values()
            if child.runs or not supervisor.closing
        }
        return Seen(
            log=list(self.world.log),
            children=children,
            answers=[call.answer for _, call in self.calls],
            outcome=self.root.raises if self.root.over else None,
        )

    def closing(self) -> set[str]:
        """The paths of the supervisors that close, or have ended."""
        return {supervisor.path for supervisor in self._tree() if supervisor.closing}

    def _call(self, supervisor: Supervisor) -> Call:
        call = Call()
        self.calls.append((supervisor, call))
        return call

    def _settle(self) -> None:
        while True:
            tree, told = self._tree(reachable=False), len(self.world.log)
            for supervisor in tree:
                next(supervisor.server, None)
            if (tree, told) == (self._tree(reachable=False), len(self.world.log)):
                break
        self.world.racing = False
        for supervisor in self._tree():
            for child in supervisor.children.values():
                self.known[f"{supervisor.path}/{child.name}"[2:]] = (supervisor, child)

    def _tree(self, *, reachable: bool = True) -> list[Supervisor]:
        """All supervisors; reachable are those of groups that are ready."""
        found = [self.root]
        for child in self.root.children.values():
            if child.inner and child.runs and (child.state == "ready" or not reachable):
                found.append(child.inner)
        return found

    def _lingering(self, until: float) -> list[tuple[Supervisor, Child]]:
        return [
            (supervisor, child)
            for supervisor in self._tree(reachable=False)
            for child in supervisor.children.values()
            if child.grace_ends <= until
        ]
