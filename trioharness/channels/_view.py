"""A receive end that shows its messages otherwise: only some of them, or changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar, cast, final

import attrs
import trio

from .._errors import ConfigurationError
from .._util import NoPublicConstructor, callable_name
from ._hand import Meter
from ._showing import LEFT_OUT, Showing, Step
from ._source import Selectable, Source, is_selectable
from ._watching import Watcher

T = TypeVar("T")
S = TypeVar("S")
T_co = TypeVar("T_co", covariant=True)

OF_THE_END: Final = frozenset(
    {"ack", "answers", "channel", "expect", "finish", "held_by", "resume", "settle"}
    | {"statistics", "suspend", "watch"}
)
"""What a view can do that has nothing to do with how it shows messages, where its end can."""


@final
@attrs.define(eq=False, repr=False)
class ReceiveView(trio.abc.ReceiveChannel[T_co], Generic[T_co], metaclass=NoPublicConstructor):
    """A receive end seen through a function, from `filtered` or `mapped`; no task is behind it.

    It is cloned, closed and handed over like the end, and settles what is in hand as the end does.
    Close the view in place of the end, which is the same to the channel. A supervisor that is
    handed several views of one end, or the end itself as well, keeps the end until the last of
    those children is done; to close views one by one by hand, make each of a clone. Where the end
    has them it has `ack`, `channel`, `statistics`, and the verbs that supervisors use.
    """

    _end: Any
    _showing: Showing

    def __repr__(self) -> str:
        shown = repr(self._end)
        for step in self._showing.steps:
            shown = f"<view by {callable_name(step.function)} of {shown}>"
        return shown

    def __getattr__(self, name: str) -> Any:
        # Not methods: a view of another library's end must not seem to have what that has not.
        if name in OF_THE_END:
            return getattr(self._end, name)
        raise AttributeError(f"a view has no {name!r}", name=name, obj=self)

    @property
    def shown_end(self) -> object:
        """The end that it shows, itself no view."""
        return getattr(self._end, "shown_end", self._end)

    async def receive(self) -> T_co:
        """Take the next message that is shown, waiting for one.

        Returns:
            What the function made of the message.

        Raises:
            Exception: Whatever the end raises, or the function; the message is then taken, and a
                call fails with `RequestLeftOut`, of which that is the cause.

        Cancellation:
            A checkpoint. Cancelled, it has taken nothing but messages that it leaves out.
        """
        show = self._showing.one
        while (shown := show(await self._end.receive())) is LEFT_OUT:
            pass
        return cast("T_co", shown)

    def receive_nowait(self) -> T_co:
        """Take the next message that is shown, if there is one.

        Returns:
            What the function made of the message.

        Raises:
            trio.WouldBlock: None is there just now.
            Exception: As for `receive`.
        """
        show = self._showing.one
        while (shown := show(self._end.receive_nowait())) is LEFT_OUT:
            pass
        return cast("T_co", shown)

    async def receive_many(self, limit: int, /) -> list[T_co]:
        """Take what is there, up to `limit` messages of which at least one is shown.

        As `ReceiveChannel.receive_many`, which the end has to have. If the function raises, the
        whole batch is taken, and all calls of it fail as with `receive`.

        Args:
            limit: The most messages to take, 1 or more, those that it leaves out included.

        Returns:
            What the function made of them, one or more, in order.

        Raises:
            Exception: As for `receive`.

        Cancellation:
            A checkpoint. Cancelled, it has taken nothing but messages that it leaves out.
        """
        show = self._showing.many
        while not (shown := show(await self._end.receive_many(limit))):
            pass
        return cast("list[T_co]", shown)

    def batches(self, limit: int, /, within: float | None = None) -> AsyncIterator[list[T_co]]:
        """Return an iterator over all that comes, in batches: ``async for batch in …``.

        As `ReceiveChannel.batches`, which the end has to have; a batch of which nothing is shown is
        passed over. If the function raises, it is as with `receive_many`.

        Args:
            limit: The most messages to take for a batch, 1 or more.
            within: Seconds to wait for a fuller batch; without it, none are waited.

        Returns:
            The iterator.

        Raises:
            ConfigurationError: As for `ReceiveChannel.batches`.
        """
        shown = cast("Callable[[list[Any]], list[T_co]]", self._showing.many)
        return ShownBatches[T_co](self._end.batches(limit, within), shown)

    def _source(self) -> Source[tuple[ReceiveView[T_co], T_co]]:
        """Return what `select` takes from."""
        end: object = self._end
        if not is_selectable(end):
            raise ConfigurationError(
                "select",
                f"{self._end!r} cannot be watched without a task for it alone",
                "open the channel with open_channel, whose receive end can",
            )
        source = cast("Selectable[tuple[Any, Any]]", end)._source()
        return ViewSource(self, source, self._showing.one)

    def clone(self) -> ReceiveView[T_co]:
        """Return a view of a clone of the end.

        Raises:
            trio.ClosedResourceError: The end is closed.
        """
        return ReceiveView[T_co]._create(self._end.clone(), self._showing)

    def close(self) -> None:
        """Close the end."""
        self._end.close()

    async def aclose(self) -> None:
        """Close the end.

        Cancellation:
            A checkpoint. Cancelled, the end is closed all the same.
        """
        await self._end.aclose()

    def __enter__(self) -> Self:
        self._end.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end.__exit__(exc_type, exc_value, traceback)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._end.__aexit__(exc_type, exc_value, traceback)  # noqa: ASYNC102 - as it does


@final
@attrs.define(eq=False)
class ShownBatches(AsyncIterator[list[T]]):
    """Batches as a view shows them."""

    batches: AsyncIterator[list[Any]]
    shown: Callable[[list[Any]], list[T]]

    async def __anext__(self) -> list[T]:
        """Return the next batch of which something is shown."""
        while not (shown := self.shown(await anext(self.batches))):
            pass
        return shown


@final
@attrs.define(eq=False)
class ViewSource(Source[tuple[ReceiveView[T], T]]):
    """A view as a source of `select`; all but what is taken is the business of what it shows."""

    view: ReceiveView[T]
    end: Source[tuple[Any, Any]]
    show: Callable[[Any], Any]
    lasting: bool = attrs.field(default=False, init=False)

    def take(self) -> tuple[ReceiveView[T], T] | None:
        """Take the next message that is shown; None if there is none just now."""
        while (pair := self.end.take()) is not None:
            shown = self.show(pair[1])
            if shown is not LEFT_OUT:
                return self.view, shown
        return None

    def acknowledge(self) -> None:
        """Acknowledge what the end has in hand."""
        self.end.acknowledge()

    def watch(self, watcher: Watcher) -> float:
        """Call the watcher when something comes, or ends."""
        return self.end.watch(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Do not call the watcher."""
        self.end.unwatch(watcher)

    def meter(self) -> Meter | None:
        """Return the meter of the end."""
        return self.end.meter()

    def problem(self) -> tuple[str, str] | None:
        """Say why nothing could ever be taken."""
        return self.end.problem()


def filtered(end: trio.abc.ReceiveChannel[T], keep: Callable[[T], object], /) -> ReceiveView[T]:
    """Show only some messages of a receive end; the others are taken and forgotten.

    Receivers that share the channel with it do not get what it leaves out: to send different
    messages to different receivers use `route`. A call that is left out fails with
    `RequestLeftOut`, also one that was mapped before; so does one at which the function raises.

    Args:
        end: The receive end, of which the view takes the place.
        keep: Says whether a message is shown. It must not block.

    Returns:
        The view.

    Raises:
        ConfigurationError: `end` is no receive end, or `keep` is not callable.
    """
    _check("filtered", end, keep)
    return _view(end, Step(keep, keeps=True))


def mapped(end: trio.abc.ReceiveChannel[T], change: Callable[[T], S], /) -> ReceiveView[S]:
    """Show each message of a receive end as a function returns it.

    A call at which the function raises fails with `RequestLeftOut`. What it returns for a call has
    to have the request in it, for else nobody could answer.

    Args:
        end: The receive end, of which the view takes the place.
        change: Returns what is received for a message. It must not block.

    Returns:
        The view.

    Raises:
        ConfigurationError: `end` is no receive end, or `change` is not callable.
    """
    _check("mapped", end, change)
    return _view(end, Step(change, keeps=False))


def _view(end: trio.abc.ReceiveChannel[Any], step: Step) -> ReceiveView[Any]:
    """Return a view of an end; of a view, one that sees through both functions."""
    if isinstance(end, ReceiveView):
        return ReceiveView[Any]._create(end._end, Showing((*end._showing.steps, step)))
    return ReceiveView[Any]._create(end, Showing((step,)))


def _check(what: str, end: object, function: object) -> None:
    if not isinstance(end, trio.abc.ReceiveChannel):
        raise ConfigurationError(
            what,
            f"{end!r} is no receive end",
            "give one, of trio's kind; what a harness declares becomes one in the component "
            f"that it is given to, so call {what}() there",
        )
    if not callable(function):
        raise ConfigurationError(
            what, f"{function!r} is not callable", "give a function of one message"
        )
