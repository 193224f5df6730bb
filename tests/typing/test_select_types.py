"""What type checkers see of select, merge and every. Never run: mypy and pyright check it.

An expected error is an ignore that the checkers would report as unused if the error went away.
"""

from __future__ import annotations

from typing import assert_type

import trio

from trioharness.channels import Every, ReceiveChannel, every, merge, open_channel, select


class Order:
    pass


class Cancel:
    pass


async def one(orders: ReceiveChannel[Order]) -> None:
    async with select(orders) as ready:
        async for source, item in ready:
            assert_type(source, ReceiveChannel[Order])
            assert_type(item, Order)
    async with merge(orders) as items:
        async for item in items:
            assert_type(item, Order)


async def several(orders: ReceiveChannel[Order], cancels: ReceiveChannel[Cancel]) -> None:
    async with select(orders, cancels, every(1), priority=True) as ready:
        pair = await anext(ready)
        assert_type(
            pair,
            tuple[ReceiveChannel[Order], Order]
            | tuple[ReceiveChannel[Cancel], Cancel]
            | tuple[Every, int],
        )
        async for source, item in ready:
            assert_type(item, Order | Cancel | int)
            if isinstance(source, Every):
                assert_type(source, Every)
    async with merge(orders, cancels, every(1), priority=True) as items:
        assert_type(await anext(items), Order | Cancel | int)


async def six(a: ReceiveChannel[int], b: ReceiveChannel[str]) -> None:
    async with merge(a, b, a.clone(), b.clone(), every(1), every(2.5)) as items:
        assert_type(await anext(items), int | str)
    async with select(a, b, a.clone(), b.clone(), a.clone(), b.clone()) as ready:
        assert_type(
            await anext(ready), tuple[ReceiveChannel[int], int] | tuple[ReceiveChannel[str], str]
        )


async def many(ends: list[ReceiveChannel[Order]]) -> None:
    async with select(*ends) as ready:
        assert_type(await anext(ready), tuple[ReceiveChannel[Order], Order])
    async with merge(*ends) as items:
        assert_type(await anext(items), Order)


async def ticks() -> None:
    assert_type(every(0.5), Every)
    async for count in every(1):
        assert_type(count, int)


async def wrong(orders: ReceiveChannel[Order], foreign: trio.MemoryReceiveChannel[int]) -> None:
    send, _ = open_channel(Order, 1)
    select(orders, 1.0)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    select(foreign)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    merge(send)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    every("1")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    async for _ in select(orders):  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        pass
