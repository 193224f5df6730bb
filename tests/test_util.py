from __future__ import annotations

import functools
from typing import Generic, TypeVar, final

import attrs
import pytest
import trio

from trioharness._util import NoPublicConstructor, callable_name

T = TypeVar("T")


@final
class Plain(metaclass=NoPublicConstructor):
    def __init__(self, size: int, *, name: str = "plain") -> None:
        self.size = size
        self.name = name


@final
@attrs.define(eq=False, repr=False)
class Slotted(trio.abc.ReceiveChannel[T], Generic[T], metaclass=NoPublicConstructor):
    item: T

    async def receive(self) -> T:
        await trio.lowlevel.checkpoint()
        return self.item

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("cls", [Plain, Slotted, Slotted[int]], ids=["plain", "slots", "alias"])
def test_calling_a_live_class_is_refused_and_says_so(cls: type[object]) -> None:
    with pytest.raises(TypeError, match=r"^`(Plain|Slotted)` has no public constructor; its"):
        cls()


def test_refusal_comes_before_the_arguments_are_looked_at() -> None:
    with pytest.raises(TypeError, match="no public constructor"):
        Plain(3, name="x")


def test_create_passes_arguments_on() -> None:
    plain = Plain._create(3, name="x")
    assert (plain.size, plain.name) == (3, "x")


async def test_create_makes_a_slotted_generic_channel() -> None:
    channel = Slotted[int]._create(7)
    assert isinstance(channel, trio.abc.ReceiveChannel)
    assert not hasattr(channel, "__dict__")
    assert await channel.receive() == 7


def test_abstract_methods_are_still_required() -> None:
    class Half(trio.abc.ReceiveChannel[int], metaclass=NoPublicConstructor):
        async def receive(self) -> int:
            await trio.lowlevel.checkpoint()
            return 1

    with pytest.raises(TypeError, match="aclose"):
        Half._create()


def walk() -> None: ...


class Shop:
    def serve(self) -> None: ...

    def __call__(self) -> None: ...


class Named:
    def __init__(self, name: object) -> None:
        self.__name__ = name

    def __call__(self) -> None: ...


def nested() -> object:
    def inner() -> None: ...

    return inner


@pytest.mark.parametrize(
    ("fn", "name"),
    [
        (walk, "walk"),
        (functools.partial(functools.partial(walk)), "walk"),
        (functools.partial(Shop().serve), "Shop.serve"),
        (Shop.serve, "Shop.serve"),
        (Shop().serve, "Shop.serve"),
        (Shop, "Shop"),
        (Shop(), "Shop"),
        (Named("orders"), "orders"),
        (functools.partial(Named("orders")), "orders"),
        (Named(""), "Named"),
        (Named(5), "Named"),
        (nested(), "inner"),
        (lambda: None, "<lambda>"),
        (len, "len"),
        (3, "int"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_callable_name(fn: object, name: str) -> None:
    assert callable_name(fn) == name
