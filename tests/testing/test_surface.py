"""What the test kit exports, that it is documented, and that only its users import it."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from importlib.util import resolve_name
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trioharness import testing

if TYPE_CHECKING:
    from tests.conftest import Run

NAMES = [
    "CHANNEL_CHECKS",
    "ChannelCheck",
    "ChannelProbe",
    "ChannelProbes",
    "ChannelReport",
    "EventRecorder",
    "Fault",
    "Faults",
    "OpenHarness",
    "StormReport",
    "VirtualClock",
    "check_channel",
    "leak_check",
    "open_harness",
    "run",
    "run_storm",
    "virtual_clock",
]

DATA = {"CHANNEL_CHECKS"}


def functions() -> dict[str, object]:
    """Every public function and method of the kit."""
    found: dict[str, object] = {}
    for name in sorted({*NAMES} - DATA):
        value = getattr(testing, name)
        if not inspect.isclass(value):
            found[name] = value
            continue
        for key, member in vars(value).items():
            method = getattr(member, "fget", member)
            if inspect.isfunction(method) and not key.startswith("_"):
                found[f"{name}.{key}"] = method
    return found


def test_nothing_else_is_exported() -> None:
    assert all(hasattr(testing, name) for name in NAMES)
    assert dir(testing) == NAMES
    public = {name: value for name, value in vars(testing).items() if name[0] not in "_@"}
    # pytest adds names with an @ where it has rewritten the assertions of a plugin's package.
    modules = {name for name, value in public.items() if inspect.ismodule(value)}
    assert sorted(public.keys() - modules - {"TYPE_CHECKING"}) == NAMES
    # Where pytest, or another test, has loaded them.
    assert modules <= {"plugin", "storm", "strategies"}


def test_names_come_from_where_checkers_are_told() -> None:
    tree = ast.parse(Path(testing.__file__).read_text(encoding="utf-8"))
    told = {
        alias.name: resolve_name("." * node.level + (node.module or ""), testing.__name__)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
        if alias.asname == alias.name
    }
    assert sorted(told) == NAMES
    homes = {name: importlib.import_module(home) for name, home in told.items()}
    assert [
        name for name in NAMES if getattr(homes[name], name) is not getattr(testing, name)
    ] == []


@pytest.mark.parametrize(("name", "function"), functions().items())
def test_each_function_is_documented(name: str, function: object) -> None:
    assert inspect.isfunction(function)
    doc = function.__doc__ or ""
    assert doc
    parameters = [p for p in inspect.signature(function).parameters if p != "self"]
    assert [p for p in parameters if f"{p}: " not in doc] == []
    if inspect.iscoroutinefunction(function):
        assert "Cancellation:" in doc


def test_the_package_does_not_import_it(run: Run) -> None:
    code = "import sys, trioharness, trioharness.cli; print(*sys.modules)"
    loaded = run(sys.executable, "-c", code).stdout.split()
    assert "trioharness.supervision" in loaded
    assert [name for name in loaded if name.startswith(("trioharness.testing", "pytest"))] == []


def test_it_does_without_pytest_and_hypothesis(run: Run) -> None:
    absent = "sys.modules |= dict.fromkeys(['pytest', '_pytest', 'hypothesis'])"
    code = f"import sys; {absent}; import trioharness.testing as t; print(t.run.__name__)"
    assert run(sys.executable, "-c", code).stdout == "run\n"
