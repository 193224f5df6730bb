"""What the tests of `codeindex` share: small trees, and reports read back from their text."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

HARD_CASES = {
    "invoice_export.py",
    "fetch_mail.py",
    "session_cache.py",
    "pricing_rules.py",
    "plugin_registry.py",
    "api_credentials.py",
}


@attrs.frozen(kw_only=True)
class Figures:
    """What a report says, read back from its text."""

    found: int
    stored: int
    dead: int
    verdict: str
    left: int
    lines: int
    functions: int
    restarts: int
    letters: dict[str, str]

    @classmethod
    def read(cls, text: str) -> Figures:
        first = re.search(
            r"^codeindex: (\S+) files found = (\S+) stored \+ (\S+) dead-lettered \((.*)\)$",
            text,
            re.MULTILINE,
        )
        assert first, text
        left = re.search(r"left +([\d,]+) more files", text)
        letters = text.partition("dead letters:\n")[2]
        return cls(
            found=number_in(first[1]),
            stored=number_in(first[2]),
            dead=number_in(first[3]),
            verdict=first[4],
            left=number_in(left[1]) if left else 0,
            lines=_row(text, "lines"),
            functions=_row(text, "functions"),
            restarts=_row(text, "restarts"),
            letters=dict(re.findall(r"^  (\S+) +(.*)$", letters, re.MULTILINE)),
        )


def number_in(text: str) -> int:
    return int(text.replace(",", ""))


def _row(text: str, name: str) -> int:
    row = re.search(rf"^  {name} +([\d,]+)", text, re.MULTILINE)
    assert row, text
    return number_in(row[1])


def make_tree(folder: Path, files: int, functions: int = 3) -> Path:
    tree = folder / "tree"
    for n in range(files):
        path = tree / f"package{n % 7}" / f"module{n}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        body = "".join(f"def f{k}(x):\n    return x + {k}\n" for k in range(functions))
        path.write_text(f"import os\n{body}class C{n}: pass\n")
    return tree
