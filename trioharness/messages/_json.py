"""JSON text to builtins and back.

Imported when the first `Codec` is built, since it brings msgspec.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec.json

from ._leaves import NOT_FINITE
from ._problems import Refused

_OFFSET: Final = re.compile(r"\(byte (\d+)\)")

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


def dump(builtins: object) -> bytes:
    """Write builtins as compact JSON in UTF-8."""
    return _encoder.encode(builtins)


def load(text: bytes) -> object:
    """Read JSON; of duplicate keys the last one wins.

    Raises:
        Refused: It is no JSON, no UTF-8, or nested deeper than the reader goes.
    """
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # msgspec's own path is without names: it was not told what to expect.
        problem = str(error).partition(" - at ")[0]
        raise Refused(f"it is no valid JSON: {problem}{_hint(text, problem)}", text) from error
    except RecursionError:
        raise Refused("it is nested far too deeply", text) from None


def _hint(text: bytes, problem: str) -> str:
    """Say what to do about what other writers of JSON do write."""
    found = _OFFSET.search(problem)
    at = text[int(found[1]) :] if found else b""
    return f"; {NOT_FINITE}" if at.startswith((b"NaN", b"Infinity")) else ""
