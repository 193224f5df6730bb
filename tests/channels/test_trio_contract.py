"""trio's own tests of its memory channel, as installed with trio, run against our channels.

They are loaded from trio's file into a module of their own, in which `open_memory_channel` is
ours; `trio.as_safe_channel`, which opens a channel inside, is bound to ours too. Nothing of trio
itself is changed.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import AsyncGenerator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

import trio

from trioharness._errors import ConfigurationError
from trioharness.channels import ReceiveChannel, SendChannel, open_channel

SOURCE: Final = Path(trio.__file__).parent / "_tests" / "test_channel.py"

NOT_APPLICABLE: Final[dict[str, str]] = {}
"""Tests of trio's that cannot apply by nature, each with its reason."""


class OpenMemoryChannel:
    """`open_channel` in the shape of `trio.open_memory_channel`."""

    def __getitem__(self, _: object) -> OpenMemoryChannel:
        return self

    def __call__(self, max_buffer_size: object) -> tuple[SendChannel[Any], ReceiveChannel[Any]]:
        try:
            return open_channel(object, max_buffer_size)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - refusing it is the test
        except ConfigurationError as error:
            # trio has a class of error and a sentence of its own for each of the two.
            if isinstance(max_buffer_size, int):
                raise ValueError("max_buffer_size must be >= 0") from error
            raise TypeError("max_buffer_size must be an integer or math.inf") from error


class TrioWithOurChannels:
    """The module `trio`, except that memory channels are ours."""

    open_memory_channel = OpenMemoryChannel()

    def __getattr__(self, name: str) -> object:
        return getattr(trio, name)


def load_contract() -> ModuleType:
    """Return trio's tests as a module that uses our channels."""
    # The name of a sibling, so that its relative imports lead to trio's own packages.
    spec = importlib.util.spec_from_file_location("trio._tests.test_channel_of_ours", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    as_safe_channel = trio.as_safe_channel
    namespace = {**as_safe_channel.__globals__, "trio": TrioWithOurChannels()}
    vars(module).update(
        trio=TrioWithOurChannels(),
        open_memory_channel=TrioWithOurChannels.open_memory_channel,
        as_safe_channel=FunctionType(as_safe_channel.__code__, namespace),
    )
    return module


CONTRACT: Final = {
    name: test
    for name, test in vars(load_contract()).items()
    if name.startswith("test_") and name not in NOT_APPLICABLE
}
globals().update(CONTRACT)


def test_no_test_of_trios_is_dropped() -> None:
    tree = ast.parse(SOURCE.read_text("utf-8"))
    written = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }
    assert written == CONTRACT.keys() | NOT_APPLICABLE.keys()
    assert len(written) >= 13
    assert not CONTRACT.keys() & NOT_APPLICABLE.keys()


def test_the_contract_is_run_against_our_ends() -> None:
    send, receive = CONTRACT["test_channel"].__globals__["open_memory_channel"][int](1)
    assert isinstance(send, SendChannel)
    assert isinstance(receive, ReceiveChannel)


async def test_as_safe_channel_is_bound_to_ours() -> None:
    async def numbers() -> AsyncGenerator[int]:
        yield 1

    as_safe_channel = CONTRACT["test_as_safe_channel_exhaust"].__globals__["as_safe_channel"]
    async with as_safe_channel(numbers)() as receive:
        assert type(receive._recv_chan) is ReceiveChannel
