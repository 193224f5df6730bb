"""Requests: calls with a reply, and casts without, to whoever answers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from typing_extensions import TypeForm

from ._channel import Channel
from ._client import RequestClient
from ._options import check_functions, check_name, check_size
from ._receive import ReceiveChannel
from ._request import Request
from ._request_state import RequestState
from ._types import TypeCheck

Q = TypeVar("Q")
R = TypeVar("R")


def open_requests(
    request_type: TypeForm[Q],
    reply_type: TypeForm[R],
    max_buffer_size: float = 64,
    *,
    name: str | None = None,
    copy: Callable[[Q], Q] | None = None,
) -> tuple[RequestClient[Q, R], ReceiveChannel[Request[Q, R]]]:
    """Open a channel of requests and return the end that asks and the end that answers.

    Example::

        client, server = th.open_requests(Ask, Reply)

        async def answers(server):
            async for request in server:
                request.reply(Reply(request.message.number + 1))

        reply = await client.call(Ask(1))

    Both ends are channel ends in all respects: clone them, hand them to components, receive
    requests in batches (which many callers are answered fastest by). Who receives a request answers
    it, in whichever task. Several responders share the requests. A responder that ends fails the
    calls it has taken, at once, with `ResponderDied`; a call that nobody has taken yet waits for
    the next one, and fails when none can come. Not for requests to other processes.

    Args:
        request_type: What is asked: a class, a union or any other type form. The class of each
            message is checked.
        reply_type: What is replied, in the same way; ``None`` for "it is done".
        max_buffer_size: How many requests may be queued; whoever asks more waits for room.
        name: What to call it in errors and numbers; the type of the requests, if not given.
        copy: Called with each message that is asked, as for `open_channel`.

    Returns:
        The end that asks and the end that answers.

    Raises:
        ConfigurationError: An option has a value that no channel can have.
    """
    check, replies = TypeCheck(request_type), TypeCheck(reply_type)
    check_size(max_buffer_size)
    check_name(name)
    check_functions(copy=copy)
    name = check.label if name is None else name
    state = RequestState(name, max_buffer_size, check, copy=copy, replies=replies)
    channel = Channel[Request[Q, R]]._create(state, None)
    return (
        RequestClient[Q, R]._create(state, channel),
        ReceiveChannel[Request[Q, R]]._create(state, channel),
    )
