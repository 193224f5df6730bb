"""Compression of what is in a frame: zlib from the standard library, zstd as an extra.

What comes from outside is inflated into a bounded buffer: a few bytes that stand for gigabytes get
no further than the bound. Both libraries are loaded when they are used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

import attrs

from ._problems import Refused

Compression: TypeAlias = Literal["none", "zlib", "zstd"]
"""How what is in a frame is compressed."""

ZSTD_MISSING: Final = "it needs another package"
ZSTD_CURE: Final = "pip install 'trioharness[zstd]'"

_LEVEL: Final = 1
"""For both: higher ones take several times as long, for a few per cent."""

_WINDOWS: Final = (10, 30)
"""The smallest and the largest window of zstd, as powers of two."""


@attrs.frozen
class Compressor:
    """One way to compress."""

    name: Compression
    compress: Callable[[bytes], bytes]
    inflate: Callable[[bytes, int], bytes]
    """``inflate(data, limit)``; raises `Refused`, also when it would be more than the limit."""


def load_zlib() -> Compressor:
    """Return what the standard library has."""
    import zlib  # noqa: PLC0415

    def compress(data: bytes) -> bytes:
        return zlib.compress(data, _LEVEL)

    def inflate(data: bytes, limit: int) -> bytes:
        stream = zlib.decompressobj()
        try:
            inflated = stream.decompress(data, limit + 1)
        except zlib.error as error:
            raise Refused(f"it cannot be inflated: {error}", data) from error
        return _whole(inflated, limit, data, ended=stream.eof, rest=stream.unused_data)

    return Compressor("zlib", compress, inflate)


def load_zstd() -> Compressor:
    """Return zstd: the standard library's from Python 3.14 on, before that the extra's.

    Raises:
        ImportError: The extra is not installed.
    """
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415
    else:
        from backports import zstd  # noqa: PLC0415

    # Kept, since its tables are a quarter of a millisecond to set up; each call is one frame of it.
    compressor = zstd.ZstdCompressor(_LEVEL)

    def compress(data: bytes) -> bytes:
        return compressor.compress(data, compressor.FLUSH_FRAME)

    def inflate(data: bytes, limit: int) -> bytes:
        try:
            size = zstd.get_frame_info(data).decompressed_size
            if size is not None and size > limit:
                raise _too_much(limit, data)
            # Without this a frame could ask for a window of 128 MiB beside the buffer.
            window = {int(zstd.DecompressionParameter.window_log_max): _window(limit)}
            stream = zstd.ZstdDecompressor(options=window)
            inflated = stream.decompress(data, limit + 1)
        except zstd.ZstdError as error:
            raise Refused(f"it cannot be inflated: {error}", data) from error
        return _whole(inflated, limit, data, ended=stream.eof, rest=stream.unused_data)

    return Compressor("zstd", compress, inflate)


LOADERS: Final[dict[str, Callable[[], Compressor]]] = {"zlib": load_zlib, "zstd": load_zstd}
"""Compressions that need loading, which for the second may raise `ImportError`."""


def _window(limit: int) -> int:
    smallest, largest = _WINDOWS
    return min(max(smallest, (limit - 1).bit_length()), largest)


def _whole(inflated: bytes, limit: int, data: bytes, *, ended: bool, rest: bytes) -> bytes:
    if len(inflated) > limit:
        raise _too_much(limit, data)
    if not ended:
        raise Refused("what is compressed in it is cut short", data)
    if rest:
        raise Refused(f"{len(rest)} bytes follow what is compressed in it", data)
    return inflated


def _too_much(limit: int, data: bytes) -> Refused:
    return Refused(f"it inflates to more than {limit} bytes (max_inflated)", data)
