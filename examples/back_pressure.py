"""Back-pressure: a slow sink slows the source, and nothing piles up in between.

Each channel holds two messages, so the source is never more than a few ahead of the sink, however
fast it is and however long this runs.
"""

from __future__ import annotations

import attrs
import trio

import trioharness as th


@attrs.define
class Tally:
    made: int = 0
    stored: int = 0
    most: int = 0


tally = Tally()


async def source(out: th.SendChannel[int]) -> None:
    for number in range(60):
        await out.send(number)
        tally.made += 1
        tally.most = max(tally.most, tally.made - tally.stored)


async def stage(into: th.ReceiveChannel[int], out: th.SendChannel[int]) -> None:
    async for number in into:
        await out.send(number)


async def sink(into: th.ReceiveChannel[int]) -> None:
    async for _ in into:
        await trio.sleep(0.002)
        tally.stored += 1


async def main() -> None:
    first_out, first_in = th.open_channel(int, 2)
    second_out, second_in = th.open_channel(int, 2)
    async with th.open_supervisor("stages") as sup:
        sup.start_soon(source, first_out)
        sup.start_soon(stage, first_in, second_out)
        sup.start_soon(sink, second_in)
    print(
        f"{tally.stored} of {tally.made} messages stored, never more than {tally.most} on their way"
    )


if __name__ == "__main__":
    trio.run(main)
