"""Applications that the tests run in processes of their own: ``trioharness run tests.…:drains``."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncGenerator
from functools import partial

import trio
import trio.lowlevel
import trio.testing

import trioharness as th

COUNT = 50


def say(line: str) -> None:
    """Write a line at once, so that a test can wait for it."""
    print(line, flush=True)


def sleep_in_short_steps() -> None:
    """Block for good, but for signal handlers."""
    while True:
        time.sleep(0.01)


async def say_when_all_is_quiet(line: str) -> None:
    """Write a line when nothing is left to be done, the start of all components included."""
    await trio.testing.wait_all_tasks_blocked()
    say(line)


@contextlib.asynccontextmanager
async def database() -> AsyncGenerator[list[int]]:
    say("database opens")
    stored: list[int] = []
    yield stored
    # Not flushed: whoever ends the process has to see to that.
    print(f"database closes with {len(stored)} stored")


def drains() -> th.Harness:
    """All is queued before the signal; nothing is taken out before the drain has begun."""
    draining = trio.Event()

    async def source(end: th.SendChannel[int]) -> None:
        for number in range(COUNT):
            await end.send(number)
        await say_when_all_is_quiet("queued")
        try:
            await trio.sleep_forever()
        finally:
            draining.set()

    async def store(end: th.ReceiveChannel[int], *, db: list[int]) -> None:
        await draining.wait()
        async for number in end:
            db.append(number)

    app = th.Harness("drains")
    send, receive = app.channel(int, COUNT, name="numbers")
    app.add(source, send)
    app.add(store, receive, needs={"db": app.add(database)})
    return app


def starts() -> th.Harness:
    """It never gets ready; what has started meanwhile is to be stopped."""

    async def slow(*, task_status: th.TaskStatus[None]) -> None:
        say("slow starts")
        try:
            await trio.sleep_forever()
            task_status.started()
        finally:
            say("slow ends")

    async def never(**_: object) -> None:
        say("this must not be seen")

    app = th.Harness("starts")
    app.add(never, needs={"it": app.add(slow, after=[app.add(database)])})
    return app


def slow_to_drain() -> th.Harness:
    """A consumer that takes its time: the second signal cuts it short."""

    async def source(end: th.SendChannel[int]) -> None:
        for number in range(COUNT):
            await end.send(number)
        await say_when_all_is_quiet("queued")
        await trio.sleep_forever()

    async def store(end: th.ReceiveChannel[int], *, db: list[int]) -> None:
        async for number in end:
            db.append(number)
            await trio.sleep_forever()

    app = th.Harness("slow")
    send, receive = app.channel(int, COUNT, name="numbers", max_deliveries=2)
    app.add(source, send)
    app.add(store, receive, needs={"db": app.add(database)})
    return app


def stuck_in_a_thread() -> th.Harness:
    async def stuck() -> None:
        await say_when_all_is_quiet("stuck")
        await trio.to_thread.run_sync(threading.Event().wait)

    return alone(stuck)


def swallows() -> th.Harness:
    """It goes on whatever it is told, and trio cannot do anything about it."""

    async def swallow() -> None:
        await say_when_all_is_quiet("stuck")
        for told in itertools.count(1):
            with contextlib.suppress(trio.Cancelled), trio.CancelScope() as scope:
                await trio.sleep_forever()
            if not scope.cancelled_caught:
                with trio.CancelScope(shield=True):
                    await trio.sleep(0.05)
                if told == 1:
                    say("swallowed")

    return alone(swallow)


def blocks() -> th.Harness:
    """It keeps the event loop, so that no task can act on anything."""

    async def block() -> None:
        await say_when_all_is_quiet("stuck")
        sleep_in_short_steps()

    return alone(block)


def alone(component: object) -> th.Harness:
    app = th.Harness("alone", grace=1)
    app.add(component, name="it", grace=0)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return app


def forks() -> th.Harness:
    """A forked child is no harness: a signal ends it as any other process."""

    def child() -> None:
        say(f"child {os.getpid()}")
        sleep_in_short_steps()

    async def parent() -> None:
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        await trio.to_thread.run_sync(process.join)
        say(f"ended by {process.exitcode}")

    return alone(parent)


def blocked_signal() -> th.Harness:
    """As in a container, whose first process is not ended by signals of its own."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    @contextlib.asynccontextmanager
    async def last() -> AsyncGenerator[None]:
        yield
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    app = th.Harness("blocked")
    app.add(last)

    async def wait() -> None:
        await say_when_all_is_quiet("waiting")
        await trio.sleep_forever()

    app.add(wait)
    return app


def leaves() -> th.Harness:
    """For Ctrl-C that comes while the module is imported."""
    say("importing")
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
    raise AssertionError("still here")


async def ignore_cancellation() -> None:
    """Go on for good, whatever is told."""
    while True:
        with contextlib.suppress(trio.Cancelled):
            await trio.sleep(0.01)


def ignores() -> th.Harness:
    """A component that nothing ends, beside one that ends well."""

    async def deaf() -> None:
        say("deaf")
        await ignore_cancellation()

    app = th.Harness("ignores", grace=0.3)
    app.add(database)
    app.add(deaf, grace=0.1)
    return app


def blocks_for_good() -> th.Harness:
    """A component that blocks the event loop."""

    async def blocking() -> None:
        await trio.lowlevel.checkpoint()
        say("blocking")
        sleep_in_short_steps()

    app = th.Harness("blocks", grace=0.3)
    app.add(blocking)
    return app


def fills_its_stderr() -> th.Harness:
    """A component that blocks the event loop, since nobody reads what it writes."""

    async def filling() -> None:
        await trio.lowlevel.checkpoint()
        say("filling")
        while True:
            sys.stderr.write("x" * 65_536)

    app = th.Harness("fills", grace=0.3)
    app.add(filling)
    return app


def gives_up_beside_a_deaf_one() -> th.Harness:
    """Nobody tells it to end: it gives up, and one of its components does not end."""

    async def deaf() -> None:
        await ignore_cancellation()

    async def crashes() -> None:
        await say_when_all_is_quiet("crashing")
        raise ValueError

    app = th.Harness("gives-up", grace=0.3, max_restarts=0)
    app.add(deaf, grace=0.1)
    app.add(crashes)
    return app


def overruns() -> th.Harness:
    """A component that takes longer than it may, and ends."""

    async def late() -> None:
        say("late")
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(2.5)

    app = th.Harness("overruns", grace=2)
    app.add(late, grace=0.1)
    return app


def asked_to_dump_at_the_edges() -> th.Harness:
    """SIGUSR1 comes while it is made, and when the command has done all it does."""
    ask = partial(os.kill, os.getpid(), signal.SIGUSR1)
    ask()
    atexit.register(ask)
    return alone(partial(trio.sleep, 0))
