"""Every so often: periodic work that never piles up, is restarted, and goes on after a crash.

The third round takes as long as two and a half periods. What was missed meanwhile is one round.
"""

from __future__ import annotations

import itertools

import trio

import trioharness as th

PERIOD = 0.1

rounds = itertools.count(1)


async def report(sizes: th.SendChannel[int]) -> None:
    number = next(rounds)
    if number == 2:
        raise OSError("the disk is busy")
    if number == 3:
        await trio.sleep(2.5 * PERIOD)
    await sizes.send(number * 100)


async def main() -> None:
    send, receive = th.open_channel(int, 4)
    async with th.open_supervisor("reports", observer=lambda _: None) as sup:
        job = sup.start_soon(th.every(PERIOD, report, send))
        async with receive:
            for _ in range(3):
                print("size", await receive.receive())
        print(f"{job.path} was restarted {job.restarts} time(s), because of {job.last_error}")
        sup.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
