"""Log records as JSON: one object a line, in one order, whatever a record holds."""

from __future__ import annotations

import collections
import datetime
import io
import json
import logging
import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trioharness._events import (
    ChildEnded,
    ChildReady,
    ChildRestarting,
    Crashed,
    DeadLettered,
    GaveUp,
    InHand,
)
from trioharness.observe import LogFormat, configure_logging, log_observer, write_json_line

HELD = InHand(channel="files", message="File(1)", attempt=2, max_deliveries=3, fate="returned")


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class BrokenMapping(collections.UserDict[str, object]):
    def items(self) -> Any:
        raise RuntimeError("no items")


@contextmanager
def shown(
    level: str = "debug", lines: LogFormat = "json", *, raw: bool = False
) -> Generator[io.StringIO]:
    """What is written to the log; pytest's own handlers are put back afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("trioharness")
    saved = root.handlers[:], root.level, ours.level
    root.handlers[:] = []
    written = io.StringIO()
    try:
        configure_logging(level, lines=lines, raw=raw, stream=written)
        yield written
    finally:
        root.handlers[:] = saved[0]
        root.setLevel(saved[1])
        ours.setLevel(saved[2])


def objects(stream: io.StringIO) -> list[dict[str, Any]]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    text = stream.getvalue()
    assert text.isascii()
    assert text.endswith("\n")
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def crash(error: Exception, in_hand: tuple[InHand, ...] = ()) -> ChildEnded:
    return ChildEnded(
        path="shop/parse", incarnation=3, time=1.0, exit=Crashed(error), ready=True, in_hand=in_hand
    )


def raised() -> Exception:
    try:
        raise ValueError("x")
    except ValueError as error:
        return error


def test_a_crash() -> None:
    with shown() as stream:
        before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        log_observer(crash(raised(), (HELD,)))
    [told] = objects(stream)
    time = datetime.datetime.fromisoformat(told.pop("time"))
    assert time.utcoffset() == datetime.timedelta()
    assert before <= time <= datetime.datetime.now(datetime.UTC)
    first, frame = told.pop("error").split("\n")
    assert first == "ValueError: x"
    assert frame.endswith('in raised: raise ValueError("x")')
    assert told == {
        "level": "error",
        "logger": "trioharness",
        "path": "shop/parse",
        "event": "ChildEnded",
        "incarnation": 3,
        "message": "'shop/parse' crashed (incarnation 3, after it was ready)\n"
        "in hand: File(1) from channel 'files', delivery 2 of 3: back in front of its channel",
        "in_hand": [
            {
                "channel": "files",
                "message": "File(1)",
                "attempt": 2,
                "max_deliveries": 3,
                "fate": "returned",
            }
        ],
    }


def test_keys_come_in_one_order() -> None:
    with shown() as stream:
        log_observer(crash(raised(), (HELD,)))
        log_observer(ChildReady(path="shop/parse", incarnation=4, time=1.0))
        log_observer(
            ChildRestarting(
                path="shop/parse",
                incarnation=3,
                time=1.0,
                delay=0.4,
                restarts=2,
                max_restarts=5,
                because="ValueError: x",
            )
        )
        log_observer(GaveUp(path="shop", time=1.0, child="shop/a", why="intensity", allowed="5"))
        log_observer(DeadLettered(channel="files", time=1.0, message="m", attempts=3, error="E: x"))
        logging.getLogger("mine").info("hello", extra={"zebra": 1, "apple": 2})
        first = ["time", "level", "logger"]
    assert [list(told) for told in objects(stream)] == [
        [*first, "path", "event", "incarnation", "message", "error", "in_hand"],
        [*first, "path", "event", "incarnation", "message"],
        [*first, "path", "event", "incarnation", "message", "delay", "max_restarts", "restarts"],
        [*first, "path", "event", "message", "child"],
        [*first, "event", "message", "error", "attempts", "channel"],
        [*first, "message", "apple", "zebra"],
    ]


VALUES: list[tuple[object, object]] = [
    (None, None),
    (True, True),
    (1.5, 1.5),
    (10**500, 10**500),
    (math.nan, "nan"),
    (math.inf, "inf"),
    ("\ud800 \x1b", "\ud800 \x1b"),
    (logging.INFO, 20),
    ({"a": [1, {2: (3,)}]}, {"a": [1, {"2": [3]}]}),
    ({1}, [1]),
    (b"x", "b'x'"),
    (Broken(), "<repr of Broken failed>"),
    ([Broken()], ["<repr of Broken failed>"]),
    ({Broken(): 1}, {"<str of Broken failed>": 1}),
    (BrokenMapping(), "{}"),
    (range(3), "range(0, 3)"),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=range(len(VALUES)))
def test_what_json_has_not_is_shown(value: object, expected: object) -> None:
    with shown() as stream:
        logging.getLogger("mine").info("hello", extra={"it": value})
    [told] = objects(stream)
    assert told["it"] == expected


def test_what_contains_itself_and_what_is_long_ends() -> None:
    with shown() as stream:
        endless: list[object] = []
        endless.append(endless)
        several: dict[str, object] = {
            "endless": endless,
            "many": list(range(1_000)),
            "digits": 10**5_000,
        }
        logging.getLogger("mine").info("hello", extra=several)
    [told] = objects(stream)
    assert len(told["many"]) == 100
    assert len(json.dumps(told)) < 2_000


def test_names_that_are_taken_are_kept() -> None:
    with shown() as stream:
        logging.getLogger("mine").info("hello", extra={"time": 5, "level": 6, "path": 7})
    [told] = objects(stream)
    assert (told["time_"], told["level_"], told["path"]) == (5, 6, 7)
    assert told["level"] == "info"


def test_an_exception_of_the_application() -> None:
    with shown() as stream:
        try:
            raise OSError("disk full")
        except OSError:
            logging.getLogger("mine").exception("failed", stack_info=True)
        logging.getLogger("mine").error("nothing", exc_info=(None, None, None))
    first, second = objects(stream)
    assert first["message"] == "failed"
    assert first["error"].startswith("OSError: disk full\n  ")
    assert first["stack"].startswith("Stack (most recent call last)")
    assert "error" not in second


def test_a_record_that_is_broken_is_a_line_all_the_same() -> None:
    with shown() as stream:
        logger = logging.getLogger("mine")
        logger.info("order %d", "seven")
        logger.info("order %s", Broken())
        logger.handle(
            logging.makeLogRecord(
                {"msg": "odd", "levelno": 20, "created": math.inf, "levelname": None}
            )
        )
    first, second, third = objects(stream)
    assert first["message"].startswith("this record cannot be formatted: TypeError: %d format")
    assert second["message"] == "this record cannot be formatted: RuntimeError: no words"
    assert (third["time"], third["level"], third["message"]) == ("inf", "none", "odd")


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.builds(Broken)
    | st.builds(BrokenMapping),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)


@given(st.dictionaries(st.text(), anything, max_size=5))
def test_whatever_a_record_holds_its_line_is_an_object(extra: dict[str, object]) -> None:
    with shown() as written:
        record = logging.makeLogRecord({"msg": "hello", "levelno": 20, "levelname": "INFO"})
        record.__dict__.update({f"x{name}": value for name, value in extra.items()})
        logging.getLogger("mine").handle(record)
    [told] = objects(written)
    assert told["message"] == "hello"
    assert {f"x{name}" for name in extra} <= told.keys()


def test_what_a_program_says_is_a_line_whatever_the_level() -> None:
    with shown("critical") as stream:
        assert write_json_line("info", "done", {"event": "Receipt", "exit_code": 0})
    [told] = objects(stream)
    assert (told["level"], told["event"], told["exit_code"]) == ("info", "Receipt", 0)


def test_lines_for_people_are_not_written_as_json() -> None:
    with shown(lines="text") as stream:
        assert not write_json_line("info", "done", {})
    assert stream.getvalue() == ""


def test_raw_errors_have_every_frame_and_group() -> None:
    with shown(raw=True) as stream:
        log_observer(crash(ExceptionGroup("two", [raised(), OSError("y")])))
        try:
            raise KeyError("z")
        except KeyError:
            logging.getLogger("mine").exception("failed")
    first, second = objects(stream)
    assert first["error"].startswith("  | ExceptionGroup: two (2 sub-exceptions)")
    assert first["message"] == "'shop/parse' crashed (incarnation 3, after it was ready)"
    assert second["error"].startswith("Traceback (most recent call last):\n")
    assert second["error"].endswith("KeyError: 'z'")


def test_a_raw_error_that_cannot_be_shown_is_named() -> None:
    with shown(raw=True, lines="text") as stream:

        class Odd(Exception):
            @property
            def __notes__(self) -> list[str]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
                raise RuntimeError("no notes")

            def __str__(self) -> str:
                raise RuntimeError("no words")

        log_observer(crash(Odd()))
    assert "Odd" in stream.getvalue()
