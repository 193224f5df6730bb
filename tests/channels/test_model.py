"""Random use of a channel is held against a model of it, step by step.

The model runs ahead, so that the next step may be chosen by where it stands; when the steps are
over, a real channel does the same in one run of trio, in virtual time, and after each step, when
nothing moves any more, everything that can be seen of it is compared.

To explore more: ``pytest tests/channels/test_model.py --hypothesis-profile=long``.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import attrs
import pytest
import trio
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from outcome import Value
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.channels._model import DEAD_BUFFER_SIZE, How, Model, Options, Seen
from trioharness.channels import Overflow, SendProgress, open_channel
from trioharness.channels._counted import CountedState
from trioharness.channels._state import ChannelState

ERRORS: dict[How, BaseException | None] = {
    "ok": None,
    "crash": RuntimeError("crash"),
    "stop": KeyboardInterrupt(),
}


class Subject(Protocol):
    """What can be done with the model; with the real channel, too, by the same words."""

    def send(
        self,
        end: int,
        numbers: Sequence[int],
        *,
        many: bool = False,
        progress: bool = False,
        cancelled: bool = False,
    ) -> None: ...
    def receive(
        self,
        end: int,
        limit: int | None = None,
        *,
        within: float | None = None,
        cancelled: bool = False,
    ) -> None: ...
    def send_nowait(self, end: int, number: int) -> None: ...
    def receive_nowait(self, end: int) -> None: ...
    def cancel(self, number: int) -> None: ...
    def ack(self, end: int) -> None: ...
    def settle(self, end: int, how: How) -> None: ...
    def leave(self, end: int, how: How) -> None: ...
    def clone_send(self, end: int) -> None: ...
    def clone_receive(self, end: int) -> None: ...
    def close_send(self, end: int) -> None: ...
    def close_receive(self, end: int) -> None: ...
    def finish(self) -> None: ...
    def suspend(self, end: int) -> None: ...
    def resume(self, end: int) -> None: ...
    def read_dead(self) -> None: ...
    def close_dead(self) -> None: ...


@attrs.define
class Asked:
    """A call under way, or answered."""

    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    progress: SendProgress | None = None
    answer: str | None = None

    def reply(self, answer: object) -> None:
        self.answer = f"{answer} {self.progress.sent}" if self.progress else str(answer)


class Real:
    """The channel of the model, made of the real thing."""

    def __init__(self, nursery: trio.Nursery, options: Options) -> None:
        self.nursery = nursery
        send, receive = open_channel(
            int,
            options.size,
            overflow=options.overflow,
            max_deliveries=options.max_deliveries,
        )
        self.send_ends = [send]
        self.receive_ends = [receive]
        self.dead = None if options.max_deliveries is None else receive.channel.dead
        self.calls: list[Asked] = []

    def send(
        self,
        end: int,
        numbers: Sequence[int],
        *,
        many: bool = False,
        progress: bool = False,
        cancelled: bool = False,
    ) -> None:
        asked = Asked(progress=SendProgress() if many and progress else None)

        async def call() -> str:
            if many:
                await self.send_ends[end].send_many(numbers, progress=asked.progress)
            else:
                await self.send_ends[end].send(numbers[0])
            return "ok"

        self.start(call, asked, cancelled=cancelled)

    def receive(
        self,
        end: int,
        limit: int | None = None,
        *,
        within: float | None = None,
        cancelled: bool = False,
    ) -> None:
        receive = self.receive_ends[end]

        async def call() -> object:
            if limit is None:
                return await receive.receive()
            if within is None:
                return await receive.receive_many(limit)
            try:
                return await anext(receive.batches(limit, within=within))
            except StopAsyncIteration:
                return "EndOfChannel"

        self.start(call, Asked(), cancelled=cancelled)

    def start(
        self, call: Callable[[], Awaitable[object]], asked: Asked, *, cancelled: bool
    ) -> None:
        self.calls.append(asked)
        if cancelled:
            asked.scope.cancel()
        self.nursery.start_soon(self.wait_for_answer, call, asked)

    async def wait_for_answer(self, call: Callable[[], Awaitable[object]], asked: Asked) -> None:
        answer: object = "cancelled"
        with asked.scope:
            try:
                answer = await call()
            except Exception as error:
                answer = type(error).__name__
        asked.reply(answer)

    def at_once(self, call: Callable[[], object]) -> None:
        asked = Asked()
        self.calls.append(asked)
        try:
            answer = call()
        except Exception as error:
            answer = type(error).__name__
        asked.reply("ok" if answer is None else answer)

    def send_nowait(self, end: int, number: int) -> None:
        self.at_once(lambda: self.send_ends[end].send_nowait(number))

    def receive_nowait(self, end: int) -> None:
        self.at_once(self.receive_ends[end].receive_nowait)

    def cancel(self, number: int) -> None:
        self.calls[number].scope.cancel()

    def ack(self, end: int) -> None:
        self.at_once(self.receive_ends[end].ack)

    def settle(self, end: int, how: How) -> None:
        error = ERRORS["crash" if how == "stop" else how]
        assert error is None or isinstance(error, Exception)

        def call() -> list[str]:
            report = self.receive_ends[end].settle(error, stopped=how == "stop")
            return [f"{event.message} {event.attempt} {event.fate}" for event in report]

        self.at_once(call)

    def leave(self, end: int, how: How) -> None:
        error = ERRORS[how]
        self.receive_ends[end].__exit__(None if error is None else type(error), error, None)

    def clone_send(self, end: int) -> None:
        self.at_once(lambda: self.send_ends.append(self.send_ends[end].clone()))

    def clone_receive(self, end: int) -> None:
        self.at_once(lambda: self.receive_ends.append(self.receive_ends[end].clone()))

    def close_send(self, end: int) -> None:
        self.send_ends[end].close()

    def close_receive(self, end: int) -> None:
        self.receive_ends[end].close()

    def finish(self) -> None:
        self.receive_ends[0].finish()

    def suspend(self, end: int) -> None:
        self.receive_ends[end].suspend(RuntimeError("parked"))

    def resume(self, end: int) -> None:
        self.receive_ends[end].resume()

    def read_dead(self) -> None:
        dead = self.dead
        assert dead is not None

        def call() -> str:
            letter = dead.receive_nowait()
            return f"{letter.message} after {letter.attempts}"

        self.at_once(call)

    def close_dead(self) -> None:
        assert self.dead is not None
        self.dead.close()

    def seen(self, expected: Seen) -> Seen:
        statistics = self.send_ends[0].statistics()
        return Seen(
            answers=[asked.answer for asked in self.calls],
            numbers={name: getattr(statistics, name) for name in expected.numbers},
            letters=0 if self.dead is None else self.dead.statistics().current_buffer_used,
        )


@attrs.frozen
class Step:
    words: str
    do: Callable[[Subject], None]
    seconds: float
    """How long to wait after that."""
    expected: Seen


async def replay(options: Options, steps: Sequence[Step]) -> str | None:
    """Do with a real channel what was done with the model, and compare them after each step.

    Returns:
        What went wrong first, if anything did.
    """
    async with trio.open_nursery() as nursery:
        problem = await first_problem(Real(nursery, options), options, steps)
        nursery.cancel_scope.cancel()  # also calls that could not be cancelled without a race
    return problem


async def first_problem(real: Real, options: Options, steps: Sequence[Step]) -> str | None:
    done = ["", repr(options)]
    for step in steps:
        done.append(step.words)
        step.do(real)
        await wait_all_tasks_blocked()
        if step.seconds:
            await trio.sleep(step.seconds)
            await wait_all_tasks_blocked()
        seen = real.seen(step.expected)
        if seen != step.expected:
            return "\n".join([*done, *difference(seen, step.expected)])
    return None


def difference(seen: Seen, expected: Seen) -> list[str]:
    lines: list[str] = []
    for number, pair in enumerate(zip(seen.answers, expected.answers, strict=True)):
        if pair[0] != pair[1]:
            lines.append(f"call {number} is {pair[0]}, model {pair[1]}")
    for name, count in expected.numbers.items():
        if seen.numbers[name] != count:
            lines.append(f"{name} is {seen.numbers[name]}, model {count}")
    if seen.letters != expected.letters:
        lines.append(f"letters is {seen.letters}, model {expected.letters}")
    return lines


@st.composite
def all_options(draw: st.DrawFn) -> Options:
    overflows: list[Overflow] = ["wait", "wait", "drop_oldest", "drop_newest", "latest", "error"]
    overflow = draw(st.sampled_from(overflows))
    sizes: list[float] = [0, 1, 2, 5]
    if overflow == "wait":
        sizes.append(math.inf)
    elif overflow == "latest":
        sizes = [1]
    return Options(
        size=draw(st.sampled_from(sizes)),
        overflow=overflow,
        max_deliveries=draw(st.sampled_from([None, 1, 2, 3])),
    )


ENDS = st.integers(0, 5)  # of which there are fewer, mostly
HOWS: st.SearchStrategy[How] = st.sampled_from(["crash", "crash", "stop", "ok"])


class Machine(RuleBasedStateMachine):
    """The steps, done with the model at once and with the real channel at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.options = Options()
        self.model = Model(self.options)
        self.steps: list[Step] = []
        self.number = 0

    def do(self, words: str, do: Callable[[Subject], None], seconds: float = 0.0) -> None:
        do(self.model)
        if seconds:
            self.model.pass_time(seconds)
        if not self.model.raced:
            self.steps.append(Step(words, do, seconds, self.model.seen()))
            return
        # What would come of it is not promised: the step is left out, as if it had not been drawn.
        self.model = Model(self.options)
        for step in self.steps:
            step.do(self.model)
            self.model.pass_time(step.seconds)

    @initialize(options=all_options(), busy=st.booleans(), dead=st.integers(0, 7))
    def begin(self, options: Options, busy: bool, dead: int) -> None:
        self.options = options
        self.model = Model(options)
        if busy:
            self.clone_receive(0)
            self.clone_send(0)
        if options.max_deliveries is not None and options.size and dead == 7:
            for _ in range(DEAD_BUFFER_SIZE):
                self.kill_one(options.max_deliveries)

    def kill_one(self, deliveries: int) -> None:
        """Make one dead letter, so that there is hardly room for others."""
        self.send_nowait(0)
        for _ in range(deliveries):
            self.receive_nowait(0)
            self.settle(0, "crash")

    def new(self, count: int) -> range:
        self.number += count
        return range(self.number - count, self.number)

    def send_end(self, end: int) -> int:
        return end % len(self.model.send_ends)

    def receive_end(self, end: int) -> int:
        return end % len(self.model.receive_ends)

    @rule(end=ENDS, cancelled=st.integers(0, 7))
    def send(self, end: int, cancelled: int) -> None:
        end, numbers, gone = self.send_end(end), self.new(1), cancelled == 7
        self.do(
            f"send {end} {numbers[0]} cancelled={gone}",
            lambda channel: channel.send(end, numbers, cancelled=gone),
        )

    @rule(
        end=ENDS,
        count=st.sampled_from([3, 0, 1, 2, 4, 7]),
        progress=st.booleans(),
        cancelled=st.integers(0, 7),
    )
    def send_many(self, end: int, count: int, progress: bool, cancelled: int) -> None:
        end, numbers, gone = self.send_end(end), self.new(count), cancelled == 7
        self.do(
            f"send_many {end} {numbers} progress={progress} cancelled={gone}",
            lambda channel: channel.send(
                end, numbers, many=True, progress=progress, cancelled=gone
            ),
        )

    @rule(end=ENDS)
    def send_nowait(self, end: int) -> None:
        end, (number,) = self.send_end(end), self.new(1)
        self.do(f"send_nowait {end} {number}", lambda channel: channel.send_nowait(end, number))

    @rule(
        end=ENDS,
        limit=st.sampled_from([None, 1, 2, 3, 9]),
        within=st.sampled_from([None, 2.0, 2.0, 0.0]),
        cancelled=st.integers(0, 7),
    )
    def receive(self, end: int, limit: int | None, within: float | None, cancelled: int) -> None:
        end, gone = self.receive_end(end), cancelled == 7
        waits = None if limit is None else within
        self.do(
            f"receive {end} limit={limit} within={waits} cancelled={gone}",
            lambda channel: channel.receive(end, limit, within=waits, cancelled=gone),
        )

    @rule(end=ENDS)
    def receive_nowait(self, end: int) -> None:
        end = self.receive_end(end)
        self.do(f"receive_nowait {end}", lambda channel: channel.receive_nowait(end))

    @precondition(lambda self: self.model.waiting())
    @rule(which=st.integers(0, 9))
    def cancel(self, which: int) -> None:
        waiting = self.model.waiting()
        self.cancel_call(waiting[which % len(waiting)])

    def cancel_call(self, number: int) -> None:
        self.do(f"cancel call {number}", lambda channel: channel.cancel(number))

    @precondition(lambda self: self.model.receivers)
    @rule(seconds=st.sampled_from([1.0, 2.0, 3.0]))
    def pass_time(self, seconds: float) -> None:
        self.do(f"pass {seconds:g} s", lambda _: None, seconds)

    @precondition(lambda self: self.model.in_hand)
    @rule(end=ENDS)
    def ack(self, end: int) -> None:
        end = self.receive_end(end)
        self.do(f"ack {end}", lambda channel: channel.ack(end))

    @precondition(lambda self: self.model.counted)
    @rule(end=ENDS, how=HOWS)
    def settle(self, end: int, how: How) -> None:
        end = self.receive_end(end)
        self.do(f"settle {end} {how}", lambda channel: channel.settle(end, how))

    @precondition(lambda self: self.model.counted and self.model.buffered)
    @rule(end=ENDS, limit=st.sampled_from([9, 2, 1]), how=HOWS)
    def receive_and_settle(self, end: int, limit: int, how: How) -> None:
        self.receive(end, limit, None, 0)
        self.settle(end, how)

    @precondition(lambda self: self.model.open_ends(self.model.receive_ends) > 1)
    @rule(end=ENDS, how=HOWS)
    def leave(self, end: int, how: How) -> None:
        end = self.receive_end(end)
        self.do(f"leave {end} {how}", lambda channel: channel.leave(end, how))

    @rule(end=ENDS)
    def clone_send(self, end: int) -> None:
        end = self.send_end(end)
        if self.model.open_ends(self.model.send_ends) < 3:
            self.do(f"clone_send {end}", lambda channel: channel.clone_send(end))

    @rule(end=ENDS)
    def clone_receive(self, end: int) -> None:
        end = self.receive_end(end)
        if self.model.open_ends(self.model.receive_ends) < 3:
            self.do(f"clone_receive {end}", lambda channel: channel.clone_receive(end))

    @precondition(lambda self: self.model.counted)
    @rule()
    def read_dead(self) -> None:
        self.do("read_dead", lambda channel: channel.read_dead())

    # These end so much that they are rare.

    @rule(end=ENDS, chance=st.integers(0, 7))
    def close_send(self, end: int, chance: int) -> None:
        end = self.send_end(end)
        if chance == 7:
            self.do(f"close_send {end}", lambda channel: channel.close_send(end))

    @rule(end=ENDS, chance=st.integers(0, 7))
    def close_receive(self, end: int, chance: int) -> None:
        end = self.receive_end(end)
        if chance == 7:
            self.do(f"close_receive {end}", lambda channel: channel.close_receive(end))

    @rule(chance=st.integers(0, 15))
    def end(self, chance: int) -> None:
        if chance == 9:
            self.do("finish", lambda channel: channel.finish())
        elif chance == 7 and self.model.counted:
            self.do("close_dead", lambda channel: channel.close_dead())

    @rule(end=ENDS, chance=st.integers(0, 15))
    def suspend_or_resume(self, end: int, chance: int) -> None:
        end = self.receive_end(end)
        if self.model.receive_ends[end].suspended:
            self.do(f"resume {end}", lambda channel: channel.resume(end))
        elif chance == 7:
            self.do(f"suspend {end}", lambda channel: channel.suspend(end))

    def teardown(self) -> None:
        for number in reversed(self.model.waiting()):
            if self.model.calls[number].answer is None:
                self.cancel_call(number)
        for end in range(len(self.model.receive_ends)):  # what is left, in order
            while not self.model.receive_ends[end].closed and self.model.queue:
                left = len(self.model.queue)
                self.receive_nowait(end)
                if len(self.model.queue) == left:
                    break
        problem = trio.run(replay, self.options, self.steps, clock=MockClock(autojump_threshold=0))
        assert problem is None, problem


TestModel = Machine.TestCase
TestModel.settings = settings(stateful_step_count=40)


def spoil(
    kind: type[Any], name: str, wrong: Callable[..., Any]
) -> tuple[type[Any], str, Callable[..., Any]]:
    """Return what replaces a method: a function of the right one and its arguments."""
    right = getattr(kind, name)
    return kind, name, lambda *args, **options: wrong(right, *args, **options)


def last_waiter_first(_: object, state: CountedState, item: Any) -> None:
    task, seat = state.receivers.popitem(last=True)
    state.hold(seat.hand, item)
    trio.lowlevel.reschedule(task, Value(seat.present(item)))


def uncounted_drop(_: object, state: ChannelState) -> None:
    state.queue.popleft()


def stop_counts(
    right: Callable[..., Any], state: CountedState, hand: Any, error: Any, *, stopped: bool
) -> Any:
    for entry in hand.held if stopped else ():
        entry.attempts += 1
    return right(state, hand, error, stopped=stopped)


SPOILED: dict[str, tuple[type[Any], str, Callable[..., Any]]] = {
    "the last that waits is served first": (CountedState, "hand_over", last_waiter_first),
    "a drop is not counted": (ChannelState, "drop_queued", uncounted_drop),
    "a stop counts as an attempt": (CountedState, "settle", stop_counts),
}


@pytest.mark.parametrize("fault", SPOILED)
def test_a_spoiled_channel_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that `TestModel`, which finds nothing, shows that there is nothing."""
    monkeypatch.setattr(*spoil(*SPOILED[fault]))
    few = settings(  # the same examples each time, and none made simpler
        max_examples=300,
        stateful_step_count=40,
        phases=[Phase.generate],
        derandomize=True,
        deadline=None,
        database=None,
    )
    with pytest.raises(AssertionError, match="model"):
        run_state_machine_as_test(Machine, settings=few)
