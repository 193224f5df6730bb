"""The channel ends of a run that are for those outside of its components."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import trio

from ..channels import SendChannel
from ._channels import OpenChannel
from ._declared import DeclaredChannel, DeclaredEnd


@attrs.define(eq=False)
class Outside:
    """The exposed ends of one run: clones of its own, whatever becomes of those of components.

    A drain sees no component that sends through them: it finishes what they send into as soon as
    nobody inside sends there any more, and what was sent until then is dealt with.
    """

    _ends: Mapping[DeclaredEnd, SendChannel[Any]]
    left: trio.Event = attrs.field(factory=trio.Event, init=False)
    """Nothing more comes from outside."""

    def end(self, declared: DeclaredEnd) -> SendChannel[Any]:
        """Return the end of this run for a declared one.

        Raises:
            EndNotOpen: It was not exposed.
        """
        end = self._ends.get(declared)
        if end is None:
            raise declared.not_exposed()
        return end

    def close(self) -> None:
        """Close the ends, so that what they feed can end by itself."""
        for end in self._ends.values():
            end.close()
        self.left.set()


def outside(
    exposed: Iterable[DeclaredEnd], channels: Mapping[DeclaredChannel, OpenChannel]
) -> Outside:
    """Return the exposed ends of a run whose channels have just been opened."""
    ends: dict[DeclaredEnd, SendChannel[Any]] = {}
    for declared in exposed:
        send = channels[declared.declared].send
        assert send is not None  # only what sends can be exposed
        ends[declared] = send.clone()
    return Outside(ends)
