"""Describing an application: what is wired to what, and what is refused before anything starts."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import AsyncGenerator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

import trioharness as th
from tests.harness._pieces import Order, forever, living, noted, send_all, take_all


async def nothing() -> None:
    pass


async def gives(value: object, *, task_status: th.TaskStatus[object]) -> None:
    task_status.started(value)
    await trio.sleep_forever()


async def takes(into: list[object], **needed: object) -> None:
    into.append(needed)


def test_a_pipeline_by_its_ends() -> None:
    app = th.Harness("shop")
    send, receive = app.channel(int, 2)
    got: list[int] = []
    app.add(send_all, send, [1, 2, 3])
    app.add(take_all, receive, got)
    assert app.run().ended == "done"
    assert got == [1, 2, 3]


def test_ends_that_are_taken_by_keyword() -> None:
    async def source(*, out: th.SendChannel[int]) -> None:
        await out.send(1)

    app = th.Harness("shop")
    send, receive = app.channel(int, 2)
    got: list[int] = []
    app.add(partial(source, out=send))
    app.add(partial(take_all, receive, into=got))
    app.run()
    assert got == [1]


def test_what_a_component_needs_comes_by_keyword() -> None:
    app = th.Harness("shop")
    got: list[object] = []
    one = app.add(gives, 1, name="one", background=True)
    app.add(takes, got, needs={"by_handle": one, "by_name": "two"})
    app.add(gives, 2, name="two", background=True)
    app.run()
    assert got == [{"by_handle": 1, "by_name": 2}]


def test_the_live_value_of_a_context_manager() -> None:
    app = th.Harness("shop")
    got: list[object] = []
    app.add(takes, got, needs={"database": app.add(noted, "db", [])})
    app.run()
    assert got == [{"database": "db"}]


@pytest.mark.usefixtures("virtual_time")
def test_after_is_order_alone(events: list[th.Event]) -> None:
    async def slow(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1)
        task_status.started()

    app = th.Harness("shop", observer=events.append)
    app.add(nothing, name="last", after=["forward", "copies"])
    app.add(slow, name="copies", copies=2)
    app.add(slow, name="forward")
    app.run()
    ready = [event.path for event in events if isinstance(event, th.ChildReady)]
    assert sorted(ready[:3]) == ["shop/copies-1", "shop/copies-2", "shop/forward"]
    assert ready[3:] == ["shop/last"]


def test_copies_share_the_work() -> None:
    async def work(end: th.ReceiveChannel[int], into: list[int]) -> None:
        async with end:
            into.append(await end.receive())
            await together.wait_for_others()

    class Together:
        """Lets nobody go on until three are there, so that no copy can do the work of two."""

        def __init__(self) -> None:
            self.here = 0
            self.all_here = trio.Event()

        async def wait_for_others(self) -> None:
            self.here += 1
            if self.here == 3:
                self.all_here.set()
            await self.all_here.wait()

    together = Together()
    app = th.Harness("shop")
    send, receive = app.channel(int, 0)
    got: list[int] = []
    app.add(send_all, send, [1, 2, 3])
    app.add(work, receive, got, copies=3)
    app.run()
    assert sorted(got) == [1, 2, 3]


def test_names_of_components() -> None:
    class Work:
        async def __call__(self) -> None:
            pass

    app = th.Harness("shop")
    names = [
        app.add(nothing).name,
        app.add(partial(send_all, numbers=[1]), 1).name,
        app.add(Work()).name,
        app.add(nothing, name="given").name,
        app.add(lambda: noted("a", [])).name,
    ]
    assert names == ["nothing", "send_all", "Work", "given", "<lambda>"]


def test_names_of_channels() -> None:
    app = th.Harness("shop")
    app.channel(Order, 1)
    app.channel(Order | int, 1)
    app.channel(list[int], 1)
    app.channel(int, 1, name="numbers")
    app.channel(Order, 1)
    app.channel(Order, 1)
    receipt = app.run()
    assert [channel.name for channel in receipt.channels] == [
        "Order",
        "Order | int",
        "list[int]",
        "numbers",
        "Order-2",
        "Order-3",
    ]


def test_it_says_what_it_is() -> None:
    app = th.Harness("shop")
    send, receive = app.channel(Order, 1, name="orders")
    one, many = app.add(nothing), app.add(forever, copies=3)
    assert repr(app) == "<Harness 'shop': 2 components, 1 channels>"
    assert repr(one) == "<declared component 'nothing'>"
    assert repr(many) == "<declared component 'forever' x 3>"
    assert repr(send) == "<declared send end of channel 'orders'>"
    assert repr(receive) == "<declared receive end of channel 'orders'>"


def test_each_run_has_channels_of_its_own() -> None:
    seen: list[object] = []

    async def look(end: th.ReceiveChannel[int]) -> None:
        seen.append(end.channel)
        assert [number async for number in end] == [1, 2]

    app = th.Harness("shop")
    send, receive = app.channel(int, 5)
    app.add(send_all, send, [1, 2])
    app.add(look, receive)
    first, second = app.run(), app.run()
    assert seen[0] is not seen[1]
    assert first.channels == second.channels
    assert first.channels[0].sent == 2


def test_a_harness_without_components_is_done() -> None:
    app = th.Harness("shop")
    app.channel(int, 1)
    receipt = app.run()
    assert (receipt.ended, receipt.signal) == ("done", None)


def test_a_harness_of_background_components_is_done_when_it_has_started() -> None:
    diary: list[str] = []
    app = th.Harness("shop")
    app.add(noted, "one", diary)
    app.add(noted, "two", diary, name="two")
    assert app.run().ended == "done"
    assert sorted(diary[:2]) == ["one enters", "two enters"]
    assert sorted(diary[2:]) == ["one exits", "two exits"]


@contextlib.asynccontextmanager
async def database(dsn: str) -> AsyncGenerator[str]:
    yield dsn


async def generator() -> AsyncGenerator[int]:
    yield 1


Refused = Callable[[Any], object]
"""Does with a harness what type checkers would not let one do."""

REFUSED_COMPONENTS: list[tuple[Refused, type[Exception], str, str]] = [
    (lambda app: app.add(5), th.ComponentTypeError, "5 is not callable", "async function"),
    (lambda app: app.add(nothing()), th.ComponentTypeError, "'nothing'", "(nothing, arg)"),
    (lambda app: app.add(database("x")), th.ComponentTypeError, "'database'", "(database, arg)"),
    (lambda app: app.add(generator), th.ComponentTypeError, "'generator'", "asynccontextmanager"),
    (lambda app: app.add(nothing, restart="never"), th.ConfigurationError, "'never'", "permanent"),
    (lambda app: app.add(nothing, grace=-1), th.ConfigurationError, "grace=-1", "0 or more"),
    (lambda app: app.add(nothing, grace=math.nan), th.ConfigurationError, "nan", "0 or more"),
    (lambda app: app.add(nothing, backoff=3), th.ConfigurationError, "backoff=3", "Backoff("),
    (lambda app: app.add(nothing, copies=0), th.ConfigurationError, "copies=0", "1 or more"),
    (lambda app: app.add(nothing, copies=True), th.ConfigurationError, "copies=True", "1 or more"),
    (lambda app: app.add(nothing, copies=1.5), th.ConfigurationError, "copies=1.5", "1 or more"),
    (lambda app: app.add(nothing, background="no"), th.ConfigurationError, "'no'", "True or False"),
    (lambda app: app.add(nothing, name="a/b"), th.ConfigurationError, "'a/b'", "without '/'"),
    (lambda app: app.add(nothing, name=""), th.ConfigurationError, "name=''", "not empty"),
    (lambda app: app.add(nothing, name=5), th.ConfigurationError, "name=5", "give a text"),
    (lambda app: app.add(nothing, needs=["db"]), th.ConfigurationError, "['db']", "needs={"),
    (lambda app: app.add(nothing, needs={5: "db"}), th.ConfigurationError, "key 5", "keyword"),
    (lambda app: app.add(nothing, needs={"a": 5}), th.UnknownNeedError, "needs 5", "a name"),
    (lambda app: app.add(nothing, after="db"), th.ConfigurationError, "after='db'", "after=["),
    (lambda app: app.add(nothing, after=[5]), th.UnknownNeedError, "needs 5", "a name"),
]


@pytest.mark.parametrize(("add", "kind", "offender", "cure"), REFUSED_COMPONENTS)
def test_a_component_that_is_refused(
    add: Refused, kind: type[Exception], offender: str, cure: str
) -> None:
    app = th.Harness("shop")
    with pytest.raises(kind) as caught:
        add(app)
    assert isinstance(caught.value, th.ConfigurationError)
    assert offender in str(caught.value)
    assert cure in str(caught.value)
    assert repr(app) == "<Harness 'shop': 0 components, 0 channels>"


REFUSED_CHANNELS: list[tuple[Refused, str, str]] = [
    (lambda app: app.channel(int, -1), "-1", "0 or more"),
    (lambda app: app.channel(int, 1.5), "1.5", "math.inf"),
    (lambda app: app.channel(int, True), "True", "whole number"),
    (lambda app: app.channel(int, 1, max_deliveries=0), "0", "1 or more"),
    (lambda app: app.channel("Order", 1), "'Order'", "give a class"),
    (lambda app: app.channel(int, 1, name=""), "'' is no name", "give a short string"),
    (lambda app: app.channel(int, 1, name=5), "5 is no name", "give a short string"),
    (lambda app: app.channel(int, 1, overflow="burst"), "'burst'", "drop_oldest"),
    (lambda app: app.topic("Order"), "'Order'", "give a class"),
    (lambda app: app.topic(int, name=""), "'' is no name", "give a short string"),
    (lambda app: app.requests(int, "Reply"), "'Reply'", "give a class"),
    (lambda app: app.requests(int, str, -1), "-1", "0 or more"),
]


@pytest.mark.parametrize(("declare", "offender", "cure"), REFUSED_CHANNELS)
def test_a_channel_that_is_refused(declare: Refused, offender: str, cure: str) -> None:
    app = th.Harness("shop")
    with pytest.raises(th.ConfigurationError) as caught:
        declare(app)
    assert offender in str(caught.value)
    assert cure in str(caught.value)
    assert repr(app) == "<Harness 'shop': 0 components, 0 channels>"


HARNESS: Any = th.Harness

REFUSED_HARNESSES: list[tuple[Callable[[], object], str]] = [
    (lambda: HARNESS(5), "harness 5: name=5"),
    (lambda: HARNESS(None), "harness None: name=None"),
    (lambda: HARNESS(""), "harness '': name=''"),
    (lambda: HARNESS("a/b"), "harness 'a/b': name='a/b'"),
    (lambda: HARNESS("shop", grace=-1), "harness 'shop': grace=-1"),
    (lambda: HARNESS("shop", max_restarts=-1), "max_restarts: -1"),
    (lambda: HARNESS("shop", within=0), "within: 0"),
    (lambda: HARNESS("shop", dead_letters=5), "harness 'shop': dead_letters=5"),
    (lambda: HARNESS("shop", observer=5), "harness 'shop': observer=5"),
]


@pytest.mark.parametrize(("make", "offender"), REFUSED_HARNESSES)
def test_a_harness_that_is_refused(make: Callable[[], object], offender: str) -> None:
    with pytest.raises(th.ConfigurationError) as caught:
        make()
    assert str(caught.value).startswith(offender)
    assert "; give" in str(caught.value)


def duplicate_components(app: th.Harness) -> None:
    app.add(nothing)
    app.add(nothing)


def duplicate_of_a_copy(app: th.Harness) -> None:
    app.add(nothing, copies=2)
    app.add(forever, name="nothing-2")


def copy_of_a_duplicate(app: th.Harness) -> None:
    app.add(forever, name="nothing-2")
    app.add(nothing, copies=2)


@pytest.mark.parametrize(
    ("add", "name"),
    [
        (duplicate_components, "'nothing'"),
        (duplicate_of_a_copy, "'nothing-2'"),
        (copy_of_a_duplicate, "'nothing-2'"),
    ],
)
def test_two_components_of_one_name(add: Refused, name: str) -> None:
    with pytest.raises(th.DuplicateNameError, match=rf"{name}.*give one another name="):
        add(th.Harness("shop"))


def test_a_refused_component_leaves_its_name_free() -> None:
    app = th.Harness("shop")
    app.add(forever, name="a-2")
    with pytest.raises(th.DuplicateNameError):
        app.add(nothing, name="a", copies=2)
    assert app.add(nothing, name="a-1").name == "a-1"


def test_the_name_of_the_dead_letter_writer_is_taken(tmp_path: Path) -> None:
    with pytest.raises(th.DuplicateNameError, match=r"'dead-letters'"):
        th.Harness("shop", dead_letters=tmp_path / "dead").add(nothing, name="dead-letters")
    assert th.Harness("shop").add(nothing, name="dead-letters").name == "dead-letters"


def test_two_channels_of_one_name() -> None:
    app = th.Harness("shop")
    app.channel(int, 1, name="numbers")
    with pytest.raises(th.DuplicateNameError, match=r"channel 'numbers'.*give one another name="):
        app.channel(int, 1, name="numbers")


def test_an_end_of_another_harness() -> None:
    send, _ = th.Harness("other").channel(int, 1)
    app = th.Harness("shop")
    for component in (
        partial(send_all, send),
        partial(send_all, end=send),
        partial(partial(send_all, send)),
    ):
        with pytest.raises(th.ConfigurationError, match=r"<declared send end.*another harness; d"):
            app.add(component, [])
    with pytest.raises(th.ConfigurationError, match=r"<declared send end.*another harness; d"):
        app.add(send_all, send, [])


def test_a_declared_end_cannot_be_passed_on_as_it_is() -> None:
    app = th.Harness("shop")
    send, _ = app.channel(int, 1)
    with pytest.raises(th.EndNotOpen, match=r"marked with as_is.*as an argument of its own"):
        app.add(send_all, th.as_is(send), [])


def test_other_arguments_are_passed_on_as_they_are() -> None:
    real_send, real_receive = th.open_channel(int, 1)
    got: list[object] = []

    async def look(*args: object) -> None:
        got.extend(args)

    app = th.Harness("shop")
    app.add(look, th.as_is(real_receive), th.as_is(5), [real_send])
    app.run()
    assert got == [real_receive, 5, [real_send]]


STARTED: list[str] = []


def stranger_by_name(app: th.Harness) -> None:
    app.add(living, "b", STARTED, name="b", needs={"a": "nobody"})


def stranger_by_handle(app: th.Harness) -> None:
    handle = th.Harness("other").add(forever)
    app.add(living, "b", STARTED, name="b", after=[handle])


def namesake_by_handle(app: th.Harness) -> None:
    handle = th.Harness("other").add(living, name="a")
    app.add(living, "b", STARTED, name="b", needs={"a": handle})


def cycle(app: th.Harness) -> None:
    app.add(living, "b", STARTED, name="b", needs={"x": "c"})
    app.add(living, "c", STARTED, name="c", after=["d"])
    app.add(living, "d", STARTED, name="d", needs={"x": "b"})


def itself(app: th.Harness) -> None:
    app.add(living, "b", STARTED, name="b", needs={"x": "b"})


def copies(app: th.Harness) -> None:
    app.add(living, "b", STARTED, name="b", needs={"x": "many"})
    app.add(living, "many", STARTED, name="many", copies=2)


REFUSED_APPLICATIONS: list[tuple[Refused, type[Exception], list[str]]] = [
    (stranger_by_name, th.UnknownNeedError, ["'b'", "'nobody'", "name one of 'a', 'b'"]),
    (stranger_by_handle, th.UnknownNeedError, ["'b'", "'forever'", "name one of 'a', 'b'"]),
    (namesake_by_handle, th.UnknownNeedError, ["'b'", "'a'", "no component of its supervisor"]),
    (cycle, th.CycleError, ["b -> c -> d -> b", "take one of these out of needs= or after="]),
    (itself, th.CycleError, ["b -> b", "take one"]),
    (copies, th.ConfigurationError, ["'b'", "'many'", "2 copies", "after="]),
]


@pytest.mark.usefixtures("virtual_time")
@pytest.mark.parametrize(("describe", "kind", "words"), REFUSED_APPLICATIONS)
def test_an_application_that_is_refused(
    describe: Refused, kind: type[Exception], words: list[str]
) -> None:
    STARTED.clear()
    app = th.Harness("shop")
    app.add(living, "a", STARTED, name="a")
    describe(app)
    with pytest.raises(kind) as caught:
        app.run()
    assert isinstance(caught.value, th.ConfigurationError)
    assert [word for word in words if word not in str(caught.value)] == []
    assert STARTED == []


@pytest.mark.usefixtures("virtual_time")
def test_dead_letters_that_no_codec_can_write(tmp_path: Path) -> None:
    STARTED.clear()
    file = tmp_path / "dead"
    app = th.Harness("shop", dead_letters=file)
    app.add(living, "a", STARTED, name="a")
    app.channel(object, 1, name="things", max_deliveries=2)
    with pytest.raises(th.ConfigurationError, match=r"channel 'things'.*let it carry @message"):
        app.run()
    assert STARTED == []
    assert not file.exists()


def test_run_inside_of_trio() -> None:
    async def main() -> None:
        await trio.lowlevel.checkpoint()
        th.Harness("shop").run()

    with pytest.raises(th.ConfigurationError, match=r"'shop'.*inside of trio.*open_supervisor"):
        trio.run(main)


def test_run_in_another_thread() -> None:
    errors: list[Exception] = []

    def main() -> None:
        try:
            th.Harness("shop").run()
        except th.ConfigurationError as error:
            errors.append(error)

    thread = threading.Thread(target=main, name="aside")
    thread.start()
    thread.join()
    assert "'aside'; call it in the main thread" in str(errors[0])
