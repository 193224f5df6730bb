"""Signals to real processes: drain, stop, leave; and the process ends by what ended it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from signal import SIGINT, SIGTERM, SIGUSR1
from typing import Any

import pytest

from tests.harness._apps import COUNT
from tests.harness._process import HARNESS, PATIENCE, ROOT, Process, environment, running

RUN = (*HARNESS, "run", "--factory")
APPS = "tests.harness._apps"
BOTH = pytest.mark.parametrize("number", [SIGINT, SIGTERM])


def no_traceback(process: Process) -> bool:
    return "Traceback" not in process.stderr and "Exception Group" not in process.stderr


@BOTH
def test_the_first_drains(number: signal.Signals) -> None:
    with running(*RUN, f"{APPS}:drains") as process:
        process.wait_for("queued")
        process.tell(number)
        assert process.ends() == -number
    assert process.stdout.splitlines()[-1] == f"database closes with {COUNT} stored"
    assert f"{number.name}: draining; once more stops at once\n" in process.stderr
    assert "'drains' drained after" in process.stderr
    assert f"channel 'numbers': {COUNT} sent, {COUNT} delivered\n" in process.stderr
    assert no_traceback(process)


@BOTH
def test_during_the_start_it_stops(number: signal.Signals) -> None:
    with running(*RUN, f"{APPS}:starts") as process:
        process.wait_for("slow starts")
        process.tell(number)
        assert process.ends() == -number
    assert process.stdout.splitlines() == [
        "database opens",
        "slow starts",
        "slow ends",
        "database closes with 0 stored",
    ]
    assert f"{number.name}: stopping, before everything had started" in process.stderr
    assert "'starts' stopped after" in process.stderr
    assert no_traceback(process)


def test_the_second_stops() -> None:
    with running(*RUN, f"{APPS}:slow_to_drain") as process:
        process.wait_for("queued")
        process.tell(SIGTERM)
        process.wait_for("SIGTERM: draining", "stderr")
        process.tell(SIGINT)
        assert process.ends() == -SIGTERM, "the first one says what ended it"
    assert process.stdout.splitlines()[-1] == "database closes with 1 stored"
    assert "SIGINT: stopping; once more leaves everything as it is" in process.stderr
    assert "'slow' stopped after" in process.stderr
    assert f"channel 'numbers': {COUNT} sent, 0 delivered, {COUNT} left" in process.stderr
    assert no_traceback(process)


@pytest.mark.parametrize("app", ["stuck_in_a_thread", "swallows"])
def test_the_third_leaves_at_once(app: str) -> None:
    with running(*RUN, f"{APPS}:{app}") as process:
        process.wait_for("stuck")
        process.tell(SIGINT)
        process.wait_for("SIGINT: draining", "stderr")
        process.tell(SIGINT)
        process.wait_for("SIGINT: stopping", "stderr")
        process.wait_for("is stuck", "stderr")
        process.tell(SIGTERM)
        assert process.ends() == -SIGTERM
    assert f"in {app.removesuffix('s').removesuffix('_in_a_thread')}" in process.stderr
    assert no_traceback(process)


def test_it_leaves_even_from_a_blocked_event_loop() -> None:
    with running(*RUN, f"{APPS}:blocks") as process:
        process.wait_for("stuck")
        # No task runs that could say that a signal was seen, and two that wait are one to the
        # kernel: so it is told by turns until it has seen three.
        deadline = time.monotonic() + PATIENCE
        while process.popen.poll() is None and time.monotonic() < deadline:
            process.tell(SIGINT)
            process.tell(SIGTERM)
        assert process.ends() in {-SIGINT, -SIGTERM}
    assert no_traceback(process)


@pytest.mark.parametrize(
    ("app", "line", "told", "stands_at"),
    [
        ("ignores", "deaf", True, "'ignores/deaf' (incarnation 1) stands at"),
        ("blocks_for_good", "blocking", True, "in sleep_in_short_steps"),
        ("gives_up_beside_a_deaf_one", "crashing", False, "'gives-up/deaf' (incarnation 1)"),
    ],
)
def test_what_does_not_end_is_left(app: str, line: str, told: bool, stands_at: str) -> None:
    """The process ends all the same, and says what it waited for, and where that stands."""
    with running(*RUN, f"{APPS}:{app}") as process:
        process.wait_for(line)
        if told:
            process.tell(SIGTERM)
        assert process.ends() == 4
    assert "did not end in the time it has, and is left as it is" in process.stderr
    assert stands_at in process.stderr


def test_what_does_not_end_is_left_even_where_nobody_reads_what_it_says() -> None:
    """Its stderr is full, so that what it says of its end would wait for ever as well."""
    with subprocess.Popen(
        (*RUN, f"{APPS}:fills_its_stderr"),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"filling\n"
            process.send_signal(SIGTERM)
            assert process.wait(PATIENCE) == 4
        finally:
            process.kill()


def test_one_that_took_longer_than_it_may_has_a_code_of_its_own() -> None:
    with running(*RUN, f"{APPS}:overruns") as process:
        process.wait_for("late")
        process.tell(SIGTERM)
        assert process.ends() == 4
    assert "'overruns/late' outlived its grace" in process.stderr
    assert "is left as it is" not in process.stderr


def test_a_forked_child_is_no_harness() -> None:
    with running(*RUN, f"{APPS}:forks") as process:
        child = process.wait_for("child").split()[1]
        os.kill(int(child), SIGTERM)
        assert process.wait_for("ended by") == f"ended by {-SIGTERM}\n"
        assert process.ends() == 0


def test_where_a_signal_cannot_end_the_process() -> None:
    with running(*RUN, f"{APPS}:blocked_signal") as process:
        process.wait_for("waiting")
        process.tell(SIGTERM)
        assert process.ends() == 128 + SIGTERM
    assert "'blocked' drained after" in process.stderr


def test_ctrl_c_before_there_is_a_harness() -> None:
    with running(*RUN, f"{APPS}:leaves") as process:
        assert process.ends() == -SIGINT
    assert process.stdout == "importing\n"
    assert process.stderr == ""


def test_asked_to_dump_it_says_where_everything_stands_and_goes_on() -> None:
    with running(*RUN, f"{APPS}:slow_to_drain") as process:
        process.wait_for("queued")
        process.tell(SIGUSR1)
        process.wait_for("tasks of 'slow'", "stderr")
        process.wait_for("the event loop stands at", "stderr")
        process.tell(SIGTERM)
        process.wait_for("SIGTERM: draining", "stderr")
        process.tell(SIGTERM)
        assert process.ends() == -SIGTERM
    assert no_traceback(process)


def test_asked_to_dump_while_a_component_blocks_the_loop_it_shows_that_one() -> None:
    with running(*RUN, f"{APPS}:blocks_for_good") as process:
        process.wait_for("blocking")
        process.tell(SIGUSR1)
        process.wait_for("the event loop stands at", "stderr")
        process.wait_for("in blocking", "stderr")


def test_asked_to_dump_before_and_after_the_run_it_goes_on() -> None:
    with running(*RUN, f"{APPS}:asked_to_dump_at_the_edges") as process:
        assert process.ends() == 0
    said = [line for line in process.stderr.splitlines() if line.startswith("no tasks: ")]
    assert len(said) == 2
    assert no_traceback(process)


def objects(process: Process) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.stderr.splitlines()]


def test_where_the_log_is_json_so_is_what_signals_do() -> None:
    with running(*RUN, "--log-format", "json", f"{APPS}:slow_to_drain") as process:
        process.wait_for("queued")
        process.tell(SIGUSR1)
        process.wait_for("Dump", "stderr")
        process.tell(SIGTERM)
        process.wait_for("SIGTERM: draining", "stderr")
        process.tell(SIGINT)
        assert process.ends() == -SIGTERM
    dump, first, second, *_, receipt = objects(process)
    assert (dump["event"], dump["path"]) == ("Dump", "slow")
    assert dump["message"].startswith("tasks of 'slow'")
    assert (first["event"], first["signal"], first["level"]) == ("Signal", "SIGTERM", "warning")
    assert (second["event"], second["signal"]) == ("Signal", "SIGINT")
    assert receipt["event"] == "Receipt"


def test_where_the_log_is_json_so_are_the_last_words() -> None:
    with running(*RUN, "--log-format", "json", f"{APPS}:ignores") as process:
        process.wait_for("deaf")
        process.tell(SIGTERM)
        assert process.ends() == 4
    # Another thread writes them: on a busy machine the story of the stuck child may come later.
    (last,) = (each for each in objects(process) if "exit_code" in each)
    assert (last["event"], last["path"], last["exit_code"]) == ("GraceExceeded", "ignores", 4)
    assert "'ignores/deaf' (incarnation 1) stands at\n" in last["message"]


def test_where_the_log_is_json_so_are_dumps_outside_of_the_run() -> None:
    app = f"{APPS}:asked_to_dump_at_the_edges"
    with running(*RUN, "--log-format", "json", app) as process:
        assert process.ends() == 0
    before, _, after = objects(process)
    assert before["event"] == after["event"] == "Dump"
