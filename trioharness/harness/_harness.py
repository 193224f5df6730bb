"""The root nursery of an application: described first, then run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar, cast, final

import trio
from typing_extensions import TypeForm

from .._errors import ConfigurationError, DuplicateNameError
from .._events import Observer
from .._util import callable_name
from ..channels import ReceiveChannel, SendChannel, open_channel
from ..rules import Backoff, Limit, RestartType
from ..supervision import Options, Supervisor, open_supervisor, shape_of, start_all
from ._declared import DeclaredChannel, DeclaredChild, DeclaredEnd, Reference
from ._receipt import ChannelReceipt, Receipt
from ._signals import TOLD_TO_END, Ending
from ._wiring import (
    OpenChannel,
    add_children,
    dead_letter_child,
    in_start_order,
    open_channels,
)

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
        observer: Observer | None = None,
    ) -> None:
        """Describe an application without anything in it.

        Args:
            name: Its name in paths and logs.
            grace: Seconds a drain may take before the rest is cancelled, and the stop after that.
            max_restarts: Restarts of its components that may fall within one period.
            within: That period, in seconds.
            dead_letters: The file that dead letters are appended to; by default they stay in
                their channels, where only a bounded number has room.
            observer: The one function that is told each event; by default the log.

        Raises:
            ConfigurationError: An option cannot be.
        """
        Options(name=name, grace=grace).check(Harness)
        Limit(max_restarts, within)
        self.name = name
        self.grace = grace
        self.max_restarts = max_restarts
        self.within = within
        self.dead_letters = None if dead_letters is None else Path(dead_letters)
        self._observer = observer
        self._channels: list[DeclaredChannel] = []
        self._children: list[DeclaredChild] = []

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

        Returns:
            Its send end and its receive end.

        Raises:
            ConfigurationError: An option cannot be, or the harness has a channel of that name.
        """
        name = self._channel_name(message_type, name)
        open_channel(message_type, max_buffer_size, name=name, max_deliveries=max_deliveries)
        declared = DeclaredChannel(name, message_type, max_buffer_size, max_deliveries)
        self._channels.append(declared)
        return (
            cast("SendChannel[T]", DeclaredEnd(declared, sends=True)),
            cast("ReceiveChannel[T]", DeclaredEnd(declared, sends=False)),
        )

    def _channel_name(self, message_type: object, name: str | None) -> str:
        taken = {channel.name for channel in self._channels}
        if name is None:
            base = getattr(message_type, "__name__", str(message_type))
            candidates = (base if n == 1 else f"{base}-{n}" for n in range(1, len(taken) + 2))
            return next(candidate for candidate in candidates if candidate not in taken)
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
        restart: RestartType = "transient",
        needs: Mapping[str, Reference] | None = None,
        after: Sequence[Reference] = (),
        copies: int = 1,
        backoff: Backoff | None = None,
        grace: float = 5.0,
        background: bool | None = None,
    ) -> DeclaredChild:
        """Describe a component.

        Args:
            fn: The component: an async function, or a function that gives an async context manager.
            args: Its arguments; ends of channels of this harness among them.
            name: Its name; that of the function by default.
            restart: ``"transient"`` (default: after a crash), ``"permanent"`` or ``"temporary"``.
            needs: Components whose live values it gets by keyword: it starts after them, stops
                before them, and restarts with them. What `add` returned, or a name.
            after: Components that start before it; nothing more follows from it.
            copies: How many of it run side by side; they are called ``name-1``, ``name-2``, …
            backoff: The delay of its restarts; none by default.
            grace: Seconds it has for its clean-up when it is stopped.
            background: Whether it does not keep the harness running and is stopped last; by
                default true for context managers only.

        Returns:
            What other components name in ``needs`` and ``after``.

        Raises:
            ConfigurationError: The component or an option cannot be; it was not added.
        """
        shape_of(fn)
        chosen = callable_name(fn).replace("/", ".") if name is None else name
        options = Options(
            name=chosen,
            restart=restart,
            backoff=backoff,
            grace=grace,
            background=background,
        )
        options.check(fn)
        if not _is_count(copies):
            raise ConfigurationError(
                f"component {chosen!r}", f"copies={copies!r} is no count", "give 1 or more"
            )
        child = DeclaredChild(chosen, fn, args, options, dict(needs or {}), tuple(after), copies)
        self._children.append(child)
        return child

    def run(self) -> Receipt:
        """Run the application until it is done, drained or stopped.

        SIGINT and SIGTERM: the first drains, the second stops, the third leaves. To be called
        outside of trio, in the main thread; `trioharness run module:attr` does it from a shell.

        Returns:
            How it ended, and what became of what was on its way.

        Raises:
            ConfigurationError: The description cannot be run; nothing was started.
            StartFailed: A component failed before it was ready; what had started was stopped.
            RestartLimitExceeded: It gave up; its members are the real errors of the attempts.
        """
        order = in_start_order(self._children)
        return trio.run(self._run, order)

    async def _run(self, order: Sequence[DeclaredChild]) -> Receipt:
        channels = open_channels(self._channels)
        if self.dead_letters is not None:
            writer = dead_letter_child(self.dead_letters, channels)
            order = order if writer is None else (writer, *order)
        began = trio.current_time()
        error: Exception | None = None
        run = _Run(self, order, channels)
        with trio.open_signal_receiver(*TOLD_TO_END) as signals:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(run.ending.watch, signals)
                try:
                    await run.supervise(self._observer)
                except Exception as raised:  # noqa: BLE001 - raised again below, out of the nursery
                    error = raised
                nursery.cancel_scope.cancel(reason="the harness has ended")
        if error is not None:
            raise error
        return run.receipt(trio.current_time() - began)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


class _Run:
    """One run of a harness."""

    def __init__(
        self,
        harness: Harness,
        order: Sequence[DeclaredChild],
        channels: dict[DeclaredChannel, OpenChannel],
    ) -> None:
        self.harness = harness
        self.order = order
        self.channels = channels
        self.ending = Ending(self.drain, self.stop)
        self.supervisor: Supervisor | None = None
        self.started = False
        self.told: str | None = None

    async def supervise(self, observer: Observer | None) -> None:
        harness = self.harness
        async with open_supervisor(
            harness.name,
            max_restarts=harness.max_restarts,
            within=harness.within,
            cancel_grace=harness.grace,
            observer=observer,
        ) as self.supervisor:
            children = add_children(self.supervisor, self.order, self.channels)
            if self.told is not None:
                return
            await start_all(self.supervisor, children)
            self.started = True

    def drain(self) -> None:
        if self.supervisor is None or not self.started:
            self.stop("told to end before everything had started")
        else:
            self.supervisor.drain(self.harness.grace)

    def stop(self, reason: str) -> None:
        self.told = reason
        if self.supervisor is not None:
            self.supervisor.cancel_scope.cancel(reason=reason)

    def receipt(self, seconds: float) -> Receipt:
        overran = () if self.supervisor is None else self.supervisor.overran
        drained = self.ending.first is not None
        return Receipt(
            harness=self.harness.name,
            ended="stopped" if self.told else "drained" if drained else "done",
            signal=self.ending.first,
            seconds=seconds,
            channels=tuple(_channel_receipt(c.receive) for c in self.channels.values()),
            overran=overran,
        )


def _channel_receipt(end: ReceiveChannel[object]) -> ChannelReceipt:
    figures = end.channel.statistics()
    left = figures.current_buffer_used + figures.in_hand
    return ChannelReceipt(
        name=end.channel.name,
        sent=figures.sent,
        delivered=figures.sent - figures.dead - left,
        dead=figures.dead,
        left=left,
    )
