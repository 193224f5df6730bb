"""What type checkers see of channels and messages, with trio-typing's stubs and without.

Never run; see compat_supervision.py for how an expected error is written.
"""

from __future__ import annotations

from typing import assert_type

import trioharness as th


@th.message("order")
class Order:
    id: int


@th.message("cancel", version=2)
class Cancel:
    id: int


async def typed_ends() -> None:
    send, receive = th.open_channel(Order, 8)
    assert_type(send, th.SendChannel[Order])
    assert_type(receive, th.ReceiveChannel[Order])
    assert_type(await receive.receive(), Order)
    assert_type(send.clone(), th.SendChannel[Order])
    assert_type(receive.clone(), th.ReceiveChannel[Order])
    await send.send(Order(id=1))
    async for order in receive:
        assert_type(order, Order)


async def a_union_is_fine() -> None:
    send, receive = th.open_channel(Order | Cancel, 8)
    assert_type(send, th.SendChannel[Order | Cancel])
    assert_type(await receive.receive(), Order | Cancel)
    await send.send(Cancel(id=1))
    assert_type(th.Codec(Order | Cancel).decode(b""), Order | Cancel)


async def errors() -> None:
    send, receive = th.open_channel(Order, 8)
    await send.send(Cancel(id=1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    send.send_nowait(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    _: Cancel = await receive.receive()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    th.open_channel(Order)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Order(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Order(id="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Order(id=1).id = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    th.Codec(Order).encode(Cancel(id=1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
