"""What is asked and answered through the control socket: messages like any others, in frames."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from ..messages import (
    Batch,
    Codec,
    Envelope,
    FrameReader,
    FrameWriter,
    Ids,
    message,
)
from ._snapshot import Snapshot

Q = TypeVar("Q")
A = TypeVar("A")

MAX_QUESTION: Final = 64 * 1024
"""Bytes of a question, at most."""
MAX_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of an answer, at most: a snapshot of some 100,000 components."""

Action: TypeAlias = Literal["start", "stop", "restart", "drain"]


@message("trioharness.ask.snapshot")
class AskSnapshot:
    """How is everything? Answered by a `Snapshot`, or by one every so often."""

    every: float | None = None
    """Seconds from one to the next; meanwhile the event loop is watched."""


@message("trioharness.ask.dump")
class AskDump:
    """Where does each task stand? Answered by a `Text`."""


@message("trioharness.ask.events")
class AskEvents:
    """What happened last, and what happens from now on? Answered by `EventTold` and `Missed`."""

    follow: bool


@message("trioharness.ask.steer")
class Steer:
    """Do something about a component, or about all. Answered by `Text` once it is done."""

    action: Action
    path: str | None = None
    reason: str | None = None
    grace: float | None = None
    """Seconds, for a drain."""


@message("trioharness.text")
class Text:
    """An answer for people."""

    text: str


@message("trioharness.refused")
class Refused:
    """Why something is not done."""

    text: str


@message("trioharness.event")
class EventTold:
    """One event, as the log has it."""

    time: float
    """In seconds since the epoch."""
    name: str
    """The name of its class."""
    level: str
    """The level of its record in the log: ``"warning"``, say."""
    text: str
    json: str
    """All the log knows of it, as one JSON object."""


@message("trioharness.missed")
class Missed:
    """How many events were not told, because whoever follows them is too slow."""

    count: int


Question: TypeAlias = AskSnapshot | AskDump | AskEvents | Steer
Answer: TypeAlias = Snapshot | Text | Refused | EventTold | Missed


class Side(Generic[Q, A]):
    """One side of a connection: it writes the one and reads the other."""

    def __init__(self, writer: FrameWriter[Q], reader: FrameReader[A]) -> None:
        self._writer = writer
        self._reader = reader
        self._ids = Ids(node=0)

    def write(self, said: Q) -> bytes:
        """Return the frame of a message.

        Raises:
            EncodeError: It is larger than a frame may be.
        """
        return self._writer.encode(Envelope(said, id=self._ids.next(), time=time.time_ns()))

    def read(self, received: bytes) -> Iterator[A]:
        """Yield what is in what was received, once it is complete.

        Raises:
            DecodeError: It is no message that is expected here.
            FrameError: It is no stream of frames.
        """
        self._reader.feed(received)
        while frames := self._reader.next_frames():
            for frame in frames:
                if isinstance(frame, Batch):
                    yield from frame.messages
                else:
                    yield frame.message


@functools.cache
def _questions() -> Codec[Question]:
    return Codec[Question](AskSnapshot | AskDump | AskEvents | Steer, max_size=MAX_QUESTION)


@functools.cache
def _answers() -> Codec[Answer]:
    # Room for all that `MAX_ANSWER` allows: an application of any size can be looked at.
    return Codec[Answer](
        Snapshot | Text | Refused | EventTold | Missed,
        max_size=MAX_ANSWER,
        max_items=10_000_000,
        max_depth=64,
    )


def asking() -> Side[Question, Answer]:
    """Begin a connection, on the side of who asks."""
    return Side(
        FrameWriter(_questions(), max_frame=MAX_QUESTION),
        FrameReader(_answers(), max_frame=MAX_ANSWER, max_inflated=MAX_ANSWER),
    )


def answering() -> Side[Answer, Question]:
    """Begin a connection, on the side of the application."""
    return Side(
        FrameWriter(_answers(), max_frame=MAX_ANSWER, max_inflated=MAX_ANSWER),
        FrameReader(_questions(), max_frame=MAX_QUESTION, max_inflated=MAX_QUESTION, max_batch=1),
    )
