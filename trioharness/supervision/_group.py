"""A supervisor described by its children: rebuilt from its specs whenever it starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import cast, final

import attrs
import trio

from .._errors import ConfigurationError, DuplicateNameError
from ..rules import AutoShutdown, Exhausted, Limit, Strategy
from ._component import TaskStatus
from ._ends_inside import ends_among, given, is_over, let_go_of
from ._engine import Engine
from ._entering import find
from ._handover import End
from ._open import Start, check_supervisor, check_words, make_engine, run_engine
from ._record import Record
from ._spec import Spec
from ._starting import add_linked, start_many, start_one_by_one
from ._supervisor import Supervisor, engine_of


@final
@attrs.frozen(init=False, eq=False)
class Group:
    """A supervisor with a fixed set of children, as a component of another supervisor.

    When it is started, its children are, in order; its value is its `Supervisor`. When it is
    restarted, it begins afresh from its specs: no remembered restarts, none of the children that
    were added meanwhile, and none that are complete, because their channel ends have been closed.
    Ends in its specs outlive its restarts. For children that come and go, open a supervisor
    instead.

    Example::

        pool = th.Group("pool", children=[th.Spec(connection), th.Spec(reader)],
                        strategy="rest_for_one")
        await supervisor.start(pool)
    """

    name: str
    children: tuple[Spec[object], ...]
    strategy: Strategy
    limit: Limit
    auto_shutdown: AutoShutdown
    exhausted: Exhausted
    stay: bool
    cancel_grace: float
    start: Start

    def __init__(
        self,
        name: str,
        children: Sequence[Spec[object]] = (),
        *,
        strategy: Strategy = "one_for_one",
        max_restarts: int = 5,
        within: float = 60.0,
        auto_shutdown: AutoShutdown = "never",
        exhausted: Exhausted = "escalate",
        stay: bool = False,
        cancel_grace: float = 5.0,
        start: Start = "in_order",
    ) -> None:
        """Describe a group.

        Args:
            name: Its name; where it is started it may get another, by ``name=``.
            children: Its children, in start order.
            strategy: Whom a restart takes along.
            max_restarts: Restarts of its children that may fall within one period.
            within: That period, in seconds.
            auto_shutdown: Whether the end of a significant child, or of the last one, ends it.
            exhausted: What the supervisor above sees when it gives up.
            stay: Whether it stays open when its children have ended.
            cancel_grace: Seconds for an ordered stop when it is cancelled from outside.
            start: ``"in_order"``: each child when the one before is ready. ``"parallel"``: each as
                soon as what it needs, or comes after, is.

        Raises:
            ConfigurationError: An option cannot be, or two children have one name.
        """
        check_words(name, strategy, auto_shutdown, exhausted, start)
        check_supervisor(name, stay, cancel_grace)
        _check_children(name, children)
        names = [spec.name for spec in children]
        for index, spec in enumerate(children):
            _check_child(name, spec, names[:index], names[index:], auto_shutdown)
        limit = Limit(max_restarts, within)
        self.__attrs_init__(  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            name,
            tuple(children),
            strategy,
            limit,
            auto_shutdown,
            exhausted,
            stay,
            cancel_grace,
            start,
        )

    @property
    def __name__(self) -> str:
        """Its name, which is where a child without a name of its own gets one from."""
        return self.name

    def ends_inside(self) -> tuple[End, ...]:
        """Return the channel ends among the arguments of its children, each once.

        They are handed over to the group where it is started, and by it to its children.
        """
        return ends_among((spec.fn, spec.args) for spec in self.children)

    async def __call__(self, *ends: End, task_status: TaskStatus[Supervisor]) -> None:
        """Run the group; what a supervisor calls.

        Args:
            ends: What stands for its `ends_inside` in this life of it; by default they themselves.
            task_status: Told the supervisor of the group when all its children are ready.

        Raises:
            StartFailed: A child failed before it was ready; those that had started were stopped.
            RestartLimitExceeded: It gave up.
            Shutdown: It gave up with ``exhausted="shutdown"``, or a significant child ended.
        """
        engine = make_engine(
            None, self.strategy, self.auto_shutdown, self.limit, self.cancel_grace, None
        )
        engine.exhausted = self.exhausted
        if engine.parent is not None:
            engine.handover.on_release = let_go_of(engine.parent, engine)
        async with run_engine(engine, stay=self.stay) as supervisor:
            inside = self.ends_inside()
            if len(ends) not in (0, len(inside)):
                raise TypeError(f"group {self.name!r} takes no arguments; give them to its specs")
            clones = dict(zip(map(id, inside), ends or inside, strict=True))
            makers = [
                partial(_make, engine, spec, fn, args)
                for spec in self.children
                for fn, args in [given(spec.fn, spec.args, clones)]
                if isinstance(fn, Group) or not is_over(fn, args)
            ]
            if self.start == "in_order":
                await start_one_by_one(engine_of(supervisor), makers)
            else:
                await start_many(engine, [make() for make in makers])
            task_status.started(supervisor)
            await trio.lowlevel.checkpoint()


def _check_children(group: str, children: object) -> None:
    """Refuse what is no list of specs.

    Raises:
        ConfigurationError: It is none.
    """
    if not isinstance(children, Sequence) or isinstance(children, str | bytes):
        raise ConfigurationError(
            f"group {group!r}",
            f"children={children!r} is no list of specs",
            "give children=[Spec(component, *args)]",
        )
    for spec in cast("Sequence[object]", children):
        if not isinstance(spec, Spec):
            raise ConfigurationError(
                f"group {group!r}", f"child {spec!r} is no Spec", "give Spec(component, *args)"
            )


def _check_child(
    group: str,
    spec: Spec[object],
    before: Sequence[str],
    from_here_on: Sequence[str],
    auto_shutdown: AutoShutdown,
) -> None:
    subject = f"group {group!r}"
    if spec.name in before:
        raise DuplicateNameError(subject, f"it has two children {spec.name!r}", "give one a name=")
    for other in (*spec.needs.values(), *spec.after):
        if other in from_here_on:
            raise ConfigurationError(
                subject,
                f"child {spec.name!r} needs {other!r}, which is not declared before it",
                "declare what is needed first",
            )
    if spec.options.significant and auto_shutdown == "never":
        raise ConfigurationError(
            subject,
            f"child {spec.name!r} is significant, but the group never shuts down for one",
            "say auto_shutdown='any_significant' or 'all_significant'",
        )


def _make(
    engine: Engine, spec: Spec[object], fn: Callable[..., object], args: tuple[object, ...]
) -> Record:
    subject = f"child {spec.name!r} of group {engine.path!r}"
    needs = {key: find(engine, subject, key, need) for key, need in spec.needs.items()}
    after = [find(engine, subject, "after", other) for other in spec.after]
    return add_linked(engine, fn, args, spec.name, spec.options, needs, after)
