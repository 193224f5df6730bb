"""The command as a process of its own: what only shows there."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import trioharness
from tests.cli.conftest import Write
from tests.harness._process import HARNESS, ROOT, environment, running

SHOP = """
    import contextlib, sys, trio

    @contextlib.asynccontextmanager
    async def database():
        yield
        print("closed")

    async def hello():
        print("hello")

    app = th.Harness("shop")
    app.add(hello)

    interrupted = th.Harness("interrupted")
    interrupted.add(database)

    async def interrupt():
        await trio.sleep(0)
        raise KeyboardInterrupt

    interrupted.add(interrupt)
"""


def run(*command: str, cwd: Path, path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment(path),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_module_is_the_command(write: Write, tmp_path: Path) -> None:
    write("shop.py", SHOP)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, function = project["scripts"]["trioharness"].split(":")
    # What an installer writes as bin/trioharness; it has another sys.path[0] than -m has.
    script = tmp_path / "bin" / "trioharness"
    script.parent.mkdir()
    script.write_text(f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n")
    for arguments in (["run", "--help"], ["run", "shop:app"]):
        one = run(*HARNESS, *arguments, cwd=tmp_path)
        other = run(sys.executable, str(script), *arguments, cwd=tmp_path)
        assert one.returncode == other.returncode == 0
        assert one.stdout == other.stdout
        assert one.stderr.rpartition(" after ")[0] == other.stderr.rpartition(" after ")[0]


def test_ctrl_c_of_a_component(write: Write, tmp_path: Path) -> None:
    write("shop.py", SHOP)
    result = run(*HARNESS, "run", "shop:interrupted", cwd=tmp_path)
    assert result.returncode == -2
    assert result.stderr == ""


def test_a_reader_that_is_gone(write: Write, tmp_path: Path) -> None:
    loud = """
    import os, signal, trio
    from tests.harness._apps import say_when_all_is_quiet

    async def loud():
        await say_when_all_is_quiet("first")
        await trio.to_thread.run_sync(os.read, 0, 1)
        print("nobody will read this")
        os.kill(os.getpid(), signal.SIGTERM)
        await trio.sleep_forever()

    app = th.Harness("loud")
    app.add(loud)
"""
    write("loud.py", loud)
    with subprocess.Popen(
        [*HARNESS, "run", "loud:app"],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "first\n"
        process.stdout.close()
        process.stdout = None
        _, stderr = process.communicate("x", timeout=60)
    assert process.returncode == -15, stderr
    assert "Traceback" not in stderr
    assert "'loud' drained after" in stderr


@pytest.mark.parametrize(
    ("target", "code"),
    [("well:app", 0), ("well:nothing", 2), ("well:fails", 3), ("well:ends", -15)],
)
def test_the_exit_code_does_not_depend_on_who_reads_stderr(
    write: Write, tmp_path: Path, target: str, code: int
) -> None:
    well = """
    import os, signal, trio

    async def work():
        await trio.lowlevel.checkpoint()

    async def fail(*, task_status):
        raise OSError("no database")

    async def end():
        os.kill(os.getpid(), signal.SIGTERM)
        await trio.sleep_forever()

    app, fails, ends = th.Harness("app"), th.Harness("fails"), th.Harness("ends")
    app.add(work)
    fails.add(fail)
    ends.add(end)
"""
    write("well.py", well)
    reads, writes = os.pipe()
    os.close(reads)
    try:
        done = subprocess.run(
            [*HARNESS, "run", target],
            cwd=tmp_path,
            env=environment(),
            stderr=writes,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writes)
    assert done.returncode == code


def test_the_version_with_and_without_an_installation(tmp_path: Path) -> None:
    package = Path(trioharness.__file__).parent
    (tmp_path / "trioharness").symlink_to(package)
    bare = run(*HARNESS, "--version", cwd=tmp_path, path=tmp_path)
    assert (bare.returncode, bare.stderr) == (0, "")
    info = tmp_path / "trioharness-9.8.7.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trioharness\nVersion: 9.8.7\n")
    installed = run(*HARNESS, "--version", cwd=tmp_path, path=tmp_path)
    assert (installed.returncode, installed.stderr) == (0, "")
    assert installed.stdout == "trioharness, version 9.8.7\n"
    assert bare.stdout.startswith("trioharness, version ")


@pytest.mark.parametrize("target", ["", "nobody:app", "shop"])
def test_a_target_that_leads_nowhere(tmp_path: Path, target: str) -> None:
    with running(*HARNESS, "run", target, cwd=tmp_path) as process:
        assert process.ends() == 2
    assert process.stdout == ""
    assert process.stderr.startswith("Error: ")
    assert process.stderr.count("\n") == 1
