"""The strategies for properties: what they make is valid, runs, and shrinks to the simplest."""

from __future__ import annotations

import contextlib
import datetime
import enum
import subprocess
import sys
from typing import Any, Literal

import attrs
import trio
import trio.lowlevel
from hypothesis import find, given, settings
from hypothesis import strategies as st

import trioharness as th
from trioharness.testing import Faults, run
from trioharness.testing.strategies import FaultPlan, fault_plans, messages, trees


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
    few = settings(max_examples=200)
    assert find(messages(Box), lambda _: True, settings=few) == Box(line=Line(sku="", price=0))
    simplest = find(messages(Box), lambda box: box.inside is not None, settings=few)
    assert simplest == Box(line=Line(sku="", price=0), inside=Box(line=Line(sku="", price=0)))


async def worker() -> None:
    await trio.sleep(1)


async def crashes() -> None:
    await trio.sleep(1)
    raise OSError


@given(trees({"worker": worker, "crashes": crashes}))
@settings(max_examples=10)
def test_each_tree_runs(group: th.Group) -> None:
    states: list[str] = []

    async def main() -> None:
        with contextlib.suppress(th.RestartLimitExceeded):
            async with th.open_supervisor(max_restarts=0) as sup:
                child = await sup.start(group)
                states.append(child.state)
                await trio.sleep(3)
                sup.cancel_scope.cancel()

    run(main)
    assert states == ["ready"]


async def relay(numbers: th.ReceiveChannel[int], out: th.SendChannel[int]) -> None:
    async for number in numbers:
        await out.send(number)


@given(fault_plans("relay"), st.integers(0, 2**32))
def test_each_plan_strikes_a_component(plans: dict[str, FaultPlan], seed: int) -> None:
    faults, got = Faults(seed), list[int]()

    async def take(numbers: th.ReceiveChannel[int]) -> None:
        async for number in numbers:
            got.append(number)

    async def main() -> None:
        send, numbers = th.open_channel(int, 12, max_deliveries=2)
        out, passed_on = th.open_channel(int, 12)
        broken: Any = plans["relay"](faults, relay) if plans else relay
        async with th.open_supervisor() as sup:
            sup.start_soon(take, passed_on)
            sup.start_soon(broken, numbers, out)
            with send:
                await send.send_many(range(1, 13))
            await trio.lowlevel.checkpoint()

    run(main)
    assert sorted(set(got)) == got or faults.struck
    assert bool(plans) or got == [*range(1, 13)]


def test_plans_shrink_to_none_and_show_what_they_do() -> None:
    assert find(fault_plans("a", "b"), lambda _: True) == {}
    simplest = find(fault_plans("a", "b"), bool)
    assert repr(simplest) == "{'a': faults.crash(component, at=0.0)}"


def test_the_kit_does_not_import_hypothesis() -> None:
    code = "import sys, trioharness.testing as t; t.run; print('hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
