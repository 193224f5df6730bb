"""Errors of calls that got no reply."""

from __future__ import annotations

import attrs

from ._root import TrioharnessError


@attrs.define(eq=False, repr=False, slots=False)
class RequestError(TrioharnessError):
    """A call and its reply did not come together."""

    requests: str
    """The name of the channel of requests."""


@attrs.define(eq=False, repr=False, slots=False)
class ResponderDied(RequestError):
    """Whoever had taken a call ended without an answer; it may or may not have been acted on."""

    error: str
    """What the responder crashed with, in one line; empty if it ended in another way."""

    def __str__(self) -> str:
        how = f"crashed ({self.error})" if self.error else "ended"
        return (
            f"the responder to a call on {self.requests!r} {how} before it answered; "
            f"call again if that does no harm"
        )


class Unanswered(RequestError):
    """The block of a responder ended without an answer; raised there and in the caller."""

    def __str__(self) -> str:
        return (
            f"the block of a call on {self.requests!r} ended without an answer; "
            f"call request.reply(...) or request.fail(...) in it"
        )


@attrs.define(eq=False, repr=False, slots=False)
class RequestLeftOut(RequestError):
    """A call was received by a view that does not show it, so nobody answers it.

    The cause is what a function of the view raised, if it did.
    """

    by: str
    """What left it out."""

    def __str__(self) -> str:
        return (
            f"a call on {self.requests!r} was left out by {self.by}, and nobody answers it; "
            f"ask for what is answered there, or let it through"
        )


class AlreadyAnswered(RequestError):
    """A request was answered a second time; the caller has the first answer."""

    def __str__(self) -> str:
        return f"a request on {self.requests!r} was answered already; answer each one once"


class CallToOneself(RequestError):
    """The only task that could answer a call is the one that makes it, and would wait for ever."""

    def __str__(self) -> str:
        return (
            f"a responder calls {self.requests!r}, which nobody but itself answers; answer in "
            f"another task, start a second responder, or call the function it would call"
        )
