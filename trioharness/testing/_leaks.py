"""What a block of a test has left behind: tasks, channel ends, async generators."""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Generator
from typing import TypeAlias

import trio

from .._errors import ConfigurationError
from .._generators import begun_generators, open_generators
from ..channels import Channel, ReceiveChannel, SendChannel
from ..supervision import all_tasks

End: TypeAlias = (
    SendChannel[object]
    | ReceiveChannel[object]
    | trio.MemorySendChannel[object]
    | trio.MemoryReceiveChannel[object]
)

ENDS = frozenset({SendChannel, ReceiveChannel, trio.MemorySendChannel, trio.MemoryReceiveChannel})
"""All of them are final, so that comparing types is enough."""


@contextlib.contextmanager
def leak_check(*, ends: bool = True) -> Generator[None]:
    """Assert that a block leaves nothing behind.

    Named are, if they came into being during the block, whoever made them:

    - tasks that still run, system tasks included;
    - channel ends that are still open, ours and trio's memory channels';
    - async generators that were begun and neither finished nor closed.

    It looks at the end of the block, so what is about to end must have been waited for; a block
    that raises is not checked. An end or a generator that nobody refers to any more cannot be seen:
    Python has dropped it. Threads and processes are not looked for. To find the ends it walks over
    all objects in memory, twice; that takes some 10 ms in a test program of usual size.

    Args:
        ends: Whether to look for channel ends; say False where a test leaves its own open.

    Raises:
        AssertionError: Something was left behind; each thing is named, tasks with where they wait.
        RuntimeError: No trio program runs in this thread.

    Cancellation:
        It has no checkpoint; a block that is cancelled is not checked.
    """
    tasks_before = set(all_tasks())
    ends_before = weakref.WeakSet(_ends() if ends else ())
    with begun_generators() as generators:
        yield
    leaks = [_task_line(task) for task in all_tasks() if task not in tasks_before]
    if ends:
        leaks += [f"open {end!r}" for end in _open_ends(ends_before)]
    leaks += open_generators(generators)
    if leaks:
        raise AssertionError("\n  ".join(["left behind at the end of leak_check():", *leaks]))


def _task_line(task: trio.lowlevel.Task) -> str:
    parent = task.parent_nursery
    below = "" if parent is None else f" below {parent.parent_task.name!r}"
    where = [f"{frame.f_code.co_name}:{line}" for frame, line in task.iter_await_frames()]
    return f"task {task.name!r}{below}, in {' > '.join(where) or 'its first step'}"


def _ends() -> list[End]:
    return [thing for thing in gc.get_objects() if type(thing) in ENDS]


def _open_ends(before: weakref.WeakSet[End]) -> list[End]:
    """Return the open ends that were not there before."""
    found = [end for end in _ends() if end not in before and _is_open(end)]
    # An end of its dead letters comes with a channel, and nobody has to close that one.
    channels: list[Channel[object]] = [o for o in gc.get_objects() if type(o) is Channel]
    given = [_dead(channel) for channel in channels]
    return [end for end in found if not any(end is other for other in given)]


def _dead(channel: Channel[object]) -> object:
    with contextlib.suppress(ConfigurationError):
        return channel.dead
    return None


def _is_open(end: End) -> bool:
    """Ask an end the one way that is public for all of them; the clone changes nothing."""
    try:
        end.clone().close()
    except trio.ClosedResourceError:
        return False
    return True
