"""`command`: components that are processes of the operating system, with real ones."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Log


class Output(Log):
    """A log that can be waited on for a line of output."""

    def __init__(self) -> None:
        super().__init__()
        self.more = trio.Event()

    def __call__(self, event: th.Event) -> None:
        super().__call__(event)
        if isinstance(event, th.CommandOutput):
            self.more.set()
            self.more = trio.Event()

    @property
    def said(self) -> list[str]:
        """The lines on stdout: to stderr a shell may write that what it ran was terminated."""
        outputs = self.of(th.CommandOutput)
        return [event.line for event in outputs if event.stream == "stdout"]

    async def until(self, line: str) -> None:
        while line not in self.said:
            await self.more.wait()


@pytest.fixture
def output() -> Output:
    return Output()


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def is_there(pid: int) -> bool:
    """Whether there is such a process, if only as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until_ended(pid: int) -> None:
    """Wait for the end of a process that is no child of this one."""
    with contextlib.suppress(ProcessLookupError), trio.fail_after(20):
        ended = os.pidfd_open(pid)
        try:
            await trio.lowlevel.wait_readable(ended)
        finally:
            os.close(ended)


async def test_its_output_is_told_and_exit_code_0_is_a_return(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        child = sup.start_soon(th.command(sh("echo one; echo two")))
        assert child.path == "s/sh"
    assert output.lines == [
        "sh 1 ready",
        "sh 1 stdout: one",
        "sh 1 stdout: two",
        "sh 1 returned",
        "s ended",
    ]


async def test_what_goes_to_stderr_is_told_as_such(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        sup.start_soon(th.command(sh("echo oops >&2")), name="c")
    assert "c 1 stderr: oops" in output.lines


async def test_it_is_ready_when_it_runs_with_its_number(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        child = await sup.start(th.command(["sleep", "60"]))
        assert is_there(child.value)
        # A terminal signals all that is in its session, and there Ctrl-C is the supervisor's.
        assert os.getsid(child.value) == child.value
        await child.stop()


@pytest.mark.parametrize("more", ["", " >&2"], ids=["stdout", "stderr"])
async def test_it_is_ready_with_the_line_that_says_so(more: str, output: Output) -> None:
    script = f"echo up; echo 'ready to serve'{more}; echo 'ready to serve'{more}; cat"
    async with th.open_supervisor("s", observer=output) as sup:
        sup.start_soon(th.command(sh(script), ready_line="ready"), name="c")
    stream = "stderr" if more else "stdout"
    told = f"c 1 {stream}: ready to serve"
    assert output.lines.index("c 1 ready") == output.lines.index(told) + 1
    assert output.lines.count(told) == 2
    assert output.lines.count("c 1 ready") == 1


async def test_others_wait_for_that_line(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        first = sup.start_soon(
            th.command(sh("read x; echo up; exec sleep 60"), ready_line="up"), name="first"
        )
        sup.start_soon(th.command(["true"]), name="second", after=[first])
        await first.wait("ready")
        assert is_there(first.value)
        await first.stop()
    assert output.about("ready") == ["first 1 ready", "second 1 ready"]


async def test_one_that_ends_before_it_is_ready_has_failed_to_start(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        with pytest.raises(
            th.StartFailed, match="'s/c' could not start: 'sh' ended before it wrot"
        ):
            await sup.start(th.command(sh("echo up"), ready_line="ready"), name="c")
        with pytest.raises(th.CommandFailed, match="'sh' exited with code 3: no disk"):
            await sup.start(th.command(sh("echo no disk >&2; exit 3"), ready_line="ready"))


async def test_one_that_is_never_ready_is_ended(mock_clock: MockClock, output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        command = th.command(sh(CLEANS_UP), ready_line="ready")
        child = sup.start_soon(command, start_within=5, restart="temporary")
        await output.until("up")
        assert child.state == "starting"
        mock_clock.jump(5)
    assert output.said == ["up", "saved"]
    (ended,) = output.of(th.ChildEnded)
    assert "not ready within 5 s" in str(ended.exit)


async def test_what_it_says_when_it_is_being_stopped_makes_nothing_ready(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        child = sup.start_soon(th.command(sh(CLEANS_UP), ready_line="saved"), grace=30)
        await output.until("up")
        with trio.fail_after(20):
            await child.stop()
    assert output.said == ["up", "saved"]
    assert output.about("ready") == []


@pytest.mark.parametrize("text", ["", "a\nb", 5, b"ready"])
def test_what_is_no_part_of_a_line_is_refused(text: Any) -> None:
    with pytest.raises(th.ConfigurationError, match=r"ready_line: .* is no part of a line; give"):
        th.command(["true"], ready_line=text)


async def test_another_exit_code_is_a_crash_and_the_program_runs_anew(
    output: Output, tmp_path: Path
) -> None:
    script = "echo hello; echo no more >&2; mkdir was-here && exit 3; exit 0"
    async with th.open_supervisor("s", observer=output) as sup:
        sup.start_soon(th.command(sh(script), cwd=tmp_path), name="c")
    first, second = output.of(th.ChildEnded)
    assert isinstance(first.exit, th.Crashed)
    error = first.exit.error
    assert isinstance(error, th.CommandFailed)
    assert (error.argv, error.code) == (("sh", "-c", script), 3)
    assert str(error) == "'sh' exited with code 3: no more"
    assert second.exit == th.Returned()
    assert output.about("restarting") == ["c 1 restarting"]
    assert output.said.count("hello") == 2


async def test_the_signal_that_ends_it_is_named(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        sup.start_soon(th.command(sh("kill -USR1 $$")), restart="temporary")
        sup.start_soon(th.command(sh("kill -40 $$")), restart="temporary")
    exits = [ended.exit for ended in output.of(th.ChildEnded)]
    assert {str(exit.error) for exit in exits if isinstance(exit, th.Crashed)} == {
        "'sh' was ended by SIGUSR1; its output is in the log",
        "'sh' was ended by signal 40; its output is in the log",
    }


async def test_a_policy_by_type_sees_its_failure(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        sup.start_soon(
            th.command(["false"]), restart={th.CommandFailed: "temporary", Exception: "permanent"}
        )
    assert output.lines == ["false 1 ready", "false 1 crashed", "false 1 not-restarted", "s ended"]


async def test_a_supervisor_gives_up_over_it_with_the_real_errors() -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor(max_restarts=2, within=60, observer=lambda _: None) as sup:
            sup.start_soon(th.command(sh("exit 7")))
    codes = [e.code for e in caught.value.exceptions if isinstance(e, th.CommandFailed)]
    assert codes == [7, 7, 7]


async def test_it_is_parked_like_any_other(output: Output) -> None:
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor(
            "s", max_restarts=1, exhausted="park", observer=output
        ) as sup:
            child = sup.start_soon(th.command(["false"]))
            await child.wait("parked")
    assert output.about("parked") == ["false 2 parked"]


CLEANS_UP = "trap 'echo saved; exit 5' TERM; echo up; while :; do sleep 0.01; done"


async def test_a_stop_lets_it_end_by_itself(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        child = await sup.start(th.command(sh(CLEANS_UP)), grace=30)
        pid = child.value
        await output.until("up")
        with trio.fail_after(20):
            await child.stop()
        assert output.said == ["up", "saved"]
        assert not is_there(pid)
    (ended,) = output.of(th.ChildEnded)
    assert ended.exit == th.Stopped("stopped by hand")  # whatever its exit code was


async def test_a_cancellation_from_outside_does_as_well(output: Output) -> None:
    with trio.fail_after(20):
        async with th.open_supervisor("s", observer=output) as sup:
            child = await sup.start(th.command(sh(CLEANS_UP)))
            pid = child.value
            await output.until("up")
            sup.cancel_scope.cancel()
    assert output.said == ["up", "saved"]
    assert not is_there(pid)


async def test_one_that_does_not_end_is_killed_when_its_grace_is_over(
    mock_clock: MockClock, output: Output
) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        child = await sup.start(
            th.command(sh("trap '' TERM; echo up; while :; do sleep 0.01; done")), grace=30
        )
        pid = child.value
        await output.until("up")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child.stop)
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(29)
            await trio.testing.wait_all_tasks_blocked()
            assert is_there(pid)
            mock_clock.jump(1)
        assert not is_there(pid)
    (ended,) = output.of(th.ChildEnded)
    assert ended.exit == th.Stopped("stopped by hand", killed=True)
    assert output.about("stuck") == []


@pytest.mark.parametrize("how", ["grace=0", "killed"])
async def test_without_a_grace_it_is_killed_at_once(how: str, output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        grace = 0.0 if how == "grace=0" else 60.0
        child = await sup.start(th.command(sh(CLEANS_UP)), grace=grace, restart="temporary")
        pid = child.value
        await output.until("up")
        if how == "killed":
            child.kill()
        else:
            await child.stop()
    assert output.said == ["up"]
    assert not is_there(pid)
    (ended,) = output.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Crashed if how == "killed" else th.Stopped)


async def test_all_that_it_has_started_is_ended_with_it(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        script = "sleep 60 & echo $!; echo up; wait"
        child = await sup.start(th.command(sh(script)), grace=30)
        await output.until("up")
        with trio.fail_after(20):
            await child.stop()
        await until_ended(int(output.said[0]))


async def test_what_is_left_of_it_is_killed_when_it_has_returned(output: Output) -> None:
    with trio.fail_after(20):
        async with th.open_supervisor("s", observer=output) as sup:
            sup.start_soon(th.command(sh("trap '' TERM; sleep 60 & echo $!")))
    await until_ended(int(output.said[0]))


LEAVES_ITS_SESSION = (
    "import subprocess, time; "
    "p = subprocess.Popen(['sleep', '60'], start_new_session=True); "
    "print(p.pid); print('up'); "
)


@pytest.fixture
def escaped(output: Output) -> Iterator[None]:
    """Kills the process whose number was told first, at the end."""
    yield
    os.kill(int(output.said[0]), signal.SIGKILL)


@pytest.mark.usefixtures("escaped")
async def test_one_that_got_away_with_the_pipe_holds_up_no_return(output: Output) -> None:
    with trio.fail_after(20):
        async with th.open_supervisor("s", observer=output) as sup:
            sup.start_soon(th.command(python(LEAVES_ITS_SESSION)))
    assert is_there(int(output.said[0]))


@pytest.mark.usefixtures("escaped")
async def test_one_that_got_away_with_the_pipe_holds_up_no_stop(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        child = await sup.start(th.command(python(LEAVES_ITS_SESSION + "time.sleep(60)")), grace=30)
        await output.until("up")
        with trio.fail_after(20):
            await child.stop()
    assert is_there(int(output.said[0]))


async def test_a_program_that_writes_without_end_can_be_stopped(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        child = await sup.start(th.command(["yes"]), grace=30)
        await output.until("y")
        with trio.fail_after(20):
            await child.stop()
    assert set(output.said) == {"y"}


async def test_lines_are_told_as_they_are_within_bounds(output: Output) -> None:
    code = (
        "import os, time\n"
        "def write(data):\n"
        "    os.write(1, data); time.sleep(0.02)\n"
        "write(b'\\n  indented\\r\\n'); write('gr\\u00fc\\u00df'.encode()[:3]);"
        "write('gr\\u00fc\\u00df'.encode()[3:] + b'\\n'); write(b'\\xff\\xfe\\n')\n"
        "write(b'x' * 9000 + b'\\n'); write(b'z' * 4096); write(b'\\n'); write(b'no end')"
    )
    async with th.open_supervisor("s", observer=output) as sup:
        sup.start_soon(th.command(python(code)))
    assert output.said == [
        "",
        "  indented",
        "gr\u00fc\u00df",
        "\ufffd\ufffd",
        "x" * 4096,
        "x" * 4096,
        "x" * 808,
        "z" * 4096,
        "no end",
    ]


async def test_directory_and_environment_are_as_given(output: Output, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "ANSWER": "42"}
    async with th.open_supervisor("s", observer=output) as sup:
        sup.start_soon(th.command(sh("pwd; echo $ANSWER $HOME"), cwd=tmp_path, env=env))
        sup.start_soon(th.command(["cat"]))  # which ends, since its input is empty
    assert output.said == [str(tmp_path), "42"]


@pytest.mark.parametrize(
    ("argv", "cwd", "why"),
    [
        (["no-such-program"], None, "there is no program 'no-such-program'; install it, or give"),
        (["/etc/passwd"], None, "'/etc/passwd' does not run: Permission denied"),
        (["true"], "/no/such", r"there is no directory '/no/such' to run it in \(No such file"),
    ],
)
async def test_one_that_cannot_run_is_a_failed_start(
    argv: list[str], cwd: str | None, why: str, output: Output
) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        with pytest.raises(th.StartFailed, match=f"'s/c' could not start: {why}"):
            await sup.start(th.command(argv, cwd=cwd), name="c")


async def test_one_that_is_not_there_is_a_crash_to_the_policy(output: Output) -> None:
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=1, observer=output) as sup:
            sup.start_soon(th.command(["no-such-program"]), name="c")
    assert output.lines == [
        "c 1 crashed",
        "c 1 restarting",
        "c 2 crashed",
        "s over c gave-up",
        "s ended",
    ]


async def test_it_starts_after_what_it_needs_and_stops_before(output: Output) -> None:
    async with th.open_supervisor("s", observer=output) as sup:
        first = sup.start_soon(th.command(["sleep", "60"]), name="first")
        second = sup.start_soon(
            th.command(["sleep", "60"]), name="second", needs={"ignored": first}
        )
        await second.wait("ready")
        sup.cancel_scope.cancel()
    assert output.about("ready") == ["first 1 ready", "second 1 ready"]
    assert output.about("stopped") == ["second 1 stopped", "first 1 stopped"]


async def test_a_component_can_run_one_as_a_part_of_itself(output: Output) -> None:
    async def imports() -> None:
        await th.command(sh("echo part"))()
        with pytest.raises(th.CommandFailed, match="'sh' exited with code 9"):
            await th.command(sh("exit 9"))()

    async with th.open_supervisor("s", observer=output) as sup:
        sup.start_soon(imports)
    assert "imports 1 stdout: part" in output.lines


async def test_outside_of_every_component_nothing_is_started(tmp_path: Path) -> None:
    with pytest.raises(th.SupervisionError, match=r"command\(\) was called outside of a superv"):
        await th.command(["mkdir", "was-here"], cwd=tmp_path)()
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - a Path is not to be used in an async function


@pytest.mark.parametrize(
    "argv", ["sleep 60", b"ls", Path("ls"), [], ["a", 1], ["a\0b"], 5, [b"ls"]]
)
def test_what_is_no_list_of_words_is_refused(argv: Any) -> None:
    with pytest.raises(th.ConfigurationError, match=r"is no list of words; give the program and"):
        th.command(argv)


def test_a_program_has_a_name() -> None:
    with pytest.raises(th.ConfigurationError, match="the program has no name; give the program"):
        th.command([""])
