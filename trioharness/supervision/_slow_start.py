"""Tells who waits for whom when the start of a whole tree takes long."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Final

import trio

from .._events import SlowStart
from ._culprit import start_hangs_at
from ._states import STARTING, WAITING

if TYPE_CHECKING:
    from ._engine import Engine

SLOW: Final = 10.0
"""Seconds of a start after which somebody looks for a reason. A start that takes much longer is
told of again each time that it has taken twice as long."""


@contextlib.contextmanager
def told_if_slow(engine: Engine) -> Generator[None]:
    """Tell the observer of the tree what its start waits for, if the block takes long.

    Raises:
        SupervisorClosed: The supervisor has ended.
    """
    scope = trio.CancelScope()
    engine.start_task(_tell, engine, scope)
    try:
        yield
    finally:
        scope.cancel(reason="the start is over")


@trio.lowlevel.enable_ki_protection
async def _tell(engine: Engine, scope: trio.CancelScope) -> None:
    seconds, began = SLOW, trio.current_time()
    with scope:
        while True:
            await trio.sleep_until(began + seconds)
            children = tuple(_not_ready(engine))
            engine.observer(
                SlowStart(path=engine.path, time=engine.now(), seconds=seconds, children=children)
            )
            seconds *= 2
    await trio.lowlevel.checkpoint()


def _not_ready(engine: Engine) -> Iterator[str]:
    """Yield a sentence for each child that is not ready: first for those the others wait for."""
    for record in engine.records.values():
        if record.state is STARTING:
            yield f"{record.path!r} has started, and waits {start_hangs_at(record)}"
    for record in engine.records.values():
        if record.state is WAITING and record.links is not None:
            yield f"{record.path!r} waits for {', '.join(map(repr, record.links.waits_for()))}"
