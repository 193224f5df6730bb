"""Ends of channels as anyio's object streams."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final, Generic, TypeVar, cast, final, overload

import attrs
import trio
from anyio.abc import ObjectReceiveStream, ObjectSendStream

from .._errors import ConfigurationError
from ._errors import anyios_errors
from ._wrapped import Wrapped

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)

OF_THE_END: Final = frozenset(
    {"ack", "answers", "channel", "expect", "finish", "held_by", "resume", "settle"}
    | {"statistics", "suspend", "watch"}
)
"""What has nothing to do with how messages are sent or received: an end that can do it still can.

So a supervisor that is handed a stream of ours keeps the end behind it, with all that it knows.
"""


@overload
def to_anyio(end: trio.abc.SendChannel[T]) -> ObjectSendStream[T]: ...
@overload
def to_anyio(end: trio.abc.ReceiveChannel[T]) -> ObjectReceiveStream[T]: ...
def to_anyio(
    end: trio.abc.SendChannel[T] | trio.abc.ReceiveChannel[T],
) -> ObjectSendStream[T] | ObjectReceiveStream[T]:
    """Return an end of a channel as a stream of anyio's, for code that is written for those.

    The stream is the end, seen otherwise: it has anyio's names and errors, closes the end when it
    is closed, and is handed over to components as the end is. It has `clone`, `close`,
    ``send_nowait`` and ``receive_nowait`` where the end has them. What anyio has no error for is
    raised as it is: `MessageTypeError`, for one.

    Args:
        end: A send end or a receive end, of `open_channel` or of trio's own.

    Returns:
        The stream.

    Raises:
        ConfigurationError: It is neither, or both at once.
    """
    sends, receives = (
        isinstance(end, kind) for kind in (trio.abc.SendChannel, trio.abc.ReceiveChannel)
    )
    if sends == receives:
        raise ConfigurationError(
            "to_anyio", f"{end!r} is no end of a channel", "give a send end or a receive end"
        )
    if sends:
        return SendStream[T](cast("trio.abc.SendChannel[T]", end))
    return ReceiveStream[T](cast("trio.abc.ReceiveChannel[T]", end))


class _Stream(Wrapped):
    """What streams of both directions have in common."""

    __slots__ = ()
    passed_on = OF_THE_END

    def __repr__(self) -> str:
        return f"<{self._inner!r} as a stream of anyio>"

    def _errors(self) -> AbstractContextManager[None]:
        return anyios_errors()

    async def aclose(self) -> None:
        """Close the end. Always a checkpoint."""
        await self._inner.aclose()


@final
@attrs.define(eq=False, repr=False)
class SendStream(_Stream, ObjectSendStream[T_contra], Generic[T_contra]):
    """A send end as a stream."""

    async def send(self, item: T_contra) -> None:
        """Send a message, waiting for room. Always a checkpoint; cancelled, it has sent nothing."""
        with anyios_errors():
            await self._inner.send(item)

    def send_nowait(self, item: T_contra) -> None:
        """Send a message if there is room, or raise `anyio.WouldBlock`."""
        with anyios_errors():
            self._inner.send_nowait(item)


@final
@attrs.define(eq=False, repr=False)
class ReceiveStream(_Stream, ObjectReceiveStream[T_co], Generic[T_co]):
    """A receive end as a stream."""

    async def receive(self) -> T_co:
        """Receive a message. Always a checkpoint; cancelled, it has taken nothing."""
        with anyios_errors():
            message: T_co = await self._inner.receive()
        return message

    def receive_nowait(self) -> T_co:
        """Receive a message if there is one, or raise `anyio.WouldBlock`."""
        with anyios_errors():
            message: T_co = self._inner.receive_nowait()
        return message
