"""One suite of named checks that any pair of channel ends can be put through."""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias, cast

import attrs
import trio

from .._errors import ConfigurationError
from ._channel_checks_cancel import CHECKS as CANCEL
from ._channel_checks_close import CHECKS as CLOSE
from ._channel_checks_delivery import CHECKS as DELIVERY
from ._channel_checks_optional import CHECKS as OPTIONAL
from ._channel_storm import CHECKS as STORM
from ._channel_trial import ChannelCheck, Ends, Failed, ReceiveEnd, SendEnd, Setup, Trial

CHANNEL_CHECKS: Final[Mapping[str, ChannelCheck]] = MappingProxyType(
    {check.name: check for check in (*DELIVERY, *CANCEL, *STORM, *CLOSE, *OPTIONAL)}
)
"""Every check of `check_channel`, by name, in the order in which they are made."""

Failure: TypeAlias = tuple[ChannelCheck, Failed]


@attrs.frozen(kw_only=True)
class ChannelReport:
    """What `check_channel` has checked, and what it has not: together all of `CHANNEL_CHECKS`."""

    checked: tuple[str, ...]
    """Names of the checks that were made; the channel has passed them."""
    not_applicable: Mapping[str, str]
    """Names of the checks that do not apply to the channel, each with what it lacks for them."""
    left_out: tuple[str, ...]
    """Names of the checks that `only` or `but` left out."""

    def __str__(self) -> str:
        lines = [
            *(f"{name}: passed" for name in self.checked),
            *(f"{name}: not applicable, {why}" for name, why in self.not_applicable.items()),
            *(f"{name}: left out" for name in self.left_out),
        ]
        return "\n".join(lines)


async def check_channel(
    make: Callable[[], Ends | Awaitable[Ends]],
    *,
    capacity: float | None,
    clones: bool = False,
    nowait: bool = False,
    close: bool = False,
    shared: bool = True,
    two_way: bool = False,
    message: Callable[[int], object] = int,
    only: Collection[str] | None = None,
    but: Collection[str] = (),
    cushion: float = 0.0,
    within: float = 1.0,
) -> ChannelReport:
    """Check that a channel behaves as `trio.abc` and trio's memory channel say.

    For whoever writes a channel. Each check is made on a pair of ends of its own, and all are made,
    whatever fails. What a channel may have or not is declared here; what it is declared to have is
    checked, and the result lists what did not apply. To see each check as a test of its own::

        @pytest.mark.parametrize("name", CHANNEL_CHECKS)
        async def test_my_channel(name: str) -> None:
            await check_channel(open_mine, capacity=8, only=[name])

    It works in real and in virtual time, and takes none of either unless something fails. It looks
    at moments in which no task of the program can go on, so nothing else should run beside it.

    Args:
        make: Gives a fresh pair of ends each time: one to send and one to receive, or two
            `trio.abc.Channel`. It may be async.
        capacity: How many messages wait in the channel before `send` does: a small whole number,
            ``math.inf``, or None if nobody can say.
        clones: The ends have `clone`, and the channel lives until its last end is closed.
        nowait: The ends have `send_nowait` and `receive_nowait`.
        close: The ends have a `close` that does not wait, and work in ``with``.
        shared: Several tasks may wait on one end, and are served in turn. If not, the second one
            gets `trio.BusyResourceError`.
        two_way: Both ends are a `trio.abc.Channel`; everything is then checked in both directions.
        message: Gives what is sent for a number from 0 on: equal for the same number, and for
            another number not.
        only: Names of the checks to make; all, if not given.
        but: Names of checks to leave out.
        cushion: Seconds of real time in which nothing must happen until the channel counts as at
            rest. For channels whose messages travel through threads or sockets.
        within: Seconds that a call may take which is expected to end, on the clock that runs.

    Returns:
        What was checked, what did not apply and why, and what was left out.

    Raises:
        AssertionError: The channel has failed; a line for each failed check, with its name, what
            was expected and what came.
        ConfigurationError: An option has a value that means nothing, or there is no such check.
        Exception: What `make` raised.

    Cancellation:
        A checkpoint. The ends of the check that is under way may be left open.
    """
    chosen = _chosen(only, but)
    setup = Setup(
        capacity=_capacity(capacity),
        clones=clones,
        nowait=nowait,
        close=close,
        shared=shared,
        two_way=two_way,
        message=message,
        cushion=cushion,
        within=within,
    )
    unmet = {check.name: check._unmet(setup) for check in chosen}
    applicable = [check for check in chosen if unmet[check.name] is None]
    await trio.lowlevel.checkpoint()
    failures = [failure for check in applicable for failure in await _try(check, setup, make)]
    if failures:
        raise _failed(failures, len(applicable)) from _cause(failures)
    return ChannelReport(
        checked=tuple(check.name for check in applicable),
        not_applicable={name: why for name, why in unmet.items() if why is not None},
        left_out=tuple(name for name in CHANNEL_CHECKS if name not in unmet),
    )


def _chosen(only: Collection[str] | None, but: Collection[str]) -> list[ChannelCheck]:
    wanted = _names("only", CHANNEL_CHECKS if only is None else only)
    unwanted = _names("but", but)
    names = [name for name in CHANNEL_CHECKS if name in wanted and name not in unwanted]
    return [CHANNEL_CHECKS[name] for name in names]


def _names(option: str, names: Collection[str]) -> Collection[str]:
    names = [names] if isinstance(names, str) else names
    for name in names:
        if name not in CHANNEL_CHECKS:
            near = difflib.get_close_matches(name, CHANNEL_CHECKS, n=1)
            cure = f"did you mean {near[0]!r}?" if near else "CHANNEL_CHECKS has all names"
            raise ConfigurationError(option, f"there is no check {name!r}", cure)
    return names


def _capacity(capacity: object) -> float | None:
    is_whole = isinstance(capacity, int) and not isinstance(capacity, bool) and capacity >= 0
    if capacity is not None and capacity != math.inf and not is_whole:
        raise ConfigurationError(
            "capacity",
            f"{capacity!r} is no number of messages",
            "give a whole number, 0 or more, or math.inf, or None if nobody can say",
        )
    return cast("float | None", capacity)


async def _try(
    check: ChannelCheck, setup: Setup, make: Callable[[], Ends | Awaitable[Ends]]
) -> list[Failure]:
    """Make one check, in both directions where there are two."""
    first, second = await _made(make)
    failures = [await _attempt(check, setup, first, second)]
    if setup.two_way:
        first, second = await _made(make)
        there, back = cast("SendEnd", second), cast("ReceiveEnd", first)
        failure = await _attempt(check, setup, there, back)
        if failure is not None:
            failure.args = (f"{failure}, from the second end to the first",)
        failures.append(failure)
    return [(check, failure) for failure in failures if failure is not None]


async def _made(make: Callable[[], Ends | Awaitable[Ends]]) -> Ends:
    made = make()
    if inspect.isawaitable(made):
        return await made
    await trio.lowlevel.checkpoint()
    return made


async def _attempt(
    check: ChannelCheck, setup: Setup, send: SendEnd, receive: ReceiveEnd
) -> Failed | None:
    failure: Failed | None = None
    async with trio.open_nursery() as nursery:
        trial = Trial(setup, send, receive, nursery)
        try:
            await check._run(trial)
            await trial.tidy_up()
        except Failed as error:
            failure = error
            await trial.abandon()
        nursery.cancel_scope.cancel(reason="the check of the channel is over")
    return failure


def _failed(failures: Sequence[Failure], count: int) -> AssertionError:
    lines = [f"{check.name}: {failure}" for check, failure in failures]
    failed = len({check.name for check, _ in failures})
    head = f"the channel has failed {failed} of {count} checks:"
    return AssertionError("\n  ".join([head, *lines]))


def _cause(failures: Sequence[Failure]) -> ExceptionGroup[Exception] | None:
    """Return what the channel has raised unexpectedly, for the tracebacks."""
    raised = [failure.__cause__ for _, failure in failures]
    errors = [error for error in raised if isinstance(error, Exception)]
    return ExceptionGroup("raised by the channel", errors) if errors else None
