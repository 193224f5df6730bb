"""Request and reply: a caller waits for its own answer, gets the errors, and never hangs.

A caller sees three kinds of failure: the answer is an error, whoever answers died over the call,
or nobody is there to answer. Calls that nobody has taken yet wait for the next incarnation.
"""

from __future__ import annotations

import trio

import trioharness as th


async def divide(server: th.ReceiveChannel[th.Request[tuple[int, int], float]]) -> None:
    async for request in server:
        dividend, divisor = request.message
        if dividend == 666:
            raise MemoryError("outside of the block: the component crashes")
        with request:
            request.reply(dividend / divisor)


async def main() -> None:
    client, server = th.open_requests(tuple[int, int], float, name="divide")
    async with th.open_supervisor("answers", observer=lambda _: None) as sup:
        child = sup.start_soon(divide, server)
        print("reply:", await client.call((7, 2)))
        for asked in ((1, 0), (666, 1)):
            try:
                await client.call(asked)
            except (ZeroDivisionError, th.ResponderDied) as error:
                print(f"{type(error).__name__}: {error}")
        print("its next incarnation:", await client.call((9, 3)))
        await child.stop()
        try:
            await client.call((1, 1))
        except trio.BrokenResourceError as error:
            print("nobody:", error.__cause__)


if __name__ == "__main__":
    trio.run(main)
