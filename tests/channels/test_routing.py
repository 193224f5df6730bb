"""Rules of a router, as data: what they say of a message, and what is refused."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trioharness import ConfigurationError, KeyRule, NoRoute, Routing, Rule


@attrs.frozen
class Order:
    region: str = "eu"
    size: int = 1


@attrs.frozen
class Cancel:
    number: int = 1


def is_large(message: Any) -> bool:
    return getattr(message, "size", 0) > 100


BY_REGION = KeyRule(attrgetter("region"), {"eu": "europe", "us": "america"})


def test_a_rule_by_type_by_union_by_predicate_and_for_all() -> None:
    assert Rule("a", Order).targets(Order()) == ("a",)
    assert Rule("a", Order).targets(Cancel()) == ()
    assert Rule("a", Order | Cancel).targets(Cancel()) == ("a",)
    assert Rule("a", Order | None).targets(None) == ("a",)
    assert Rule("a", is_large).targets(Order(size=101)) == ("a",)
    assert Rule("a", is_large).targets(Order()) == ()
    assert Rule("a").targets(object()) == ("a",)
    assert Rule("a", list[int]).matches(["not looked at"])


def test_a_rule_by_key() -> None:
    assert BY_REGION.targets(Order("us")) == ("america",)
    assert BY_REGION.targets(Order("mars")) == ()


def test_the_first_that_matches_or_all_of_them() -> None:
    rules: list[Rule | KeyRule] = [
        Rule("large", is_large),
        BY_REGION,
        Rule("orders", Order),
        Rule("large", Order),
    ]
    assert Routing(rules).targets(Order("us", 200)) == ("large",)
    assert Routing(rules).targets(Order("us")) == ("america",)
    assert Routing(rules).targets(Order("mars")) == ("orders",)
    assert Routing(rules, match="all").targets(Order("us", 200)) == ("large", "america", "orders")
    assert Routing(rules, match="all").targets(Order("mars")) == ("orders", "large")
    assert Routing([Rule("orders", Order)], match="all").targets(Cancel()) == ()


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sets(st.integers(0, 5))), min_size=1),
    st.integers(0, 6),
)
def test_the_first_is_the_first_of_all(table: list[tuple[str, set[int]]], message: int) -> None:
    rules = [Rule(name, members.__contains__) for name, members in table]
    every = Routing(rules, match="all").targets(message)
    assert Routing(rules).targets(message) == every[:1]
    assert set(every) == {name for name, members in table if message in members}
    assert len(set(every)) == len(every)


def test_all_names_in_the_order_of_the_rules() -> None:
    rules: list[Rule | KeyRule] = [Rule("b"), BY_REGION, Rule("b", Order)]
    assert Routing(rules).names == ("b", "europe", "america")
    assert Routing(rules, otherwise="dead").names == ("b", "europe", "america", "dead")


def test_what_they_say_of_themselves() -> None:
    rules = Routing([Rule("a", Order), Rule("b", is_large), BY_REGION, Rule("c")], otherwise="drop")
    assert str(rules) == (
        "the first that matches, otherwise drop; Order -> a; is_large -> b; "
        "by attrgetter: 'eu' -> europe, 'us' -> america; everything -> c"
    )
    assert str(Rule("a", Order | Cancel)) == "Order | Cancel -> a"
    assert str(Routing([Rule("a")], match="all")).startswith("all that match, otherwise error; ")


def test_they_are_data() -> None:
    assert Rule("a", Order) == Rule("a", Order)
    assert Routing([Rule("a")]) == Routing((Rule("a"),))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Rule("a").to = "b"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_the_error_for_what_matches_nothing() -> None:
    rules = Routing([Rule("a", Order)])
    error = rules.no_route(Cancel(7))
    assert isinstance(error, NoRoute)
    assert str(error) == (
        "no rule matches Cancel(number=7) (the first that matches, otherwise error; Order -> a); "
        "add a Rule for it, or say with otherwise= that it is dropped, or dead"
    )


RULE: Any = Rule


def test_rules_are_equal_by_value_and_have_a_hash() -> None:
    key = attrgetter("region")
    routings = [Routing([KeyRule(key, {"eu": to}), Rule("b")]) for to in ("a", "a", "c")]
    assert routings[0] == routings[1] != routings[2]
    assert len({*routings}) == 2


KEY_RULE: Any = KeyRule
ROUTING: Any = Routing


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: RULE("a b"), "rule to 'a b': that is no name of an end"),
        (lambda: RULE(3), "rule to 3"),
        (lambda: RULE("a", 3), "3 is not a type"),
        (lambda: KEY_RULE(3, {}), "key=3 is not callable"),
        (lambda: KEY_RULE(len, {1: "no word"}), "that is no name of an end"),
        (lambda: ROUTING([]), "it has no rules"),
        (lambda: ROUTING([Order]), "is no rule"),
        (lambda: ROUTING([RULE("a")], match="some"), "match='some' is not known"),
        (lambda: ROUTING([RULE("a")], otherwise="x"), "otherwise='x' is not known"),
        (lambda: ROUTING([RULE("a")]).check([]), "lead to 'a', and there is no such end"),
        (lambda: ROUTING([RULE("a")]).check("ab"), "no rule leads to 'b'"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, why: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert why in str(caught.value)
