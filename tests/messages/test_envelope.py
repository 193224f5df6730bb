"""`Envelope`, `Batch`, `Properties` and `Ids`: what is said of messages, and what is refused."""

from __future__ import annotations

import copy
import pickle
import struct
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given

from trioharness._errors import ConfigurationError, DecodeError, EncodeError
from trioharness.messages import Batch, Envelope, Ids, Properties

from .framing import CARD, ORDER, SIZE, WRITER, Frame, batches, envelopes, extended, read, refusal


@given(envelopes | batches)
def test_what_is_said_arrives(frame: Frame) -> None:
    assert read([WRITER.encode(frame)]) == [frame]


def test_what_is_not_said_takes_no_room() -> None:
    data = WRITER.encode(Envelope(CARD, (7, 1), 5))
    assert (
        data
        == b"\xf5TH\x01\x00\x04\x02\x00\x15\x00\x00\x00"
        + struct.pack("<IQq", 7, 1, 5)
        + b'card{"number":"1234"}'
    )
    assert len(data) == SIZE + len('card{"number":"1234"}')
    assert WRITER.encode(Envelope(CARD, (7, 1), 5, Properties())) == data
    assert len(WRITER.encode(Envelope(CARD, (7, 1), 5, Properties(attempt=2)))) == len(data) + 7


def test_envelopes_are_equal_by_what_they_say() -> None:
    one = Envelope(CARD, id=(7, 1), time=5, properties=Properties(headers={"a": "b"}))
    other = Envelope(CARD, (7, 1), 5, Properties(headers={"a": "b"}))
    plain = Envelope(CARD, (7, 1), 5)
    assert one == other
    assert one != plain
    assert len({one, other, plain}) == 2
    assert plain == Envelope(CARD, (7, 1), 5, Properties(headers={}))
    assert repr(plain.properties.headers) == "{}"


def test_what_plain_envelopes_share_cannot_be_changed() -> None:
    shared: Any = Envelope(CARD, (7, 1), 5).properties
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        shared.attempt = 2
    with pytest.raises(TypeError):
        shared.headers["a"] = "b"
    with pytest.raises(KeyError):
        shared.headers["a"]
    assert (shared, shared.headers) == (Properties(), {})


COPIES: dict[str, Callable[[Frame], Frame]] = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda frame: pickle.loads(pickle.dumps(frame)),  # noqa: S301 - its own
    "evolve": lambda frame: attrs.evolve(frame, time=frame.time),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@given(envelopes | batches)
def test_what_is_copied_says_the_same(copied: Callable[[Frame], Frame], frame: Frame) -> None:
    made = copied(frame)
    assert made == frame
    assert WRITER.encode(made) == WRITER.encode(frame)


def test_a_batch_opens_into_envelopes() -> None:
    said = Properties(correlation=(1, 2), source="shop", headers={"a": b"b"})
    assert list(Batch((CARD, ORDER), (7, 10), 5, said).envelopes()) == [
        Envelope(CARD, (7, 10), 5, said),
        Envelope(ORDER, (7, 11), 5, said),
    ]


def test_ids_count() -> None:
    ids = Ids(7)
    assert [ids.next(), ids.next()] == [(7, 1), (7, 2)]
    assert ids.block(10) == (7, 3)
    assert ids.next() == (7, 13)
    assert Ids(0, first=0).next() == (0, 0)
    assert repr(ids) == "Ids(node=7, next=14)"


@pytest.mark.parametrize("node", [-1, 2**32, True, "7"])
def test_a_node_has_32_bits(node: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"Ids: node is {node!r}; give an int from 0 to"):
        Ids(node)


@pytest.mark.parametrize("count", [-1, 2**64, None])
def test_a_count_has_64_bits(count: Any) -> None:
    with pytest.raises(ConfigurationError, match="first is"):
        Ids(1, first=count)
    with pytest.raises(ConfigurationError, match="count is"):
        Ids(1).block(count)


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("correlation", (1, 2, 3), "a tuple of node"),
        ("correlation", (True, 2), "a tuple of node"),
        ("correlation", (-1, 2), "a tuple of node"),
        ("correlation", [1, 2], "a tuple of node"),
        ("reply_to", b"bytes", "a str of valid Unicode"),
        ("reply_to", "\ud800", "a str of valid Unicode"),
        ("deadline", 1.5, "an int of nanoseconds"),
        ("deadline", 2**63, "an int of nanoseconds"),
        ("attempt", 0, "an int from 1 to 65535"),
        ("attempt", 65536, "an int from 1 to 65535"),
        ("source", 7, "a str of valid Unicode"),
        ("source", "x" * 65536, "a str of valid Unicode"),
        ("headers", {"a": 1}, "a dict of short str to str or bytes"),
        ("headers", {1: "a"}, "a dict of short str to str or bytes"),
        ("headers", {"k" * 256: "a"}, "a dict of short str to str or bytes"),
        ("headers", ["a"], "a dict of short str to str or bytes"),
    ],
)
def test_what_does_not_fit_is_not_sent(field: str, value: object, wanted: str) -> None:
    wrong: dict[str, Any] = {field: value}
    with pytest.raises(
        EncodeError, match=f"cannot encode envelope.properties: {field} has to be {wanted}.*, not "
    ):
        WRITER.encode(Envelope(CARD, (7, 1), 5, Properties(**wrong)))


@pytest.mark.parametrize("wrong", [None, {"attempt": 2}])
def test_what_are_no_properties_is_not_sent(wrong: Any) -> None:
    with pytest.raises(EncodeError, match=r"properties: it has to be Properties, not "):
        WRITER.encode(Envelope(CARD, (7, 1), 5, wrong))


def test_headers_are_bounded_together() -> None:
    headers = {"a": "x" * 40_000, "b": "x" * 40_000}
    with pytest.raises(EncodeError, match="take 80012 bytes and may take 65535; put them into the"):
        WRITER.encode(Envelope(CARD, (7, 1), 5, Properties(headers=headers)))


@pytest.mark.parametrize("id_", [(7,), (7, 2**64), (2**32, 1), 7, ("a", 1), None])
def test_an_id_that_is_none_is_not_sent(id_: Any) -> None:
    with pytest.raises(EncodeError, match=r"id .* or time 5 does not fit: take ids from Ids"):
        WRITER.encode(Envelope(CARD, id_, 5))


@pytest.mark.parametrize("time", [2**63, 1.5, None])
def test_a_time_that_is_none_is_not_sent(time: Any) -> None:
    with pytest.raises(EncodeError, match=r"id \(7, 1\) or time .* does not fit"):
        WRITER.encode(Envelope(CARD, (7, 1), time))


def item(kind: int, data: bytes, size: int | None = None) -> bytes:
    return struct.pack("<BH", kind, len(data) if size is None else size) + data


@pytest.mark.parametrize(
    ("extension", "path", "reason"),
    [
        (
            item(7, b""),
            "envelope.properties",
            "there is something of kind 7: it was written by a newer",
        ),
        (b"\x01", "envelope.properties", "its extension is cut short"),
        (item(2, b"ab", 3), "envelope.properties", "its extension is cut short"),
        (item(1, b"short"), "envelope.properties.correlation", "expected a tuple of node"),
        (item(2, b"\xff"), "envelope.properties.reply_to", "expected a str of valid Unicode"),
        (item(3, b""), "envelope.properties.deadline", "expected an int of nanoseconds"),
        (item(4, b"\0\0"), "envelope.properties.attempt", "expected an int from 1"),
        (item(5, b"a") + item(5, b"b"), "envelope.properties.source", "it is there twice"),
        (item(6, b""), "envelope.properties.headers", "expected a dict"),
        (item(6, b"\x05\x00abc"), "envelope.properties.headers", "expected a dict"),
        (item(6, b"\x01\x02abc"), "envelope.properties.headers", "expected a dict"),
        (item(6, b"\x01\x00a\xff"), "envelope.properties.headers", "expected a dict"),
        (item(6, b"\x01\x00ab") * 2, "envelope.properties.headers", "it is there twice"),
    ],
)
def test_an_extension_that_is_none_is_refused(extension: bytes, path: str, reason: str) -> None:
    error = refusal(extended(extension))
    assert isinstance(error, DecodeError)
    assert (error.path, error.reason[: len(reason)]) == (path, reason)


@pytest.mark.parametrize("size", [1_000, 65_535])
def test_an_extension_of_which_the_rest_is_missing_is_refused(size: int) -> None:
    error = refusal(extended(b"", size))
    assert isinstance(error, DecodeError)
    assert (error.path, error.reason) == ("envelope", "its extension is cut short")
