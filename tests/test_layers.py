"""The architecture as a test: who may import whom, and how large anything may grow.

The tables say it; the rest reads the code from `ast`, imports inside functions and under
`TYPE_CHECKING` included.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

OURS = "trioharness"


@attrs.frozen
class Layer:
    """One module or package right under the root."""

    rank: int
    ours: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """Third parties; the standard library is allowed but for `EXCLUSIVE` and `NEVER`."""


NAMES = (
    "_util",
    "_lazy",
    "_generators",
    "_frozen",
    "_errors",
    "_events",
)  # ranks 0 and 1: modules that anybody may import
BELOW_HARNESS = (*NAMES, "rules", "messages", "observe", "channels", "supervision", "transports")
BELOW_TOP = (*BELOW_HARNESS, "config", "harness")
BASIC = ("attrs", "typing_extensions")

LAYERS = {
    "_util": Layer(0),
    "_lazy": Layer(0),
    "_generators": Layer(0),
    "_errors": Layer(1, ("_util", "_lazy"), BASIC),
    "_frozen": Layer(0, (), BASIC),
    "_events": Layer(1, ("_util", "_lazy", "_frozen"), BASIC),
    "rules": Layer(2, NAMES, BASIC),
    "messages": Layer(2, NAMES, (*BASIC, "cattrs", "msgspec", "backports", "compression")),
    "observe": Layer(2, NAMES, BASIC),
    "channels": Layer(3, NAMES, (*BASIC, "trio", "outcome")),
    "supervision": Layer(3, (*NAMES, "rules", "observe"), (*BASIC, "trio", "outcome")),
    "transports": Layer(3, (*NAMES, "messages"), (*BASIC, "trio")),
    # Not in messages, which touches no file and no environment, nor in the harness, which is no
    # concern of who only wants settings.
    "config": Layer(3, (*NAMES, "messages"), BASIC),
    "harness": Layer(4, BELOW_HARNESS, (*BASIC, "trio", "outcome")),
    "testing": Layer(5, BELOW_TOP, (*BASIC, "trio", "pytest", "hypothesis")),
    "interop": Layer(5, BELOW_TOP, (*BASIC, "trio", "anyio")),
    "cli": Layer(5, BELOW_TOP, (*BASIC, "trio", "click")),
    "__init__": Layer(6, (*BELOW_TOP, "testing", "interop", "cli")),
    "__main__": Layer(6, ("cli",)),
}

EXCLUSIVE = {
    "cattrs": "messages",
    "msgspec": "messages",
    "zlib": "messages",
    "backports": "messages",  # zstd, before Python 3.14
    "compression": "messages",  # zstd, from then on
    "logging": "observe",
    "signal": "harness",
    "anyio": "interop",
    "click": "cli",
    "importlib": "cli",  # or whatever is imported by it would not be seen here
    "pytest": "testing",
    "hypothesis": "testing",
}
"""What only one layer may import, standard library or not."""

SIGNAL_MODULES = (("_errors", "_supervision"), ("supervision", "_command"))
"""Where `signal` may be imported for the names and numbers in it; only its owner handles any."""

IMPORTING_MODULES = (("_lazy",),)
"""Where `importlib` may be imported: what it is used for is written twice, as imports too."""

PYTEST_MODULES = ("plugin", "_plugin")
"""Where `testing` may import pytest: users without it use the rest."""

NO_EFFECTS = frozenset({"asyncio", "os", "socket", "subprocess", "threading", "time"})
NEVER = {"rules": NO_EFFECTS, "messages": NO_EFFECTS}
"""Layers that decide and describe take time and outcomes as arguments."""

MODULE_LINES = 400
FUNCTION_LINES = 50


def check_tree(package: Path) -> list[str]:
    """Return every violation in the tree of `package`, as ``file:line: sentence``."""
    found: list[str] = []
    for file in sorted(package.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        tree = ast.parse(source, filename=str(file))
        module = file.relative_to(package).with_suffix("").parts
        where = file.relative_to(package.parent).as_posix()
        problems = {*import_problems(module, tree), *size_problems(source, tree)}
        found += [f"{where}:{line}: {problem}" for line, problem in sorted(problems)]
    return found


def import_problems(module: tuple[str, ...], tree: ast.Module) -> Iterator[tuple[int, str]]:
    layer = module[0]
    if layer not in LAYERS:
        yield 1, f"{layer!r} has no rank; add it to the table"
        return
    for line, target in imports(module, tree):
        if target[0] != OURS:
            problem = foreign_problem(module, target[0])
        elif target[1:2] == ("",):
            problem = f"imports {OURS} from within; name the package relatively"
        else:
            problem = own_problem(module, target[1:])
        if problem:
            yield line, problem


def imports(module: tuple[str, ...], tree: ast.Module) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield line and absolute target of every import; (OURS, "") for an absolute import of ours."""
    package = (OURS, *module[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, absolute(alias.name)
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            if node.level:
                above = package[: len(package) - node.level + 1]
                for alias in node.names:
                    # `from . import _json` means the module, `from . import Codec` the front door.
                    named = name or (alias.name if alias.name.startswith("_") else "")
                    yield node.lineno, (*above, *filter(None, named.split(".")))
            else:
                yield node.lineno, absolute(name)


def absolute(name: str) -> tuple[str, ...]:
    target = tuple(name.split("."))
    return (OURS, "") if target[0] == OURS else target


def foreign_problem(module: tuple[str, ...], name: str) -> str | None:
    layer = module[0]
    allowed = {"signal": SIGNAL_MODULES, "importlib": IMPORTING_MODULES}.get(name, ())
    if EXCLUSIVE.get(name, layer) != layer and module not in allowed:
        return f"imports {name}, which only {EXCLUSIVE[name]!r} may"
    if name == "pytest" and module[-1] not in PYTEST_MODULES:
        return f"imports pytest, which only the plugin module of {layer!r} may"
    if name in NEVER.get(layer, ()):
        return f"imports {name}, but {layer!r} has no effects and no clock"
    if name not in sys.stdlib_module_names and name not in LAYERS[layer].others:
        return f"imports {name}, which {layer!r} may not"
    return None


def own_problem(module: tuple[str, ...], target: tuple[str, ...]) -> str | None:
    """Judge an import of ours; `target` is the path below the root package."""
    layer = module[0]
    if not target:
        return "imports from the root package; name the package or module"
    if target == (layer,):
        return f"imports the front door of its own package {layer!r}; import siblings by file"
    if target[0] == layer:
        return None
    if target[0] not in LAYERS[layer].ours:
        return f"imports {target[0]!r}, which {layer!r} may not"
    # A module of a public name is a door of its own, of what few of those who come by want.
    if any(part.startswith("_") for part in target[1:]):
        return f"imports {'.'.join(target)!r} past the front door of {target[0]!r}"
    return None


def size_problems(source: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    lines = len(source.splitlines())
    if lines > MODULE_LINES:
        yield 1, f"has {lines} lines, more than {MODULE_LINES}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = extent(node) - (extent(node.body[0]) if ast.get_docstring(node) else 0)
            if length > FUNCTION_LINES:
                yield node.lineno, f"{node.name!r} has {length} lines, more than {FUNCTION_LINES}"


def extent(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_the_tree_keeps_to_the_table(root: Path) -> None:
    assert check_tree(root / OURS) == []


def test_the_tree_was_really_read(root: Path) -> None:
    modules = {file.relative_to(root / OURS).parts[0] for file in (root / OURS).rglob("*.py")}
    seen = {name.removesuffix(".py") for name in modules} & LAYERS.keys()
    expected = set(LAYERS) - {"__main__", "transports"}  # still to come
    assert seen >= expected


def test_the_table_goes_down_only() -> None:
    for name, layer in LAYERS.items():
        for below in layer.ours:
            assert LAYERS[below].rank < layer.rank, f"{name} imports {below}"
    for exclusive, owner in EXCLUSIVE.items():
        assert exclusive in sys.stdlib_module_names or exclusive in LAYERS[owner].others


def plant(folder: Path, module: str, source: str) -> list[str]:
    """Write one module into an otherwise empty package and check it."""
    file = folder / OURS / module
    file.parent.mkdir(parents=True)
    file.write_text(source, encoding="utf-8")
    return check_tree(folder / OURS)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("_errors.py", "import attrs\nfrom ._util import callable_name"),
        ("rules/_restart.py", "import random, graphlib\nfrom .._errors import CycleError"),
        ("rules/__init__.py", "from ._restart import whom as whom"),
        ("messages/_codec.py", "def f():\n    from . import _json"),
        ("messages/_codec.py", "import cattrs\nimport msgspec.json"),
        ("supervision/_child.py", "import trio.lowlevel\nfrom ..rules import whom"),
        ("supervision/_command.py", "import signal"),
        ("testing/plugin.py", "import pytest"),
        ("harness/_signals.py", "import signal\nfrom ..channels import open_channel"),
        ("__init__.py", "from .harness import Harness as Harness"),
        ("rules/_a.py", f"def f():\n    '''{'x' + 60 * chr(10)}'''\n" + "    x = 1\n" * 40),
    ],
)
def test_what_is_allowed(tmp_path: Path, module: str, source: str) -> None:
    assert plant(tmp_path, module, source) == []


@pytest.mark.parametrize(
    ("module", "source", "problem"),
    [
        ("core.py", "", "1: 'core' has no rank"),
        ("_util.py", "import attrs", "1: imports attrs, which '_util' may not"),
        ("_errors.py", "from ._events import State", "imports '_events', which '_errors' may not"),
        ("rules/_a.py", "import trio", "imports trio, which 'rules' may not"),
        ("rules/_a.py", "import time", "imports time, but 'rules' has no effects"),
        ("rules/_a.py", "def f():\n    import logging", "2: imports logging, which only 'observe'"),
        ("messages/_a.py", "from trio import abc", "imports trio, which 'messages' may not"),
        ("channels/_a.py", "from ..messages import Codec", "imports 'messages', which 'channels'"),
        ("channels/_a.py", "import cattrs.preconf", "imports cattrs, which only 'messages' may"),
        ("channels/_a.py", "import trio, anyio", "imports anyio, which only 'interop' may"),
        ("supervision/_a.py", "from ..channels import Channel", "imports 'channels', which"),
        ("supervision/_a.py", "from ..rules._restart import whom", "past the front door"),
        ("cli/_a.py", "from ..harness._control import Control", "past the front door"),
        ("supervision/_a.py", "from . import Child", "imports the front door of its own"),
        ("supervision/_a.py", "from .. import rules", "imports from the root package"),
        ("_errors.py", "from . import _events", "imports '_events', which '_errors' may not"),
        ("supervision/_a.py", "import signal", "imports signal, which only 'harness' may"),
        ("harness/_a.py", "import trioharness.rules", "imports trioharness from within"),
        ("harness/_a.py", "from trioharness import Child", "imports trioharness from within"),
        ("harness/_a.py", "import importlib", "imports importlib, which only 'cli' may"),
        ("harness/_a.py", "import requests", "imports requests, which 'harness' may not"),
        ("harness/_a.py", "from ..cli import main", "imports 'cli', which 'harness' may not"),
        ("testing/_probe.py", "import pytest", "which only the plugin module"),
        (
            "supervision/_a.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..harness import X",
            "3: imports 'harness', which 'supervision' may not",
        ),
        ("rules/_a.py", "x = 1\n" * 401, "1: has 401 lines"),
        ("rules/_a.py", "class A:\n  def f(self):\n" + "    x = 1\n" * 50, "2: 'f' has 51 lines"),
    ],
)
def test_a_planted_violation_is_caught(
    tmp_path: Path, module: str, source: str, problem: str
) -> None:
    (only,) = plant(tmp_path, module, source)
    assert problem in only
    assert only.startswith(f"{OURS}/{module}:")
