"""Every error of trioharness, in one tree.

TrioharnessError
├── ConfigurationError (ValueError)         refused before anything started
│   ├── ComponentTypeError (TypeError)      what was given cannot be run as a component
│   ├── DuplicateNameError                  two siblings, or two messages, of one name
│   ├── UnknownNeedError                    `needs` or `after` names a stranger
│   ├── CycleError                          `needs` and `after` go round in a circle
│   ├── EndNotOpen (AttributeError)         a declared channel end was used outside of a run
│   └── LoadError                           `module:attr` does not lead to a harness
├── MessageTypeError (TypeError)            a channel was given what it does not carry
├── RequestError                            a call got no reply
│   ├── ResponderDied                       whoever had taken it ended first
│   ├── Unanswered                          its responder forgot to answer
│   ├── AlreadyAnswered                     it was to be answered twice
│   └── CallToOneself                       only the caller could answer it
├── CodecError (ValueError)
│   ├── EncodeError                         a message that cannot become bytes
│   └── DecodeError                         bytes that cannot become a message
│       └── UnknownMessageError             a wire name or version nobody declared
├── SupervisionError
│   ├── StartFailed                         a component failed before it was ready
│   ├── SupervisorClosed                    the supervisor is stopping and takes no more
│   ├── ChildComplete                       the child gave up its channel ends for good
│   ├── ChildDown                           nobody takes what is sent until it is started by hand
│   ├── ChildNotReady                       it has no value to give just now
│   ├── ChildExists (DuplicateNameError)    a child of that name is there already
│   ├── ChildNotFound                       there is no child of that name, or no longer
│   ├── ChildNotStopped                     it runs, or is about to be restarted
│   ├── PoolFull                            a pool has as many instances as it may have
│   ├── UnexpectedReturn                    a permanent component returned
│   └── WouldDeadlock                       a component waits for its own start or stop
├── Ignore                                  raised by a component that declines to start
├── Shutdown                                raised by a component that ends on purpose
├── ChildKilled                             what `Child.kill` counts as
├── ChildSilent                             what a component counts as that gave no sign of life
├── Fault                                   raised on purpose, by `trioharness.testing`
└── RestartLimitExceeded (ExceptionGroup)   a supervisor gave up

Errors of closed, broken, ended and full channels are trio's own: `trio.ClosedResourceError`,
`trio.BrokenResourceError`, `trio.EndOfChannel`, `trio.WouldBlock`.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs


class TrioharnessError(Exception):
    """The root of the tree: whatever trioharness itself has to say."""


@attrs.define(eq=False, repr=False, slots=False)
class ConfigurationError(TrioharnessError, ValueError):
    """An option, a component or a wiring was refused before anything started."""

    subject: str
    """What the complaint is about, as the user wrote it: ``"max_restarts"``, ``"child 'db'"``."""
    problem: str
    """What is wrong with it, the offending value quoted."""
    cure: str
    """What to write instead."""

    def __str__(self) -> str:
        return f"{self.subject}: {self.problem}; {self.cure}"


class ComponentTypeError(ConfigurationError, TypeError):
    """What was given cannot be run as a component."""


class DuplicateNameError(ConfigurationError):
    """Two siblings under one supervisor, or two messages of one codec, have the same name."""


class UnknownNeedError(ConfigurationError):
    """`needs` or `after` names something that is no sibling and no child of an ancestor."""


class CycleError(ConfigurationError):
    """`needs` and `after` go round in a circle, so that nothing in it could start first."""


class EndNotOpen(ConfigurationError, AttributeError):
    """The declaration of a channel end was used as if it were the end itself.

    An `AttributeError` too, so that `hasattr` says the truth: such an end has no methods yet.
    """


class LoadError(ConfigurationError):
    """`module:attr` does not lead to a harness."""


@attrs.define(eq=False, repr=False, slots=False)
class MessageTypeError(TrioharnessError, TypeError):
    """A channel was given a value of a type it does not carry; nothing was queued."""

    channel: str
    """Name of the channel."""
    expected: str
    """The type the channel was opened with, as written."""
    got: str
    """Type of the offending value."""

    def __str__(self) -> str:
        return (
            f"channel {self.channel!r} carries {self.expected}, but was given {self.got}; "
            f"send a {self.expected}, or open the channel for {self.expected} | {self.got}"
        )


class RequestError(TrioharnessError):
    """A call and its reply did not come together."""


@attrs.define(eq=False, repr=False, slots=False)
class ResponderDied(RequestError):
    """Whoever had taken a call ended without an answer; it may or may not have been acted on."""

    requests: str
    """The name of the channel of requests."""
    error: str
    """What the responder crashed with, in one line; empty if it ended in another way."""

    def __str__(self) -> str:
        how = f"crashed ({self.error})" if self.error else "ended"
        return (
            f"the responder to a call on {self.requests!r} {how} before it answered; "
            f"call again if that does no harm"
        )


@attrs.define(eq=False, repr=False, slots=False)
class Unanswered(RequestError):
    """The block of a responder ended without an answer; raised there and in the caller."""

    requests: str
    """The name of the channel of requests."""

    def __str__(self) -> str:
        return (
            f"the block of a call on {self.requests!r} ended without an answer; "
            f"call request.reply(...) or request.fail(...) in it"
        )


@attrs.define(eq=False, repr=False, slots=False)
class AlreadyAnswered(RequestError):
    """A request was answered a second time; the caller has the first answer."""

    requests: str
    """The name of the channel of requests."""

    def __str__(self) -> str:
        return f"a request on {self.requests!r} was answered already; answer each one once"


@attrs.define(eq=False, repr=False, slots=False)
class CallToOneself(RequestError):
    """The only task that could answer a call is the one that makes it, and would wait for ever."""

    requests: str
    """The name of the channel of requests."""

    def __str__(self) -> str:
        return (
            f"a responder calls {self.requests!r}, which nobody but itself answers; answer in "
            f"another task, start a second responder, or call the function it would call"
        )


class CodecError(TrioharnessError, ValueError):
    """A message and its bytes could not be turned into each other."""


@attrs.define(eq=False, repr=False, slots=False)
class EncodeError(CodecError):
    """A message that cannot become bytes."""

    message: str
    """Wire name (or type) of the message."""
    reason: str
    """What is wrong, and what to do about it."""

    def __str__(self) -> str:
        return f"cannot encode {self.message}: {self.reason}"


@attrs.define(eq=False, repr=False, slots=False)
class DecodeError(CodecError):
    """Bytes that cannot become a message."""

    path: str
    """Where in the message: ``order.lines[3].price``."""
    reason: str
    """What is wrong there."""
    value: str = ""
    """The offending value, shortened; empty where there is none."""

    def __str__(self) -> str:
        got = f" (got {self.value})" if self.value else ""
        return f"cannot decode {self.path}: {self.reason}{got}"


class UnknownMessageError(DecodeError):
    """A wire name or a version that the codec was not built for."""


class SupervisionError(TrioharnessError):
    """A call to a supervisor or a child that cannot be answered as asked."""


@attrs.define(eq=False, repr=False, slots=False)
class StartFailed(SupervisionError):
    """A component failed before it was ready; the cause, if there is one, is ``__cause__``."""

    path: str
    """Path of the child, supervisor names first: ``"shop/workers/parse-2"``."""
    reason: str
    """What happened, in words."""

    def __str__(self) -> str:
        return f"{self.path!r} could not start: {self.reason}"


@attrs.define(eq=False, repr=False, slots=False)
class SupervisorClosed(SupervisionError):
    """The supervisor is stopping or has ended, so nothing can be started under it."""

    path: str
    """Path of the supervisor."""
    wanted: str
    """What was asked of it."""

    def __str__(self) -> str:
        return (
            f"supervisor {self.path!r} is stopping or has ended and cannot {self.wanted}; "
            f"do it before its block ends, or ask a supervisor that runs"
        )


@attrs.define(eq=False, repr=False, slots=False)
class ChildComplete(SupervisionError):
    """The child has done its work and its channel ends are closed, so it cannot run again."""

    path: str

    def __str__(self) -> str:
        return (
            f"{self.path!r} is complete and its channel ends are closed; "
            f"start a new child with ends of its own"
        )


@attrs.define(eq=False, repr=False, slots=False)
class ChildNotReady(SupervisionError):
    """The child is not ready, so it has no value."""

    path: str
    state: str
    """The state it is in."""

    def __str__(self) -> str:
        return (
            f"{self.path!r} is {self.state} and has no value; "
            f"await its wait('ready') first, or declare it in needs="
        )


@attrs.define(eq=False, repr=False, slots=False)
class ChildDown(SupervisionError):
    """The ``__cause__`` of a failed send where the only component that receives stays down."""

    path: str
    state: str
    """The state it is in."""

    def __str__(self) -> str:
        what = "what it needs" if self.state == "waiting" else "it"
        return f"{self.path!r}, which would receive it, is {self.state}; start {what} again by hand"


@attrs.define(eq=False, repr=False, slots=False)
class ChildExists(DuplicateNameError, SupervisionError):
    """A child of that name is there already."""

    state: str = ""
    """The state it is in: ``"ready"``, ``"stopped"``, ``"restarting"`` …"""


@attrs.define(eq=False, repr=False, slots=False)
class ChildNotFound(SupervisionError):
    """There is no child of that name, or no longer."""

    path: str

    def __str__(self) -> str:
        return f"there is no child {self.path!r}, or no longer; start a new one"


@attrs.define(eq=False, repr=False, slots=False)
class ChildNotStopped(SupervisionError):
    """The child runs, or is about to be restarted, so it can be neither started nor deleted."""

    path: str
    state: str
    """The state it is in."""

    def __str__(self) -> str:
        return f"{self.path!r} is {self.state}; stop it first"


@attrs.define(eq=False, repr=False, slots=False)
class PoolFull(SupervisionError):
    """A pool has as many instances as it may have."""

    path: str
    """Path of the pool."""
    max_children: int
    """How many it may have."""

    def __str__(self) -> str:
        return (
            f"pool {self.path!r} has its {self.max_children} instances; "
            f"wait until one ends, or give it a larger max_children"
        )


@attrs.define(eq=False, repr=False, slots=False)
class UnexpectedReturn(SupervisionError):
    """What the return of a permanent component counts as when its supervisor gives up."""

    path: str

    def __str__(self) -> str:
        return f"{self.path!r} is permanent but returned; use restart='transient' if it may"


@attrs.define(eq=False, repr=False, slots=False)
class WouldDeadlock(SupervisionError):
    """A component asked for something that can only happen after its own start or stop."""

    path: str
    """Path of the component that asked."""
    wanted: str
    """What it asked for."""

    def __str__(self) -> str:
        return (
            f"{self.path!r} waits to {self.wanted}, which has to wait for {self.path!r} itself; "
            f"use start_soon, or ask from a task that is not being started or stopped"
        )


class Ignore(TrioharnessError):
    """Raised by a component, before it is ready, that declines to start; that is no failure.

    The child is then stopped and kept, a temporary one forgotten (OTP's ``ignore``). Out of a
    nursery it comes in a group, which means the same where nothing else is in it.
    """


@attrs.define(eq=False, slots=False)
class Shutdown(TrioharnessError):
    """Raised by a component that ends on purpose: only a permanent one is restarted then.

    OTP's ``shutdown`` and ``{shutdown, Term}``. Out of a nursery it comes in a group: one of
    `Shutdown` alone means the same, and with anything else in it the component crashed.
    """

    term: object = None
    """The reason, for whoever looks at the end of the component."""


@attrs.define(eq=False, repr=False, slots=False)
class ChildKilled(TrioharnessError):
    """The error a child is counted with after `Child.kill`."""

    reason: str

    def __str__(self) -> str:
        return f"killed: {self.reason}"


@attrs.define(eq=False, repr=False, slots=False)
class ChildSilent(TrioharnessError):
    """The error a child is counted with that was silent for longer than its ``beat_within``."""

    path: str
    """Path of the child."""
    seconds: float
    """Seconds of its own working time for which it was silent."""
    where: str
    """Where its task stood: file, line and function; empty where there was nothing to see."""

    def __str__(self) -> str:
        stood = f"; it stood at {self.where}" if self.where else ""
        return (
            f"{self.path!r} was silent for {self.seconds:g} s{stood}; "
            f"call trioharness.beat() more often, or give it a larger beat_within"
        )


@attrs.define(eq=False, repr=False, slots=False)
class Fault(TrioharnessError):
    """A test broke a component on purpose; see `trioharness.testing.Faults`."""

    component: str
    """What the component is called."""
    incarnation: int
    """Which of its lives it was, from 1."""
    what: str
    """What was done to it, in words: ``"crashed 3 s after its start"``."""
    seed: int
    """The seed of the faults."""

    def __str__(self) -> str:
        return (
            f"{self.component!r} was {self.what}, in incarnation {self.incarnation}, on purpose; "
            f"Faults(seed={self.seed}) does it again"
        )


class RestartLimitExceeded(ExceptionGroup[Exception], TrioharnessError):
    """A supervisor gave up: its children crashed more often than it may restart them.

    The members are the real exceptions of the last attempts, oldest first, each with a note that
    names the child, its incarnation and the time; ``except*`` reaches them.
    """

    path: str
    """Path of the supervisor that gave up."""
    limit: str
    """What was allowed: ``"5 restarts in 60 s"``."""

    def __new__(cls, path: str, limit: str, errors: Sequence[Exception]) -> RestartLimitExceeded:
        """Make the group of `errors` for the supervisor at `path`, which is allowed `limit`."""
        return super().__new__(cls, f"supervisor {path!r} gave up: more than {limit}", errors)

    def __init__(self, path: str, limit: str, errors: Sequence[Exception]) -> None:
        """Keep the fields; the group itself was made by `__new__`, as groups are."""
        self.path = path
        self.limit = limit

    def __reduce__(self) -> tuple[type[RestartLimitExceeded], tuple[object, ...]]:
        """Let it be copied and pickled by its fields."""
        return RestartLimitExceeded, (self.path, self.limit, self.exceptions)

    # A member of a part may be an exception group of its own type, never a BaseException: the
    # general signature of `derive` cannot say so.
    def derive(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, excs: Sequence[Exception]
    ) -> RestartLimitExceeded:
        """Return a group of the same story with other members, as `split` and ``except*`` do.

        Args:
            excs: The members.

        Returns:
            The group.
        """
        return RestartLimitExceeded(self.path, self.limit, excs)
