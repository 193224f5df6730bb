"""What the tests of requests share: callers that note what came of their calls, and the books."""

from __future__ import annotations

import trio
import trio.testing

import trioharness as th

Client = th.RequestClient[int, str]
Server = th.ReceiveChannel[th.Request[int, str]]
Ask = th.Request[int, str]


class Boom(Exception):
    """What responders of these tests fail with."""


async def ask(client: Client, number: int, got: list[object]) -> None:
    """Call, and note the reply or the error."""
    try:
        got.append(await client.call(number))
    except Exception as error:
        got.append(error)


async def settle_down() -> None:
    """Wait until nothing more happens by itself."""
    await trio.testing.wait_all_tasks_blocked()


async def answer_all(server: Server) -> None:
    """Answer each request with its own number, one at a time."""
    async for request in server:
        request.reply(str(request.message))


async def abandoned(client: Client, server: Server) -> Ask:
    """Return a request whose caller was cancelled after it had been received."""
    requests: list[Ask] = []
    with trio.CancelScope() as caller:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.call, 1)
            requests.append(await server.receive())
            caller.cancel()
    return requests[0]


def books(client: Client) -> tuple[int, int, int, int]:
    """Return how many calls were replied, failed, cancelled, and wait, if the books balance."""
    calls = client.call_statistics()
    assert calls.made == calls.replied + calls.failed + calls.cancelled + calls.waiting
    numbers = client.statistics()
    assert numbers.sent == numbers.received + numbers.left
    assert min(numbers.sent, numbers.received, numbers.left, calls.waiting) >= 0
    assert numbers.left >= numbers.current_buffer_used
    return calls.replied, calls.failed, calls.cancelled, calls.waiting
