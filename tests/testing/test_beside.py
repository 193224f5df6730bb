"""The plugin in one session with pytest-asyncio and anyio, each in a real run of pytest."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from tests.conftest import Run

# By the names of their modules, since the entry point of ours is there in some places alone.
PLUGINS = ("-p", "pytest_asyncio.plugin", "-p", "no:asyncio")
OURS = ("-p", "trioharness.testing.plugin", "-p", "no:trioharness")

Session: TypeAlias = Callable[..., str]

ASYNCIO = """
    import asyncio, time
    import pytest, pytest_asyncio

    @pytest_asyncio.fixture
    async def answer():
        await asyncio.sleep(0)
        yield 42

    @pytest.mark.asyncio
    async def test_asyncio(answer, events, faults):
        assert answer == 42
        assert events.events == faults.struck == ()
        assert abs(asyncio.get_running_loop().time() - time.monotonic()) < 60

    @pytest.mark.asyncio
    @pytest.mark.xfail(raises=ValueError, strict=True)
    async def test_asyncio_expects(events):
        raise ValueError

    @pytest.mark.asyncio
    async def test_asyncio_fails(faults):
        answer = "asyncio"
        assert answer == 42
"""

TRIO = """
    import pytest, trio
    import trioharness as th

    async def crashes():
        await trio.sleep(1800)
        raise KeyError

    @pytest.fixture
    async def started(supervisor):
        return await supervisor.start(crashes)

    @pytest.mark.trio
    async def test_trio(started, events, leak_check):
        await trio.sleep(3000)
        assert (events.restarts("test/crashes"), trio.current_time()) == ([1800], 3000)

    @pytest.mark.trio
    @pytest.mark.xfail(raises=ValueError, strict=True)
    async def test_trio_expects(supervisor):
        raise ValueError

    @pytest.mark.trio
    async def test_trio_fails(virtual_clock):
        answer = "trio"
        assert answer == 42
"""

ANYIO = """
    import anyio, pytest, trio, trio.testing

    @pytest.fixture(params=["asyncio", "trio"])
    def anyio_backend(request):
        return request.param

    @pytest.fixture
    async def of_anyio(anyio_backend):
        await anyio.lowlevel.checkpoint()
        yield anyio_backend

    @pytest.mark.anyio
    async def test_anyio(of_anyio, events, faults):
        assert events.events == faults.struck == ()
        if of_anyio == "trio":
            assert not isinstance(trio.lowlevel.current_clock(), trio.testing.MockClock)

    @pytest.mark.anyio
    @pytest.mark.xfail(raises=ValueError, strict=True)
    async def test_anyio_expects(of_anyio, events):
        raise ValueError

    @pytest.mark.anyio
    async def test_anyio_fails(of_anyio, faults):
        answer = "anyio"
        assert answer == 42
"""

THREE = {"test_asyncio.py": ASYNCIO, "test_trio.py": TRIO, "test_anyio.py": ANYIO}


@pytest.fixture
def session(run: Run, tmp_path: Path) -> Session:
    """Runs pytest on some files, with all the plugins, and returns what it printed.

    Warnings are errors in it, as in everything that `run` starts.
    """

    def session(files: dict[str, str], mode: str, *options: str) -> str:
        settings = f"asyncio_mode = {mode}\nasyncio_default_fixture_loop_scope = function\n"
        (tmp_path / "pytest.ini").write_text(f"[pytest]\n{settings}", encoding="utf-8")
        for name, source in files.items():
            (tmp_path / name).write_text(textwrap.dedent(source), encoding="utf-8")
        pytest_run = ("env", "PYTEST_ADDOPTS=", sys.executable, "-m", "pytest", "-q")
        done = run(*pytest_run, *PLUGINS, *OURS, *options, cwd=tmp_path)
        assert done.stderr == ""
        return done.stdout

    return session


def counts(printed: str) -> dict[str, int]:
    """Return how many tests had which outcome."""
    last = printed.splitlines()[-1]
    return {word.rstrip("s"): int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", last)}


def errors(printed: str) -> list[str]:
    """Return the errors that pytest shows, each once and in order."""
    lines = re.findall(r"^E       (assert .*|.*Error.*|.*Group.*)$", printed, re.MULTILINE)
    return list(dict.fromkeys(lines))


UNWRAPPED = [f"AssertionError: assert '{name}' == 42" for name in ("asyncio", "trio", "anyio")]


@pytest.mark.parametrize(
    "files",
    [THREE, {"test_all.py": ASYNCIO + TRIO + ANYIO}],
    ids=["a file each", "side by side"],
)
def test_in_strict_mode_each_runs_its_own(files: dict[str, str], session: Session) -> None:
    printed = session(files, "strict")
    assert counts(printed) == {"passed": 4, "xfailed": 4, "failed": 4}, printed
    assert sorted(errors(printed)) == sorted(UNWRAPPED)
    assert len(re.findall(r"pytest --faults-seed=\d+ makes the same faults again", printed)) == 3


def test_in_auto_mode_tests_of_asyncio_have_what_any_test_may_have(session: Session) -> None:
    unmarked = ASYNCIO.replace("@pytest.mark.asyncio\n", "\n")
    unmarked = unmarked.replace("@pytest_asyncio.fixture", "@pytest.fixture")
    printed = session({"test_asyncio.py": unmarked}, "auto")
    assert counts(printed) == {"passed": 1, "xfailed": 1, "failed": 1}, printed
    assert errors(printed) == UNWRAPPED[:1]


TAKEN = """
    import pytest

    async def test_ours(supervisor): ...

    @pytest.mark.trio
    async def test_marked(virtual_clock): ...

    @pytest.mark.trio
    async def test_any(events): ...
"""


def test_in_auto_mode_tests_of_trio_say_what_to_do(session: Session) -> None:
    printed = session({"test_taken.py": TAKEN}, "auto")
    assert counts(printed) == {"error": 2, "failed": 1}, printed
    takes = "pytest-trio has to run such a test, and pytest-asyncio takes it; mark it with "
    for name, fixtures in (("ours", "supervisor, virtual_clock"), ("marked", "virtual_clock")):
        assert f"'test_{name}' uses {fixtures}: {takes}pytest.mark.trio alone" in printed
    assert "pytest-trio and pytest-asyncio both take 'test_any'; mark it for one" in printed


def test_in_strict_mode_a_mark_for_asyncio_is_one_too_many(session: Session) -> None:
    marked = TAKEN.replace("async def", "@pytest.mark.asyncio\n    async def")
    printed = session({"test_taken.py": marked}, "strict")
    assert counts(printed) == {"error": 2, "failed": 1}, printed
    shown = re.findall(
        r"^'test_.* and pytest-asyncio takes it; mark it with", printed, re.MULTILINE
    )
    assert len(shown) == 2, printed  # the summary has them as well, where CI is set


def test_in_the_auto_mode_of_anyio_they_say_what_to_do(session: Session) -> None:
    printed = session({"test_taken.py": TAKEN}, "strict", "--anyio-mode=auto")
    assert "'test_ours[asyncio]' uses supervisor, virtual_clock" in printed
    assert "and anyio takes it; mark it with" in printed
    assert counts(printed) == {"error": 4, "passed": 2}, printed
