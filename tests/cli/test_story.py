"""What a process of the command tells of crashes, to people and to programs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Write
from tests.harness._process import HARNESS, running

SHOP = """
    import sys, trio

    async def source(end):
        await end.send("milk")

    async def store(end):
        crashes = iter([KeyError("no shelf")] if not met else [])
        async for item in end:
            met.append(item)
            for error in crashes:
                raise error
            print("stored", item)

    met = []

    async def flaky():
        await trio.sleep(0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(query)

    async def query():
        try:
            {}["row"]
        except KeyError as error:
            raise OSError("disk full") from error

    async def fails(*, task_status):
        await query()

    def recovers():
        app = th.Harness("shop")
        send, receive = app.channel(str, 2, name="items", max_deliveries=2)
        app.add(source, send)
        app.add(store, receive)
        return app

    def gives_up():
        app = th.Harness("shop", max_restarts=2)
        app.add(flaky, backoff=th.Backoff(0.004, 1, jitter=0))
        return app

    def cannot_start():
        app = th.Harness("shop")
        app.add(fails)
        return app

"""


HELD = (
    "         in hand: 'milk' from channel 'items', delivery 1 of 2: back in front of its channel"
)


def ended(folder: Path, target: str, *options: str) -> tuple[int, str, list[str]]:
    command = (*HARNESS, "run", "--factory", *options, f"shop:{target}")
    with running(*command, cwd=folder) as process:
        code = process.ends()
    # Times differ, and so do the folders.
    text = re.sub(r"^\d\d:\d\d:\d\d ", "", process.stderr, flags=re.MULTILINE)
    text = re.sub(r"\d+\.\d{3} s before", "N s before", text.replace(f"{folder}/", ""))
    text = re.sub(r" after \d+\.\d s$", " after N s", text, flags=re.MULTILINE)
    return code, process.stdout, text.splitlines()


def objects(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


@pytest.fixture
def folder(write: Write, tmp_path: Path) -> Path:
    write("shop.py", SHOP)
    return tmp_path


def without_lines(told: list[str]) -> list[str]:
    return [re.sub(r"shop\.py:\d+", "shop.py", line) for line in told]


def test_a_crash_is_a_story_with_what_was_in_hand_and_what_was_done(folder: Path) -> None:
    code, stdout, told = ended(folder, "recovers")
    assert (code, stdout) == (0, "stored milk\n")
    assert without_lines(told)[:6] == [
        "error   shop/store  crashed (incarnation 1, after it was ready)",
        HELD,
        "         KeyError: 'no shelf'",
        "           shop.py in store: raise error",
        "warning shop/store  restarts now (not counted): KeyError: 'no shelf'",
        "info    shop/store  is ready again (incarnation 2)",
    ]
    assert told[6].startswith("'shop' done after")


def test_giving_up_is_told_on_the_log_and_as_a_history_at_the_end(folder: Path) -> None:
    code, _, told = ended(folder, "gives_up")
    assert code == 1
    crash = [
        "         OSError: disk full",
        '           shop.py in query: raise OSError("disk full") from error',
        "         caused by KeyError: 'row' (shop.py)",
    ]
    assert without_lines(told) == [
        "error   shop/flaky  crashed (incarnation 1, after it was ready)",
        *crash,
        "warning shop/flaky  restarts in 0.004 s (restart 1 of 2): OSError: disk full",
        "info    shop/flaky  is ready again (incarnation 2)",
        "error   shop/flaky  crashed (incarnation 2, after it was ready)",
        *crash,
        "warning shop/flaky  restarts in 0.008 s (restart 2 of 2): OSError: disk full",
        "info    shop/flaky  is ready again (incarnation 3)",
        "error   shop/flaky  crashed (incarnation 3, after it was ready)",
        *crash,
        "critical shop  gave up over 'shop/flaky': more than 2 restarts in 60 s",
        "'shop' gave up after N s",
        "Error: supervisor 'shop' gave up: more than 2 restarts in 60 s",
        "1. OSError: disk full",
        '     shop.py in query: raise OSError("disk full") from error',
        "   caused by KeyError: 'row' (shop.py)",
        "   note: shop/flaky, incarnation 1, N s before the last",
        "2. OSError: disk full (as before)",
        "   note: shop/flaky, incarnation 2, N s before the last",
        "3. OSError: disk full (as before)",
        "   note: shop/flaky, incarnation 3",
    ]


def test_a_failed_start_says_where_on_the_log_and_who_at_the_end(folder: Path) -> None:
    code, _, told = ended(folder, "cannot_start")
    assert code == 3
    assert told[0] == "error   shop/fails  crashed (incarnation 1, before it was ready)"
    assert "in fails: await query()" in told[2]
    assert "in query: raise OSError" in told[3]
    assert told[-1] == "Error: 'shop/fails' could not start: OSError: disk full"


def test_a_traceback_has_every_frame_and_group_and_the_sentence_comes_last(folder: Path) -> None:
    code, _, told = ended(folder, "gives_up", "--traceback")
    assert code == 1
    text = "\n".join(told)
    log, _, end = text.partition("critical shop  gave up")
    for part in (log, end):
        assert part.count("ExceptionGroup: Exceptions from Trio nursery (1 sub-exception)") == 3
        assert part.count("The above exception was the direct cause") == 3
        assert "supervision/_incarnation.py" in part
    assert "RestartLimitExceeded: supervisor 'shop' gave up" in end
    assert told[-1] == "   note: shop/flaky, incarnation 3"
    assert "Traceback" not in "\n".join(ended(folder, "gives_up")[2])


def test_a_traceback_of_what_cannot_be_loaded(folder: Path) -> None:
    (folder / "shop.py").write_text("def never_was():\n    return 1 / 0\n")
    code, _, told = ended(folder, "never_was", "--traceback")
    assert code == 2
    assert "    return 1 / 0" in told
    assert told[-1].startswith("Error: 'shop:never_was': its factory raised ZeroDivisionError: ")


def test_the_log_as_json_with_the_receipt(folder: Path) -> None:
    code, stdout, told = ended(folder, "recovers", "--log-format", "json")
    assert (code, stdout) == (0, "stored milk\n")
    crash, restart, ready, receipt = objects(told)
    assert crash["event"] == "ChildEnded"
    assert (crash["path"], crash["incarnation"], crash["level"]) == ("shop/store", 1, "error")
    assert crash["error"].startswith("KeyError: 'no shelf'\n  shop.py:")
    assert crash["in_hand"][0]["message"] == "'milk'"
    assert (restart["event"], restart["delay"]) == ("ChildRestarting", 0.0)
    assert (ready["event"], ready["incarnation"]) == ("ChildReady", 2)
    assert (receipt["event"], receipt["path"], receipt["level"]) == ("Receipt", "shop", "info")
    assert receipt["message"].startswith("'shop' done after")
    [channel] = receipt["receipt"]["channels"]
    assert (channel["name"], channel["sent"], channel["delivered"]) == ("items", 1, 1)


def test_the_end_as_json(folder: Path) -> None:
    for target, code, event, level, sentence in [
        ("gives_up", 1, "RestartLimitExceeded", "error", "\n3. OSError: disk full"),
        ("cannot_start", 3, "StartFailed", "critical", "could not start: "),
        ("nobody", 2, "LoadError", "info", "there is no 'nobody' in 'shop'"),
    ]:
        options = ("--log-format", "json", "--log-level", level)
        found, _, told = ended(folder, target, *options)
        last = objects(told)[-1]
        assert found == last["exit_code"] == code
        assert (last["event"], last["level"]) == (event, "critical")
        assert sentence in last["message"]


def test_json_and_raw_tracebacks_together(folder: Path) -> None:
    _, _, told = ended(folder, "cannot_start", "--log-format", "json", "--traceback")
    crash, *_, last = objects(told)
    for line in (crash, last):
        assert "Traceback (most recent call last):" in line["error"]
    assert last["message"] == "'shop/fails' could not start: OSError: disk full"
