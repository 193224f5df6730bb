"""What ties one child to others: what it needs or comes after, and who needs or follows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from ._states import READY

if TYPE_CHECKING:
    from ._record import Record

NO_RECORDS: Final[Mapping[str, Record]] = {}


@attrs.define(eq=False, weakref_slot=False)
class Links:
    """The ties of one child; most children have none."""

    needs: Mapping[str, Record] = NO_RECORDS
    """What it needs, by the keyword that it gets each value by."""
    after: Sequence[Record] = ()
    """What it starts after."""
    dependents: Sequence[Record] = ()
    """The children that need this one."""
    followers: Sequence[Record] = ()
    """The children that start after this one."""
    waiting_since: float | None = None
    """When it began to wait for them, the last time that it did."""

    def are_ready(self) -> bool:
        """Say whether everything it needs, or comes after, is there."""
        return all(need.state is READY for need in self.needs.values()) and all(
            other.may_be_followed() for other in self.after
        )

    def let_it_restart_alone(self) -> bool:
        """Say whether nobody needs it, so that nobody stops first, and nothing is to be awaited."""
        return not self.dependents and self.are_ready()

    def waits_for(self) -> tuple[str, ...]:
        """Return the paths of what it needs, or comes after, that is not there yet."""
        needs = [need.path for need in self.needs.values() if need.state is not READY]
        return (*needs, *(other.path for other in self.after if not other.may_be_followed()))

    def missing(self) -> str | None:
        """Say what it needs that has ended for good, so that it can never start."""
        for keyword, need in self.needs.items():
            if not need.may_yet_be_ready():
                return f"what it needs ({keyword}={need.path!r}) is {need.state}"
        return None


def link(record: Record, needs: Mapping[str, Record], after: Sequence[Record]) -> None:
    """Tie a new child to what it needs and comes after."""
    record.links = Links(dict(needs), tuple(after))
    for need in needs.values():
        links = _links_of(need)
        links.dependents = (*links.dependents, record)
    for other in after:
        links = _links_of(other)
        links.followers = (*links.followers, record)


def unlink(record: Record) -> None:
    """Have a child take leave of those that it needs or comes after."""
    links = _links_of(record)
    for need in links.needs.values():
        theirs = _links_of(need)
        theirs.dependents = tuple(d for d in theirs.dependents if d is not record)
    for other in links.after:
        theirs = _links_of(other)
        theirs.followers = tuple(f for f in theirs.followers if f is not record)
    links.needs, links.after = NO_RECORDS, ()


def _links_of(record: Record) -> Links:
    links = record.links = record.links or Links()
    return links
