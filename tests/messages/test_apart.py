"""What the fast lane refuses to write although a type checker would let it pass."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from trioharness._errors import EncodeError
from trioharness.messages import message

from .lanes import BothLanes

NOW = datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)


@message("numbers")
class Numbers:
    count: int = 0
    ratio: float = 0.0
    day: datetime.date = NOW.date()
    maybe: int | None = None
    mixed: int | str | None = None
    either: float | str = 0.0
    flagged: int | bool = 0
    many: tuple[int, ...] = ()
    by_number: dict[int, float] = {}  # noqa: RUF012 - never changed


@pytest.mark.parametrize("form", ["json", "msgpack"])
@pytest.mark.parametrize(
    "fields",
    [
        {"count": True},
        {"ratio": False},
        {"day": NOW},
        {"maybe": True},
        {"mixed": True},
        {"either": False},
        {"many": (1, True)},
        {"by_number": {True: 1.0}},
        {"by_number": {1: True}},
    ],
)
def test_a_subclass_is_not_written_as_what_nobody_could_read(
    fields: dict[str, Any], form: str
) -> None:
    codec = BothLanes(Numbers, format=form)
    assert "fast lane" in codec.explain()
    with pytest.raises(EncodeError, match="expected"):
        codec.encode(Numbers(**fields))


@pytest.mark.parametrize("form", ["json", "msgpack"])
def test_a_bool_is_written_where_it_is_expected(form: str) -> None:
    codec = BothLanes(Numbers, format=form)
    msg = Numbers(flagged=True, maybe=1, mixed=2, either=3.0, many=(4,), by_number={5: 6.0})
    assert repr(codec.copy(msg)) == repr(msg)
