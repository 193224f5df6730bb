"""anyio's object streams as ends of channels."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Generic, TypeVar, cast, final, overload

import attrs
import trio
from anyio.abc import ObjectReceiveStream, ObjectSendStream

from .._errors import ConfigurationError
from ._errors import trios_errors
from ._wrapped import Wrapped

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


@overload
def from_anyio(stream: ObjectSendStream[T]) -> trio.abc.SendChannel[T]: ...
@overload
def from_anyio(stream: ObjectReceiveStream[T]) -> trio.abc.ReceiveChannel[T]: ...
def from_anyio(
    stream: ObjectSendStream[T] | ObjectReceiveStream[T],
) -> trio.abc.SendChannel[T] | trio.abc.ReceiveChannel[T]:
    """Return a stream of anyio's as an end of a channel, for code that is written for trio.

    The end is the stream, seen otherwise: it has trio's names and errors, closes the stream when it
    is closed, and is handed over to components as the stream is. It has `clone`, `close`,
    ``send_nowait`` and ``receive_nowait`` where the stream has them, as memory object streams do.

    What the stream does not promise, the end does not either. A send into a memory object stream
    that is cancelled just as it is received may count as cancelled and be received all the same;
    and a drain cannot finish a stream, so who sends into it from outside of the tree has to close
    it. For what is new, `open_channel` is the better channel: `to_anyio` gives it to anyio's code.

    Args:
        stream: An object stream of one direction, on anyio's trio backend.

    Returns:
        The end.

    Raises:
        ConfigurationError: It is no object stream, or goes both ways.
    """
    sends, receives = (isinstance(stream, kind) for kind in (ObjectSendStream, ObjectReceiveStream))
    if sends == receives:
        raise ConfigurationError(
            "from_anyio",
            f"{stream!r} is no object stream of one direction",
            "give one that sends or one that receives",
        )
    if sends:
        return SendEnd[T](cast("ObjectSendStream[T]", stream))
    return ReceiveEnd[T](cast("ObjectReceiveStream[T]", stream))


class _End(Wrapped):
    """What ends of both directions have in common."""

    __slots__ = ()
    passed_on = frozenset({"statistics"})

    def __repr__(self) -> str:
        return f"<{self._inner!r} as an end of a channel>"

    def _errors(self) -> AbstractContextManager[None]:
        return trios_errors()

    async def aclose(self) -> None:
        """Close the stream. Always a checkpoint; cancelled, it is closed all the same."""
        await self._inner.aclose()
        await trio.lowlevel.checkpoint()


@final
@attrs.define(eq=False, repr=False)
class SendEnd(_End, trio.abc.SendChannel[T_contra], Generic[T_contra]):
    """A stream that sends, as a send end."""

    async def send(self, value: T_contra) -> None:
        """Send a message, waiting for room."""
        with trios_errors():
            await self._inner.send(value)

    def send_nowait(self, value: T_contra) -> None:
        """Send a message if there is room, or raise `trio.WouldBlock`."""
        with trios_errors():
            self._inner.send_nowait(value)


@final
@attrs.define(eq=False, repr=False)
class ReceiveEnd(_End, trio.abc.ReceiveChannel[T_co], Generic[T_co]):
    """A stream that receives, as a receive end."""

    async def receive(self) -> T_co:
        """Receive a message, waiting for one."""
        with trios_errors():
            message: T_co = await self._inner.receive()
        return message

    def receive_nowait(self) -> T_co:
        """Receive a message if there is one, or raise `trio.WouldBlock`."""
        with trios_errors():
            message: T_co = self._inner.receive_nowait()
        return message
