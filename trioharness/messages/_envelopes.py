"""`Envelope`, `Batch`, `Properties` and `Ids`: messages, what is said of them, how they count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Generic, Never, TypeAlias, TypeVar, final

import attrs

from .._errors import ConfigurationError
from .._frozen import frozen

T_co = TypeVar("T_co", covariant=True)

MessageId: TypeAlias = tuple[int, int]
"""What tells a message from all others: the number of its node (32 bits), and a count (64 bits)."""

_NODES: Final = 2**32


@final
class _NoHeaders(Mapping[str, str | bytes]):
    """No headers, which can be shared by all that have none: nothing can be put into it.

    Not a mapping proxy, which can neither be copied deeply nor pickled.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "{}"

    def __getitem__(self, key: str) -> Never:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


_NO_HEADERS: Final = _NoHeaders()


@attrs.frozen(kw_only=True)
class Properties:
    """What is rarely said about a message; what is left at its default takes no room on the wire.

    Example::

        Envelope(order, ids.next(), time.time_ns(), Properties(reply_to="answers"))
    """

    correlation: MessageId | None = None
    """Id of the message that it answers, or belongs to."""
    reply_to: str | None = None
    """Where an answer is expected, in whatever words sender and receiver agreed on."""
    deadline: int | None = None
    """When it is of no use any more, in nanoseconds since the epoch. Nothing here drops it then."""
    attempt: int = 1
    """Which delivery this is, from 1."""
    source: str | None = None
    """Who sent it: ``"shop/workers/worker-2"``."""
    headers: Mapping[str, str | bytes] = attrs.field(default=_NO_HEADERS, hash=False)
    """A few small values of the user's own; up to 64 KiB, with all of the above."""


NO_PROPERTIES: Final = Properties()
"""What envelopes have that were given none: the same object, so that one look tells."""


@frozen
class Envelope(Generic[T_co]):
    """One message, with what is said about it on the way: what `FrameWriter` makes a frame of.

    The first three are always on the wire. In process a message needs no envelope, a channel takes
    it as it is.

    Example::

        Envelope(Order(id=1, qty=2.0), ids.next(), time.time_ns())
    """

    message: T_co
    """The message."""
    id: MessageId
    """Its own id, from `Ids`."""
    time: int
    """When it was made, in nanoseconds since the epoch; nothing here looks at a clock."""
    properties: Properties = NO_PROPERTIES
    """What else there is to say about it."""


@frozen
class Batch(Generic[T_co]):
    """Several messages under one header: smaller, faster and better compressed than as many frames.

    One that cannot be read costs nothing but itself: a reader then gives the batch in parts, which
    are what is before it and what is behind it, and raises in between.
    """

    messages: tuple[T_co, ...]
    """The messages, at least one, in order; of one type or of several."""
    id: MessageId
    """Id of the first, from `Ids.block`; the count of each other is one more."""
    time: int
    """When they were sent, in nanoseconds since the epoch."""
    properties: Properties = NO_PROPERTIES
    """What else there is to say about each of them."""

    def envelopes(self) -> Iterator[Envelope[T_co]]:
        """Yield each message in an envelope of its own, with its own id."""
        node, first = self.id
        for count, message in enumerate(self.messages, first):
            yield Envelope(message, (node, count), self.time, self.properties)


@final
class Ids:
    """Counts messages, so that each has an id of its own, at a fraction of what a UUID costs.

    One for each life of a process: a count that begins again needs another node. Not for secrets:
    whoever has seen one id knows the next.

    Example::

        ids = Ids(secrets.randbits(32))
    """

    def __init__(self, node: int, first: int = 1) -> None:
        """Begin to count.

        Args:
            node: Number of the node, 0 to 2**32 - 1, that no other writer has at the same time or
                had before: assigned, or drawn.
            first: Where the count begins, from 0.

        Raises:
            ConfigurationError: One of them is no int, or out of its range.
        """
        self._node = _whole("node", node, _NODES)
        self._next = _whole("first", first, 2**64)

    def __repr__(self) -> str:
        return f"Ids(node={self._node}, next={self._next})"

    def next(self) -> MessageId:
        """Return the next id."""
        count = self._next
        self._next = count + 1
        return self._node, count

    def block(self, count: int) -> MessageId:
        """Return the first of the next ids, all of which are taken; for a `Batch`.

        Args:
            count: How many, 0 or more.

        Raises:
            ConfigurationError: `count` is no such number.
        """
        first = self._next
        self._next = first + _whole("count", count, 2**64)
        return self._node, first


def _whole(option: str, value: object, end: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < end:
        raise ConfigurationError(
            "Ids", f"{option} is {value!r}", f"give an int from 0 to {end - 1}"
        )
    return value
