"""What is in a frame that was found in a stream: an envelope, a batch, or parts of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Generic, TypeAlias, TypeVar

from .._errors import DecodeError
from . import _header as header
from ._batches import Run, load_runs, load_what_can_be, read_name, split_runs, told_apart
from ._codec import Codec
from ._compress import LOADERS, ZSTD_CURE, ZSTD_MISSING, Compression, Compressor
from ._envelopes import NO_PROPERTIES, Batch, Envelope, MessageId, Properties
from ._extension import unpack_extension
from ._payloads import Loader
from ._problems import Refused, shorten

T = TypeVar("T")

Parts: TypeAlias = Iterator[Batch[T] | DecodeError]
"""What can be read of a batch, and in between why the rest cannot."""

_COMPRESSIONS: Final[dict[int, Compression]] = {header.ZLIB: "zlib", header.ZSTD: "zstd"}


class Contents(Generic[T]):
    """Reads what is in the frames of one stream."""

    def __init__(self, codec: Codec[T], *, max_inflated: int, max_batch: int) -> None:
        self._codec = codec
        self._flags = header.FORMATS[codec.format]
        self._max_inflated = max_inflated
        self._max_batch = max_batch
        self._compressors: dict[Compression, Compressor] = {}
        self.inflated = 0
        """Bytes that were inflated so far."""
        self.plain: dict[bytes, dict[bytes, Loader[T]]] = {}
        """What loads a message, by prefix of a header in which nothing is unusual, and name."""

    def read(
        self, prefix: bytes, ident: MessageId, time: int, rest: bytes
    ) -> Envelope[T] | Batch[T] | Parts[T]:
        """Return what is in a frame.

        Raises:
            DecodeError: As `FrameReader.next_frame`, but for what is wrong with messages in a
                batch: that is among its parts.
            UnknownMessageError: So does this.
        """
        _, flags, named, version = header.PREFIX.unpack(prefix)
        _check_flags(flags, self._flags, named, len(rest))
        raw, rest = rest[:named], rest[named:]
        name = read_name(raw)
        properties = NO_PROPERTIES
        if flags & header.EXTENDED:
            extension, rest = _split_extension(rest)
            properties = unpack_extension(extension)
        if flags & header.COMPRESSED:
            path = "batch" if flags & header.BATCH else name
            rest = self._inflated(_COMPRESSIONS[flags & header.COMPRESSED], rest, path)
        if flags & header.BATCH:
            runs = split_runs(rest, self._max_batch)
            return self._batch(runs, ident, time, properties)
        loader = self._codec.loader(name, version)
        message = loader.load(rest)
        if flags == self._flags:
            # There are no more of these than types and versions, since it is known now.
            self.plain.setdefault(prefix, {})[raw] = loader
        return Envelope(message, ident, time, properties)

    def _batch(
        self, runs: Sequence[Run], ident: MessageId, time: int, properties: Properties
    ) -> Batch[T] | Parts[T]:
        try:
            messages = load_runs(self._codec, runs)
        except DecodeError:
            messages = None
        if messages is None:
            return self._parts(told_apart(self._codec, runs), ident, time, properties)
        return Batch(messages, ident, time, properties)

    def _parts(
        self,
        runs: Sequence[tuple[Run, list[bytes]]],
        ident: MessageId,
        time: int,
        properties: Properties,
    ) -> Parts[T]:
        node, count = ident
        for first, part in load_what_can_be(self._codec, runs):
            if isinstance(part, DecodeError):
                yield part
            else:
                yield Batch(part, (node, count + first), time, properties)

    def _inflated(self, compression: Compression, data: bytes, path: str) -> bytes:
        try:
            compressor = self._compressors.get(compression)
            if compressor is None:
                compressor = self._compressors[compression] = LOADERS[compression]()
            inflated = compressor.inflate(data, self._max_inflated)
        except Refused as error:
            raise DecodeError(path, error.reason, error.shown) from error.__cause__
        except ImportError as error:
            reason = f"it is compressed by {compression}: {ZSTD_MISSING}; {ZSTD_CURE}"
            raise DecodeError(path, reason) from error
        self.inflated += len(inflated)
        return inflated


def _check_flags(flags: int, format_flag: int, named: int, size: int) -> None:
    if flags & ~header.KNOWN or flags & header.COMPRESSED == header.COMPRESSED:
        reason = f"it has the flags {flags:#04x}: it was written by a newer program"
        raise DecodeError("envelope", f"{reason}, update this one")
    if flags & header.MSGPACK != format_flag:
        written, read = ("msgpack", "json") if flags & header.MSGPACK else ("json", "msgpack")
        raise DecodeError("envelope", f"it is written as {written}, and the codec reads {read}")
    if flags & header.BATCH and named:
        raise DecodeError("envelope", "a batch has no wire name of its own")
    if named > size:
        raise DecodeError("envelope", f"its wire name has {named} bytes, and it has {size} in all")


def _split_extension(rest: bytes) -> tuple[bytes, bytes]:
    at = header.EXTENSION_SIZE.size
    size: int = header.EXTENSION_SIZE.unpack_from(rest)[0] if len(rest) >= at else len(rest)
    if at + size > len(rest):
        raise DecodeError("envelope", "its extension is cut short", shorten(rest))
    return rest[at : at + size], rest[at + size :]
