"""The wiring check: a planted fault of each kind is found before anything runs."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Protocol, TypeVar, Union

import attrs
import pytest
import trio

import trioharness as th
from tests.harness._pieces import forever, living, noted, send_all, take_all
from trioharness.harness import CODES

if TYPE_CHECKING:
    from nowhere import Unknown  # type: ignore[import-not-found] # pyright: ignore[reportMissingImports, reportUnknownVariableType]

Described = Callable[[th.Harness], object]
K = TypeVar("K")
T_co = TypeVar("T_co", covariant=True)


class Order:
    pass


class Late(Order):
    pass


async def takes_orders(orders: th.ReceiveChannel[Order]) -> None: ...


async def takes_late_or_none(orders: th.ReceiveChannel[Late | None]) -> None: ...


async def takes_trios(orders: trio.abc.ReceiveChannel[Order]) -> None: ...


async def takes_all(*ends: th.ReceiveChannel[Order]) -> None: ...


async def takes_anything(end: Any) -> None: ...


async def takes_unknown(
    end: th.ReceiveChannel[Unknown],  # pyright: ignore[reportUnknownParameterType]
) -> None: ...


async def sends_orders(out: th.SendChannel[Order]) -> None: ...


async def sends_late(out: trio.abc.SendChannel[Late]) -> None: ...


async def takes_orders_or_none(orders: th.ReceiveChannel[Order] | None = None) -> None: ...


async def takes_orders_or_numbers(
    some: Optional[Union[th.ReceiveChannel[Order], th.ReceiveChannel[int]]] = None,  # noqa: UP007, UP045
) -> None: ...


async def takes_named(**ends: th.ReceiveChannel[Order]) -> None: ...


async def closes(end: AbstractAsyncContextManager[object]) -> None: ...


async def iterates(items: AsyncIterable[Order]) -> None: ...


class Keyed(Protocol[K, T_co]):
    """A protocol of somebody's own, whose first argument is not what goes through."""

    def keys(self) -> list[K]: ...

    async def receive(self) -> T_co: ...


async def takes_keyed(items: Keyed[str, Order]) -> None: ...


class Called:
    """Has an attribute of the name of a parameter."""

    orders: int = 0

    async def __call__(self, orders: th.ReceiveChannel[Order]) -> None: ...


def with_a_database(fn: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(fn)
    async def component(*args: object) -> None:
        await fn("a database", *args)

    return component


def on_one_argument(fn: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(fn)
    async def component(arg: object) -> None:
        await fn("a database", arg)

    return component


async def saves(database: str, orders: th.ReceiveChannel[Order]) -> None: ...


async def calls(client: th.RequestClient[int, str | None]) -> None: ...


async def answers(server: th.ReceiveChannel[th.Request[int, str]]) -> None: ...


async def answers_late(server: th.ReceiveChannel[th.Request[int, Late]]) -> None: ...


async def listens(topic: th.Topic[Order]) -> None: ...


async def passes_on(end: th.ReceiveChannel[int], out: th.SendChannel[int]) -> None: ...


class Worker(th.Component):
    def __init__(self, orders: th.ReceiveChannel[Order]) -> None:
        self.orders = orders

    async def run(self) -> None: ...


@attrs.define
class Shelf(th.Component):
    orders: th.ReceiveChannel[Order]

    async def run(self) -> None: ...


@contextlib.asynccontextmanager
async def storing(orders: th.ReceiveChannel[Order]) -> AsyncGenerator[None]:
    yield


def found(app: th.Harness) -> list[tuple[str, str]]:
    return [(finding.code, finding.subject) for finding in app.check()]


# what is well


def test_nothing_is_found_where_all_is_well() -> None:
    app = th.Harness("shop")
    out, orders = app.channel(Order, 4)
    late_out, late = app.channel(Late, 4)
    client, server = app.requests(int, str)
    publisher, topic = app.topic(Late)
    db = app.add(noted, "db", [])
    app.add(sends_orders, out)
    app.add(sends_late, out, name="also")
    app.add(takes_orders, orders, copies=2)
    app.add(takes_all, late, topic.subscribe(3), name="all")
    app.add(takes_late_or_none, late)
    app.add(takes_trios, late)
    app.add(takes_anything, late)
    app.add(takes_unknown, late)  # pyright: ignore[reportUnknownArgumentType]
    app.add(partial(takes_orders, orders=late), name="bound")
    app.add(partial(partial(takes_orders), late), name="bound twice")
    app.add(sends_late, late_out, name="late")
    app.add(sends_late, publisher, name="publisher")
    app.add(listens, topic)
    app.add(Worker, orders)
    app.add(storing, orders)
    app.add(Shelf, orders)
    app.add(Called(), orders, name="called")
    app.add(takes_orders_or_none, orders)
    app.add(takes_orders_or_numbers, orders)
    app.add(partial(takes_named, some=orders, others=late))
    app.add(closes, orders)
    app.add(iterates, late)
    keyed: Any = takes_keyed  # type checkers see that it lacks a method
    app.add(keyed, late)
    with app.supervisor("inner", after=[db]) as inner:
        inner.add(calls, client)
        inner.add(answers, server)
    assert app.check() == ()


def test_what_cannot_be_seen_is_no_fault() -> None:
    class Strange:
        async def __call__(self, *args: object, **keywords: object) -> None:
            await trio.lowlevel.checkpoint()

    app = th.Harness("shop")
    out, numbers = app.channel(int, 4)
    app.add(Strange(), out, numbers, name="strange")
    assert [finding.code for finding in app.check()] == ["TH104"]


@pytest.mark.parametrize("decorated", [with_a_database(saves), on_one_argument(saves)])
def test_a_decorator_may_give_arguments_of_its_own(
    decorated: Callable[..., Awaitable[None]],
) -> None:
    app = th.Harness("shop")
    out, orders = app.channel(Order, 4)
    app.add(sends_orders, out)
    app.add(decorated, orders)
    app.add(partial(decorated, orders), name="bound")
    app.add(th.every(60.0, decorated, orders), name="periodic")
    assert app.check() == ()


# one planted fault each


def a_wrong_type(app: th.Harness) -> None:
    out, numbers = app.channel(int, 4)
    app.add(takes_orders, numbers)
    app.add(send_all, out, [1])


def a_wrong_type_sent(app: th.Harness) -> None:
    out, late = app.channel(Late, 4)
    app.add(sends_orders, out)
    app.add(takes_orders, late)


def a_part_of_a_union(app: th.Harness) -> None:
    out, some = app.channel(Order | int, 4)
    app.add(takes_orders, some)
    app.add(sends_orders, out)


def the_other_end(app: th.Harness) -> None:
    out, orders = app.channel(Order, 4)
    app.add(takes_orders, out)
    app.add(sends_orders, orders)
    app.add(sends_orders, out, name="right")
    app.add(takes_orders, orders, name="right too")


def a_wrong_type_of_many(app: th.Harness) -> None:
    out, numbers = app.channel(int, 4)
    app.add(takes_all, numbers)
    app.add(send_all, out, [1])


def a_wrong_type_by_keyword(app: th.Harness) -> None:
    out, numbers = app.channel(int, 4)
    loosely: Any = takes_orders  # type checkers see it too
    app.add(partial(loosely, orders=numbers))
    app.add(send_all, out, [1])


def a_wrong_type_by_a_keyword_of_many(app: th.Harness) -> None:
    out, numbers = app.channel(int, 4)
    loosely: Any = takes_named
    app.add(partial(loosely, some=numbers))
    app.add(send_all, out, [1])


def a_wrong_type_of_a_union(app: th.Harness) -> None:
    out, late = app.channel(str, 4)
    app.add(takes_orders_or_numbers, late)
    app.add(send_all, out, ["a"])


def the_other_end_of_a_union(app: th.Harness) -> None:
    out, orders = app.channel(Order, 4)
    loosely: Any = takes_orders_or_none
    app.add(loosely, out)
    app.add(takes_orders, orders)


def a_wrong_type_of_an_object(app: th.Harness) -> None:
    out, numbers = app.channel(int, 4)
    app.add(Called(), numbers, name="called")
    app.add(send_all, out, [1])


def a_wrong_type_of_a_class_of_attrs(app: th.Harness) -> None:
    out, numbers = app.channel(int, 4)
    app.add(Shelf, numbers)
    app.add(send_all, out, [1])


def a_wrong_type_inside_of_a_supervisor(app: th.Harness) -> None:
    out, numbers = app.channel(int, 4)
    app.add(send_all, out, [1], name="reader")
    with app.supervisor("inner") as inner:
        inner.add(takes_orders, numbers, name="reader")


def a_wrong_type_iterated(app: th.Harness) -> None:
    out, numbers = app.channel(int, 4)
    app.add(iterates, numbers)
    app.add(send_all, out, [1])


def a_wrong_type_of_a_class(app: th.Harness) -> None:
    out, numbers = app.channel(int, 4)
    app.add(Worker, numbers)
    app.add(send_all, out, [1])


def a_wrong_type_of_a_manager(app: th.Harness) -> None:
    out, numbers = app.channel(int, 4)
    app.add(storing, numbers)
    app.add(send_all, out, [1])


def a_wrong_reply(app: th.Harness) -> None:
    client, server = app.requests(int, str)
    app.add(answers_late, server)
    app.add(calls, client)


def a_wrong_reply_for_the_caller(app: th.Harness) -> None:
    client, server = app.requests(int, Late)
    app.add(answers_late, server)
    app.add(calls, client)


def plain_messages_in_place_of_requests(app: th.Harness) -> None:
    client, server = app.requests(int, str)
    app.add(take_all, server, [])
    app.add(calls, client)


def a_wrong_topic(app: th.Harness) -> None:
    publisher, topic = app.topic(int)
    app.add(listens, topic)
    app.add(send_all, publisher, [1])


def a_producer_alone(app: th.Harness) -> None:
    out, _ = app.channel(int, 4, name="numbers")
    app.add(send_all, out, [1])


def a_consumer_alone(app: th.Harness) -> None:
    _, numbers = app.channel(int, 4, name="numbers")
    app.add(take_all, numbers, [])


def a_subscription_nobody_holds(app: th.Harness) -> None:
    publisher, topic = app.topic(int, name="numbers")
    topic.subscribe(4)
    app.add(send_all, publisher, [1])


def a_topic_nobody_hears(app: th.Harness) -> None:
    publisher, _ = app.topic(int, name="numbers")
    app.add(send_all, publisher, [1])


def a_topic_nobody_publishes(app: th.Harness) -> None:
    _, topic = app.topic(int, name="numbers")
    app.add(take_all, topic.subscribe(4), [])


def calls_nobody_answers(app: th.Harness) -> None:
    client, _ = app.requests(int, str, name="asks")
    app.add(calls, client)


def a_stranger(app: th.Harness) -> None:
    app.add(living, "a", [], needs={"it": "nobody"})


def a_circle_of_needs(app: th.Harness) -> None:
    app.add(living, "a", [], name="a", needs={"it": "b"})
    app.add(living, "b", [], name="b", needs={"it": "a"})


def a_circle_of_channels(app: th.Harness) -> None:
    there_out, there = app.channel(int, 4, name="there")
    back_out, back = app.channel(int, 4, name="back")
    app.add(passes_on, back, there_out, name="a")
    app.add(passes_on, there, back_out, name="b")


def a_component_that_feeds_itself(app: th.Harness) -> None:
    out, numbers = app.channel(int, 4, name="again")
    app.add(passes_on, numbers, out, name="a")


def too_few_arguments(app: th.Harness) -> None:
    app.add(living, "a", name="a")


def too_many_arguments(app: th.Harness) -> None:
    app.add(forever, 1, name="a")


def too_few_arguments_of_a_thread(app: th.Harness) -> None:
    def blocks(number: int) -> None: ...

    loosely: Any = th.in_thread(blocks)
    app.add(loosely, name="a")


def too_few_arguments_of_a_decorated_one(app: th.Harness) -> None:
    app.add(on_one_argument(saves), name="a")


def a_need_it_does_not_take(app: th.Harness) -> None:
    db = app.add(noted, "db", [])
    app.add(forever, name="a", needs={"db": db})


def letters_no_codec_can_write(app: th.Harness) -> None:
    out, orders = app.channel(Order, 4, max_deliveries=2)
    app.add(sends_orders, out)
    app.add(takes_orders, orders)


def a_partial_that_binds_what_it_does_not_take(app: th.Harness) -> None:
    fn: Any = forever
    app.add(functools.partial(fn, speed=1), name="a")


FAULTS: list[tuple[Described, str, str, list[str]]] = [
    (a_wrong_type, "TH101", "component 'takes_orders'", ["ReceiveChannel[Order]", "carries int"]),
    (a_wrong_type_sent, "TH101", "component 'sends_orders'", ["SendChannel[Order]", "Late"]),
    (a_part_of_a_union, "TH101", "component 'takes_orders'", ["carries Order | int"]),
    (a_wrong_type_of_many, "TH101", "component 'takes_all'", ["ends is annotated", "int"]),
    (a_wrong_type_by_keyword, "TH101", "component 'takes_orders'", ["orders is annotated"]),
    (a_wrong_type_by_a_keyword_of_many, "TH101", "component 'takes_named'", ["ends is annotated"]),
    (a_wrong_type_of_a_union, "TH101", "component 'takes_orders_or_numbers'", ["carries str"]),
    (the_other_end_of_a_union, "TH101", "component 'takes_orders_or_none'", ["but gets"]),
    (a_wrong_type_of_an_object, "TH101", "component 'called'", ["ReceiveChannel[Order]"]),
    (a_wrong_type_of_a_class_of_attrs, "TH101", "component 'Shelf'", ["orders is annotated"]),
    (a_wrong_type_inside_of_a_supervisor, "TH101", "component 'inner/reader'", ["carries int"]),
    (a_wrong_type_iterated, "TH101", "component 'iterates'", ["AsyncIterable[Order]"]),
    (a_wrong_type_of_a_class, "TH101", "component 'Worker'", ["orders is annotated"]),
    (a_wrong_type_of_a_manager, "TH101", "component 'storing'", ["orders is annotated"]),
    (a_wrong_reply, "TH101", "component 'answers_late'", ["carries int, answered by str"]),
    (a_wrong_reply_for_the_caller, "TH101", "component 'calls'", ["answered by Late"]),
    (plain_messages_in_place_of_requests, "TH101", "component 'take_all'", ["requests"]),
    (a_wrong_topic, "TH101", "component 'listens'", ["Topic[Order]", "carries int"]),
    (a_producer_alone, "TH102", "channel 'numbers'", ["sends into it, and none receives from"]),
    (a_consumer_alone, "TH102", "channel 'numbers'", ["receives from it, and none sends into"]),
    (a_subscription_nobody_holds, "TH102", "subscription 'numbers-1'", ["none receives"]),
    (a_topic_nobody_hears, "TH102", "topic 'numbers'", ["none receives from it"]),
    (a_topic_nobody_publishes, "TH102", "subscription 'numbers-1'", ["none sends into it"]),
    (calls_nobody_answers, "TH102", "requests 'asks'", ["none receives from it"]),
    (a_stranger, "TH103", "component 'living'", ["'nobody'"]),
    (a_circle_of_needs, "TH103", "child 'a'", ["a -> b -> a"]),
    (too_few_arguments, "TH105", "component 'a'", ["missing a required argument: 'diary'"]),
    (too_many_arguments, "TH105", "component 'a'", ["too many positional arguments"]),
    (too_few_arguments_of_a_thread, "TH105", "component 'a'", ["'number'"]),
    (too_few_arguments_of_a_decorated_one, "TH105", "component 'a'", ["missing"]),
    (letters_no_codec_can_write, "TH107", "channel 'Order'", ["'Order' is no message"]),
    (a_need_it_does_not_take, "TH105", "component 'a'", ["unexpected keyword argument 'db'"]),
    (a_partial_that_binds_what_it_does_not_take, "TH105", "component 'a'", ["argument 'speed'"]),
]


@pytest.mark.usefixtures("virtual_time")
@pytest.mark.parametrize(("describe", "code", "subject", "words"), FAULTS)
def test_a_planted_fault_is_found_and_refused(
    describe: Described,
    code: str,
    subject: str,
    words: list[str],
    events: list[th.Event],
    tmp_path: Path,
) -> None:
    letters = tmp_path / "dead.jsonl"
    app = th.Harness("shop", observer=events.append, dead_letters=letters)
    describe(app)
    findings = {(each.code, each.subject): each for each in app.check()}
    assert (code, subject) in findings
    finding = findings[code, subject]  # type: ignore[index]
    assert finding.is_error
    assert " at 0x" not in str(finding)
    for word in words:
        assert word in finding.problem
    with pytest.raises(th.ConfigurationError) as caught:
        app.run()
    if isinstance(caught.value, th.WiringError):
        assert code in caught.value.codes
        assert str(finding) in str(caught.value)
    else:
        assert code == "TH103"
    assert events == []
    assert not letters.exists()


@pytest.mark.usefixtures("virtual_time")
@pytest.mark.parametrize(
    ("describe", "way"),
    [
        (a_circle_of_channels, {"a -(there)-> b -(back)-> a", "b -(back)-> a -(there)-> b"}),
        (a_component_that_feeds_itself, {"a -(again)-> a"}),
    ],
)
def test_a_circle_that_can_fill_up_is_a_warning(describe: Described, way: set[str]) -> None:
    app = th.Harness("shop")
    describe(app)
    (finding,) = app.check()
    assert (finding.code, finding.is_error) == ("TH104", False)
    assert (
        finding.problem.removeprefix("it can wait for itself when all of these are full: ") in way
    )
    assert str(finding).startswith("TH104 warning: component ")
    assert app.run().ended == "done"


def test_each_component_that_can_wait_for_itself_is_in_a_circle_that_is_named() -> None:
    async def hub(*ends: object) -> None: ...

    app = th.Harness("shop")
    ends = {name: app.channel(int, 4, name=name) for name in ("to q", "from q", "to r", "from r")}
    asked, told = ("to q", "to r"), ("from q", "from r")
    app.add(hub, *(ends[name][0] for name in asked), *(ends[name][1] for name in told))
    for name, there, back in zip(("q", "r"), asked, told, strict=True):
        app.add(passes_on, ends[there][1], ends[back][0], name=name)
    ways = [frozenset(finding.problem.partition(": ")[2].split(" -")) for finding in app.check()]
    assert len(ways) == 2
    assert {"(to q)-> q", "(from q)-> hub"} <= ways[0] | ways[1]
    assert {"(to r)-> r", "(from r)-> hub"} <= ways[0] | ways[1]


@pytest.mark.parametrize(
    "options", [{"max_buffer_size": math.inf}, {"max_buffer_size": 4, "overflow": "drop_oldest"}]
)
def test_a_circle_that_cannot_fill_up_is_none(options: dict[str, Any]) -> None:
    app = th.Harness("shop")
    there_out, there = app.channel(int, 4)
    back_out, back = app.channel(int, **options)
    app.add(passes_on, back, there_out, name="a")
    app.add(passes_on, there, back_out, name="b")
    assert app.check() == ()


def test_components_of_one_name_in_two_supervisors_are_two() -> None:
    app = th.Harness("shop")
    there_out, there = app.channel(int, 4, name="there")
    back_out, back = app.channel(int, 4, name="back")
    with app.supervisor("one") as one:
        one.add(send_all, there_out, [1], name="worker")
        one.add(take_all, back, [], name="reader")
    with app.supervisor("two") as two:
        two.add(passes_on, there, back_out, name="worker")
    assert app.check() == ()


def test_a_circle_through_nested_supervisors_and_copies_is_named_by_paths() -> None:
    app = th.Harness("shop")
    there_out, there = app.channel(int, 4, name="there")
    back_out, back = app.channel(int, 4, name="back")
    with app.supervisor("one") as one, one.supervisor("inner") as inner:
        inner.add(passes_on, back, there_out, name="worker", copies=3)
    with app.supervisor("two") as two:
        two.add(passes_on, there, back_out, name="worker", copies=2)
    (finding,) = app.check()
    way = "one/inner/worker -(there)-> two/worker -(back)-> one/inner/worker"
    other = "two/worker -(back)-> one/inner/worker -(there)-> two/worker"
    assert finding.problem.endswith((f": {way}", f": {other}"))


def test_calls_that_go_round_can_wait_for_each_other() -> None:
    async def both(
        client: th.RequestClient[int, int], server: th.ReceiveChannel[th.Request[int, int]]
    ) -> None: ...

    app = th.Harness("shop")
    first, first_server = app.requests(int, int, math.inf, name="first")
    second, second_server = app.requests(int, int, math.inf, name="second")
    app.add(both, first, second_server, name="a")
    app.add(both, second, first_server, name="b")
    assert [code for code, _ in found(app)] == ["TH104"]


def test_all_faults_are_told_at_once() -> None:
    app = th.Harness("shop")
    a_wrong_type(app)
    too_many_arguments(app)
    with pytest.raises(th.WiringError) as caught:
        app.run()
    assert caught.value.codes == ("TH101", "TH105")


async def test_open_refuses_as_run_does() -> None:
    app = th.Harness("shop")
    a_producer_alone(app)
    with pytest.raises(th.WiringError, match="TH102"):
        async with app.open():
            raise AssertionError("it was not to be entered")


def test_each_code_says_what_it_means() -> None:
    codes = {code for _, code, _, _ in FAULTS} | {"TH104", "TH106"}
    assert codes == set(CODES)
    assert len(set(CODES.values())) == len(CODES)
