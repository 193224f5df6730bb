"""One run of a harness: open the channels, start the components, end when told or done."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast, final

import attrs
import trio

from .._events import ChildStuck, Event, Observer
from .._util import NoPublicConstructor
from ..channels import RequestClient, SendChannel
from ..observe import Selective, log_observer, log_wants_all, safely
from ..supervision import Supervisor, open_supervisor, start_all
from ._channels import DeclaredChannels, OpenChannel
from ._declared import DeclaredChannel, DeclaredEnd
from ._described import Describes, Words
from ._errands import Errands
from ._order import Level, Levels
from ._outside import Outside, outside
from ._overtime import Overtime
from ._portal import Portal
from ._receipt import ChannelReceipt, Ended, Receipt
from ._signals import Ending
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
    _observer: Selective = attrs.field(init=False)
    _supervisor: Supervisor | None = attrs.field(default=None, init=False)
    _started: bool = attrs.field(default=False, init=False)
    _ended: Ended = attrs.field(default="done", init=False)
    _outside: Outside = attrs.field(init=False)
    _portal: Portal = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        plan = self._plan
        wants_all = log_wants_all if plan.observer is None else _always
        self._observer = Selective(self._observe, wants_all)
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

    def drain(self, grace: float | None = None) -> None:
        """Begin to end it without losing what is queued; a second call does nothing.

        Args:
            grace: Seconds until the rest is cancelled; by default those of the harness.
        """
        self._ended = "drained"
        self.supervisor.drain(self._plan.grace if grace is None else grace)

    def stop(self, reason: str = "it was told to stop") -> None:
        """Begin to stop everything in reverse start order, whatever is queued.

        Args:
            reason: Why, for the log and for what is cancelled.
        """
        self._ended = "stopped"
        if self._supervisor is not None:
            self._supervisor.cancel_scope.cancel(reason=reason)

    def receipt(self, signal: int | None = None) -> Receipt:
        """Return what became of the messages so far; to be asked for at the end.

        Args:
            signal: The signal that ended it, if one did.
        """
        supervisor = self._supervisor
        overran = () if supervisor is None else supervisor.overran
        return Receipt(
            harness=self._plan.name,
            ended=self._ended,
            signal=signal,
            seconds=trio.current_time() - self._began,
            channels=tuple(_receipts(self._channels.values())),
            overran=tuple(dict.fromkeys(overran)),  # one may outlive the drain and its own grace
            unclean=() if supervisor is None else supervisor.unclean,
        )

    @asynccontextmanager
    async def _lasting(self) -> AsyncGenerator[None]:
        """Let threads in for the time of the block; the body of the supervisor is inside of it."""
        async with self._portal._errands.until_the_end():
            try:
                yield
            finally:
                self._outside.close()
                self._portal._receipt = self.receipt()

    def _block(self) -> AbstractAsyncContextManager[Supervisor]:
        """Return the block that everything runs in."""
        plan = self._plan
        return open_supervisor(
            plan.name,
            strategy=plan.words.strategy,
            max_restarts=plan.words.limit.max_restarts,
            within=plan.words.limit.within,
            cancel_grace=plan.grace,
            observer=self._observer,
        )

    def _observe(self, event: Event) -> None:
        if isinstance(event, ChildStuck) and self._overtime is not None:
            self._overtime.stuck[event.path] = event
            if self.supervisor.is_ending:
                self._overtime.allow(2 * self._plan.grace + MARGIN)
        (self._plan.observer or log_observer)(event)

    async def _start(self) -> None:
        """Start everything; told to end while the supervisor opened, start nothing."""
        plan = self._plan
        children = add_children(self.supervisor, self._level, plan.levels, self._channels)
        to_start = children if self._ended == "done" else ()
        await start_all(self.supervisor, to_start, start=plan.words.start)
        self._started = True

    def _told_to_drain(self) -> bool:
        """Drain; say False, and stop, where not everything has started."""
        if self._supervisor is None or not self._started:
            self.stop("told to end before everything had started")
            return False
        self.drain()
        return True


async def run(plan: Plan) -> Receipt:
    """Run an application until it is done, drained or stopped; see `Harness.run`."""
    overtime = Overtime(plan.name)
    running = Running._create(plan, overtime)
    allowed = iter((2 * plan.grace + MARGIN, plan.grace + MARGIN))  # a drain and a stop; a stop

    def told() -> None:
        overtime.allow(next(allowed))

    ending = Ending(running._told_to_drain, running.stop, told)
    try:
        with ending.listening(), plan.channels.in_a_run():
            async with running._block() as running._supervisor:
                await running._start()
                running._outside.close()  # nobody outside has a way in
            return running.receipt(ending.first)
    finally:
        overtime.over()


def _always() -> bool:
    return True


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
