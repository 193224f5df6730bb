"""Our topics, with ten subscribers: one by one, and in batches."""

from __future__ import annotations

from functools import partial

import trioharness as th
from bench._batches import send_batches, sum_batches
from bench._fan_out import ROOM, SUBSCRIBERS, deliveries_of, fan_out
from bench._flow import ROOM_IN_BATCHES, Consume, Produce, send_each, sum_each
from bench._neighbour import run
from bench._sample import Clock, Sample


def _run(
    many: int, size: int, clock: Clock, room: int, produce: Produce, consume: Consume
) -> Sample:
    publisher, topic = th.open_topic(int)
    receives = [topic.subscribe(room) for _ in range(many)]

    async def publish(numbers: range) -> None:
        with publisher:
            await produce(publisher, numbers)

    return run(partial(fan_out, receives, size, clock, publish=publish, consume=consume))


def to_ten_subscribers(size: int, clock: Clock) -> Sample:
    """Publish `size` numbers one by one to ten subscribers."""
    return _run(SUBSCRIBERS, size, clock, ROOM, send_each, sum_each)


def to_ten_subscribers_in_batches(size: int, clock: Clock) -> Sample:
    """The same in batches of 100."""
    room = ROOM_IN_BATCHES * 100
    produce, consume = partial(send_batches, of=100), partial(sum_batches, of=100)
    return _run(SUBSCRIBERS, size, clock, room, produce, consume)


def subscribers(many: int, size: int, clock: Clock) -> Sample:
    """Publish numbers one by one to so many subscribers, until `size` have arrived in all."""
    sample = _run(many, size // many + 1, clock, ROOM, send_each, sum_each)
    return deliveries_of(sample, many)
