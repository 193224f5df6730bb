"""Flaky worker: it crashes now and then, and no job is lost.

The job in hand is delivered again, and the restarts wait longer and longer. What happened is told
as events: here to a function that prints them, by default to the log.
"""

from __future__ import annotations

import trio

import trioharness as th

trouble = iter([ConnectionError("refused"), ConnectionError("reset by peer")])


async def worker(jobs: th.ReceiveChannel[str]) -> None:
    async for job in jobs:
        if job == "b":
            for error in trouble:
                raise error
        print("done:", job)


def show(event: th.Event) -> None:
    match event:
        case th.ChildEnded(exit=th.Crashed(error=error)):
            (message,) = event.in_hand
            print(f"crash {event.incarnation}: {error}; {message.message} is {message.fate}")
        case th.ChildRestarting():
            print(f"restart {event.incarnation} in {event.delay * 1000:.0f} ms")
        case _:
            pass


async def main() -> None:
    jobs_out, jobs_in = th.open_channel(str, 8, max_deliveries=3)
    async with th.open_supervisor("shop", observer=show) as sup, jobs_out:
        sup.start_soon(worker, jobs_in, backoff=th.Backoff(0.01, 1, jitter=0))
        await jobs_out.send_many(["a", "b", "c"])


if __name__ == "__main__":
    trio.run(main)
