"""The strategies for properties: what they make is valid, runs, and shrinks to the simplest."""

from __future__ import annotations

import contextlib
import datetime
import enum
import functools
import re
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import attrs
import pytest
import trio
from hypothesis import find, given, settings

import trioharness as th
from trioharness.testing import EventRecorder
from trioharness.testing import run as run_virtually
from trioharness.testing.strategies import messages, trees

if TYPE_CHECKING:
    from tests.conftest import Run

ItemT = TypeVar("ItemT")
KeyT = TypeVar("KeyT")


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen(kw_only=True)
class Line:
    sku: str = attrs.field(validator=attrs.validators.max_len(4))
    price: float = attrs.field(default=1.0, validator=attrs.validators.ge(0))


@th.message("strategies.order", version=1)
class Order:
    id: int
    lines: tuple[Line, ...]
    by_name: dict[str, Line]
    colors: frozenset[Color]
    how: Literal["fast", "slow"]
    day: datetime.date
    raw: bytes
    pair: tuple[int, str]
    parent: Order | None = None
    maybe: list[bool | None] = attrs.field(factory=list[bool | None])


@th.message("strategies.cancel", version=1)
class Cancel:
    id: int


CODEC: th.Codec[Order | Cancel] = th.Codec(Order | Cancel)


@given(messages(Order | Cancel))
def test_each_message_is_one_that_the_codec_takes(message: Order | Cancel) -> None:
    assert CODEC.decode(CODEC.encode(message)) == message


@attrs.frozen(kw_only=True)
class Box:
    line: Line
    inside: Box | None = None


def test_messages_shrink_to_the_simplest() -> None:
    few = settings(max_examples=50)
    assert find(messages(Box), lambda _: True, settings=few) == Box(line=Line(sku="", price=0))
    simplest = find(messages(Box), lambda box: box.inside is not None, settings=few)
    assert simplest == Box(line=Line(sku="", price=0), inside=Box(line=Line(sku="", price=0)))


@attrs.frozen
class Slot(Generic[ItemT]):
    item: ItemT
    others: list[ItemT | None]
    by_name: dict[str, Slot[ItemT]]


@attrs.frozen
class Shelf(Slot[Line], Generic[KeyT]):
    keys: tuple[KeyT, ...]


@th.message("strategies.stock", version=1)
class Stock:
    shelf: Shelf[Color]
    numbers: Slot[tuple[int, Slot[str]]]


STOCK: th.Codec[Stock] = th.Codec(Stock)


@given(messages(Stock))
def test_type_variables_are_filled_however_deep_they_are(stock: Stock) -> None:
    assert STOCK.decode(STOCK.encode(stock)) == stock
    assert isinstance(stock.shelf.item, Line)
    assert isinstance(stock.numbers.item[1].item, str)


@th.message("strategies.node", version=1)
class Node:
    value: object
    at: datetime.datetime
    amount: Decimal
    folder: Path
    children: list[Node]
    by_day: dict[str, Node]
    above: Node | None = None


NODE: th.Codec[Node] = th.Codec(Node)


def depth(node: Node) -> int:
    below = [*node.children, *node.by_day.values(), *filter(None, [node.above])]
    return 1 + max(map(depth, below), default=0)


@given(messages(Node))
@settings(max_examples=15)
def test_what_contains_itself_stays_small_and_sendable(node: Node) -> None:
    assert NODE.decode(NODE.encode(node)) == node
    assert depth(node) <= 3


@attrs.frozen
class Twig:
    twigs: list[Twig]


def test_what_contains_itself_does_so() -> None:
    few = settings(max_examples=100, derandomize=True)
    found = find(messages(Twig), lambda twig: any(each.twigs for each in twig.twigs), settings=few)
    assert found == Twig([Twig([Twig([])])])


@attrs.frozen
class Money:
    """It is not a message, and no codec knows it but by its hook."""

    cents: int = attrs.field(validator=attrs.validators.ge(0))

    @classmethod
    def parse(cls, text: str) -> Money:
        if not text.startswith("0"):
            raise LookupError(text)
        return cls(len(text))

    def text(self) -> str:
        return "0" * self.cents


@th.message("strategies.sale", version=1)
class Sale:
    price: Money
    discounts: list[Money | None]


HOOKS: dict[type, th.Hook] = {Money: th.Hook(wire=int, write=lambda money: money.cents, read=Money)}


@given(messages(Sale, hooks=HOOKS))
def test_a_type_with_a_hook_is_read_from_what_it_is_sent_as(sale: Sale) -> None:
    codec: th.Codec[Sale] = th.Codec(Sale, hooks=HOOKS)
    assert codec.decode(codec.encode(sale)) == sale


def test_what_a_hook_does_not_read_is_drawn_again() -> None:
    hook = th.Hook(wire=Literal["", "1", "00"], write=Money.text, read=Money.parse)
    few: dict[type, th.Hook] = {Money: hook}
    assert find(messages(Money, hooks=few), lambda _: True) == Money(2)


def test_an_annotation_that_leads_nowhere_is_named() -> None:
    nowhere: Any = "Nowhere"
    lost = attrs.make_class("Lost", {"what": attrs.field(type=nowhere)})
    with pytest.raises(th.ConfigurationError, match=r"Lost.*'Nowhere' is not defined; define or"):
        find(messages(lost), lambda _: True)


# --- trees


async def database(*, task_status: th.TaskStatus[str]) -> None:
    task_status.started("open")
    await trio.sleep(20)
    raise OSError


async def worker(*, database: str) -> None:
    assert database == "open"
    await trio.sleep(1)


async def crashes(*, worker: object = None, database: object = None) -> None:
    assert worker is None
    assert database in (None, "open")
    await trio.sleep(1)
    raise OSError


COMPONENTS: dict[str, Callable[..., object]] = {
    "database": database,
    "worker": worker,
    "crashes": crashes,
}


def walk(group: th.Group) -> Iterator[tuple[th.Group, th.Spec[object]]]:
    """Each child of a tree, with the group that it is in."""
    for spec in group.children:
        yield group, spec
        if isinstance(spec.fn, th.Group):
            yield from walk(spec.fn)


def names_in(group: th.Group) -> set[str]:
    return {spec.name for spec in group.children}


@given(trees(COMPONENTS))
@settings(max_examples=30)
def test_each_tree_starts_and_keeps_to_what_was_described(tree: th.Group) -> None:
    recorder = EventRecorder()

    async def main() -> None:
        with contextlib.suppress(th.RestartLimitExceeded):
            async with th.open_supervisor("s", max_restarts=0, observer=recorder) as sup:
                child = await sup.start(tree)
                assert child.state == "ready"
                await trio.sleep(30)
                sup.cancel_scope.cancel()

    run_virtually(main)
    errors = [e.exit.error for e in recorder.of(th.ChildEnded) if isinstance(e.exit, th.Crashed)]
    unforeseen = (AssertionError, th.ConfigurationError)  # UnknownNeedError and CycleError are some
    assert not [error for error in errors if isinstance(error, unforeseen)]


FEATURES: dict[str, Callable[[th.Group, th.Spec[object]], object]] = {
    "needs": lambda _, spec: spec.needs and spec.name.startswith("crashes"),
    "needs from above": lambda group, spec: {*spec.needs.values()} - names_in(group),
    "after": lambda _, spec: spec.after,
    "after one above": lambda group, spec: {*spec.after} - names_in(group),
    "back-off": lambda _, spec: spec.options.backoff,
    "significant": lambda _, spec: spec.options.significant,
    "auto_shutdown": lambda group, _: group.auto_shutdown == "all_significant",
    "exhausted": lambda group, _: group.exhausted == "park",
    "parallel": lambda group, _: group.start == "parallel",
    "a pool": lambda group, spec: isinstance(spec.fn, th.Pool) and group.name != "group",
    "a pool alone": lambda group, spec: isinstance(spec.fn, th.Pool) and len(group.children) == 1,
    "three deep": lambda group, spec: isinstance(spec.fn, th.Group) and group.name != "group",
}


def features(tree: th.Group) -> set[str]:
    """Everything that is there in a tree."""
    return {
        name for group, spec in walk(tree) for name, has in FEATURES.items() if has(group, spec)
    }


def test_everything_comes() -> None:
    seen = set[str]()

    @given(trees(COMPONENTS, max_depth=3))
    @settings(max_examples=200, derandomize=True)
    def look(tree: th.Group) -> None:
        seen.update(features(tree))

    look()
    assert FEATURES.keys() - seen == set()


def described(group: th.Group) -> str:
    """The children of a group in a line."""

    def one(spec: th.Spec[object]) -> str:
        words = [f"{key}={name}" for key, name in spec.needs.items()]
        words += [f"after {name}" for name in spec.after]
        if isinstance(spec.fn, th.Group):
            return f"group({' '.join([described(spec.fn), *words])})"
        return f"{spec.name}({' '.join(words)})" if words else spec.name

    return " ".join(map(one, group.children))


def test_a_tree_shrinks_to_what_matters_in_it() -> None:
    few = settings(max_examples=200, derandomize=True)
    tree = find(trees(COMPONENTS), lambda tree: "needs" in features(tree), settings=few)
    # At times one more stays in front, since the choices behind it are counted from its number.
    shape = r"database-1( database-2)? crashes-[23]\(database=database-[12]\)"
    assert re.fullmatch(shape, described(tree)), described(tree)


def test_trees_shrink_to_one_component_that_is_never_restarted() -> None:
    few = settings(max_examples=50, derandomize=True)
    simplest = find(trees({"a": crashes, "b": crashes}), lambda _: True, settings=few)
    (spec,) = simplest.children
    assert (spec.name, spec.fn, spec.options) == (
        "a-1",
        crashes,
        th.Spec(crashes, restart="temporary").options,
    )
    assert (simplest.strategy, simplest.limit.max_restarts) == ("one_for_one", 0)


async def wants(orders: object, *, database: object) -> None: ...


async def first(*, second: object) -> None: ...


async def second(*, first: object) -> None: ...


CIRCLE: dict[str, Callable[..., object]] = {"first": first, "second": second}


@pytest.mark.parametrize(
    ("components", "max_depth", "sentence"),
    [
        ({}, 2, "there are no components; give one at least"),
        (COMPONENTS, 0, "max_depth=0 is no depth; give 1 or more"),
        ({"wants": wants}, 1, "component 'wants': it cannot be called in a tree: missing a requi"),
        (CIRCLE, 1, "first -> second -> first"),
        ({"three": 3}, 1, "3"),
    ],
)
def test_what_cannot_be_in_a_tree_is_refused(
    components: Any, max_depth: int, sentence: str
) -> None:
    with pytest.raises(th.ConfigurationError, match=re.escape(sentence)):
        trees(components, max_depth=max_depth)


@given(trees({"wants": functools.partial(wants, None, database=None), "database": database}))
@settings(max_examples=20)
def test_what_a_partial_has_is_no_need(tree: th.Group) -> None:
    assert not any(spec.needs for _, spec in walk(tree))


# --- the module itself


def test_the_kit_does_not_import_hypothesis(run: Run) -> None:
    code = "import sys, trioharness.testing as t; t.run; print('hypothesis' in sys.modules)"
    assert run(sys.executable, "-c", code).stdout == "False\n"


def test_without_hypothesis_it_says_what_to_install(run: Run) -> None:
    code = "import sys; sys.modules['hypothesis'] = None; import trioharness.testing.strategies"
    done = run(sys.executable, "-c", code)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ImportError: trioharness.testing.strategies needs hypothesis; "
        "pip install 'trioharness[testing]'"
    )
