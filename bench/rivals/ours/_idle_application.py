"""A program: an application of 100 components in ten supervisors, with nothing to do.

It has what an application has, channels and signal handlers, but no health and no back-off. It is
killed by who watches it, see `bench._wakeups`.
"""

from __future__ import annotations

import trio
import trio.testing

import trioharness as th
from bench._sample import check_sum
from bench._wakeups import mark_idle

GROUPS = 10
CHILDREN = 10


def describe() -> th.Harness:
    """Describe the application, and one component more that says when all is quiet."""
    received = 0

    async def receiver(end: th.ReceiveChannel[int]) -> None:
        nonlocal received
        async for _ in end:
            received += 1

    async def sender(end: th.SendChannel[int]) -> None:
        for number in range(CHILDREN):
            await end.send(number)
        await trio.testing.wait_all_tasks_blocked()
        check_sum("messages received", received, CHILDREN)
        mark_idle()
        await trio.sleep_forever()

    app = th.Harness("bench")
    send, receive = app.channel(int, CHILDREN)
    groups: list[th.DeclaredSupervisor] = []
    for number in range(GROUPS):
        with app.supervisor(f"group-{number}") as group:
            group.add(receiver, receive, copies=CHILDREN)
            groups.append(group)
    app.add(sender, send, after=groups)
    return app


if __name__ == "__main__":
    describe().run()
