"""Pipeline: stages side by side, each a component; it ends by itself when its source returns.

Every stage receives what the one before sends. When the source is done its end closes, the next
stage sees the end of its input and returns, and so on to the last one.
"""

from __future__ import annotations

import trio

import trioharness as th


async def numbers(out: th.SendChannel[int]) -> None:
    for number in range(1, 6):
        await out.send(number)


async def square(source: th.ReceiveChannel[int], out: th.SendChannel[int]) -> None:
    async for number in source:
        await out.send(number**2)


async def show(source: th.ReceiveChannel[int]) -> None:
    async for number in source:
        print(number)


async def main() -> None:
    numbers_out, numbers_in = th.open_channel(int, 2)
    squares_out, squares_in = th.open_channel(int, 2)
    async with th.open_supervisor("pipeline") as sup:
        sup.start_soon(numbers, numbers_out)
        sup.start_soon(square, numbers_in, squares_out)
        sup.start_soon(show, squares_in)
    print("all stages have ended")


if __name__ == "__main__":
    trio.run(main)
