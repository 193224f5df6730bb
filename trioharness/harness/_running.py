"""A running application: its channels are open, its components are supervised."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast, final

import attrs
import trio

from .._errors import ConfigurationError, RestartLimitExceeded
from .._events import ChildStuck, Event, Observer
from .._util import NoPublicConstructor
from ..channels import Channel, RequestClient, SendChannel
from ..observe import StateBook, log_observer, safely
from ..rules import SupervisorHealth
from ..supervision import Child, Supervisor, is_seconds, open_supervisor, start_all
from ._channels import DeclaredChannels, OpenChannel
from ._control import Control
from ._declared import DeclaredChannel, DeclaredEnd
from ._described import Describes, Words
from ._dump import dump_of
from ._errands import Errands
from ._lag import INTERVAL, watching
from ._left_behind import inventory, left_behind
from ._order import Level, Levels
from ._outside import Outside, outside
from ._overtime import Overtime
from ._portal import Portal
from ._receipt import ChannelReceipt, Ended, Receipt
from ._snapshot import LoopFigures, Phase, Snapshot, channel_figures
from ._wiring import add_children, with_dead_letters

E = TypeVar("E", bound=SendChannel[Any])

MARGIN = 1.0
"""Seconds that an end may take beyond its grace, before the process is left."""


@attrs.frozen(kw_only=True)
class Plan:
    """What is to be run: a harness, checked and sorted."""

    name: str
    grace: float
    words: Words
    dead_letters: Path | None
    observer: Observer | None
    control: Path | None
    channels: DeclaredChannels
    root: Describes
    levels: Levels


@final
@attrs.define(eq=False, repr=False)
class Running(metaclass=NoPublicConstructor):
    """An application that runs, from `Harness.open`."""

    _plan: Plan
    _overtime: Overtime | None = None
    """Leaves the process if it does not end, where that is its own."""
    _began: float = attrs.field(init=False, factory=trio.current_time)
    _channels: Mapping[DeclaredChannel, OpenChannel] = attrs.field(init=False)
    _level: Level = attrs.field(init=False)
    _observer: Observer = attrs.field(init=False)
    _supervisor: Supervisor | None = attrs.field(default=None, init=False)
    _book: StateBook = attrs.field(init=False, factory=StateBook)
    _control: Control | None = attrs.field(init=False)
    _started: bool = attrs.field(default=False, init=False)
    _ended: Ended = attrs.field(default="done", init=False)
    _over: float | None = attrs.field(default=None, init=False)
    """When everything had ended."""
    _left: tuple[str, ...] = attrs.field(default=(), init=False)
    _outside: Outside = attrs.field(init=False)
    _portal: Portal = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        plan = self._plan
        subject = f"harness {plan.name!r}"
        self._control = None if plan.control is None else Control(subject, plan.control, self)
        self._observer = self._observe
        self._channels = plan.channels.opened(safely(self._observer))
        self._level = with_dead_letters(plan.dead_letters, plan.levels[plan.root], self._channels)
        self._outside = outside(plan.channels.exposed, self._channels)
        self._portal = Portal._create(self, Errands(plan.name), self._outside)

    def __repr__(self) -> str:
        return f"<running {self._plan.name!r}>"

    @property
    def supervisor(self) -> Supervisor:
        """Its root supervisor: children by name, tree, health."""
        assert self._supervisor is not None
        return self._supervisor

    def health(self) -> SupervisorHealth:
        """Say how the application is just now: as bad as its worst component, and why.

        Its ``started``, ``ready`` and ``live`` are what probes of the process ask for. It has
        started once all that was described has, whatever becomes of that later.

        Returns:
            The health, naming each component that is not well; text by `str`.
        """
        return self._as_a_whole(self.supervisor.health())

    @property
    def portal(self) -> Portal:
        """The way in for other threads."""
        return self._portal

    def end(self, declared: E) -> E:
        """Return the end of this run for a declared one, to be used outside of its components.

        It is open until the block of `Harness.open` ends that gave this. Threads need not ask for
        it: a portal takes declared ends as they are.

        Args:
            declared: A send end or a client, as `Harness.channel`, `Harness.topic` or
                `Harness.requests` returned it, and that was exposed (see `Harness.expose`).

        Returns:
            The end, the same one each time.

        Raises:
            EndNotOpen: It was not exposed.
        """
        given: Any = declared
        if not isinstance(given, DeclaredEnd):
            return declared  # it is open already
        return cast("E", self._outside.end(given))

    def drain(self, grace: float | None = None) -> bool:
        """Begin to end it without losing what is queued; once it ends, this does nothing.

        Before everything has started it stops instead: there is nobody yet who could finish.

        Args:
            grace: Seconds until the rest is cancelled; by default those of the harness.

        Returns:
            Whether it drains; False if it stops, now or since earlier.

        Raises:
            ConfigurationError: `grace` is no duration.
        """
        if self._ended == "done" and self._started:
            self.supervisor.drain(self._plan.grace if grace is None else grace)
            self._ended = "drained"
        elif self._ended == "done":
            self.stop("told to end before everything had started")
        return self._ended == "drained"

    def stop(self, reason: str = "it was told to stop") -> None:
        """Begin to stop everything in reverse start order, whatever is queued.

        Args:
            reason: Why, for the log and for what is cancelled.
        """
        if self._ended in ("done", "drained"):
            self._ended = "stopped"
        if self._supervisor is not None:
            self._supervisor.cancel_scope.cancel(reason=reason)

    def receipt(self, signal: int | None = None) -> Receipt:
        """Return what became of the messages so far; to be asked for at the end, or after that.

        Args:
            signal: The signal that ended it, if one did.
        """
        supervisor = self._supervisor
        overran = () if supervisor is None else supervisor.overran
        return Receipt(
            harness=self._plan.name,
            ended=self._ended,
            signal=signal,
            seconds=(trio.current_time() if self._over is None else self._over) - self._began,
            channels=tuple(_receipts(self._channels.values())),
            overran=tuple(dict.fromkeys(overran)),  # one may outlive the drain and its own grace
            unclean=() if supervisor is None else supervisor.unclean,
            left_behind=self._left,
        )

    def snapshot(self) -> Snapshot:
        """Return how it is just now, as one value that a `Codec` can write.

        Reading costs nothing before and after. The times in it that are waited for are known from
        earlier readings, see `ChannelStatistics`.
        """
        return self._snapshot(None)

    @contextlib.asynccontextmanager
    async def watched(  # noqa: ASYNC911 - leaving ends a thread
        self, *, every: float = INTERVAL
    ) -> AsyncGenerator[Callable[[], Snapshot]]:
        """Watch the event loop during the block: how late it comes to things, and what blocks it.

        That takes a task and a thread which look twenty times a second; messages cost what they
        cost otherwise.

        Args:
            every: Seconds between two looks; a percentile is of the last 1,200 of them.

        Yields:
            A function that returns a `snapshot` with `Snapshot.loop` in it.

        Raises:
            ConfigurationError: `every` is no number above 0, or infinite.

        Cancellation:
            Leaving waits until the thread has ended, some hundredths of a second.
        """
        if not is_seconds(every) or not 0 < every < math.inf:
            raise ConfigurationError(
                f"harness {self._plan.name!r}",
                f"watched(every={every!r})",
                "give the seconds between two looks",
            )
        async with watching(every) as lag:
            yield lambda: self._snapshot(lag.figures())

    def _snapshot(self, loop: LoopFigures | None) -> Snapshot:
        now = trio.current_time()
        health, tree = self.supervisor.health_and_tree()
        return Snapshot(
            harness=self._plan.name,
            pid=os.getpid(),
            time=now,
            seconds=now - self._began,
            phase=self._phase,
            health=self._as_a_whole(health),
            tree=tree,
            times=self._book.times(now),
            channels=tuple(channel_figures(self._channels.items())),
            loop=loop,
        )

    def dump(self) -> str:
        """Return the tree of all tasks, each with its stack and with what it waits for."""
        return dump_of(self._plan.name, self._all_channels())

    def child(self, path: str) -> Child[Any]:
        """Return a component, at any depth.

        Args:
            path: Its path, as in the tree and in the log, with or without the name of the harness.

        Raises:
            ChildNotFound: There is none of that path.
        """
        return self.supervisor.find(path)

    def _all_channels(self) -> list[Channel[Any]]:
        ends = (opened.receive or opened.send for opened in self._channels.values())
        return [end.channel for end in ends if end is not None]

    def _as_a_whole(self, health: SupervisorHealth) -> SupervisorHealth:
        started = self._started
        return attrs.evolve(health, started=started, ready=started and health.ready)

    @property
    def _phase(self) -> Phase:
        if self._ended != "done":
            return "draining" if self._ended == "drained" else "stopping"
        return "running" if self._started else "starting"

    @contextlib.asynccontextmanager
    async def _block(self) -> AsyncGenerator[None]:
        """Open the block that everything runs in."""
        plan = self._plan
        async with (
            contextlib.nullcontext() if self._control is None else self._control.serving(),
            open_supervisor(
                plan.name,
                strategy=plan.words.strategy,
                max_restarts=plan.words.limit.max_restarts,
                within=plan.words.limit.within,
                cancel_grace=plan.grace,
                observer=self._observer,
            ) as self._supervisor,
        ):
            yield

    @contextlib.asynccontextmanager
    async def _lasting(self) -> AsyncGenerator[None]:
        """Let threads in for the time of the block; the body of the supervisor is inside of it."""
        async with self._portal._errands.until_the_end():
            try:
                with self._noting_the_end():
                    yield
            finally:
                self._outside.close()
                self._portal._receipt = self.receipt()

    @contextlib.contextmanager
    def _noting_the_end(self) -> Generator[None]:
        """Take note of when the block ended, and how, if nobody told it to end."""
        cancelled = True
        try:
            yield
            # Cancelled by its own scope, it ends without an error.
            scope = None if self._supervisor is None else self._supervisor.cancel_scope
            cancelled = self._ended == "done" and scope is not None and scope.cancel_called
        except RestartLimitExceeded:
            self._ended = "gave up"
            raise
        except Exception:
            self._ended = "failed"
            raise
        finally:
            self._over = trio.current_time()
            if cancelled and self._ended in ("done", "drained"):
                self._ended = "stopped"

    @contextlib.contextmanager
    def _noting_what_is_left(self) -> Generator[None]:
        """Take note of what is there at the end of the block, and was not at its beginning."""
        with inventory() as before:
            try:
                yield
            finally:
                self._left = left_behind(before, self._all_channels())

    def _observe(self, event: Event) -> None:
        if isinstance(event, ChildStuck) and self._overtime is not None:
            self._overtime.stuck[event.path] = event
            if self.supervisor.is_ending:
                self._overtime.allow(2 * self._plan.grace + MARGIN)
        self._book(event)
        if self._control is not None:
            self._control.told.observe(event)
        (self._plan.observer or log_observer)(event)

    async def _start(self) -> None:
        """Start everything, unless it was told to end before that."""
        plan = self._plan
        children = add_children(self.supervisor, self._level, plan.levels, self._channels)
        to_start = children if self._ended == "done" else ()
        await start_all(self.supervisor, to_start, start=plan.words.start)
        self._started = self._ended == "done"


def _receipts(channels: Iterable[OpenChannel]) -> Iterator[ChannelReceipt]:
    for opened in channels:
        if opened.receive is None:
            continue  # a topic holds nothing; its subscriptions say what became of its messages
        channel, client = opened.receive.channel, opened.send
        figures = channel.statistics()
        yield ChannelReceipt(
            name=channel.name,
            sent=figures.sent,
            delivered=figures.received - figures.in_hand,
            dropped=figures.dropped,
            dead=figures.dead,
            left=figures.left + figures.in_hand,
            calls=client.call_statistics() if isinstance(client, RequestClient) else None,
        )
