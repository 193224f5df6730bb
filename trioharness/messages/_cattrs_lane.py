"""The cattrs lane: messages to bytes and back, whatever there is to do; it is the contract.

What it takes, gives and refuses is what a codec takes, gives and refuses. The fast lane only ever
says yes, where this one would say the same, or leaves the word to it.

Imported when the first `Codec` is built: who encodes nothing need not import cattrs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NoReturn

import attrs

from .._errors import DecodeError, EncodeError, UnknownMessageError
from .._util import type_name
from ._bounds import Bounds
from ._converter import Hooks
from ._entries import Entry, open_envelope
from ._problems import Problem, Reader, Refused, Writer, locate, shorten
from ._types import TypeLike, class_of
from ._wire import Wire

_ROOT: Final = "message"
"""How paths call a message before its wire name is known."""
_SMALLER: Final = "send less at a time, or raise the bound on both sides"


@attrs.frozen
class _Known:
    """One message type, with its quick hooks."""

    entry: Entry
    read: Reader
    write: Writer


class CattrsLane:
    """Has quick hooks for each message, and such that find out where something was refused."""

    def __init__(
        self, entries: Mapping[str, Entry], types: Iterable[TypeLike], wire: Wire, bounds: Bounds
    ) -> None:
        self._wire = wire
        self._format = wire.format
        self._bounds = bounds
        self._entries = entries
        self._types = frozenset(types)
        self._marked: Hooks | None = None
        quick = Hooks(self._types, wire, marked=False)
        self._by_name = {
            name: _Known(entry, quick.reader(entry.form), quick.writer(entry.form))
            for name, entry in entries.items()
        }
        self._by_class: Mapping[type, _Known] = {
            class_of(known.entry.form): known for known in self._by_name.values()
        }

    def encode(self, msg: object) -> bytes:
        """Do what `Codec.encode` does."""
        known = self._known(type(msg))
        return self._written(known, known.entry.wrap(self._payload(known, msg)))

    def decode(self, data: bytes) -> object:
        """Do what `Codec.decode` does."""
        return self._message(self._parsed(data, _ROOT))

    def dump(self, msg: object, cls: type) -> bytes:
        """Do what `Dumper.dump` of a class does, of which the message has to be."""
        known = self._known(cls)
        if type(msg) is not cls:
            raise EncodeError(type(msg).__qualname__, f"expected a {cls.__qualname__} here")
        return self._written(known, self._payload(known, msg), is_payload=True)

    def load(self, name: str, version: int, payload: bytes) -> object:
        """Do what `Codec.load` does."""
        fields = self._parsed(payload, name, is_payload=True)
        return self._message({"type": name, "version": version, "data": fields})

    def to_builtins(self, msg: object) -> dict[str, object]:
        """Do what `Codec.to_builtins` does."""
        known = self._known(type(msg))
        builtins = known.entry.wrap(self._payload(known, msg))
        self._hold_to_bounds(known, builtins)
        return builtins

    def from_builtins(self, obj: object) -> object:
        """Do what `Codec.from_builtins` does."""
        broken = self._bounds.broken_by(obj)
        if broken is not None:
            raise DecodeError(_ROOT, broken)
        return self._message(obj)

    def refuse(self, cls: type) -> NoReturn:
        """Refuse a class that is not known."""
        names = ", ".join(type_name(entry.form) for entry in self._entries.values())
        got = cls.__qualname__
        raise EncodeError(got, f"this codec knows {names}; build one that knows {got} as well")

    def _known(self, cls: type) -> _Known:
        return self._by_class.get(cls) or self.refuse(cls)

    def _payload(self, known: _Known, msg: object) -> object:
        try:
            return known.write(msg)
        except Exception as error:  # noqa: BLE001 - whatever a hook raised, here is its path
            problem = self._problem(
                lambda hooks: hooks.writer(known.entry.form)(msg), known.entry.name, msg, error
            )
            got = f" (got {problem.shown})" if problem.shown else ""
            raise EncodeError(problem.path, f"{problem.reason}{got}") from problem.cause

    def _written(self, known: _Known, builtins: object, *, is_payload: bool = False) -> bytes:
        try:
            data = self._format.dump(builtins)
        except Refused as error:
            raise EncodeError(repr(known.entry.name), error.reason) from None
        if len(data) > self._bounds.max_size:
            reason = f"{self._bounds.too_large(len(data))}; {_SMALLER}"
            raise EncodeError(repr(known.entry.name), reason)
        if len(data) > self._bounds.look_from:
            self._hold_to_bounds(known, [builtins] if is_payload else builtins)
        return data

    def _hold_to_bounds(self, known: _Known, builtins: object) -> None:
        broken = self._bounds.broken_by(builtins)
        if broken is not None:
            raise EncodeError(repr(known.entry.name), f"{broken}; {_SMALLER}")

    def _parsed(self, data: bytes, root: str, *, is_payload: bool = False) -> object:
        if not isinstance(data, bytes | bytearray | memoryview):
            raise DecodeError(root, f"expected bytes, not {type(data).__name__}", shorten(data))
        data = bytes(data)
        if len(data) > self._bounds.max_size:
            raise DecodeError(root, self._bounds.too_large(len(data)))
        try:
            builtins = self._format.load(data)
        except Refused as error:
            _refuse(locate(error, root, data), error)
        if len(data) > self._bounds.look_from:
            broken = self._bounds.broken_by([builtins] if is_payload else builtins)
            if broken is not None:
                raise DecodeError(root, broken)
        return builtins

    def _message(self, builtins: object) -> object:
        try:
            entry, payload = open_envelope(builtins, self._entries)
        except Refused as error:
            _refuse(locate(error, _ROOT, builtins), error)
        try:
            return self._by_name[entry.name].read(payload, entry.form)
        except Exception as error:  # noqa: BLE001 - validators raise what they like
            problem = self._problem(
                lambda hooks: hooks.reader(entry.form)(payload, entry.form),
                entry.name,
                payload,
                error,
            )
            raise _decode_error(problem) from problem.cause

    def _problem(
        self, attempt: Callable[[Hooks], object], root: str, value: object, error: Exception
    ) -> Problem:
        """Try once more what failed with `error`, slowly, to find out where."""
        if self._marked is None:
            self._marked = Hooks(self._types, self._wire, marked=True)
        try:
            attempt(self._marked)
        except RecursionError:
            # The marks need more of the stack, and a path as long as it would help nobody.
            return locate(error, root, value)
        except Exception as marked:  # noqa: BLE001 - validators raise what they like
            return locate(marked, root, value)
        # A validator that refused only the first time: its word, without a path.
        return locate(error, root, value)


def _refuse(problem: Problem, error: Refused) -> NoReturn:
    raise _decode_error(problem) from error.__cause__


def _decode_error(problem: Problem) -> DecodeError:
    error_type = UnknownMessageError if problem.unknown else DecodeError
    return error_type(problem.path, problem.reason, problem.shown)
