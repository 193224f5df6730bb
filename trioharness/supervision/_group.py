"""A supervisor described by its children: rebuilt from its specs whenever it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast, final

import attrs
import trio

from .._errors import ConfigurationError, DuplicateNameError, UnknownNeedError
from .._util import callable_name
from ..rules import AutoShutdown, Backoff, Exhausted, Health, Limit, RestartPolicy, Strategy
from ._child import Child
from ._component import TaskStatus, shape_of
from ._engine import Engine
from ._entering import find
from ._open import check_supervisor, check_words, make_engine, run_engine
from ._options import Needed, Options, check_name, check_needs
from ._record import Record
from ._starting import add, start_one_by_one
from ._supervisor import Supervisor, engine_of


@final
@attrs.frozen(init=False, eq=False)
class Spec:
    """The description of one child of a `Group`: what `Supervisor.start` takes, kept for later."""

    fn: Callable[..., object]
    args: tuple[object, ...]
    name: str
    options: Options
    needs: Mapping[str, str | Needed]
    after: Sequence[str | Needed]

    def __init__(
        self,
        fn: Callable[..., object],
        *args: object,
        name: str | None = None,
        restart: RestartPolicy = "transient",
        needs: Mapping[str, str | Needed] | None = None,
        after: Sequence[str | Needed] = (),
        backoff: Backoff | None = None,
        grace: float = 5.0,
        background: bool | None = None,
        significant: bool = False,
        health: Health | None = None,
        start_within: float | None = None,
    ) -> None:
        """Describe a child.

        Args:
            fn: The component.
            args: Its arguments; channel ends among them are handed over when the group starts.
            name: Its name in the group; that of the function by default.
            restart: Its restart type, or policy.
            needs: Children whose live values it gets by keyword: siblings declared before it, by
                name; children of supervisors further up, by name (the nearest one) or by handle.
            after: Children that start before it, given in the same ways.
            backoff: The delay of its restarts.
            grace: Seconds for its clean-up.
            background: Whether it does not hold the group open.
            significant: Whether its end may end the group.
            health: When it counts as silent, and as healthy again; see `Supervisor.start`.
            start_within: Seconds its start may take; any number by default.

        Raises:
            ConfigurationError: The component or an option cannot be.
        """
        shape_of(fn)
        chosen = callable_name(fn).replace("/", ".") if name is None else name
        subject = f"component {chosen!r}"
        check_name(subject, chosen)
        check_needs(subject, {} if needs is None else needs, after)
        _check_references(subject, needs or {}, after)
        options = Options(
            restart, backoff, grace, background, significant, health, start_within
        ).check(subject)
        # attrs makes `__attrs_init__`, which pyright does not know.
        self.__attrs_init__(  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            fn, args, chosen, options, dict(needs or {}), tuple(after)
        )


@final
@attrs.frozen(init=False, eq=False)
class Group:
    """A supervisor with a fixed set of children, as a component of another supervisor.

    When it is started, its children are, in order, each when the one before is ready; its value
    is its `Supervisor`. When it is restarted, it begins afresh from its specs: no remembered
    restarts, none of the children that were added meanwhile. For children that come and go, open a
    supervisor instead.

    Example::

        pool = th.Group("pool", children=[th.Spec(connection), th.Spec(reader)],
                        strategy="rest_for_one")
        await supervisor.start(pool)
    """

    name: str
    children: tuple[Spec, ...]
    strategy: Strategy
    limit: Limit
    auto_shutdown: AutoShutdown
    exhausted: Exhausted
    stay: bool
    cancel_grace: float

    def __init__(
        self,
        name: str,
        children: Sequence[Spec] = (),
        *,
        strategy: Strategy = "one_for_one",
        max_restarts: int = 5,
        within: float = 60.0,
        auto_shutdown: AutoShutdown = "never",
        exhausted: Exhausted = "escalate",
        stay: bool = False,
        cancel_grace: float = 5.0,
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

        Raises:
            ConfigurationError: An option cannot be, or two children have one name.
        """
        check_words(name, strategy, auto_shutdown, exhausted)
        check_supervisor(name, stay, cancel_grace)
        _check_children(name, children)
        names = [spec.name for spec in children]
        for index, spec in enumerate(children):
            _check_child(name, spec, names[:index], names[index:], auto_shutdown)
        limit = Limit(max_restarts, within)
        self.__attrs_init__(  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            name, tuple(children), strategy, limit, auto_shutdown, exhausted, stay, cancel_grace
        )

    @property
    def __name__(self) -> str:
        """Its name, which is where a child without a name of its own gets one from."""
        return self.name

    async def __call__(self, *, task_status: TaskStatus[Supervisor]) -> None:
        """Run the group; what a supervisor calls.

        Args:
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
        async with run_engine(engine, stay=self.stay) as supervisor:
            makers = [partial(_make, engine, spec) for spec in self.children]
            await start_one_by_one(engine_of(supervisor), makers)
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


def _check_references(subject: str, needs: Mapping[str, object], after: Sequence[object]) -> None:
    """Refuse to need what is neither a child nor the name of one.

    Raises:
        UnknownNeedError: It is neither.
    """
    for key, other in (*needs.items(), *(("after", other) for other in after)):
        if not isinstance(other, str | Child):
            raise UnknownNeedError(
                subject,
                f"{key}={other!r} is no child",
                "give its name, or what start or start_soon returned",
            )


def _check_child(
    group: str,
    spec: Spec,
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


def _make(engine: Engine, spec: Spec) -> Record:
    subject = f"child {spec.name!r} of group {engine.path!r}"
    needs = {key: find(engine, subject, key, need) for key, need in spec.needs.items()}
    after = [find(engine, subject, "after", other) for other in spec.after]
    return add(engine, spec.fn, spec.args, spec.name, spec.options, needs, after)
