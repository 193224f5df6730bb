"""One run of a harness, in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import cast

import trio

from .._errors import ConfigurationError
from ._overtime import Overtime
from ._receipt import Receipt
from ._running import MARGIN, Plan, Running
from ._signals import Ending


async def run(plan: Plan, on_receipt: Callable[[Receipt], object]) -> Receipt:
    """Run an application until it is done, drained or stopped; see `Harness.run`."""
    overtime = Overtime(plan.name)
    running = Running._create(plan, overtime)
    allowed = iter((2 * plan.grace + MARGIN, plan.grace + MARGIN))  # a drain and a stop; a stop

    def told() -> None:
        overtime.allow(next(allowed))

    ending = Ending(plan.name, running.drain, running.stop, told, running.dump)
    try:
        with (
            ending.listening(),
            plan.channels.in_a_run(),
            running._noting_the_end(),
            running._noting_what_is_left(),
        ):
            async with running._block():
                await running._start()
                running._outside.close()  # nobody outside has a way in
    except Exception:
        on_receipt(running.receipt(ending.first))
        raise
    finally:
        overtime.over()
    receipt = running.receipt(ending.first)
    on_receipt(receipt)
    return receipt


def refuse_where_it_cannot_run(subject: str) -> None:
    """Refuse to run a harness where it could not be.

    Raises:
        ConfigurationError: This is inside of trio, or not the main thread.
    """
    if trio.lowlevel.in_trio_run():
        raise ConfigurationError(
            subject,
            "run() was called inside of trio, which it starts itself",
            "call it outside of trio.run, or use open_supervisor here",
        )
    if threading.current_thread() is not threading.main_thread():
        raise ConfigurationError(
            subject,
            f"run() was called in thread {threading.current_thread().name!r}",
            "call it in the main thread, which alone can be sent signals",
        )


def ending_in(error: BaseException) -> BaseException | None:
    """Return what a component ended the process with, if that is what happened, in a group."""
    if not isinstance(error, BaseExceptionGroup):
        return None
    group = cast("BaseExceptionGroup[BaseException]", error)
    found: BaseException | None = group.subgroup((KeyboardInterrupt, SystemExit))
    while isinstance(found, BaseExceptionGroup):
        found = cast("BaseExceptionGroup[BaseException]", found).exceptions[0]
    return found
