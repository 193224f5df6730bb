"""The public surface as a test: what is exported, from where, and that each of it is documented."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import itertools
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import attrs
import pytest

import trioharness
from trioharness._frozen import frozen
from trioharness._util import NoPublicConstructor

PACKAGE = Path(trioharness.__file__).parent

FRONT_DOORS = sorted(door.parent.name for door in PACKAGE.glob("[!_]*/__init__.py"))

BUILT_BY_USERS = {
    "Codec",  # made once for a union of messages, wherever bytes are
    "FrameReader",  # made once for each connection, by whoever reads from it
    "FrameWriter",  # made once for whoever writes
    "Harness",  # a description; what lives is made by run()
    "Ids",  # it counts, and is all there is to it
    "SendProgress",  # it is given to a call, which writes into it
}
"""Classes that are neither data nor closed: each is meant to be called, and says no more."""


DERIVED_BY_USERS = {"Component"}
"""Base classes: users subclass them, and only supervision makes instances."""

EXTENDED_BY_US = {"SendChannel": {"RequestClient"}}
"""Closed classes that are not final, each with all that extends it; users extend none of them."""


def exported(init: Path) -> dict[str, str]:
    """Return what an ``__init__.py`` exports: name → module it comes from, as written."""
    names: dict[str, str] = {}
    for node in statements(ast.parse(init.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.module, f"{init}: `from . import` hides where a name comes from"
            for alias in node.names:
                assert alias.asname in {None, alias.name}, f"{init}: {alias.name} is renamed"
                if alias.asname:
                    assert alias.name not in names, f"{init}: {alias.name} is exported twice"
                    names[alias.name] = node.module
    return names


def statements(module: ast.Module) -> Iterator[ast.stmt]:
    """The top of `module`, and what it tells checkers where it has something else at run time."""
    for node in module.body:
        yield node
        if isinstance(node, ast.If) and node.orelse:
            yield from node.body


ROOT = exported(PACKAGE / "__init__.py")


def public_objects() -> dict[str, object]:
    return {name: getattr(trioharness, name) for name in sorted(ROOT)}


def documented_objects() -> dict[str, object]:
    """The public objects, and those that users import from another front door than the root."""
    beside = {
        f"{door}.{name}": getattr(importlib.import_module(f"trioharness.{door}"), name)
        for door in ("interop", "testing")
        for name in exported(PACKAGE / door / "__init__.py")
        if name not in ROOT
    }
    return public_objects() | beside


def public_classes() -> dict[str, type[object]]:
    return {name: value for name, value in public_objects().items() if isinstance(value, type)}


def live_classes() -> list[type[object]]:
    """Every closed class of the package, exported or not."""
    return sorted(
        {
            value
            for file in PACKAGE.rglob("_*.py")
            if file.name not in {"__init__.py", "__main__.py"}
            for value in vars(module_of(file)).values()
            if is_live(value)
        },
        key=lambda cls: cls.__qualname__,
    )


def is_live(value: object) -> bool:
    return isinstance(value, NoPublicConstructor)


def module_of(file: Path) -> ModuleType:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return importlib.import_module(".".join(parts))


def documented_assignments() -> set[str]:
    """Names that are assigned at the top of a module and followed by a docstring literal."""
    names: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        body = ast.parse(file.read_text(encoding="utf-8")).body
        for node, after in itertools.pairwise(body):
            match node, after:
                case (
                    ast.AnnAssign(target=ast.Name(name)) | ast.Assign(targets=[ast.Name(name)]),
                    ast.Expr(ast.Constant(str())),
                ):
                    names.add(name)
                case _:
                    pass
    return names


def test_the_surface_is_there() -> None:
    assert len(ROOT) >= 20
    assert dir(trioharness) == vars(trioharness)["__all__"] == sorted(ROOT)
    assert vars(trioharness).keys() >= public_objects().keys()


@pytest.mark.parametrize("name", sorted(ROOT))
def test_a_name_comes_from_where_checkers_are_told(name: str) -> None:
    home = importlib.import_module(f"trioharness.{ROOT[name]}")
    assert getattr(trioharness, name) is getattr(home, name)


@pytest.mark.parametrize("package", ["_errors", "_events", "channels"])
def test_a_name_in_a_package_comes_from_where_checkers_are_told(package: str) -> None:
    names = exported(PACKAGE / package / "__init__.py")
    module = importlib.import_module(f"trioharness.{package}")
    assert dir(module) == vars(module)["__all__"] == sorted(names)
    for name, home in names.items():
        there = importlib.import_module(f"trioharness.{package}.{home}")
        assert getattr(module, name) is getattr(there, name)


def test_an_unknown_name_is_an_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="module 'trioharness' has no attribute 'Superviser'"):
        getattr(trioharness, "Superviser")  # noqa: B009 - checkers see that it is wrong
    assert not hasattr(trioharness, "__version__")


def test_no_public_name_is_there_by_accident() -> None:
    others = {name for name in vars(trioharness) if not name.startswith("_")} - ROOT.keys()
    modules = {name for name in others if isinstance(getattr(trioharness, name), ModuleType)}
    assert others - modules <= {"TYPE_CHECKING"}


def test_a_name_is_imported_with_its_first_use() -> None:
    """In a process of its own: here all of it is there already."""
    loaded = """
        import sys
        import trioharness as th
        print(*sorted(name for name in sys.modules if name.startswith("trio")))
        th.open_channel
        for name in ("channels", "channels._topic", "_events._children", "supervision"):
            print(f"trioharness.{name}" in sys.modules)
        from trioharness import *
        print("trioharness.supervision" in sys.modules, open_supervisor is th.open_supervisor)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(loaded)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "trioharness trioharness._lazy",
        *("True", "False", "False", "False"),
        "True True",
    ]


def test_each_name_has_one_front_door() -> None:
    doors = Counter(
        name for door in FRONT_DOORS for name in exported(PACKAGE / door / "__init__.py")
    )
    assert sum(doors.values()) >= 20
    assert [name for name, count in doors.items() if count > 1] == []


@pytest.mark.parametrize("door", FRONT_DOORS)
def test_every_front_door_opens(door: str) -> None:
    module = importlib.import_module(f"trioharness.{door}")
    assert module.__doc__
    for name in exported(PACKAGE / door / "__init__.py"):
        assert hasattr(module, name)


@pytest.mark.parametrize("name", sorted(documented_objects()))
def test_a_public_name_is_documented(name: str) -> None:
    value = documented_objects()[name]
    if isinstance(value, type) or inspect.isroutine(value):
        assert own_doc(value), f"{name} has no docstring"
    else:
        known = documented_assignments()
        assert name.rpartition(".")[2] in known, f"{name} has no docstring literal below it"


def own_doc(value: object) -> str:
    """Return the docstring of `value` itself, not that of a base class or of attrs."""
    doc = value.__doc__ or ""
    return "" if doc.startswith("Method generated by attrs") else doc


def members(cls: type[object]) -> Iterator[tuple[str, object]]:
    """The public methods and properties that `cls` has of us, its own and inherited ones."""
    ours = [base for base in reversed(cls.__mro__) if base.__module__.startswith("trioharness.")]
    for name, value in {name: value for base in ours for name, value in vars(base).items()}.items():
        if not name.startswith("_"):
            method = getattr(value, "__func__", value)  # that of a class or static method
            if isinstance(method, property) or is_function(method):
                yield name, method


def is_function(value: object) -> bool:
    """Whether it is one with a body: a protocol's overloads leave only a stand-in of `typing`."""
    return inspect.isfunction(value) and value.__module__ != "typing"


PUBLIC_MEMBERS = [
    pytest.param(member, id=f"{name}.{attribute}")
    for name, cls in documented_objects().items()
    if isinstance(cls, type)
    for attribute, member in members(cls)
]


@pytest.mark.parametrize("member", PUBLIC_MEMBERS)
def test_a_public_method_is_documented(member: object) -> None:
    assert own_doc(member)


PUBLIC_FUNCTIONS = [
    pytest.param(value, id=name)
    for name, value in documented_objects().items()
    if is_function(value)
] + [param for param in PUBLIC_MEMBERS if is_function(param.values[0])]


@pytest.mark.parametrize("function", PUBLIC_FUNCTIONS)
def test_parameters_are_documented(function: object) -> None:
    assert inspect.isfunction(function)
    parameters = inspect.signature(function).parameters.values()
    # What `**options` holds is documented one by one, under the names that callers write.
    names = [
        p.name for p in parameters if p.name not in {"self", "cls"} and p.kind != p.VAR_KEYWORD
    ]
    doc = own_doc(function)
    if names:
        assert "Args:" in doc, f"{function.__qualname__} has no Args section"
        missing = [name for name in names if name not in doc]
        assert missing == [], f"{function.__qualname__} does not say what these are"


@pytest.mark.parametrize("function", PUBLIC_FUNCTIONS)
def test_what_a_cancellation_does_is_documented(function: object) -> None:
    assert inspect.isfunction(function)
    if waits(function):
        assert "Cancellation:" in own_doc(function), f"{function.__qualname__} does not say"


def waits(function: FunctionType) -> bool:
    """Whether it is an async function, or one that opens an async context."""
    inner = inspect.unwrap(function)
    return inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner)


def test_live_classes_are_final_and_closed() -> None:
    live = live_classes()
    names = {cls.__name__ for cls in live}
    assert names >= {"Channel", "SendChannel", "ReceiveChannel", "Supervisor", "Child"}
    open_ones = {cls.__name__ for cls in live if not getattr(cls, "__final__", False)}
    assert open_ones == EXTENDED_BY_US.keys()
    for cls in live:
        with pytest.raises(TypeError, match=f"`{cls.__name__}` has no public constructor"):
            cls()


@pytest.mark.parametrize("name", EXTENDED_BY_US)
def test_only_we_extend_a_closed_class(name: str) -> None:
    ours = [cls for cls in live_classes() if cls.__module__.startswith("trioharness.")]
    (base,) = {cls for cls in ours if cls.__name__ == name}
    below = {cls.__name__ for cls in ours if issubclass(cls, base) and cls is not base}
    assert below == EXTENDED_BY_US[name]


def test_every_public_class_is_of_a_known_kind() -> None:
    unknown = [name for name, cls in public_classes().items() if kind(cls) is None]
    assert unknown == []


def kind(cls: type[object]) -> str | None:
    if is_live(cls):
        return "live"
    if issubclass(cls, BaseException):
        return "error"
    if issubclass(cls, enum.Enum):
        return "enum"
    if getattr(cls, "_is_protocol", False):
        return "protocol"
    if attrs.has(cls) and attrs.inspect(cls).is_frozen:
        return "data"
    if attrs.has(cls) and getattr(sys.modules[cls.__module__], "frozen", None) is frozen:
        return "data"  # to checkers, as tests/typing has it
    if cls.__name__ in BUILT_BY_USERS and getattr(cls, "__final__", False):
        return "built"
    if cls.__name__ in DERIVED_BY_USERS and not getattr(cls, "__final__", False):
        return "base"
    return None


def test_errors_are_of_our_tree() -> None:
    errors = [cls for cls in public_classes().values() if issubclass(cls, BaseException)]
    assert len(errors) >= 10
    for error in errors:
        assert issubclass(error, trioharness.TrioharnessError)
        assert error.__module__.startswith("trioharness._errors.")
