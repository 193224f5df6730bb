"""``trioharness status``, ``tree`` and ``events``: a look at a running application."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from ..harness.control import (
    Answer,
    AskEvents,
    AskSnapshot,
    ChannelFigures,
    EventTold,
    LoopFigures,
    Missed,
    Snapshot,
)
from ..rules import SupervisorHealth
from ._ask import ask, ask_once, names_a_socket
from ._exit import ExitCode

_PROBES: Mapping[str, Callable[[SupervisorHealth], bool]] = {
    "startup": lambda health: health.started,
    "ready": lambda health: health.ready,
    "live": lambda health: health.live,
}


@click.command()
@names_a_socket
@click.option(
    "--probe",
    type=click.Choice([*_PROBES]),
    help="What the exit code is about; by default whether all of it is healthy.",
)
@click.option("--watch", type=float, metavar="SECONDS", help="Again and again, every so often.")
def status(path: Path, probe: str | None, watch: float | None) -> None:
    """Say how a running application is: what is wrong with it, and what its channels hold.

    The exit code is 0 if it is well, and 1 if not, or if it is not there. --probe startup asks
    whether everything has started, once; ready, whether all of it does its work just now; live,
    whether it goes on by itself, so that a restart from outside would do no good.
    """
    well = True
    for answer in ask(path, AskSnapshot(every=watch)):
        if isinstance(answer, Snapshot):
            click.echo("\n".join(_status_lines(answer)))
            health = answer.health
            well = health.condition == "healthy" if probe is None else _PROBES[probe](health)
    if not well:
        raise SystemExit(ExitCode.GAVE_UP)


@click.command()
@names_a_socket
def tree(path: Path) -> None:
    """Draw the supervisors and components of a running application."""
    answer = ask_once(path, AskSnapshot())
    if isinstance(answer, Snapshot):
        click.echo(str(answer.tree))


@click.command()
@names_a_socket
@click.option("--follow", is_flag=True, help="Go on with what happens from now on.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def events(path: Path, follow: bool, as_json: bool) -> None:
    """Show what happened last in a running application: at most 100 events.

    With --follow also those of a healthy life, which are many, and until the application ends.
    """
    for answer in ask(path, AskEvents(follow=follow), patience=None if follow else 10.0):
        for line in _event_lines(answer, as_json=as_json):
            click.echo(line)


def _event_lines(answer: Answer, *, as_json: bool) -> Iterator[str]:
    match answer:
        case EventTold():
            yield answer.json if as_json else _in_words(answer)
        case Missed() if as_json:
            yield f'{{"event": "Missed", "count": {answer.count}}}'
        case Missed():
            yield f"         {answer.count} events were missed here; this terminal is too slow"
        case _:
            pass


def _in_words(told: EventTold) -> str:
    moment = datetime.datetime.fromtimestamp(told.time).astimezone().strftime("%H:%M:%S")
    first, *rest = told.text.splitlines() or [""]
    return "\n".join([f"{moment} {told.level:<7} {first}", *(f"         {line}" for line in rest)])


def _status_lines(snapshot: Snapshot) -> Iterator[str]:
    yield (
        f"{snapshot.harness} is {snapshot.health.condition}, {snapshot.phase} for "
        f"{snapshot.seconds:.1f} s (process {snapshot.pid})"
    )
    for child in snapshot.health.children:
        yield f"  {child}"
    for channel in snapshot.channels:
        yield f"  {_channel(channel)}"
    if snapshot.loop is not None:
        yield from _loop(snapshot.loop)


def _channel(figures: ChannelFigures) -> str:
    room = "any number" if figures.room is None else str(figures.room)
    facts = [
        f"{figures.used} of {room} wait",
        f"{figures.sent} sent",
        f"{figures.received} received",
    ]
    facts += [
        f"{count} {word}"
        for count, word in (
            (figures.dropped, "dropped"),
            (figures.dead, "dead"),
            (figures.in_hand, "in hand"),
            (figures.senders_waiting, "senders wait"),
        )
        if count
    ]
    if figures.oldest_age:
        facts.append(f"the oldest for {figures.oldest_age:.1f} s")
    return f"{figures.kind} {figures.name!r}: {', '.join(facts)}"


def _loop(loop: LoopFigures) -> Iterator[str]:
    yield (
        f"  event loop: late by {_ms(loop.p50)} (half of the time), {_ms(loop.p99)} (1 in 100), "
        f"{_ms(loop.largest)} at most"
    )
    for step in loop.slow[-1:]:
        yield f"  {step.task or 'a task'!r} held everything up for {_ms(step.seconds)} or longer at"
        yield from (f"    {line}" for line in step.stack.splitlines()[-4:])


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"
