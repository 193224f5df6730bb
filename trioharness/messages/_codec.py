"""`Codec`: messages to bytes and back, strict, versioned and bounded."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar, cast, final

import attrs

from .._errors import ConfigurationError
from .._util import type_name
from ._bounds import Bounds
from ._entries import entries_of
from ._hook import Hook, checked_hooks
from ._payloads import Dumper, Loader, dumper_of, loader_of
from ._runs import LAYOUTS
from ._types import TypeLike, class_of, fields_of, is_union, levels, strip, survey

if TYPE_CHECKING:
    from typing_extensions import TypeForm

T = TypeVar("T")

_OPTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "format": ("json", "msgpack"),
    "lane": ("auto", "cattrs"),
    "extra": ("forbid", "allow"),
}


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
    looks only for values that these let pass and nobody could read (a bool for an int, NaN, a naive
    datetime). ``lane="cattrs"`` checks each value.

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
        self._lane_name = lane
        self._extra_allowed = extra == "allow"
        self._entries = entries_of(_members(form), self._name)
        forms = [entry.form for entry in self._entries.values()]
        wire = Wire(format=FORMATS[format], hooks=self._hooks, extra_allowed=self._extra_allowed)
        types = survey(forms, wire.sent_as)
        deepest = 1 + max(levels(each, wire.sent_as) for each in forms)
        self._bounds = attrs.evolve(self._bounds, is_flat=deepest <= max_depth)
        self._cattrs = CattrsLane(self._entries, types, wire, self._bounds)
        chosen = self._entries.values() if lane == "auto" else ()
        self._fast = FastLane(chosen, wire, self._bounds)
        # What every call needs, at hand.
        self._writers = {cls: way.write for cls, way in self._fast.by_class.items()}
        self._fits, self._look_from = self._fast.fits, self._fast.look_from
        self._decode: Callable[[bytes], T] | None = self._fast.decode
        self._format: Literal["json", "msgpack"] = format
        entries = self._entries.values()
        layout = LAYOUTS[format]
        self._dumpers: dict[type, Dumper[T]] = {
            class_of(each.form): dumper_of(each, self._fast, self._cattrs, layout)
            for each in entries
        }
        self._loaders: dict[tuple[str, int], Loader[T]] = {
            (each.name, each.version): self._loader_of(each.name, each.version) for each in entries
        }

    def __repr__(self) -> str:
        return self._name

    @property
    def format(self) -> Literal["json", "msgpack"]:
        """The format, as it was given."""
        return self._format

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
                if len(data) <= self._look_from or self._fits(data):
                    return data
            except Exception:  # noqa: BLE001, S110 - whatever it was, the cattrs lane has the word
                pass
        return self._cattrs.encode(msg)

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
            try:
                return self._decode(data)
            except Exception:  # noqa: BLE001, S110 - (the same)
                pass
        return cast("T", self._cattrs.decode(data))

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
        dumper = self._dumpers.get(type(msg)) or self.dumper(type(msg))
        return dumper.name, dumper.version, dumper.dump(msg)

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
        # Not 1.0, which would be found as well.
        known = self._loaders.get((name, version)) if type(version) is int else None
        return (known or self.loader(name, version)).load(payload)

    def dumper(self, cls: type[T]) -> Dumper[T]:
        """Return what `dump` looks up each time, for frames of many messages of one class.

        Args:
            cls: One of the codec's classes; of a generic one, the class itself.

        Returns:
            Functions that raise as `dump` does, also for a message of another class.

        Raises:
            EncodeError: It is none of the codec's classes.
        """
        known = self._dumpers.get(cls)
        if known is None:
            self._cattrs.refuse(cls)
        return known

    def loader(self, name: str, version: int) -> Loader[T]:
        """Return what `load` looks up each time, for frames of many messages of one type.

        Args:
            name: Their wire name.
            version: Their version.

        Returns:
            Functions that raise as `load` does, also if no such name or version is known.
        """
        known = self._loaders.get((name, version)) if type(version) is int else None
        return known or self._loader_of(name, version)

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
        return self._cattrs.to_builtins(msg)

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
        return cast("T", self._cattrs.from_builtins(obj))

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
        how = f"format {self._format}, lane {self._lane_name}, extra fields {extra}"
        lines = [f"{self._name}: {how}, {self._bounds}"]
        for name, entry in self._entries.items():
            lines.append(f"  {entry.label}: {type_name(entry.form)}, {self._lane_of(name)}")
            lines += [
                f"    {field.name}: {type_name(field.type)}" for field in fields_of(entry.form)
            ]
        return "\n".join(lines)

    def _loader_of(self, name: str, version: int) -> Loader[T]:
        return loader_of(name, version, self._fast, self._cattrs, LAYOUTS[self._format])

    def _lane_of(self, name: str) -> str:
        if name not in self._fast.by_name:
            return f"cattrs lane ({self._fast.reasons.get(name, 'as asked for')})"
        note = self._fast.notes.get(name)
        return f"fast lane ({note})" if note else "fast lane"


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
