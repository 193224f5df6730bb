"""The report adds up, and says so when it does not."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

import trioharness as th
from examples.codeindex.database import Totals
from examples.codeindex.listing import Listing, Skipped
from examples.codeindex.messages import Outline, SourceFile
from examples.codeindex.progress import progress_line, show_progress
from examples.codeindex.report import Dead, account, read_dead_letters, render
from examples.codeindex.tally import Tally

PATHS = st.sets(st.sampled_from("abcdefgh"))


def tally(listed: set[str], sent: set[str], *skipped: Skipped) -> Tally:
    result = Tally(copies={"walk": 1, "parse": 2})
    files = [SourceFile(path=path, name=f"tree/{path}") for path in sorted(listed)]
    result.listing = Listing(files=tuple(files), skipped=skipped)
    result.sent.update(sent)
    return result


def totals(paths: set[str]) -> Totals:
    return Totals(
        paths=frozenset(paths), lines=1234, functions=5, classes=6, imports=(("os", 2), ("re", 1))
    )


def letters(paths: set[str]) -> dict[str, Dead]:
    return {path: Dead(path=path, name=f"tree/{path}", reason="boom") for path in sorted(paths)}


@given(listed=PATHS, sent=PATHS, stored=PATHS, dead=PATHS)
def test_every_file_is_counted_once(
    listed: set[str], sent: set[str], stored: set[str], dead: set[str]
) -> None:
    """A file that was stored before its message became a dead letter counts as stored."""
    sent &= listed
    stored &= sent
    dead &= sent
    report = account(tally(listed, sent), totals(stored), letters(dead), 2.0)
    assert report.stored + len(report.dead) == len(stored | dead)
    assert report.missing == len(sent - stored - dead)
    assert report.left == len(listed) - len(sent)


def test_a_report_reads_like_this() -> None:
    names = {"a", "b", "c"}
    text = render(account(tally(names, names), totals({"a", "b"}), letters({"c"}), 2.0))
    assert text == (
        "codeindex: 3 files found = 2 stored + 1 dead-lettered (the sums agree)\n"
        "  lines          1,234\n"
        "  functions      5\n"
        "  classes        6\n"
        "  most imported  os 2, re 1\n"
        "  restarts       0\n"
        "  time           2.0 s, 2 files/s\n"
        "dead letters:\n"
        "  tree/c  boom"
    )


def test_a_report_says_what_is_missing_left_and_not_listed() -> None:
    gone = Skipped(name="tree/secret", reason="PermissionError: no")
    text = render(account(tally({"a", "b", "c"}, {"a", "b"}, gone), totals({"a"}), {}, 1.0))
    sums = "2 files found = 1 stored + 0 dead-lettered (1 not dealt with when it was stopped)"
    assert sums in text
    assert "left           1 more files were listed, but not sent" in text
    assert "not listed:\n  tree/secret  PermissionError: no" in text


def test_a_run_that_ended_by_itself_has_no_excuse() -> None:
    text = render(account(tally({"a", "b"}, {"a", "b"}), totals({"a"}), {}, 1.0))
    assert "2 files found = 1 stored + 0 dead-lettered (1 UNACCOUNTED FOR)" in text


def test_a_run_that_ended_before_the_listing_says_so() -> None:
    text = render(account(Tally(copies={}), totals(set()), {}, 0.0))
    assert "0 files found = 0 stored" in text
    assert "left           not all files were listed" in text


def test_dead_letters_are_read_from_both_channels(tmp_path: Path) -> None:
    codec = th.Codec(SourceFile | Outline)
    file = SourceFile(path="/tree/a.py", name="tree/a.py")
    found = Outline(path="/tree/b.py", name="tree/b.py", lines=1, symbols=(), imports=("os",))
    path = tmp_path / "dead.jsonl"
    dead: list[tuple[SourceFile | Outline, str]]
    dead = [(file, "SyntaxError: no"), (found, "Full: disk"), (file, "again\u2028and\x85again")]
    with path.open("w", encoding="utf-8") as out:
        for message, error in dead:
            print(
                json.dumps(
                    {"message": codec.to_builtins(message), "error": error}, ensure_ascii=False
                ),
                file=out,
            )
    assert {(letter.path, letter.reason) for letter in read_dead_letters(path).values()} == {
        ("/tree/a.py", "again\u2028and\x85again"),
        ("/tree/b.py", "Full: disk"),
    }


def test_no_dead_letter_file_means_no_dead_letters(tmp_path: Path) -> None:
    assert read_dead_letters(tmp_path / "absent.jsonl") == {}


def test_restarts_are_the_lives_after_the_first() -> None:
    counted = Tally(copies={"walk": 1, "parse": 3})
    for component in ["walk", *["parse"] * 5]:
        counted.begin(component)
    assert counted.restarts == 2


def test_the_progress_line() -> None:
    assert progress_line(Tally(copies={}), 1.0) == "codeindex: listing"
    counted = tally({"a", "b", "c"}, {"a"})
    counted.stored.add("a")
    line = progress_line(counted, 0.5)
    assert line == "codeindex: 1 of 3 files stored, 0 restarts, 2 files/s"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["plain", "terminal"])
async def test_progress_is_a_live_line_on_a_terminal_and_plain_lines_elsewhere(
    stream: io.StringIO, autojump_clock: trio.testing.MockClock
) -> None:
    with trio.move_on_after(0.95 if stream.isatty() else 5):
        await show_progress(tally({"a"}, {"a"}), every=2, stream=stream)
    text = stream.getvalue()
    line = "codeindex: 0 of 1 files stored, 0 restarts, 0 files/s"
    if stream.isatty():
        assert text == f"\x1b[2K{line}\r" * 9
    else:
        assert text == f"{line}\n" * 2
