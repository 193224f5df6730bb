"""Examples use nothing but what is public: whoever reads one may copy any line of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

MODULES = {"trioharness", "trioharness.cli", "trioharness.testing"}
"""What may be imported from: the root package, the command line, the test kit."""

EXPORTED = {
    alias.asname
    for node in ast.walk(ast.parse((ROOT / "trioharness" / "__init__.py").read_text("utf-8")))
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
    if alias.asname
}

FILES = sorted(
    file for file in EXAMPLES.rglob("*.py") if "hard_cases" not in file.relative_to(ROOT).parts
)


def what_is_not_public(source: str) -> Iterator[str]:
    """Yield each use of something that is private to trioharness, or to whatever else."""
    tree = ast.parse(source)
    own = {*private_names(tree)}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (a.name for a in names if is_ours(a.name) and a.name not in MODULES)
            case ast.ImportFrom(module=str(module), level=0, names=names) if is_ours(module):
                if module not in MODULES:
                    yield module
                elif module == "trioharness":
                    yield from (a.name for a in names if a.name not in EXPORTED)
                else:
                    yield from (a.name for a in names if a.name.startswith("_"))
            case ast.Attribute(value=ast.Name("th" | "trioharness"), attr=attr):
                if attr not in EXPORTED:
                    yield f"th.{attr}"
            case ast.Attribute(attr=attr) if is_private(attr) and attr not in own:
                yield attr
            case ast.Call(
                func=ast.Name("getattr" | "setattr"), args=[_, ast.Constant(str(attr)), *_]
            ):
                if is_private(attr) and attr not in own:
                    yield attr
            case _:
                pass


def is_ours(module: str) -> bool:
    return module.partition(".")[0] == "trioharness"


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def private_names(tree: ast.Module) -> Iterator[str]:
    """Yield the private names that a module defines itself, its own to use."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case (
                ast.AnnAssign(target=ast.Name(name))
                | ast.Attribute(value=ast.Name("self"), attr=name, ctx=ast.Store())
            ):
                yield name
            case _:
                pass


def test_the_examples_were_really_read() -> None:
    names = {file.relative_to(EXAMPLES).parts[0] for file in FILES}
    assert names >= {"codeindex", "hostwatch", "pipeline.py"}
    assert {"Harness", "open_supervisor", "message"} <= EXPORTED


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(EXAMPLES).as_posix())
def test_an_example_uses_nothing_that_is_not_public(file: Path) -> None:
    assert [*what_is_not_public(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import trioharness._util", "trioharness._util"),
        ("import trioharness.supervision", "trioharness.supervision"),
        ("def f():\n    from trioharness.harness import lifecycle", "trioharness.harness"),
        ("from trioharness import _events", "_events"),
        ("from trioharness import supervision", "supervision"),
        ("from trioharness.cli import _main", "_main"),
        ("import trioharness as th\nth.supervision.Child", "th.supervision"),
        ("import trioharness as th\nth._events", "th._events"),
        ("def f(child):\n    child._record", "_record"),
        ("def f(child):\n    getattr(child, '_record')", "_record"),
    ],
)
def test_a_planted_use_is_found(source: str, found: str) -> None:
    assert [*what_is_not_public(source)] == [found]


@pytest.mark.parametrize(
    "source",
    [
        "import trioharness as th\nth.Harness('shop').run()",
        "from trioharness.cli import main",
        "class A:\n    _b: int\n    def f(self, other):\n        return other._b, other.__class__",
        "from .store import store",
    ],
)
def test_what_is_public_or_its_own_is_not(source: str) -> None:
    assert [*what_is_not_public(source)] == []
