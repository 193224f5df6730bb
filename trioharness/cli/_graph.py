"""``trioharness graph``: what an application consists of, drawn without running it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, assert_never

import click

from .._errors import ConfigurationError
from ..harness import Harness, lifecycle
from ._exit import ExitCode, fail
from ._target import loaded, names_a_harness

Format: TypeAlias = Literal["text", "mermaid", "dot"]


class Drawing(Protocol):
    """What can be drawn: the graph of a harness, and the lifecycle."""

    def text(self) -> str:
        """Draw it for a terminal."""
        ...

    def mermaid(self) -> str:
        """Draw it in the language of mermaid."""
        ...

    def dot(self) -> str:
        """Draw it in the language of Graphviz."""
        ...


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
    "of_lifecycle",
    is_flag=True,
    help="Draw the life of a component instead, from the table that runs; it needs no harness.",
)
def graph(
    target: str | None,
    arguments: tuple[str, ...],
    factory: bool,
    app_dir: Path,
    config: Path | None,
    flags: tuple[str, ...],
    language: Format,
    of_lifecycle: bool,
) -> None:
    """Draw the harness ATTR of MODULE: its components, needs and channels.

    Nothing is run. The drawing goes to stdout, so that a picture is made by:

    trioharness graph --format dot shop:app | dot -Tsvg > shop.svg
    """
    if of_lifecycle:
        if target is not None:
            problem = "the life of a component is the same in each harness"
            fail(f"{target!r}: {problem}; leave out this, or --lifecycle", ExitCode.REFUSED)
        drawing: Drawing = lifecycle()
    elif target is None:
        cure = "name MODULE:ATTR, or say --lifecycle for the life of a component"
        fail(f"graph: it was not said of which harness; {cure}", ExitCode.REFUSED)
    else:
        drawing = _graph_of(loaded(target, arguments, factory, app_dir, config, flags))
    _write(_drawn(drawing, language), language)


def _graph_of(app: Harness) -> Drawing:
    try:
        return app.graph()
    except ConfigurationError as error:
        fail(str(error), ExitCode.REFUSED, error)


def _drawn(drawing: Drawing, language: Format) -> str:
    match language:
        case "text":
            return drawing.text()
        case "mermaid":
            return drawing.mermaid()
        case "dot":
            return drawing.dot()
        case _ as unreachable:
            assert_never(unreachable)


def _write(text: str, language: Format) -> None:
    # The two languages are UTF-8, whatever the terminal is. For that, letters that it does not have
    # are written as in a program.
    encoding = sys.stdout.encoding if language == "text" else "utf-8"
    click.echo(text.encode(encoding, "backslashreplace"))
