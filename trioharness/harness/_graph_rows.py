"""Lines of names with what is said of each, aligned and broken to the width of a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

WIDTH = 100
"""The columns that lines are kept within."""
_MAX_NAMES = 40
"""The columns that all names are aligned in; a longer one pushes its own line alone."""


@attrs.frozen
class Row:
    """One name with what is said of it: a line, and those that it is continued on."""

    branch: str
    """What stands in front of the name: the branch of a tree, or nothing."""
    trunk: str
    """What stands in front of the lines that continue it."""
    name: str
    said: Sequence[Sequence[str]]
    """Groups of words; lines are broken between words only."""


def drawn(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines that rows become."""
    table = list(rows)
    longest = max((len(row.branch) + len(row.name) for row in table), default=0)
    width = min(longest, _MAX_NAMES)
    for row in table:
        start = f"{f'{row.branch}{row.name}':<{width}}  "
        others = f"{row.trunk:<{width + 2}}"
        for words in _filled(_words(row.said), len(start), len(others)):
            yield start + words
            start = others


def _words(said: Iterable[Sequence[str]]) -> list[str]:
    """Return all words with what separates each from the next."""
    groups = [group for group in said if group]
    words: list[str] = []
    for number, group in enumerate(groups, start=1):
        words += [f"{word}," for word in group[:-1]]
        words.append(group[-1] + (";" if number < len(groups) else ""))
    return words


def _filled(words: Iterable[str], first: int, others: int) -> Iterator[str]:
    """Fill lines with words; in front of the first line, and of the others, so much is taken."""
    line, taken = "", first
    for word in words:
        if line and taken + len(line) + 1 + len(word) > WIDTH:
            yield line
            line, taken = word, others
        else:
            line = f"{line} {word}" if line else word
    yield line
