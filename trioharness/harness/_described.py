"""A supervisor of a harness, described by what is added to it before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, final

import attrs

from .._errors import ConfigurationError, DuplicateNameError
from .._util import callable_name
from ..rules import (
    AutoShutdown,
    Backoff,
    Exhausted,
    Health,
    Limit,
    RestartPolicy,
    Strategy,
)
from ..supervision import Options, Start, check_name, check_words, shape_of
from ._channels import DeclaredChannels
from ._checks import check_copies, check_ends, check_references
from ._declared import DeclaredChild, DeclaredMember, Reference, without_partial


@attrs.frozen
class Words:
    """What a supervisor is told about all its children."""

    strategy: Strategy = "one_for_one"
    limit: Limit = attrs.field(factory=Limit)
    auto_shutdown: AutoShutdown = "never"
    exhausted: Exhausted = "escalate"

    @property
    def start(self) -> Start:
        """How its children are started: at once, where none of them restarts for another."""
        alone = self.strategy == "one_for_one" and self.auto_shutdown == "never"
        return "parallel" if alone else "in_order"


class Describes:
    """What `Harness` and `DeclaredSupervisor` have in common: components are added to them."""

    __slots__ = ()

    if TYPE_CHECKING:
        members: list[DeclaredMember]
        """What was added, in that order."""
        _channels: DeclaredChannels
        _names: set[str]

        @property
        def words(self) -> Words:
            """What the supervisor is told about all its children."""
            ...

    def add(
        self,
        fn: Callable[..., object],
        *args: object,
        name: str | None = None,
        restart: RestartPolicy = "transient",
        needs: Mapping[str, Reference] | None = None,
        after: Sequence[Reference] = (),
        copies: int = 1,
        backoff: Backoff | None = None,
        grace: float = 5.0,
        background: bool | None = None,
        significant: bool = False,
        health: Health | None = None,
        start_within: float | None = None,
    ) -> DeclaredChild:
        """Describe a component.

        Args:
            fn: The component: an async function, a function that gives an async context manager, or
                a `Component` class.
            args: Its arguments; ends of channels of this harness among them. Those that it takes by
                keyword stand in a `functools.partial`.
            name: Its name, that of no other component here; that of the function by default.
            restart: ``"transient"`` (default: after a crash), ``"permanent"`` or ``"temporary"``;
                or one of these by type of exception, as a mapping or a function.
            needs: Components whose live values it gets by keyword: it starts after them, stops
                before them, and restarts with them. What `add` or `supervisor` returned, or a name;
                of this supervisor, or of one that it is inside of.
            after: Components that start before it; nothing more follows from it.
            copies: How many of it run side by side; they are called ``name-1``, ``name-2``, …
            backoff: The delay of its restarts; none by default.
            grace: Seconds it has for its clean-up when it is stopped.
            background: Whether it does not keep the harness running and is stopped last; by
                default true for context managers, and for a `Component` without a `run`, only. Say
                False for one that is the work itself, such as a server: a harness with background
                components alone is done at once.
            significant: Whether its end may end its supervisor; see `supervisor`.
            health: Beats and health checks that are asked of it, and when it is healthy again
                after a crash.
            start_within: Seconds its start may take, at each attempt, before it has failed; any
                number by default.

        Returns:
            What other components name in ``needs`` and ``after``.

        Raises:
            ConfigurationError: The component or an option cannot be; it was not added.
        """
        shape_of(without_partial(fn))
        chosen = callable_name(fn).replace("/", ".") if name is None else name
        subject = f"component {chosen!r}"
        check_name(subject, chosen)
        options = Options(
            restart, backoff, grace, background, significant, health, start_within
        ).check(subject)
        check_copies(subject, copies)
        check_references(subject, needs, after)
        check_ends(fn, args, self._channels)
        check_significant(subject, significant, self.words.auto_shutdown)
        child = DeclaredChild(
            name=chosen,
            fn=fn,
            args=args,
            options=options,
            needs=dict(needs or {}),
            after=tuple(after),
            copies=copies,
        )
        self._take(child)
        return child

    def supervisor(
        self,
        name: str,
        *,
        strategy: Strategy = "one_for_one",
        max_restarts: int = 5,
        within: float = 60.0,
        auto_shutdown: AutoShutdown = "never",
        exhausted: Exhausted = "escalate",
        restart: RestartPolicy = "transient",
        after: Sequence[Reference] = (),
        backoff: Backoff | None = None,
        grace: float = 5.0,
        background: bool | None = None,
        significant: bool = False,
    ) -> DeclaredSupervisor:
        """Describe a supervisor inside of this one, with components of its own.

        When it has given up, this one restarts it with all that is inside of it. Its components
        start at once, each as soon as what it needs is ready; one after the other where they
        restart for each other. Example::

            with app.supervisor("workers", max_restarts=10) as workers:
                workers.add(worker, orders, needs={"pool": database}, copies=4)

        Args:
            name: Its name, that of no other component here.
            strategy: Whom a restart takes along, as for `open_supervisor`, like the next four.
            max_restarts: Restarts of its components that may fall within one period.
            within: That period, in seconds.
            auto_shutdown: Whether the end of a significant component, or of the last, ends it.
            exhausted: What follows when its restarts are spent.
            restart: When it is itself restarted, as for `add`, like all else.
            after: Components that start before it.
            backoff: The delay of its restarts.
            grace: Seconds it has to stop all that is inside of it.
            background: Whether it does not keep this one running.
            significant: Whether its end may end this one.

        Returns:
            The supervisor, to add components to.

        Raises:
            ConfigurationError: An option cannot be; it was not added.
        """
        subject = f"supervisor {name!r}"
        check_name(subject, name)
        check_words(name, strategy, auto_shutdown, exhausted)
        words = Words(strategy, Limit(max_restarts, within), auto_shutdown, exhausted)
        options = Options(restart, backoff, grace, background, significant).check(subject)
        check_references(subject, None, after)
        check_significant(subject, significant, self.words.auto_shutdown)
        inner = DeclaredSupervisor(
            name=name, words=words, channels=self._channels, options=options, after=tuple(after)
        )
        self._take(inner)
        return inner

    def _take(self, member: DeclaredMember) -> None:
        for name in {member.name, *member.names}:
            if name in self._names:
                raise DuplicateNameError(
                    f"component {name!r}",
                    f"{self!r} has two of that name",
                    "give one another name=",
                )
        self._names.update({member.name, *member.names})
        self.members.append(member)


@final
@attrs.frozen(eq=False, repr=False, kw_only=True)
class DeclaredSupervisor(DeclaredMember, Describes):
    """A supervisor inside of a harness, from `Harness.supervisor`; it is itself a component there.

    Use it in ``with``, so that the layout of the source shows what is inside of what.
    """

    words: Words  # pyright: ignore[reportIncompatibleMethodOverride]
    _channels: DeclaredChannels = attrs.field(alias="channels")
    members: list[DeclaredMember] = attrs.field(factory=list[DeclaredMember], init=False)
    _names: set[str] = attrs.field(factory=set[str], init=False)

    def __repr__(self) -> str:
        return f"<declared supervisor {self.name!r}: {len(self.members)} components>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


def check_significant(subject: str, significant: bool, auto_shutdown: AutoShutdown) -> None:
    """Refuse a significant component where that means nothing.

    Raises:
        ConfigurationError: It is one.
    """
    if significant and auto_shutdown == "never":
        raise ConfigurationError(
            subject,
            "it is significant, but its supervisor never shuts down for one",
            "say auto_shutdown='any_significant' or 'all_significant' there",
        )
