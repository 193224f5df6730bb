"""Over a socket: messages leave a channel as frames, in batches, and arrive in another channel.

Both ends could be programs of their own, of different ages: what the receiver does not know is
shown and passed over, and costs nothing but itself.
"""

from __future__ import annotations

import time

import trio

import trioharness as th


@th.message("order")
class Order:
    number: int
    pieces: int = 1


@th.message("recall")
class Recall:
    number: int


async def leave(orders: th.ReceiveChannel[Order | Recall], stream: trio.SocketStream) -> None:
    """Send what is queued as one frame, in one piece."""
    writer = th.FrameWriter(th.Codec(Order | Recall), compression="zlib")
    ids, ours = th.Ids(node=7), th.Properties(source="shop")
    async with stream:
        async for queued in orders.batches(100):
            batch = th.Batch(tuple(queued), ids.block(len(queued)), time.time_ns(), ours)
            await stream.send_all(writer.encode(batch))


async def arrive(stream: trio.SocketStream, orders: th.SendChannel[Order]) -> None:
    """Receive for as long as the other side is there; this one knows no `Recall` yet."""
    reader = th.FrameReader(th.Codec(Order))
    async with stream:
        async for received in stream:
            reader.feed(received)
            await orders.send_many(messages_of(reader))
    reader.feed_eof()  # or a frame of which the end is missing would not be noticed


def messages_of(reader: th.FrameReader[Order]) -> list[Order]:
    """Return the messages that are there."""
    found: list[Order] = []
    while True:
        try:
            frame = reader.next_frame()
        except th.DecodeError as error:  # what comes next is as good as any
            print(f"passed over: {error}")
            continue
        if frame is th.NEED_DATA:
            return found
        found += frame.messages if isinstance(frame, th.Batch) else [frame.message]


async def count(orders: th.ReceiveChannel[Order]) -> None:
    pieces = [order.pieces async for order in orders]
    print(f"{len(pieces)} orders, {sum(pieces)} pieces")


async def main() -> None:
    here, there = trio.socket.socketpair()
    send, queued = th.open_channel(Order | Recall, 100)
    arrived_in, arrived_out = th.open_channel(Order, 100)
    async with th.open_supervisor("socket") as sup:
        sup.start_soon(leave, queued, trio.SocketStream(here))
        sup.start_soon(arrive, trio.SocketStream(there), arrived_in)
        sup.start_soon(count, arrived_out)
        with send:
            await send.send_many([Order(number=number, pieces=2) for number in range(100)])
            await send.send_many([Recall(number=1), Order(number=100)])


if __name__ == "__main__":
    trio.run(main)
