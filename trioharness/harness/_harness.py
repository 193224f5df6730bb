"""The root nursery of an application: described first, then run."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar, cast, final

import trio
from typing_extensions import TypeForm

from .._errors import ConfigurationError, DuplicateNameError
from .._events import Observer
from .._util import callable_name
from ..channels import ReceiveChannel, SendChannel, open_channel
from ..rules import Backoff, Health, Limit, RestartPolicy
from ..supervision import Options, check_name, shape_of
from ._checks import (
    check_channel_name,
    check_copies,
    check_ends,
    check_harness,
    check_references,
)
from ._declared import DeclaredChannel, DeclaredChild, DeclaredEnd, Reference, without_partial
from ._isolation import Isolation, check_isolation, copy_for
from ._receipt import Receipt
from ._run import Plan, run
from ._wiring import DEAD_LETTERS, in_start_order

T = TypeVar("T")


@final
class Harness:
    """An application: its channels and components are described first, then run.

    Describing starts nothing, so a harness can stand at the top of a module, and be run as often
    as one likes. Inside trio code that you already have, use `open_supervisor` instead.
    """

    def __init__(
        self,
        name: str = "harness",
        *,
        grace: float = 30.0,
        max_restarts: int = 5,
        within: float = 60.0,
        dead_letters: str | os.PathLike[str] | None = None,
        isolation: Isolation = "shared",
        observer: Observer | None = None,
    ) -> None:
        """Describe an application without anything in it.

        Args:
            name: Its name in paths and logs.
            grace: Seconds a drain may take before the rest is cancelled, and the stop after that.
            max_restarts: Restarts of its components that may fall within one period.
            within: That period, in seconds.
            dead_letters: The file that dead letters are appended to, one JSON line each, made by
                each run if it is not there. By default they stay in their channels, and once 64 of
                one channel have not been read it stands still: have a component read
                `Channel.dead` then.
            isolation: ``"serialized"`` sends each message through a `Codec`, so that what is
                received is equal and shares nothing with what was sent: for a test that proves
                that no component relies on sharing, or changes what it was given. By default
                messages travel by reference.
            observer: The one function that is told each event; by default the log.

        Raises:
            ConfigurationError: An option cannot be.
        """
        check_harness(name, grace, dead_letters, observer)
        check_isolation(f"harness {name!r}", isolation)
        Limit(max_restarts, within)
        self.name = name
        self.grace = grace
        self.max_restarts = max_restarts
        self.within = within
        self.dead_letters: Path | None = None if dead_letters is None else Path(dead_letters)
        self._isolation: Isolation = isolation
        self._observer = observer
        self._channels: list[DeclaredChannel] = []
        self._children: list[DeclaredChild] = []
        self._names: set[str] = set() if dead_letters is None else {DEAD_LETTERS}

    def __repr__(self) -> str:
        components, channels = len(self._children), len(self._channels)
        return f"<Harness {self.name!r}: {components} components, {channels} channels>"

    def channel(
        self,
        message_type: TypeForm[T],
        max_buffer_size: float,
        *,
        name: str | None = None,
        max_deliveries: int | None = None,
        isolation: Isolation | None = None,
    ) -> tuple[SendChannel[T], ReceiveChannel[T]]:
        """Describe a channel.

        What is returned are the ends as arguments for `add`; each run opens the channel anew, and
        the components get the ends of that one.

        Args:
            message_type: What it carries; a union is fine.
            max_buffer_size: Messages that may be queued, 0 to `math.inf`.
            name: Its name in receipts and errors; made from the type by default.
            max_deliveries: How often a message is delivered at most when its receiver crashes,
                before it is a dead letter; by default a message is delivered once.
            isolation: ``"serialized"`` or ``"shared"``, as for the harness, whose own it has by
                default.

        Returns:
            Its send end and its receive end.

        Raises:
            ConfigurationError: An option cannot be, the harness has a channel of that name, or its
                messages are to be serialized and no codec can write them.
        """
        # Opened to be checked: by the next line nobody has its ends, and it is gone.
        send, _ = open_channel(message_type, max_buffer_size, max_deliveries=max_deliveries)
        name = self._channel_name(send.channel.name, name)
        isolation = self._isolation if isolation is None else isolation
        check_isolation(f"channel {name!r}", isolation)
        copy = copy_for(f"channel {name!r}", message_type, isolation)
        declared = DeclaredChannel(name, message_type, max_buffer_size, max_deliveries, copy)
        self._channels.append(declared)
        return (
            cast("SendChannel[T]", DeclaredEnd(declared, sends=True)),
            cast("ReceiveChannel[T]", DeclaredEnd(declared, sends=False)),
        )

    def _channel_name(self, made_up: str, name: str | None) -> str:
        taken = {channel.name for channel in self._channels}
        if name is None:
            more = (f"{made_up}-{number}" for number in itertools.count(2))
            return next(free for free in itertools.chain([made_up], more) if free not in taken)
        check_channel_name(name)
        if name in taken:
            raise DuplicateNameError(
                f"channel {name!r}", "the harness has two of that name", "give one another name="
            )
        return name

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
        health: Health | None = None,
        start_within: float | None = None,
    ) -> DeclaredChild:
        """Describe a component.

        Args:
            fn: The component: an async function, a function that gives an async context manager, or
                a `Component` class.
            args: Its arguments; ends of channels of this harness among them. Those that it takes by
                keyword stand in a `functools.partial`.
            name: Its name, that of no other component; that of the function by default.
            restart: ``"transient"`` (default: after a crash), ``"permanent"`` or ``"temporary"``;
                or one of these by type of exception, as a mapping or a function.
            needs: Components whose live values it gets by keyword: it starts after them, stops
                before them, and restarts with them. What `add` returned, or a name.
            after: Components that start before it; nothing more follows from it.
            copies: How many of it run side by side; they are called ``name-1``, ``name-2``, …
            backoff: The delay of its restarts; none by default.
            grace: Seconds it has for its clean-up when it is stopped.
            background: Whether it does not keep the harness running and is stopped last; by
                default true for context managers, and for a `Component` without a `run`, only. Say
                False for one that is the work itself, such as a server: a harness with background
                components alone is done at once.
            health: When it counts as silent (see `beat`), and as healthy again after a crash.
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
            restart, backoff, grace, background, health=health, start_within=start_within
        ).check(subject)
        check_copies(subject, copies)
        check_references(subject, needs, after)
        check_ends(fn, args, self._channels)
        child = DeclaredChild(chosen, fn, args, options, dict(needs or {}), tuple(after), copies)
        self._take_names(child)
        self._children.append(child)
        return child

    def _take_names(self, child: DeclaredChild) -> None:
        for name in {child.name, *child.names}:
            if name in self._names:
                raise DuplicateNameError(
                    f"component {name!r}",
                    "the harness has two of that name",
                    "give one another name=",
                )
        self._names.update({child.name, *child.names})

    def run(self) -> Receipt:
        """Run the application until it is done, drained or stopped.

        It is done when all components have ended but the background ones; one that has no other
        is done as soon as it has started. SIGINT and SIGTERM: the first drains, the second stops,
        the third leaves; before everything has started, the first stops. A component that raises
        `KeyboardInterrupt` or `SystemExit` ends the run at once. To be called outside of trio, in
        the main thread; ``trioharness run module:attr`` does it from a shell.

        Returns:
            How it ended, and what became of what was on its way.

        Raises:
            ConfigurationError: The description cannot be run, or not here; nothing was started.
            StartFailed: A component failed before it was ready; what had started was stopped.
            RestartLimitExceeded: It gave up; its members are the real errors of the attempts.
        """
        self._refuse_where_it_cannot_run()
        plan = Plan(
            name=self.name,
            grace=self.grace,
            limit=Limit(self.max_restarts, self.within),
            dead_letters=self.dead_letters,
            observer=self._observer,
            channels=tuple(self._channels),
            children=in_start_order(self._children),
        )
        try:
            return trio.run(run, plan)
        except BaseExceptionGroup as group:
            ending = _ending_in(group)
            if ending is None:
                raise
            raise ending from ending.__cause__ or group

    def _refuse_where_it_cannot_run(self) -> None:
        subject = f"harness {self.name!r}"
        if trio.lowlevel.in_trio_run():
            raise ConfigurationError(
                subject,
                "run() was called inside of trio, which it starts itself",
                "call it outside of trio.run, or use open_supervisor here",
            )
        if threading.current_thread() is not threading.main_thread():
            raise ConfigurationError(
                subject,
                f"run() was called in thread {threading.current_thread().name!r}",
                "call it in the main thread, which alone can be sent signals",
            )


def _ending_in(group: BaseExceptionGroup[BaseException]) -> BaseException | None:
    """Return what a component ended the process with, if that is what happened."""
    found: BaseException | None = group.subgroup((KeyboardInterrupt, SystemExit))
    while isinstance(found, BaseExceptionGroup):
        found = cast("BaseExceptionGroup[BaseException]", found).exceptions[0]
    return found
