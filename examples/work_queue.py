"""Work queue: jobs that outlive the worker that crashes on them, and one that nobody survives.

With `max_deliveries` a job is in hand until the worker asks for the next one. A crash puts it back
in front; a job that has crashed its worker so often becomes a dead letter, which somebody reads.
"""

from __future__ import annotations

import trio

import trioharness as th

attempts: dict[str, int] = {}
done: list[str] = []


async def work(jobs: th.ReceiveChannel[str]) -> None:
    async for job in jobs:
        attempts[job] = attempts.get(job, 0) + 1
        if job == "flaky" and attempts[job] == 1:
            raise ConnectionError("the first time only")
        if job == "poison":
            raise ValueError("every time")
        done.append(job)


async def bury(dead: th.ReceiveChannel[th.DeadLetter[str]]) -> None:
    async for letter in dead:
        print(f"dead after {letter.attempts} attempts: {letter.message}")


async def main() -> None:
    send, jobs = th.open_channel(str, 10, max_deliveries=3)
    with send:
        for job in ("a", "flaky", "poison", "b"):
            send.send_nowait(job)
    async with th.open_supervisor("queue", observer=lambda _: None) as sup:
        sup.start_soon(bury, jobs.channel.dead)
        sup.start_soon(work, jobs)
    print("done:", *done)


if __name__ == "__main__":
    trio.run(main)
