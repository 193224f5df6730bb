"""Formats: builtins to bytes and back, in JSON or in MessagePack.

Imported when the first `Codec` is built, since it brings msgspec.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias

import attrs
import msgspec

from ._leaves import JSON_LEAVES, MSGPACK_LEAVES, NOT_FINITE, Leaf
from ._problems import Refused
from ._runs import LAYOUTS

FormatName: TypeAlias = Literal["json", "msgpack"]

_OFFSET: Final = re.compile(r"\(byte (\d+)\)")
_JSON_ENCODER: Final = msgspec.json.Encoder()
_MSGPACK_ENCODER: Final = msgspec.msgpack.Encoder()
_JSON_OPENERS: Final = b"[{"
_MSGPACK_OPENERS: Final = bytes((*range(0x80, 0xA0), 0xDC, 0xDD, 0xDE, 0xDF))


@attrs.frozen(kw_only=True)
class Format:
    """One way to write builtins, and what it has beyond null, bool, int, float and str."""

    name: FormatName
    leaves: Mapping[type, Leaf]
    """How each scalar type is written in it."""
    int_keys: bool
    """Whether the keys of an object may be ints; where not, they are written as strings."""
    encode: Callable[[Any], bytes]
    """Writes also what `decoder` can read: attrs classes, Structs, UUIDs and more."""
    encode_run: Callable[[list[Any]], bytes]
    """Writes many in the layout of this format: what `Layout.join` makes of each, only faster."""
    decoder: Callable[[Any], Callable[[bytes], Any]]
    """Makes what reads bytes as a value of a type, as msgspec means it."""
    run_decoder: Callable[[Any], Callable[[bytes, int], Iterable[Any]]]
    """Makes what reads just so many values of a type in the layout of this format; of anything else
    it raises something, as msgspec does, and may have made as many as there is room for."""
    read: Callable[[bytes], object]
    no_openers: bytes
    """All bytes but those with which an object or an array can begin."""
    separator: bytes
    """What is between two items of an object or an array; empty where there is nothing."""

    def dump(self, builtins: object) -> bytes:
        """Write builtins.

        Raises:
            Refused: They are nested deeper than the writer goes, or too large a number.
        """
        try:
            return self.encode(builtins)
        except RecursionError:
            raise Refused("it is nested too deeply, or contains itself", None) from None

    def load(self, data: bytes) -> object:
        """Read builtins; of duplicate keys the last one wins.

        Raises:
            Refused: It is not of this format, no UTF-8, or nested deeper than the reader goes.
        """
        try:
            return self.read(data)
        except RecursionError:
            raise Refused("it is nested far too deeply", data) from None
        except (msgspec.DecodeError, ValueError, OverflowError, TypeError) as error:
            # TypeError: MessagePack may have a dict as a key. msgspec's own path is without names:
            # it was not told what to expect.
            problem = str(error).partition(" - at ")[0]
            reason = f"it is no valid {_SPELLED[self.name]}: {problem}{self._hint(data, problem)}"
            raise Refused(reason, data) from error

    def openers(self, data: bytes) -> int:
        """Count the bytes with which an object or an array can begin: at least as many as do."""
        return len(data.translate(None, self.no_openers))

    def most_items(self, data: bytes) -> int:
        """Return how many items the longest object or array can have: never less than it has."""
        return data.count(self.separator) + 1 if self.separator else len(data)

    def _hint(self, data: bytes, problem: str) -> str:
        """Say what to do about what other writers of JSON do write."""
        found = _OFFSET.search(problem)
        at = data[int(found[1]) :] if found and self.name == "json" else b""
        return f"; {NOT_FINITE}" if at.startswith((b"NaN", b"Infinity")) else ""


def _encode_lines(payloads: list[Any]) -> bytes:
    return _JSON_ENCODER.encode_lines(payloads)[:-1]  # without the last line break


def _encode_sized(payloads: list[Any]) -> bytes:
    return LAYOUTS["msgpack"].join([*map(_MSGPACK_ENCODER.encode, payloads)])


def _json_run_decoder(type_: Any) -> Callable[[bytes, int], Iterable[Any]]:
    decode_lines = msgspec.json.Decoder(type_).decode_lines

    def decode_run(data: bytes, count: int) -> Iterable[Any]:
        # It takes any white space between values, or none, and in a value as well. That they are
        # one a line is told by the line breaks: there are as many as there have to be, and each
        # stands where no value has one.
        if not count - 1 == data.count(b"\n") == data.count(b"}\n{"):
            raise ValueError("not a value a line")
        values = decode_lines(data)
        if len(values) != count:
            raise ValueError("not one value a line")
        return values

    return decode_run


def _msgpack_run_decoder(type_: Any) -> Callable[[bytes, int], Iterable[Any]]:
    decode = msgspec.msgpack.Decoder(type_).decode
    split = LAYOUTS["msgpack"].split_exactly
    return lambda data, count: map(decode, split(data, count, ""))


def _all_but(kept: bytes) -> bytes:
    return bytes(set(range(256)) - set(kept))


_SPELLED: Final[Mapping[FormatName, str]] = {"json": "JSON", "msgpack": "MessagePack"}

FORMATS: Final[Mapping[FormatName, Format]] = {
    "json": Format(
        name="json",
        leaves=JSON_LEAVES,
        int_keys=False,
        encode=_JSON_ENCODER.encode,
        encode_run=_encode_lines,
        decoder=lambda type_: msgspec.json.Decoder(type_).decode,
        run_decoder=_json_run_decoder,
        read=msgspec.json.Decoder().decode,
        no_openers=_all_but(_JSON_OPENERS),
        separator=b",",
    ),
    "msgpack": Format(
        name="msgpack",
        leaves=MSGPACK_LEAVES,
        int_keys=True,
        encode=_MSGPACK_ENCODER.encode,
        encode_run=_encode_sized,
        decoder=lambda type_: msgspec.msgpack.Decoder(type_).decode,
        run_decoder=_msgpack_run_decoder,
        read=msgspec.msgpack.Decoder().decode,
        no_openers=_all_but(_MSGPACK_OPENERS),
        separator=b"",
    ),
}
