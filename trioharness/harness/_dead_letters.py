"""The component that writes dead letters to a file, one JSON line each."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trio
from typing_extensions import TypeForm

from .._errors import ConfigurationError
from ..channels import DeadLetter, ReceiveChannel
from ..messages import Codec
from ..observe import summary
from ..supervision import TaskStatus


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
    message as `Codec` writes it, the time in seconds since 1970.

    Args:
        path: The file.
        message_types: What each channel carries, by its name.
        letters: The dead letters of each channel.
        task_status: Told the path when the file is open.
    """
    codecs = {name: Codec(carried) for name, carried in message_types.items()}
    async with await trio.open_file(path, "a", encoding="utf-8") as file:
        task_status.started(path)

        async def write_all(end: ReceiveChannel[DeadLetter[object]]) -> None:
            async for letter in end:
                line = _line(letter, codecs[letter.channel])
                try:
                    await file.write(line)
                    await file.flush()
                except OSError as error:
                    error.add_note(f"this dead letter could not be written: {line}")
                    raise

        async with trio.open_nursery() as nursery:
            for end in letters:
                nursery.start_soon(write_all, end)


def _line(letter: DeadLetter[object], codec: Codec[Any]) -> str:
    record = {
        "channel": letter.channel,
        "attempts": letter.attempts,
        "reason": letter.reason,
        "error": summary(letter.error),
        "time": time.time(),
        "message": codec.to_builtins(letter.message),
    }
    return json.dumps(record, ensure_ascii=False) + "\n"
