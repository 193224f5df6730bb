"""`FrameReader`: pieces of a stream of bytes to the envelopes and batches that are in it."""

from __future__ import annotations

import enum
import itertools
from typing import Final, Generic, Literal, NoReturn, TypeAlias, TypeVar, final

from .._errors import DecodeError, FrameError
from . import _header as header
from ._codec import Codec
from ._contents import Contents, Parts
from ._envelopes import Batch, Envelope, MessageId
from ._problems import shorten

T = TypeVar("T")


class NeedData(enum.Enum):
    """The type of `NEED_DATA`, of which there is one."""

    NEED_DATA = "NEED_DATA"

    def __repr__(self) -> str:
        return self.name


NEED_DATA: Final = NeedData.NEED_DATA
"""What `FrameReader.next_frame` returns until the next frame is there as a whole."""

Frame: TypeAlias = Envelope[T] | Batch[T]
"""What is in a frame."""

_SIZE: Final = header.SIZE
_NAMED: Final = 5
"""Where in a prefix the size of the name is."""
_AT_ONCE: Final = 128 * 1024
"""Bytes in which the frames begin that are read in one go: so much of them is there twice."""
_unpack = header.FIXED.unpack_from


@final
class FrameReader(Generic[T]):
    """Finds the frames of a `FrameWriter` in a stream of bytes, however it was cut up.

    It does no I/O, as h11 does none: it is fed what was received, and asked for the next frame, or
    for those that are there. One for each connection, since it keeps what is half there, and never
    more than `max_frame` bytes, and some 128 KiB, beside what it was fed last.

    A frame whose content is bad raises a `DecodeError` and is passed over: ask for the next one. A
    stream whose frames cannot be found any more raises a `FrameError`, and does so ever after.

    Example::

        reader = FrameReader(Codec(Order | Cancel))
        async for received in stream:
            reader.feed(received)
            while frames := reader.next_frames():
                for frame in frames:
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
        self._max_frame = header.bound(self._name, "max_frame", max_frame)
        self._longest = self._max_frame - _SIZE
        self._max_inflated = header.bound(self._name, "max_inflated", max_inflated)
        header.bound(self._name, "max_batch", max_batch, least=1)
        self._contents = Contents(codec, max_inflated=max_inflated, max_batch=max_batch)
        self._plain = self._contents.plain
        # What can be read is `_data` from `_at` on. What arrives before that makes a frame grows in
        # `_tail` until it does, so that no byte is copied again with each piece.
        self._data = b""
        self._at = 0
        self._tail = bytearray()
        self._needed = _SIZE
        self._before = 0
        """Bytes of the stream before `_data`."""
        self._parts: Parts[T] | None = None
        """What is still to come of a batch of which not all could be read."""
        self._bad = -1
        """Where a frame is in the stream that was found to be bad, which is not yet said."""
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

    def next_frame(self) -> Frame[T] | Literal[NeedData.NEED_DATA]:
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
            loaders = self._plain.get(prefix)
            end = at + _SIZE + size
            if loaders is not None and end <= len(data) and size <= self._longest:
                body = at + _SIZE + prefix[_NAMED]
                loader = loaders.get(data[at + _SIZE : body])
                if loader is not None:
                    # A plain message like one before, by far the most: what follows is not needed.
                    # A name beyond the end leaves an empty payload, which is no message.
                    self._at = end
                    try:
                        message = loader.load(data[body:end])
                    except DecodeError as error:
                        _note(error, self._before + at)
                        raise
                    return Envelope(message, (node, count), time)
        return self._next_unusual()

    def next_frames(self) -> list[Frame[T]]:
        """Return what is in all frames that are there, in less time than one by one.

        Ask until there are no more: a list ends before a frame that is bad, which the next call
        raises and passes over, and once `max_inflated` bytes were inflated for it. What is made of
        other frames is bounded by what was fed. Calls of `next_frame` may come in between.

        Returns:
            What as many calls of `next_frame` would; empty while no frame is there as a whole.

        Raises:
            DecodeError: As `next_frame`, of the first of them; so do the others.
            UnknownMessageError: (the same)
            FrameError: (the same)
        """
        found: list[Frame[T]] = []
        contents = self._contents
        enough = contents.inflated + self._max_inflated
        while contents.inflated <= enough:
            parts = self._parts
            if parts is None:
                while self._take_alike(found):
                    pass
                if found and self._bad == self.offset:
                    break
            begin = self.offset
            try:
                frame = self.next_frame()
            except (DecodeError, FrameError) as error:
                if not found:
                    raise
                self._put_back(error, begin, parts)
                break
            if frame is NEED_DATA:
                break
            found.append(frame)
        return found

    def _take_alike(self, found: list[Frame[T]]) -> bool:
        """Take the plain frames of one type that come next; say whether others may follow.

        Only of a type that was read before, and only good ones: else `next_frame` has the word.
        """
        data, at, whole, longest = self._data, self._at, len(self._data), self._longest
        if whole - at < _SIZE or self._bad == self.offset:
            return False
        alike = _unpack(data, at)[0]
        body = _SIZE + alike[_NAMED]
        name = data[at + _SIZE : at + body]
        loader = self._plain.get(alike, {}).get(name)
        if loader is None:
            return False
        unpack = header.named(len(name)).unpack_from
        payloads: list[bytes] = []
        idents: list[MessageId] = []
        times: list[int] = []
        last = min(whole, at + _AT_ONCE) - body
        while at <= last:
            prefix, size, node, count, time, named = unpack(data, at)
            end = at + _SIZE + size
            if prefix != alike or named != name or end > whole or size > longest:
                break
            # A name beyond the end leaves an empty payload, which is no message.
            payloads.append(data[at + body : end])
            idents.append((node, count))
            times.append(time)
            at = end
        if not payloads:
            return False
        messages = loader.load_good(payloads)
        found += map(Envelope, messages, idents, times)  # as many as there are messages
        if len(messages) == len(payloads):
            self._at = at
        else:
            self._at += len(messages) * body + sum(map(len, payloads[: len(messages)]))
            self._bad = self.offset
        return bool(messages)

    def _put_back(
        self, error: DecodeError | FrameError, begin: int, parts: Parts[T] | None
    ) -> None:
        """Have the next call raise an error, be it of the frame that begins there or of a part."""
        if isinstance(error, DecodeError) and parts is not None and self._parts is parts:
            self._parts = itertools.chain([error], parts)
        else:
            self._parts = None
            self._at -= self.offset - begin

    def _next_unusual(self) -> Frame[T] | Literal[NeedData.NEED_DATA]:
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
            content = self._contents.read(prefix, (node, count), time, rest)
        except DecodeError as error:
            _note(error, self._before + begin)
            raise
        if isinstance(content, Envelope | Batch):
            return content
        self._parts = _noted(content, self._before + begin)
        return self.next_frame()

    def _next_part(self, parts: Parts[T]) -> Frame[T] | Literal[NeedData.NEED_DATA]:
        """Return what comes next of a batch, or of the stream behind it."""
        part = next(parts, None)
        if part is None:
            self._parts = None
            return self.next_frame()
        if isinstance(part, DecodeError):
            raise part
        return part

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


def _noted(parts: Parts[T], offset: int) -> Parts[T]:
    for part in parts:
        if isinstance(part, DecodeError):
            _note(part, offset)
        yield part


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
