"""Hostwatch under faults: ``python -m tests.examples.soak SECONDS [SEED]`` does it in real time.

Components crash by chance, one after the other is restarted by hand, clients of the control socket
are slow, rude or gone, and every now and then the whole of it is drained and begun anew, with the
same database. `balance` then holds each receipt, and the rows, to what was sent.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import random
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Final

import attrs
import trio

import trioharness as th
from examples.hostwatch import watch
from examples.hostwatch.ask import ask as ask_desk
from examples.hostwatch.messages import ListAlerts
from examples.hostwatch.settings import Limit, Settings
from tests.examples._hostwatch import make_proc
from trioharness.harness.control import (
    Action,
    AskDump,
    AskEvents,
    AskSnapshot,
    Question,
    Refused,
    Snapshot,
    Steer,
    asking,
)
from trioharness.testing import Faults

HOSTWATCH: Final = sys.modules["examples.hostwatch.app"]
"""The module, whose name in its package is that of the application."""

COMPONENTS: Final = (
    "dead-letters",
    "database",
    "store-samples",
    "store-windows",
    "forget",
    "aggregate",
    "Alerter",
    "desk",
    "samplers",
    *(f"samplers/{part}" for part in ("cpu", "memory", "disks", "network", "processes")),
    "probe",
)
"""All paths, supervisors included."""


@attrs.frozen(kw_only=True)
class Memory:
    """What the process holds at one moment of a life, when all garbage is collected."""

    time: float
    blocks: int
    """What Python has allocated and not freed, objects of all kinds."""
    resident: int
    """Bytes of memory, as the system counts them; 0 where it does not."""


@attrs.define(kw_only=True)
class Soak:
    """One run of it; the figures are there when it is over."""

    folder: Path
    seconds: float
    seed: int
    settings: Settings
    life: float
    """Seconds of one life, from the start to the drain."""
    crash_after: tuple[float, float]
    """Between which seconds of an incarnation it crashes."""
    watched: bool = False
    """Whether clients watch the event loop, too; that takes threads, which take real time."""
    receipts: list[th.Receipt] = attrs.field(factory=list[th.Receipt], init=False)
    memory: list[Memory] = attrs.field(factory=list[Memory], init=False)
    did: Counter[str] = attrs.field(factory=Counter[str], init=False)
    """How often each thing was done to it."""
    chance: random.Random = attrs.field(init=False)
    faults: Faults = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.faults = Faults(self.seed)

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.folder / "ctl"

    async def run(self) -> None:
        """Live one life after the other."""
        begun = trio.current_time()
        with self._broken():
            while (left := begun + self.seconds - trio.current_time()) > 0:
                await self._live(min(left, self.life))

    @contextlib.contextmanager
    def _broken(self) -> Generator[None]:
        """Have hostwatch made of components that crash."""
        names = ("database", "aggregate", "Alerter", "desk", "sample", "store", "forget")
        kept = {name: getattr(HOSTWATCH, name) for name in names}
        try:
            for name, component in kept.items():
                broken = self.faults.crash(component, at=self.crash_after, incarnations=None)
                if name == "store":
                    broken = self.faults.crash_on_message(broken, (50, 3000), incarnations=None)
                setattr(HOSTWATCH, name, broken)
            yield
        finally:
            for name, component in kept.items():
                setattr(HOSTWATCH, name, component)

    async def _live(self, seconds: float) -> None:
        app = watch(self.settings)
        app.control = self.control
        async with trio.open_nursery() as outside:
            async with app.open() as running:
                for client in (self._steers, self._asks, self._follows, self._looks, self._annoys):
                    outside.start_soon(self._again_and_again, client, running)
                await trio.sleep(seconds)
                self._weigh()
                running.drain()
            outside.cancel_scope.cancel(reason="that life is over")
        self.receipts.append(running.receipt())

    def _weigh(self) -> None:
        for fault in self.faults.struck:  # they are kept, but what they have passed through is not
            fault.__traceback__ = fault.__context__ = None
        gc.collect()
        self.memory.append(
            Memory(time=trio.current_time(), blocks=sys.getallocatedblocks(), resident=_resident())
        )

    async def _again_and_again(
        self, client: Callable[[th.Running], Awaitable[None]], running: th.Running
    ) -> None:
        """Be one client after the other; what is refused, or cut off, is what it has to expect."""
        while True:
            await trio.sleep(self.chance.uniform(0.5, 1.5) * self.crash_after[0])
            with contextlib.suppress(
                OSError, EOFError, trio.BrokenResourceError, th.TrioharnessError
            ):
                await client(running)

    async def _steers(self, _: th.Running) -> None:
        action: Action = "restart"
        path = self.chance.choice(COMPONENTS)
        (answer,) = await talk(self.control, Steer(action=action, path=path))
        self.did["refused" if isinstance(answer, Refused) else "restarted by hand"] += 1

    async def _asks(self, running: th.Running) -> None:
        port: object = running.child("desk").value
        assert isinstance(port, int)
        await ask_desk(port, ListAlerts())
        self.did["alerts asked for"] += 1

    async def _looks(self, _: th.Running) -> None:
        for question in (AskSnapshot(), AskDump(), AskEvents(follow=False)):
            for answer in await talk(self.control, question):
                self.did["looks"] += isinstance(answer, Snapshot)

    async def _follows(self, _: th.Running) -> None:
        """Take a few bytes a second, or less, and leave in the middle."""
        every = 0.1 if self.watched and self.chance.random() < 0.5 else None
        question = AskSnapshot(every=every) if every else AskEvents(follow=True)
        async with await trio.open_unix_socket(str(self.control)) as stream:
            await stream.send_all(asking().write(question))
            for _each in range(self.chance.randrange(10)):
                await trio.sleep(self.chance.uniform(0, 3))
                await stream.receive_some(self.chance.choice((1, 100, 10_000)))
        self.did["slow followers"] += 1

    async def _annoys(self, _: th.Running) -> None:
        """Say what is no question, or half of one, and wait to be let go."""
        whole = asking().write(Steer(action="restart", path="database"))
        noise = self.chance.randbytes(self.chance.randrange(200))
        async with await trio.open_unix_socket(str(self.control)) as stream:
            await stream.send_all(self.chance.choice((noise, whole[:-3])))
            await stream.receive_some()
        self.did["rude clients"] += 1


async def talk(path: Path, question: Question) -> list[object]:
    """Ask one question, and return all that is answered."""
    side = asking()
    answers: list[object] = []
    async with await trio.open_unix_socket(str(path)) as stream:
        await stream.send_all(side.write(question))
        async for received in stream:
            answers += side.read(bytes(received))
    if not answers:
        raise EOFError("it has ended meanwhile")
    return answers


def balance(soak: Soak) -> dict[str, int]:
    """Return what was stored of each kind, once every receipt and all rows are in agreement.

    What is dropped is what a publisher had given to one subscription, and not yet to another that
    was full, when it crashed or was stopped: that other one counts it as missed.

    Raises:
        AssertionError: A message is missing, or is there that nobody has sent.
    """
    sent: Counter[str] = Counter()
    delivered: Counter[str] = Counter()
    for receipt in soak.receipts:
        assert receipt.ended == "drained", receipt
        assert receipt.overran == (), receipt
        for channel in receipt.channels:
            accounted = channel.delivered + channel.dropped + channel.dead + channel.left
            assert channel.sent == accounted, channel
            assert (channel.dead, channel.left) == (0, 0), channel
            sent[channel.name] += channel.sent
            delivered[channel.name] += channel.delivered
            soak.did["messages dropped"] += channel.dropped
    assert sent["stored samples"] == sent["aggregated samples"]
    assert sent["stored windows"] == sent["compared windows"]
    stored: dict[str, int] = {}
    with closing(sqlite3.connect(soak.settings.database)) as connection:
        for table in ("samples", "windows"):
            (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
            assert rows == delivered[f"stored {table}"], (table, rows, delivered)
            stored[table] = rows
        (in_windows,) = connection.execute("SELECT sum(count) FROM windows").fetchone()
        assert in_windows == delivered["aggregated samples"]
    return stored


def settings_in(folder: Path, *, period: float, window: float) -> Settings:
    """Return settings for a host that is made of files, whose memory is over its limit."""
    return Settings(
        database=folder / "hostwatch.sqlite3",
        proc=make_proc(folder),
        period=period,
        window=window,
        limits=(Limit(metric="memory.used", above=70.0),),
    )


def _resident() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def main(seconds: str, seed: str = "1") -> None:
    """Do it in real time, and print the figures."""
    logging.disable(logging.CRITICAL)  # it tells of a thousand crashes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        soak = Soak(
            folder=folder,
            seconds=float(seconds),
            seed=int(seed),
            settings=settings_in(folder, period=0.5, window=2.0),
            life=max(10.0, float(seconds) / 10),
            # Two or three in a life: of more than five in a minute the application gives up.
            crash_after=(10.0, 300.0),
            watched=True,
        )
        trio.run(soak.run)
        stored = balance(soak)
    print(f"seed {seed}: {len(soak.receipts)} lives, {len(soak.faults.struck)} crashes")
    print(", ".join(f"{count} {what} stored" for what, count in stored.items()))
    print(", ".join(f"{count} {what}" for what, count in sorted(soak.did.items())))
    for memory in soak.memory:
        print(f"{memory.blocks} blocks, {memory.resident / 2**20:.1f} MiB")


if __name__ == "__main__":
    main(*sys.argv[1:])
