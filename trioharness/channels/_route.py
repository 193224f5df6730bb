"""Components that pass messages on: by rules, or by key to one of several alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from contextlib import ExitStack
from typing import Any, TypeVar

import attrs
import trio

from .._errors import ConfigurationError
from ._dead_letter import DeadLetter
from ._routing import DEAD, Routing

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Routed:
    """What `route` has passed on, when its input has ended."""

    sent: Mapping[str, int]
    """Messages by the name of the end they went to."""
    dropped: int
    """Messages that no rule matched, with ``otherwise="drop"``."""


async def route(source: trio.abc.ReceiveChannel[Any], rules: Routing, /, **to: Any) -> Routed:
    """Pass each message on to where the rules say, until the input ends.

    It is a component as it stands: ``sup.start_soon(functools.partial(th.route, incoming, rules,
    orders=orders_out, large=large_out))``. It takes one message at a time, in order, and waits for
    room at each end that it goes to, so that a slow one holds up the others. It closes its ends
    when it ends. With `max_deliveries` on the input, a message that it could not pass on to all its
    ends, because it was stopped or crashed, is passed on again; without, it is gone. Not for
    requests, which are in the hand of whoever receives them: be a responder that calls one of
    several clients, by the rules if you like.

    Args:
        source: Where the messages come from: any receive end of trio's kind.
        rules: Where they go.
        to: The send ends, by the names in the rules.

    Returns:
        What was passed on.

    Raises:
        ConfigurationError: Rules and ends do not fit, or the input gives requests; nothing was
            received or closed.
        NoRoute: No rule matches a message, and the rules call that an error.
        trio.BrokenResourceError: Nobody receives at one of the ends any more.

    Cancellation:
        The message that is under way may have reached some of its ends.
    """
    rules.check(to)
    _refuse_requests("route", source)
    with _closing(source, *to.values()):
        sent, dropped = Counter[str](), 0
        async for message in source:
            names = rules.targets(message)
            for name in names:
                await to[name].send(message)
            if names:
                sent.update(names)
            elif rules.otherwise == "drop":
                dropped += 1
            elif rules.otherwise == "error":
                raise rules.no_route(message)
            else:
                await to[DEAD].send(_dead_letter(rules, source, message))
                sent[DEAD] += 1
        return Routed(sent=dict(sent), dropped=dropped)


async def partition(
    source: trio.abc.ReceiveChannel[T],
    /,
    *to: trio.abc.SendChannel[T],
    by: Callable[[T], Hashable],
) -> None:
    """Pass each message on to one of several ends, those of one key always to the same.

    So messages of one key stay in order while several receivers share the work. A component as
    `route` is, with its ends as arguments of their own, so that a supervisor hands them over. Which
    end a key goes to is the same as long as the process runs.

    Args:
        source: Where the messages come from.
        to: The send ends, one or more.
        by: Returns the key of a message.

    Raises:
        ConfigurationError: There is no end, `by` is not callable, or the input gives requests;
            nothing was received.
        trio.BrokenResourceError: Nobody receives at one of the ends any more.
        Exception: Whatever `by` raises.

    Cancellation:
        As for `route`.
    """
    if not to:
        raise ConfigurationError("partition", "it has no ends to send to", "give one or more")
    if not callable(by):
        raise ConfigurationError(
            "partition", f"by={by!r} is not callable", "give a function of a message"
        )
    _refuse_requests("partition", source)
    with _closing(source, *to):
        async for message in source:
            await to[hash(by(message)) % len(to)].send(message)


def _refuse_requests(what: str, source: object) -> None:
    """Refuse what gives requests, of which the router itself would be the responder.

    They would fail when it ends, while others work on them, and would wait for ever when those
    crash, of which it would not hear.
    """
    if getattr(source, "answers", False):
        raise ConfigurationError(
            what,
            f"{source!r} gives requests, and whoever receives them has to answer them",
            "open requests for each way, and start a responder that replies with what it gets from "
            "the client of the right one: request.reply(await clients[kind].call(request.message))",
        )


def _closing(*ends: Any) -> ExitStack:
    """Return a block that closes ends, however it is left."""
    stack = ExitStack()
    for end in ends:
        stack.callback(end.close)
    return stack


def _dead_letter(rules: Routing, source: Any, message: object) -> DeadLetter[object]:
    return DeadLetter(
        channel=getattr(getattr(source, "channel", None), "name", "route"),
        message=message,
        reason="no rule matches it",
        attempts=0,
        error=rules.no_route(message),
    )
