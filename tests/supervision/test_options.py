"""Whatever cannot be is refused where it is given, with the offender and the cure."""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import forever


async def generates() -> AsyncGenerator[None]:
    yield


def generates_at_once() -> Generator[None]:
    yield


class Methods:
    async def generates(self) -> AsyncGenerator[None]:
        yield

    @contextlib.asynccontextmanager
    async def opens(self) -> AsyncGenerator[None]:
        yield

    @classmethod
    async def generates_too(cls) -> AsyncGenerator[None]:
        yield


NO_DURATIONS = [-1, -0.1, math.nan, "1", None, True]

OPTIONS: list[tuple[str, object, str]] = [
    ("restart", "always", "choose one of 'permanent', 'transient', 'temporary'"),
    ("restart", None, "choose one of"),
    ("restart", ["permanent"], "choose one of"),
    ("name", "", "give a text without '/', not empty"),
    ("name", "a/b", "give a text without '/', not empty"),
    ("name", 7, "give a text without '/', not empty"),
    *(("grace", value, "give seconds, 0 or more") for value in NO_DURATIONS),
    ("backoff", 1.0, "give Backoff(initial, maximum)"),
    ("backoff", th.Backoff, "give Backoff(initial, maximum)"),
    ("background", "no", "give True or False"),
    ("background", 0, "give True or False"),
    ("significant", "yes", "give True or False"),
    ("significant", 1, "give True or False"),
    ("significant", None, "give True or False"),
    ("needs", ["a"], "give needs={'keyword': child}"),
    ("needs", None, "give needs={'keyword': child}"),
    ("needs", {1: 2}, "give needs={'keyword': child}"),
    ("needs", {"no keyword": 2}, "give needs={'keyword': child}"),
    ("after", "abc", "give after=[child]"),
    ("after", 7, "give after=[child]"),
]


@pytest.mark.parametrize(("option", "value", "cure"), OPTIONS)
@pytest.mark.parametrize("soon", [True, False])
async def test_options_of_a_child(
    autojump_clock: MockClock, option: str, value: object, cure: str, soon: bool
) -> None:
    options: dict[str, Any] = {option: value}
    async with th.open_supervisor("s") as sup:
        calls: dict[bool, Callable[..., Any]] = {True: sup.start_soon, False: sup.start}
        with pytest.raises(th.ConfigurationError) as caught:
            result = calls[soon](forever, **options)
            await result
        assert sup.children == {}
    assert cure in caught.value.cure
    assert caught.value.problem.startswith(f"{option}={value!r} ")
    named = value if option == "name" and value else "forever"
    assert caught.value.subject == f"component {named!r}"


@pytest.mark.parametrize("soon", [True, False])
async def test_what_never_ends_for_good_cannot_be_significant(
    autojump_clock: MockClock, soon: bool
) -> None:
    async with th.open_supervisor("s", auto_shutdown="any_significant") as sup:
        calls: dict[bool, Callable[..., Any]] = {True: sup.start_soon, False: sup.start}
        with pytest.raises(th.ConfigurationError) as caught:
            await calls[soon](forever, name="c", restart="permanent", significant=True)
        assert sup.children == {}
    assert str(caught.value) == (
        "component 'c': it is significant and permanent, so that it never ends for good; "
        "make it transient or temporary, or not significant"
    )


SUPERVISOR_OPTIONS: list[tuple[str, object, str]] = [
    ("name", "", "give a text without '/', not empty"),
    ("name", "a/b", "give a text without '/', not empty"),
    ("name", None, "give a text without '/', not empty"),
    ("strategy", "one_for_none", "choose one of 'one_for_one', 'one_for_all', 'rest_for_one'"),
    ("max_restarts", -1, "give a whole number, 0 or more"),
    ("max_restarts", 1.5, "give a whole number, 0 or more"),
    ("max_restarts", True, "give a whole number, 0 or more"),
    ("within", 0, "give seconds, more than 0"),
    ("within", -1, "give seconds, more than 0"),
    ("within", math.nan, "give seconds, more than 0"),
    ("within", "60", "give seconds, more than 0"),
    ("stay", 1, "give True or False"),
    *(("cancel_grace", value, "give seconds, 0 or more") for value in NO_DURATIONS),
    ("observer", 7, "give a function of one event"),
]


@pytest.mark.parametrize(("option", "value", "cure"), SUPERVISOR_OPTIONS)
async def test_options_of_a_supervisor(
    autojump_clock: MockClock, option: str, value: object, cure: str
) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(th.ConfigurationError) as caught:
        async with th.open_supervisor(**options):
            raise AssertionError("unreachable")
    assert caught.value.cure == cure
    assert option in str(caught.value)
    assert repr(value) in caught.value.problem


@pytest.mark.parametrize("value", NO_DURATIONS)
async def test_the_grace_of_a_drain(autojump_clock: MockClock, value: Any) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(forever)
        with pytest.raises(th.ConfigurationError, match=r"supervisor 's': grace=.* is no duration"):
            sup.drain(value)
        assert repr(sup).endswith("open>")
        await child.stop()


@pytest.mark.parametrize(
    ("children", "sentence"),
    [
        (7, "children=7 is no list of specs; give children=[Spec(component, *args)]"),
        ("abc", "children='abc' is no list of specs; give children=[Spec(component, *args)]"),
        ([th.Spec(forever), 7], "child 7 is no Spec; give Spec(component, *args)"),
        (["forever"], "child 'forever' is no Spec; give Spec(component, *args)"),
    ],
)
def test_the_children_of_a_group(children: Any, sentence: str) -> None:
    with pytest.raises(th.ConfigurationError) as caught:
        th.Group("g", children)
    assert str(caught.value) == f"group 'g': {sentence}"


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"needs": {"x": 7}}, th.UnknownNeedError, "x=7 is no child"),
        ({"after": [None]}, th.UnknownNeedError, "after=None is no child"),
        ({"needs": []}, th.ConfigurationError, "needs=[] is no mapping of keywords"),
        ({"significant": "yes"}, th.ConfigurationError, "significant='yes' is no yes or no"),
        ({"health": 5}, th.ConfigurationError, "health=5 is no Health"),
        ({"start_within": -1}, th.ConfigurationError, "start_within=-1 is no duration"),
    ],
)
def test_a_spec_is_checked_where_it_is_made(
    options: dict[str, Any], error: type[Exception], problem: str
) -> None:
    with pytest.raises(th.ConfigurationError) as caught:
        th.Spec(forever, **options)
    assert type(caught.value) is error
    assert (caught.value.subject, caught.value.problem) == ("component 'forever'", problem)
    assert caught.value.cure


BACKOFFS: list[tuple[dict[str, Any], str]] = [
    ({"initial": -1}, r"Backoff\(initial=\): -1 is wrong; give seconds, 0 or more"),
    ({"initial": math.nan}, "give seconds, 0 or more"),
    ({"maximum": "30"}, r"Backoff\(maximum=\): '30' is wrong"),
    ({"factor": 0.5}, r"Backoff\(factor=\): 0.5 is wrong; give a number, 1 or more"),
    ({"jitter": 1.1}, r"Backoff\(jitter=\): 1.1 is wrong; give a share from 0 to 1"),
    ({"jitter": True}, "give a share from 0 to 1"),
]


@pytest.mark.parametrize(("options", "sentence"), BACKOFFS)
def test_options_of_a_backoff(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(th.ConfigurationError, match=sentence):
        th.Backoff(**options)


@pytest.mark.parametrize(
    ("component", "sentence"),
    [
        (7, "component: 7 is not callable; give an async function"),
        (None, "component: None is not callable"),
        (generates, "component 'generates': it is an async generator function; decorate it with"),
        (Methods().generates, "component 'Methods.generates': it is an async generator function"),
        (Methods.generates_too, "component 'Methods.generates_too': it is an async generator"),
        (generates_at_once, "component 'generates_at_once': it is a generator function; make it"),
        (generates(), "component 'generates': it was called already, so that there is an async"),
    ],
)
async def test_what_is_no_component(
    autojump_clock: MockClock, component: Any, sentence: str
) -> None:
    async with th.open_supervisor() as sup:
        calls: Any = (sup.start_soon, sup.start)
        for call in calls:
            with pytest.raises(th.ComponentTypeError) as caught:
                await call(component)
            assert str(caught.value).startswith(sentence)
        assert sup.children == {}


async def test_a_coroutine_is_no_component(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        coroutine: Any = forever()
        with pytest.raises(
            th.ComponentTypeError, match=r"give the function and its arguments, \(forever, arg\)"
        ):
            sup.start_soon(coroutine)
        # No warning that it was never awaited follows: warnings are errors here.


async def test_a_method_that_opens_is_one(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(Methods().opens)
        assert child.state == "ready"


async def test_every_refusal_is_a_value_error_of_ours() -> None:
    error = th.ComponentTypeError("component 'x'", "it is wrong", "make it right")
    assert isinstance(error, th.ConfigurationError)
    assert isinstance(error, th.TrioharnessError)
    assert isinstance(error, ValueError)
    assert isinstance(error, TypeError)
    assert str(error) == "component 'x': it is wrong; make it right"


async def test_nothing_is_left_of_a_refused_child(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor() as sup:
        kept = await sup.start(forever, name="a")
        with pytest.raises(th.DuplicateNameError):
            sup.start_soon(forever, send, name="a", needs={"x": kept})
        await kept.stop()
    send.send_nowait(1)
    send.close()
    assert [number async for number in receive] == [1]
    assert trio.current_time() == 0
