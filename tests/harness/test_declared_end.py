"""A declared end is an argument: whoever uses it as the end itself is told what to do instead."""

from __future__ import annotations

import contextlib
import copy
import inspect
import pickle
import pprint
from collections.abc import AsyncIterable, Callable, Coroutine
from typing import Any

import pytest
import trio

import trioharness as th
from tests.harness._pieces import send_all, take_all

CURE = "give it to a component as an argument of its own in add()"


@pytest.fixture
def app() -> th.Harness:
    return th.Harness("shop")


@pytest.fixture
def ends(app: th.Harness) -> tuple[Any, Any]:
    return app.channel(int, 5, name="numbers")


def drive(coroutine: Coroutine[object, object, object]) -> None:
    """Run what must fail before it first waits."""
    with contextlib.closing(coroutine):
        coroutine.send(None)


async def iterate(end: Any) -> None:
    async for _ in end:
        pass


async def enter(end: Any) -> None:
    async with end:
        pass


def enter_with(end: Any) -> None:
    with end:
        pass


USES: list[tuple[Callable[[Any], object], str]] = [
    (lambda end: drive(end.send(1)), "'send'"),
    (lambda end: drive(end.receive()), "'receive'"),
    (lambda end: end.clone(), "'clone'"),
    (lambda end: end.close(), "'close'"),
    (lambda end: end.statistics(), "'statistics'"),
    (lambda end: end.channel.dead, "'channel'"),
    (enter_with, "'with'"),
    (lambda end: drive(enter(end)), "'async with'"),
    (lambda end: drive(iterate(end)), "'async for'"),
    (anext, "'async for'"),
]


@pytest.mark.parametrize(("use", "what"), USES)
def test_a_use_outside_of_a_run(
    ends: tuple[Any, Any], use: Callable[[Any], object], what: str
) -> None:
    for end, side in zip(ends, ("send", "receive"), strict=True):
        with pytest.raises(th.EndNotOpen) as caught:
            use(end)
        sentence = str(caught.value)
        assert sentence.startswith(f"<declared {side} end of channel 'numbers'>: it was ")
        assert what in sentence
        assert CURE in sentence


def test_the_error_is_of_both_trees(ends: tuple[Any, Any]) -> None:
    with pytest.raises(th.ConfigurationError):
        ends[0].send_nowait(1)
    with pytest.raises(AttributeError):
        ends[0].send_nowait(1)


def test_tools_that_look_get_an_honest_answer(ends: tuple[Any, Any]) -> None:
    for end in ends:
        assert not hasattr(end, "send")
        assert not hasattr(end, "receive")
        assert not hasattr(end, "_anything")
        assert getattr(end, "clone", None) is None
        assert not callable(end)
        assert not inspect.isawaitable(end)
        assert inspect.unwrap(end) is end
        assert not isinstance(end, trio.abc.AsyncResource)
        assert "numbers" in pprint.pformat([end])
        assert isinstance(end, AsyncIterable), "else `async for` would not get to its own words"


def test_it_is_equal_to_itself_alone(app: th.Harness) -> None:
    ends: list[object] = [*app.channel(int, 5, name="a"), *app.channel(int, 5, name="b")]
    assert len(set(ends)) == 4
    for one in ends:
        assert [one == other for other in ends] == [one is other for other in ends]


def test_a_copy_is_an_end_of_the_same_channel(app: th.Harness, ends: tuple[Any, Any]) -> None:
    send, receive = map(copy.copy, ends)
    assert repr(send) == repr(ends[0])
    got: list[int] = []
    app.add(send_all, send, [1, 2])
    app.add(take_all, receive, got)
    app.run()
    assert got == [1, 2]


def pickled(end: Any) -> Any:
    return pickle.loads(pickle.dumps(end))  # noqa: S301


DOUBLES: list[Callable[[Any], Any]] = [copy.deepcopy, pickled]


@pytest.mark.parametrize("double", DOUBLES)
def test_a_double_of_the_channel_is_a_stranger(
    app: th.Harness, ends: tuple[Any, Any], double: Callable[[Any], Any]
) -> None:
    stranger = double(ends[0])
    assert repr(stranger) == repr(ends[0])
    with pytest.raises(th.ConfigurationError, match="was declared by another harness"):
        app.add(send_all, stranger, [1])


def test_a_half_made_one_has_no_endless_recursion(ends: tuple[Any, Any]) -> None:
    half_made: Any = object.__new__(ends[0].__class__)
    with pytest.raises(AttributeError):
        repr(half_made)
    with pytest.raises(AttributeError):
        half_made.send  # noqa: B018


def test_it_cannot_be_changed(ends: tuple[Any, Any]) -> None:
    with pytest.raises(AttributeError):
        ends[0].sends = False


async def test_a_supervisor_passes_it_on_and_its_use_says_what_is_wrong(
    ends: tuple[Any, Any],
) -> None:
    got: list[int] = []
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor(max_restarts=0, observer=lambda _: None) as supervisor:
            supervisor.start_soon(take_all, ends[1], got)
    (error,) = caught.value.exceptions
    assert isinstance(error, th.EndNotOpen)
    assert CURE in str(error)


@pytest.mark.usefixtures("virtual_time")
def test_a_component_that_reaches_around_its_arguments(
    app: th.Harness, ends: tuple[Any, Any]
) -> None:
    async def reaches() -> None:
        await ends[0].send(1)

    app.add(reaches, restart="temporary", name="reaches")
    errors: list[th.Exit] = []

    def observe(event: th.Event) -> None:
        if isinstance(event, th.ChildEnded) and event.path == "shop/reaches":
            errors.append(event.exit)

    app._observer = observe
    app.run()
    (exit,) = errors
    assert isinstance(exit, th.Crashed)
    assert CURE in str(exit.error)


def test_no_view_of_it_can_be_made_and_the_error_says_where(ends: tuple[Any, Any]) -> None:
    for view in (th.filtered, th.mapped):
        with pytest.raises(th.ConfigurationError) as caught:
            view(ends[1], bool)
        name = view.__name__
        assert f"so call {name}() there" in str(caught.value)
        assert "what a harness declares becomes one in the component" in str(caught.value)
