"""A publisher and one subscription are a channel: they pass the checks of any channel."""

from __future__ import annotations

from functools import partial
from typing import Final

import pytest

from trioharness.channels import ReceiveChannel, SendChannel, open_topic
from trioharness.testing import CHANNEL_CHECKS, check_channel

# Without subscribers a publish reaches nobody, which is no error; and a subscriber that leaves
# while a publish waits for it is waited for no longer.
NOT_A_CHANNEL: Final = (
    "broken_send",
    "close_breaks_send",
    "cancelled_aclose_of_receive",
    "last_receive_end",
    "send_nowait",
)
"""Checks that a topic does not keep, because they have a send fail without receivers."""


def open_pair(size: int, *, filtered: bool) -> tuple[SendChannel[int], ReceiveChannel[int]]:
    publisher, topic = open_topic(int)
    return publisher, topic.subscribe(size, where=(lambda _: True) if filtered else None)


@pytest.mark.parametrize("size", [0, 1, 3])
@pytest.mark.parametrize("filtered", [False, True], ids=["plain", "filtered"])
@pytest.mark.parametrize("name", [name for name in CHANNEL_CHECKS if name not in NOT_A_CHANNEL])
async def test_a_publisher_and_its_subscription(name: str, size: int, filtered: bool) -> None:
    report = await check_channel(
        partial(open_pair, size, filtered=filtered),
        capacity=size,
        clones=True,
        nowait=True,
        close=True,
        only=[name],
    )
    assert (*report.checked, *report.not_applicable) == (name,)


@pytest.mark.parametrize("name", NOT_A_CHANNEL)
async def test_what_no_topic_keeps(name: str) -> None:
    with pytest.raises(AssertionError, match=f"{name}: "):
        await check_channel(
            partial(open_pair, 1, filtered=False), capacity=1, clones=True, nowait=True, only=[name]
        )
