"""One run of a harness, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable

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
