"""The file of dead letters: every one is in it, and can be read back, however the run ends."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
import trio

import trioharness as th
from tests.harness._pieces import Order, figures, forever, send_orders
from trioharness.observe import restart_limit_story


@th.message("refund")
class Refund:
    reason: str


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "dead.jsonl"


def letters(file: Path) -> list[dict[str, Any]]:
    text = file.read_text("utf-8")
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


async def crash_on_odd(end: th.ReceiveChannel[Order], into: list[int]) -> None:
    async for order in end:
        if order.number % 2:
            raise ValueError(f"{order.number} is odd")
        into.append(order.number)


async def send_refunds(end: th.SendChannel[Refund], *reasons: Any) -> None:
    for reason in reasons:
        await end.send(Refund(reason=reason))


async def crash_on_all(end: th.ReceiveChannel[Any]) -> None:
    async for message in end:
        raise ValueError(message)


def shop(file: Path, count: int, into: list[int]) -> th.Harness:
    app = th.Harness("shop", dead_letters=file)
    send, receive = app.channel(Order, 8, name="orders", max_deliveries=2)
    app.add(send_orders, send, range(count))
    app.add(crash_on_odd, receive, into, copies=2)
    return app


def test_a_line_says_all_there_is_to_say(file: Path) -> None:
    got: list[int] = []
    receipt = shop(file, 4, got).run()
    assert got == [0, 2]
    assert figures(receipt, "orders") == (4, 2, 2, 0)
    one, other = sorted(letters(file), key=lambda letter: letter["message"]["data"]["number"])
    assert set(one) == {"channel", "attempts", "reason", "error", "time", "message"}
    assert (one["channel"], one["attempts"]) == ("orders", 2)
    assert one["error"] == "ValueError: 1 is odd"
    assert "delivered 2 times" in one["reason"]
    assert 1.7e9 < one["time"] <= other["time"] + 60
    assert th.Codec(Order).from_builtins(one["message"]) == Order(number=1)
    assert th.Codec(Order).decode(json.dumps(other["message"]).encode()) == Order(number=3)


def test_more_dead_letters_than_their_channel_holds(file: Path) -> None:
    got: list[int] = []
    receipt = shop(file, 400, got).run()
    assert figures(receipt, "orders") == (400, 200, 200, 0)
    numbers = sorted(letter["message"]["data"]["number"] for letter in letters(file))
    assert numbers == list(range(1, 400, 2))


def test_each_run_adds_to_the_file(file: Path) -> None:
    file.write_text('{"of": "yesterday"}\n')
    app = shop(file, 2, [])
    app.run()
    app.run()
    first, *others = letters(file)
    assert first == {"of": "yesterday"}
    assert [letter["message"]["data"]["number"] for letter in others] == [1, 1]


def test_without_dead_letters_the_file_is_empty(file: Path) -> None:
    shop(file, 1, []).run()
    assert file.read_text() == ""


def test_without_counted_channels_there_is_no_file(file: Path) -> None:
    app = th.Harness("shop", dead_letters=str(file))
    app.channel(Order, 8)
    app.add(forever, background=True)
    app.run()
    assert not file.exists()


def test_the_channels_of_a_union_and_of_several(file: Path) -> None:
    app = th.Harness("shop", dead_letters=file)
    both = app.channel(Order | Refund, 8, name="both", max_deliveries=1)
    refunds = app.channel(Refund, 8, name="refunds", max_deliveries=1)
    for name, (send, receive) in (("both", both), ("refunds", refunds)):
        app.add(send_refunds, send, "late", name=f"send {name}")
        app.add(crash_on_all, receive, name=f"take {name}")
    app.run()
    codec = th.Codec(Order | Refund)
    found = {letter["channel"]: codec.from_builtins(letter["message"]) for letter in letters(file)}
    assert found == {"both": Refund(reason="late"), "refunds": Refund(reason="late")}


WAYS: list[tuple[Callable[[Path], Path], type[OSError]]] = [
    (lambda folder: folder, IsADirectoryError),
    (lambda folder: folder / "missing" / "dead.jsonl", FileNotFoundError),
]


@pytest.mark.parametrize(("path", "cause"), WAYS)
def test_a_path_that_cannot_be_written(
    tmp_path: Path, path: Callable[[Path], Path], cause: type[OSError]
) -> None:
    got: list[int] = []
    with pytest.raises(th.StartFailed) as caught:
        shop(path(tmp_path), 1, got).run()
    assert caught.value.path == "shop/dead-letters"
    assert isinstance(caught.value.__cause__, cause)
    assert str(path(tmp_path)) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_message_that_the_codec_refuses_is_not_lost(file: Path) -> None:
    app = th.Harness("shop", dead_letters=file, max_restarts=0)
    send, receive = app.channel(Refund, 8, max_deliveries=1)
    app.add(send_refunds, send, "caf\udce9", 5, "fine")
    app.add(crash_on_all, receive)
    receipt = app.run()
    assert figures(receipt, "Refund") == (3, 0, 3, 0)
    surrogate, number, fine = letters(file)
    assert surrogate["message"] is None
    assert surrogate["repr"] == r"Refund(reason='caf\udce9')"
    assert "lone surrogate" in surrogate["problem"]
    assert number["message"] is None
    assert number["repr"] == "Refund(reason=5)"
    assert "expected a str" in number["problem"]
    assert th.Codec(Refund).from_builtins(fine["message"]) == Refund(reason="fine")


class Shy:
    def __repr__(self) -> str:
        raise RuntimeError("do not look")


class Odd(Exception):
    def __repr__(self) -> str:
        return "Odd('\udce9')"


def test_what_cannot_be_shown_does_not_stop_the_writer(file: Path) -> None:
    async def crash(end: th.ReceiveChannel[Refund]) -> None:
        async for _ in end:
            raise Odd

    app = th.Harness("shop", dead_letters=file, max_restarts=0)
    send, receive = app.channel(Refund, 8, max_deliveries=1)
    app.add(send_refunds, send, Shy())
    app.add(crash, receive)
    app.run()
    (letter,) = letters(file)
    assert letter["message"] is None
    assert letter["repr"] == "<a Refund whose repr raised RuntimeError: do not look>"
    assert letter["reason"].endswith("Odd('\udce9')")


def test_a_context_manager_may_read_the_complete_file(file: Path) -> None:
    seen: list[int] = []

    @contextlib.asynccontextmanager
    async def report() -> AsyncGenerator[None]:
        yield
        seen.append(len(letters(file)))

    app = shop(file, 200, [])
    app.add(report)
    app.run()
    assert seen == [100]


def test_a_stopped_run_writes_what_has_died_before_its_context_managers_end(file: Path) -> None:
    seen: list[int] = []

    @contextlib.asynccontextmanager
    async def report() -> AsyncGenerator[None]:
        yield
        seen.append(len(letters(file)))

    async def stop_in_the_middle(end: th.ReceiveChannel[Order]) -> None:
        async for order in end:
            if order.number == 30:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
                await trio.sleep_forever()
            raise ValueError(order)

    app = th.Harness("shop", dead_letters=file)
    send, receive = app.channel(Order, 8, name="orders", max_deliveries=1)
    app.add(send_orders, send, range(100))
    app.add(stop_in_the_middle, receive)
    # Declared last, so that it would be stopped first if it were no background component.
    app.add(report, after=[app.add(forever, name="other", background=True)])
    receipt = app.run()
    assert receipt.ended == "stopped"
    sent, delivered, dead, left = figures(receipt, "orders")
    assert (delivered, dead) == (0, 30)
    assert left == sent - 30
    assert seen == [30]


def test_giving_up_writes_them_too(file: Path) -> None:
    async def give_up(end: th.ReceiveChannel[Order]) -> None:
        async for order in end:
            if order.number == 5:
                end.ack()  # so that the crash counts
            raise ValueError(order)

    app = th.Harness("shop", dead_letters=file, max_restarts=0)
    send, receive = app.channel(Order, 8, max_deliveries=1)
    app.add(send_orders, send, range(100))
    app.add(give_up, receive)
    with pytest.raises(th.RestartLimitExceeded):
        app.run()
    assert [letter["message"]["data"]["number"] for letter in letters(file)] == [0, 1, 2, 3, 4]


def test_without_a_file_a_component_reads_them() -> None:
    got: list[object] = []

    async def crash(end: th.ReceiveChannel[Order]) -> None:
        async for order in end:
            raise ValueError(order)

    async def bury(end: th.ReceiveChannel[Order]) -> None:
        with end:
            dead = end.channel.dead.clone()
        async for letter in dead:
            got.append(letter.message)

    app = th.Harness("shop")
    send, receive = app.channel(Order, 8, max_deliveries=1)
    app.add(send_orders, send, range(200))
    app.add(crash, receive)
    # Holding the channel's receive end itself, it would keep the end from coming.
    app.add(bury, receive, restart="temporary", background=True)
    receipt = app.run()
    assert figures(receipt, "Order") == (200, 0, 200, 0)
    assert len(got) >= 200 - 64


def test_a_full_disk_is_a_crash_of_the_writer_that_tells_what_was_lost(
    events: list[th.Event],
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    app = th.Harness("shop", dead_letters=full, max_restarts=0, observer=events.append)
    send, receive = app.channel(Order, 8, max_deliveries=1)
    app.add(send_orders, send, [7])
    app.add(crash_on_all, receive)
    with pytest.raises(th.RestartLimitExceeded) as caught:
        app.run()
    told = restart_limit_story(caught.value)
    assert "OSError: [Errno 28] No space left on device" in told
    assert '"data": {"number": 7}' in told
