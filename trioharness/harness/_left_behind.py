"""What an application has started and neither ended nor closed, at its end.

Looked for in `Harness.run` alone, where the process is the application's own: in `Harness.open` the
program around it starts things too. Child processes and files are seen where there is ``/proc``.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

import attrs
from trio.lowlevel import Task

from .._generators import AsyncGen, begun_generators, open_generators
from ..channels import Channel
from ..observe import one_line, places
from ..supervision import all_tasks, frames_of

_PROCESS: Final = Path("/proc/self")
_IDLE_WORKER: Final = "Trio thread"
"""How trio calls a thread that waits for the next call, and ends by itself if there is none."""
_HELPERS: Final = (
    ("multiprocessing.resource_tracker", "_resource_tracker", "_pid", "_fd"),
    ("multiprocessing.forkserver", "_forkserver", "_forkserver_pid", "_forkserver_alive_fd"),
)
"""Processes that Python starts once for all others and ends with itself, each with its pipe: the
module, the one object in it, and what that calls both. No public name leads to either; where these
are not there, the helpers are named like anything else."""


@attrs.frozen(eq=False)
class Inventory:
    """What there is at one moment, and the generators that begin from then on."""

    tasks: frozenset[Task]
    threads: frozenset[tuple[threading.Thread, str]]
    """With their names: trio's workers go by that of what they do, and are used again."""
    children: frozenset[int]
    files: frozenset[tuple[int, str]]
    generators: WeakSet[AsyncGen]


@contextlib.contextmanager
def inventory() -> Generator[Inventory]:
    """Note what there is now, to compare it at the end of the block with what is there then."""
    with begun_generators() as generators:
        yield Inventory(
            tasks=frozenset(all_tasks()),
            threads=frozenset(_threads()),
            children=frozenset(_children()),
            files=frozenset(_files()),
            generators=generators,
        )


def left_behind(before: Inventory, channels: Iterable[Channel[Any]]) -> tuple[str, ...]:
    """Name what was not there before, a line each.

    What nobody can reach any more does not count: where anything is found, Python is told to let go
    of that, and it is looked for again.

    Args:
        before: What there was.
        channels: The channels of the application, whose ends should be closed.
    """
    channels = tuple(channels)
    if any(_named(before, channels)):
        gc.collect()
    return tuple(_named(before, channels))


def _named(before: Inventory, channels: Iterable[Channel[Any]]) -> Iterator[str]:
    yield from _tasks_left(before)
    for thread, name in _threads():
        if (thread, name) not in before.threads and not name.startswith(_IDLE_WORKER):
            yield f"thread {one_line(name)!r}"
    helpers, pipes = _helpers()
    for number in _children():
        if number not in before.children and number not in helpers:
            yield f"process {number} ({_command_of(number)})"
    for number, name in _files():
        if (number, name) not in before.files and number not in pipes:
            yield f"file {one_line(name)!r} (descriptor {number})"
    yield from open_generators(before.generators)
    for channel in channels:
        yield from _ends_left(channel)


def _tasks_left(before: Inventory) -> Iterator[str]:
    for task in all_tasks():
        if task not in before.tasks:
            stands = next(reversed(places(frames_of(task))), "code that is not the application's")
            yield f"task {one_line(str(task.name))!r}, which stands at {stands}"


def _ends_left(channel: Channel[Any]) -> Iterator[str]:
    figures = channel.statistics()
    for count, kind in (
        (figures.open_send_channels, "send"),
        (figures.open_receive_channels, "receive"),
    ):
        if count:
            yield f"{count} open {kind} end{'s' if count > 1 else ''} of {channel.name!r}"


def _threads() -> Iterator[tuple[threading.Thread, str]]:
    for thread in threading.enumerate():
        yield thread, thread.name


def _helpers() -> tuple[frozenset[int], frozenset[int]]:
    """Return Python's own processes, and the descriptors of their pipes."""
    own = [
        (getattr(sys.modules.get(module), instance, None), process, pipe)
        for module, instance, process, pipe in _HELPERS
    ]
    processes = frozenset(getattr(helper, process, -1) for helper, process, _ in own)
    return processes, frozenset(getattr(helper, pipe, -1) for helper, _, pipe in own)


def _children() -> Iterator[int]:
    for thread in _listed(_PROCESS / "task"):
        with contextlib.suppress(OSError):
            yield from map(int, (_PROCESS / "task" / thread / "children").read_text().split())


def _command_of(number: int) -> str:
    try:
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "which has just ended"
    return one_line(" ".join(os.fsdecode(word) for word in words if word)) or "not waited for"


def _files() -> Iterator[tuple[int, str]]:
    for number in _listed(_PROCESS / "fd"):
        with contextlib.suppress(OSError):  # the one that this very look has open
            yield int(number), str((_PROCESS / "fd" / number).readlink())


def _listed(folder: Path) -> list[str]:
    try:
        return [there.name for there in folder.iterdir()]
    except OSError:
        return []
