"""How commands are told which harness they are for: ``[OPTIONS] MODULE:ATTR [ARG]...``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from .._errors import ConfigurationError
from ..harness import Harness
from ._exit import ExitCode, fail
from ._load import load

F = TypeVar("F", bound=Callable[..., Any])


def names_a_harness(*, required: bool = True) -> Callable[[F], F]:
    """Give a command the parameters of `loaded`.

    Args:
        required: Whether it is for a harness in any case; if not, ``target`` may be None.
    """
    parameters: list[Callable[[F], F]] = [
        click.argument(
            "target", metavar="MODULE:ATTR" if required else "[MODULE:ATTR]", required=required
        ),
        click.argument("arguments", nargs=-1, metavar="[ARG]..."),
        click.option(
            "--factory", is_flag=True, help="ATTR is a function of ARG... that gives a harness."
        ),
        click.option(
            "--app-dir",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            default=Path(),
            help="Where modules are looked for first; by default here.",
        ),
    ]

    def decorate(command: F) -> F:
        for parameter in reversed(parameters):
            command = parameter(command)
        return command

    return decorate


def loaded(target: str, arguments: Sequence[str], *, factory: bool, app_dir: Path) -> Harness:
    """Return the harness that a command is for; where there is none, the process ends."""
    try:
        return load(target, arguments, factory=factory, app_dir=app_dir)
    except ConfigurationError as error:
        fail(str(error), ExitCode.REFUSED)
