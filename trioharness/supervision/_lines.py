"""Bytes that arrive in pieces, as lines of text of bounded length."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final

import attrs

LONGEST_LINE: Final = 4096
"""Characters; what is longer comes in pieces of that length."""


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")("replace")


@attrs.define(eq=False)
class Lines:
    """Makes lines out of bytes; what is no UTF-8 is replaced by ``U+FFFD``."""

    _decoder: codecs.IncrementalDecoder = attrs.field(factory=_decoder)
    _begun: str = ""
    """What there is of the next line; always shorter than `LONGEST_LINE`."""
    _is_cut: bool = False
    """Whether there was more of it, which was told already."""

    def take(self, chunk: bytes | bytearray, *, final: bool = False) -> Iterator[str]:
        """Yield the lines that end in `chunk`, or are full."""
        # Not `splitlines`: it breaks lines at characters that nobody meant for that.
        *ended, begun = (self._begun + self._decoder.decode(chunk, final)).split("\n")
        for line in ended:
            text = line.removesuffix("\r")
            if text:
                yield from _pieces(text)
            elif not self._is_cut:
                yield ""
            self._is_cut = False
        if full := len(begun) - len(begun) % LONGEST_LINE:
            yield from _pieces(begun[:full])
            self._is_cut = True
        self._begun = begun[full:]

    def rest(self) -> Iterator[str]:
        """Yield the last line, if it has no end; to be called once, at the end."""
        yield from self.take(b"", final=True)
        if self._begun:
            yield self._begun


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), LONGEST_LINE):
        yield text[start : start + LONGEST_LINE]
