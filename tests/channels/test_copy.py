"""`open_channel(copy=...)`: sender and receiver share nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from trioharness._errors import ConfigurationError, MessageTypeError
from trioharness.channels import ReceiveChannel, SendChannel, SendProgress, open_channel

Ends = tuple[SendChannel[list[int]], ReceiveChannel[list[int]]]


def copying(
    copy_message: Callable[[list[int]], list[int]] = copy.deepcopy,
    *,
    size: int = 9,
    max_deliveries: int | None = None,
) -> Ends:
    return open_channel(list[int], size, copy=copy_message, max_deliveries=max_deliveries)


@pytest.mark.parametrize("max_deliveries", [None, 2], ids=["plain", "counted"])
@pytest.mark.parametrize("how", ["send", "send_nowait", "send_many"])
async def test_what_is_received_is_a_copy(max_deliveries: int | None, how: str) -> None:
    send, receive = copying(max_deliveries=max_deliveries)
    message = [1]
    for _ in range(2):
        match how:
            case "send":
                await send.send(message)
            case "send_nowait":
                send.send_nowait(message)
            case _:
                await send.send_many([message])
        message.append(2)
    assert await receive.receive() == [1]
    assert await receive.receive() == [1, 2]


async def test_the_copy_is_made_before_the_send_waits() -> None:
    send, receive = copying(size=0)
    first, second = [1], [2]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send.send, first)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(send.send_many, [second])
        await trio.testing.wait_all_tasks_blocked()
        first.append(8)
        second.append(9)
        assert await receive.receive_many(2) == [[1], [2]]


async def test_a_message_that_comes_back_is_not_copied_again() -> None:
    copied: list[list[int]] = []

    def note(message: list[int]) -> list[int]:
        copied.append(message)
        return [*message]

    send, receive = copying(note, max_deliveries=3)
    send.send_nowait([1])
    first = receive.receive_nowait()
    receive.settle(ValueError())
    assert receive.receive_nowait() is first
    assert len(copied) == 1


@pytest.mark.parametrize("max_deliveries", [None, 2], ids=["plain", "counted"])
async def test_where_a_copy_fails_nothing_is_sent(max_deliveries: int | None) -> None:
    def fail_on_empty(message: list[int]) -> list[int]:
        return [message[0]]

    send, receive = copying(fail_on_empty, max_deliveries=max_deliveries)
    progress = SendProgress()
    with pytest.raises(IndexError):
        await send.send([])
    with pytest.raises(IndexError):
        send.send_nowait([])
    with pytest.raises(IndexError):
        await send.send_many([[1], []], progress=progress)
    assert progress.sent == send.statistics().sent == 0
    assert receive.statistics().current_buffer_used == 0


async def test_the_type_is_checked_before_the_copy() -> None:
    def never(message: list[int]) -> list[int]:
        raise AssertionError("unreachable")

    send, _ = copying(never)
    wrong: Any = (1,)
    for _ in range(2):
        with pytest.raises(MessageTypeError):
            await send.send(wrong)
    with pytest.raises(MessageTypeError):
        await send.send_many([wrong])
    send.close()
    with pytest.raises(trio.ClosedResourceError):
        await send.send([1])


async def to_be_awaited(message: object) -> object:
    await trio.lowlevel.checkpoint()
    return message


@pytest.mark.parametrize("option", ["copy", "observer"])
def test_what_no_send_can_call_is_refused(option: str) -> None:
    wrong: Any = {option: 3}
    with pytest.raises(ConfigurationError) as caught:
        open_channel(int, 1, **wrong)
    assert str(caught.value) == f"{option}: 3 cannot be called; give a function of one argument"
    wrong = {option: to_be_awaited}
    with pytest.raises(
        ConfigurationError, match=f"^{option}: 'to_be_awaited' is an async function"
    ):
        open_channel(int, 1, **wrong)


@pytest.mark.parametrize("name", ["", 3, b"numbers"])
def test_what_is_no_name_is_refused(name: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^name: .* is no name for a channel; give a"):
        open_channel(int, 1, name=name)
