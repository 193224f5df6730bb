"""The leak check: each kind of leak planted, and nothing said where there is none."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing

import pytest
import trio

import trioharness as th
from tests.testing.virtual import virtual
from trioharness.testing import leak_check, run


async def forever() -> None:
    await trio.sleep_forever()


async def numbers() -> AsyncGenerator[int]:
    for number in range(3):
        await trio.lowlevel.checkpoint()
        yield number


async def consume(end: th.ReceiveChannel[int]) -> None:
    async for _ in end:
        pass


@contextlib.contextmanager
def caught() -> Generator[list[str]]:
    """A leak check that must fail; gives the lines of what it found."""
    found: list[str] = []
    with pytest.raises(AssertionError) as error, leak_check():
        yield found
    head, *lines = str(error.value).splitlines()
    assert head == "left behind at the end of leak_check():"
    found += lines


@virtual
async def test_a_clean_block_passes() -> None:
    with leak_check():
        send, orders = th.open_channel(int, 1, max_deliveries=3)
        first, second = trio.open_memory_channel[int](1)
        async with th.open_supervisor("shop") as sup, trio.open_nursery() as nursery:
            sup.start_soon(consume, orders)
            nursery.start_soon(trio.sleep, 5)
            with send, first, second:
                await send.send(1)
        assert [number async for number in numbers()] == [0, 1, 2]
        async with aclosing(numbers()) as generator:
            assert await anext(generator) == 0


@virtual
async def test_a_task_that_still_runs_is_named_with_where_it_waits() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(forever, name="before")
        with caught() as lines:
            nursery.start_soon(forever, name="left behind")
            await trio.testing.wait_all_tasks_blocked()
        (line,) = lines
        assert line.startswith("  task 'left behind' below '")
        assert ", in forever:" in line
        assert "sleep_forever:" in line
        nursery.cancel_scope.cancel()


@virtual
async def test_a_task_is_seen_before_its_first_step() -> None:
    async with trio.open_nursery() as nursery:
        with pytest.raises(AssertionError, match="task 'new'"), leak_check():
            nursery.start_soon(forever, name="new")
        nursery.cancel_scope.cancel()


@virtual
async def test_tasks_at_any_depth_are_seen() -> None:
    async with th.open_supervisor("shop") as sup:

        async def nest() -> None:
            async with th.open_supervisor("inner") as inner:
                inner.start_soon(forever, name="worker")

        with caught() as lines:
            child = await sup.start(nest)
            await trio.testing.wait_all_tasks_blocked()
        assert any("task 'shop/nest'" in line for line in lines)
        assert any("'shop/nest/inner/worker' below 'shop/nest/inner'" in line for line in lines)
        with leak_check():
            await child.stop("the test is over")


@virtual
async def test_a_system_task_is_seen() -> None:
    with pytest.raises(AssertionError, match="task 'mine'"), leak_check():
        trio.lowlevel.spawn_system_task(forever, name="mine")


@virtual
async def test_open_ends_are_named_one_by_one() -> None:
    before, _ = th.open_channel(int, 1, name="before")
    with caught() as lines:
        send, receive = th.open_channel(int, 1, name="orders", max_deliveries=2)
        clone = receive.clone()
        receive.close()
        late = before.clone()
    text = "\n".join(lines)
    assert len(lines) == 3
    assert text.count("open <SendChannel") == 2
    assert text.count("open <ReceiveChannel") == 1
    assert "before" in text
    for end in (send, clone, late):
        assert repr(end) in text
        end.close()


@virtual
async def test_looking_at_an_end_changes_nothing() -> None:
    with caught():
        send, receive = th.open_channel(int, 1)
        send.send_nowait(1)
        was = send.statistics()
    assert send.statistics() == was
    assert receive.receive_nowait() == 1


@virtual
async def test_trios_ends_are_seen_too() -> None:
    with caught() as lines:
        send, receive = trio.open_memory_channel[int](1)
        send.close()
    assert lines == [f"  open {receive!r}"]


@virtual
async def test_a_clone_for_dead_letters_is_an_end_like_any_other() -> None:
    with caught() as lines:
        send, receive = th.open_channel(int, 1, name="orders", max_deliveries=2)
        clone = receive.channel.dead.clone()
        send.close()
        receive.close()
    assert lines == [f"  open {clone!r}"]
    assert "orders.dead" in lines[0]
    clone.close()


@virtual
async def test_ends_can_be_left_out() -> None:
    with leak_check(ends=False):
        _send, _receive = th.open_channel(int, 1)
    with pytest.raises(AssertionError, match="task"), leak_check(ends=False):
        trio.lowlevel.spawn_system_task(forever)


@virtual
async def test_a_generator_that_was_begun_is_named() -> None:
    with caught() as lines:
        generator = numbers()
        assert await anext(generator) == 0
        _never_begun = numbers()
    (line,) = lines
    assert line.startswith(f"  async generator 'numbers' ({__file__}:")
    await generator.aclose()


def test_trio_still_closes_the_generators_at_the_end() -> None:
    diary: list[str] = []
    kept: list[object] = []

    async def tidy() -> AsyncGenerator[int]:
        try:
            yield 1
        finally:
            diary.append("closed")

    async def main() -> None:
        with caught():
            generator = tidy()
            kept.append(generator)
            assert await anext(generator) == 1
        assert diary == []

    run(main)
    assert diary == ["closed"]


@virtual
async def test_a_generator_from_before_is_not_named() -> None:
    async with aclosing(numbers()) as generator:
        assert await anext(generator) == 0
        with leak_check():
            assert await anext(generator) == 1


@virtual
async def test_blocks_of_two_tasks_may_end_in_any_order() -> None:
    hooks = sys.get_asyncgen_hooks()
    outer, inner = leak_check(), leak_check()
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    generator = numbers()
    assert await anext(generator) == 0
    with pytest.raises(AssertionError, match="async generator 'numbers'"):
        inner.__exit__(None, None, None)
    await generator.aclose()
    with leak_check():
        pass
    # The hook of the outer block is left in the middle, and only passes on.
    sys.set_asyncgen_hooks(*hooks)


@virtual
async def test_the_hooks_are_put_back() -> None:
    hooks = sys.get_asyncgen_hooks()
    with leak_check():
        assert sys.get_asyncgen_hooks() != hooks
    assert sys.get_asyncgen_hooks() == hooks


@virtual
async def test_an_error_of_the_block_comes_first() -> None:
    hooks = sys.get_asyncgen_hooks()

    def leak_and_fail() -> None:
        trio.lowlevel.spawn_system_task(forever)
        raise KeyError

    with pytest.raises(KeyError), leak_check():
        leak_and_fail()
    assert sys.get_asyncgen_hooks() == hooks


def test_it_is_for_trio_programs() -> None:
    with pytest.raises(RuntimeError), leak_check():
        pass
