"""Payloads: the fields of a message as bytes, without its name and version around them.

`Codec.dumper` and `Codec.loader` look up once what is the same for all messages of one type. Each
function goes the fast lane first, and leaves to the cattrs lane what that one does not take.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from .._errors import DecodeError, EncodeError
from ._entries import Entry
from ._runs import Layout
from ._types import class_of

if TYPE_CHECKING:  # they bring cattrs and msgspec
    from ._cattrs_lane import CattrsLane
    from ._fast_lane import FastLane, Way

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Dumper(Generic[T]):
    """Turns messages of one class into the bytes of their fields; from `Codec.dumper`."""

    name: str
    """The wire name of all of them."""
    version: int
    """Their version."""
    dump: Callable[[T], bytes]
    """Does what `Codec.dump` does, which has name and version with it."""
    dump_run: Callable[[Sequence[T]], bytes]
    """Does so for many, in a third less time.

    The fields stand one after another: in JSON with a line break in between, in MessagePack each
    behind its size (4 bytes, little-endian).
    """


@attrs.frozen(kw_only=True)
class Loader(Generic[T]):
    """Turns the bytes of fields into messages of one type and version; from `Codec.loader`."""

    load: Callable[[bytes], T]
    """Does what `Codec.load` does."""
    load_good: Callable[[Sequence[bytes]], list[T]]
    """Does so for many, the fields of each by themselves, up to the first that is bad."""
    load_run: Callable[[bytes, int], list[T]]
    """Does so for just as many as it is told, which `Dumper.dump_run` has written; raises for the
    first that is bad."""


def dumper_of(entry: Entry, fast: FastLane, slow: CattrsLane, layout: Layout) -> Dumper[Any]:
    """Return the dumper of one class of a codec."""
    cls = class_of(entry.form)
    way = fast.by_class.get(cls)

    def dump_slowly(msg: object) -> bytes:
        return slow.dump(msg, cls)

    def dump_run_slowly(messages: Sequence[object]) -> bytes:
        if not messages:
            raise EncodeError(repr(entry.name), "there is none to be written")
        return layout.join([slow.dump(msg, cls) for msg in messages])

    dump = dump_slowly if way is None else _fast_dump(way, fast, dump_slowly)
    run = dump_run_slowly if way is None else _fast_dump_run(way, fast, layout, dump_run_slowly)
    return Dumper(name=entry.name, version=entry.version, dump=dump, dump_run=run)


def loader_of(
    name: str, version: int, fast: FastLane, slow: CattrsLane, layout: Layout
) -> Loader[Any]:
    """Return the loader of one wire name and version, be they known or not."""
    way = fast.by_name.get(name)
    if way is not None and (type(version) is not int or version != way.version):
        way = None

    def load_slowly(payload: bytes) -> object:
        return slow.load(name, version, payload)

    load = load_slowly if way is None else _fast_load(way, fast, load_slowly)

    def load_run(data: bytes, count: int) -> list[object]:
        return [*map(load, layout.split_exactly(data, count, name))]

    def load_good(payloads: Sequence[bytes]) -> list[object]:
        messages: list[object] = []
        with contextlib.suppress(DecodeError):
            for payload in payloads:
                messages.append(load(payload))  # noqa: PERF401 - those before a bad one stay
        return messages

    if way is None:
        return Loader(load=load, load_good=load_good, load_run=load_run)
    return Loader(
        load=load,
        load_good=_fast_load_good(way, fast, load_good),
        load_run=_fast_load_run(way, fast, layout, load_run),
    )


def _fast_dump(way: Way, fast: FastLane, slowly: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    write, look_from, fits = way.dump, fast.look_from, fast.fits

    def dump(msg: object) -> bytes:
        try:
            payload = write(msg)
            if len(payload) <= look_from or fits(payload, is_payload=True):
                return payload
        except Exception:  # noqa: BLE001, S110 - whatever it was, the cattrs lane has the word
            pass
        return slowly(msg)

    return dump


def _fast_dump_run(
    way: Way, fast: FastLane, layout: Layout, slowly: Callable[[Sequence[Any]], bytes]
) -> Callable[[Sequence[Any]], bytes]:
    write, look_from = way.dump_run, fast.look_from

    def dump_run(messages: Sequence[object]) -> bytes:
        try:
            payloads = write(messages)
            # What is short in all is so in each part.
            if messages and (
                len(payloads) <= look_from or fast.all_fit(layout.split(payloads, len(messages)))
            ):
                return payloads
        except Exception:  # noqa: BLE001, S110 - (the same)
            pass
        return slowly(messages)

    return dump_run


def _fast_load(way: Way, fast: FastLane, slowly: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    read, look_from, fits = way.load, fast.look_from, fast.fits

    def load(payload: bytes) -> Any:
        try:
            if type(payload) is bytes and (
                len(payload) <= look_from or fits(payload, is_payload=True)
            ):
                return read(payload)
        except Exception:  # noqa: BLE001, S110 - (the same)
            pass
        return slowly(payload)

    return load


def _fast_load_good(
    way: Way, fast: FastLane, one_by_one: Callable[[Sequence[bytes]], list[Any]]
) -> Callable[[Sequence[bytes]], list[Any]]:
    read = way.load_many

    def load_good(payloads: Sequence[bytes]) -> list[Any]:
        try:
            if fast.all_bytes_fit(payloads):
                return read(payloads)
        except Exception:  # noqa: BLE001, S110 - (the same)
            pass
        return one_by_one(payloads)

    return load_good


def _fast_load_run(
    way: Way, fast: FastLane, layout: Layout, one_by_one: Callable[[bytes, int], list[Any]]
) -> Callable[[bytes, int], list[Any]]:
    read, read_many, look_from = way.load_run, way.load_many, fast.look_from

    def load_run(data: bytes, count: int) -> list[Any]:
        try:
            if type(data) is bytes and len(data) <= look_from:
                return read(data, count)
            # What is longer is told apart first: else it could be far more than it says.
            payloads = layout.split_exactly(data, count, "")
            if fast.all_bytes_fit(payloads):
                return read_many(payloads)
        except Exception:  # noqa: BLE001, S110 - (the same)
            pass
        return one_by_one(data, count)

    return load_run
