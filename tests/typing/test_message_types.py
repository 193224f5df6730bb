"""What mypy and pyright infer for messages and codecs; checked, never run."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, assert_type

import attrs

from trioharness.messages import (
    NEED_DATA,
    Batch,
    Codec,
    Envelope,
    FrameReader,
    FrameWriter,
    Ids,
    Properties,
    message,
    upgrade,
)

ItemT = TypeVar("ItemT")


@message("order", version=2)
class Order:
    id: int
    qty: float = attrs.field(default=1.0)


@message("cancel")
class Cancel:
    id: int


@message("box")
class Box(Generic[ItemT]):
    item: ItemT


@upgrade(Order, version=1)
def order_1(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "qty": 1.0}


@upgrade(Cancel, version=1)
def cancel_1(old: dict[str, Any]) -> dict[str, object]:
    return {**old}


def classes() -> None:
    order = Order(id=1)
    assert_type(order, Order)
    assert_type(order.qty, float)
    assert_type(Box(item=1), Box[int])
    assert_type(order_1({}), dict[str, Any])
    assert_type(cancel_1({}), dict[str, object])
    Order(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Order(id="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Order()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    order.id = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    message("x", 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@upgrade(Order, version=1)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportUntypedFunctionDecorator]
def wrong(old: int) -> dict[str, Any]:
    return {"id": old}


def codecs(data: bytes) -> None:
    one = Codec(Order)
    assert_type(one, Codec[Order])
    assert_type(one.decode(data), Order)
    assert_type(one.from_builtins({}), Order)
    assert_type(one.encode(Order(id=1)), bytes)
    assert_type(one.to_builtins(Order(id=1)), dict[str, object])
    one.encode(Cancel(id=1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    union = Codec(Order | Cancel, max_size=100, max_depth=8)
    assert_type(union, Codec[Order | Cancel])
    assert_type(union.decode(data), Order | Cancel)
    union.encode(Cancel(id=1))

    generic = Codec(Box[int])
    assert_type(generic.decode(data), Box[int])
    Codec(Order, 100)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue]


def frames(data: bytes) -> None:
    writer = FrameWriter(Codec(Order | Cancel))
    ids = Ids(7)
    envelope = Envelope(Order(id=1), ids.next(), 5)
    assert_type(envelope, Envelope[Order])
    assert_type(Batch((Order(id=1),), ids.block(1), 5), Batch[Order])
    assert_type(writer.encode(envelope), bytes)  # one of the types is enough
    writer.encode(Envelope(7, (7, 1), 5))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    envelope.properties = Properties()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    Envelope(Order(id=1), ids.next(), 5, Properties(reply_to=7))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    envelope.properties.headers["a"] = "b"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    FrameWriter(Codec(Order), compression="lz4")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    reader = FrameReader(Codec(Order | Cancel))
    reader.feed(data)
    assert_type(reader.next_frames(), list[Envelope[Order | Cancel] | Batch[Order | Cancel]])
    while (frame := reader.next_frame()) is not NEED_DATA:
        assert_type(frame, Envelope[Order | Cancel] | Batch[Order | Cancel])
        if isinstance(frame, Batch):
            assert_type(frame.messages, tuple[Order | Cancel, ...])
        else:
            assert_type(frame.message, Order | Cancel)
