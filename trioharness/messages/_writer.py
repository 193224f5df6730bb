"""`FrameWriter`: envelopes and batches to frames, the bytes of which need no other boundary."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Generic, TypeVar, final

import attrs

from .._errors import ConfigurationError, EncodeError
from . import _header as header
from ._batches import dump_runs, wire_name
from ._codec import Codec
from ._compress import LOADERS, ZSTD_CURE, ZSTD_MISSING, Compression, Compressor
from ._envelopes import NO_PROPERTIES, Batch, Envelope
from ._extension import pack_extension
from ._problems import shorten
from ._runs import LAYOUTS

T = TypeVar("T")

_UNFIT: Final = (struct.error, TypeError, ValueError)
"""What an id or a time raises that does not fit."""

_AT_ONCE: Final = 100
"""Frames that are made in one go: what is held beside what they become is bounded by that."""

_FLAGS: Final[dict[Compression, int]] = {"zlib": header.ZLIB, "zstd": header.ZSTD}


@attrs.frozen
class _Named:
    """What is the same in the headers of all messages of one type."""

    pack: Callable[..., bytes]
    plain: bytes
    """The prefix when nothing is unusual, so that there is no flag but that of the format."""
    size: int
    name: bytes
    version: int


@final
class FrameWriter(Generic[T]):
    """Turns envelopes and batches into frames, for a stream of bytes.

    It does no I/O and keeps nothing between two frames: one will do for all connections. Frames can
    be sent as they are, one after another, and better together: handing a system a few large pieces
    is many times faster than as many small ones. A `FrameReader` finds them again, however the
    stream was cut up on its way.

    There is no checksum in a frame, since TCP has one. Nothing in it is secret or signed.

    Example::

        writer = FrameWriter(Codec(Order | Cancel), compression="zlib")
        await stream.send_all(writer.encode_many(envelopes))
    """

    def __init__(
        self,
        codec: Codec[T],
        *,
        max_frame: int = header.MAX_FRAME,
        max_inflated: int = header.MAX_FRAME,
        max_batch: int = header.MAX_BATCH,
        compression: Compression = "none",
        threshold: int = 1024,
    ) -> None:
        """Say how frames are to be.

        Args:
            codec: Knows the types of the messages.
            max_frame: Most bytes of one frame, its header included; the readers' own.
            max_inflated: Most bytes of what is in a frame before it is compressed; the readers'
                own.
            max_batch: Most messages of a batch; the readers' own.
            compression: ``"zlib"`` is in the standard library and slow, ``"zstd"`` is fast and
                needs ``pip install 'trioharness[zstd]'`` before Python 3.14. Readers need not be
                told, but have to have it.
            threshold: From how many bytes on it is worth the time; small messages are compressed
                well only in a `Batch`. What would grow by it is sent as it is.

        Raises:
            ConfigurationError: A bound is out of range, the compression is unknown or not
                installed.
        """
        self._name = f"FrameWriter({codec!r})"
        self._codec = codec
        self._max_frame = header.bound(self._name, "max_frame", max_frame)
        self._max_inflated = header.bound(self._name, "max_inflated", max_inflated)
        self._max_batch = header.bound(self._name, "max_batch", max_batch, least=1)
        header.bound(self._name, "threshold", threshold, least=0)
        self._compressor = _compressor(self._name, compression)
        self._threshold = threshold
        self._known: dict[type, tuple[_Named, Callable[[T], bytes]]] = {}
        self._flags = header.FORMATS[codec.format]
        self._split = LAYOUTS[codec.format].split
        self._batch = _named("", 0, self._flags)
        # Below this many bytes nothing is compressed, and nothing can be too large.
        room = self._max_frame - header.SIZE - header.LONGEST_NAME
        self._plain = min(room, self._max_inflated)
        if self._compressor:
            self._plain = min(self._plain, threshold)

    def __repr__(self) -> str:
        return self._name

    def encode(self, frame: Envelope[T] | Batch[T]) -> bytes:
        """Turn an envelope or a batch into a frame.

        Args:
            frame: What to send.

        Returns:
            At most `max_frame` bytes.

        Raises:
            EncodeError: As `Codec.encode`; something said in the envelope has the wrong type or
                does not fit; the batch is empty; or the frame, the batch or what is in it is too
                large.
        """
        # What is by far the most, written out since calls would take as long as the rest.
        if type(frame) is Envelope and frame.properties is NO_PROPERTIES:
            message = frame.message
            named, dump = self._known.get(type(message)) or self._of(type(message))
            payload = dump(message)
            if len(payload) < self._plain:
                try:
                    node, count = frame.id
                    start = named.pack(
                        named.plain, named.size + len(payload), node, count, frame.time, named.name
                    )
                except _UNFIT as error:
                    raise _unfit(frame) from error
                return start + payload
            return self._encode_unusual(frame, self._flags, named, payload)
        if isinstance(frame, Batch):
            runs = dump_runs(self._codec, frame.messages, self._max_batch)
            return self._encode_unusual(frame, self._flags | header.BATCH, self._batch, runs)
        named, dump = self._of(type(frame.message))
        return self._encode_unusual(frame, self._flags, named, dump(frame.message))

    def encode_many(self, frames: Iterable[Envelope[T] | Batch[T]]) -> bytes:
        """Turn envelopes and batches into as many frames, in one piece to be sent at once.

        Args:
            frames: What to send.

        Returns:
            The frames, one after another; empty if there are none.

        Raises:
            EncodeError: As `encode`, of any of them; then none is to be sent.
        """
        rest = iter(frames)
        pieces: list[bytes] = []
        while some := [*itertools.islice(rest, _AT_ONCE)]:
            for cls, run in _runs(some):
                if cls is None or len(run) == 1:
                    pieces += map(self.encode, run)
                else:
                    pieces += self._encode_run(cls, run)
        return b"".join(pieces)

    def _encode_run(self, cls: type[T], frames: Sequence[Envelope[T]]) -> Iterable[bytes]:
        """Turn plain envelopes with messages of one class into frames, in pieces.

        It only ever says yes: where something is wrong, `encode` has the word.
        """
        named, _ = self._of(cls)
        pack, prefix, size, name = named.pack, named.plain, named.size, named.name
        pieces: list[bytes] = []
        try:
            dumped = self._codec.dumper(cls).dump_run([frame.message for frame in frames])
            payloads = self._split(dumped, len(frames))
            for frame, payload in zip(frames, payloads, strict=True):
                if len(payload) >= self._plain:
                    pieces.append(self._encode_unusual(frame, self._flags, named, payload))
                    continue
                node, count = frame.id
                start = pack(prefix, size + len(payload), node, count, frame.time, name)
                pieces += start, payload
        except (EncodeError, *_UNFIT):
            return map(self.encode, frames)
        return pieces

    def _encode_unusual(
        self, frame: Envelope[T] | Batch[T], flags: int, named: _Named, payload: bytes
    ) -> bytes:
        """Turn what is large, a batch, or has more to say into a frame."""
        if len(payload) > self._max_inflated:
            reason = f"there are {len(payload)} bytes in it and may be {self._max_inflated}"
            raise EncodeError(_words(named), f"{reason} (max_inflated); send less at a time")
        if self._compressor and len(payload) >= self._threshold:
            compressed = self._compressor.compress(payload)
            if len(compressed) < len(payload):
                flags |= _FLAGS[self._compressor.name]
                payload = compressed
        extension = pack_extension(frame.properties)
        if extension:
            flags |= header.EXTENDED
            payload = header.EXTENSION_SIZE.pack(len(extension)) + extension + payload
        return self._pack(frame, flags, named, payload)

    def _pack(self, frame: Envelope[T] | Batch[T], flags: int, named: _Named, rest: bytes) -> bytes:
        size = named.size + len(rest)
        if header.SIZE + size > self._max_frame:
            reason = f"its frame has {header.SIZE + size} bytes and may have {self._max_frame}"
            raise EncodeError(
                _words(named),
                f"{reason} (max_frame); send less at a time, or raise it on both sides",
            )
        prefix = header.PREFIX.pack(header.START, flags, named.size, named.version)
        try:
            node, count = frame.id
            return named.pack(prefix, size, node, count, frame.time, named.name) + rest
        except _UNFIT as error:
            raise _unfit(frame) from error

    def _of(self, cls: type[T]) -> tuple[_Named, Callable[[T], bytes]]:
        known = self._known.get(cls)
        if known is None:
            dumper = self._codec.dumper(cls)
            known = _named(dumper.name, dumper.version, self._flags), dumper.dump
            self._known[cls] = known
        return known


def _runs(
    frames: Sequence[Envelope[T] | Batch[T]],
) -> Iterator[tuple[type[T] | None, Sequence[Any]]]:
    """Yield neighbours with the class of their messages, or None if there is more to them."""
    classes = [
        type(frame.message)
        if type(frame) is Envelope and frame.properties is NO_PROPERTIES
        else None
        for frame in frames
    ]
    at = 0
    for cls, run in itertools.groupby(classes):
        end = at + len([*run])
        yield cls, frames[at:end]
        at = end


def _named(name: str, version: int, flags: int) -> _Named:
    raw = wire_name(name, version)
    return _Named(
        pack=header.named(len(raw)).pack,
        plain=header.PREFIX.pack(header.START, flags, len(raw), version),
        size=len(raw),
        name=raw,
        version=version,
    )


def _unfit(frame: Envelope[Any] | Batch[Any]) -> EncodeError:
    reason = f"id {shorten(frame.id)} or time {shorten(frame.time)} does not fit"
    return EncodeError("envelope", f"{reason}: take ids from Ids, and nanoseconds since the epoch")


def _compressor(owner: str, compression: object) -> Compressor | None:
    if compression == "none":
        return None
    load = LOADERS.get(compression) if isinstance(compression, str) else None
    if load is None:
        known = "'none', 'zlib' or 'zstd'"
        raise ConfigurationError(owner, f"compression is {compression!r}", f"choose {known}")
    try:
        return load()
    except ImportError as error:
        raise ConfigurationError(
            owner, f"compression={compression!r}: {ZSTD_MISSING}", ZSTD_CURE
        ) from error


def _words(named: _Named) -> str:
    return repr(named.name.decode()) if named.name else "a batch"
