"""Events as log records, and log records as lines."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager

import attrs
import pytest

from trioharness._errors import ConfigurationError
from trioharness._events import (
    ChildChecked,
    ChildEnded,
    ChildNotRestarted,
    ChildReady,
    ChildRestarting,
    ChildStopping,
    ChildStuck,
    CommandOutput,
    Crashed,
    DeadLettered,
    Event,
    Exit,
    GaveUp,
    MessagesDropped,
    Returned,
    SlowStart,
    Stopped,
    SupervisorEnded,
)
from trioharness.observe import configure_logging, crash_story, log_observer, safely

PATH = "shop/parse-2"
LOGGER = "trioharness"
LIFE = "(incarnation 3, after it was ready)"


def ended(exit: Exit, *, ready: bool = True) -> ChildEnded:
    return ChildEnded(path=PATH, incarnation=3, time=1.0, exit=exit, ready=ready)


def restarting(delay: float = 0.0, restarts: int = 1) -> ChildRestarting:
    return ChildRestarting(
        path=PATH,
        incarnation=3,
        time=1.0,
        delay=delay,
        restarts=restarts,
        max_restarts=5,
        because="ValueError: x",
    )


CRASH = ended(Crashed(ValueError("x")))
READY = ChildReady(path=PATH, incarnation=1, time=1.0)
OUTPUT = CommandOutput(
    path=PATH,
    incarnation=2,
    time=1.0,
    stream="stderr",
    line='  File \x1b[1m"x.py"\t100%s ',
)
UNWELL = ChildChecked(
    path=PATH,
    incarnation=2,
    time=1.0,
    failures=2,
    failure_threshold=3,
    error="OSError:\nno reply",
)

TOLD: list[tuple[Event, int, str]] = [
    (CRASH, logging.ERROR, f"'{PATH}' crashed {LIFE}\nValueError: x"),
    (ended(Returned()), logging.DEBUG, f"'{PATH}' returned {LIFE}"),
    (
        ended(Returned(), ready=False),
        logging.WARNING,
        f"'{PATH}' returned (incarnation 3, before it was ready)",
    ),
    (
        ended(Stopped("drain")),
        logging.DEBUG,
        f"'{PATH}' stopped, as told: drain {LIFE}",
    ),
    (
        ended(Stopped("drain", OSError("y"))),
        logging.ERROR,
        f"'{PATH}' was told to stop (drain) and its clean-up raised {LIFE}\nOSError: y",
    ),
    (restarting(), logging.WARNING, f"'{PATH}' restarts now (restart 1 of 5): ValueError: x"),
    (
        restarting(0.4, 2),
        logging.WARNING,
        f"'{PATH}' restarts in 0.4 s (restart 2 of 5): ValueError: x",
    ),
    (
        restarting(restarts=0),
        logging.WARNING,
        f"'{PATH}' restarts now (not counted): ValueError: x",
    ),
    (READY, logging.DEBUG, f"'{PATH}' is ready"),
    (
        attrs.evolve(READY, incarnation=2),
        logging.INFO,
        f"'{PATH}' is ready again (incarnation 2)",
    ),
    (
        ChildStopping(path=PATH, incarnation=1, time=1.0, reason="drain"),
        logging.DEBUG,
        f"'{PATH}' is told to stop: drain",
    ),
    (
        ChildStuck(path=PATH, incarnation=1, time=1.0, stack="a.py:1\nb.py:2\n"),
        logging.ERROR,
        f"'{PATH}' is stuck (incarnation 1): its grace is over and it runs on\na.py:1\nb.py:2",
    ),
    (
        OUTPUT,
        logging.INFO,
        f"'{PATH}' stderr:   File \\x1b[1m\"x.py\"   100%s",
    ),
    (
        ChildNotRestarted(path=PATH, incarnation=3, time=1.0, because="its restart\ntype"),
        logging.WARNING,
        f"'{PATH}' is not restarted: its restart type",
    ),
    (
        UNWELL,
        logging.WARNING,
        f"'{PATH}' failed its health check (2 of 3): OSError: no reply",
    ),
    (
        attrs.evolve(UNWELL, failures=0, error=""),
        logging.INFO,
        f"'{PATH}' passes its health check again",
    ),
    (
        SlowStart(path="shop", time=1.0, seconds=20.0, children=("'a' waits for 'b'",) * 10),
        logging.WARNING,
        "'shop' is still starting after 20 s\n" + "'a' waits for 'b'\n" * 8 + "and 2 more",
    ),
    (
        GaveUp(path="shop", time=1.0, child=PATH, why="intensity", allowed="5 restarts in 60 s"),
        logging.CRITICAL,
        f"'shop' gave up over '{PATH}': more than 5 restarts in 60 s",
    ),
    (
        SupervisorEnded(path="shop", time=1.0),
        logging.DEBUG,
        "'shop' has ended, with everything under it",
    ),
    (
        DeadLettered(channel="files", time=1.0, message="File(\n1)", attempts=3, error="E: x"),
        logging.ERROR,
        "'files' has a dead letter after 3 deliveries: File( 1): E: x",
    ),
    (
        DeadLettered(channel="files", time=1.0, message="m", attempts=1, error="E: x"),
        logging.ERROR,
        "'files' has a dead letter after 1 delivery: m: E: x",
    ),
    (
        MessagesDropped(channel="prices", time=1.0, overflow="latest", count=1, dropped=1),
        logging.WARNING,
        "'prices' is full and dropped a message (1 so far)",
    ),
    (
        MessagesDropped(channel="prices", time=1.0, overflow="latest", count=5, dropped=9),
        logging.WARNING,
        "'prices' is full and dropped 5 messages (9 so far)",
    ),
]


def ids(value: object) -> str:
    return type(value).__name__ if attrs.has(type(value)) else ""


@pytest.mark.parametrize(("event", "level", "text"), TOLD, ids=ids)
def test_every_event_is_a_record(
    event: Event, level: int, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger=LOGGER)
    log_observer(event)
    [record] = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == (LOGGER, level, text)
    assert vars(record)["event"] == type(event).__name__
    assert not record.exc_info


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (READY, {"component": PATH, "incarnation": 1}),
        (
            CRASH,
            {
                "component": PATH,
                "incarnation": 3,
                "error": "ValueError: x",
                "traceback": "ValueError: x",
            },
        ),
        (ended(Returned()), {"component": PATH, "incarnation": 3}),
        (UNWELL, {"component": PATH, "incarnation": 2, "error": "OSError:\nno reply"}),
        (
            attrs.evolve(UNWELL, failures=0, error=""),
            {"component": PATH, "incarnation": 2},
        ),
        (OUTPUT, {"component": PATH, "incarnation": 2, "stream": "stderr"}),
        (
            restarting(0.4, 2),
            {
                "component": PATH,
                "incarnation": 3,
                "restarts": 2,
                "max_restarts": 5,
                "delay": 0.4,
            },
        ),
        (
            GaveUp(path="shop", time=1.0, child=PATH, why="intensity", allowed=""),
            {"component": "shop", "child": PATH},
        ),
        (SupervisorEnded(path="shop", time=1.0), {"component": "shop"}),
        (
            SlowStart(path="shop", time=1.0, seconds=20.0, children=()),
            {"component": "shop", "seconds": 20.0},
        ),
        (
            DeadLettered(channel="files", time=1.0, message="m", attempts=3, error="E: x"),
            {"channel": "files", "attempts": 3, "error": "E: x"},
        ),
        (
            MessagesDropped(channel="prices", time=1.0, overflow="latest", count=5, dropped=9),
            {"channel": "prices", "count": 5, "dropped": 9},
        ),
    ],
    ids=ids,
)
def test_records_carry_their_facts(
    event: Event, expected: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger=LOGGER)
    log_observer(event)
    plain = vars(logging.makeLogRecord({})).keys() | {"message", "event"}
    facts = {key: value for key, value in vars(caplog.records[0]).items() if key not in plain}
    assert facts == expected


def test_a_percent_sign_is_just_that(caplog: pytest.LogCaptureFixture) -> None:
    log_observer(ended(Crashed(ValueError("100%s %d"))))
    assert "ValueError: 100%s %d" in caplog.records[0].getMessage()


def test_nothing_is_formatted_that_nobody_reads(caplog: pytest.LogCaptureFixture) -> None:
    told = 0

    class Expensive(Exception):
        def __str__(self) -> str:
            nonlocal told
            told += 1
            return "x"

    caplog.set_level(logging.CRITICAL, logger=LOGGER)
    log_observer(ended(Crashed(Expensive())))
    assert told == 0
    caplog.set_level(logging.ERROR, logger=LOGGER)
    log_observer(ended(Crashed(Expensive())))
    assert told > 0


# -- safely ---------------------------------------------------------------------------------------


def test_a_healthy_observer_sees_everything() -> None:
    seen: list[Event] = []
    guarded = safely(seen.append)
    guarded(READY)
    guarded(CRASH)
    assert seen == [READY, CRASH]


def test_a_broken_observer_goes_no_further(caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: Event) -> None:
        raise ValueError(f"cannot show {type(event).__name__}")

    guarded = safely(broken)
    guarded(READY)
    guarded(CRASH)
    first, second = caplog.records
    assert first.levelno == second.levelno == logging.ERROR
    assert "raised on ChildReady" in first.getMessage()
    assert "ValueError: cannot show ChildReady" in first.getMessage()
    assert "ValueError: cannot show ChildEnded" in second.getMessage()
    # The traceback once: a broken observer would otherwise bury what it could not show.
    assert first.exc_info is not None
    assert not second.exc_info


def test_what_is_no_exception_passes() -> None:
    def interrupted(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        safely(interrupted)(READY)


class BrokenHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise OSError("the log is gone")


@pytest.fixture
def broken_log() -> Generator[None]:
    handler = BrokenHandler()
    logging.getLogger(LOGGER).addHandler(handler)
    yield
    logging.getLogger(LOGGER).removeHandler(handler)


@pytest.mark.usefixtures("broken_log")
def test_a_broken_log_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    safely(log_observer)(CRASH)
    assert "raised on ChildEnded, which it thereby missed: OSError" in capsys.readouterr().err


@pytest.mark.usefixtures("broken_log")
def test_without_log_and_stderr_supervision_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def broken(event: Event) -> None:
        seen.append(type(event).__name__)
        raise ValueError

    monkeypatch.setattr(sys, "stderr", None)
    guarded = safely(broken)
    guarded(READY)
    guarded(CRASH)
    assert seen == ["ChildReady", "ChildEnded"]


# -- configure_logging ----------------------------------------------------------------------------


@contextmanager
def bare_logging() -> Generator[logging.Logger]:
    """The root logger as in a new process; pytest's own handlers are put back afterwards."""
    root, ours = logging.getLogger(), logging.getLogger(LOGGER)
    saved = root.handlers[:], root.level, ours.level
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    try:
        yield root
    finally:
        root.handlers[:] = saved[0]
        root.setLevel(saved[1])
        ours.setLevel(saved[2])


def lines(stream: io.StringIO) -> list[str]:
    """The lines with the time, which is another one each time, taken off."""
    found = stream.getvalue().splitlines()
    for line in found:
        assert line[2:6:3] == "::" or line.startswith(" " * 9)
    return [line[9:] for line in found]


def test_a_crash_and_its_restart_read_as_one() -> None:
    stream = io.StringIO()
    with bare_logging():
        configure_logging(stream=stream)
        log_observer(READY)
        log_observer(CRASH)
        log_observer(restarting(0.4))
        log_observer(attrs.evolve(READY, incarnation=4))
    assert lines(stream) == [
        "error   shop/parse-2  crashed (incarnation 3, after it was ready)",
        "ValueError: x",
        "warning shop/parse-2  restarts in 0.4 s (restart 1 of 5): ValueError: x",
        "info    shop/parse-2  is ready again (incarnation 4)",
    ]


def test_the_applications_own_loggers_are_shown_too() -> None:
    stream = io.StringIO()
    with bare_logging():
        configure_logging("debug", stream=stream)
        logging.getLogger("shop.orders").debug("order %d\nis here", 7)
    assert lines(stream) == ["debug   shop.orders  order 7", "is here"]


def test_a_channel_is_named_where_no_component_is() -> None:
    stream = io.StringIO()
    with bare_logging():
        configure_logging(stream=stream)
        log_observer(DeadLettered(channel="files", time=1.0, message="m", attempts=3, error="E"))
    assert lines(stream) == ["error   files  has a dead letter after 3 deliveries: m: E"]


def test_stderr_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    with bare_logging():
        configure_logging()
        log_observer(CRASH)
    captured = capsys.readouterr()
    assert "crashed" in captured.err
    assert not captured.out


def test_configuring_again_replaces() -> None:
    first, second = io.StringIO(), io.StringIO()
    with bare_logging() as root:
        configure_logging("debug", stream=first)
        configure_logging("WARNING", stream=second)
        log_observer(restarting())
        log_observer(READY)
        assert len(root.handlers) == 1
    assert not lines(first)
    assert len(lines(second)) == 1


def test_handlers_of_the_application_are_left_alone() -> None:
    theirs, ours = io.StringIO(), io.StringIO()
    with bare_logging() as root:
        root.addHandler(logging.StreamHandler(theirs))
        configure_logging("debug", stream=ours)
        log_observer(READY)
        logging.getLogger("shop").info("hello")
        assert root.level == logging.WARNING
    assert theirs.getvalue() == f"'{PATH}' is ready\n"
    assert not ours.getvalue()


def test_lines_of_a_form_that_does_not_exist_are_refused() -> None:
    with bare_logging() as root:
        with pytest.raises(ConfigurationError, match="no format 'xml'; use one of text, json"):
            configure_logging(lines="xml")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert not root.handlers


def test_a_level_that_does_not_exist_is_refused() -> None:
    with bare_logging() as root:
        with pytest.raises(ConfigurationError, match="no level 'loud'; use one of debug, info"):
            configure_logging("loud")
        assert not root.handlers


@pytest.mark.filterwarnings("error")
def test_a_record_that_cannot_be_formatted_is_a_line_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError("no words")

    stream = io.StringIO()
    with bare_logging():
        configure_logging(stream=stream)
        logger = logging.getLogger("shop")
        logger.info("order %d", "seven")
        logger.info("order %s", Mute())
        logger.info("order %s", 7)
    told = lines(stream)
    assert "shop  this record cannot be formatted: TypeError: %d format" in told[0]
    assert told[1:] == [
        "info    shop  this record cannot be formatted: RuntimeError: no words",
        "info    shop  order 7",
    ]
    assert not capsys.readouterr().err


def test_a_traceback_in_a_record_is_indented() -> None:
    stream = io.StringIO()
    with bare_logging():
        configure_logging(stream=stream)
        try:
            raise ValueError("x")
        except ValueError:
            logging.getLogger("shop").exception("failed")
    told = lines(stream)
    assert told[0] == "error   shop  failed"
    assert told[1] == "Traceback (most recent call last):"
    assert told[-1] == "ValueError: x"


def test_the_story_is_the_text_of_the_record(caplog: pytest.LogCaptureFixture) -> None:
    log_observer(CRASH)
    assert caplog.records[0].getMessage() == crash_story(CRASH)
