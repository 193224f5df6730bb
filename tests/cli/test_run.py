"""``trioharness run``: what becomes of a run, as exit code, sentence and log."""

from __future__ import annotations

import logging

import pytest

from tests.cli.conftest import Invoke, Write

BEGIN = """
    import contextlib, sys, trio

    @contextlib.asynccontextmanager
    async def database():
        print("opened")
        yield "db"
        print("closed")

    app = th.Harness("shop", max_restarts=1)
    db = app.add(database)
"""

PIPELINE = """
    send, receive = app.channel(int, 2, name="numbers", max_deliveries=2)
    crashes = iter([ValueError("once")])

    async def source(end):
        for number in range(3):
            await end.send(number)

    async def store(end, *, db):
        async for number in end:
            for error in crashes:
                raise error
            print("stored", number)

    app.add(source, send)
    app.add(store, receive, needs={"db": db})
"""


def component(body: str, parameters: str = "db") -> str:
    return f"""
    async def it(*, {parameters}):
        {body}

    app.add(it, needs={{"db": db}})
"""


def test_a_clean_up_that_raises_is_no_success(write: Write, invoke: Invoke) -> None:
    broken = BEGIN.replace('print("closed")', 'raise OSError("disk full")')
    write("shop.py", broken + PIPELINE)
    result = invoke("run", "shop:app")
    assert result.exit_code == 1
    assert "'shop/database' raised while it was stopped" in result.stderr
    assert "OSError: disk full" in result.stderr


def test_done(write: Write, invoke: Invoke) -> None:
    write("shop.py", BEGIN + PIPELINE)
    result = invoke("run", "shop:app")
    assert result.exit_code == 0
    assert result.stdout == "opened\nstored 0\nstored 1\nstored 2\nclosed\n"
    assert "'shop' done after" in result.stderr
    assert "channel 'numbers': 3 sent, 3 delivered\n" in result.stderr


def test_the_log_tells_the_crash_on_stderr(write: Write, invoke: Invoke) -> None:
    write("shop.py", BEGIN + PIPELINE)
    lines = invoke("run", "shop:app").stderr.splitlines()
    (crash,) = (n for n, line in enumerate(lines) if "error   shop/store  crashed" in line)
    assert "in hand: 0 from channel 'numbers', delivery 1 of 2" in lines[crash + 1]
    assert "ValueError: once" in lines[crash + 2]
    assert any("warning shop/store  restarts now" in line for line in lines)


@pytest.mark.parametrize(
    ("level", "seen"),
    [
        ("debug", {"error", "warning", "info", "debug"}),
        ("info", {"error", "warning", "info"}),
        ("warning", {"error", "warning"}),
        ("error", {"error"}),
        ("critical", set[str]()),
    ],
)
def test_how_much_is_logged(write: Write, invoke: Invoke, level: str, seen: set[str]) -> None:
    write("shop.py", BEGIN + PIPELINE)
    result = invoke("run", "--log-level", level, "shop:app")
    words = {line.split()[1] for line in result.stderr.splitlines() if line[:1].isdigit()}
    assert words == seen
    assert "'shop' done after" in result.stderr


def test_an_application_logs_as_well(write: Write, invoke: Invoke) -> None:
    talk = component('logging.getLogger("mine").info("I say")')
    write("shop.py", "    import logging\n" + BEGIN + talk)
    result = invoke("run", "shop:app")
    assert "info    mine  I say\n" in result.stderr
    assert logging.getLogger("mine").level == logging.NOTSET


REFUSED = [
    ('    app.add(database, name="x", needs={"y": "nobody"})', "'nobody', which is no component"),
    ('    app.add(database, name="x", after=["x"])', "needs go round in a circle: x -> x"),
    ('    app.add(database, name="x", needs={"y": "z"})\n    app.add(database, name="z", copies=2)',
     "'z', of which there are 2 copies"),
    ('    app.dead_letters = "x"\n    app.channel(int, 1, max_deliveries=1)',
     "channel 'int': its dead letters cannot be written"),
    ("    app.grace = 1\n    app.max_restarts = -1", "max_restarts: -1 is not a count"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "sentence"), REFUSED)
def test_refused_before_anything_starts(
    write: Write, invoke: Invoke, code: str, sentence: str
) -> None:
    write("shop.py", BEGIN + code)
    result = invoke("run", "shop:app")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("raise OSError('disk full')", "'shop/it' could not start: OSError: disk full"),
        ("raise th.ConfigurationError('dsn', 'is empty', 'set DSN')", "dsn: is empty; set DSN"),
        ("raise ExceptionGroup('', [OSError('a'), ValueError('b')])", "2 errors: OSError: a, Val"),
        ("return", "it returned without calling task_status.started()"),
    ],
)
def test_failed_before_ready(write: Write, invoke: Invoke, body: str, sentence: str) -> None:
    write("shop.py", BEGIN + component(body, "db, task_status"))
    result = invoke("run", "shop:app")
    assert result.exit_code == 3
    assert result.stdout == "opened\nclosed\n"
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: 'shop/it' could not start: ")
    assert sentence in last


def test_gave_up(write: Write, invoke: Invoke) -> None:
    body = "await trio.sleep(0)\n        raise ExceptionGroup('x', [ValueError('a'), OSError('b')])"
    write("shop.py", BEGIN + component(body))
    result = invoke("run", "shop:app")
    assert result.exit_code == 1
    assert result.stdout == "opened\nclosed\n"
    story = result.stderr[result.stderr.index("\nError: ") + 1 :]
    assert story.startswith("Error: supervisor 'shop' gave up: more than 1 restart in 60 s\n")
    assert story.count("2 errors") == 2
    assert "shop.py" in story, "where it happened"
    assert "note: shop/it, incarnation 2" in story


def test_gave_up_while_a_start_failed(write: Write, invoke: Invoke) -> None:
    two = """
    async def crashes():
        raise ValueError("crash")

    async def fails(*, task_status):
        await trio.lowlevel.checkpoint()
        raise OSError("start")

    app.max_restarts = 0
    for n in range(20):
        app.add(crashes, name=f"crashes-{n}")
        app.add(fails, name=f"fails-{n}")
"""
    write("shop.py", BEGIN + two)
    result = invoke("run", "--log-level", "critical", "shop:app")
    assert result.exit_code in {1, 3}
    assert result.stdout in {"opened\nclosed\n", ""}
    assert "Error: " in result.stderr


def test_a_component_that_calls_exit(write: Write, invoke: Invoke) -> None:
    write("shop.py", BEGIN + component("await trio.sleep(0)\n        sys.exit(42)"))
    result = invoke("run", "shop:app")
    assert result.exit_code == 42
    assert result.stdout.startswith("opened\n")


def test_a_base_exception_of_its_own(write: Write, invoke: Invoke) -> None:
    strange = """
    class Strange(BaseException):
        pass
"""
    write("shop.py", BEGIN + strange + component("raise Strange('so')"))
    result = invoke("run", "shop:app")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "Error: 'shop' failed: Strange: so"


def test_a_usage_error(invoke: Invoke) -> None:
    for arguments in (["run"], ["walk"], ["run", "--fast", "shop:app"], ["--loud"]):
        result = invoke(*arguments)
        assert result.exit_code == 2
        assert "Usage: trioharness" in result.stderr


def test_help_says_what_the_signals_do(invoke: Invoke) -> None:
    for arguments in (["run", "--help"], ["run", "-h"]):
        result = invoke(*arguments)
        assert result.exit_code == 0
        assert "drains it, the second stops it, the third leaves" in result.stdout
