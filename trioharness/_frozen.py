"""Data that is made by the thousand: frozen to type checkers only.

At run time a frozen attrs class takes two to three times as long to be made as one that is not: as
much as all the rest of an event, or of reading a frame. A checker refuses to change these as well.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attrs import frozen
else:
    import functools

    import attrs

    frozen = functools.partial(attrs.define, unsafe_hash=True)

__all__ = ["frozen"]
