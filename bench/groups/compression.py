"""Frames of batches, compressed: what it takes, and what is left of them."""

from __future__ import annotations

import attrs

from bench._model import BYTES_PER_MESSAGE, Group, Row, flow_row


def _rows(library: str) -> tuple[Row, ...]:
    """Return what one library takes in both directions, and what it makes of it."""
    encode, decode = (
        flow_row(
            f"{library}, {work}",
            f"batches of 100, {work}d; by hand lines of JSON by cattrs and orjson",
            f"{work}_{library}",
            5_000,
            f"{library} ours_plain",
        )
        for work in ("encode", "decode")
    )
    size = attrs.evolve(
        encode,
        name=f"{library}, size",
        about="what is left of the same, beside frames that are not compressed",
        rivals=("ours_plain", library, "ours"),
        baseline="ours_plain",
        unit=BYTES_PER_MESSAGE,
        rounds=1,
    )
    return encode, decode, size


GROUP = Group(
    name="compression",
    about="frames of 100 messages of some 300 bytes, compressed by zlib and by zstd",
    rows=(*_rows("zlib"), *_rows("zstd")),
)
