"""Random trees are held against a model of a supervisor, step by step.

The model runs ahead, so that the next step may be chosen by where it stands; when the steps are
over, the real supervisor does the same in one run of trio, in virtual time, and after each step,
when nothing moves any more, everything that can be seen of it is compared.

To explore more: ``pytest tests/supervision/test_model.py --hypothesis-profile=long``.
"""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import math
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Literal, Protocol, TypeAlias, assert_never, cast

import attrs
import pytest
import trio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import Boom, Log
from tests.supervision._model import Begin, Flags, Model, Request, Seen, Spec, Word
from trioharness.rules import (
    AUTO_SHUTDOWNS,
    RESTART_TYPES,
    STRATEGIES,
    TRANSITIONS,
    AutoShutdown,
    Cause,
    ImpossibleTransition,
)

Telling: TypeAlias = Word | Literal["kill"]
RUNNING = ("starting", "ready", "stopping")


class Tree(Protocol):
    """What can be done with the model; with the real tree, too, by the same words."""

    def plan(self, path: str, begins: Sequence[Begin]) -> None: ...
    def start(self, name: str, spec: Spec) -> None: ...
    def start_soon(self, name: str, spec: Spec) -> None: ...
    def ask(self, request: Request, path: str) -> None: ...
    def give_up(self, number: int) -> None: ...
    def tell(self, path: str, word: Telling) -> None: ...
    def leave(self) -> None: ...
    def cancel(self) -> None: ...


@attrs.define
class Asked:
    """A call under way, or answered."""

    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    answer: str | None = None


class Real:
    """The tree of the model, made of the real thing."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self.log = Log()
        self.plans: dict[str, deque[Begin]] = {}
        self.inboxes: dict[str, trio.MemorySendChannel[Word]] = {}
        """Where each component that runs is told what to do, by path."""
        self.handles: dict[str, th.Child[Any]] = {}
        self.calls: list[Asked] = []
        self.errors: list[BaseException] = []
        """Whatever was raised anywhere, to be searched for what must not be."""
        self.outcome: str | None = None
        self.may_leave = trio.Event()
        self.supervisor: th.Supervisor

    async def run(self, flags: Flags, *, task_status: trio.TaskStatus[None]) -> None:
        try:
            async with th.open_supervisor(
                "s",
                strategy=flags.strategy,
                max_restarts=flags.max_restarts,
                within=flags.within,
                auto_shutdown=flags.auto_shutdown,
                exhausted=flags.exhausted,
                cancel_grace=math.inf,
                observer=self.log,
            ) as self.supervisor:
                task_status.started()
                await self.may_leave.wait()
        except Exception as error:
            self.errors.append(error)
            self.outcome = type(error).__name__
            if isinstance(error, th.RestartLimitExceeded):
                assert len(error.exceptions) == flags.max_restarts + 1
        else:
            self.outcome = "ok"

    # --- components

    def component(self, path: str, spec: Spec) -> Callable[..., Awaitable[None]]:
        if spec.flags is None:
            return partial(self.work, path, lingers=spec.lingers)
        members = [
            th.Spec(self.component(f"{path}/{name}", member), name=name, **self.options(member))
            for name, member in spec.members
        ]
        return th.Group(
            path,
            members,
            strategy=spec.flags.strategy,
            max_restarts=spec.flags.max_restarts,
            within=spec.flags.within,
            auto_shutdown=spec.flags.auto_shutdown,
            exhausted=spec.flags.exhausted,
            cancel_grace=math.inf,
        )

    def options(self, spec: Spec) -> dict[str, Any]:
        return {
            "restart": spec.restart,
            "significant": spec.significant,
            "grace": spec.grace if spec.flags is None else math.inf,
        }

    async def work(self, path: str, *, lingers: bool, task_status: th.TaskStatus[None]) -> None:
        assert path not in self.inboxes, f"two incarnations of {path} at a time"
        inbox, told = trio.open_memory_channel[Word](math.inf)
        self.inboxes[path] = inbox
        try:
            with inbox, told:
                await self.live(path, told, task_status, lingers=lingers)
        finally:
            del self.inboxes[path]

    async def live(
        self,
        path: str,
        told: trio.MemoryReceiveChannel[Word],
        task_status: th.TaskStatus[None],
        *,
        lingers: bool,
    ) -> None:
        try:
            await self.obey(path, told, task_status)
        except trio.Cancelled:
            if not lingers:
                raise
            async with th.cleanup():
                async for word in told:
                    if word != "ready":
                        act(word)
                        return  # noqa: ASYNC104 - that it returns all the same is what is tried

    async def obey(
        self, path: str, told: trio.MemoryReceiveChannel[Word], task_status: th.TaskStatus[None]
    ) -> None:
        plan = self.plans.get(path)
        begin = plan.popleft() if plan else "ready"
        ready = False
        while True:
            word = await told.receive() if begin == "wait" or ready else begin
            if word == "ready" and not ready:
                ready = True
                task_status.started()
            elif word != "ready":
                act(word)
                return

    # --- what is done with it

    def plan(self, path: str, begins: Sequence[Begin]) -> None:
        self.plans[path] = deque(begins)

    def start(self, name: str, spec: Spec) -> None:
        component = self.component(name, spec)

        async def call() -> None:
            await self.supervisor.start(component, name=name, **self.options(spec))

        self.call(call)

    def start_soon(self, name: str, spec: Spec) -> None:
        async def call() -> None:
            component = self.component(name, spec)
            self.supervisor.start_soon(component, name=name, **self.options(spec))

        self.call(call)

    def ask(self, request: Request, path: str) -> None:
        if path not in self.handles:
            return
        child = self.handles[path]
        match request:
            case "stop":
                self.call(child.stop)
            case "start":
                self.call(child.start)
            case "restart":
                self.call(child.restart)
            case "delete":
                self.call(child.delete)
            case _:
                assert_never(request)

    def call(self, fn: Callable[[], Awaitable[object]]) -> None:
        asked = Asked()
        self.calls.append(asked)
        self.nursery.start_soon(self.wait_for_answer, fn, asked)

    async def wait_for_answer(self, fn: Callable[[], Awaitable[object]], asked: Asked) -> None:
        answer = "cancelled"
        with asked.scope:
            try:
                await fn()
                answer = "ok"
            except Exception as error:
                self.errors.append(error)
                answer = type(error).__name__
        asked.answer = answer

    def give_up(self, number: int) -> None:
        if number < len(self.calls):
            self.calls[number].scope.cancel()

    def tell(self, path: str, word: Telling) -> None:
        if path not in self.inboxes:
            return
        if word == "kill":
            self.find(path).kill()
        else:
            self.inboxes[path].send_nowait(word)

    def find(self, path: str) -> th.Child[Any]:
        """The child whose component runs."""
        return self.handles[path]

    def leave(self) -> None:
        self.may_leave.set()

    def cancel(self) -> None:
        self.supervisor.cancel_scope.cancel()

    def seen(self, closing: set[str]) -> Seen:
        found: dict[str, str] = {}
        for supervisor in self.supervisors():
            for name, child in supervisor.children.items():
                self.handles[child.path[2:]] = child
                if child.state in RUNNING or supervisor.path not in closing:
                    found[f"{supervisor.path}/{name}"] = f"{child.state} {child.incarnation}"
        return Seen(
            # Why nothing follows a crash has tests of its own; the model only says what follows.
            log=[line for line in self.log.lines if not line.endswith(" not-restarted")],
            children=found,
            answers=[asked.answer for asked in self.calls],
            outcome=self.outcome,
        )

    def supervisors(self) -> list[th.Supervisor]:
        """All supervisors that can be asked."""
        children = self.supervisor.children.values()
        values = [child.value for child in children if child.state == "ready"]
        return [self.supervisor, *(v for v in values if isinstance(v, th.Supervisor))]

    def impossible(self) -> list[BaseException]:
        """Every transition that cannot be, wherever it came up: in a component, a call, the end."""
        exits = [event.exit for event in self.log.of(th.ChildEnded)]
        ends = [exit.error for exit in exits if isinstance(exit, th.Crashed | th.Stopped)]
        return [
            part
            for error in (*self.errors, *ends)
            if error is not None
            for part in parts(error)
            if isinstance(part, ImpossibleTransition)
        ]


def act(word: Word) -> None:
    """Do what ends a component; to return is up to the caller."""
    match word:
        case "crash":
            raise Boom
        case "shutdown":
            raise th.Shutdown
        case "ignore":
            raise th.Ignore
        case "ready" | "return":
            pass
        case _:
            assert_never(word)


def parts(error: BaseException) -> Iterable[BaseException]:
    """An error, its causes and contexts, and the same of its members."""
    yield error
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for part in (error.__cause__, error.__context__, *members):
        if part is not None:
            yield from parts(part)


@attrs.frozen
class Step:
    words: str
    do: Callable[[Tree], None]
    seconds: float
    """How long to wait after that."""
    expected: Seen
    closing: set[str]


async def replay(flags: Flags, steps: Sequence[Step]) -> str | None:
    """Do with the real tree what was done with the model, and compare them after each step.

    Returns:
        What went wrong first, if anything did.
    """
    problem: str | None = None
    try:
        async with trio.open_nursery() as nursery:
            real = Real(nursery)
            await nursery.start(real.run, flags)
            problem = await first_problem(real, flags, steps)
            if problem is not None:
                nursery.cancel_scope.cancel()
    except ExceptionGroup:
        if problem is None:
            raise  # else it is only how a tree ends that nobody can tell how to
    return problem


async def first_problem(real: Real, flags: Flags, steps: Sequence[Step]) -> str | None:
    done = ["", repr(flags)]
    for step in steps:
        done.append(step.words)
        step.do(real)
        await wait_all_tasks_blocked()
        if step.seconds:
            await trio.sleep(step.seconds)
            await wait_all_tasks_blocked()
        if impossible := real.impossible():
            return "\n".join([*done, *map(repr, impossible)])
        seen = real.seen(step.closing)
        if seen != step.expected:
            return "\n".join([*done, *difference(seen, step.expected)])
    return f"these still run: {sorted(real.inboxes)}" if real.inboxes else None


def difference(seen: Seen, expected: Seen) -> list[str]:
    lines: list[str] = []
    for field in attrs.fields_dict(Seen):
        one, other = getattr(seen, field), getattr(expected, field)
        if one != other:
            lines += [f"{field}:", f"  is     {one}", f"  model  {other}"]
    return lines


NAMES = st.sampled_from(["a", "b", "c", "g"])
WORKERS = st.sampled_from(["a", "b", "c", "g/x", "g/y"])
BEGINS = st.lists(
    st.sampled_from(["ready", "wait", "crash", "ignore", "return", "shutdown"]), max_size=3
)
WORDS = st.sampled_from(["ready", "crash", "return", "shutdown", "ignore", "kill"])
RESTARTS = st.sampled_from(RESTART_TYPES)
NEVER: AutoShutdown = "never"  # so often that most live long
AUTO: st.SearchStrategy[AutoShutdown] = st.sampled_from([NEVER, *AUTO_SHUTDOWNS])


@st.composite
def all_flags(draw: st.DrawFn, max_restarts: int = 3) -> Flags:
    return Flags(
        strategy=draw(st.sampled_from(STRATEGIES)),
        max_restarts=draw(st.integers(0, max_restarts)),
        auto_shutdown=draw(AUTO),
        exhausted=draw(st.sampled_from(["escalate", "shutdown"])),
    )


@st.composite
def specs(draw: st.DrawFn, name: str, above: Flags, grace: float = 3.0) -> Spec:
    restart = draw(RESTARTS)
    may_be_significant = restart != "permanent" and above.auto_shutdown != "never"
    significant = may_be_significant and draw(st.booleans())
    if name != "g":
        lingers = draw(st.booleans())
        return Spec(restart, significant, lingers, grace=draw(st.sampled_from([grace, 0.0])))
    flags = draw(all_flags())
    names = draw(st.sampled_from(["", "x", "xy"]))
    # Never does the grace of two end at the same moment, which would be a race between them.
    members = tuple((name, draw(specs(name, flags, grace=2 + 2**-10))) for name in names)
    return Spec(restart, significant, flags=flags, members=members)


class Machine(RuleBasedStateMachine):
    """The steps, done with the model at once and with the real tree at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.flags = Flags()
        self.model = Model(self.flags)
        self.steps: list[Step] = []

    def do(self, words: str, do: Callable[[Tree], None], seconds: float = 0.0) -> None:
        model = self.model
        do(model)
        if seconds:
            model.pass_time(seconds)
        if not model.world.raced:
            self.steps.append(Step(words, do, seconds, model.seen(), model.closing()))
            return
        # What would come of it is not promised: the step is left out, as if it had not been drawn.
        self.go_back_to(self.steps)

    def go_back_to(self, steps: list[Step]) -> None:
        """Have the model where these steps lead it."""
        self.steps, self.model = steps, Model(self.flags)
        for step in steps:
            step.do(self.model)
            self.model.pass_time(step.seconds)

    @initialize(flags=all_flags(), data=st.data())
    def begin(self, flags: Flags, data: st.DataObject) -> None:
        self.flags = flags
        self.model = Model(flags)
        for name in data.draw(st.sampled_from(["", "ab", "abc", "agb", "gc"])):
            self.add(name, data, soon=False)

    def add(self, name: str, data: st.DataObject, *, soon: bool) -> None:
        spec = data.draw(specs(name, self.flags))
        if soon:
            self.do(f"start_soon {name} {spec}", lambda tree: tree.start_soon(name, spec))
        else:
            self.do(f"start {name} {spec}", lambda tree: tree.start(name, spec))

    @rule(name=NAMES, soon=st.booleans(), begins=BEGINS, data=st.data())
    def start(self, name: str, soon: bool, begins: list[Begin], data: st.DataObject) -> None:
        if begins and name != "g":
            self.plan(name, begins)
        # A group that nobody waits for would start its members while others are dealt with: a race.
        self.add(name, data, soon=soon and name != "g")

    @precondition(lambda self: not self.model.root.over)
    @rule(path=WORKERS, begins=BEGINS)
    def plan(self, path: str, begins: list[Begin]) -> None:
        self.do(f"plan {path} {begins}", lambda tree: tree.plan(path, begins))

    @precondition(lambda self: self.model.obeying())
    @rule(word=WORDS, data=st.data())
    def tell(self, word: Telling, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(self.model.obeying()))
        self.do(f"tell {path} {word}", lambda tree: tree.tell(path, word))

    @precondition(lambda self: self.model.obeying())
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.tell("crash", data)

    @precondition(lambda self: self.model.known)
    @rule(request=st.sampled_from(["stop", "start", "restart", "delete"]), data=st.data())
    def ask(self, request: Request, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(self.model.known)))
        self.do(f"ask {request} {path}", lambda tree: tree.ask(request, path))

    @precondition(lambda self: self.model.waiting())
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.model.waiting()))
        self.do(f"give up call {number}", lambda tree: tree.give_up(number))

    @precondition(lambda self: not self.model.root.over)
    @rule(seconds=st.sampled_from([1.0, 2.0, 4.0]))
    def pass_time(self, seconds: float) -> None:
        self.do(f"pass {seconds:g} s", lambda _: None, seconds)

    # Both end so much that they are rare.

    @precondition(lambda self: not self.model.root.joining)
    @rule(chance=st.integers(0, 3))
    def leave(self, chance: int) -> None:
        if chance == 3:
            self.do("leave", lambda tree: tree.leave())

    @precondition(lambda self: not self.model.root.closing)
    @rule(chance=st.integers(0, 7))
    def cancel(self, chance: int) -> None:
        if chance == 7:
            self.do("cancel", lambda tree: tree.cancel())

    def teardown(self) -> None:
        self.end()
        while self.steps[-1].expected.outcome is None:  # how it ends from there is not promised
            self.go_back_to(self.steps[:-2])
            self.end()
        assert self.steps[-1].expected.children == {}
        assert None not in self.steps[-1].expected.answers
        signal.setitimer(signal.ITIMER_REAL, 90, 1)  # each tree has the time that a test has
        problem = trio.run(replay, self.flags, self.steps, clock=MockClock(autojump_threshold=0))
        assert problem is None, problem

    def end(self) -> None:
        self.do("cancel", lambda tree: tree.cancel())
        self.do("wait for the end", lambda _: None, 100.0)


TestModel = Machine.TestCase
TestModel.settings = settings(stateful_step_count=25)


def test_an_impossible_transition_is_seen_where_it_passes_for_a_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that `TestModel`, which sees none, shows that there is none.

    In a component it is told as a crash, which might be what the model expects just then. Elsewhere
    it is the answer of a call or the end of the supervisor, and the model knows none like it.
    """
    machine = Machine()
    machine.do("plan", lambda tree: tree.plan("a", ["crash"]))
    machine.do("start", lambda tree: tree.start_soon("a", Spec(restart="temporary")))
    ready = cast("dict[tuple[th.State, Cause], th.State]", TRANSITIONS)
    monkeypatch.delitem(ready, (th.State.STARTING, Cause.READY))

    def ready_at_once(tree: Tree) -> None:
        tree.plan("a", ["ready"])

    machine.steps[0] = attrs.evolve(machine.steps[0], do=ready_at_once)
    with pytest.raises(AssertionError, match="ImpossibleTransition"):
        machine.teardown()
