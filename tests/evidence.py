"""``python -m tests.evidence FOLDER``: all that is claimed, as what programs printed themselves.

One file for each claim, and a README.md that says by which command each was made, how long it took
and with which exit code it ended: whoever does not trust the file runs the command. A step that
fails stops no other one; the whole then ends with exit code 1.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

import attrs

ROOT = Path(__file__).parent.parent
BENCH_RUN: Final = "bench.json"
MACHINE: Final = (
    "import os, platform, sys; print(sys.version, platform.platform(), os.cpu_count(), sep='\\n')"
)
_PATIENCE: Final = 30.0
"""Seconds for a service to end, once it was told to."""


@attrs.frozen(kw_only=True)
class Step:
    """One command, and what is shown by what it prints."""

    file: str
    """What its output is written to."""
    about: str
    command: Sequence[str]
    stop_after: float | None = None
    """Seconds after which a service is told to end by SIGTERM; None: it ends by itself."""
    says: str = ""
    """What its output has to contain: a service may have been told to end, and have died of it."""
    time_limit: float = 3600
    """Seconds that it may take."""


@attrs.frozen
class Done:
    """How a step ended."""

    step: Step
    code: int
    seconds: float


def steps(folder: Path) -> list[Step]:
    """Return what is to be shown, in the order of the README."""
    python = sys.executable
    bench = [python, "-m", "bench"]
    pages = ["--chart", str(folder / "charts"), "--results", str(folder / "RESULTS.md")]
    replay = "tests/conformance/otp/replay.py"
    return [
        Step(
            file="commit.txt",
            about="which sources, and whether anything in them was changed",
            command=["git", "log", "-1", "--stat", "--format=%H%n%ad%n%s"],
        ),
        Step(
            file="changes.txt",
            about="what was changed since that commit; empty if nothing was",
            command=["git", "status", "--porcelain"],
        ),
        Step(
            file="versions.txt",
            about="the packages that were there",
            command=[python, "-m", "pip", "freeze", "--all"],
        ),
        Step(
            file="machine.txt",
            about="Python, system and processors",
            command=[python, "-c", MACHINE],
        ),
        Step(
            file="tests.txt",
            about="every test by name, with its outcome",
            command=[python, "-m", "pytest", "--numprocesses", "auto", "-v", "--color=no"],
        ),
        Step(
            file="conformance.txt",
            about="the scenarios recorded from OTP, replayed three times each",
            command=[python, replay, "tests/conformance/driver.py", "--repeat", "3"],
        ),
        Step(
            file="demo.txt",
            about="the demo",
            command=[python, "-m", "trioharness", "run", "examples.codeindex:app"],
        ),
        Step(
            file="hostwatch.txt",
            about="a service that watches this host, told to end after 10 s: its receipt",
            command=[python, "-m", "examples.hostwatch"],
            stop_after=10,
            says="drained after",
        ),
        Step(
            file="bench.txt",
            about=f"every row of the bench; all figures are in {BENCH_RUN}, drawn in charts/ and"
            " told in RESULTS.md",
            command=[*bench, "--json", str(folder / BENCH_RUN), *pages],
        ),
        Step(
            file="gate.txt",
            about="the floors in counted instructions",
            command=[*bench, "--gate", "--json", str(folder / "gate.json")],
        ),
    ]


def collect(folder: Path, chosen: Sequence[Step], *, say: IO[str]) -> int:
    """Carry out steps, and write what they print, with a README, into a folder.

    Args:
        folder: Where the files go; it is made if it is not there.
        chosen: The steps.
        say: Is told of each step.

    Returns:
        0 if all of them ended with exit code 0, else 1.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done: list[Done] = []
    for step in chosen:
        print(f"{step.file}: {step.about} ...", file=say, flush=True)
        done.append(_carry_out(step, folder / step.file))
        print(f"    exit code {done[-1].code} after {done[-1].seconds:.0f} s", file=say, flush=True)
    (folder / "README.md").write_text("\n".join(_readme(done)) + "\n", encoding="utf-8")
    return int(any(each.code for each in done))


def _carry_out(step: Step, file: Path) -> Done:
    begun = time.monotonic()
    with file.open("w", encoding="utf-8") as output:
        try:
            code = _run(step, output)
        except OSError as error:
            print(f"it did not run: {error}", file=output)
            code = 127
    if step.says not in file.read_text(encoding="utf-8", errors="replace"):
        code = code or 1
    return Done(step, code, time.monotonic() - begun)


def _run(step: Step, output: IO[str]) -> int:
    process = subprocess.Popen(
        step.command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,  # so that all of it can be ended
    )
    try:
        if step.stop_after is None:
            return process.wait(step.time_limit)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(step.stop_after) or 1  # a service that ended by itself
        process.send_signal(signal.SIGTERM)
        return 0 if process.wait(_PATIENCE) in (0, -signal.SIGTERM) else 1
    except subprocess.TimeoutExpired as error:
        print(f"it was ended: {error}", file=output)
        return 1
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _readme(done: Sequence[Done]) -> Iterator[str]:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="minutes")
    yield "# Evidence"
    yield ""
    yield f"Made on {now} by `make evidence`. Each file is what its command printed, unchanged."
    yield "To repeat one, run its command in a checkout of that commit, after `make test`."
    yield ""
    yield "| file | what it shows | command | exit code | seconds |"
    yield "|---|---|---|---:|---:|"
    for each in done:
        step = each.step
        yield (
            f"| {step.file} | {step.about} | {_repeat(step)} | {each.code} | {each.seconds:.0f} |"
        )


def _repeat(step: Step) -> str:
    """Return the command as it is to be typed."""
    words = ["python" if word == sys.executable else word for word in step.command]
    ends = "" if step.stop_after is None else f"; `kill -TERM` after {step.stop_after:g} s"
    return f"`{shlex.join(words)}`{ends}"


def main(arguments: Sequence[str]) -> int:
    """Collect everything."""
    if len(arguments) != 1:
        print("evidence: name the folder to write into, and nothing else", file=sys.stderr)
        return 2
    folder = Path(arguments[0]).absolute()
    return collect(folder, steps(folder), say=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
