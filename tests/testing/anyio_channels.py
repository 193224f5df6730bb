"""anyio's memory object streams as trio's channels: only the names of the errors differ."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, Self

import anyio
import attrs
import trio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream


@contextlib.contextmanager
def trios_errors() -> Generator[None]:
    try:
        yield
    except anyio.ClosedResourceError:
        raise trio.ClosedResourceError from None
    except anyio.BrokenResourceError:
        raise trio.BrokenResourceError from None
    except anyio.EndOfStream:
        raise trio.EndOfChannel from None
    except anyio.WouldBlock:
        raise trio.WouldBlock from None


@attrs.frozen
class AnyioSend(trio.abc.SendChannel[Any]):
    stream: MemoryObjectSendStream[Any]

    async def send(self, value: Any) -> None:
        with trios_errors():
            await self.stream.send(value)

    def send_nowait(self, value: Any) -> None:
        with trios_errors():
            self.stream.send_nowait(value)

    def clone(self) -> AnyioSend:
        with trios_errors():
            return AnyioSend(self.stream.clone())

    def close(self) -> None:
        self.stream.close()

    async def aclose(self) -> None:
        self.stream.close()
        await trio.lowlevel.checkpoint()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@attrs.frozen
class AnyioReceive(trio.abc.ReceiveChannel[Any]):
    stream: MemoryObjectReceiveStream[Any]

    async def receive(self) -> Any:
        with trios_errors():
            return await self.stream.receive()

    def receive_nowait(self) -> Any:
        with trios_errors():
            return self.stream.receive_nowait()

    def clone(self) -> AnyioReceive:
        with trios_errors():
            return AnyioReceive(self.stream.clone())

    def close(self) -> None:
        self.stream.close()

    async def aclose(self) -> None:
        self.stream.close()
        await trio.lowlevel.checkpoint()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_anyio_channel(max_buffer_size: float) -> tuple[AnyioSend, AnyioReceive]:
    send, receive = anyio.create_memory_object_stream[Any](max_buffer_size)
    return AnyioSend(send), AnyioReceive(receive)
