"""``trioharness graph``: what an application consists of, drawn without running it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal, TypeAlias

import click

from .._errors import ConfigurationError
from ..harness import Graph, Lifecycle
from ._exit import ExitCode, fail
from ._target import loaded, names_a_harness

Format: TypeAlias = Literal["text", "mermaid", "dot"]


@click.command()
@names_a_harness(required=False)
@click.option(
    "--format",
    "language",
    type=click.Choice(["text", "mermaid", "dot"]),
    default="text",
    show_default=True,
    help="For a terminal, for Markdown pages, or for Graphviz.",
)
@click.option(
    "--lifecycle",
    is_flag=True,
    help="Draw the life of a component instead, from the table that runs; it needs no harness.",
)
def graph(
    target: str | None,
    arguments: tuple[str, ...],
    factory: bool,
    app_dir: Path,
    language: Format,
    lifecycle: bool,
) -> None:
    """Draw the harness ATTR of MODULE: its components, needs and channels.

    Nothing is run. The drawing is written to stdout: trioharness graph --format dot shop:app | dot
    -Tsvg > shop.svg
    """
    if lifecycle:
        if target is not None:
            fail(
                f"{target!r}: the lifecycle is the same for all; leave out the harness, or "
                "--lifecycle",
                ExitCode.REFUSED,
            )
        drawing: Graph | Lifecycle = Lifecycle()
    elif target is None:
        fail(
            "no harness was named; say MODULE:ATTR, or --lifecycle for the life of a component",
            ExitCode.REFUSED,
        )
    else:
        app = loaded(target, arguments, factory=factory, app_dir=app_dir)
        try:
            drawing = app.graph()
        except ConfigurationError as error:
            fail(str(error), ExitCode.REFUSED)
    _write(_drawn(drawing, language), language)


def _drawn(drawing: Graph | Lifecycle, language: Format) -> str:
    match language:
        case "text":
            return drawing.text()
        case "mermaid":
            return drawing.mermaid()
        case "dot":
            return drawing.dot()


def _write(text: str, language: Format) -> None:
    if language == "text":  # what the terminal has no letters for is written as in a program
        click.echo(text.encode(sys.stdout.encoding, "backslashreplace"))
    else:  # both languages are UTF-8, whatever the terminal is
        click.echo(text.encode("utf-8"))
