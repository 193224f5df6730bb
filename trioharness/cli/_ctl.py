"""``trioharness ctl``: steering a running application."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from ..harness.control import Action, AskDump, Question, Steer, Text
from ._ask import ask_once, names_a_socket

_ACTIONS: Mapping[Action, str] = {
    "restart": "Stop COMPONENT if it runs, start it again, and wait until it is ready.",
    "stop": "Stop COMPONENT, and those that need it; it stays down.",
    "start": "Start COMPONENT, which is down, and wait until it is ready.",
}


@click.group()
def ctl() -> None:
    """Steer a running application, or see where it stands."""


def _done(path: Path, question: Question) -> None:
    """Ask for something, and say what came of it, however long that takes."""
    answer = ask_once(path, question, patience=None)
    if isinstance(answer, Text):
        click.echo(answer.text)


def _steer(action: Action, about: str) -> click.Command:
    @click.command(action, help=about)
    @click.argument("component")
    @names_a_socket
    @click.option("--reason", metavar="TEXT", help="Why; it shows in the log.")
    def command(component: str, path: Path, reason: str | None) -> None:
        _done(path, Steer(action=action, path=component, reason=reason))

    return command


for action, about in _ACTIONS.items():
    ctl.add_command(_steer(action, about))


@ctl.command()
@names_a_socket
@click.option("--grace", type=float, metavar="SECONDS", help="Until the rest is cancelled.")
def drain(path: Path, grace: float | None) -> None:
    """End the application without losing what is queued, as SIGTERM does."""
    _done(path, Steer(action="drain", grace=grace))


@ctl.command()
@names_a_socket
def dump(path: Path) -> None:
    """Show where each task stands and what it waits for, as SIGUSR1 does on stderr."""
    _done(path, AskDump())
