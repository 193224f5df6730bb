"""The outside of a frame: a header of fixed size, and what may follow it.

All numbers are little-endian. A frame is

====== ================================================================================
bytes
====== ================================================================================
4      F5 54 48 and the version of the header: 01. F5 never occurs in text
1      flags, see below
1      bytes of the wire name; 0 in a batch
2      version of the message; 0 in a batch
4      bytes that follow the header
4 + 8  id: node and count
8      time, signed: nanoseconds since the epoch
...    wire name in UTF-8
2 + n  if so flagged: size of the extension and the extension
...    payload, or the runs of a batch, compressed if so flagged
====== ================================================================================

Wire name and extension are never compressed, so that a frame can be passed on by what they say.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from struct import Struct
from typing import Final

from .._errors import ConfigurationError

MAGIC: Final = b"\xf5TH"
VERSION: Final = 1
START: Final = MAGIC + bytes([VERSION])

_FIXED: Final = "<8sIIQq"

FIXED: Final = Struct(_FIXED)
"""`PREFIX`, size of the rest, node, count, time."""

PREFIX: Final = Struct("<4sBBH")
"""start, flags, name size, version: the same for all plain messages of one type and version."""

SIZE: Final = FIXED.size

ZLIB: Final = 1
ZSTD: Final = 2
COMPRESSED: Final = 3
BATCH: Final = 4
EXTENDED: Final = 8
MSGPACK: Final = 16
FORMATS: Final[Mapping[str, int]] = {"json": 0, "msgpack": MSGPACK}
"""The flag of each format of a codec."""

KNOWN: Final = 31
"""All flags that mean something."""

MAX_FRAME: Final = 1024 * 1024
"""Bytes of a frame, and of what is in it, by default."""

MAX_BATCH: Final = 10_000
"""Messages of a batch, by default: many small ones would take far more room than their bytes."""

_LARGEST_FRAME: Final = 2**32 - 1
LONGEST_NAME: Final = 255
GREATEST_VERSION: Final = 2**16 - 1
LONGEST_EXTENSION: Final = 2**16 - 1

EXTENSION_SIZE: Final = Struct("<H")


@functools.cache  # of 256 sizes
def named(name_size: int) -> Struct:
    """Return the fixed header with the wire name behind it, written and read in one go."""
    return Struct(f"{_FIXED}{name_size}s")


def bound(owner: str, option: str, value: object, *, least: int = SIZE) -> int:
    """Return a size or a count that was given as an option.

    Raises:
        ConfigurationError: It is no int, or out of range.
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not least <= value <= _LARGEST_FRAME
    ):
        raise ConfigurationError(
            owner, f"{option} is {value!r}", f"give an int from {least} to {_LARGEST_FRAME}"
        )
    return value
