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
from ._settings import Given, parse_flags

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
        click.option(
            "--config",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="The TOML file of the settings that the factory takes.",
        ),
        click.option(
            "--set",
            "flags",
            multiple=True,
            metavar="KEY=VALUE",
            help="One of these settings, as in store.port=8080; goes before "
            "TRIOHARNESS_STORE__PORT, and that before the file. May be given several times.",
        ),
    ]

    def decorate(command: F) -> F:
        for parameter in reversed(parameters):
            command = parameter(command)
        return command

    return decorate


def loaded(
    target: str,
    arguments: Sequence[str],
    factory: bool,
    app_dir: Path,
    config: Path | None,
    flags: Sequence[str],
    *,
    raw: bool = False,
) -> Harness:
    """Return the harness that a command is for; where there is none, the process ends."""
    try:
        settings = Given(file=config, flags=parse_flags(flags))
        return load(target, arguments, factory=factory, app_dir=app_dir, settings=settings)
    except ConfigurationError as error:
        fail(str(error), ExitCode.REFUSED, error, raw=raw)
