"""Opening a supervisor around a block of code, and ending it in order."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Literal, TypeAlias, get_args

import trio

from .._errors import ConfigurationError
from .._events import Observer
from ..observe import log_observer, log_wants_all, safely
from ..rules import AUTO_SHUTDOWNS, EXHAUSTED, STRATEGIES, AutoShutdown, Exhausted, Limit, Strategy
from ._alone import alone
from ._ambient import here
from ._closing import close_in_time, request_close
from ._engine import Engine
from ._options import check_name, is_seconds
from ._supervisor import Supervisor
from ._view import seen_from_above

Start: TypeAlias = Literal["in_order", "parallel"]
"""How the children of a group are started; see `Group`."""

STARTS: tuple[Start, ...] = get_args(Start)


@contextlib.asynccontextmanager
async def open_supervisor(
    name: str = "supervisor",
    *,
    strategy: Strategy = "one_for_one",
    max_restarts: int = 5,
    within: float = 60.0,
    auto_shutdown: AutoShutdown = "never",
    exhausted: Exhausted = "escalate",
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
            component's. Inside means in the tasks of a component; a task that it started in a
            nursery from outside is outside, and so is what a thread that may be abandoned has
            trio run: nothing that stops the component waits for those.
        strategy: Whom a restart takes along: nobody (``"one_for_one"``), all (``"one_for_all"``),
            or those that were started later (``"rest_for_one"``).
        max_restarts: Restarts of its children that may fall within one period; 5 by default.
        within: That period, in seconds; 60 by default.
        auto_shutdown: Whether the end of a significant child, or of the last one, ends it.
        exhausted: What follows when the restarts are spent. ``"escalate"`` (default): it raises
            `RestartLimitExceeded`, a crash to the supervisor above. ``"shutdown"``: it raises
            `Shutdown`, as in OTP. ``"park"``: the child stays down until it is restarted by hand,
            and the others go on; the errors of those that are parked at its end are raised then.
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
        Shutdown: It gave up with ``exhausted="shutdown"``, or a significant child ended.
        Exception: What the body raised, after all children have been stopped.
        ExceptionGroup: It gave up, and its body raised as well.

    Cancellation:
        Becomes an ordered stop: the body is cancelled first, then the children in reverse start
        order, each within its grace, all of them within `cancel_grace`.
    """
    check_words(name, strategy, auto_shutdown, exhausted)
    check_supervisor(name, stay, cancel_grace, observer)
    limit = Limit(max_restarts, within)
    engine = make_engine(name, strategy, auto_shutdown, limit, cancel_grace, observer)
    engine.exhausted = exhausted
    async with run_engine(engine, stay=stay) as supervisor:
        yield supervisor


@contextlib.asynccontextmanager
async def run_engine(engine: Engine, *, stay: bool) -> AsyncGenerator[Supervisor]:
    """Run a supervisor around a block.

    Args:
        engine: Its machinery.
        stay: Whether it stays open without children.

    Yields:
        The supervisor.
    """
    error: Exception | None = None
    around = None if engine.parent is None else engine.parent.run
    cleans_up = around is not None and around.told
    with seen_from_above(engine), alone():
        async with trio.open_nursery() as outer:
            engine.body_scope = outer.cancel_scope
            outer.start_soon(engine.host, name=engine.path)
            reason = "the block of its supervisor was cancelled"
            try:
                await engine.hosted.wait()
                yield Supervisor._create(engine)
                # A component that exits because it was told to stop has only its grace for all.
                if around is None or cleans_up or not around.told:
                    await engine.join(stay=stay)
                reason = "the block of its supervisor ended"
                request_close(engine, reason)
                await engine.finished.wait()
            except Exception as raised:
                error = raised
                reason = f"the block of its supervisor raised {type(raised).__name__}"
            finally:
                await close_in_time(engine, reason)  # noqa: ASYNC102 - it is a shield
            if error is not None and engine.will_raise:
                raise error  # together with that
    if error is not None:
        raise error  # as it is: even a single group would leave the nursery as a copy


def check_supervisor(
    name: object, stay: object, cancel_grace: object, observer: object = None
) -> None:
    """Refuse options that no supervisor can have.

    Raises:
        ConfigurationError: One of them.
    """
    subject = f"supervisor {name!r}"
    check_name(subject, name)
    if not isinstance(stay, bool):
        raise ConfigurationError(subject, f"stay={stay!r} is no yes or no", "give True or False")
    if not is_seconds(cancel_grace):
        raise ConfigurationError(
            subject, f"cancel_grace={cancel_grace!r} is no duration", "give seconds, 0 or more"
        )
    if observer is not None and not callable(observer):
        raise ConfigurationError(
            subject, f"observer={observer!r} is not callable", "give a function of one event"
        )


def check_words(
    name: str,
    strategy: object,
    auto_shutdown: object,
    exhausted: object,
    start: object = "in_order",
) -> None:
    """Refuse words that a supervisor does not know.

    Raises:
        ConfigurationError: One of them.
    """
    for word, given, known in (
        ("strategy", strategy, STRATEGIES),
        ("auto_shutdown", auto_shutdown, AUTO_SHUTDOWNS),
        ("exhausted", exhausted, EXHAUSTED),
        ("start", start, STARTS),
    ):
        if given not in known:
            raise ConfigurationError(
                f"supervisor {name!r}",
                f"{word}={given!r} is not known",
                f"choose one of {', '.join(map(repr, known))}",
            )


def make_engine(
    name: str | None,
    strategy: Strategy,
    auto_shutdown: AutoShutdown,
    limit: Limit,
    cancel_grace: float,
    observer: Observer | None,
) -> Engine:
    """Make the machinery of a supervisor, at its place in the tree.

    Args:
        name: Its name; None for that of the component it is all of.
        strategy: Whom a restart takes along.
        auto_shutdown: Whether the end of significant children ends it.
        limit: How often it restarts.
        cancel_grace: Seconds for an ordered stop.
        observer: The observer; None for that of the supervisor above.
    """
    parent = here()
    tells_all: Callable[[], bool] = _always
    if observer is not None:
        observer = safely(observer)
    elif parent is not None:
        observer, tells_all = parent.engine.observer, parent.engine.tells_all
    else:
        observer, tells_all = safely(log_observer), log_wants_all
    if parent is None:
        path = name or "supervisor"
    else:
        path = parent.path if name is None else f"{parent.path}/{name}"
    return Engine(path, strategy, auto_shutdown, limit, observer, tells_all, parent, cancel_grace)


def _always() -> bool:
    return True
