"""The crash story: the user's frames and words, nobody else's, and never too many."""

from __future__ import annotations

import contextlib
import gc
import itertools
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import cast

import outcome
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

import trioharness as th
import trioharness.observe
from trioharness._errors import RestartLimitExceeded
from trioharness._events import (
    ChildEnded,
    Crashed,
    Exit,
    Fate,
    Ignored,
    InHand,
    Returned,
    ShutDown,
    Stopped,
)
from trioharness.observe import crash_story, restart_limit_story

PLUMBING = [
    str(Path(trio.__file__).parent),
    str(Path(outcome.__file__).parent),
    str(Path(trioharness.observe.__file__).parents[1]),
    str(contextlib.__file__),
]


def ended(exit: Exit, *, ready: bool = True, in_hand: tuple[InHand, ...] = ()) -> ChildEnded:
    return ChildEnded(
        path="shop/parse-2", incarnation=3, time=1.5, exit=exit, ready=ready, in_hand=in_hand
    )


def story(error: Exception) -> str:
    return crash_story(ended(Crashed(error)))


def caught(fn: Callable[..., object], *args: object) -> Exception:
    try:
        fn(*args)
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def crash_of(fn: Callable[[], Awaitable[object]]) -> Exception:
    return caught(trio.run, fn)


def held(number: int, fate: Fate = "returned") -> InHand:
    return InHand(
        channel="files", message=f"File({number})", attempt=2, max_deliveries=3, fate=fate
    )


def run_as(module: str, path: str, fn: Callable[[], object]) -> None:
    """Call `fn` from a function of `module` in the file `path`."""
    names: dict[str, Callable[[Callable[[], object]], object]] = {}
    source = "def call_it(fn):\n    fn()\n"
    exec(compile(source, path, "exec"), {"__name__": module}, names)  # noqa: S102
    names["call_it"](fn)


def fail() -> None:
    raise OSError("the disk is gone")


@contextlib.asynccontextmanager
async def connection() -> AsyncGenerator[None]:
    async with trio.open_nursery():
        yield


async def component() -> None:
    async with connection():
        await trio.lowlevel.checkpoint()
        fail()


async def parent() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(component)
        nursery.start_soon(trio.sleep_forever)


# -- which frames ---------------------------------------------------------------------------------


def test_only_the_users_frames_are_told() -> None:
    text = story(crash_of(parent))
    assert "OSError: the disk is gone" in text
    assert f"{__file__}:" in text
    assert "in component: fail()" in text
    assert 'in fail: raise OSError("the disk is gone")' in text
    assert not [path for path in PLUMBING if path in text]
    assert "nursery" not in text


async def test_an_error_raised_by_trio_ends_at_the_users_call() -> None:
    send, receive = trio.open_memory_channel[int](0)
    receive.close()
    with pytest.raises(trio.BrokenResourceError) as raised:
        await send.send(1)
    text = story(raised.value)
    assert "BrokenResourceError" in text
    assert text.endswith("await send.send(1)")


def test_frames_are_told_apart_by_module_not_by_path() -> None:
    error = caught(run_as, "shop.trio.main", "/srv/trio/outcome/shop.py", fail)
    assert "/srv/trio/outcome/shop.py:2 in call_it" in story(error)
    error = caught(run_as, "trioharness.channels._x", "/srv/shop.py", fail)
    assert "/srv/shop.py" not in story(error)


def test_context_managers_are_left_out() -> None:
    def leave() -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(fail)

    text = story(caught(leave))
    assert "in fail: raise" in text
    assert str(contextlib.__file__) not in text


def test_the_last_frame_is_kept_where_none_is_the_users() -> None:
    error = caught(run_as, "outcome", "/srv/inner.py", fail)
    # As if all of it had happened inside: drop the frames of this file from both sides.
    inner = error.__traceback__
    while inner is not None and inner.tb_frame.f_code.co_filename != "/srv/inner.py":
        inner = inner.tb_next
    assert inner is not None
    inner.tb_next = None
    text = story(error.with_traceback(inner))
    assert text.endswith("  /srv/inner.py:2 in call_it")


async def test_an_error_of_ours_without_the_users_frames_has_none() -> None:
    ends: list[th.ChildEnded] = []

    def observe(event: th.Event) -> None:
        if isinstance(event, th.ChildEnded):
            ends.append(event)

    async with th.open_supervisor("s", observer=observe) as sup:
        sup.start_soon(th.command(["sh", "-c", "exit 3"]), name="c", restart="temporary")
    assert crash_story(ends[0]).splitlines() == [
        "'s/c' crashed (incarnation 1, after it was ready)",
        "CommandFailed: 'sh' exited with code 3; its output is in the log",
    ]


def test_deep_recursion_is_told_by_its_two_ends() -> None:
    def dig(depth: int) -> None:
        if depth == 0:
            fail()
        dig(depth - 1)

    lines = story(caught(dig, 100)).splitlines()
    assert len(lines) < 20
    assert any(" frames left out" in line for line in lines)
    assert "in caught: fn(*args)" in lines[2]
    assert "in fail: raise" in lines[-1]


# -- what else belongs to an error ----------------------------------------------------------------


def test_each_leaf_of_a_group_has_its_own_frames() -> None:
    async def second() -> None:
        try:
            await trio.sleep_forever()
        finally:
            _ = 1 // 0

    async def both() -> None:
        async with trio.open_nursery() as outer, trio.open_nursery() as nursery:
            outer.start_soon(second)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(component)

    text = story(crash_of(both))
    assert "\n2 errors\n" in text
    assert "in fail: raise OSError" in text
    assert "second: _ = 1 // 0" in text
    assert "raised while handling Cancelled" in text
    assert {line[:3] for line in text.splitlines() if line[:1].isdigit()} == {"2 e", "1. ", "2. "}


def test_messages_and_notes_of_groups_are_told_but_not_trios_own() -> None:
    inner = ExceptionGroup("bad orders", [ValueError("x"), ValueError("y")])
    inner.add_note("in batch 7")
    text = story(ExceptionGroup("Exceptions from Trio nursery", [inner]))
    assert (
        "ExceptionGroup: bad orders\nnote: in batch 7\n1. ValueError: x\n2. ValueError: y" in text
    )
    assert "Trio" not in text


def test_a_large_group_is_cut() -> None:
    text = story(ExceptionGroup("bad orders", [ValueError(number) for number in range(9)]))
    assert text.endswith("5. ValueError: 4\n... and 4 more errors")


def test_many_notes_are_cut() -> None:
    error = ValueError("x")
    for number in range(9):
        error.add_note(str(number))
    assert story(error).endswith("note: 4\n... and 4 more notes")


def test_notes_are_told() -> None:
    error = ValueError("x")
    error.add_note("while reading\n    orders.csv")
    assert story(error).endswith("ValueError: x\nnote: while reading\n        orders.csv")


def test_causes_are_told_in_a_line_each() -> None:
    def cure() -> None:
        try:
            fail()
        except OSError as error:
            raise KeyError("order") from error

    def outer() -> None:
        try:
            cure()
        except KeyError:
            raise RuntimeError("no order") from None

    text = story(caught(cure))
    assert "\ncaused by OSError: the disk is gone (" in text
    assert text.count("\n") == 4
    assert f"{__file__}:" in text.splitlines()[-1]
    assert "KeyError" not in story(caught(outer))


def test_an_error_raised_in_a_handler_tells_what_was_handled() -> None:
    def handler() -> None:
        try:
            fail()
        except OSError:
            int("seven")

    assert "\nraised while handling OSError: the disk is gone (" in story(caught(handler))


def test_causes_in_a_circle_end() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert story(one).endswith("ValueError: one\ncaused by ValueError: two")


def test_a_long_chain_is_cut() -> None:
    error = first = ValueError("0")
    for number in range(1, 50):
        error.__cause__ = ValueError(str(number))
        error = error.__cause__
    text = story(first)
    assert text.count("caused by") == 5
    assert text.endswith("... and earlier errors")


def test_a_syntax_error_tells_the_line_it_is_about() -> None:
    error = caught(compile, "x = 1\ndef f(:\n", "/srv/x.py", "exec")
    assert "SyntaxError: invalid syntax (x.py, line 2)\n  /srv/x.py:2: def f(:\n" in story(error)


def test_a_syntax_error_that_knows_no_line() -> None:
    assert story(SyntaxError("source code string cannot contain null bytes")).endswith("null bytes")


# -- who, and what was in hand --------------------------------------------------------------------


def test_the_first_line_says_who_and_when() -> None:
    first = "'shop/parse-2' crashed (incarnation 3, {} it was ready)\nValueError: x"
    crash = Crashed(ValueError("x"))
    assert crash_story(ended(crash)) == first.format("after")
    assert crash_story(ended(crash, ready=False)) == first.format("before")


@pytest.mark.parametrize(
    ("exit", "expected"),
    [
        (Returned(), "'shop/parse-2' returned ("),
        (Stopped("drain"), "'shop/parse-2' stopped, as told: drain ("),
        (
            Stopped("drain", OSError("x")),
            "'shop/parse-2' was told to stop (drain) and its clean-up raised (",
        ),
    ],
)
def test_other_ends_have_a_story_too(exit: Exit, expected: str) -> None:
    text = crash_story(ended(exit))
    assert text.startswith(expected)
    assert ("\nOSError: x" in text) == ("raised" in expected)


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        ("acknowledged", "acknowledged, done with"),
        ("returned", "back in front of its channel"),
        ("dead", "now a dead letter"),
    ],
)
def test_the_message_in_hand_is_told(fate: Fate, expected: str) -> None:
    text = crash_story(ended(Crashed(ValueError("x")), in_hand=(held(1, fate),)))
    line = f"in hand: File(1) from channel 'files', delivery 2 of 3: {expected}"
    assert text.splitlines()[1] == line


def test_a_batch_in_hand_is_cut() -> None:
    batch = tuple(held(number) for number in range(1_000))
    text = crash_story(ended(Crashed(ValueError("x")), in_hand=batch))
    assert text.count("in hand: ") == 5
    assert "... and 995 more messages in hand" in text


def test_what_happens_then_is_the_last_line() -> None:
    text = crash_story(ended(Crashed(ValueError("x"))), then="it restarts\nnow")
    assert text.endswith("\nit restarts now")


# -- always, and always bounded -------------------------------------------------------------------


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


def refuse(_: object) -> None:
    raise RuntimeError("not here")


def broken(name: str, attribute: str) -> Exception:
    """An error of a class that no type checker would let anybody write."""
    made = type(name, (Exception,), {attribute: property(refuse)})
    return cast("Exception", made("x"))


def syntax_error(*, filename: object) -> Exception:
    error = SyntaxError("x", ("x.py", 1, 1, "y"))
    setattr(error, "filename", filename)  # noqa: B010 - its type says str
    return error


def noted(notes: object) -> Exception:
    error = ValueError("x")
    vars(error)["__notes__"] = notes
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Mute(), "Mute: <str of Mute failed>"),
        (broken("Faceless", "__class__"), "Faceless: x"),
        (broken("Uncaused", "__cause__"), "Uncaused: x"),
        (noted(7), "ValueError: x\nnote: 7"),
        (noted([Mute(), None]), "ValueError: x\nnote: <str of Mute failed>\nnote: None"),
        (syntax_error(filename=Mute()), "\n  <str of Mute failed>:1: y"),
    ],
    ids=["str", "class", "cause", "notes", "note", "syntax"],
)
def test_broken_objects_break_no_story(error: Exception, expected: str) -> None:
    text = story(error)
    assert text.startswith("'shop/parse-2' crashed")
    assert expected in text


def test_a_broken_event_breaks_no_story() -> None:
    lost = cast("Fate", "lost")
    event = ended(Crashed(ValueError("x")), in_hand=(held(1, lost),))
    assert crash_story(event) == "'shop/parse-2' ended; the story of it cannot be told"


texts = st.text(max_size=20)
times = st.sampled_from([1, 5_000])


@st.composite
def crashes(draw: st.DrawFn, depth: int = 3) -> Exception:
    error: Exception = Mute()
    if depth and draw(st.booleans()):
        members = draw(st.lists(crashes(depth - 1), min_size=1, max_size=9))
        error = ExceptionGroup(draw(texts), members)
    elif draw(st.booleans()):
        error = ValueError(draw(texts) * draw(times))
    for note in draw(st.lists(texts, max_size=8)):
        error.add_note(note * draw(times))
    if depth and draw(st.booleans()):
        error.__cause__ = draw(crashes(depth - 1))
    return error


@given(crashes(), texts, texts)
def test_a_story_is_bounded_and_printable(error: Exception, message: str, channel: str) -> None:
    hand = InHand(channel=channel, message=message, attempt=1, max_deliveries=2, fate="dead")
    text = crash_story(ended(Crashed(error), in_hand=(hand,)))
    lines = text.split("\n")
    assert len(lines) <= 500
    assert all(line.isprintable() and len(line) <= 1_000 for line in lines)


def test_no_frame_is_kept_alive() -> None:
    class Buffer:
        pass

    alive: list[weakref.ref[Buffer]] = []

    def crash() -> None:
        buffer = Buffer()
        alive.append(weakref.ref(buffer))
        raise Mute from OSError("x")

    gc.disable()  # a cycle through a frame would keep the buffer until the next collection
    try:
        event = ended(Crashed(caught(crash)))
        assert alive[0]() is not None
        text = crash_story(event)
        del event
        assert "buffer = Buffer()" not in text
        assert alive[0]() is None
    finally:
        gc.enable()


# -- the end of a supervisor ----------------------------------------------------------------------


def attempts(*messages: str) -> RestartLimitExceeded:
    errors: list[Exception] = []
    for number, message in enumerate(messages, 1):
        error = ValueError(message)
        error.add_note(f"shop/parse-2, incarnation {number}, at {number}.000 s")
        errors.append(error)
    return RestartLimitExceeded("shop", "2 restarts in 60 s", errors)


def test_giving_up_tells_the_whole_history_in_order() -> None:
    assert restart_limit_story(attempts("a", "b")).splitlines() == [
        "supervisor 'shop' gave up: more than 2 restarts in 60 s",
        "1. ValueError: a",
        "   note: shop/parse-2, incarnation 1, at 1.000 s",
        "2. ValueError: b",
        "   note: shop/parse-2, incarnation 2, at 2.000 s",
    ]


def test_the_same_error_again_is_not_told_again() -> None:
    def crash() -> None:
        fail()

    errors = [caught(crash) for _ in range(3)]
    text = restart_limit_story(RestartLimitExceeded("shop", "2 restarts in 60 s", errors))
    assert text.count("in fail: raise") == 1
    assert text.endswith(
        "2. OSError: the disk is gone (as before)\n3. OSError: the disk is gone (as before)"
    )


def test_a_long_history_tells_its_end() -> None:
    text = restart_limit_story(attempts(*(f"number {n}" for n in range(1, 101))))
    assert "... 80 earlier errors left out\n81. ValueError: number 81\n" in text
    assert "100. ValueError: number 100\n" in text
    assert "number 80" not in text


def test_giving_up_inside_giving_up() -> None:
    outer = RestartLimitExceeded("root", "1 restart in 5 s", [attempts("a", "b"), ValueError("c")])
    text = restart_limit_story(outer)
    assert text.startswith("supervisor 'root' gave up")
    order = [text.index(words) for words in ("'shop' gave up", "ValueError: a", "ValueError: c")]
    assert all(first < second for first, second in itertools.pairwise(order))


def test_a_broken_history_is_told_in_one_line() -> None:
    class Broken(RestartLimitExceeded):
        @property
        def exceptions(self) -> tuple[Exception, ...]:
            raise RuntimeError("no members")

    text = restart_limit_story(Broken("shop", "2 restarts in 60 s", [ValueError("a")]))
    assert text == "Broken: <cannot be shown>"


@pytest.mark.parametrize(
    ("exit", "words"),
    [
        (Ignored(), "declined to start"),
        (Ignored("there is\nno disk"), "declined to start: there is no disk"),
        (ShutDown("closing time"), "ended on purpose: closing time"),
    ],
)
def test_an_end_that_was_meant_is_told_with_its_reason(exit: Exit, words: str) -> None:
    told = crash_story(ended(exit, ready=False))
    assert told == f"'shop/parse-2' {words} (incarnation 3, before it was ready)"
