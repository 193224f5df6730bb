"""Health: a component that says whether it can still work, with a failed check and a restart.

The store comes from another library, so the check stands beside it and is given the store.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

import attrs
import trio

import trioharness as th

PERIOD = 0.05


@attrs.define
class Store:
    """What another library gives."""

    answers: bool = True


@contextlib.asynccontextmanager
async def store() -> AsyncGenerator[Store]:
    await trio.lowlevel.checkpoint()
    print("the store is opened")
    yield Store()
    await trio.lowlevel.checkpoint()
    print("the store is closed")


async def ping(opened: Store) -> None:
    await trio.lowlevel.checkpoint()
    if not opened.answers:
        raise ConnectionError("no reply")


def show(event: th.Event) -> None:
    if isinstance(event, th.ChildChecked):
        print(f"{event.path}: failure {event.failures} of {event.failure_threshold}: {event.error}")


async def main() -> None:
    health = th.Health(check=ping, check_every=PERIOD, failure_threshold=2)
    async with th.open_supervisor("shop", observer=show) as sup:
        child = await sup.start(store, name="store", health=health)
        print(sup.health())
        child.value.answers = False
        await child.wait("restarting")
        await child.wait("ready")
        now = child.health()
        print(f"{now.path} is {now.condition} for a while: ready {now.ready}, live {now.live}")
        sup.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
