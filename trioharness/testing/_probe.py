"""The other end of a component's channel, in the hands of a test."""

from __future__ import annotations

import contextlib
import math
from collections import deque
from types import TracebackType
from typing import Generic, Literal, Self, TypeAlias, TypeVar, final

import trio
from typing_extensions import TypeForm

from .._errors import ConfigurationError
from ..channels import Channel, ReceiveChannel, SendChannel, open_channel
from ._clock import threads_at_work

T = TypeVar("T")

Role: TypeAlias = Literal["feeds", "collects"]

SHOWN = 5
"""So many of the last messages stand in the text of a failure."""


@final
class ChannelProbe(Generic[T]):
    """Stands at the other end of a component's channel: feeds it, or collects what it sends.

    A probe does one of both, whichever is asked of it first; a component with two channels gets
    two. Nothing waits for the probe: its channel has no bound. Where it is the bound that is to be
    tested, use `trioharness.open_channel`. Example::

        with ChannelProbe(Job) as jobs, ChannelProbe(Report) as reports:
            async with th.open_supervisor("shop") as shop:
                shop.start_soon(worker, jobs.receive_end, reports.send_end)
                jobs.feed(Job(id=1), Job(id=2))
                assert await reports.next(within=5) == Report(job=1)
                jobs.close()
            assert [report.job for report in reports.sent] == [1, 2]
    """

    __slots__ = ("_receive", "_role", "_send", "_sent", "_unseen")

    def __init__(
        self,
        message_type: TypeForm[T],
        *,
        name: str | None = None,
        max_deliveries: int | None = None,
    ) -> None:
        """Open the channel.

        Args:
            message_type: What it carries, as for `trioharness.open_channel`.
            name: Its name in errors; made from the type by default.
            max_deliveries: How often a message that was fed is delivered at most, when the
                component crashes with it in hand.

        Raises:
            ConfigurationError: An option cannot be.
        """
        self._send, self._receive = open_channel(
            message_type, math.inf, name=name, max_deliveries=max_deliveries
        )
        self._role: Role | None = None
        self._sent: list[T] = []
        self._unseen: deque[T] = deque()
        """What is in `_sent`, and was not given by `next`."""

    def __repr__(self) -> str:
        what = f" {self._role}" if self._role else ""
        return f"<ChannelProbe{what} {self.channel.name!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._send.close()
        self._receive.close()

    @property
    def channel(self) -> Channel[T]:
        """The channel, for its statistics and its dead letters."""
        return self._receive.channel

    @property
    def receive_end(self) -> ReceiveChannel[T]:
        """What a component gets that is to be fed."""
        self._be("feeds")
        return self._receive

    @property
    def send_end(self) -> SendChannel[T]:
        """What a component gets whose messages are to be collected."""
        self._be("collects")
        return self._send

    def feed(self, *messages: T) -> None:
        """Queue messages for the component.

        Args:
            messages: The messages, in order.

        Raises:
            MessageTypeError: One is of another type; those before it are queued.
            trio.BrokenResourceError: No component is left that could receive them.
            trio.ClosedResourceError: The probe was closed.
            ConfigurationError: This probe collects.
        """
        self._be("feeds")
        for message in messages:
            self._send.send_nowait(message)

    @property
    def sent(self) -> tuple[T, ...]:
        """All that was sent so far, those included that `next` has given."""
        self._be("collects")
        with contextlib.suppress(trio.WouldBlock, trio.EndOfChannel, trio.ClosedResourceError):
            while True:
                message = self._receive.receive_nowait()
                self._sent.append(message)
                self._unseen.append(message)
        return tuple(self._sent)

    async def next(self, *, within: float) -> T:
        """Return the next message that the component sends, or has sent; each comes once.

        Args:
            within: Seconds it may take at most.

        Returns:
            The message.

        Raises:
            AssertionError: Nothing came in time, or nothing more can come; it shows what came.
            ConfigurationError: This probe feeds.
            trio.ClosedResourceError: The probe was closed, and all has been given.

        Cancellation:
            A checkpoint; what was sent stays for the next time.
        """
        await trio.lowlevel.checkpoint()
        before = self.sent
        if self._unseen:
            return self._unseen.popleft()
        why = f"nothing was sent within {within:g} s"
        with trio.move_on_after(within):  # noqa: ASYNC912 - receive is one, whatever it raises
            try:
                message = await self._receive.receive()
            except trio.EndOfChannel:
                why = "all its senders have ended"
            else:
                self._sent.append(message)
                return message
        doubts = threads_at_work()
        raise AssertionError(f"channel {self.channel.name!r}: {why}; {_shown(before)}{doubts}")

    def close(self) -> None:
        """Close the end of the probe; the component's stays what it is.

        One that is fed receives what is queued, then `trio.EndOfChannel`; one that sends gets a
        `trio.BrokenResourceError`. What was sent before can still be looked at.
        """
        if self._role == "collects":
            _ = self.sent
            self._receive.close()
        else:
            self._be("feeds")
            self._send.close()

    def _be(self, role: Role) -> None:
        """Do one of both from now on."""
        if self._role not in (role, None):
            raise ConfigurationError(
                repr(self),
                f"it was asked for what a probe has that {role}",
                "give the component another ChannelProbe for its other channel",
            )
        self._role = role


@final
class ChannelProbes:
    """Makes probes, and closes them all at the end of its block.

    The fixture ``channel_probe`` is one, and closes them when everything else of the test is over.
    """

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._made.close()

    def __call__(
        self,
        message_type: TypeForm[T],
        *,
        name: str | None = None,
        max_deliveries: int | None = None,
    ) -> ChannelProbe[T]:
        """Make a probe; the arguments are those of `ChannelProbe`."""
        probe = ChannelProbe(message_type, name=name, max_deliveries=max_deliveries)
        return self._made.enter_context(probe)


def _shown(messages: tuple[object, ...]) -> str:
    if not messages:
        return "there was no message before"
    texts = [repr(message) for message in messages[-SHOWN:]]
    left_out = ["…"] if len(messages) > SHOWN else []
    return f"{len(messages)} before: {', '.join(left_out + texts)}"
