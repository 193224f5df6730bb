"""Whether, whom and how often to restart, as values in and values out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trioharness as th
from trioharness import rules
from trioharness.rules import (
    RESTART_TYPES,
    STRATEGIES,
    Action,
    Exhausted,
    Limit,
    RestartPolicy,
    RestartType,
    Strategy,
    Window,
    how_often,
    restart_type,
    shuts_down,
    whether,
    whom,
)


class Broken(ConnectionError): ...


CRASH = th.Crashed(ValueError())
NO_CRASHES: list[th.Exit] = [
    th.Returned(),
    th.Stopped("by hand"),
    th.Stopped("by hand", ValueError(), killed=True),
    th.ShutDown("term"),
    th.Ignored(),
]

WHETHER: list[tuple[th.Exit, set[RestartType]]] = [
    (th.Returned(), {"permanent"}),
    (th.ShutDown(), {"permanent"}),
    (th.ShutDown("term"), {"permanent"}),
    (CRASH, {"permanent", "transient"}),
    (th.Crashed(th.ChildKilled("by hand")), {"permanent", "transient"}),
    (th.Crashed(ExceptionGroup("", [ValueError()])), {"permanent", "transient"}),
    (th.Stopped("by hand"), set()),
    (th.Stopped("by hand", ValueError(), killed=True), set()),
    (th.Ignored(), set()),
]


@pytest.mark.parametrize(
    ("restarts", "exhausted", "action"),
    [
        (0, "escalate", Action.RESTART),  # one that is limited by deliveries
        (2, "escalate", Action.RESTART),
        (3, "escalate", Action.GIVE_UP),
        (3, "shutdown", Action.GIVE_UP),
        (2, "park", Action.RESTART),
        (3, "park", Action.PARK),
    ],
)
def test_how_often(restarts: int, exhausted: Exhausted, action: Action) -> None:
    assert how_often(restarts, Limit(2, 10), exhausted) is action


@pytest.mark.parametrize("restart", RESTART_TYPES)
@pytest.mark.parametrize(("exit", "restarted"), WHETHER)
def test_whether(restart: RestartType, exit: th.Exit, restarted: set[RestartType]) -> None:
    expected = Action.RESTART if restart in restarted else Action.LEAVE
    assert whether(restart, exit) is expected


@pytest.mark.parametrize("restart", RESTART_TYPES)
@pytest.mark.parametrize("exit", [CRASH, *NO_CRASHES])
def test_a_word_is_the_type_itself(restart: RestartType, exit: th.Exit) -> None:
    assert restart_type(restart, exit) == restart


def group(*errors: Exception) -> ExceptionGroup[Exception]:
    return ExceptionGroup("several", errors)


TABLE: dict[type[Exception], RestartType] = {
    ConnectionError: "permanent",
    LookupError: "temporary",
}

BY_TYPE: list[tuple[Mapping[type[Exception], RestartType], Exception, RestartType]] = [
    (TABLE, ConnectionError(), "permanent"),
    (TABLE, Broken(), "permanent"),
    (TABLE, KeyError(), "temporary"),
    (TABLE, ValueError(), "transient"),
    ({}, ValueError(), "transient"),
    ({OSError: "temporary", ConnectionError: "permanent"}, ConnectionError(), "temporary"),
    ({ConnectionError: "permanent", OSError: "temporary"}, ConnectionError(), "permanent"),
    ({ConnectionError: "permanent", OSError: "temporary"}, FileNotFoundError(), "temporary"),
    (TABLE, group(ConnectionError()), "permanent"),
    (TABLE, group(ConnectionError(), Broken()), "permanent"),
    (TABLE, group(Broken(), group(group(Broken()), ConnectionError())), "permanent"),
    (TABLE, group(KeyError(), IndexError()), "temporary"),
    (TABLE, group(ConnectionError(), KeyError()), "transient"),
    (TABLE, group(ConnectionError(), group(ValueError())), "transient"),
    ({Exception: "temporary"}, group(ConnectionError(), KeyError()), "temporary"),
    ({ExceptionGroup: "temporary"}, group(ValueError()), "temporary"),
    ({ExceptionGroup: "temporary"}, ValueError(), "transient"),
    ({th.RestartLimitExceeded: "temporary"}, group(ValueError()), "transient"),
    (
        {th.RestartLimitExceeded: "temporary", ValueError: "permanent"},
        th.RestartLimitExceeded("s", "0 restarts in 1 s", [ValueError()]),
        "temporary",
    ),
    ({ValueError: "permanent"}, th.RestartLimitExceeded("s", "0", [ValueError()]), "permanent"),
]


@pytest.mark.parametrize(("table", "error", "expected"), BY_TYPE)
def test_by_type_of_exception(
    table: Mapping[type[Exception], RestartType], error: Exception, expected: RestartType
) -> None:
    assert restart_type(table, th.Crashed(error)) == expected


@pytest.mark.parametrize("exit", NO_CRASHES)
def test_what_is_no_crash_is_transient(exit: th.Exit) -> None:
    def never(_: Exception) -> RestartType:
        raise AssertionError("it is asked about crashes only")

    policies: list[RestartPolicy] = [{Exception: "permanent"}, never]
    for policy in policies:
        assert restart_type(policy, exit) == "transient"
        assert whether(restart_type(policy, exit), exit) is Action.LEAVE


@given(st.sampled_from(RESTART_TYPES), st.sampled_from([ValueError(), KeyError(), group(Broken())]))
def test_a_function_is_given_the_error_itself(expected: RestartType, error: Exception) -> None:
    seen: list[Exception] = []

    def policy(given: Exception) -> RestartType:
        seen.append(given)
        return expected

    assert restart_type(policy, th.Crashed(error)) == expected
    assert seen == [error]


leaves = st.sampled_from([ConnectionError, Broken, ValueError, KeyError])
errors = st.recursive(
    leaves.map(lambda cls: cls()),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda some: group(*some)),
    max_leaves=6,
)


def leaves_of(error: Exception) -> list[Exception]:
    if isinstance(error, ExceptionGroup):
        several = cast("ExceptionGroup[Exception]", error)
        return [leaf for part in several.exceptions for leaf in leaves_of(part)]
    return [error]


@given(errors)
def test_a_group_is_what_all_its_leaves_are(error: Exception) -> None:
    expected = "transient"
    for cls, word in TABLE.items():
        if all(isinstance(leaf, cls) for leaf in leaves_of(error)):
            expected = word
            break
    assert restart_type(TABLE, th.Crashed(error)) == expected


def gave_up(*errors: Exception) -> Exception:
    return th.RestartLimitExceeded("s/inner", "1 restart in 5 s", errors)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({ValueError: "permanent", th.RestartLimitExceeded: "temporary"}, "temporary"),
        ({ValueError: "permanent", Exception: "temporary"}, "temporary"),
        ({ValueError: "temporary", KeyError: "permanent"}, "temporary"),
        ({KeyError: "permanent"}, "transient"),
    ],
)
@pytest.mark.parametrize("in_a_group", [True, False])
def test_giving_up_is_taken_whole_before_it_is_looked_into(
    in_a_group: bool, table: dict[type[Exception], RestartType], expected: str
) -> None:
    error = gave_up(ValueError(), gave_up(ValueError()))
    assert restart_type(table, th.Crashed(group(error) if in_a_group else error)) == expected


orders = st.lists(st.integers(), min_size=1, unique=True)


@given(st.sampled_from(STRATEGIES), orders, st.data())
def test_whom(strategy: Strategy, order: list[int], data: st.DataObject) -> None:
    ended = data.draw(st.sampled_from(order))
    dependents = data.draw(st.sets(st.sampled_from(order)))
    taken = whom(strategy, order, ended, dependents)
    later = set(order[order.index(ended) + 1 :])
    expected = {
        "one_for_one": dependents,
        "one_for_all": set(order),
        "rest_for_one": dependents | later,
    }[strategy]
    assert set(taken) == expected - {ended}
    assert list(taken) == [child for child in order if child in set(taken)]


WHOM: list[tuple[Strategy, str, str, str]] = [
    ("one_for_one", "c", "", ""),
    ("one_for_one", "c", "ae", "ae"),
    ("one_for_one", "c", "ec", "e"),
    ("one_for_all", "c", "", "abde"),
    ("one_for_all", "c", "ae", "abde"),
    ("rest_for_one", "a", "", "bcde"),
    ("rest_for_one", "c", "", "de"),
    ("rest_for_one", "e", "", ""),
    ("rest_for_one", "d", "ae", "ae"),
    ("rest_for_one", "e", "be", "b"),
]


@pytest.mark.parametrize(("strategy", "ended", "dependents", "taken"), WHOM)
def test_whom_by_example(strategy: Strategy, ended: str, dependents: str, taken: str) -> None:
    assert whom(strategy, "abcde", ended, set(dependents)) == tuple(taken)


def test_shuts_down() -> None:
    table = {
        (word, left): shuts_down(word, others_left=left)
        for word in rules.AUTO_SHUTDOWNS
        for left in (True, False)
    }
    assert table == {
        ("never", True): False,
        ("never", False): False,
        ("any_significant", True): True,
        ("any_significant", False): True,
        ("all_significant", True): False,
        ("all_significant", False): True,
    }


# Whole seconds: the boundary is then exact in the test as well.
times = st.lists(st.integers(0, 200), max_size=40).map(sorted)


@given(times, st.integers(1, 50), st.integers(0, 5))
def test_the_window_counts_those_of_the_last_period(
    moments: list[int], within: int, most: int
) -> None:
    window = Window(Limit(most, within))
    for index, now in enumerate(moments):
        expected = sum(now - then <= within for then in moments[: index + 1])
        assert window.count(now) == expected


@given(times, times, st.integers(1, 50))
def test_what_was_forgotten_counts_no_more(
    before: list[int], after: list[int], within: int
) -> None:
    window, fresh = Window(Limit(5, within)), Window(Limit(5, within))
    for now in before:
        window.count(now)
    window.forget()
    later = [200 + now for now in after]
    assert [window.count(now) for now in later] == [fresh.count(now) for now in later]


def test_exactly_one_period_ago_still_counts() -> None:
    window = Window(Limit(1, 10))
    assert [window.count(now) for now in (0, 10, 20, 30)] == [1, 2, 2, 2]
    window.forget()
    assert window.count(30) == 1
    assert window.count(math.nextafter(40, 50)) == 1


def test_an_endless_period_forgets_nothing() -> None:
    window = Window(Limit(3, math.inf))
    assert [window.count(now) for now in (0, 1e9, 1e300)] == [1, 2, 3]


def test_each_window_counts_for_itself() -> None:
    limit = Limit(3, 10)
    one, other = Window(limit), Window(limit)
    one.count(1)
    assert (one.count(2), other.count(2)) == (2, 1)


@pytest.mark.parametrize("count", [-1, 1.0, 1.5, "1", None, True, math.nan])
def test_no_count(count: Any) -> None:
    with pytest.raises(th.ConfigurationError) as caught:
        Limit(count)
    assert str(caught.value) == (
        f"max_restarts: {count!r} is not a count; give a whole number, 0 or more"
    )


@pytest.mark.parametrize("period", [0, 0.0, -1, -math.inf, math.nan, "60", None, True])
def test_no_period(period: Any) -> None:
    with pytest.raises(th.ConfigurationError) as caught:
        Limit(1, period)
    assert str(caught.value) == f"within: {period!r} is not a period; give seconds, more than 0"


@given(st.integers(min_value=0), st.floats(min_value=0, exclude_min=True))
def test_everything_else_is_a_limit(count: int, period: float) -> None:
    limit = Limit(count, period)
    assert (limit.max_restarts, limit.within) == (count, period)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (Limit(), "5 restarts in 60 s"),
        (Limit(1, 2.5), "1 restart in 2.5 s"),
        (Limit(0, math.inf), "0 restarts in inf s"),
    ],
)
def test_a_limit_in_words(limit: Limit, words: str) -> None:
    assert str(limit) == words
