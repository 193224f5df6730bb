"""Priority: what is urgent goes first, whatever else waits.

A channel is first come, first served. Two channels and a `select` with priority make two classes of
messages: the later source gives nothing while the earlier one has something.
"""

from __future__ import annotations

import trio

import trioharness as th


async def work(urgent: th.ReceiveChannel[str], usual: th.ReceiveChannel[str]) -> None:
    async with th.merge(urgent, usual, priority=True) as jobs:
        async for job in jobs:
            print(job)


async def main() -> None:
    urgent_out, urgent = th.open_channel(str, 10)
    usual_out, usual = th.open_channel(str, 10)
    with urgent_out, usual_out:
        for number in (1, 2, 3):
            usual_out.send_nowait(f"usual {number}")
        urgent_out.send_nowait("urgent 1")
        urgent_out.send_nowait("urgent 2")
    async with th.open_supervisor("desk") as sup:
        sup.start_soon(work, urgent, usual)


if __name__ == "__main__":
    trio.run(main)
