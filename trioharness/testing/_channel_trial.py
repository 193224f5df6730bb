"""The trial of one channel: operations that are begun, and what is expected of them.

A check begins an operation in a task of its own and says what must become of it: that it returns,
raises, is cancelled, or still waits. So a channel that hangs where it should answer fails a check
like any other, whatever clock runs, and an error of the channel is never lost in a nursery.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Awaitable, Callable
from functools import partial
from operator import methodcaller
from typing import Any, Literal, TypeAlias

import attrs
import trio
from trio.testing import assert_checkpoints, wait_all_tasks_blocked

from .._util import callable_name

SendEnd: TypeAlias = trio.abc.SendChannel[Any]
ReceiveEnd: TypeAlias = trio.abc.ReceiveChannel[Any]
End: TypeAlias = SendEnd | ReceiveEnd
Ends: TypeAlias = tuple[SendEnd, ReceiveEnd]

How: TypeAlias = Literal["waits", "returned", "raised", "cancelled"]


class Failed(AssertionError):
    """A promise was not kept; the sentence says what was expected, and what came."""


@attrs.frozen(kw_only=True)
class Setup:
    """What the caller has declared about the channels; see `check_channel`."""

    capacity: float | None
    clones: bool
    nowait: bool
    close: bool
    shared: bool
    two_way: bool
    message: Callable[[int], object]
    cushion: float
    within: float


@attrs.define(eq=False)
class Operation:
    """One call of a channel, in a task of its own, and what has become of it so far."""

    label: str
    """How the sentence of a failure calls it: ``"receive()"``."""
    how: How = "waits"
    value: Any = None
    error: Exception | None = None
    yielded: bool = False
    """Whether it was a cancel point and a schedule point, however it ended."""
    judged: bool = False
    """Whether it was said what must become of it."""
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    finished: trio.Event = attrs.field(factory=trio.Event)

    # It is a checkpoint where the call is one, which is what it finds out.
    async def run(self, fn: Callable[[], Awaitable[object]]) -> None:  # noqa: ASYNC910
        """Make the call."""
        # Whatever the call raises is kept, so the only one that can come out is "did not yield".
        with contextlib.suppress(AssertionError):
            with assert_checkpoints(), self.scope:
                await self._attempt(fn)
            self.yielded = True
        if self.scope.cancelled_caught:
            self.how = "cancelled"
        self.finished.set()

    async def _attempt(self, fn: Callable[[], Awaitable[object]]) -> None:  # noqa: ASYNC910
        try:
            self.value = await fn()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the channel did
            self.error, self.how = error, "raised"
        else:
            self.how = "returned"

    def __str__(self) -> str:
        how = {
            "waits": "still waits",
            "returned": f"returned {self.value!r}",
            "raised": f"raised {self.error!r}",
            "cancelled": "was cancelled",
        }
        return f"it {how[self.how]}"


@attrs.define(eq=False)
class Trial:
    """One pair of ends under test."""

    setup: Setup
    send: SendEnd
    receive: ReceiveEnd
    nursery: trio.Nursery
    open: list[End] = attrs.field(factory=list[End], init=False)
    """What is to be closed at the end."""
    begun: list[Operation] = attrs.field(factory=list[Operation], init=False)

    def __attrs_post_init__(self) -> None:
        self.open += [self.send, self.receive]

    @property
    def capacity(self) -> int:
        """The room of a channel that can be full."""
        assert self.setup.capacity is not None
        return int(self.setup.capacity)

    @property
    def crowd(self) -> int:
        """How many tasks a check lets wait on one end."""
        return 2 if self.setup.shared else 1

    def message(self, number: int) -> Any:
        """Return the message of that number."""
        return self.setup.message(number)

    # What is begun.

    def begin(
        self, label: str, fn: Callable[[], Awaitable[object]], *, cancelled: bool = False
    ) -> Operation:
        """Make a call in a task of its own, in a scope that may be cancelled already."""
        operation = Operation(label)
        if cancelled:
            operation.scope.cancel(reason="a check of the channel calls in a cancelled scope")
        self.begun.append(operation)
        self.nursery.start_soon(operation.run, fn, name=label)
        return operation

    def now(self, label: str, fn: Callable[[], object]) -> Operation:
        """Make a call that does not wait."""
        operation = Operation(label)
        try:
            operation.value = fn()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the channel did
            operation.error, operation.how = error, "raised"
        else:
            operation.how = "returned"
        operation.finished.set()
        return operation

    def sending(
        self, *numbers: int, via: SendEnd | None = None, cancelled: bool = False
    ) -> Operation:
        """Begin to send messages, one after the other."""
        end = self.send if via is None else via
        messages = [self.message(number) for number in numbers]

        async def send() -> None:  # noqa: ASYNC910 - one that has nothing to send is not called
            for message in messages:
                await end.send(message)

        label = f"send({', '.join(map(repr, messages))})" if len(messages) < 4 else "send()"
        return self.begin(label, send, cancelled=cancelled)

    def receiving(self, *, via: ReceiveEnd | None = None, cancelled: bool = False) -> Operation:
        """Begin to receive a message."""
        end = self.receive if via is None else via
        return self.begin("receive()", partial(methodcaller("receive"), end), cancelled=cancelled)

    def stepping(self) -> Operation:
        """Begin a step of ``async for``."""
        step = partial(methodcaller("__anext__"), self.receive)
        return self.begin("a step of async for", step)

    def sending_now(self, number: int) -> Operation:
        """Send without waiting."""
        message = self.message(number)
        send = partial(methodcaller("send_nowait", message), self.send)
        return self.now(f"send_nowait({message!r})", send)

    def receiving_now(self) -> Operation:
        """Receive without waiting."""
        receive = partial(methodcaller("receive_nowait"), self.receive)
        return self.now("receive_nowait()", receive)

    def cloning(self, end: End) -> Operation:
        """Clone an end."""
        return self.now("clone()", partial(methodcaller("clone"), end))

    def closing(self, end: End, *, cancelled: bool = False) -> Operation:
        """Begin to close an end."""
        self.forget(end)
        return self.begin("aclose()", partial(methodcaller("aclose"), end), cancelled=cancelled)

    def forget(self, end: End) -> None:
        """Take note that the check itself closes an end."""
        self.open = [other for other in self.open if other is not end]

    # What is expected.

    async def rest(self) -> None:
        """Wait until everything has happened that can."""
        await wait_all_tasks_blocked(self.setup.cushion)

    async def ended(self, operation: Operation) -> None:
        """Wait until an operation has ended, within limits."""
        with trio.move_on_after(self.setup.within):
            await operation.finished.wait()

    async def returns(self, operation: Operation, when: str = "") -> Any:
        """Expect that an operation returns; return what it did."""
        await self.ended(operation)
        self.demand(operation.how == "returned", operation, "return", when)
        return operation.value

    async def gives(self, operation: Operation, number: int, when: str = "") -> None:
        """Expect that an operation returns the message of a number."""
        await self.ended(operation)
        message = self.message(number)
        right = operation.how == "returned" and operation.value == message
        self.demand(right, operation, f"return {message!r}", when)

    async def raises(self, operation: Operation, error: type[Exception], when: str = "") -> None:
        """Expect that an operation raises an error of a class."""
        await self.ended(operation)
        right = isinstance(operation.error, error)
        self.demand(right, operation, f"raise {callable_name(error)}", when)

    async def is_cancelled(self, operation: Operation, when: str = "") -> None:
        """Expect that an operation is cancelled."""
        await self.ended(operation)
        self.demand(operation.how == "cancelled", operation, "be cancelled", when)

    async def waits(self, operation: Operation, when: str = "") -> None:
        """Expect that an operation waits."""
        await self.rest()
        self.demand(operation.how == "waits", operation, "wait", when)

    async def yields(self, operation: Operation, when: str = "") -> Any:
        """Expect that an operation returns, and was a full checkpoint; return what it did."""
        value = await self.returns(operation, when)
        if not operation.yielded:
            raise Failed(_sentence(operation, "be a checkpoint", when, "it did not yield"))
        return value

    def demand(self, right: bool, operation: Operation, wanted: str, when: str) -> None:
        """Fail with a sentence unless it is right.

        Raises:
            Failed: It is not; from the error of the operation, or of one that failed unseen.
        """
        operation.judged = True
        if right:
            return
        came, error = str(operation), operation.error
        for other in self.begun:
            if error is None and other.error is not None and not other.judged:
                came, error = f"{came}, and {other.label} raised {other.error!r}", other.error
        raise Failed(_sentence(operation, wanted, when, came)) from error

    # What checks have in common.

    async def takes(self, number: int, when: str = "", *, via: ReceiveEnd | None = None) -> None:
        """Expect that the next message to receive is that of a number."""
        await self.gives(self.receiving(via=via), number, when)

    async def closes(self, *ends: End) -> None:
        """Expect that ends can be closed."""
        for end in ends:
            await self.returns(self.closing(end))
        await self.rest()

    async def fill(self) -> int:
        """Fill the channel, and return how many messages that took: the number of the next."""
        for number in range(self.capacity):
            when = f"with {number} of {self.capacity} messages queued"
            await self.returns(self.sending(number), when)
        await self.rest()
        return self.capacity

    async def clone(self, end: End) -> Any:
        """Expect that an end can be cloned; return the clone."""
        clone = await self.returns(self.cloning(end), "an end more")
        self.open.append(clone)
        return clone

    async def tidy_up(self) -> None:
        """Close what the check has left open."""
        for end in self.open:
            await self.returns(self.closing(end), "at the end of the check")
        await self.rest()

    async def abandon(self) -> None:
        """Close what is open as far as it lets itself be closed: a failure was found already."""
        for end in self.open:
            await self.ended(self.closing(end))
        await self.rest()


def _sentence(operation: Operation, wanted: str, when: str, came: str) -> str:
    return f"expected {operation.label} to {' '.join(filter(None, (wanted, when)))}, but {came}"


@attrs.frozen
class Need:
    """What a channel must have for a check to apply."""

    says: str
    """It ends the sentence "it needs …"."""
    met: Callable[[Setup], bool]


BOUNDED = Need("capacity= a whole number", lambda s: s.capacity not in (None, math.inf))
UNBOUNDED = Need("capacity=math.inf", lambda s: s.capacity == math.inf)
ROOM = Need("capacity= 1 or more", lambda s: s.capacity is not None and s.capacity >= 1)
CLONES = Need("clones=True", lambda s: s.clones)
NOWAIT = Need("nowait=True", lambda s: s.nowait)
CLOSE = Need("close=True", lambda s: s.close)
SHARED = Need("shared=True", lambda s: s.shared)
BUSY = Need("shared=False", lambda s: not s.shared)
TWO_WAY = Need("two_way=True", lambda s: s.two_way)


@attrs.frozen
class ChannelCheck:
    """One named check of `check_channel`: a promise that a channel keeps or does not keep."""

    name: str
    """How `check_channel` is told of it, and how a failure calls it."""
    promise: str
    """What a channel promises that passes, in one sentence."""
    _run: Callable[[Trial], Awaitable[None]] = attrs.field(repr=False)
    _needs: tuple[Need, ...] = attrs.field(repr=False)

    def _unmet(self, setup: Setup) -> str | None:
        """Say what a channel lacks for this check, if it lacks anything."""
        lacking = [need.says for need in self._needs if not need.met(setup)]
        return f"it needs {' and '.join(lacking)}" if lacking else None


def promise(
    sentence: str, /, *needs: Need
) -> Callable[[Callable[[Trial], Awaitable[None]]], ChannelCheck]:
    """Make an async function a check of that promise, named as the function is."""
    return partial(_named, sentence, needs)


def _named(
    sentence: str, needs: tuple[Need, ...], run: Callable[[Trial], Awaitable[None]]
) -> ChannelCheck:
    return ChannelCheck(callable_name(run), sentence, run, needs)
