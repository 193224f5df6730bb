"""The fast lane: it means what the cattrs lane means, and serves those it should."""

from __future__ import annotations

import datetime
import enum
import functools
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trioharness._errors import ConfigurationError, DecodeError, EncodeError
from trioharness.messages import Codec, message

from .fast_shapes import All, Box, Line, Odd, Size, Tree, faulty, messages
from .lanes import BothLanes, outcome
from .shapes import make_message

Any3 = All | Tree | Odd

CODECS: dict[tuple[str, str], BothLanes[Any3]] = {
    (form, extra): BothLanes(Any3, format=form, extra=extra)
    for form in ("json", "msgpack")
    for extra in ("forbid", "allow")
}
WAYS = list(CODECS)
ways = pytest.mark.parametrize("way", WAYS)


def same(call: Callable[[Codec[Any3]], object], codec: BothLanes[Any3]) -> object:
    """Call both lanes; an error of both is an outcome as well."""
    one, other = outcome(call, codec.auto), outcome(call, codec.cattrs)
    if codec.passes_over and isinstance(other, DecodeError) and not isinstance(one, DecodeError):
        # What is passed over the fast lane only skims: it may well be malformed.
        assert other.path == "message"
        assert "is no valid" in other.reason or "far too deep" in other.reason
        return one
    if isinstance(one, Exception):
        assert (type(one), str(one)) == (type(other), str(other))
    else:
        assert one == other
        # 1 == 1.0 == True, and -0.0 == 0.0; sets of the same may be in another order.
        assert sorted(repr(one)) == sorted(repr(other))
    return one


@ways
@given(msg=messages)
@settings(max_examples=20)
def test_both_lanes_read_what_either_writes(way: tuple[str, str], msg: Any3) -> None:
    codec = CODECS[way]
    for writer in (codec.auto, codec.cattrs):
        wire = writer.encode(msg)
        assert same(lambda each, wire=wire: each.decode(wire), codec) == msg  # type: ignore[misc]
        name, version, payload = writer.dump(msg)
        assert codec.load(name, version, payload) == msg


@ways
@given(msg=messages, data=st.data())
@settings(max_examples=40)
def test_both_lanes_refuse_the_same_bytes(
    way: tuple[str, str], msg: Any3, data: st.DataObject
) -> None:
    codec = CODECS[way]
    wire = bytearray(codec.auto.encode(msg))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(wire)))
        until = data.draw(st.integers(at, min(at + 4, len(wire))))
        wire[at:until] = data.draw(
            st.sampled_from([b"", b"null", b"1", b'"', b"[", b"1e999", b'"\\ud800"', b"-0", b"."])
            | st.binary(max_size=3)
        )
    same(lambda each: each.decode(bytes(wire)), codec)


@ways
@given(msg=messages, data=st.data())
@settings(max_examples=40)
def test_both_lanes_refuse_the_same_values(
    way: tuple[str, str], msg: Any3, data: st.DataObject
) -> None:
    codec = CODECS[way]
    builtins: Any = BothLanes(Any3).auto.to_builtins(msg) if way[0] == "json" else None
    builtins = builtins or codec.auto.to_builtins(msg)
    builtins["data"] = data.draw(faulty(builtins["data"]))
    write = msgspec.json.encode if way[0] == "json" else msgspec.msgpack.encode
    try:
        wire = write(builtins)
    except OverflowError:  # an int of more than 64 bits
        return
    same(lambda each: each.decode(wire), codec)


ODD_JSON = [
    '{"flag":1}',
    '{"count":1.0}',
    '{"count":true}',
    '{"count":-0}',
    '{"ratio":-0}',
    '{"ratio":1e999}',
    '{"ratio":NaN}',
    f'{{"ratio":{10**400}}}',
    f'{{"count":{10**30}}}',
    '{"ratio":9007199254740993}',
    '{"amount":1.5}',
    '{"amount":1}',
    '{"amount":"NaN"}',
    '{"amount":"1_0"}',
    '{"amount":" 1"}',
    '{"amount":"1\\n"}',
    '{"maybe":2}',
    '{"when":"2026-01-31T12:00:00"}',
    '{"when":"2026-01-31 12:00:00Z"}',
    '{"when":"2026-01-31T12:00:00.1234567Z"}',
    '{"when":1}',
    '{"pair":[1,"2026-01-31T12:00:00"]}',
    '{"pair":[1]}',
    '{"lines":[{"sku":"a","price":1,"at":"2026-01-31T12:00:00"}]}',
    '{"lines":[{"sku":"a","price":-1}]}',
    '{"lines":[{"sku":"a"}]}',
    '{"lines":[{"sku":"a","price":1,"x":1}]}',
    '{"lines":{"sku":"a","price":1}}',
    '{"ident":"00000000000000000000000000000001"}',
    '{"ident":"{00000000-0000-0000-0000-000000000001}"}',
    '{"raw":"AB=="}',
    '{"raw":"AAAA===="}',
    '{"day":"20260131"}',
    '{"color":"green"}',
    '{"size":"1"}',
    '{"size":true}',
    '{"unit":true}',
    '{"counts":{"07":"red"}}',
    '{"counts":{"-0":"red"}}',
    '{"counts":{"7":"red","7":"blue"}}',
    '{"by_color":{"green":1}}',
    '{"count":"x","count":1}',
    '{"text":"\\ud800"}',
    '{"text":1}',
    '{"extra":1}',
    '{"extra":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}',
    "[]",
    "null",
]
ODD_WHOLE = [
    '{"type":"all","version":2}',
    '{"version":2,"data":{}}',
    '{"type":"all","data":{}}',
    '{"type":"all","version":2,"data":{},"more":1}',
    '{"data":{},"version":2,"type":"all"}',
    '{"type":"all","version":2,"data":{},"type":"tree"}',
    '{"type":"nope","type":"all","version":2,"data":{}}',
    '{"type":"all","version":2,"data":{"x":1},"data":{}}',
    '{"type":"all","version":1,"data":{}}',
    '{"type":"all","version":3,"data":{}}',
    '{"type":"all","version":2.0,"data":{}}',
    '{"type":"tree","version":true,"data":{}}',
    '{"type":"","version":1,"data":{}}',
    '{"type":""}',
    '{"type":"all","version":2,"data":{}} x',
    "\ufeff{}",
    "",
]


@pytest.mark.parametrize("extra", ["forbid", "allow"])
@pytest.mark.parametrize(
    "wire", [f'{{"type":"all","version":2,"data":{payload}}}' for payload in ODD_JSON] + ODD_WHOLE
)
def test_both_lanes_agree_on_what_is_odd(wire: str, extra: str) -> None:
    codec = CODECS["json", extra]
    read = same(lambda each: each.decode(wire.encode()), codec)
    # And alone, where msgspec has no tags to look at.
    alone: BothLanes[Any] = BothLanes(All, extra=extra)
    assert str(outcome(lambda each: each.decode(wire.encode()), alone.auto)) == str(
        outcome(lambda each: each.decode(wire.encode()), alone.cattrs)
    )
    assert isinstance(read, All | DecodeError | Tree)


@pytest.mark.parametrize(
    "fields",
    [
        {"ratio": math.nan},
        {"ratio": math.inf},
        {"nested": [[-math.inf]]},
        {"either": math.nan},
        {"when": datetime.datetime(2026, 1, 31)},  # noqa: DTZ001 - that is what is refused
        {"pair": (1, datetime.datetime(2026, 1, 31))},  # noqa: DTZ001
        {"amount": Decimal("NaN")},
        {"maybe": Decimal("Infinity")},
        {"text": "\ud800"},
        {"ratio": 10**400},
        {"lines": [Box(1, [])]},
        {"box": Box(Line(sku="a", price=math.inf), [])},
        {"by_name": {"a": Line(sku="a", price=1, at=datetime.datetime(2026, 1, 31))}},  # noqa: DTZ001
    ],
)
@pytest.mark.parametrize("form", ["json", "msgpack"])
def test_neither_lane_writes_what_would_arrive_as_something_else(
    fields: dict[str, Any], form: str
) -> None:
    with pytest.raises(EncodeError):
        BothLanes(All, format=form).encode(All(**fields))


def test_numbers_that_are_ints_are_fine_for_floats() -> None:
    for form in ("json", "msgpack"):
        codec = BothLanes(All, format=form)
        assert repr(codec.auto.copy(All(ratio=3)).ratio) == "3.0"
        assert codec.auto.copy(All(ratio=10**300)) == codec.cattrs.copy(All(ratio=10**300))


# Which messages go it


def lane_of(made: type[Any], **options: Any) -> str:
    return Codec(made, **options).explain().splitlines()[1].partition(", ")[2]


def test_explain_says_which_lane_and_why_not_the_fast_one() -> None:
    text = Codec(Any3).explain().splitlines()
    assert text[0] == (
        "Codec(All | Tree | Odd): format json, lane auto, extra fields refused, "
        "at most 1048576 bytes, 32 levels and 100000 items of a collection"
    )
    assert "  'all' (version 2): All, fast lane" in text
    why = "by its own __init__: the field 'number' of 'Odd' has a converter"
    assert f"  'odd' (version 1): Odd, fast lane ({why})" in text
    assert lane_of(All, lane="cattrs") == "cattrs lane (as asked for)"
    assert "format msgpack, lane cattrs, extra fields passed over" in (
        Codec(All, format="msgpack", lane="cattrs", extra="allow").explain()
    )


@attrs.frozen(init=False)
class Selfmade:
    x: int = 0

    def __init__(self, x: int = 0) -> None:
        self.__attrs_init__(x=x + 1)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


@attrs.frozen
class Hooked:
    x: int = 0

    def __attrs_pre_init__(self) -> None:
        pass


@attrs.frozen(cache_hash=True)
class Cached:
    x: int = 0


@attrs.frozen
class Converted:
    f: int = attrs.field(default=0, converter=abs)


@attrs.frozen
class Renamed:
    f: int = attrs.field(default=0, alias="g")


@attrs.frozen
class Left:
    f: int = attrs.field(default=0, init=False)


@attrs.frozen
class Private:
    _f: int = 0


def positive(number: int) -> int:
    return abs(number)


def double(made: Any) -> int:
    twice: int = made.count * 2
    return twice


def one_more(made: Any) -> int:
    more: int = made.x + 1
    return more


@message("busy")
@attrs.frozen(kw_only=True, cache_hash=True)
class Busy:
    """A message with all that only its own `__init__` can do; what it contains needs nothing."""

    count: int = attrs.field(converter=positive)
    name: str = attrs.field(alias="called", default="nobody")
    _secret: float = attrs.field(default=0.5, alias="secret")
    total: int = attrs.field(init=False, default=9)
    lines: list[Line] = attrs.field(factory=list[Line])
    twice: int = attrs.field(default=attrs.Factory(double, takes_self=True))

    def __attrs_pre_init__(self) -> None:
        pass


class Guess(enum.Enum):
    A = "a"

    @classmethod
    def _missing_(cls, value: object) -> Guess:
        del value
        return cls.A


class Mixed(enum.Enum):
    A = "a"
    B = 1


@attrs.frozen
class Lasting:
    x: int = 0

    @functools.cached_property
    def double(self) -> int:
        return self.x * 2


@attrs.frozen(slots=False)
class Roomy:
    x: int = 0


@attrs.frozen
class WithSelf:
    x: int = 0
    y: int = attrs.field(default=attrs.Factory(one_more, takes_self=True))


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (Converted, "the field 'f' of 'Converted' has a converter"),
        (Renamed, "the field 'f' of 'Renamed' has an alias"),
        (Left, "the field 'f' of 'Left' has init=False"),
        (Private, "the field '_f' of 'Private' is private"),
        (Lasting, "'Lasting' has room for more than its fields"),
        (Roomy, "'Roomy' has room for more than its fields"),
        (WithSelf, "the field 'y' of 'WithSelf' has a default that takes self"),
        (Selfmade, "'Selfmade' is made in a way of its own"),
        (Hooked, "'Hooked' has an __attrs_pre_init__"),
        (Cached, "'Cached' caches its hash"),
        (list[Cached], "'Cached' caches its hash"),
        (Guess, "'Guess' has a _missing_ of its own"),
        (Mixed, "'Mixed' has both strings and ints"),
        (object, "a field may be anything"),
        (Path, "msgspec reads no Path"),
        (All | Tree, "'All | Tree' is a union of more than scalars, or one class, and None"),
        (list[int] | str, "is a union of more than scalars"),
        (dict[Size, int], "keys of 'dict[Size, int]' are not plain"),
        (set[tuple[int, int]], "'set[tuple[int, int]]' is a set of more than scalars"),
    ],
)
def test_what_msgspec_would_read_differently_goes_the_cattrs_lane(field: Any, words: str) -> None:
    assert lane_of(make_message(f=field)).startswith("cattrs lane (")
    assert words in lane_of(make_message(f=field))


@pytest.mark.parametrize("form", ["json", "msgpack"])
@pytest.mark.parametrize("extra", ["forbid", "allow"])
def test_a_message_may_have_an_init_of_its_own(form: str, extra: str) -> None:
    codec = BothLanes(Busy, format=form, extra=extra)
    assert lane_of(Busy).startswith("fast lane (by its own __init__: 'Busy' caches its hash")
    at = datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)
    for msg in (
        Busy(count=-3),
        Busy(count=1, called="me", secret=2.5, lines=[Line(sku="a", price=1, at=at)], twice=7),
    ):
        assert codec.copy(msg) == msg
        name, version, payload = codec.dump(msg)
        assert codec.load(name, version, payload) == msg
    assert codec.auto.to_builtins(Busy(count=1))["data"] == {
        "count": 1,
        "name": "nobody",
        "_secret": 0.5,
        "lines": [],
        "twice": 2,
    }


@pytest.mark.parametrize(
    "payload",
    [
        '{"count":-1}',
        '{"count":-1,"twice":1,"_secret":3,"name":"x"}',
        '{"count":"1"}',
        '{"count":1,"total":1}',
        '{"count":1,"called":"me"}',
        '{"count":1,"lines":[{"sku":"a","price":1,"at":"2026-01-31T12:00:00"}]}',
        '{"name":"me"}',
        '{"count":1,"count":2}',
    ],
)
@pytest.mark.parametrize("extra", ["forbid", "allow"])
def test_what_an_own_init_is_given_is_as_strict(payload: str, extra: str) -> None:
    codec = BothLanes(Busy, extra=extra)
    one, other = (
        outcome(lambda each: each.load("busy", 1, payload.encode()), each)
        for each in (codec.auto, codec.cattrs)
    )
    assert repr(one) == repr(other)
    assert str(one) == str(other)


def test_a_type_that_msgspec_itself_does_not_resolve_goes_the_fast_lane_too() -> None:
    @message("node")
    class Node:
        value: int = 0
        next: Node | None = None

    assert lane_of(Node) == "fast lane"
    assert BothLanes(Node).copy(Node(next=Node())) == Node(next=Node())


def test_what_the_fast_lane_refuses_the_cattrs_lane_may_still_take() -> None:
    calls: list[int] = []

    def not_at_first(_: object, __: object, value: int) -> None:
        calls.append(value)
        if len(calls) == 1:
            raise ValueError("not now")

    @message("moody")
    class Moody:
        x: int = attrs.field(validator=not_at_first)

    assert Codec(Moody).load("moody", 1, b'{"x":1}').x == 1
    assert calls == [1, 1]


# Bounds, in both lanes and formats


@message("texts")
class Texts:
    texts: list[str]


@pytest.mark.parametrize("form", ["json", "msgpack"])
@pytest.mark.parametrize("text", ["", "no separator", ",", "[1,2,3],{}," * 9])
def test_the_bound_of_items_is_exact_however_long_they_are(form: str, text: str) -> None:
    roomy, bounded = BothLanes(Texts, format=form), BothLanes(Texts, format=form, max_items=7)
    just, over = (Texts(texts=[text] * count) for count in (7, 8))
    assert bounded.copy(just) == just
    with pytest.raises(EncodeError, match=r"8 items.*max_items"):
        bounded.encode(over)
    with pytest.raises(EncodeError, match=r"8 items.*max_items"):
        bounded.dump(over)
    with pytest.raises(DecodeError, match=r"8 items.*max_items"):
        bounded.decode(roomy.encode(over))
    with pytest.raises(DecodeError, match=r"8 items.*max_items"):
        bounded.load(*roomy.dump(over))  # without the envelope, whose fields have separators too


@pytest.mark.parametrize("form", ["json", "msgpack"])
@pytest.mark.parametrize("extra", ["forbid", "allow"])
def test_depth_and_length_are_bounded(form: str, extra: str) -> None:
    tree = Tree()
    for _ in range(4):
        tree = Tree(children=[tree])
    wide = Tree(children=[Tree()] * 20)
    roomy = BothLanes(Tree, format=form, extra=extra)
    flat = BothLanes(Tree, format=form, extra=extra, max_depth=9)
    short = BothLanes(Tree, format=form, extra=extra, max_items=19)
    assert roomy.copy(tree) == tree
    assert roomy.copy(wide) == wide
    assert flat.copy(wide) == wide
    assert short.copy(tree) == tree
    for codec, msg, words in ((flat, tree, "max_depth"), (short, wide, "20 items.*max_items")):
        with pytest.raises(EncodeError, match=words):
            codec.encode(msg)
        with pytest.raises(EncodeError, match=words):
            codec.dump(msg)
        with pytest.raises(EncodeError, match=words):
            codec.to_builtins(msg)
        with pytest.raises(DecodeError, match=words):
            codec.decode(roomy.encode(msg))
        with pytest.raises(DecodeError, match=words):
            codec.load(*roomy.dump(msg))
        with pytest.raises(DecodeError, match=words):
            codec.from_builtins(roomy.to_builtins(msg))


def test_size_is_bounded_in_msgpack_too() -> None:
    wire = Codec(Tree, format="msgpack").encode(Tree())
    fits = BothLanes(Tree, format="msgpack", max_size=len(wire))
    tight = BothLanes(Tree, format="msgpack", max_size=len(wire) - 1)
    assert fits.copy(Tree()) == Tree()
    with pytest.raises(EncodeError, match="max_size"):
        tight.encode(Tree())
    with pytest.raises(DecodeError, match="max_size"):
        tight.decode(wire)


def test_only_bytes_are_decoded() -> None:
    wire = Codec(Tree).encode(Tree(value=1))
    for each in (bytearray(wire), memoryview(wire)):
        assert BothLanes(Tree).decode(each) == Tree(value=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    text: Any = wire.decode()
    with pytest.raises(DecodeError, match="expected bytes, not str"):
        BothLanes(Tree).decode(text)


@pytest.mark.parametrize("options", [{"format": "yaml"}, {"lane": "fast"}, {"extra": "drop"}])
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"Codec\(Tree\): \w+ is '\w+'; give '\w+' or"):
        Codec(Tree, **options)
