"""``trioharness check``: what is wrong with an application, found without running it."""

from __future__ import annotations

from pathlib import Path

import click

from ._environment import environment_findings
from ._exit import ExitCode
from ._target import loaded, names_a_harness


@click.command()
@names_a_harness()
@click.option("--strict", is_flag=True, help="Fail for warnings, too.")
def check(
    target: str,
    arguments: tuple[str, ...],
    factory: bool,
    app_dir: Path,
    config: Path | None,
    flags: tuple[str, ...],
    strict: bool,
) -> None:
    """Check the wiring of the harness ATTR of MODULE, without running it.

    Each finding is one line with a code. Exits with 1 if there is an error among them.
    """
    app = loaded(target, arguments, factory, app_dir, config, flags)
    findings = (*app.check(), *environment_findings())
    for finding in findings:
        click.echo(str(finding))
    if any(finding.is_error or strict for finding in findings):
        raise SystemExit(ExitCode.GAVE_UP)
    click.echo(f"{app.name!r}: {_count(len(findings), 'warning')}, no errors")


def _count(number: int, what: str) -> str:
    return f"no {what}s" if not number else f"{number} {what}{'s' if number > 1 else ''}"
