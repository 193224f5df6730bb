"""What the tests of the command share: it is invoked in this process, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import logging
import sys
import textwrap
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from trioharness.cli import main

Invoke = Callable[..., Result]
Write = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def nothing_is_left() -> Generator[None]:
    """Puts back what a command changes for its process: what is imported, and the path."""
    modules, path = sys.modules.copy(), sys.path.copy()
    yield
    for name in sys.modules.keys() - modules.keys():
        del sys.modules[name]
    sys.path[:] = path


@contextlib.contextmanager
def unconfigured_logging() -> Generator[None]:
    """Hides what pytest has made of the log, as in a process of the command's own."""
    loggers = [logging.getLogger(), logging.getLogger("trioharness")]
    kept = [(logger, logger.level, logger.handlers.copy()) for logger in loggers]
    for logger in loggers:
        logger.handlers.clear()
    try:
        yield
    finally:
        for logger, level, handlers in kept:
            logger.setLevel(level)
            logger.handlers[:] = handlers


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a module of the application into the current folder, which is an empty one."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, code: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("import trioharness as th\n" + textwrap.dedent(code))
        return file

    return write


@pytest.fixture
def invoke() -> Invoke:
    """Runs ``trioharness ARG...`` in this process."""

    def invoke(*arguments: str) -> Result:
        with unconfigured_logging():
            result = CliRunner().invoke(main, arguments, prog_name="trioharness")
        assert "Traceback" not in result.stderr
        assert "Exception Group" not in result.stderr
        return result

    return invoke
