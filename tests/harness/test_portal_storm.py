"""Many threads at one portal while the application ends: nobody hangs, and nothing is lost."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeAlias

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

import trioharness as th
from tests.harness._pieces import channel
from tests.harness._threads import InThread

Use: TypeAlias = Literal["send", "send briefly", "call", "call briefly", "read", "run"]
End: TypeAlias = Literal["drain", "stop", "leave", "raise", "give up", "join"]

USES: Sequence[Use] = ("send", "send", "send briefly", "call", "call briefly", "read", "run")
ENDS: Sequence[End] = ("drain", "stop", "leave", "raise", "give up", "join")

REFUSED = (
    th.PortalClosed,
    th.PortalTimeout,
    th.ResponderDied,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
)
"""What a thread may be told instead of what it asked for."""

BRIEF = 0.001


class GoneWrong(Exception):
    """What a body raises, or a component."""


class Storm:
    """An application with slow and hasty components, and what its threads have done."""

    def __init__(self, room: int, end: End) -> None:
        self.crashing = end == "give up"
        self.app = th.Harness("storm", max_restarts=0, observer=lambda _: None)
        self.orders, orders = self.app.channel(int, room, name="orders")
        self.ask, asked = self.app.requests(int, int, 1, name="asks")
        self.app.expose(self.orders, self.ask)
        self.app.add(self.take, orders, name="take")
        self.app.add(self.answer, asked, name="answer")
        self.got: list[int] = []
        self.done = Counter[str]()
        self.sent: list[int] = []
        self.crash = trio.Event()

    async def take(self, end: th.ReceiveChannel[int]) -> None:
        async for number in end:
            self.got.append(number)
            if self.crash.is_set():
                raise GoneWrong

    async def answer(self, server: th.ReceiveChannel[th.Request[int, int]]) -> None:
        async for request in server:
            with request:
                if request.message % 3 == 0:
                    await trio.sleep(BRIEF)
                request.reply(-request.message)

    def use(self, portal: th.Portal, use: Use, number: int) -> None:
        brief = BRIEF if "briefly" in use else None
        match use:
            case "send" | "send briefly":
                portal.send(self.orders, number, timeout=brief)
                self.sent.append(number)  # only where it was sent
            case "call" | "call briefly":
                assert portal.call(self.ask, number, timeout=brief) == -number
            case "read":
                assert portal.receipt().harness == portal.tree().path == "storm"
            case "run":
                portal.run(trio.sleep, BRIEF)

    def thread(
        self, portal: th.Portal, uses: Sequence[Use], base: int, ready: threading.Barrier
    ) -> int:
        """Do all of these; say how many were refused."""
        refused = 0
        ready.wait()
        for number, use in enumerate(uses, base):
            try:
                self.use(portal, use, number)
            except REFUSED:
                refused += 1
        return refused

    def run(self, lists: Sequence[Sequence[Use]], end: End) -> th.Receipt:
        ready = threading.Barrier(len(lists) + 1)
        threads: list[InThread[int]] = []
        block = th.start_blocking(self.app)
        portal = block.__enter__()
        try:
            with contextlib.ExitStack() as stack:
                stack.push(block)
                for index, uses in enumerate(lists):
                    threads.append(InThread(self.thread, portal, uses, 1_000 * index, ready))
                ready.wait()
                self.end(portal, end)
        except GoneWrong:
            assert end == "raise"
        except th.RestartLimitExceeded:
            assert end == "give up"
        for thread in threads:
            assert thread.result() >= 0
        return portal.receipt()

    def end(self, portal: th.Portal, end: End) -> None:
        match end:
            case "drain":
                portal.drain()
            case "stop":
                portal.stop()
            case "raise":
                raise GoneWrong
            case "join":
                portal.join()
            case "give up":
                portal.run_sync(self.crash.set)
            case "leave":
                pass


@settings(deadline=None)  # threads of a machine that others use too
@given(
    room=st.integers(0, 3),
    end=st.sampled_from(ENDS),
    lists=st.lists(st.lists(st.sampled_from(USES), max_size=12), min_size=1, max_size=6),
)
def test_nobody_hangs_and_all_that_was_sent_is_accounted_for(
    room: int, end: End, lists: list[list[Use]]
) -> None:
    storm = Storm(room, end)
    receipt = storm.run(lists, end)
    orders = channel(receipt, "orders")
    assert orders.sent == len(storm.sent), "a thread was told otherwise than the channel"
    assert orders.sent == orders.delivered + orders.left + orders.dead
    assert Counter(storm.got) <= Counter(storm.sent)
    for index in range(len(lists)):
        mine = [number for number in storm.got if number // 1_000 == index]
        assert mine == sorted(mine), "what one thread sends stays in order"
    if end in {"drain", "leave", "join"}:
        assert sorted(storm.got) == sorted(storm.sent)
    calls = channel(receipt, "asks").calls
    assert calls is not None
    assert calls.waiting == 0
