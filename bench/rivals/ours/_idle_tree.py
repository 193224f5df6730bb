"""A program: a tree of 100 children in ten groups, without health or back-off, with nothing to do.

It is killed by who watches it, see `bench._wakeups`.
"""

from __future__ import annotations

import trio
import trio.testing

import trioharness as th
from bench._sample import check_sum
from bench._wakeups import mark_idle

GROUPS = 10
CHILDREN = 10


async def main() -> None:
    """Set the tree up, say so, and do nothing."""
    running = 0

    async def idle(*, task_status: th.TaskStatus[None]) -> None:
        nonlocal running
        running += 1
        task_status.started()
        await trio.sleep_forever()

    specs = [th.Spec(idle, name=f"idle-{number}") for number in range(CHILDREN)]
    async with th.open_supervisor("bench") as supervisor:
        for number in range(GROUPS):
            await supervisor.start(th.Group(f"group-{number}", specs), name=f"group-{number}")
        await trio.testing.wait_all_tasks_blocked()
        check_sum("children running", running, GROUPS * CHILDREN)
        mark_idle()
        await trio.sleep_forever()


if __name__ == "__main__":
    trio.run(main)
