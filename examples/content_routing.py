"""Routing by content: rules that are data say where a message goes, one component moves it.

What no rule matches is a dead letter here; it could be an error, or be dropped and counted.
"""

from __future__ import annotations

import functools

import attrs
import trio

import trioharness as th


@attrs.frozen
class Order:
    number: int
    pieces: int


@attrs.frozen
class Cancel:
    number: int


def is_large(message: object) -> bool:
    return isinstance(message, Order) and message.pieces > 100


RULES = th.Routing(
    [th.Rule("by_hand", is_large), th.Rule("orders", Order), th.Rule("cancels", Cancel)],
    otherwise="dead",
)


async def show(name: str, messages: th.ReceiveChannel[object]) -> None:
    print(f"{name}:", *[message async for message in messages])


async def bury(letters: th.ReceiveChannel[th.DeadLetter[object]]) -> None:
    async for letter in letters:
        print("dead:", letter.message)


async def main() -> None:
    print(RULES)
    send, incoming = th.open_channel(object, 10)
    with send:
        for message in (Order(1, 5), Cancel(1), Order(2, 500), "gibberish"):
            send.send_nowait(message)
    dead, letters = th.open_channel(th.DeadLetter[object], 10)
    ends: dict[str, th.SendChannel[object]] = {}
    async with th.open_supervisor("post") as sup:
        for name in ("by_hand", "orders", "cancels"):
            ends[name], messages = th.open_channel(object, 10)
            sup.start_soon(show, name, messages)
        sup.start_soon(bury, letters)
        sup.start_soon(functools.partial(th.route, incoming, RULES, dead=dead, **ends))


if __name__ == "__main__":
    trio.run(main)
