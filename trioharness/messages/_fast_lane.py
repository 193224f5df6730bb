"""The fast lane: msgspec reads and writes what the cattrs lane would read and write the same way.

msgspec meets no object of a message: what it writes is taken apart before, and what it reads is put
together after, each by a function that is made for the class.

The lane only ever says yes. Whatever it does not take, for whatever reason, it raises something
that means nothing, and leaves the message to the cattrs lane, which may still take it, or has the
words for why not. So a codec means what the cattrs lane means; all there is to prove is that a yes
of this lane is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, Union

import attrs
import msgspec

from ._apart import Apart, RunWriter, Writer
from ._bounds import Bounds
from ._eligible import needs_own_init, why_not_fast
from ._entries import Entry
from ._together import Read, Together
from ._twins import Twins
from ._types import TypeLike, class_of
from ._walks import Unfit
from ._wire import Wire


@attrs.frozen(kw_only=True)
class Way:
    """What the fast lane has for one message type; each raises where it says no.

    What is written may be more than the bounds allow, and nobody has yet looked at the bounds of
    what is to be read.
    """

    form: TypeLike
    version: int
    write: Writer
    """Writes a whole message."""
    dump: Writer
    """Writes the fields alone."""
    dump_run: RunWriter
    """Writes the fields of many, in the layout of the format."""
    load: Read
    """Reads the fields."""
    load_run: Callable[[bytes, int], list[Any]]
    """Reads the fields of so many, in the layout of the format."""
    load_many: Callable[[Sequence[bytes]], list[Any]]
    """Reads the fields of many, each by itself."""


_ONLY_BYTES: Final = frozenset((bytes,))


class _NoMessage(msgspec.Struct, tag_field="type", tag="", forbid_unknown_fields=True):
    """Without a second member of the union msgspec would not insist on a name; none is empty."""


class FastLane:
    """Reads and writes the eligible messages of one codec."""

    def __init__(self, entries: Iterable[Entry], wire: Wire, bounds: Bounds) -> None:
        self._wire = wire
        self._bounds = bounds
        self._twins = Twins(wire.format.name, extra_allowed=wire.extra_allowed)
        self._apart = Apart(wire.format)
        self._together = Together(wire.format, self._twins)
        self.look_from = bounds.look_from
        """Up to so many bytes there is nothing to be asked of `fits`."""
        self.by_name: dict[str, Way] = {}
        self.by_class: dict[type, Way] = {}
        self.reasons: dict[str, str] = {}
        """Why messages go the cattrs lane, by wire name; those that need not are not in it."""
        self.notes: dict[str, str] = {}
        """What there is to say of others, by wire name."""
        for entry in entries:
            self._add(entry)
        self.decode = self._decoder() if self.by_name else None
        """Reads a whole message, if any can go this lane."""

    def fits(self, data: bytes, *, is_payload: bool = False) -> bool:
        """Whether bytes are within the bounds."""
        if len(data) <= self.look_from:
            return True
        if len(data) > self._bounds.max_size:
            return False
        most = self._bounds.max_items
        # Without a look at each value where that can be told from the bytes alone: it would take
        # longer than all the rest.
        if len(data) <= most or self._wire.format.most_items(data) <= most:
            if self._bounds.is_flat:
                return True
            if self._wire.format.openers(data) + is_payload <= self._bounds.max_depth:
                return True
        builtins = self._wire.format.load(data)
        return self._bounds.broken_by([builtins] if is_payload else builtins) is None

    def all_fit(self, payloads: Iterable[bytes]) -> bool:
        """Whether each payload is within the bounds."""
        return all(self.fits(payload, is_payload=True) for payload in payloads)

    def all_bytes_fit(self, payloads: Sequence[bytes]) -> bool:
        """Whether each payload is bytes, and within the bounds."""
        if not _ONLY_BYTES.issuperset(map(type, payloads)):
            return False
        return max(map(len, payloads)) <= self.look_from or self.all_fit(payloads)

    def _add(self, entry: Entry) -> None:
        reason = why_not_fast(entry.form, self._wire)
        if reason is None:
            try:
                way = self._way(entry)
            except Exception as error:  # noqa: BLE001 - a type that msgspec does not like
                reason = f"msgspec: {error}"
            else:
                self.by_name[entry.name] = self.by_class[class_of(entry.form)] = way
        if reason is not None:
            self.reasons[entry.name] = reason
            return
        note = needs_own_init(entry.form)
        if note is not None:
            self.notes[entry.name] = f"by its own __init__: {note}"

    def _way(self, entry: Entry) -> Way:
        form = entry.form
        twin = self._twins.of(form)
        decode, decode_run = self._wire.format.decoder(twin), self._wire.format.run_decoder(twin)
        make = self._together.many(form)
        return Way(
            form=form,
            version=entry.version,
            write=self._apart.whole(form, entry.name, entry.version),
            dump=self._apart.payload(form),
            dump_run=self._apart.run(form),
            load=self._together.payload(form),
            load_run=lambda data, count: make(decode_run(data, count)),
            load_many=lambda payloads: make(map(decode, payloads)),
        )

    def _decoder(self) -> Read:
        """Make what reads whole messages."""
        twins = {name: self._twins.of(way.form) for name, way in self.by_name.items()}
        read = self._whole(twins)
        makers: Mapping[type, Callable[[Any], Any]] = {
            twins[name]: self._together.maker(way.form) for name, way in self.by_name.items()
        }
        look_from, fits = self.look_from, self.fits

        def decode_message(data: bytes) -> Any:
            if type(data) is not bytes or (len(data) > look_from and not fits(data)):
                raise Unfit
            twin = read(data).data
            return makers[type(twin)](twin)

        return decode_message

    def _whole(self, twins: Mapping[str, type[msgspec.Struct]]) -> Read:
        """Make the reader of whole messages, told apart by their tags."""
        wholes = [
            msgspec.defstruct(
                f"whole {name}",
                [("version", Literal[self.by_name[name].version]), ("data", twin)],
                tag_field="type",
                tag=name,
                forbid_unknown_fields=True,
                gc=False,
            )
            for name, twin in twins.items()
        ]
        return self._wire.format.decoder(Union[(_NoMessage, *wholes)])
