"""`isolation="serialized"`: what is received is equal, and shares nothing with what was sent."""

from __future__ import annotations

import attrs
import pytest

import trioharness as th

pytestmark = pytest.mark.usefixtures("virtual_time")


@th.message("basket")
class Basket:
    items: list[str] = attrs.field(factory=list[str])
    prices: dict[str, float] = attrs.field(factory=dict[str, float])


BASKET = Basket(items=["tea"], prices={"tea": 2.5})


async def put(end: th.SendChannel[Basket], basket: Basket) -> None:
    await end.send(basket)


async def put_number(end: th.SendChannel[int]) -> None:
    await end.send(1)


async def take(end: th.ReceiveChannel[Basket], into: list[Basket]) -> None:
    async for basket in end:
        into.append(basket)


async def take_numbers(end: th.ReceiveChannel[int], into: list[int]) -> None:
    async for number in end:
        into.append(number)


def received(
    app: th.Harness, ends: tuple[th.SendChannel[Basket], th.ReceiveChannel[Basket]]
) -> Basket:
    baskets: list[Basket] = []
    app.add(put, ends[0], BASKET)
    app.add(take, ends[1], baskets)
    assert app.run().ended == "done"
    (basket,) = baskets
    return basket


def assert_apart(basket: Basket) -> None:
    assert basket == BASKET
    assert basket is not BASKET
    assert basket.items is not BASKET.items
    assert basket.prices is not BASKET.prices


def test_a_harness_may_send_all_messages_through_bytes() -> None:
    app = th.Harness("shop", isolation="serialized")
    assert_apart(received(app, app.channel(Basket, 1)))


def test_a_channel_may_do_as_it_likes() -> None:
    app = th.Harness("shop")
    assert_apart(received(app, app.channel(Basket, 1, isolation="serialized")))
    app = th.Harness("shop", isolation="serialized")
    assert received(app, app.channel(Basket, 1, isolation="shared")) is BASKET


def test_by_default_messages_travel_by_reference() -> None:
    app = th.Harness("shop")
    assert received(app, app.channel(Basket, 1)) is BASKET


def test_what_no_codec_can_write_is_refused_where_it_is_declared() -> None:
    app = th.Harness("shop", isolation="serialized")
    words = r"its messages cannot be serialized .*give it isolation=\"shared\""
    with pytest.raises(th.ConfigurationError, match=words):
        app.channel(int, 1)
    numbers: list[int] = []
    send, receive = app.channel(int, 1, isolation="shared")
    app.add(put_number, send)
    app.add(take_numbers, receive, numbers)
    app.run()
    assert numbers == [1]


def test_isolation_is_one_of_two_words() -> None:
    wrong: list[dict[str, str]] = [{"isolation": "copied"}]
    for options in wrong:
        with pytest.raises(
            th.ConfigurationError, match="isolation is 'copied'; give \"shared\" or"
        ):
            th.Harness("shop", **options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        with pytest.raises(th.ConfigurationError, match="isolation is 'copied'"):
            th.Harness("shop").channel(int, 1, **options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
