"""`Codec`: messages to bytes and back, strict, versioned and bounded."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar, cast, final

import attrs

from .._errors import ConfigurationError, DecodeError, EncodeError, UnknownMessageError
from .._util import type_name
from ._bounds import Bounds
from ._envelope import Entry, entries_of, open_envelope
from ._hook import Hook, checked_hooks
from ._problems import Problem, Reader, Refused, Writer, locate, shorten
from ._types import TypeLike, class_of, fields_of, is_union, levels, strip

if TYPE_CHECKING:
    from typing_extensions import TypeForm

T = TypeVar("T")

_ROOT: Final = "message"
"""How paths call a message before its wire name is known."""
_SMALLER: Final = "send less at a time, or raise the bound on both sides"
_OPTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "format": ("json", "msgpack"),
    "lane": ("auto", "cattrs"),
    "extra": ("forbid", "allow"),
}


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

    On the wire a message is ``{"type": name, "version": n, "data": {...}}``, in JSON or
    MessagePack. Nothing is coerced: a value of another type, a field too many and a field without
    default too few are refused, when decoding and, as far as it applies, when encoding. Of
    duplicate keys the last one wins.

    Fields are None, bool, int, float, str, bytes, `datetime` (aware), `date`, `UUID`, `Decimal`,
    `Path`, enums and literals of str or int, list, tuple, set, frozenset, dict (keys: str, int, or
    what else is either on the wire), attrs classes (nested, recursive, generic), unions whose
    members look different in JSON, unions of attrs classes (messages by name, others by the fields
    only they have), and `object` or `Any` for what is plain JSON already. `Hook` adds types.

    There are two lanes with one meaning. cattrs does whatever there is to do; messages that need
    nothing special go a fast one, by msgspec; `explain` says which do, and why others do not. When
    writing, that one trusts the types that a class declares, as type checkers hold to them, and
    looks only for values that would arrive as something else. ``lane="cattrs"`` checks each value.

    Example::

        codec = Codec(Order | Cancel)
        data = codec.encode(Order(id=1, qty=2.0))
        assert codec.decode(data) == Order(id=1, qty=2.0)
    """

    def __init__(
        self,
        form: TypeForm[T],
        *,
        format: Literal["json", "msgpack"] = "json",  # noqa: A002 - as users call it
        lane: Literal["auto", "cattrs"] = "auto",
        extra: Literal["forbid", "allow"] = "forbid",
        hooks: Mapping[type, Hook] | None = None,
        max_size: int = 1024 * 1024,
        max_depth: int = 32,
        max_items: int = 100_000,
    ) -> None:
        """Build the codec, and check everything that can be checked before there is a message.

        Args:
            form: A message class, a generic one with its arguments, or a union of such.
            format: ``"json"``, or ``"msgpack"``: smaller, ints of 64 bits, and datetimes keep their
                moment but not their offset.
            lane: ``"cattrs"`` to have nothing go the fast lane, to compare or to look for a fault.
            extra: ``"allow"`` to pass over fields that a class does not have, at all levels, while
                peers that are updated one after the other already send them. What is passed over
                is only skimmed: the fast lane does not see everything that is malformed in it.
            hooks: How types are sent that the codec does not know, or that it is to send in another
                way; by class.
            max_size: Most bytes of one encoded message, in both directions.
            max_depth: Most levels of objects and arrays, the envelope included, in both directions.
            max_items: Most items of one object or array, in both directions.

        Raises:
            ConfigurationError: A class is no message, a field has a type that cannot be sent,
                upgrades of a message do not fit together, or an option cannot be.
            DuplicateNameError: Two of the classes have the same wire name.
        """
        # Not at the top: they bring cattrs and msgspec, which who encodes nothing need not import.
        from ._cattrs_lane import CattrsLane  # noqa: PLC0415
        from ._fast_lane import FastLane  # noqa: PLC0415
        from ._formats import FORMATS  # noqa: PLC0415
        from ._wire import Wire  # noqa: PLC0415

        self._name = f"Codec({type_name(form)})"
        _check_options(self._name, format=format, lane=lane, extra=extra)
        bounds = {"max_size": max_size, "max_depth": max_depth, "max_items": max_items}
        self._bounds = Bounds.checked(self._name, **bounds)
        self._hooks = checked_hooks(self._name, hooks or {})
        self._format = FORMATS[format]
        self._lane_name = lane
        self._extra_allowed = extra == "allow"
        wire = Wire(format=self._format, hooks=self._hooks, extra_allowed=self._extra_allowed)
        forms = _members(form)
        self._entries = entries_of(forms, self._name)
        self._lane = CattrsLane(forms, wire)
        deepest = 1 + max(levels(each, wire.sent_as) for each in forms)
        self._bounds = attrs.evolve(self._bounds, is_flat=deepest <= max_depth)
        known = [
            _Known(entry, self._lane.reader(entry.form), self._lane.writer(entry.form))
            for entry in self._entries.values()
        ]
        self._by_name = {each.entry.name: each for each in known}
        self._by_class: Mapping[type, _Known] = {class_of(each.entry.form): each for each in known}
        chosen = self._entries.values() if lane == "auto" else ()
        fast = FastLane(chosen, wire, self._bounds)
        self._reasons = fast.reasons
        self._notes = {name: f" ({note})" for name, note in fast.notes.items()}
        self._fast = None if fast.is_empty else fast
        self._writers, self._fits = fast.writers, fast.fits
        self._decode = None if fast.is_empty else fast.decode
        self._look_from = self._bounds.look_from

    def __repr__(self) -> str:
        return self._name

    def encode(self, msg: T) -> bytes:
        """Turn a message into bytes.

        Args:
            msg: A message of exactly one of the codec's classes.

        Returns:
            At most `max_size` bytes, the fields in no particular order; of JSON, UTF-8 without line
            breaks.

        Raises:
            EncodeError: It is of none of the codec's classes (a subclass is another class), a field
                has a value that could not be read back, or it is too large, too deep or too long.
        """
        write = self._writers.get(type(msg))
        if write is not None:
            try:
                data = write(msg)
            except Exception:  # noqa: BLE001 - whatever it was, the cattrs lane has the word
                data = None
            if data is not None and (len(data) <= self._look_from or self._fits(data)):
                return data
        known = self._known(msg)
        return self._written(known, known.entry.wrap(self._payload(known, msg)))

    def decode(self, data: bytes) -> T:
        """Turn bytes into the message they are, of an old version as well.

        Args:
            data: What `encode` of this codec, or of one in an older program, has written.

        Returns:
            The message, with its attrs converters and validators run.

        Raises:
            DecodeError: It is not of the format, no message, out of bounds, or a field is wrong;
                with the path, the reason and the value, shortened. ``__cause__`` is what a
                validator or an upgrade raised.
            UnknownMessageError: Wire name or version are not among those the codec knows.
        """
        if self._decode is not None:
            msg: T | None = self._decode(data)
            if msg is not None:
                return msg
        return self._message(self._parsed(data, _ROOT))

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
        if self._fast is not None:
            dumped = self._fast.dump(msg)
            if dumped is not None:
                return dumped
        known = self._known(msg)
        payload = self._written(known, self._payload(known, msg), is_payload=True)
        return known.entry.name, known.entry.version, payload

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
        if self._fast is not None:
            msg = self._fast.load(name, version, payload)
            if msg is not None:
                return cast("T", msg)
        fields = self._parsed(payload, name, is_payload=True)
        return self._message({"type": name, "version": version, "data": fields})

    def copy(self, msg: T) -> T:
        """Send a message through bytes: what comes back is equal and shares nothing mutable.

        For ``open_channel(copy=codec.copy)``, so that a test can prove that nobody relies on
        sharing; a harness does so with ``isolation="serialized"``.

        Args:
            msg: A message of exactly one of the codec's classes.

        Returns:
            What a peer would get.

        Raises:
            EncodeError: As `encode`.
            DecodeError: As `decode`, where a class reads back less than it writes.
        """
        return self.decode(self.encode(msg))

    def to_builtins(self, msg: T) -> dict[str, object]:
        """Turn a message into what `encode` writes, as plain dicts, lists and scalars.

        For putting it into a larger document; that is then not bounded by `max_size`.

        Args:
            msg: A message of exactly one of the codec's classes.

        Returns:
            ``{"type": name, "version": n, "data": {...}}``, the caller's own. With
            ``format="msgpack"`` bytes and datetimes are among the scalars.

        Raises:
            EncodeError: As `encode`.
        """
        known = self._known(msg)
        builtins = known.entry.wrap(self._payload(known, msg))
        self._hold_to_bounds(known, builtins)
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
        broken = self._bounds.broken_by(obj)
        if broken is not None:
            raise DecodeError(_ROOT, broken)
        return self._message(obj)

    def schema(self) -> dict[str, dict[str, Any]]:
        """Return a JSON Schema (2020-12) for each message, by wire name.

        It describes what `encode` writes as JSON, in the present version: the envelope, and in
        ``["properties"]["data"]`` the fields. What validators, converters and bounds refuse beyond
        it, it does not know.

        Returns:
            Documents that are complete in themselves and the caller's own.
        """
        from ._schema import schema_of  # noqa: PLC0415 - built by few, and by them once

        return {
            name: schema_of(entry, self._hooks, extra_allowed=self._extra_allowed)
            for name, entry in self._entries.items()
        }

    def explain(self) -> str:
        """Return, for a person: types, versions, fields, lanes and why, format and bounds."""
        extra = "passed over" if self._extra_allowed else "refused"
        how = f"format {self._format.name}, lane {self._lane_name}, extra fields {extra}"
        lines = [f"{self._name}: {how}, {self._bounds}"]
        for name, entry in self._entries.items():
            reason = self._reasons.get(name, "as asked for" if self._fast is None else "")
            lane = f"cattrs lane ({reason})" if reason else f"fast lane{self._notes.get(name, '')}"
            lines.append(f"  {entry.label}: {type_name(entry.form)}, {lane}")
            lines += [
                f"    {field.name}: {type_name(field.type)}" for field in fields_of(entry.form)
            ]
        return "\n".join(lines)

    def _payload(self, known: _Known, msg: T) -> object:
        try:
            return known.write(msg)
        except Exception as error:  # noqa: BLE001 - whatever a hook raised, here is its path
            problem = self._lane.why_not_written(known.entry.form, msg, known.entry.name, error)
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
            raise _decode_error(locate(error, root, data)) from error.__cause__
        if len(data) > self._bounds.look_from:
            broken = self._bounds.broken_by([builtins] if is_payload else builtins)
            if broken is not None:
                raise DecodeError(root, broken)
        return builtins

    def _message(self, builtins: object) -> T:
        try:
            entry, payload = open_envelope(builtins, self._entries)
        except Refused as error:
            raise _decode_error(locate(error, _ROOT, builtins)) from error.__cause__
        try:
            return cast("T", self._by_name[entry.name].read(payload, entry.form))
        except Exception as error:  # noqa: BLE001 - validators raise what they like
            problem = self._lane.why_not_read(entry.form, payload, entry.name, error)
            raise _decode_error(problem) from problem.cause

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


def _check_options(owner: str, **given: object) -> None:
    for option, value in given.items():
        if value not in _OPTIONS[option]:
            known = " or ".join(map(repr, _OPTIONS[option]))
            raise ConfigurationError(owner, f"{option} is {value!r}", f"give {known}")
