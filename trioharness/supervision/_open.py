"""Opening a supervisor around a block of code, and ending it in order."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

import trio

from .._errors import ConfigurationError
from .._events import Observer
from ..observe import log_observer, safely
from ..rules import STRATEGIES, Limit, Strategy
from ._ambient import place
from ._engine import Engine
from ._stopping import hurry, request_close
from ._supervisor import Supervisor


@contextlib.asynccontextmanager
async def open_supervisor(
    name: str = "supervisor",
    *,
    strategy: Strategy = "one_for_one",
    max_restarts: int = 5,
    within: float = 60.0,
    stay: bool = False,
    cancel_grace: float = 5.0,
    observer: Observer | None = None,
) -> AsyncGenerator[Supervisor]:
    """Open a nursery whose children are restarted by policy.

    The block is joined like a nursery's: it ends when its body has ended and no child runs,
    restarts or backs off; background children (context managers) are stopped then. Unlike in a
    nursery, a child that crashes takes nobody along. Use a plain nursery where the first error
    shall end everything.

    Args:
        name: Its name in paths and logs. Inside a supervised component its path continues that
            component's.
        strategy: Whom a restart takes along: ``"one_for_one"``.
        max_restarts: Restarts of its children that may fall within one period; 5 by default.
        within: That period, in seconds; 60 by default.
        stay: Whether it stays open without children until it is cancelled or drained.
        cancel_grace: Seconds that an ordered stop may take in all when the block is cancelled from
            outside or its body raises; 5 by default. A supervisor inside a component that is being
            stopped has that component's grace instead.
        observer: The one function that is told each event, synchronously; by default that of the
            supervisor above, or the log.

    Yields:
        The supervisor.

    Raises:
        ConfigurationError: An option cannot be; nothing was opened.
        RestartLimitExceeded: It gave up; its members are the real errors of the attempts.
        Exception: What the body raised, after all children have been stopped.

    Cancellation:
        Becomes an ordered stop: the body is cancelled first, then the children in reverse start
        order, each within its grace, all of them within `cancel_grace`.
    """
    engine = _make_engine(name, strategy, Limit(max_restarts, within), cancel_grace, observer)
    error: Exception | None = None
    async with trio.open_nursery() as outer:
        engine.body_scope = outer.cancel_scope
        outer.start_soon(engine.host, name=engine.path)
        reason = "the block of its supervisor was cancelled"
        try:
            await engine.hosted.wait()
            yield Supervisor._create(engine)
            await engine.join(stay=stay)
            reason = "the block of its supervisor ended"
            request_close(engine, reason)
            await engine.finished.wait()
        except Exception as raised:
            error = raised
            reason = f"the block of its supervisor raised {type(raised).__name__}"
        finally:
            await _close_in_time(engine, reason)
    if error is not None and engine.failure is not None:
        raise ExceptionGroup(
            f"supervisor {engine.path!r} gave up, and its body raised", [error, engine.failure]
        )
    if engine.failure is not None:
        raise engine.failure
    if error is not None:
        raise error


def _make_engine(
    name: str,
    strategy: Strategy,
    limit: Limit,
    cancel_grace: float,
    observer: Observer | None,
) -> Engine:
    if strategy not in STRATEGIES:
        raise ConfigurationError(
            f"supervisor {name!r}",
            f"strategy={strategy!r} is no strategy",
            f"choose one of {', '.join(map(repr, STRATEGIES))}",
        )
    parent = place.get()
    if observer is not None:
        observer = safely(observer)
    elif parent is not None:
        observer = parent.observer
    else:
        observer = safely(log_observer)
    path = name if parent is None else f"{parent.record.path}/{name}"
    return Engine(path, strategy, limit, observer, parent, cancel_grace)


async def _close_in_time(engine: Engine, reason: str) -> None:
    """Stop whatever still runs, shielded for as long as there is grace."""
    if engine.finished.is_set() or not engine.hosted.is_set():
        return
    request_close(engine, reason)
    with trio.CancelScope(shield=True, deadline=_stop_deadline(engine)) as scope:
        await engine.finished.wait()
    if scope.cancelled_caught:
        hurry(engine, f"the grace of supervisor {engine.path!r} is over")


def _stop_deadline(engine: Engine) -> float:
    """Return when an ordered stop has to be over: the grace of the component we are in, or ours."""
    above = engine.parent
    if above is not None and above.record.run is not None:
        run = above.record.run
        if run.stop_reason is not None or run.killed is not None:
            return run.grace_ends
    return trio.current_time() + engine.cancel_grace
