"""`select` and `merge`: one loop over several sources."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias, TypeVar, overload

import trio

from .._errors import ConfigurationError
from ._selection import Selection
from ._send import SendChannel
from ._source import Selectable, is_selectable
from ._turns import ByRank, InTurn

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")

Items: TypeAlias = AbstractAsyncContextManager[AsyncIterator[T]]
"""To be entered with ``async with``, and iterated over inside."""

Of: TypeAlias = Selectable[tuple[object, T]]
"""Whatever gives items of a type."""


# For each number of sources, because no type checker can make the union of any number of them.
@overload
def select(a: Selectable[A], /, *, priority: bool = False) -> Items[A]: ...
@overload
def select(a: Selectable[A], b: Selectable[B], /, *, priority: bool = False) -> Items[A | B]: ...
@overload
def select(
    a: Selectable[A], b: Selectable[B], c: Selectable[C], /, *, priority: bool = False
) -> Items[A | B | C]: ...
@overload
def select(
    a: Selectable[A],
    b: Selectable[B],
    c: Selectable[C],
    d: Selectable[D],
    /,
    *,
    priority: bool = False,
) -> Items[A | B | C | D]: ...
@overload
def select(
    a: Selectable[A],
    b: Selectable[B],
    c: Selectable[C],
    d: Selectable[D],
    e: Selectable[E],
    /,
    *,
    priority: bool = False,
) -> Items[A | B | C | D | E]: ...
@overload
def select(
    a: Selectable[A],
    b: Selectable[B],
    c: Selectable[C],
    d: Selectable[D],
    e: Selectable[E],
    f: Selectable[F],
    /,
    *,
    priority: bool = False,
) -> Items[A | B | C | D | E | F]: ...
@overload
def select(*sources: Selectable[T], priority: bool = False) -> Items[T]: ...
def select(*sources: Selectable[Any], priority: bool = False) -> Items[Any]:
    """Wait for several sources at once, and take one item at a time of whichever has one.

    ``async with select(orders, news, every(1.0)) as ready:``, and inside
    ``async for source, item in ready:``, where `source` is the very object that was given. Sources
    are receive ends of `open_channel`, subscriptions of `Topic.subscribe`, the answering ends of
    `open_requests`, views by `filtered` and `mapped` of any of these, and timers of `every`. It
    starts no task. Sources that have something, to give or to raise, take turns, so that none
    starves, and an item costs the same however many others have nothing. It ends when all sources
    have ended; timers, which never do, hold it open only where there is nothing else. Where the
    items say themselves what they are, `merge` is simpler.

    It takes exactly one item, in the moment in which it gives it; cancelled, it has taken nothing.
    Each step of the loop is a checkpoint. Asking for the next item acknowledges the last, as
    `ReceiveChannel.receive` does, whichever source the next one comes from. Whoever else waits to
    receive from the same channel comes first, since the select only looks for what is there: so
    `send_nowait` into an empty channel with a `max_buffer_size` of 0 does not find it waiting.
    It closes none of its sources. The task that iterates waits as one that receives, to a health
    check; use it from one task at a time, and enter it once.

    Args:
        sources: What to take from, each given once; a clone is another one.
        priority: Whether a source gives nothing while one before it has something, in place of
            taking turns: then the later ones may well starve.

    Returns:
        What to enter. Inside, each step may raise what a receive from the source whose turn it is
        would: `trio.ClosedResourceError` if the end is closed before its channel has ended,
        `Lagged` and `FilterFailed` from a subscription, and whatever the function of a view raises;
        the message it raised about is taken then. An ``async for`` ends with that; ask with
        ``anext(ready)`` to go on with the next source.

    Raises:
        ConfigurationError: There are no sources, one is given twice, or one cannot be selected.
    """
    return _selection("select", sources, alone=False, priority=priority)


@overload
def merge(a: Of[A], /, *, priority: bool = False) -> Items[A]: ...
@overload
def merge(a: Of[A], b: Of[B], /, *, priority: bool = False) -> Items[A | B]: ...
@overload
def merge(a: Of[A], b: Of[B], c: Of[C], /, *, priority: bool = False) -> Items[A | B | C]: ...
@overload
def merge(
    a: Of[A], b: Of[B], c: Of[C], d: Of[D], /, *, priority: bool = False
) -> Items[A | B | C | D]: ...
@overload
def merge(
    a: Of[A], b: Of[B], c: Of[C], d: Of[D], e: Of[E], /, *, priority: bool = False
) -> Items[A | B | C | D | E]: ...
@overload
def merge(
    a: Of[A], b: Of[B], c: Of[C], d: Of[D], e: Of[E], f: Of[F], /, *, priority: bool = False
) -> Items[A | B | C | D | E | F]: ...
@overload
def merge(*sources: Of[T], priority: bool = False) -> Items[T]: ...
def merge(*sources: Of[Any], priority: bool = False) -> Items[Any]:
    """Wait for several sources at once, and give their items alone.

    ``async with merge(orders, urgent) as items:``, and inside ``async for item in items:``. In all
    else it is `select`, which also says where each item comes from.

    Args:
        sources: What to take from, each given once.
        priority: Whether a source gives nothing while one before it has something.

    Returns:
        What to enter, and then to iterate over.

    Raises:
        ConfigurationError: There are no sources, one is given twice, or one cannot be selected.
    """
    return _selection("merge", sources, alone=True, priority=priority)


def _selection(
    name: str, given: Sequence[Selectable[Any]], *, alone: bool, priority: bool
) -> Selection[Any]:
    """Make a selection of sources that can be selected."""
    if not given:
        raise ConfigurationError(
            name, "it was given nothing to take from", "give it receive ends and timers"
        )
    for number, each in enumerate(given):
        if not is_selectable(each):
            raise ConfigurationError(name, *_no_source(each, name))
        if any(each is other for other in given[:number]):
            raise ConfigurationError(
                name, f"{each!r} is given twice", "give it once, or a clone of it the second time"
            )
    sources = [each._source() for each in given]
    for source in sources:
        if problem := source.problem():
            raise ConfigurationError(name, *problem)
    turns = ByRank() if priority else InTurn()
    return Selection[Any]._create(name, given, sources, alone, turns)


def _no_source(value: object, name: str) -> tuple[str, str]:
    """Return what is wrong with something that is no source, and the cure."""
    problem = f"{value!r} is nothing to take items from"
    if isinstance(value, SendChannel | trio.abc.SendChannel):
        return problem, "give the receive end of the channel"
    if isinstance(value, trio.abc.ReceiveChannel):
        return (
            f"{value!r} cannot be watched without a task for it alone",
            "open the channel with open_channel, whose receive end can",
        )
    if isinstance(value, int | float):
        return problem, f"write every({value!r}) for a tick every so many seconds"
    if isinstance(value, list | tuple | set | frozenset):
        return problem, f"write {name}(*sources) for what is in it"
    return problem, "give receive ends, views of them, and timers of every"
