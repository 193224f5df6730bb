"""The commands, and what their exit codes say.

0 done · 1 gave up, or failed, also while it was stopped · 2 cannot be loaded, or was refused
before anything started · 3 failed before it was ready · 4 a component outlived the grace · ended by
the signal that drained or stopped it
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import sys
from pathlib import Path
from typing import NoReturn

import attrs
import click

from .._errors import ConfigurationError, RestartLimitExceeded, StartFailed
from ..harness import Harness, Receipt, answer_dumps_outside_of_a_run, leave_by
from ..observe import (
    LogFormat,
    configure_logging,
    restart_limit_story,
    summary,
    write_json_line,
)
from ._check import check
from ._ctl import ctl
from ._environment import environment_findings
from ._exit import ExitCode, fail, say
from ._graph import graph
from ._look import events, status, tree
from ._target import loaded, names_a_harness


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    try:
        version = importlib.metadata.version("trioharness")
    except importlib.metadata.PackageNotFoundError:
        version = "unknown, since it is not installed (pip install .)"
    click.echo(f"trioharness, version {version}")
    context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def main() -> None:
    """Run applications made of supervised components and typed channels."""


@main.command()
@names_a_harness()
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error", "critical"]),
    default="info",
    show_default=True,
    help="What the log on stderr shows.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Lines for people, or one JSON object a line, receipt and errors included.",
)
@click.option(
    "--control",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Be asked and steered through this Unix socket, in place of Harness(control=...).",
)
@click.option(
    "--traceback",
    "raw",
    is_flag=True,
    help="Show errors with every frame and exception group, as Python does.",
)
def run(
    target: str,
    arguments: tuple[str, ...],
    factory: bool,
    app_dir: Path,
    config: Path | None,
    flags: tuple[str, ...],
    log_level: str,
    log_format: LogFormat,
    control: Path | None,
    raw: bool,
) -> None:
    """Run the harness ATTR of MODULE until it is done.

    The first SIGINT or SIGTERM drains it, the second stops it, the third leaves.
    """
    configure_logging(log_level, lines=log_format, raw=raw)
    answer_dumps_outside_of_a_run()
    try:
        app = loaded(target, arguments, factory, app_dir, config, flags, raw=raw)
        app.control = control or app.control
        for finding in environment_findings():
            finding.log(app.name)
        receipt = _run(app, raw=raw)
    except KeyboardInterrupt:  # pragma: no cover - the process ends unmeasured
        _leave_by()  # a component raised it, or it is Ctrl-C before or after the run
    if receipt.overran:
        raise SystemExit(ExitCode.GRACE_EXCEEDED)
    if receipt.signal is not None:  # pragma: no cover - the process ends unmeasured
        _leave_by(receipt.signal)
    if receipt.unclean:
        raise SystemExit(ExitCode.GAVE_UP)


def _run(app: Harness, *, raw: bool) -> Receipt:
    """Run a harness; whatever it raises becomes a sentence and an exit code.

    But `KeyboardInterrupt` and `SystemExit`: with these a component ends the process.
    """
    try:
        return app.run(on_receipt=_say_receipt)
    except ConfigurationError as error:
        fail(str(error), ExitCode.REFUSED, error, raw=raw)
    except StartFailed as error:
        fail(str(error), ExitCode.NOT_STARTED, error, raw=raw)
    except RestartLimitExceeded as error:
        fail(restart_limit_story(error), ExitCode.GAVE_UP, error, raw=raw)
    except (KeyboardInterrupt, SystemExit):
        raise
    # The one place that may: trio has ended, nothing can be cancelled, and a user gets a sentence.
    except BaseException as error:  # noqa: ASYNC103, BLE001
        fail(f"{app.name!r} failed: {summary(error)}", ExitCode.GAVE_UP, error, raw=raw)


def _leave_by(*number: int) -> NoReturn:  # pragma: no cover - the process ends unmeasured
    # The reader of stdout may be gone, and a signal runs no exit handlers that would flush it.
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    leave_by(*number)


def _say_receipt(receipt: Receipt) -> None:
    facts = {"event": "Receipt", "component": receipt.harness, "receipt": attrs.asdict(receipt)}
    if not write_json_line("info", str(receipt), facts):
        say(str(receipt))


for command in (check, graph, status, tree, events, ctl):
    main.add_command(command)
