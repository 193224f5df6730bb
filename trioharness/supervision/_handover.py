"""Channel ends that are handed over to children.

An argument that is a channel end is moved: the supervisor keeps it, each incarnation gets a clone,
and the kept end closes when the last child that holds it can never run again. So what is queued
outlives a crash, and a pipeline ends by itself when its source returns.

Ends are counted by identity. A view shows an end that others may hold too, also through other
views: it counts as that end, which closes when the last of them is done with it.

Supervision knows no channel class. An end is whatever can be cloned and closed and can send or
receive: ours, trio's memory channels, anyio's memory object streams. Our ends also have the
optional verbs below, which are called where they are there. Whether they are is asked of the end
itself and not of its class, because an end may be a view that passes them on to another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Generic, Protocol, TypeGuard, TypeVar, cast

import attrs
import trio

from .._events import Crashed, Exit, InHand, Stopped

T = TypeVar("T")


class End(Protocol):
    """What supervision needs of a channel end."""

    def clone(self) -> End:
        """Return another end of the same channel."""
        ...

    def close(self) -> None:
        """Close this end."""
        ...


class Settles(End, Protocol):
    """A receive end that knows what its holder had in hand."""

    def settle(self, error: Exception | None, *, stopped: bool = False) -> tuple[InHand, ...]:
        """Decide what becomes of what is in hand; tell what that was."""
        ...


class Finishes(Protocol):
    """An end that can refuse what is new and still deliver what is queued."""

    @property
    def channel(self) -> object:
        """The channel, the same object for all its ends."""
        ...

    def finish(self) -> None:
        """Refuse new sends; deliver what is queued, then end."""
        ...


class Suspends(Protocol):
    """A receive end that can have sends fail while nobody is there to receive."""

    @property
    def answers(self) -> bool:
        """Whether somebody waits for an answer to what is sent; other messages can wait."""
        ...

    def suspend(self, error: Exception) -> None:
        """Say that nobody receives through this end, and why."""
        ...

    def resume(self) -> None:
        """Say that somebody does again."""
        ...

    def expect(self, holders: int) -> None:
        """Say how many are to receive through clones of this end, those that run included."""
        ...

    def held_by(self, holder: object) -> None:
        """Say which of them has this end, a clone, until it is closed."""
        ...


def feed(end: Finishes) -> int:
    """Return what an end sends into or is fed from, as an identity.

    It is that of its channel, unless the channel has a `source` by which it is fed: a subscription
    to a topic is a channel of its own, and fed by whoever publishes.
    """
    channel = end.channel
    return id(getattr(channel, "source", channel))


class Meter(Protocol):
    """What is told of the waits of an incarnation; several may overlap."""

    def wait_began(self) -> None:
        """Take note that a wait begins."""
        ...

    def wait_ended(self) -> None:
        """Take note that a wait is over, however it ended."""
        ...


class Watches(Protocol):
    """A receive end that tells when somebody waits on it."""

    def watch(self, meter: Meter | None) -> None:
        """Tell `meter` from now on; nobody, if it is None. The end has another holder with this."""
        ...


def settles(end: object) -> TypeGuard[Settles]:
    """Say whether an end knows what its holder had in hand."""
    return hasattr(end, "settle")


def finishes(end: object) -> TypeGuard[Finishes]:
    """Say whether an end can refuse what is new and still deliver what is queued."""
    return hasattr(end, "finish") and hasattr(end, "channel")


def suspends(end: object) -> TypeGuard[Suspends]:
    """Say whether an end receives what somebody waits for an answer to, and can fail it."""
    return bool(getattr(end, "answers", False)) and hasattr(end, "suspend")


def watches(end: object) -> TypeGuard[Watches]:
    """Say whether an end tells when somebody waits on it."""
    return hasattr(end, "watch")


@attrs.frozen
class AsIs(Generic[T]):
    """An argument that is to be passed on as it is."""

    value: T


def as_is(value: T) -> T:
    """Mark an argument so that it is passed to the component as it is, not handed over.

    Use it for a channel end that the component shall share with its caller and may close for good.
    It is for arguments of `Supervisor.start`, `Supervisor.start_soon` and `Harness.add`, nowhere
    else: what it returns is a mark, typed as what it marks.

    Args:
        value: The argument.

    Returns:
        The mark.
    """
    return cast("T", AsIs(value))


def is_end(value: object) -> TypeGuard[End]:
    """Say whether an argument is a channel end that can be handed over."""
    return (
        not isinstance(value, type)
        and callable(getattr(value, "clone", None))
        and callable(getattr(value, "close", None))
        and (hasattr(value, "send") or hasattr(value, "receive"))
    )


def _plain(value: object) -> object:
    return cast("AsIs[object]", value).value if isinstance(value, AsIs) else value


def shown_end(end: End) -> End:
    """Return the end that is to be kept: for a view, the one that it shows."""
    return cast("End", getattr(end, "shown_end", end))


@attrs.define(eq=False)
class Kept:
    """One end that a supervisor keeps, and the children that hold it, or views of it."""

    end: End
    holders: set[object] = attrs.field(factory=set[object])
    down: dict[object, Exception] = attrs.field(factory=dict[object, Exception])
    """Holders that stay down until somebody starts them by hand, and why."""

    def heed_holders(self) -> None:
        """Have calls fail while all holders are down: nobody is to answer."""
        end = self.end
        if suspends(end):
            end.expect(len(self.holders) - len(self.down))
            if self.down and len(self.down) == len(self.holders):
                end.suspend([*self.down.values()][-1])
            else:
                end.resume()

    @property
    def receives(self) -> bool:
        """Whether it is a receive end."""
        return hasattr(self.end, "receive")


GONE: Final = object()
"""In place of an end, as an argument of a component: nothing inside of it will use that again."""

NO_KEYWORDS: Final[Mapping[str, object]] = MappingProxyType({})
NO_ENDS: Final[Mapping[int | str, Kept]] = MappingProxyType({})

NEVER_ENDS: Final = frozenset({str, bytes, int, float, bool, type(None), tuple, list, dict, set})
"""The types of most arguments, none of which needs a closer look."""


class Holder(Protocol):
    """A child, as far as its arguments go."""

    path: str
    positional: tuple[object, ...]
    keywords: Mapping[str, object]
    ends: Mapping[int | str, Kept]


def clone_ends(holder: Holder, made: list[End]) -> tuple[tuple[object, ...], dict[str, object]]:
    """Return the arguments of a child with a fresh clone in place of each end.

    Args:
        holder: The child.
        made: Where the clones are put, also those before one that fails.

    Raises:
        trio.ClosedResourceError: A kept end was closed by somebody else.
    """
    clones: dict[int | str, End] = {}
    for place in holder.ends:  # what it was given is cloned, which may be a view of what is kept
        given = holder.positional[place] if isinstance(place, int) else holder.keywords[place]
        try:
            clones[place] = clone = cast("End", given).clone()
        except trio.ClosedResourceError:
            raise _closed_elsewhere(given, holder) from None
        made.append(clone)
        if suspends(clone):
            clone.held_by(holder)
    positional = tuple(clones.get(i, value) for i, value in enumerate(holder.positional))
    keywords = {key: clones.get(key, value) for key, value in holder.keywords.items()}
    return positional, keywords


def _closed_elsewhere(end: object, holder: Holder) -> trio.ClosedResourceError:
    """Return the error in place of that of the end, which knows nothing of the handover."""
    return trio.ClosedResourceError(
        f"{end!r}, handed over to {holder.path!r}, was closed by somebody else; leave that to "
        "the supervisor, or hand over end.clone()"
    )


@attrs.define(eq=False)
class Handover:
    """All ends that one supervisor keeps, by identity."""

    _kept: dict[int, Kept] = attrs.field(factory=dict[int, Kept])
    on_release: Callable[[End], None] | None = None
    """Told of each end that none of the children will ever use again, when it has been closed."""

    def take(self, holder: Holder) -> None:
        """Take over the ends among the arguments of a child."""
        ends: dict[int | str, Kept] = {}
        places: list[tuple[int | str, object]] = [
            *enumerate(holder.positional),
            *holder.keywords.items(),
        ]
        for place, value in places:
            if is_end(value):
                end = shown_end(value)
                kept = self._kept.setdefault(id(end), Kept(end))
                kept.holders.add(holder)
                if watches(value):
                    value.watch(None)  # it may be the clone of an end that another component has
                kept.heed_holders()
                ends[place] = kept
        holder.positional = tuple(_plain(value) for value in holder.positional)
        holder.keywords = {key: _plain(value) for key, value in holder.keywords.items()}
        if ends:
            holder.ends = ends

    def release(self, holder: Holder) -> None:
        """Note that a child will never run again; close what nobody holds any more."""
        for kept in self._taken_from(holder):
            self._close(kept)

    def let_go(self, holder: Holder, place: int | str) -> None:
        """Note that a child will never use one of its ends again, though it may run again."""
        kept = holder.ends[place]
        holder.ends = {key: other for key, other in holder.ends.items() if key != place}
        holder.positional = tuple(
            GONE if key == place else value for key, value in enumerate(holder.positional)
        )
        holder.keywords = {
            key: GONE if key == place else value for key, value in holder.keywords.items()
        }
        if kept not in holder.ends.values():
            kept.holders.discard(holder)
            kept.down.pop(holder, None)
        if kept.holders:
            kept.heed_holders()
        elif self._kept.pop(id(kept.end), None) is not None:
            self._close(kept)

    def _close(self, kept: Kept) -> None:
        kept.end.close()
        if self.on_release is not None:
            self.on_release(kept.end)

    def give_back(self, holder: Holder) -> None:
        """Undo `take` for a child that never started: its ends are the caller's again."""
        for kept in self._taken_from(holder):
            kept.heed_holders()  # nobody keeps it, and it stays open

    def _taken_from(self, holder: Holder) -> Iterator[Kept]:
        """Take the ends of a child from it; yield those that nobody holds any more."""
        for kept in holder.ends.values():
            kept.holders.discard(holder)
            kept.down.pop(holder, None)
            if kept.holders:
                kept.heed_holders()
            elif self._kept.pop(id(kept.end), None) is not None:
                yield kept

    def put_down(self, holder: Holder, error: Exception) -> None:
        """Note that a child stays down until somebody starts it by hand.

        Args:
            holder: The child.
            error: Why; whoever sends to nobody but such children is told.
        """
        for kept in holder.ends.values():
            if holder in kept.holders:
                kept.down[holder] = error
                kept.heed_holders()

    def take_up(self, holder: Holder) -> None:
        """Note that a child that was down begins again."""
        for kept in holder.ends.values():
            if kept.down.pop(holder, None) is not None:
                kept.heed_holders()

    def close(self) -> None:
        """Close every end that is still kept."""
        while self._kept:
            _, kept = self._kept.popitem()
            kept.end.close()


def settle(clones: Iterable[End], exit: Exit) -> tuple[InHand, ...]:
    """Settle and close the clones of an incarnation that has ended.

    Returns:
        What the incarnation had in hand, and what became of it.
    """
    error = exit.error if isinstance(exit, Crashed) else None
    in_hand: list[InHand] = []
    for clone in clones:
        if settles(clone):
            in_hand += clone.settle(error, stopped=isinstance(exit, Stopped))
        clone.close()
    return tuple(in_hand)
