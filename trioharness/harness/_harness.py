"""The root nursery of an application: described first, then run."""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, final

import trio
from typing_extensions import TypeForm

from .._errors import StartFailed, WiringError
from .._events import Observer
from ..channels import Overflow, ReceiveChannel, Request, RequestClient, SendChannel, Topic
from ..rules import Limit, Strategy
from ..supervision import check_words
from ._channels import DeclaredChannels
from ._check import faults, findings, warnings
from ._checks import check_harness, check_observer
from ._declared import DeclaredChild, DeclaredMember
from ._described import Describes, Words
from ._findings import Finding
from ._isolation import Isolation, check_isolation
from ._order import in_start_order
from ._receipt import Receipt
from ._replacing import find_component, members_with
from ._run import ending_in, refuse_where_it_cannot_run, run
from ._running import Plan, Running
from ._socket import check_control
from ._wiring import DEAD_LETTERS

if TYPE_CHECKING:
    from ._graph import Graph

Q = TypeVar("Q")
R = TypeVar("R")
T = TypeVar("T")


@final
class Harness(Describes):
    """An application: its channels and components are described first, then run.

    Describing starts nothing, so a harness can stand at the top of a module, and be run as often
    as one likes. Inside trio code that you already have, use `open_supervisor` instead.
    """

    def __init__(
        self,
        name: str = "harness",
        *,
        strategy: Strategy = "one_for_one",
        grace: float = 30.0,
        max_restarts: int = 5,
        within: float = 60.0,
        dead_letters: str | os.PathLike[str] | None = None,
        isolation: Isolation = "shared",
        control: str | os.PathLike[str] | None = None,
        observer: Observer | None = None,
    ) -> None:
        """Describe an application without anything in it.

        Args:
            name: Its name in paths and logs.
            strategy: Whom a restart of a component takes along, as for `open_supervisor`.
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
            control: The path of the Unix socket through which ``trioharness status``, ``tree``,
                ``events`` and ``ctl`` look at each run and steer it. Only this user may connect.
                By default there is none. ``trioharness run --control`` gives another.
            observer: The one function that is told each event; by default the log.

        Raises:
            ConfigurationError: An option cannot be.
        """
        check_harness(name, grace, dead_letters, observer)
        check_words(name, strategy, "never", "escalate")
        check_isolation(f"harness {name!r}", isolation)
        Limit(max_restarts, within)
        self.name = name
        self.strategy: Strategy = strategy
        self.grace = grace
        self.max_restarts = max_restarts
        self.within = within
        self.dead_letters: Path | None = None if dead_letters is None else Path(dead_letters)
        self.members: list[DeclaredMember] = []
        self.control: Path | None = check_control(f"harness {name!r}", control)
        self._observer = observer
        self._channels = DeclaredChannels(isolation)
        self._names = set() if dead_letters is None else {DEAD_LETTERS}

    def __repr__(self) -> str:
        components, channels = len(self.members), len(self._channels)
        return f"<Harness {self.name!r}: {components} components, {channels} channels>"

    @property
    def words(self) -> Words:
        """What its supervisor is told about all components.

        Raises:
            ConfigurationError: It cannot be told that.
        """
        return Words(self.strategy, Limit(self.max_restarts, self.within))

    def channel(
        self,
        message_type: TypeForm[T],
        max_buffer_size: float,
        *,
        overflow: Overflow = "wait",
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
            overflow: What is done where there is no room, as for `open_channel`. What it drops is
                told to the observer, and stands in the receipt.
            name: Its name in receipts and errors; made from the type by default.
            max_deliveries: How often a message is delivered at most when its receiver crashes,
                before it is a dead letter; by default a message is delivered once.
            isolation: ``"serialized"`` or ``"shared"``, as for the harness, whose own it has by
                default.

        Returns:
            Its send end and its receive end.

        Raises:
            ConfigurationError: An option cannot be, or the harness has a channel of that name.
        """
        return self._channels.channel(
            message_type, max_buffer_size, overflow, name, max_deliveries, isolation
        )

    def topic(
        self, message_type: TypeForm[T], *, name: str | None = None
    ) -> tuple[SendChannel[T], Topic[T]]:
        """Describe a topic: what is sent into its publisher goes to every subscription.

        Subscriptions are described too, by ``topic.subscribe(...)`` on what is returned, and are
        arguments for `add`. Each run makes them before it starts anything, so that nothing is
        missed. A component that is to subscribe by itself is given the topic as an argument: it
        starts before those that publish, and misses nothing if it subscribes before it says that it
        is ready. But a drain sees no end of its that something comes through, so it counts as a
        source and is cancelled first, and what is queued for it then is lost. What must not be lost
        is for a subscription that is described here.

        Args:
            message_type: What it carries; a union is fine.
            name: Its name in errors; made from the type by default.

        Returns:
            Its publisher and the topic.

        Raises:
            ConfigurationError: An option cannot be, or the harness has a channel of that name.
        """
        return self._channels.topic(message_type, name)

    def requests(
        self,
        request_type: TypeForm[Q],
        reply_type: TypeForm[R],
        max_buffer_size: float = 64,
        *,
        name: str | None = None,
    ) -> tuple[RequestClient[Q, R], ReceiveChannel[Request[Q, R]]]:
        """Describe a channel of requests, as `open_requests` opens it.

        A drain lets a component that was given the answering end answer what is queued. One that
        is given no receive end, because it opens requests of its own, counts as a source and is
        cancelled first: calls that it has not answered by then fail.

        Args:
            request_type: What is asked; a union is fine.
            reply_type: What is replied, in the same way; ``None`` for "it is done".
            max_buffer_size: How many requests may be queued.
            name: Its name in receipts and errors; made from the type by default.

        Returns:
            The end that asks and the end that answers, as arguments for `add`.

        Raises:
            ConfigurationError: An option cannot be, or the harness has a channel of that name.
        """
        return self._channels.requests(request_type, reply_type, max_buffer_size, name)

    def expose(self, *ends: SendChannel[Any]) -> None:
        """Let those outside of the components send into channels, or call, too.

        They get in by `Running.portal` from other threads, by `Running.end` in the block of `open`,
        and by `start_blocking`. The channels stay open for them until that block ends, or until a
        drain has come so far. With `run` there is nobody outside.

        Args:
            ends: Send ends, publishers and clients, as `channel`, `topic` and `requests` returned
                them. Components may be given them as well.

        Raises:
            ConfigurationError: One is no such end, or not of this harness.
        """
        for end in ends:
            self._channels.expose(f"harness {self.name!r}", end)

    def component(self, path: str) -> DeclaredChild:
        """Return a component as it was described, at any depth; its ``fn`` is the function.

        Args:
            path: Its path: ``"samplers/cpu"``, with or without the name of the harness.

        Raises:
            ConfigurationError: There is none of that path; the error names those that are near.
        """
        return find_component(self.name, self, path)

    def replacing(self, doubles: Mapping[str, Callable[..., object]]) -> Self:
        """Return the same application with other functions in some places, for a test.

        A double takes what the component takes whose place it has: its arguments, also those from
        a `functools.partial` (unless it is one itself), and the values of its needs. All else that
        was said of that component holds for it too. A component that is to be broken is
        ``component(path).fn``, in the hands of `trioharness.testing.Faults`::

            cpu = app.component("samplers/cpu").fn
            broken = app.replacing({"samplers/cpu": faults.crash(cpu, at=3), "probe": quiet})
            async with broken.open() as running: ...

        The wiring of what is returned is checked as ever, so that a double does not start which
        does not fit the ends that it is given. Nothing changes in this harness; both share the
        channels that were described, but each run opens its own.

        Args:
            doubles: By path; a double for one of which there are copies is that for all of them.

        Returns:
            An application to be run, opened, checked or drawn.

        Raises:
            ConfigurationError: There is no component of a path, or a double is another harness's.
            ComponentTypeError: A double is no component.
        """
        other = copy.copy(self)
        other._names = {*self._names}
        other.members = members_with(self.name, self, self._channels, doubles)
        return other

    def check(self) -> tuple[Finding, ...]:
        """Find what is wrong with the wiring, without running anything.

        Errors keep the harness from starting: `run` and `open` refuse them. Warnings do not; they
        log these.

        Returns:
            What was found: ends that are not what the annotations say, channels that one side alone
            uses, needs that cannot be met, circles of channels that can fill up, arguments that
            components do not take, dead letters that cannot be written.
        """
        return findings(self, self._channels, self.dead_letters)

    def graph(self) -> Graph:
        """Return what it consists of and how it hangs together, as data that can be drawn.

        Nothing is run, and needs that go round in a circle are drawn as they are.

        Returns:
            Its components, channels and needs, a `trioharness.harness.graph.Graph`; `str` of it is
            a drawing for the terminal.

        Raises:
            ConfigurationError: Something is needed that is not there, or whose name means two.
        """
        # An application that runs draws nothing, and should not wait for what could.
        from ._graph_of import graph_of  # noqa: PLC0415

        return graph_of(self.name, self, self._channels)

    def run(self, *, on_receipt: Callable[[Receipt], object] | None = None) -> Receipt:
        """Run the application until it is done, drained or stopped.

        It is done when all components have ended but the background ones; one that has no other
        is done as soon as it has started. SIGINT and SIGTERM: the first drains, the second stops,
        the third leaves; before everything has started, the first stops. A component that raises
        `KeyboardInterrupt` or `SystemExit` ends the run at once. To be called outside of trio, in
        the main thread; ``trioharness run module:attr`` does it from a shell.

        A component that ignores its cancellation cannot keep the process for ever: a second after
        the grace of the drain and of the stop, the process is left with exit code 4, and stderr has
        the stacks of what is stuck.

        Args:
            on_receipt: Called with the receipt when everything has ended, whether this returns or
                raises an `Exception`: what an application that gave up has left in its channels is
                told there.

        Returns:
            How it ended, and what became of what was on its way.

        Raises:
            ConfigurationError: The description cannot be run, or not here; nothing was started.
            StartFailed: A component failed before it was ready; what had started was stopped.
            RestartLimitExceeded: It gave up; its members are the real errors of the attempts.
        """
        refuse_where_it_cannot_run(f"harness {self.name!r}")
        plan = self._plan()
        try:
            return trio.run(run, plan, on_receipt or _nobody)
        except BaseExceptionGroup as group:
            ending = ending_in(group)
            if ending is None:
                raise
            raise ending from ending.__cause__ or group

    @contextlib.asynccontextmanager
    async def open(self, *, observer: Observer | None = None) -> AsyncGenerator[Running]:
        """Run the application inside of trio code: ``async with app.open() as running:``.

        When the block is entered, everything has started. The block is joined like that of
        `open_supervisor`: it ends when its body has ended and the components have, but the
        background ones, which are stopped then; a body that raises, or is cancelled, stops
        everything in order. Signals are the caller's business.

        Args:
            observer: The one function that is told each event of this run: for a test, which gives
                an `EventRecorder`. By default that of the harness.

        Yields:
            The running application.

        Raises:
            ConfigurationError: The description cannot be run, or `observer` cannot be called;
                nothing was started.
            StartFailed: A component failed before it was ready, or it was told to end before all
                were; what had started was stopped.
            RestartLimitExceeded: It gave up; its members are the real errors of the attempts.

        Cancellation:
            Everything is stopped in order, within `grace`.
        """
        check_observer(f"harness {self.name!r}", observer)
        running = Running._create(self._plan(observer))
        with self._channels.in_a_run():
            async with running._lasting(), running._block():
                await running._start()
                if running._started:
                    yield running
                if (
                    running._ended != "stopped"
                ):  # else nobody is to take it for the end of the input
                    running._outside.close()
        if not running._started:  # told so through its control socket: its block cannot begin
            raise StartFailed(self.name, "it was told to end before everything had started")

    def _plan(self, observer: Observer | None = None) -> Plan:
        levels = in_start_order(self)
        wrong = faults(self, self._channels, self.dead_letters)
        if wrong:
            raise WiringError(
                f"harness {self.name!r}",
                "; ".join(map(str, wrong)),
                "nothing was started",
                tuple(finding.code for finding in wrong),
            )
        for finding in warnings(self):
            finding.log(self.name)
        return Plan(
            name=self.name,
            grace=self.grace,
            words=self.words,
            dead_letters=self.dead_letters,
            observer=observer or self._observer,
            control=self.control,
            channels=self._channels,
            root=self,
            levels=levels,
        )


def _nobody(_: Receipt) -> None:
    pass
