"""The tasks of a running application, with what each stands at: for one that does not go on."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

import trio
from trio.lowlevel import Task

from ..channels import Channel
from ..observe import one_line, places
from ..supervision import frames_of

_DEEPEST = 20
"""Frames of one task that are shown, the innermost of them."""


def dump_of(harness: str, channels: Iterable[Channel[object]]) -> str:
    """Return the tree of all tasks of this run, each with its stack and with what it waits for.

    Tasks that only trio and trioharness have a part in are left out.

    Args:
        harness: Whose run it is.
        channels: The channels that are looked at for who waits there.

    Raises:
        RuntimeError: It was called outside of trio.
    """
    now = trio.current_time()
    waits = dict(_waits(channels, now))
    root = trio.lowlevel.current_root_task()
    tasks = [] if root is None else [*_lines(root, waits)]
    return "\n".join([f"tasks of {harness!r} at {now:.3f} s", *tasks])


def _waits(channels: Iterable[Channel[object]], now: float) -> Iterator[tuple[Task, str]]:
    for channel in channels:
        for waiter in channel.waiters():
            does = "to send to" if waiter.sends else "to receive from"
            known = f", for {now - waiter.since:.1f} s or longer" if waiter.since < now else ""
            yield waiter.task, f"waits {does} {channel.name!r}{known}"


def _lines(task: Task, waits: dict[Task, str]) -> Iterator[str]:
    stack, wait = places(frames_of(task)), waits.get(task)
    children = [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    inside = [_lines(child, waits) for child in sorted(children, key=_natural)]
    if not stack and wait is None:
        yield from itertools.chain.from_iterable(inside)
        return
    yield f"  {one_line(str(task.name))}" + (f" {wait}" if wait else "")
    if len(stack) > _DEEPEST:
        yield f"      ... {len(stack) - _DEEPEST} frames further out"
    for place in stack[-_DEEPEST:]:
        yield f"      at {place}"
    for line in itertools.chain.from_iterable(inside):
        yield f"  {line}"


def _natural(task: Task) -> list[tuple[int, int | str]]:
    """Sort ``worker-2`` before ``worker-10``."""
    parts = re.split(r"(\d+)", str(task.name))
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]
