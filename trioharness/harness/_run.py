"""One run of a harness: open the channels, start the components, end when told or done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import attrs
import trio

from .._events import Observer
from ..channels import RequestClient
from ..observe import log_observer, safely
from ..rules import Limit
from ..supervision import Supervisor, open_supervisor, start_all
from ._channels import DeclaredChannels, OpenChannel
from ._declared import DeclaredChannel, DeclaredChild
from ._receipt import ChannelReceipt, Receipt
from ._signals import Ending
from ._wiring import add_children, with_dead_letters


@attrs.frozen(kw_only=True)
class Plan:
    """What is to be run: a harness, checked and sorted."""

    name: str
    grace: float
    limit: Limit
    dead_letters: Path | None
    observer: Observer | None
    channels: DeclaredChannels
    children: Sequence[DeclaredChild]
    """In start order."""


async def run(plan: Plan) -> Receipt:
    """Run an application until it is done, drained or stopped; see `Harness.run`."""
    channels = plan.channels.opened(safely(plan.observer or log_observer))
    children = with_dead_letters(plan.dead_letters, plan.children, channels)
    began = trio.current_time()
    this = _Run(plan, channels)
    with this.ending.listening():
        await this.supervise(children)
        return this.receipt(trio.current_time() - began)


class _Run:
    """What the signals act on."""

    def __init__(self, plan: Plan, channels: Mapping[DeclaredChannel, OpenChannel]) -> None:
        self.plan = plan
        self.channels = channels
        self.ending = Ending(self.drain, self.stop)
        self.supervisor: Supervisor | None = None
        self.started = False
        self.ended: Literal["done", "drained", "stopped"] = "done"

    async def supervise(self, declared: Sequence[DeclaredChild]) -> None:
        plan = self.plan
        async with open_supervisor(
            plan.name,
            max_restarts=plan.limit.max_restarts,
            within=plan.limit.within,
            cancel_grace=plan.grace,
            observer=plan.observer,
        ) as self.supervisor:
            children = add_children(self.supervisor, declared, self.channels)
            # Told to end while the supervisor opened, it starts nothing.
            await start_all(self.supervisor, children if self.ended == "done" else ())
            self.started = True

    def drain(self) -> bool:
        if self.supervisor is None or not self.started:
            self.stop("told to end before everything had started")
            return False
        self.ended = "drained"
        self.supervisor.drain(self.plan.grace)
        return True

    def stop(self, reason: str) -> None:
        self.ended = "stopped"
        if self.supervisor is not None:
            self.supervisor.cancel_scope.cancel(reason=reason)

    def receipt(self, seconds: float) -> Receipt:
        overran = () if self.supervisor is None else self.supervisor.overran
        unclean = () if self.supervisor is None else self.supervisor.unclean
        return Receipt(
            harness=self.plan.name,
            unclean=unclean,
            ended=self.ended,
            signal=self.ending.first,
            seconds=seconds,
            channels=tuple(_receipts(self.channels.values())),
            overran=tuple(dict.fromkeys(overran)),  # one may outlive the drain and its own grace
        )


def _receipts(channels: Iterable[OpenChannel]) -> Iterator[ChannelReceipt]:
    for opened in channels:
        if opened.receive is None:
            continue  # a topic holds nothing; its subscriptions say what became of its messages
        channel, client = opened.receive.channel, opened.send
        figures = channel.statistics()
        yield ChannelReceipt(
            name=channel.name,
            sent=figures.sent,
            delivered=figures.received - figures.in_hand,
            dropped=figures.dropped,
            dead=figures.dead,
            left=figures.left + figures.in_hand,
            calls=client.call_statistics() if isinstance(client, RequestClient) else None,
        )
