"""The fast lane: msgspec reads and writes what the cattrs lane would read and write the same way.

It only ever says yes. Whatever it does not take, for whatever reason, it leaves to the cattrs lane,
which may still take it, or has the words for why not. So a codec means what the cattrs lane means;
all there is to prove is that a yes of this lane is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple, TypeAlias, Union

import attrs
import msgspec

from ._bounds import Bounds
from ._eligible import needs_own_init, why_not_fast
from ._envelope import Entry
from ._own_init import OwnInit
from ._twins import Twins
from ._types import class_of
from ._walks import READ_FAULTS, WRITE_FAULTS, Finish, Walks, Writer
from ._wire import Wire

Read: TypeAlias = Callable[[bytes], Any]


@attrs.frozen(kw_only=True)
class _Way:
    """What the fast lane has for one message type."""

    entry: Entry
    write: Writer
    """Writes a message, or gives None for one that is not good."""
    write_payload: Writer
    twin: Any
    check: Read | None
    """Reads the payload as the twin, where that is needed to see whether it will do."""
    read: Read
    read_as: Any
    """What it reads the payload as."""
    finish: Finish | None
    """Makes the message of what was read, or gives None; where there is anything to do."""


class _Tools(NamedTuple):
    twins: Twins
    going: Walks
    coming: Walks


class _NoMessage(msgspec.Struct, tag_field="type", tag="", forbid_unknown_fields=True):
    """Without a second member of the union msgspec would not insist on a name; none is empty."""


class FastLane:
    """Reads and writes the eligible messages of one codec."""

    def __init__(self, entries: Iterable[Entry], wire: Wire, bounds: Bounds) -> None:
        self._wire = wire
        self._bounds = bounds
        self._look_from = bounds.look_from
        self._ways: dict[str, _Way] = {}
        self.reasons: dict[str, str] = {}
        """Why messages go the cattrs lane, by wire name; those that need not are not in it."""
        self.notes: dict[str, str] = {}
        """What there is to say of others, by wire name."""
        self._add(entries)
        self._by_class = {class_of(way.entry.form): way for way in self._ways.values()}
        self.writers = {cls: way.write for cls, way in self._by_class.items()}
        """By class, what `Codec.encode` calls first; what they raise means nothing."""
        self._finish = {class_of(way.read_as): way.finish for way in self._ways.values()}
        self._read = self._whole({name: way.read_as for name, way in self._ways.items()})
        self._check: Read | None = None
        if any(way.check for way in self._ways.values()):
            self._check = self._whole({name: way.twin for name, way in self._ways.items()})

        self.decode = self._decoder()
        """What `Codec.decode` calls first."""

    @property
    def is_empty(self) -> bool:
        """Whether no message can go it."""
        return not self._ways

    def _decoder(self) -> Read:
        """Make what returns the message, or None if that is for the cattrs lane to say."""
        check, read = self._check, self._read
        finish = self._finish if any(self._finish.values()) else None
        look_from, fits = self._look_from, self.fits

        def decode_message(data: bytes) -> Any:
            try:
                if type(data) is not bytes or (len(data) > look_from and not fits(data)):
                    return None
                if check is not None:
                    check(data)
                msg = read(data).data
                if finish is not None:
                    finish_one = finish[type(msg)]
                    return msg if finish_one is None else finish_one(msg)
            except Exception:  # noqa: BLE001 - (the same); validators raise what they like
                return None
            return msg

        return decode_message

    def dump(self, msg: object) -> tuple[str, int, bytes] | None:
        """Return name, version and the bytes of the fields, or None as `encode` does."""
        try:
            way = self._by_class[type(msg)]
            payload = way.write_payload(msg)
        except Exception:  # noqa: BLE001 - (the same)
            return None
        if payload is None or not self.fits(payload, is_payload=True):
            return None
        return way.entry.name, way.entry.version, payload

    def load(self, name: str, version: int, payload: bytes) -> Any:
        """Return the message of these fields, or None as `decode` does."""
        try:
            way = self._ways[name]
            if type(version) is not int or version != way.entry.version:
                return None
            if type(payload) is not bytes or not self.fits(payload, is_payload=True):
                return None
            if way.check is not None:
                way.check(payload)
            msg = way.read(payload)
            if way.finish is not None:
                return way.finish(msg)
        except Exception:  # noqa: BLE001 - (the same)
            return None
        return msg

    def fits(self, data: bytes, *, is_payload: bool = False) -> bool:
        """Whether bytes are within the bounds."""
        if len(data) <= self._look_from:
            return True
        if len(data) > self._bounds.max_size:
            return False
        if len(data) <= self._bounds.max_items:
            deepest = self._wire.format.openers(data) + is_payload
            if self._bounds.is_flat or deepest <= self._bounds.max_depth:
                return True
        builtins = self._wire.format.load(data)
        return self._bounds.broken_by([builtins] if is_payload else builtins) is None

    def _add(self, entries: Iterable[Entry]) -> None:
        name = self._wire.format.name
        tools = _Tools(
            twins=Twins(name, partial=self._wire.extra_allowed),
            going=Walks(name, WRITE_FAULTS, exact=True),
            coming=Walks(name, READ_FAULTS[name], exact=False),
        )
        for entry in entries:
            reason = why_not_fast(entry.form, self._wire)
            if reason is None:
                try:
                    self._ways[entry.name] = self._way(entry, tools)
                except Exception as error:  # noqa: BLE001 - a type that msgspec does not like
                    reason = f"msgspec: {error}"
            if reason is not None:
                self.reasons[entry.name] = reason

    def _way(self, entry: Entry, tools: _Tools) -> _Way:
        decoder = self._wire.format.decoder
        twin = tools.twins.of(entry.form)
        reason = needs_own_init(entry.form)
        own = OwnInit(entry.form) if reason else None
        # What a converter has made of a value tells nothing of what came.
        by_twin = own is not None or tools.twins.needed_for(entry.form)
        if reason:
            self.notes[entry.name] = f"by its own __init__: {reason}"
        encode, tail = self._encode(own), self._wire.format.tail
        read_as = entry.form if own is None else own.parts
        head = self._wire.format.head(entry.name, entry.version)
        return _Way(
            entry=entry,
            write=tools.going.writer(entry.form, head, encode, tail),
            write_payload=tools.going.writer(entry.form, b"", encode, b""),
            twin=twin,
            check=decoder(twin) if by_twin else None,
            read=decoder(read_as),
            read_as=read_as,
            finish=own.made if own else None if by_twin else tools.coming.passer(entry.form),
        )

    def _encode(self, own: OwnInit | None) -> Callable[[Any], bytes]:
        encode = self._wire.format.encode
        return encode if own is None else lambda msg: encode(own.apart(msg))

    def _whole(self, payloads: dict[str, Any]) -> Read:
        """Make the reader of whole messages, told apart by their tags."""
        wholes = [
            msgspec.defstruct(
                f"whole {name}",
                [("version", Literal[self._ways[name].entry.version]), ("data", payload)],
                tag_field="type",
                tag=name,
                forbid_unknown_fields=True,
                gc=False,
            )
            for name, payload in payloads.items()
        ]
        return self._wire.format.decoder(Union[(_NoMessage, *wholes)])
