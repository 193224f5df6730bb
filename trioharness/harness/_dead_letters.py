"""The component that writes dead letters to a file, one JSON line each."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Any

import attrs
import trio
from typing_extensions import TypeForm

from .._errors import ConfigurationError, EncodeError
from ..channels import DeadLetter, ReceiveChannel
from ..messages import Codec
from ..observe import summary
from ..supervision import TaskStatus

_LAST_LINES = 5.0
"""Seconds for what is still at hand when it is told to stop."""


def check_encodable(channel: str, message_type: TypeForm[Any]) -> None:
    """Refuse a channel whose dead letters no codec could write.

    Raises:
        ConfigurationError: It carries something that is no message.
    """
    try:
        Codec(message_type)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"channel {channel!r}",
            f"its dead letters cannot be written ({error})",
            "let it carry @message classes, or take dead_letters= from the harness",
        ) from error


async def write_dead_letters(
    path: Path,
    message_types: Mapping[str, TypeForm[Any]],
    *letters: ReceiveChannel[DeadLetter[object]],
    task_status: TaskStatus[Path],
) -> None:
    """Write every dead letter to a file until no more can come.

    The file is opened before this is ready, so that a path that cannot be written fails the start.
    Lines are appended: ``{"channel", "attempts", "reason", "error", "time", "message"}``, the
    message as `Codec` writes it, the time in seconds since 1970. Where the codec refuses the
    message, ``message`` is null, and ``problem`` and ``repr`` say more.

    Args:
        path: The file.
        message_types: What each channel carries, by its name.
        letters: The dead letters of each channel.
        task_status: Told the path when the file is open.

    Cancellation:
        What had died before is still written.
    """
    codecs = {name: Codec(carried) for name, carried in message_types.items()}
    # Without a buffer: what a full disk refused would be tried again by the close.
    async with await trio.open_file(path, "ab", 0) as file:
        lines = _Lines(file.wrapped, codecs)
        task_status.started(path)
        async with trio.open_nursery() as nursery:
            for end in letters:
                nursery.start_soon(_write_all, end, lines)


async def _write_all(end: ReceiveChannel[DeadLetter[object]], lines: _Lines) -> None:
    failed = False
    try:
        async for letter in end:
            failed = True
            await lines.add(letter)
            failed = False
    finally:
        with trio.move_on_after(_LAST_LINES, shield=True):
            await trio.lowlevel.checkpoint()
            for letter in () if failed else _at_hand(end):
                await lines.add(letter)


@attrs.define(eq=False)
class _Lines:
    """The open file, one line at a time."""

    file: FileIO
    codecs: Mapping[str, Codec[Any]]
    one_thread: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

    async def add(self, letter: DeadLetter[object]) -> None:
        line = _line(letter, self.codecs[letter.channel])
        # A letter that was received is nowhere else any more. The shield adds no wait without end:
        # the thread that writes could not be cancelled in any case.
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._append, line, limiter=self.one_thread)

    def _append(self, line: str) -> None:
        # backslashreplace: what UTF-8 cannot hold becomes the escape that JSON has for it.
        data = line.encode("utf-8", "backslashreplace")
        try:
            while data:
                data = data[self.file.write(data) :]
        except OSError as error:
            error.add_note(f"this dead letter could not be written: {line}")
            raise


def _at_hand(end: ReceiveChannel[DeadLetter[object]]) -> Iterator[DeadLetter[object]]:
    with contextlib.suppress(trio.WouldBlock, trio.EndOfChannel):
        while True:
            yield end.receive_nowait()


def _line(letter: DeadLetter[object], codec: Codec[Any]) -> str:
    record = {
        "channel": letter.channel,
        "attempts": letter.attempts,
        "reason": letter.reason,
        "error": summary(letter.error),
        "time": time.time(),
        **_message(letter.message, codec),
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


def _message(message: object, codec: Codec[Any]) -> dict[str, object]:
    try:
        return {"message": codec.to_builtins(message)}
    except EncodeError as error:
        # It may well have died of the very thing that the codec does not like.
        return {"message": None, "problem": str(error), "repr": _repr(message)}


def _repr(message: object) -> str:
    try:
        return repr(message)
    except Exception as error:  # noqa: BLE001 - whatever the repr of a message raises
        return f"<a {type(message).__name__} whose repr raised {summary(error)}>"
