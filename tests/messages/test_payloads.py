"""Dumpers and loaders: the fields of many messages, as those of one by one; and made objects."""

from __future__ import annotations

import abc
import tracemalloc
from decimal import Decimal
from typing import Any, ClassVar, TypeAlias

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trioharness._errors import DecodeError, EncodeError, UnknownMessageError
from trioharness.messages import Codec, message
from trioharness.messages._runs import LAYOUTS

from .fast_shapes import All, Color, Line, Odd, Tree, alls, trees
from .lanes import outcome

FORMS = ("json", "msgpack")
LANES = ("auto", "cattrs")
forms = pytest.mark.parametrize("form", FORMS)
lanes = pytest.mark.parametrize("lane", LANES)
Known: TypeAlias = Codec[All | Tree | Odd]
CODECS: dict[tuple[str, str, str], Known] = {
    (form, lane, extra): Codec(All | Tree | Odd, format=form, lane=lane, extra=extra)  # type: ignore[arg-type]
    for form in FORMS
    for lane in LANES
    for extra in ("forbid", "allow")
}


@forms
@lanes
@given(run=st.lists(alls, min_size=1, max_size=3) | st.lists(trees, min_size=1, max_size=3))
@settings(max_examples=5)
def test_a_run_is_what_one_by_one_would_give(form: str, lane: str, run: list[Any]) -> None:
    codec, other = CODECS[form, lane, "forbid"], CODECS[form, "cattrs", "allow"]
    first: Any = run[0]
    dumper = codec.dumper(first.__class__)
    data = dumper.dump_run(run)
    payloads = LAYOUTS[form].split(data, len(run))
    assert LAYOUTS[form].join(payloads) == data
    assert len(payloads) == len(run)
    for each in (codec, other):
        loader = each.loader(dumper.name, dumper.version)
        assert loader.load_good(payloads) == run
        assert loader.load_run(data, len(run)) == run
        assert [*map(loader.load, payloads)] == run
    assert payloads == [dumper.dump(msg) for msg in run]
    assert [(dumper.name, dumper.version, payload) for payload in payloads] == (
        [codec.dump(msg) for msg in run]
    )


RUN = [All(), All(lines=[Line(sku="a", price=1.0)], amount=Decimal(2), counts={7: Color.RED})]


def what(found: object) -> object:
    if isinstance(found, DecodeError):
        return type(found), found.path, found.reason
    return found


@forms
@pytest.mark.parametrize("extra", ["forbid", "allow"])
@given(data=st.data())
@settings(max_examples=15)
def test_a_run_is_refused_for_its_first_bad_one(form: str, extra: str, data: st.DataObject) -> None:
    codec, other = (CODECS[form, lane, extra] for lane in LANES)
    good, payload = map(codec.dumper(All).dump, RUN)
    at = data.draw(st.integers(0, len(payload) - 1))
    new = data.draw(st.sampled_from([b"", b"null", b"1", b'"', b"\n"]) | st.binary(max_size=2))
    bad = payload[:at] + new + payload[at + len(new) :]

    def joined(each: Known) -> list[Any]:
        run = LAYOUTS[form].join([good, bad, b""])
        return each.loader("all", 2).load_run(run, 3)

    def one_by_one(each: Known) -> list[Any]:
        return [RUN[0], each.load("all", 2, bad), each.load("all", 2, b"")]

    alone = what(outcome(one_by_one, codec))
    if form != "json" or b"\n" not in bad:
        assert what(outcome(joined, codec)) == alone
    if extra == "forbid":  # what is passed over the fast lane only skims
        assert alone == what(outcome(one_by_one, other))
    is_good = isinstance(outcome(lambda each: each.load("all", 2, bad), codec), All)
    for each in (codec, other) if extra == "forbid" else (codec,):
        assert len(each.loader("all", 2).load_good([good, bad, b"", good])) == 1 + is_good


def test_what_is_more_than_it_says_is_not_made() -> None:
    """Nor is it taken for a line of its own, however little there is between two objects."""
    load = CODECS["json", "auto", "forbid"].loader("tree", 1).load_run
    for more in (b"{}" * 500_000, b"{}\n" + b"{}" * 500_000):
        tracemalloc.start()
        try:
            with pytest.raises(DecodeError):
                load(more, more.count(b"\n") + 1)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 20 * len(more)


MUTATIONS = [
    b"",
    b" ",
    b"\n",
    b"\n\n",
    b"}\n{",
    b"{}",
    b"\n{}",
    b"{}\n",
    b",",
    b"[",
    b'"\n"',
    b"\0",
]


@forms
@given(data=st.data())
@settings(max_examples=60)
def test_both_lanes_take_the_same_runs(form: str, data: st.DataObject) -> None:
    codec, other = (CODECS[form, lane, "forbid"] for lane in LANES)
    trees = [Tree(children=[Tree(value=1.5)] * number) for number in range(3)]
    run = codec.dumper(Tree).dump_run(trees)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(run)))
        end = data.draw(st.integers(at, min(at + 2, len(run))))
        run = run[:at] + data.draw(st.sampled_from(MUTATIONS)) + run[end:]
    count = data.draw(st.integers(1, 5))

    def load(each: Known) -> list[Any]:
        return each.loader("tree", 1).load_run(run, count)

    assert what(outcome(load, codec)) == what(outcome(load, other))


@forms
@lanes
def test_a_run_is_of_one_class_and_has_messages(form: str, lane: str) -> None:
    codec = CODECS[form, lane, "forbid"]
    dumper = codec.dumper(Tree)
    for bad in ([Tree(), Odd()], [Odd()]):
        with pytest.raises(EncodeError, match="cannot encode Odd: expected a Tree here"):
            dumper.dump_run(bad)  # type: ignore[arg-type]
    with pytest.raises(EncodeError, match="'tree': there is none to be written"):
        dumper.dump_run([])
    with pytest.raises(EncodeError, match="expected a Tree here"):
        dumper.dump(Odd())
    with pytest.raises(EncodeError, match=r"Line: this codec knows All, Tree, Odd"):
        codec.dumper(Line)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert codec.loader("tree", 1).load_good([]) == []


@forms
@lanes
def test_a_run_has_just_as_many_as_is_said(form: str, lane: str) -> None:
    codec = CODECS[form, lane, "forbid"]
    run = codec.dumper(Tree).dump_run([Tree()] * 3)
    load = codec.loader("tree", 1).load_run
    assert load(run, 3) == [Tree()] * 3
    for count in (1, 2, 4):
        with pytest.raises(DecodeError, match=f"there are not just {count} messages 'tree'"):
            load(run, count)


@lanes
@pytest.mark.parametrize(
    "run",
    [
        b'{"value":1.5}\n\n{"value":1.5}',
        b'\n{"value":1.5}\n{"value":1.5}',
        b'{"value":1.5}\n{"value":1.5}\n',
        b'{"value":\n1.5}\n{"value":1.5}',
        b'{"value":\n1.5}{"value":1.5}\n{"value":1.5}',
        b'{"value":1.5}{"value":1.5}\n{"value":1.5}',
        b'{"value":1.5} {"value":1.5}\n{"value":1.5}\n',
    ],
)
def test_a_message_of_a_run_is_a_line(lane: str, run: bytes) -> None:
    """msgspec passes over empty lines, and reads a value of several."""
    load = CODECS["json", lane, "forbid"].loader("tree", 1).load_run
    assert load(b' {"value":1.5}\t\n{"value": 1.5}', 2) == [Tree(value=1.5)] * 2
    for count in (1, 2, 3):
        with pytest.raises(DecodeError):
            load(run, count)


@forms
@lanes
@pytest.mark.parametrize(
    ("name", "version"), [("tree", 2), ("tree", 1.0), ("tree", True), ("x", 1)]
)
def test_a_loader_of_what_is_unknown_refuses_all(
    form: str, lane: str, name: str, version: Any
) -> None:
    codec = CODECS[form, lane, "forbid"]
    loader = codec.loader(name, version)
    payload = codec.dumper(Tree).dump(Tree())
    error = UnknownMessageError if type(version) is int else DecodeError
    with pytest.raises(error):
        loader.load(payload)
    assert loader.load_good([payload]) == []
    with pytest.raises(error):
        loader.load_run(LAYOUTS[form].join([payload]), 1)


@forms
@lanes
def test_each_of_a_run_is_held_to_the_bounds(form: str, lane: str) -> None:
    roomy = CODECS[form, "auto", "forbid"]
    large, small = Tree(children=[Tree()] * 20), Tree(value=0.5)
    payloads = [*map(roomy.dumper(Tree).dump, (small, large))]
    for bound, words in (
        ({"max_size": len(payloads[1]) - 1}, "max_size"),
        ({"max_items": 19}, "20 items"),
        ({"max_depth": 3}, "max_depth"),
    ):
        codec: Codec[Tree] = Codec(Tree, format=form, lane=lane, **bound)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        dumper, loader = codec.dumper(Tree), codec.loader("tree", 1)
        assert loader.load_run(dumper.dump_run([small] * 99), 99) == ([small] * 99)
        with pytest.raises(EncodeError, match=words):
            dumper.dump_run([small, large])
        assert loader.load_good(payloads) == [small]
        with pytest.raises(DecodeError, match=words):
            loader.load_run(LAYOUTS[form].join(payloads), 2)


@lanes
def test_payloads_may_be_views(lane: str) -> None:
    codec = CODECS["json", lane, "forbid"]
    view: Any = memoryview(b'{"value":1.5}')
    assert codec.loader("tree", 1).load_good([view, view]) == [Tree(value=1.5)] * 2


# What is made without its __init__ is as good


@message("checked")
class Checked:
    seen: ClassVar[list[object]] = []

    low: int
    high: int = attrs.field(validator=attrs.validators.ge(0))
    tags: list[str] = attrs.field(factory=list[str])

    def __attrs_post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")
        self.seen.append(self)


@lanes
def test_what_was_read_is_checked_and_frozen(lane: str) -> None:
    load = Codec(Checked, lane=lane).loader("checked", 1).load  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Checked.seen.clear()
    msg = load(b'{"low":1,"high":2}')
    assert Checked.seen == [msg]
    assert (type(msg), msg.tags) == (Checked, [])
    assert msg.tags is not load(b'{"low":1,"high":2}').tags
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        msg.low = 3  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    for bad, words in (
        (b'{"low":3,"high":2}', "low is above high"),
        (b'{"low":-2,"high":-1}', ">= 0"),
    ):
        with pytest.raises(DecodeError, match=words) as caught:
            load(bad)
        assert isinstance(caught.value.__cause__, ValueError)
    with attrs.validators.disabled():
        assert load(b'{"low":-2,"high":-1}').high == -1


class Registered:
    """Notices its subclasses, as plug-in registries do."""

    __slots__ = ()
    known: ClassVar[list[str]] = []

    def __init_subclass__(cls) -> None:
        cls.known.append(cls.__name__)


@message("plugged")
class Plugged(Registered):
    x: int


@message("abstract")
class Concrete(abc.ABC):
    x: int


def test_no_class_is_told_of_a_subclass_that_nobody_wrote() -> None:
    before = list(Registered.known)
    for cls in (Plugged, Concrete):
        codec = Codec(cls)
        assert "fast lane" in codec.explain()
        assert codec.copy(cls(x=1)) == cls(x=1)
        assert cls.__subclasses__() == []
    assert Registered.known == before
