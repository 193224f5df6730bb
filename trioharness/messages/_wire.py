"""What the parts of one codec agree on: its format, its hooks, and whether extra fields pass."""

from __future__ import annotations

import attrs

from ._builtins import BUILTINS
from ._formats import Format
from ._hook import HooksByType
from ._types import SentAs, TypeLike, class_of, is_leaf, kinds, strip


@attrs.frozen(kw_only=True)
class Wire:
    """How a codec writes and reads, whatever the lane."""

    format: Format
    hooks: HooksByType
    extra_allowed: bool
    """Whether fields that a class does not have are left out instead of refused."""

    @property
    def sent_as(self) -> SentAs:
        """The types with hooks, and as what they are sent."""
        return {found: hook.wire for found, hook in self.hooks.items()}

    def builtins_of(self, found: TypeLike) -> frozenset[type]:
        """Return the types that a value has on the wire."""
        bare = strip(found)
        if bare in self.hooks:
            return self.builtins_of(self.hooks[bare].wire)
        if is_leaf(bare):
            return self.format.leaves[class_of(bare)].builtins
        return frozenset(BUILTINS[kind] for kind in kinds(bare, self.sent_as))
