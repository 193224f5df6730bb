"""What the README promises to whoever has a trio program: each step is a word or two of theirs.

The program is written as one writes trio: a nursery, memory channels, a clone for each sender, and
the ends of its own closed by whoever opened them. It counts the errors of log files, and is undone
by a line of another form.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from tests.conftest import Run

PLAIN = """
import trio

LOGS = {
    "a.log": ["ERROR disk", "INFO ok", "ERROR disk again"],
    "b.log": ["no level", "ERROR network", "ERROR network again"],
}


async def follow(path, lines):
    async with lines:
        for line in LOGS[path]:
            await lines.send(f"{path} {line}")


async def watch(lines, alerts, seen):
    async with lines, alerts:
        async for line in lines:
            path, level, text = line.split(" ", 2)
            if level not in ("INFO", "ERROR"):
                raise ValueError(line)
            if level == "ERROR":
                seen[path] = seen.get(path, 0) + 1
                if seen[path] == 2:
                    await alerts.send(f"{path}: {text}")


async def main():
    lines_in, lines_out = trio.open_memory_channel(1)
    alerts_in, alerts_out = trio.open_memory_channel(10)
    async with trio.open_nursery() as nursery:
        for path in LOGS:
            nursery.start_soon(follow, path, lines_in.clone())
        lines_in.close()
        nursery.start_soon(watch, lines_out, alerts_in, {})
        alerts = [alert async for alert in alerts_out]
    print(*sorted(alerts), sep="\\n")


if __name__ == "__main__":
    trio.run(main)
"""

SUPERVISED = PLAIN.replace("import trio\n", "import trio\nimport trioharness as th\n").replace(
    "trio.open_nursery()", 'th.open_supervisor("logs")'
)

TYPED = SUPERVISED.replace(
    "trio.open_memory_channel(1)", "th.open_channel(str, 1, max_deliveries=2)"
).replace("trio.open_memory_channel(10)", "th.open_channel(str, 10)")

CRASH_TEST = """
from logs import watch


async def test_counts_outlive_a_crash(supervisor, faults, channel_probe):
    lines, alerts = channel_probe(str, max_deliveries=2), channel_probe(str)
    broken = faults.crash_on_message(watch, 2)
    supervisor.start_soon(broken, lines.receive_end, alerts.send_end, {})
    lines.feed("a.log ERROR 1", "a.log ERROR 2")
    assert await alerts.next(within=5) == "a.log: 2"
    assert len(faults.struck) == 1
"""


def ran(program: str, run: Run, folder: Path) -> CompletedProcess[str]:
    (folder / "logs.py").write_text(program)
    return run(sys.executable, "logs.py", cwd=folder)


def test_in_a_nursery_one_line_ends_it_all(run: Run, tmp_path: Path) -> None:
    done = ran(PLAIN, run, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "ValueError: b.log no level" in done.stderr


def test_with_a_supervisor_in_its_place_it_goes_on(run: Run, tmp_path: Path) -> None:
    """Two lines differ, and trio's own channels are handed over like ours."""
    assert len(set(SUPERVISED.splitlines()) - set(PLAIN.splitlines())) == 2
    done = ran(SUPERVISED, run, tmp_path)
    assert (done.returncode, done.stdout) == (0, "a.log: disk again\nb.log: network again\n")
    assert done.stderr.startswith("'logs/watch' crashed (incarnation 1, after it was ready)\n")
    assert "'logs/watch' restarts now (restart 1 of 5)" in done.stderr


def test_with_a_typed_channel_the_line_becomes_a_dead_letter(run: Run, tmp_path: Path) -> None:
    assert len(set(TYPED.splitlines()) - set(SUPERVISED.splitlines())) == 2
    done = ran(TYPED, run, tmp_path)
    assert (done.returncode, done.stdout) == (0, "a.log: disk again\nb.log: network again\n")
    assert "'str' has a dead letter after 2 deliveries: 'b.log no level': ValueError" in done.stderr


def test_its_crash_is_tested_in_virtual_time(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logs.py").write_text(TYPED)
    (tmp_path / "test_logs.py").write_text(CRASH_TEST)
    words = (sys.executable, "-m", "pytest", "-q", "-o", "trio_mode=true", "test_logs.py")
    done = run(*words, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "1 passed" in done.stdout


def test_what_a_newcomer_does_wrong_is_told_in_one_sentence(run: Run, tmp_path: Path) -> None:
    """An end is handed over without a clone, and closed as before."""
    done = ran(TYPED.replace("lines_in.clone()", "lines_in"), run, tmp_path)
    assert done.returncode == 1
    assert (
        "ClosedResourceError: <SendChannel 'str' closed>, handed over to 'logs/follow', was closed "
        "by somebody else; leave that to the supervisor, or hand over end.clone()\n"
    ) in done.stderr
