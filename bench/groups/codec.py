"""Messages to bytes and back, beside cattrs, pydantic, pickle and msgspec's own Structs."""

from __future__ import annotations

from bench._model import Group, Row, at_least, flow_row

_ORJSON = "cattrs_orjson"
_CATTRS = "cattrs_orjson cattrs_brief cattrs_msgspec"
_ALL = f"{_CATTRS} pydantic pickle msgspec_struct"


def _row(
    name: str, about: str, workload: str, size: int, must: float, stretch: float | None = None
) -> Row:
    goal = at_least(must, stretch=stretch, against=_ORJSON)
    others = _ORJSON if "union" in workload else _ALL
    return flow_row(name, about, workload, size, others, goal)


GROUP = Group(
    name="codec",
    about="a message to bytes and back: attrs classes of the usual field types",
    rows=(
        _row("encode", "about 300 bytes", "encode_small", 20_000, 2.7, 3.7),
        _row("decode", "about 300 bytes, extra fields refused", "decode_small", 10_000, 3.0, 4.2),
        _row(
            "decode, extra allowed",
            "about 300 bytes, extra fields passed over, as cattrs does",
            "decode_small_with_extra_allowed",
            10_000,
            4.2,
            5.2,
        ),
        _row("encode 10 kB", "about 10 kB", "encode_large", 1_000, 1.6, 2.4),
        _row("decode 10 kB", "about 10 kB, extra fields refused", "decode_large", 500, 2.5, 3.5),
        _row(
            "decode 10 kB, extra allowed",
            "about 10 kB, extra fields passed over",
            "decode_large_with_extra_allowed",
            500,
            2.5,
            4.1,
        ),
        flow_row(
            "encode another class",
            "one with a converter, an alias and a private field",
            "encode_other",
            20_000,
            _CATTRS,
            at_least(0.95, against="cattrs_orjson"),
            at_least(0.95, against="cattrs_brief"),
            at_least(0.95, against="cattrs_msgspec"),
        ),
        flow_row(
            "decode another class",
            "one with a converter, an alias and a private field",
            "decode_other",
            10_000,
            _CATTRS,
            at_least(0.95, against="cattrs_orjson"),
            at_least(0.95, against="cattrs_brief"),
            at_least(0.95, against="cattrs_msgspec"),
        ),
        _row("encode a union", "one of two messages, by tag", "encode_union", 20_000, 3.3, 4.0),
        _row("decode a union", "one of two messages, by tag", "decode_union", 10_000, 3.0, 4.0),
    ),
)
