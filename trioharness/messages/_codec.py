"""`Codec`: messages to bytes and back, strict, versioned and bounded."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Generic, TypeVar, cast, final

import attrs

from .._errors import ConfigurationError, DecodeError, EncodeError, UnknownMessageError
from ._builtins import is_deeper
from ._envelope import Entry, entries_of, open_envelope
from ._problems import Problem, Reader, Refused, Writer, locate
from ._types import TypeLike, class_of, fields_of, is_union, strip, type_name

if TYPE_CHECKING:
    from typing_extensions import TypeForm

T = TypeVar("T")

_ROOT: Final = "message"
"""How paths call a message before its wire name is known."""


@attrs.frozen
class _Known:
    """One message type of a codec, with its hooks."""

    entry: Entry
    read: Reader
    write: Writer


@final
class Codec(Generic[T]):
    """Turns the messages of one type, or of a union of types, into bytes and back.

    A codec knows exactly the types it was built for; there is no registry, and nothing is ever
    imported, evaluated or unpickled because of what bytes say. In process messages need no codec:
    build one where they leave it, once, and keep it, since building takes milliseconds.

    On the wire a message is the JSON object ``{"type": name, "version": n, "data": {...}}``.
    Nothing is coerced: a value of another type, a field too many and a field without default too
    few are refused, when decoding and, as far as it applies, when encoding. Of duplicate JSON keys
    the last one wins.

    Fields are None, bool, int, float, str, bytes, `datetime` (aware), `date`, `UUID`, `Decimal`,
    `Path`, enums and literals of str or int, list, tuple, set, frozenset, dict (keys: str, int, or
    what else is either on the wire), attrs classes (nested, recursive, generic), unions whose
    members look different in JSON, unions of attrs classes (messages by name, others by the fields
    only they have), and `object` or `Any` for what is plain JSON already.

    Example::

        codec = Codec(Order | Cancel)
        data = codec.encode(Order(id=1, qty=2.0))
        assert codec.decode(data) == Order(id=1, qty=2.0)
    """

    def __init__(
        self, form: TypeForm[T], *, max_size: int = 1024 * 1024, max_depth: int = 32
    ) -> None:
        """Build the codec, and check everything that can be checked before there is a message.

        Args:
            form: A message class, a generic one with its arguments, or a union of such.
            max_size: Most bytes of one encoded message, in both directions.
            max_depth: Most levels of objects and arrays, the envelope included, in both directions.

        Raises:
            ConfigurationError: A class is no message, a field has a type that cannot be sent,
                upgrades of a message do not fit together, or a bound is not positive.
            DuplicateNameError: Two of the classes have the same wire name.
        """
        # Not at the top: they bring cattrs and msgspec, which who encodes nothing need not import.
        from . import _json  # noqa: PLC0415
        from ._lanes import CattrsLane  # noqa: PLC0415

        self._name = f"Codec({type_name(form)})"
        self._max_size = _positive(self._name, "max_size", max_size)
        self._max_depth = _positive(self._name, "max_depth", max_depth)
        self._json = _json
        forms = _members(form)
        self._entries = entries_of(forms, self._name)
        self._lane = CattrsLane(forms)
        known = [
            _Known(entry, self._lane.reader(entry.form), self._lane.writer(entry.form))
            for entry in self._entries.values()
        ]
        self._by_name = {each.entry.name: each for each in known}
        self._by_class: Mapping[type, _Known] = {class_of(each.entry.form): each for each in known}

    def __repr__(self) -> str:
        return self._name

    def encode(self, msg: T) -> bytes:
        """Turn a message into bytes: JSON in UTF-8, without line breaks.

        Args:
            msg: A message of exactly one of the codec's classes.

        Returns:
            At most `max_size` bytes.

        Raises:
            EncodeError: It is of none of the codec's classes (a subclass is another class), a field
                has a value that could not be read back, or it is too large or too deep.
        """
        return self._bounded(msg, self._json.dump(self.to_builtins(msg)))

    def decode(self, data: bytes) -> T:
        """Turn bytes into the message they are, of an old version as well.

        Args:
            data: What `encode` of this codec, or of one in an older program, has written.

        Returns:
            The message, with its attrs converters and validators run.

        Raises:
            DecodeError: It is no JSON, no message, too large or too deep, or a field is wrong; with
                the path, the reason and the value, shortened. ``__cause__`` is what a validator or
                an upgrade raised.
            UnknownMessageError: Wire name or version are not among those the codec knows.
        """
        return self.from_builtins(self._parsed(data, _ROOT))

    def dump(self, msg: T) -> tuple[str, int, bytes]:
        """Turn a message into its wire name, its version and the bytes of its fields alone.

        For a frame that has a place of its own for name and version; else use `encode`.

        Args:
            msg: A message of exactly one of the codec's classes.

        Returns:
            What `load` takes; at most `max_size` bytes.

        Raises:
            EncodeError: As `encode`.
        """
        wrapped = self.to_builtins(msg)
        entry = self._known(msg).entry
        return entry.name, entry.version, self._bounded(msg, self._json.dump(wrapped["data"]))

    def load(self, name: str, version: int, payload: bytes) -> T:
        """Turn what `dump` gave, now or in an older program, back into the message.

        Args:
            name: Its wire name.
            version: Its version.
            payload: The bytes of its fields.

        Returns:
            The message, with its attrs converters and validators run.

        Raises:
            DecodeError: As `decode`.
            UnknownMessageError: As `decode`.
        """
        fields = self._parsed(payload, name)
        return self.from_builtins({"type": name, "version": version, "data": fields})

    def to_builtins(self, msg: T) -> dict[str, object]:
        """Turn a message into what `encode` writes, as plain dicts, lists and scalars.

        For putting it into a larger JSON document; that is then not bounded by `max_size`.

        Args:
            msg: A message of exactly one of the codec's classes.

        Returns:
            ``{"type": name, "version": n, "data": {...}}``, the caller's own.

        Raises:
            EncodeError: As `encode`.
        """
        known = self._known(msg)
        try:
            builtins = known.entry.wrap(known.write(msg))
        except Exception as error:  # noqa: BLE001 - whatever a hook raised, here is its path
            problem = self._lane.why_not_written(known.entry.form, msg, known.entry.name, error)
            got = f" (got {problem.shown})" if problem.shown else ""
            raise EncodeError(problem.path, f"{problem.reason}{got}") from problem.cause
        if is_deeper(builtins, self._max_depth):
            raise EncodeError(
                repr(known.entry.name),
                f"it is nested in more than {self._max_depth} levels; "
                f"send a flatter message, or raise max_depth on both sides",
            )
        return builtins

    def from_builtins(self, obj: object) -> T:
        """Turn what `to_builtins` gave back into a message.

        Args:
            obj: Plain dicts, lists and scalars, as they come out of a JSON reader; not changed.

        Returns:
            The message, with its attrs converters and validators run.

        Raises:
            DecodeError: As `decode`.
            UnknownMessageError: As `decode`.
        """
        if is_deeper(obj, self._max_depth):
            reason = f"it is nested in more than {self._max_depth} levels (max_depth)"
            raise DecodeError(_ROOT, reason)
        try:
            entry, payload = open_envelope(obj, self._entries)
        except Refused as error:
            raise _decode_error(locate(error, _ROOT, obj)) from error.__cause__
        try:
            return cast("T", self._by_name[entry.name].read(payload, entry.form))
        except Exception as error:  # noqa: BLE001 - validators raise what they like
            problem = self._lane.why_not_read(entry.form, payload, entry.name, error)
            raise _decode_error(problem) from problem.cause

    def explain(self) -> str:
        """Return what the codec knows, in words, for a person: types, versions, bounds, lane."""
        bounds = f"at most {self._max_size} bytes and {self._max_depth} levels"
        lines = [f"{self._name}: JSON, lane {self._lane.name}, {bounds}"]
        for entry in self._entries.values():
            lines.append(f"  {entry.label}: {type_name(entry.form)}")
            lines += [
                f"    {field.name}: {type_name(field.type)}" for field in fields_of(entry.form)
            ]
        return "\n".join(lines)

    def _bounded(self, msg: T, data: bytes) -> bytes:
        if len(data) > self._max_size:
            raise EncodeError(
                repr(self._known(msg).entry.name),
                f"it has {len(data)} bytes and may have {self._max_size}; "
                f"send less at a time, or raise max_size on both sides",
            )
        return data

    def _parsed(self, data: bytes, root: str) -> object:
        if len(data) > self._max_size:
            reason = f"it has {len(data)} bytes and may have {self._max_size} (max_size)"
            raise DecodeError(root, reason)
        try:
            return self._json.load(data)
        except Refused as error:
            raise _decode_error(locate(error, root, data)) from error.__cause__

    def _known(self, msg: T) -> _Known:
        known = self._by_class.get(type(msg))
        if known is None:
            names = ", ".join(type_name(each.entry.form) for each in self._by_name.values())
            got = type(msg).__qualname__
            raise EncodeError(got, f"this codec knows {names}; build one that knows {got} as well")
        return known


def _decode_error(problem: Problem) -> DecodeError:
    error_type = UnknownMessageError if problem.unknown else DecodeError
    return error_type(problem.path, problem.reason, problem.shown)


def _members(form: object) -> list[TypeLike]:
    bare = strip(form)
    if not is_union(bare):
        return [bare]
    return [part for member in typing.get_args(bare) for part in _members(member)]


def _positive(owner: str, option: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError(owner, f"{option} is {value!r}", "give an int from 1")
    return value
