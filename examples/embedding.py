"""Embedding: a supervisor inside of a nursery that is there already.

`serve` is a task of the old program. What it starts under the supervisor survives crashes; the rest
of the program stays as it was, and cancels it like any other task.
"""

from __future__ import annotations

import trio

import trioharness as th
from trioharness.testing import run

crashes = iter([OSError("the sensor was unplugged")])


async def sensor(readings: trio.MemorySendChannel[int]) -> None:
    for number in range(3):
        await readings.send(number)
        await trio.sleep(1)
        for error in crashes:
            raise error


async def serve(*, task_status: trio.TaskStatus[th.Supervisor]) -> None:
    readings_out, readings_in = trio.open_memory_channel[int](8)
    async with th.open_supervisor("plant", observer=lambda _: None) as sup:
        child = sup.start_soon(sensor, readings_out)
        task_status.started(sup)
        async for number in readings_in:
            print("reading", number)
        print(f"{child.path} was restarted {child.restarts} time, because of {child.last_error}")


async def main() -> None:
    async with trio.open_nursery() as nursery:
        supervisor = await nursery.start(serve)
        print("serving:", ", ".join(supervisor.children))


if __name__ == "__main__":
    run(main)
