"""One line for an error, whatever the error is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trioharness._errors import RestartLimitExceeded
from trioharness.observe import summary

LONGEST = 600

texts = st.text(max_size=30) | st.text(max_size=5).map(lambda text: text * 500)
leaves = st.builds(ValueError, texts)
trees = st.recursive(
    leaves, lambda inner: st.builds(ExceptionGroup, texts, st.lists(inner, min_size=1, max_size=4))
)


def count(error: Exception) -> int:
    if isinstance(error, ExceptionGroup):
        members = cast("ExceptionGroup[Exception]", error).exceptions
        return sum(count(member) for member in members)
    return 1


def group(*errors: Exception) -> Exception:
    return ExceptionGroup("g", errors)


def test_a_syntax_error_tells_file_and_line() -> None:
    with pytest.raises(SyntaxError) as caught:
        compile("x = 1\n\ndef f(:\n", "x.py", "exec")
    assert summary(caught.value) == "SyntaxError: invalid syntax (x.py, line 3)"


def test_an_error_without_words_is_its_class() -> None:
    assert summary(ValueError()) == "ValueError"


def test_a_group_tells_its_leaves_in_order() -> None:
    error = ExceptionGroup("a", [OSError("x"), ExceptionGroup("b", [ValueError("y")])])
    assert summary(error) == "2 errors: OSError: x, ValueError: y"


def test_a_group_of_one_is_that_one() -> None:
    error = ExceptionGroup("a", [ExceptionGroup("b", [ValueError("y")])])
    assert summary(error) == "ValueError: y"


def test_a_large_group_is_cut() -> None:
    error = ExceptionGroup("a", [ValueError(n) for n in range(9)])
    assert summary(error).startswith("9 errors: ValueError: 0, ")
    assert summary(error).endswith(", and 6 more")


def test_giving_up_says_so() -> None:
    error = RestartLimitExceeded("shop", "5 restarts in 60 s", [OSError("x"), ValueError("y")])
    wrapped = ExceptionGroup("Exceptions from Trio nursery", [error])
    expected = "supervisor 'shop' gave up: more than 5 restarts in 60 s: 2 errors: "
    assert summary(wrapped) == f"{expected}OSError: x, ValueError: y"


def test_several_lines_become_one() -> None:
    assert summary(ValueError("a\n\tb  c\r\n")) == "ValueError: a b c"


def test_what_could_harm_a_terminal_or_an_encoder_is_escaped() -> None:
    text = summary(ValueError("\x1b[2Jred \udcff \u202e"))
    assert text == r"ValueError: \x1b[2Jred \udcff \u202e"
    text.encode()


def test_beginning_and_end_of_a_long_text_are_kept() -> None:
    text = summary(ValueError("first" + "x" * 100_000 + "last"))
    assert text.startswith("ValueError: firstx")
    assert text.endswith("xlast")
    assert len(text) < LONGEST


@given(trees)
def test_always_one_bounded_printable_line(error: Exception) -> None:
    text = summary(error)
    assert text.isprintable()
    assert len(text) <= LONGEST
    if count(error) > 1:
        assert text.startswith(f"{count(error)} errors: ValueError")
    else:
        assert text.startswith("ValueError")


def test_a_thousand_groups_inside_each_other() -> None:
    error: Exception = ValueError("deep")
    for _ in range(3_000):
        error = group(error)
    assert summary(error) == "ValueError: deep"


def test_a_group_that_multiplies_itself_is_not_walked_for_ever() -> None:
    error: Exception = ValueError("x")
    for _ in range(200):
        error = group(error, error)
    assert "errors: ValueError: x" in summary(error)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Wrong(Exception):
    def __str__(self) -> str:
        return cast("str", 7)


class Slippery(str):
    __slots__ = ()

    def __len__(self) -> int:
        raise RuntimeError("not me")

    def isprintable(self) -> bool:
        raise RuntimeError("not me")


class Subclassed(Exception):
    def __str__(self) -> str:
        return Slippery("words")


class Endless(Exception):
    def __str__(self) -> str:
        return str(self)


def refuse(_: object) -> None:
    raise RuntimeError("not here")


# Classes that no type checker would let anybody write.
broken_group = type("Broken", (ExceptionGroup,), {"exceptions": property(refuse)})
nameless = type("Nameless", (type,), {"__name__": property(refuse)})


HOSTILE: Sequence[tuple[Exception, str]] = [
    (Mute(), "Mute: <str of Mute failed>"),
    (Wrong(), "Wrong: <str of Wrong failed>"),
    (Subclassed(), "Subclassed: words"),
    (Endless(), "Endless: <str of Endless failed>"),
    (broken_group("g", [ValueError()]), "Broken: <cannot be shown>"),
    (nameless("NoName", (Exception,), {})("x"), "<unknown class>: x"),
]


@pytest.mark.parametrize(("error", "expected"), HOSTILE, ids=lambda value: type(value).__qualname__)
def test_broken_errors_are_named_all_the_same(error: Exception, expected: str) -> None:
    assert summary(error) == expected
