"""The pages of the documentation, as blocks of code and what is to come of each.

A block is marked by its language, and by words after it, which no renderer shows:

- ``python`` is a program; it is run, by pytest if it has tests. ``python shop.py`` names its file,
  which all later blocks of the page find beside them;
- ``sh`` holds commands; they are run if the block below shows what comes of them;
- ``toml``, ``json`` or any other language with the name of a file is that file;
- ``console hostwatch`` is a session with an application that runs meanwhile, typed by the tests of
  that example;
- any other block stands below one that is run, and is what it prints: to stdout, or with the word
  ``log`` to stderr. ``...`` in it stands for anything, all times of day are 12:00:00, and files
  are without the folder that they are in;
- ``exit=3`` on a block that is run is the exit code that it ends with, 0 otherwise.
"""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import attrs

ROOT = Path(__file__).resolve().parent.parent

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"```(.*)")


@attrs.frozen(kw_only=True)
class Block:
    """One fenced block of a page."""

    page: Path
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        page = self.page.relative_to(ROOT) if self.page.is_relative_to(ROOT) else self.page
        return f"{page}:{self.line}"

    @property
    def file(self) -> str | None:
        """The name of the file that it is; None if it is none."""
        named = next((word for word in self.words if re.fullmatch(r"[\w-]+\.\w+", word)), None)
        return f"{self.page.stem.lower()}.py" if named is None and self.is_program else named

    @property
    def is_program(self) -> bool:
        return self.language == "python"

    @property
    def is_run(self) -> bool:
        return self.language in {"python", "sh"}

    @property
    def is_shown(self) -> bool:
        """Whether it is what comes of the block above."""
        return not (self.is_run or self.is_session) and self.file is None

    @property
    def is_session(self) -> bool:
        """Whether it is typed by a test of its own."""
        return self.language == "console"

    @property
    def is_log(self) -> bool:
        return "log" in self.words

    @property
    def has_tests(self) -> bool:
        return self.is_program and bool(re.search(r"^(async )?def test_", self.text, re.MULTILINE))

    @property
    def exit_code(self) -> int:
        codes = [word.removeprefix("exit=") for word in self.words if word.startswith("exit=")]
        return int(codes[0]) if codes else 0

    @property
    def commands(self) -> list[list[str]]:
        """The commands of a shell block, as words, without prompts and comments."""
        found: list[list[str]] = []
        if self.language != "sh":
            return found
        for line in self.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line.strip().removeprefix("$ "), comments=True)
            if words:
                found.append(words)
        return found


@attrs.frozen(kw_only=True)
class Step:
    """A block that is run, what the page has before it, and what the page shows below it."""

    block: Block
    files: dict[str, str]
    shown: tuple[Block, ...]
    is_run_below: bool
    """Whether a later command runs it, as pytest does with a file of tests."""

    def __str__(self) -> str:
        return str(self.block)


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page.

    Raises:
        ValueError: One is not closed.
    """
    found: list[Block] = []
    opened: tuple[int, str] | None = None
    inside: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.fullmatch(line)
        if opened is None and fence:
            opened, inside = (number, fence[1]), []
        elif opened is not None and line == "```":
            language, *words = opened[1].split() or [""]
            text = "".join(f"{line}\n" for line in inside)
            found.append(
                Block(page=page, line=opened[0], language=language, words=tuple(words), text=text)
            )
            opened = None
        else:
            inside.append(line)
    if opened is not None:
        raise ValueError(f"{page}:{opened[0]}: this block is not closed")
    return found


def steps_of(page: Path) -> list[Step]:
    """Return what of a page is to be run.

    Raises:
        ValueError: A block is neither run nor what comes of one that is.
    """
    steps: list[Step] = []
    files: dict[str, str] = {}
    blocks = blocks_of(page)
    commands = [words for block in blocks for words in block.commands]
    for index, block in enumerate(blocks):
        shown = tuple(itertools.takewhile(lambda block: block.is_shown, blocks[index + 1 :]))
        if block.file is not None:
            files[block.file] = block.text
        if block.is_run:
            below = block.has_tests and any(block.file in words for words in commands)
            steps.append(Step(block=block, files={**files}, shown=shown, is_run_below=below))
        elif (shown and not block.is_shown) or (block.is_shown and index == 0):
            raise ValueError(f"{block}: nothing is run here, so nobody checks what is shown")
    return steps


def as_on_a_page(printed: str, folder: Path) -> str:
    """Return what a program has printed in a folder, without what is different each time."""
    return re.sub(r"\b\d\d:\d\d:\d\d\b", "12:00:00", printed.replace(f"{folder}/", ""))


def is_as_shown(shown: str, printed: str) -> bool:
    """Say whether a program has printed what the page shows, where ``...`` stands for anything."""
    shown, printed = (
        "\n".join(map(str.rstrip, text.strip().splitlines())) for text in (shown, printed)
    )
    parts = map(re.escape, shown.split("..."))
    return re.fullmatch(".*?".join(parts), printed, flags=re.DOTALL) is not None
