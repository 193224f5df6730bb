"""Payloads: the fields of messages as bytes, without name and version, which a frame's header has.

Several of one type are JSON lines: compact JSON has no line breaks, so that they can be told apart
without being read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

from .._errors import DecodeError
from ._codec import Codec
from ._problems import Refused

T = TypeVar("T")

_LINE: Final = b"\n"


class Payloads(Generic[T]):
    """The payloads of one codec."""

    def __init__(self, codec: Codec[T]) -> None:
        from . import _json  # noqa: PLC0415 - it brings msgspec

        self._codec = codec
        self._json = _json

    def dump(self, msg: T) -> tuple[str, int, bytes]:
        """Return wire name, version and payload of a message.

        Raises:
            EncodeError: As `Codec.encode`.
        """
        built: dict[str, Any] = self._codec.to_builtins(msg)
        return built["type"], built["version"], self._json.dump(built["data"])

    def load(self, name: str, version: int, payload: bytes) -> T:
        """Return the message of a payload, of an old version as well.

        Raises:
            DecodeError: As `Codec.decode`.
            UnknownMessageError: As `Codec.decode`.
        """
        try:
            data = self._json.load(payload)
        except Refused as error:
            raise DecodeError(name, error.reason, error.shown) from error.__cause__
        return self._codec.from_builtins({"type": name, "version": version, "data": data})

    def dump_many(self, messages: Sequence[T]) -> tuple[str, int, bytes]:
        """Return wire name, version and all payloads of messages of one type, at least one.

        Raises:
            EncodeError: As `Codec.encode`.
        """
        dumped = [self.dump(msg) for msg in messages]
        name, version, _ = dumped[0]
        return name, version, _LINE.join([payload for _, _, payload in dumped])

    def load_many(self, name: str, version: int, payloads: bytes, first: int) -> list[T]:
        """Return the messages of `dump_many`, of which the first has number `first` for errors.

        Raises:
            DecodeError: As `Codec.decode`, with the message's number in the path.
            UnknownMessageError: As `Codec.decode`.
        """
        messages: list[T] = []
        try:
            for payload in payloads.split(_LINE):
                # One by one, so that an error knows the number of its message.
                messages.append(self.load(name, version, payload))  # noqa: PERF401
        except DecodeError as error:
            path = f"batch[{first + len(messages)}].{error.path}"
            raise type(error)(path, error.reason, error.value) from error.__cause__
        return messages
