"""Lifecycle: every state a component can be in, and what takes it from one to the next.

Four components live through what their words say, in virtual time; a step that takes no time is not
seen. `trioharness graph --lifecycle` draws the table that they go by.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import trio

import trioharness as th
from trioharness.testing import run

lives: dict[str, list[str]] = {}


async def live(words: Iterator[str], *, task_status: th.TaskStatus[None], **_: object) -> None:
    """Take the next word in each incarnation: `fail` is a crash before it is ready."""
    word = next(words, "stay")
    await trio.sleep(1)
    if word == "fail":
        raise OSError(word)
    task_status.started()
    await trio.sleep(1)
    if word == "crash":
        raise OSError(word)
    if word == "stay":
        await trio.sleep_forever()


async def consume(source: th.ReceiveChannel[int]) -> None:
    async for number in source:
        print(number)


async def stories(sup: th.Supervisor) -> None:
    words = iter(["crash", "fail", "stay", "stay", "return"])
    delay = th.Backoff(1, jitter=0)
    database = sup.start_soon(live, words, name="database", backoff=delay)
    user = sup.start_soon(live, iter(["stay"]), name="user", needs={"database": database})
    await user.wait("ready")
    await user.wait("waiting")  # the database has crashed
    await user.wait("ready")
    await database.stop()  # and before it its user

    hopeless = sup.start_soon(live, iter(["stay", "crash", "fail"]), name="hopeless")
    await hopeless.wait("ready")
    hopeless.kill()
    await hopeless.wait("parked")  # it has spent all restarts
    with contextlib.suppress(OSError):
        await hopeless.start()

    await database.start()
    await database.restart()
    await database.wait("stopped")
    send, receive = th.open_channel(int, 1)
    consumer = sup.start_soon(consume, receive, name="consumer")
    send.close()
    await consumer.wait("complete")


async def main() -> None:  # noqa: ASYNC910 - a supervisor is a checkpoint
    def watch(_: th.Event) -> None:
        for name, child in sup.children.items():
            seen = lives.setdefault(name, ["pending"])
            if seen[-1] != child.state:
                seen.append(child.state)

    with contextlib.suppress(th.RestartLimitExceeded):  # of the one that is parked
        async with th.open_supervisor(observer=watch, exhausted="park", max_restarts=3) as sup:
            await stories(sup)


if __name__ == "__main__":
    run(main)
    for name, seen in lives.items():
        print(f"{name}:", " > ".join(seen))
