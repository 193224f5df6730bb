"""`FrameReader`: pieces of a stream of bytes to the envelopes and batches that are in it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, Literal, NoReturn, TypeVar, final

from .._errors import DecodeError, FrameError
from . import _header as header
from ._batches import Run, load_runs, load_what_can_be, read_name, split_runs
from ._codec import Codec
from ._compress import LOADERS, ZSTD_CURE, ZSTD_MISSING, Compression, Compressor
from ._envelopes import NO_PROPERTIES, Batch, Envelope, MessageId, Properties
from ._extension import unpack_extension
from ._problems import Refused, shorten

T = TypeVar("T")


class NeedData(enum.Enum):
    """The type of `NEED_DATA`, of which there is one."""

    NEED_DATA = "NEED_DATA"

    def __repr__(self) -> str:
        return self.name


NEED_DATA: Final = NeedData.NEED_DATA
"""What `FrameReader.next_frame` returns until the next frame is there as a whole."""

_SIZE: Final = header.SIZE
_NAMED: Final = 5
"""Where in a prefix the size of the name is."""
_unpack = header.FIXED.unpack_from

_COMPRESSIONS: Final[dict[int, Compression]] = {header.ZLIB: "zlib", header.ZSTD: "zstd"}


@final
class FrameReader(Generic[T]):
    """Finds the frames of a `FrameWriter` in a stream of bytes, however it was cut up.

    It does no I/O, as h11 does none: it is fed what was received, and asked for the next frame. One
    for each connection, since it keeps what is half there, and never more than `max_frame` bytes
    beside what it was fed last.

    A frame whose content is bad raises a `DecodeError` and is passed over: ask for the next one. A
    stream whose frames cannot be found any more raises a `FrameError`, and does so ever after.

    Example::

        reader = FrameReader(Codec(Order | Cancel))
        async for received in stream:
            reader.feed(received)
            while (frame := reader.next_frame()) is not NEED_DATA:
                ...
        reader.feed_eof()
    """

    def __init__(
        self,
        codec: Codec[T],
        *,
        max_frame: int = header.MAX_FRAME,
        max_inflated: int = header.MAX_FRAME,
        max_batch: int = header.MAX_BATCH,
    ) -> None:
        """Begin a stream.

        Args:
            codec: Knows the types of the messages.
            max_frame: Most bytes of one frame, its header included.
            max_inflated: Most bytes of what is in a frame once it is inflated, which is where
                inflating it stops.
            max_batch: Most messages of a batch.

        Raises:
            ConfigurationError: A bound is out of range.
        """
        self._name = f"FrameReader({codec!r})"
        self._codec = codec
        self._max_frame = header.bound(self._name, "max_frame", max_frame)
        self._longest = self._max_frame - _SIZE
        self._max_inflated = header.bound(self._name, "max_inflated", max_inflated)
        self._max_batch = header.bound(self._name, "max_batch", max_batch, least=1)
        self._flags = header.FORMATS[codec.format]
        self._seen: dict[bytes, dict[bytes, Callable[[bytes], T]]] = {}
        """What loads a message, by prefix of a header in which nothing is unusual, and name."""
        self._compressors: dict[Compression, Compressor] = {}
        # What can be read is `_data` from `_at` on. What arrives before that makes a frame grows in
        # `_tail` until it does, so that no byte is copied again with each piece.
        self._data = b""
        self._at = 0
        self._tail = bytearray()
        self._needed = _SIZE
        self._before = 0
        """Bytes of the stream before `_data`."""
        self._parts: Iterator[Batch[T] | DecodeError] | None = None
        """What is still to come of a batch of which not all could be read."""
        self._parted = 0
        """Where that batch is in the stream."""
        self._refused: tuple[int, str] | None = None

    def __repr__(self) -> str:
        return f"<{self._name} at byte {self.offset}>"

    @property
    def offset(self) -> int:
        """How many bytes of the stream were taken: where the next frame begins."""
        return self._before + self._at

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take what was received.

        Ask for frames until there are no more before you feed again: what is fed is kept, however
        much it is.

        Args:
            data: Some bytes, cut anywhere. After a `FrameError` they are thrown away.
        """
        if self._refused is not None:
            return
        left = len(self._data) - self._at
        if self._tail or left >= self._needed or 0 < left + len(data) < self._needed:
            self._tail += data
            return
        # Nothing was left, or the beginning of a frame that is there as a whole now.
        rest = self._data[self._at :]
        self._before += self._at
        self._at = 0
        self._needed = _SIZE
        self._data = rest + data if rest else bytes(data)

    def feed_eof(self) -> None:
        """Say that the stream has ended, once there are no more frames.

        Raises:
            FrameError: It ended in the middle of a frame, or was refused before.
        """
        left = len(self._data) - self._at + len(self._tail)
        if self._refused is None and left:
            self._refuse(f"the stream ended in the middle of a frame, of which it had {left} bytes")
        self._check_refused()

    def next_frame(self) -> Envelope[T] | Batch[T] | Literal[NeedData.NEED_DATA]:
        """Return what is in the next frame.

        Returns:
            An envelope or a batch, or `NEED_DATA` while the frame is not there as a whole.

        Raises:
            DecodeError: As `Codec.load`; it cannot be inflated, or only to more than
                `max_inflated`; or something in its envelope is wrong. A note says at which byte it
                was. The next call goes on behind it: behind the message, not the whole batch, where
                others in the batch can be read.
            UnknownMessageError: As `Codec.load`; so does this.
            FrameError: The stream is no stream of frames, of a newer header than is known, or a
                frame is too large. So it is from now on, whatever is fed.
        """
        if self._parts is not None:
            return self._next_part(self._parts)
        data, at = self._data, self._at
        if len(data) - at >= _SIZE:
            prefix, size, node, count, time = _unpack(data, at)
            seen = self._seen.get(prefix)
            end = at + _SIZE + size
            if seen is not None and end <= len(data) and size <= self._longest:
                body = at + _SIZE + prefix[_NAMED]
                load = seen.get(data[at + _SIZE : body])
                if load is not None:
                    # A plain message like one before, by far the most: what follows is not needed.
                    # A name beyond the end leaves an empty payload, which is no message.
                    self._at = end
                    try:
                        message = load(data[body:end])
                    except DecodeError as error:
                        _note(error, self._before + at)
                        raise
                    return Envelope(message, (node, count), time)
        return self._next_unusual()

    def _next_unusual(self) -> Envelope[T] | Batch[T] | Literal[NeedData.NEED_DATA]:
        """Return what is in the next frame, whatever it is."""
        if len(self._data) - self._at < _SIZE and not self._gather(_SIZE):
            return NEED_DATA
        prefix, size, node, count, time = _unpack(self._data, self._at)
        if not prefix.startswith(header.START) or size > self._longest:
            self._refuse(_why(prefix[: len(header.START)], _SIZE + size, self._max_frame))
        if len(self._data) - self._at < _SIZE + size and not self._gather(_SIZE + size):
            return NEED_DATA
        begin = self._at
        self._at = begin + _SIZE + size
        rest = self._data[begin + _SIZE : self._at]
        try:
            frame = self._frame(prefix, (node, count), time, rest)
        except DecodeError as error:
            _note(error, self._before + begin)
            raise
        if frame is not None:
            return frame
        self._parted = self._before + begin
        return self.next_frame()

    def _frame(
        self, prefix: bytes, ident: MessageId, time: int, rest: bytes
    ) -> Envelope[T] | Batch[T] | None:
        """Return what is in a frame, or None for a batch that comes in parts."""
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
            runs = split_runs(self._codec, rest, self._max_batch)
            return self._batch(runs, ident, time, properties)
        load = self._codec.loader(name, version).load
        message = load(rest)
        if flags == self._flags:
            # There are no more of these than types and versions, since it is known now.
            self._seen.setdefault(prefix, {})[raw] = load
        return Envelope(message, ident, time, properties)

    def _batch(
        self, runs: Sequence[Run], ident: MessageId, time: int, properties: Properties
    ) -> Batch[T] | None:
        try:
            return Batch(load_runs(self._codec, runs), ident, time, properties)
        except DecodeError:
            self._parts = self._parts_of(runs, ident, time, properties)
            return None

    def _parts_of(
        self, runs: Sequence[Run], ident: MessageId, time: int, properties: Properties
    ) -> Iterator[Batch[T] | DecodeError]:
        node, count = ident
        for first, part in load_what_can_be(self._codec, runs):
            if isinstance(part, DecodeError):
                yield part
            else:
                yield Batch(part, (node, count + first), time, properties)

    def _next_part(
        self, parts: Iterator[Batch[T] | DecodeError]
    ) -> Envelope[T] | Batch[T] | Literal[NeedData.NEED_DATA]:
        """Return what comes next of a batch, or of the stream behind it."""
        part = next(parts, None)
        if part is None:
            self._parts = None
            return self.next_frame()
        if isinstance(part, DecodeError):
            _note(part, self._parted)
            raise part
        return part

    def _inflated(self, compression: Compression, data: bytes, path: str) -> bytes:
        try:
            compressor = self._compressors.get(compression)
            if compressor is None:
                compressor = self._compressors[compression] = LOADERS[compression]()
            return compressor.inflate(data, self._max_inflated)
        except Refused as error:
            raise DecodeError(path, error.reason, error.shown) from error.__cause__
        except ImportError as error:
            reason = f"it is compressed by {compression}: {ZSTD_MISSING}; {ZSTD_CURE}"
            raise DecodeError(path, reason) from error

    def _gather(self, needed: int) -> bool:
        """Have so many bytes of the next frame in one piece, or say that they are not there."""
        self._check_refused()
        rest = self._data[self._at :]
        self._before += self._at
        self._at = 0
        self._data = rest
        needed = max(needed, self._needed)
        if len(rest) + len(self._tail) < needed:
            self._needed = needed
            self._check_start()
            return False
        self._data = rest + self._tail
        self._tail.clear()
        self._needed = _SIZE
        return True

    def _check_start(self) -> None:
        """Refuse a stream whose first bytes are wrong: a whole header may never come."""
        size = len(header.START)
        begun = (self._data[:size] + self._tail[:size])[:size]
        if not header.START.startswith(begun):
            self._refuse(_why(begun, 0, self._max_frame))

    def _refuse(self, reason: str) -> NoReturn:
        self._refused = self.offset, reason
        self._data, self._at, self._before = b"", 0, self.offset
        self._tail.clear()
        raise FrameError(*self._refused)

    def _check_refused(self) -> None:
        if self._refused is not None:
            raise FrameError(*self._refused)


def _note(error: DecodeError, offset: int) -> None:
    error.add_note(f"in the frame at byte {offset} of the stream")


def _why(start: bytes, size: int, most: int) -> str:
    """Say what is wrong with a header."""
    if start == header.START:
        return f"a frame of {size} bytes begins here, and it may have {most} (max_frame)"
    if len(start) == len(header.START) and start.startswith(header.MAGIC):
        return (
            f"a frame with a header of version {start[-1]} begins here, and known is "
            f"{header.VERSION}: it was written by a newer program, update this one"
        )
    return f"no frame begins here, but {shorten(start)}"


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
