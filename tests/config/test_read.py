"""`read_config`: which source goes before which, and how each type is read, from real files."""

from __future__ import annotations

import datetime
import decimal
import enum
import math
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Annotated, Any, Generic, Literal, NewType, TypeVar

import attrs
import pytest

import trioharness as th

ItemT = TypeVar("ItemT")
Port = NewType("Port", int)
ROOT = PurePath("/")


class Mode(enum.StrEnum):
    FAST = "fast"
    SAFE = "safe"


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


@attrs.frozen
class Store:
    path: Path = Path("shop.db")
    port: int = 1
    timeout: float = 30.0


@attrs.frozen
class Sqlite:
    file: Path


@attrs.frozen
class Postgres:
    dsn: str


@attrs.frozen
class Box(Generic[ItemT]):
    item: ItemT


@attrs.frozen
class Tree:
    name: str
    below: tuple[Tree, ...] = ()


@attrs.frozen
class Settings:
    name: str = "shop"
    count: int = 1
    wait: float = 0.5
    debug: bool = False
    mode: Mode = Mode.SAFE
    level: Level = Level.LOW
    color: Literal["auto", "never", 1] = "auto"
    folder: PurePath = ROOT
    when: datetime.datetime | None = None
    day: datetime.date | None = None
    hour: datetime.time | None = None
    key: uuid.UUID | None = None
    price: decimal.Decimal = decimal.Decimal(1)
    tags: list[str] = attrs.field(factory=list[str])
    pair: tuple[int, str] = (1, "x")
    row: tuple[int, ...] = ()
    some: frozenset[int] = frozenset()
    limits: dict[str, int] = attrs.field(factory=dict[str, int])
    by_level: dict[Level, str] = attrs.field(factory=dict[Level, str])
    limit: int | None = 5
    size: int | Literal["auto"] = "auto"
    either: int | bool | str = ""
    port: Annotated[Port, "a port"] = Port(80)
    store: Store = Store(path=Path("mine.db"), port=7)
    spare: Store | None = None
    stores: list[Store] = attrs.field(factory=list[Store])
    backend: Sqlite | Postgres | None = None
    box: Box[int] = Box(0)
    tree: Tree | None = None
    plain: Any = None
    _private: int = 0
    made: int = attrs.field(init=False, default=3)


@attrs.frozen
class Spare:
    spare: Store | None = Store(port=5)


@attrs.frozen
class Needs:
    store: Store


@attrs.frozen
class Inner:
    a: int = 1
    b: int = 2


@attrs.frozen
class Middle:
    inner: Inner = Inner()
    c: int = 3


@attrs.frozen
class Outer:
    middle: Middle = attrs.field(factory=lambda: Middle(Inner(10, 20), 30))


@attrs.frozen
class Names:
    from_: Inner = Inner()
    a__b: int = 1
    a: Inner = Inner()


MOMENT = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
KEY = uuid.UUID(int=7)

FILE = [
    ('name = "x"', {"name": "x"}),
    ("count = 1_000", {"count": 1000}),
    ("wait = 3", {"wait": 3.0}),
    ("wait = inf", {"wait": math.inf}),
    ("debug = true", {"debug": True}),
    ('mode = "fast"', {"mode": Mode.FAST}),
    ("level = 2", {"level": Level.HIGH}),
    ('color = "never"', {"color": "never"}),
    ("color = 1", {"color": 1}),
    ('folder = "/srv"', {"folder": PurePath("/srv")}),
    ("when = 2026-01-31T12:00:00Z", {"when": MOMENT}),
    ('when = "2026-01-31T12:00:00Z"', {"when": MOMENT}),
    ("day = 2026-01-31", {"day": datetime.date(2026, 1, 31)}),
    ("hour = 12:30:00", {"hour": datetime.time(12, 30)}),
    (f'key = "{KEY}"', {"key": KEY}),
    ('price = "1.50"', {"price": decimal.Decimal("1.50")}),
    ('tags = ["a", "b"]', {"tags": ["a", "b"]}),
    ('pair = [2, "y"]', {"pair": (2, "y")}),
    ("row = [1, 2, 3]", {"row": (1, 2, 3)}),
    ("some = [1, 1, 2]", {"some": frozenset((1, 2))}),
    ("limits = {cpu = 1}", {"limits": {"cpu": 1}}),
    ('by_level = {1 = "one", 2 = "two"}', {"by_level": {Level.LOW: "one", Level.HIGH: "two"}}),
    ("size = 3", {"size": 3}),
    ("either = true", {"either": True}),
    ("port = 81", {"port": Port(81)}),
    ("[store]\nport = 9", {"store": Store(path=Path("mine.db"), port=9)}),
    ("[spare]\nport = 9", {"spare": Store(port=9)}),
    ("[[stores]]\n[[stores]]\nport = 2", {"stores": [Store(), Store(port=2)]}),
    ('[backend]\nfile = "x"', {"backend": Sqlite(Path("x"))}),
    ('[backend]\ndsn = "x"', {"backend": Postgres("x")}),
    ("[box]\nitem = 4", {"box": Box(4)}),
    (
        '[tree]\nname = "a"\nbelow = [{name = "b", below = [{name = "c"}]}]',
        {"tree": Tree("a", (Tree("b", (Tree("c"),)),))},
    ),
    ("plain = {a = [1, 2.5]}", {"plain": {"a": [1, 2.5]}}),
    ("private = 4", {"private": 4}),
]


def read(
    folder: Path,
    text: str = "",
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    file = folder / "shop.toml"
    file.write_text(text, encoding="utf-8")
    return th.read_config(Settings, file, env=env or {}, flags=flags)


@pytest.mark.parametrize(("text", "expected"), FILE)
def test_a_file(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    assert read(tmp_path, text) == Settings(**expected)


def test_a_file_as_an_editor_of_another_system_saves_it(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_bytes(b"\xef\xbb\xbfcount = 4\r\nname = 'y'\r\n")
    assert th.read_config(Settings, str(file), env={}) == Settings(count=4, name="y")


VARIABLES = [
    ("NAME", "7", {"name": "7"}),
    ("NAME", "", {"name": ""}),
    ("COUNT", "-7", {"count": -7}),
    ("WAIT", "3", {"wait": 3.0}),
    ("WAIT", "1e3", {"wait": 1000.0}),
    ("DEBUG", "true", {"debug": True}),
    ("DEBUG", "0", {"debug": False}),
    ("MODE", "fast", {"mode": Mode.FAST}),
    ("LEVEL", "2", {"level": Level.HIGH}),
    ("COLOR", "1", {"color": 1}),
    ("COLOR", "never", {"color": "never"}),
    ("FOLDER", "/srv x", {"folder": PurePath("/srv x")}),
    ("WHEN", "2026-01-31T12:00:00Z", {"when": MOMENT}),
    ("DAY", "", {"day": None}),
    ("TAGS", '["a"]', {"tags": ["a"]}),
    ("PAIR", '[3, "z"]', {"pair": (3, "z")}),
    ("LIMITS", "{cpu = 2}", {"limits": {"cpu": 2}}),
    ("LIMIT", "", {"limit": None}),
    ("LIMIT", "8", {"limit": 8}),
    ("SIZE", "8", {"size": 8}),
    ("SIZE", "auto", {"size": "auto"}),
    ("EITHER", "1", {"either": 1}),
    ("EITHER", "true", {"either": True}),
    ("EITHER", "yes", {"either": "yes"}),
    ("STORE__PORT", "9", {"store": Store(path=Path("mine.db"), port=9)}),
    ("STORE", "{port = 9}", {"store": Store(path=Path("mine.db"), port=9)}),
    ("SPARE__PORT", "9", {"spare": Store(port=9)}),
    ("BACKEND", '{dsn = "x"}', {"backend": Postgres("x")}),
    ("PLAIN", "text", {"plain": "text"}),
    ("PRIVATE", "4", {"private": 4}),
]


@pytest.mark.parametrize(("name", "text", "expected"), VARIABLES)
def test_a_variable(name: str, text: str, expected: dict[str, Any]) -> None:
    env = {f"TRIOHARNESS_{name}": text, "PATH": "/bin", "SHOP_COUNT": "x"}
    assert th.read_config(Settings, env=env) == Settings(**expected)


def test_variables_have_the_prefix_that_one_says() -> None:
    env = {"SHOP_COUNT": "4", "TRIOHARNESS_COUNT": "5"}
    assert th.read_config(Settings, env=env, prefix="SHOP_").count == 4


def test_the_environment_is_the_process_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIOHARNESS_COUNT", "4")
    assert th.read_config(Settings).count == 4
    assert th.read_config(Settings, env={}).count == 1


FLAGS: list[tuple[dict[str, object], dict[str, Any]]] = [
    ({"count": "7"}, {"count": 7}),
    ({"count": 7, "name": None}, {"count": 7}),
    (
        {"folder": PurePath("/x"), "price": decimal.Decimal(2)},
        {"folder": PurePath("/x"), "price": 2},
    ),
    ({"mode": Mode.FAST, "level": "2"}, {"mode": Mode.FAST, "level": Level.HIGH}),
    ({"row": (1, 2), "pair": (5, "a")}, {"row": (1, 2), "pair": (5, "a")}),
    ({"limits.cpu": "3", "limits.mem": 4}, {"limits": {"cpu": 3, "mem": 4}}),
    ({"store.port": "9"}, {"store": Store(path=Path("mine.db"), port=9)}),
    ({"store": Store(port=3)}, {"store": Store(port=3)}),
    ({"spare": {"port": 3}, "spare.timeout": "2"}, {"spare": Store(port=3, timeout=2.0)}),
    ({"when": MOMENT}, {"when": MOMENT}),
]


@pytest.mark.parametrize(("flags", "expected"), FLAGS)
def test_flags(flags: dict[str, object], expected: dict[str, Any]) -> None:
    assert th.read_config(Settings, env={}, flags=flags) == Settings(**expected)


def test_a_flag_s_table_stays_the_caller_s_own() -> None:
    table = {"cpu": 1}
    flags = {"limits": table, "limits.mem": "2"}
    assert th.read_config(Settings, env={}, flags=flags).limits == {"cpu": 1, "mem": 2}
    assert table == {"cpu": 1}


def test_flags_before_variables_before_the_file_before_the_class(tmp_path: Path) -> None:
    text = 'tags = ["file"]\n[store]\npath = "file"\nport = 2\ntimeout = 2'
    env = {"TRIOHARNESS_STORE__PORT": "3", "TRIOHARNESS_STORE__TIMEOUT": "3"}
    flags = {"store.timeout": "4"}
    assert read(tmp_path, text, env, flags) == Settings(
        tags=["file"], store=Store(Path("file"), 3, 4.0)
    )
    assert read(tmp_path) == Settings()


def test_a_table_of_a_dict_is_replaced_and_one_of_a_class_is_not(tmp_path: Path) -> None:
    text = "[limits]\ncpu = 1\n[store]\nport = 2"
    env = {"TRIOHARNESS_LIMITS": "{mem = 2}", "TRIOHARNESS_STORE": "{timeout = 2}"}
    found = read(tmp_path, text, env)
    assert found.limits == {"mem": 2}
    assert found.store == Store(Path("mine.db"), 2, 2.0)


def test_what_a_variable_took_away_a_flag_brings_back() -> None:
    env = {"TRIOHARNESS_SPARE": ""}
    assert th.read_config(Spare, env=env) == Spare(None)
    assert th.read_config(Spare, env=env, flags={"spare.timeout": "2"}).spare == Store(
        port=5, timeout=2.0
    )


def test_defaults_inside_of_defaults_are_kept() -> None:
    env = {"TRIOHARNESS_MIDDLE__INNER__A": "5"}
    assert th.read_config(Outer, env=env) == Outer(Middle(Inner(5, 20), 30))


def test_a_class_inside_that_needs_nothing_needs_not_be_given() -> None:
    assert th.read_config(Needs, env={}) == Needs(Store())


def test_names_with_underscores_at_their_ends() -> None:
    env = {"TRIOHARNESS_FROM___A": "2", "TRIOHARNESS_A__B": "3", "TRIOHARNESS_A__A": "4"}
    assert th.read_config(Names, env=env) == Names(Inner(2), 3, Inner(4))


def test_importing_trioharness_imports_neither_cattrs_nor_tomllib() -> None:
    program = (
        "import sys, attrs, trioharness as th\n"
        "assert not {'cattrs', 'tomllib', 'difflib'} & sys.modules.keys()\n"
        "@attrs.frozen\n"
        "class Settings:\n"
        "    count: int\n"
        "assert th.read_config(Settings, env={'TRIOHARNESS_COUNT': '3'}).count == 3\n"
        "assert 'cattrs' in sys.modules\n"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": root},
    )
    assert (done.returncode, done.stderr) == (0, "")
