"""What the benches of the codec turn into bytes and back, and how that is timed."""

from __future__ import annotations

import datetime
import enum
import itertools
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import attrs

import trioharness as th
from bench._sample import Clock, Sample, Workload, WorkloadOf, check_items, check_sum

T = TypeVar("T")


class Priority(enum.Enum):
    """How urgent an order is."""

    LOW = "low"
    HIGH = "high"


@attrs.frozen(kw_only=True)
class Line:
    """A line of an order."""

    sku: str
    title: str
    quantity: int
    price: float
    note: str | None = None


@th.message("bench.order", version=2)
class Order:
    """A message with a field of each usual type."""

    id: UUID
    customer: str
    number: int
    total: float
    at: datetime.datetime
    priority: Priority
    note: str | None
    lines: list[Line]
    tags: dict[str, str]


@th.message("bench.parcel")
class Parcel:
    """A message that needs more than msgspec does: with a converter, an alias, a private field."""

    id: UUID
    customer: str = attrs.field(converter=str.strip)
    weight: float = attrs.field(alias="kilograms")
    lines: list[Line]
    at: datetime.datetime
    value: Decimal
    _seal: int = attrs.field(default=0, alias="seal")


@th.message("bench.bundle")
class Bundle:
    """A message of any size: as many lines as it takes."""

    number: int
    lines: list[Line]


@th.message("bench.cancel")
class Cancel:
    """A second member of a union."""

    id: UUID
    reason: str
    refund: float
    at: datetime.datetime


Coder: TypeAlias = tuple[Callable[[Any], bytes], Callable[[bytes], Any]]
"""Encodes and decodes; made by each rival for the type it is asked for."""

_LINE = 90
"""Bytes of a line as JSON, about."""

_AT = datetime.datetime(2026, 1, 31, 12, 30, 15, 250_000, tzinfo=datetime.UTC)


def _lines(count: int) -> list[Line]:
    return [
        Line(
            sku=f"sku-{number:04}",
            title=f"a thing of size {number % 7}",
            quantity=number % 5 + 1,
            price=number * 1.25,
            note="fragile" if number % 2 else None,
        )
        for number in range(count)
    ]


def _order(lines: int) -> Order:
    return Order(
        id=UUID(int=0x1234_5678_9ABC_DEF0),
        customer="somebody",
        number=42,
        total=12.5,
        at=_AT,
        priority=Priority.HIGH,
        note="leave it at the door",
        lines=_lines(lines),
        tags={f"tag-{number}": f"value {number}" for number in range(1 + lines // 4)},
    )


SMALL = (_order(1),)
"""About 300 bytes."""
LARGE = (_order(100),)
"""About 10 kB."""
OTHER = (
    Parcel(
        id=UUID(int=0x1234_5678_9ABC_DEF0),
        customer="somebody",
        kilograms=2.5,
        lines=_lines(2),
        at=_AT,
        value=Decimal("99.50"),
        seal=7,
    ),
)
UNION = (
    Cancel(id=UUID(int=1), reason="changed my mind", refund=12.5, at=_AT),
    *SMALL,
)


def bundles_of(size: int, count: int) -> list[Bundle]:
    """Return so many bundles of about `size` bytes of JSON each, numbered from 0."""
    lines = _lines(max(1, round(size / _LINE)))
    return [Bundle(number=number, lines=lines) for number in range(count)]


def remade(
    orders: Iterable[Any], order_class: Callable[..., T], line_class: Callable[..., object]
) -> list[T]:
    """Return the same orders, of the classes that a rival has for them and for their lines."""
    made: list[T] = []
    for order in orders:
        lines = [line_class(**attrs.asdict(line)) for line in order.lines]
        made.append(order_class(**attrs.asdict(order, recurse=False) | {"lines": lines}))
    return made


def encoding(messages: Sequence[Any], make: Callable[[], Coder]) -> Workload:
    """Return the workload that encodes these messages in turn."""

    def workload(size: int, clock: Clock) -> Sample:
        encode, decode = make()
        check_items("message back", [decode(encode(each)) for each in messages], messages)
        encoded = b""
        begun = clock()
        for message in itertools.islice(itertools.cycle(messages), size):
            encoded = encode(message)
        elapsed = clock() - begun
        check_sum("last message", decode(encoded), messages[(size - 1) % len(messages)])
        return Sample(count=size, nanoseconds=elapsed)

    return workload


def decoding(messages: Sequence[Any], make: Callable[[], Coder]) -> Workload:
    """Return the workload that decodes the bytes of these messages in turn."""

    def workload(size: int, clock: Clock) -> Sample:
        encode, decode = make()
        check_items("message back", [decode(encode(each)) for each in messages], messages)
        data = [*map(encode, messages)]
        decoded = None
        begun = clock()
        for each in itertools.islice(itertools.cycle(data), size):
            decoded = decode(each)
        elapsed = clock() - begun
        check_sum("last message", decoded, messages[(size - 1) % len(messages)])
        return Sample(count=size, nanoseconds=elapsed)

    return workload


def encoding_sized(make: Callable[[], Coder]) -> WorkloadOf:
    """Return the workload that encodes bundles of so many bytes."""
    return lambda x, size, clock: encoding(bundles_of(x, 1), make)(size, clock)


def decoding_sized(make: Callable[[], Coder]) -> WorkloadOf:
    """Return the workload that decodes bundles of so many bytes."""
    return lambda x, size, clock: decoding(bundles_of(x, 1), make)(size, clock)
