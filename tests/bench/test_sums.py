"""What is timed is checked: work that loses something, or makes it up, has no figure."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import trio

from bench._calls import Ask, calls_of
from bench._coding import SMALL, Coder, decoding, encoding
from bench._fan_out import fan_out
from bench._flow import flow, send_each, sum_each
from bench._model import CLOCKS
from bench._purchases import Purchase, make_purchases
from bench._sample import WrongSumError
from bench._sockets import over_a_socket

SIZE = 20
clock = CLOCKS["cpu"]


async def send_all_but_one(end: Any, numbers: range) -> None:
    await send_each(end, numbers[:-1])


def test_of_a_number_that_does_not_arrive() -> None:
    transfer = partial(flow, produce=send_all_but_one, consume=sum_each)
    with pytest.raises(WrongSumError, match="sum of the numbers received"):
        trio.run(transfer, trio.open_memory_channel[int](SIZE), SIZE, clock)


def test_of_a_number_that_one_subscriber_lacks() -> None:
    ends = [trio.open_memory_channel[int](SIZE) for _ in range(2)]

    async def publish(numbers: range) -> None:
        for wanted, (send, _) in zip((numbers, numbers[1:-1]), ends, strict=True):
            await send_each(send, wanted)
            send.close()

    work = partial(fan_out, publish=publish, consume=sum_each)
    with pytest.raises(WrongSumError, match="sum of the numbers received"):
        trio.run(work, [receive for _, receive in ends], SIZE, clock)


def test_of_an_answer_to_another_call() -> None:
    @asynccontextmanager
    async def answered() -> AsyncGenerator[Ask]:
        async def call(number: int) -> int:
            await trio.lowlevel.checkpoint()
            return number + 2

        yield call

    with pytest.raises(ExceptionGroup) as caught:
        calls_of(answered, 2)(SIZE, clock)
    assert caught.group_contains(WrongSumError, match="sum of the replies")


@pytest.mark.parametrize("workload", [encoding, decoding])
def test_of_a_codec_that_goes_wrong_later(workload: Any) -> None:
    def make() -> Coder:
        turns = itertools.count()
        wrong_from = 3

        def encode(_message: object) -> bytes:
            return b"right" if next(turns) < wrong_from else b"wrong"

        def decode(data: bytes) -> object:
            right = data == b"right" and next(turns) < 2 * wrong_from
            return SMALL[0] if right else None

        return encode, decode

    with pytest.raises(WrongSumError, match="last message"):
        workload(SMALL, make)(SIZE, clock)


def test_of_a_message_that_is_lost_on_its_way() -> None:
    sent = make_purchases(SIZE)
    calls = itertools.count()

    def pieces(purchases: Sequence[Purchase]) -> Iterator[bytes]:
        yield bytes(each.number for each in purchases)

    def found(data: bytes | bytearray) -> list[Purchase]:
        # Right in the first run, where each is compared; in the timed one the last is lost.
        kept = data if next(calls) == 0 else data[:-1]
        return [sent[number] for number in kept]

    with pytest.raises(WrongSumError, match="messages received: got 19, expected 20"):
        over_a_socket(pieces, found, sent, clock)
