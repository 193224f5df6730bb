"""The fast lane: msgspec reads and writes what the cattrs lane would read and write the same way.

It only ever says yes. Whatever it does not take, for whatever reason, it raises something that
means nothing, and leaves the message to the cattrs lane, which may still take it, or has the words
for why not. So a codec means what the cattrs lane means; all there is to prove is that a yes of
this lane is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, Union

import attrs
import msgspec

from ._bounds import Bounds
from ._eligible import needs_own_init, why_not_fast
from ._entries import Entry
from ._own_init import OwnInit
from ._twins import Twins
from ._types import class_of
from ._walks import READ_FAULTS, WRITE_FAULTS, Finish, RunWriter, Unfit, Walks, Writer
from ._wire import Wire

Read: TypeAlias = Callable[[bytes], Any]
ReadRun: TypeAlias = Callable[[Sequence[bytes]], list[Any]]

@attrs.frozen(kw_only=True)
class Way:
    """What the fast lane has for one message type; each but `fits` raises where it says no."""

    name: str
    version: int
    write: Writer
    """Writes a whole message, or more than the bounds allow."""
    dump: Writer
    """The same of its fields alone."""
    dump_run: RunWriter
    """The same of the fields of many, in the layout of the format."""
    twin: Any
    check: Read | None
    """Reads the fields as the twin, where that is needed to see whether they will do."""
    read: Read
    read_as: Any
    """What it reads the fields as."""
    finish: Finish | None
    """Makes the message of what was read, where there is anything to do."""
    load: Read
    """All three of them."""

    def load_run(self, payloads: Sequence[bytes]) -> list[Any]:
        """Do what `load` does, for many."""
        check, read = self.check, self.read
        if check is None:
            found = [*map(read, payloads)]
        else:
            found = [read(payload) for payload in payloads if check(payload) is not None]
        return found if self.finish is None else [*map(self.finish, found)]


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
        self.look_from = bounds.look_from
        """Up to so many bytes there is nothing to be asked of `fits`."""
        self.by_name: dict[str, Way] = {}
        self.reasons: dict[str, str] = {}
        """Why messages go the cattrs lane, by wire name; those that need not are not in it."""
        self.notes: dict[str, str] = {}
        """What there is to say of others, by wire name."""
        self.by_class: Mapping[type, Way] = self._add(entries)
        self.decode = self._decoder() if self.by_name else None
        """What `Codec.decode` calls first, if anything can go this lane."""

    def fits(self, data: bytes, *, is_payload: bool = False) -> bool:
        """Whether bytes are within the bounds."""
        if len(data) <= self.look_from:
            return True
        if len(data) > self._bounds.max_size:
            return False
        if len(data) <= self._bounds.max_items:
            deepest = self._wire.format.openers(data) + is_payload
            if self._bounds.is_flat or deepest <= self._bounds.max_depth:
                return True
        builtins = self._wire.format.load(data)
        return self._bounds.broken_by([builtins] if is_payload else builtins) is None

    def all_fit(self, payloads: Iterable[bytes]) -> bool:
        """Whether each payload is within the bounds."""
        return all(self.fits(payload, is_payload=True) for payload in payloads)

    def _add(self, entries: Iterable[Entry]) -> Mapping[type, Way]:
        name = self._wire.format.name
        tools = _Tools(
            twins=Twins(name, partial=self._wire.extra_allowed),
            going=Walks(name, WRITE_FAULTS, apart=True),
            coming=Walks(name, READ_FAULTS[name], apart=False),
        )
        by_class: dict[type, Way] = {}
        for entry in entries:
            reason = why_not_fast(entry.form, self._wire)
            if reason is None:
                try:
                    way = self._way(entry, tools)
                except Exception as error:  # noqa: BLE001 - a type that msgspec does not like
                    reason = f"msgspec: {error}"
                else:
                    self.by_name[entry.name] = by_class[class_of(entry.form)] = way
            if reason is not None:
                self.reasons[entry.name] = reason
        return by_class

    def _way(self, entry: Entry, tools: _Tools) -> Way:
        format_ = self._wire.format
        reason = needs_own_init(entry.form)
        own = OwnInit(entry.form) if reason else None
        if reason:
            self.notes[entry.name] = f"by its own __init__: {reason}"
        # What a converter has made of a value tells nothing of what came.
        by_twin = own is not None or tools.twins.needed_for(entry.form)
        twin = tools.twins.of(entry.form)
        check = format_.decoder(twin) if by_twin else None
        read_as = entry.form if own is None else own.parts
        read = format_.decoder(read_as)
        finish = own.made if own else None if by_twin else tools.coming.passer(entry.form)
        head = format_.head(entry.name, entry.version)
        return Way(
            name=entry.name,
            version=entry.version,
            write=tools.going.writer(entry.form, head, format_.encode, format_.tail),
            dump=tools.going.writer(entry.form, b"", format_.encode, b""),
            dump_run=tools.going.run_writer(entry.form, format_.encode_run),
            twin=twin,
            check=check,
            read=read,
            read_as=read_as,
            finish=finish,
            load=_loader(check, read, finish),
        )

    def _decoder(self) -> Read:
        """Make what reads whole messages."""
        ways = self.by_name
        read = self._whole({name: way.read_as for name, way in ways.items()})
        check: Read | None = None
        if any(way.check for way in ways.values()):
            check = self._whole({name: way.twin for name, way in ways.items()})
        finishes = {class_of(way.read_as): way.finish for way in ways.values()}
        finish = finishes if any(finishes.values()) else None
        look_from, fits = self.look_from, self.fits

        def decode_message(data: bytes) -> Any:
            if type(data) is not bytes or (len(data) > look_from and not fits(data)):
                raise Unfit
            if check is not None:
                check(data)
            msg = read(data).data
            if finish is not None:
                finish_one = finish[type(msg)]
                return msg if finish_one is None else finish_one(msg)
            return msg

        return decode_message

    def _whole(self, payloads: dict[str, Any]) -> Read:
        """Make the reader of whole messages, told apart by their tags."""
        wholes = [
            msgspec.defstruct(
                f"whole {name}",
                [("version", Literal[self.by_name[name].version]), ("data", payload)],
                tag_field="type",
                tag=name,
                forbid_unknown_fields=True,
                gc=False,
            )
            for name, payload in payloads.items()
        ]
        return self._wire.format.decoder(Union[(_NoMessage, *wholes)])


def _loader(check: Read | None, read: Read, finish: Finish | None) -> Read:
    """Make one function of what a payload goes through, without a question that is answered."""

    def checked(data: bytes) -> Any:
        assert check is not None
        check(data)
        return read(data)

    def finished(data: bytes) -> Any:
        if check is not None:
            check(data)
        assert finish is not None
        return finish(read(data))

    if finish is not None:
        return finished
    return read if check is None else checked
