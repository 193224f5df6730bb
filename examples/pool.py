"""Pool on demand: one component for each client that comes, each supervised by itself.

An instance that crashes is restarted with its own arguments, one that ends is forgotten, and what
is too much is refused.
"""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

import trioharness as th

flaky = iter([ConnectionError("reset by peer")])


async def session(greeting: str, client: str, done: trio.Event) -> None:
    if client == "Bo":
        for error in flaky:
            raise error
    print(greeting, client)
    await done.wait()


def show(event: th.Event) -> None:
    if isinstance(event, th.ChildEnded):
        print(event.path, "crashed" if isinstance(event.exit, th.Crashed) else "ended")


async def main() -> None:
    done = trio.Event()
    template = th.Spec(session, "hello", name="session")
    async with th.open_pool(template, "sessions", max_children=2, observer=show) as pool:
        await pool.start("Ada", done)
        bo = await pool.start("Bo", done)
        await wait_all_tasks_blocked()
        print(bo.path, "was restarted", bo.restarts, "time")
        try:
            await pool.start("Cy", done)
        except th.PoolFull as error:
            print(error)
        done.set()
    print(len(pool.children), "are left")


if __name__ == "__main__":
    trio.run(main)
