"""Runs: the fields of several messages of one type behind one another, by format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import Struct
from typing import Final

import attrs

from .._errors import DecodeError

_LINE: Final = b"\n"
_SIZE: Final = Struct("<I")


@attrs.frozen
class Layout:
    """One way to put payloads behind one another, so that they can be told apart unread."""

    join: Callable[[Sequence[bytes]], bytes]
    split: Callable[[bytes, int], list[bytes]]
    """``split(payloads, most)``; may stop after one more than `most`."""

    def split_exactly(self, data: bytes, count: int, name: str) -> list[bytes]:
        """Return just so many payloads of the messages of that name.

        Raises:
            DecodeError: There are more or fewer.
        """
        payloads = self.split(data, count)
        if len(payloads) != count:
            raise DecodeError("batch", f"there are not just {count} messages {name!r}, as it says")
        return payloads


def _join_lines(payloads: Sequence[bytes]) -> bytes:
    return _LINE.join(payloads)


def _split_lines(data: bytes, most: int) -> list[bytes]:
    return data.split(_LINE, most)


def _join_sized(payloads: Sequence[bytes]) -> bytes:
    return b"".join([_SIZE.pack(len(payload)) + payload for payload in payloads])


def _split_sized(data: bytes, most: int) -> list[bytes]:
    payloads: list[bytes] = []
    at = 0
    while at < len(data) and len(payloads) <= most:
        start = at + _SIZE.size
        at = start + _SIZE.unpack_from(data, at)[0] if start <= len(data) else len(data) + 1
        if at > len(data):
            raise DecodeError("batch", "a payload is cut short")
        payloads.append(data[start:at])
    return payloads


LAYOUTS: Final[Mapping[str, Layout]] = {
    # Compact JSON has no line breaks.
    "json": Layout(_join_lines, _split_lines),
    "msgpack": Layout(_join_sized, _split_sized),
}
"""By the name of the format."""
