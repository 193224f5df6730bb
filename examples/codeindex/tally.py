"""What the components of one run have in common: how far each of them has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import final

import attrs

from .listing import Listing


@final
@attrs.define(eq=False, kw_only=True)
class Tally:
    """Live counters of one run. Sets of paths, since a message may be delivered more than once."""

    copies: Mapping[str, int]
    """How many copies of each component there are."""
    listing: Listing | None = None
    """What was listed; None until that is done."""
    sent: set[str] = attrs.field(init=False, factory=set[str])
    """The files that were sent into the pipeline."""
    stored: set[str] = attrs.field(init=False, factory=set[str])
    """The files that came out of it."""
    incarnations: Counter[str] = attrs.field(init=False, factory=Counter[str])

    def begin(self, component: str) -> None:
        """Count a life of a copy of `component`."""
        self.incarnations[component] += 1

    @property
    def restarts(self) -> int:
        """All lives but the first of each copy."""
        return sum(max(0, n - self.copies[name]) for name, n in self.incarnations.items())

    @property
    def listed(self) -> int:
        """How many files were listed."""
        return len(self.listing.files) if self.listing else 0
