"""Settings that cannot be: each is one sentence with the place, what was found, and the cure."""

from __future__ import annotations

import decimal
import enum
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest

import trioharness as th

if TYPE_CHECKING:
    from collections.abc import Callable


class Mode(enum.Enum):
    FAST = "fast"
    SAFE = "safe"


def small(_: object, attribute: attrs.Attribute[Any], value: int) -> None:
    if value > 100:
        raise ValueError(f"{attribute.name} is too large")


def shouted(text: str) -> str:
    return text.upper()


@attrs.frozen
class Store:
    path: Path
    port: int = attrs.field(default=1, validator=small)
    timeout: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))


@attrs.frozen
class Sqlite:
    file: str


@attrs.frozen
class Postgres:
    dsn: str


@attrs.frozen
class Settings:
    store: Store
    debug: bool = False
    mode: Mode = Mode.FAST
    tags: list[str] = attrs.field(factory=list[str])
    pair: tuple[int, int] = (1, 2)
    limits: dict[str, int] = attrs.field(factory=dict[str, int])
    numbered: dict[int, str] = attrs.field(factory=dict[int, str])
    spare: Store | None = None
    stores: list[Store] = attrs.field(factory=list[Store])
    size: int | Literal["auto"] = "auto"
    name: str = attrs.field(default="x", converter=shouted)
    backend: Sqlite | Postgres = Sqlite("x")

    def __attrs_post_init__(self) -> None:
        if self.debug and self.mode is Mode.SAFE:
            raise ValueError("debug is not safe")


FILE = [
    ("", "'store.path': is missing, and has no default; write for example path = "),
    ("", '"/var/lib/app", or set TRIOHARNESS_STORE__PATH\n'),
    ("[store]\nport = 1", "line 1, 'store.path': is missing"),
    ("\n[store]\npath = 'x' # y\nport = '80'",
     "line 4, 'store.port': expected an int, not the string '80'; write it without quotes"),
    ("store.path=''\nstore.port = true", "line 2, 'store.port': expected an int, not true; write"),
    ("store.path=''\nstore.port = 1.0", "line 2, 'store.port': expected an int, not 1.0; "),
    ("store = {path = '', port = 101}", "line 1, 'store.port': port is too large; give one that"),
    ("store = {path = '', timeout = 0}", "line 1, 'store.timeout': 'timeout' must be > 0: 0"),
    ("store.path = 1", "line 1, 'store.path': expected a path, not 1; "),
    ("store = 5", "line 1, 'store': expected a table, not 5; write a table of keys"),
    ("stroe = 1", "line 1, 'stroe': there is no setting 'stroe'; did you mean 'store'?"),
    ("[store]\nPort = 1", "line 2, 'store.Port': there is no setting 'Port'; did you mean 'por"),
    ("[store]\nzzz = 1", "line 2, 'store.zzz': there is no setting 'zzz'; there are path, port"),
    ("debug = 1", "line 1, 'debug': expected a bool, not 1; write for example true"),
    ("debug = 'true'", "expected a bool, not the string 'true'; write it without quotes"),
    ("mode = 'fasst'", "line 1, 'mode': expected one of \"fast\", \"safe\", not the string 'fass"),
    ("mode = 'Fast'", "not the string 'Fast'; did you mean 'fast'?"),
    ("mode = 7", 'expected one of "fast", "safe", not 7; write one of these'),
    ("mode = [1]", 'expected one of "fast", "safe", not an array; write one of these'),
    ("tags = 'a'", "'tags': expected an array, not the string 'a'; write for example [\"text\"]"),
    ("tags = [\n'a',\n1,\n]", "line 1, 'tags[1]': expected a string, not 1"),
    ("pair = [1]", "'pair': expected 2 items, not 1; write for example [8080, 8080]"),
    ("[limits]\ncpu = 'x'", "line 2, 'limits.cpu': expected an int, not the string 'x'"),
    ("limits = [1]", "'limits': expected a table, not an array; write a table"),
    ("[numbered]\nx = 'a'", "line 2, 'numbered.x': expected an int, not 'x'"),
    ("[spare]\nport = 1", "line 1, 'spare.path': is missing"),
    ("spare = 1", "line 1, 'spare': expected a table, not 1"),
    ("[[stores]]\npath = 'a'\n\n[[stores]]\npath = 'b'\nport = 'x'",
     "line 6, 'stores[1].port': expected an int, not the string 'x'"),
    ("[[stores]]", "line 1, 'stores[0].path': is missing, and has no default; write for"),
    ("[[stores]]", 'path = "/var/lib/app"\n'),
    ("size = 'aut'", "'size': expected an int or \"auto\", not the string 'aut'"),
    ("size = 1.5", "'size': expected an int or \"auto\", not 1.5"),
    ("name = 1", "'name': expected a string, not 1"),
    ("[backend]\nfile = 'x'\ndsn = 'x'", "line 3, 'backend.dsn': there is no setting 'dsn'; there"),
    ("[backend]\nother = 'x'", "line 1, 'backend': its keys are those of none of Sqlite | Po"),
    ("store.path = 'x'\ndebug = true\nmode = 'safe'", "'shop.toml': debug is not safe; give"),
    ("a = ", "line 1: it is no TOML: invalid value; mend it there"),
    ("x = 1\n\nx = 2", "line 3: it is no TOML: cannot overwrite a value; mend it there"),
    ("x = 1\ny = '''", "line 2: it is no TOML: "),
    ("x = " + "[" * 5_000, "its arrays or tables are nested too deeply; take some levels out"),
]  # fmt: skip


def sentence(
    *,
    text: str | None = None,
    env: dict[str, str] | None = None,
    flags: dict[str, object] | None = None,
) -> str:
    path: Path | None = None
    if text is not None:
        path = Path("shop.toml")
        path.write_text(text, encoding="utf-8")
    with pytest.raises(th.SettingError) as caught:
        th.read_config(Settings, path, env=env or {}, flags=flags)
    assert isinstance(caught.value, th.ConfigurationError)
    told = str(caught.value)
    assert "\n" not in told
    return f"{told}\n"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("text", "expected"), FILE)
def test_a_file(text: str, expected: str) -> None:
    told = sentence(text=text)
    assert told.startswith("config file 'shop.toml'")
    assert expected in told


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    refused: list[tuple[str | Path, str]] = [
        ("nobody.toml", "'nobody.toml': there is no such file; write one, or name"),
        (tmp_path, "it cannot be read: Is a directory; name a file that can be"),
    ]
    for path, problem in refused:
        with pytest.raises(th.SettingError, match=problem):
            th.read_config(Settings, path, env={})
    Path("latin.toml").write_bytes(b"a = 1\nb = '\xe4'\n")
    with pytest.raises(th.SettingError, match="line 2 is no UTF-8; save it as UTF-8"):
        th.read_config(Settings, "latin.toml", env={})


VARIABLES = [
    ("STORE__PORT", "eighty", ": expected an int, not 'eighty'; write for example 8080\n"),
    ("STORE__PORT", "", ": expected an int, not ''"),
    ("STORE__PORT", "1.5", ": expected an int, not '1.5'"),
    ("STORE__PORT", "1\nx = 2", ": expected an int, not '1\\nx = 2'"),
    ("STORE__PORT", "101", ": port is too large; "),
    ("STORE__TIMEOUT", "soon", ": expected a number, not 'soon'; write for example 1.5"),
    ("DEBUG", "yes", ": expected a bool, not 'yes'; write for example true"),
    ("DEBUG", "2", ": expected a bool, not '2'"),
    ("MODE", "FAST", ": expected one of \"fast\", \"safe\", not the string 'FAST'; did you m"),
    ("TAGS", "a,b", ": expected an array, not 'a,b'; write for example [\"text\"]"),
    ("TAGS", "[1]", ", '[0]': expected a string, not 1"),
    ("STORE", "{port = 'x'}", ", 'port': expected an int, not the string 'x'"),
    ("STORE", "x", ": expected a table, not 'x'"),
    ("STROE__PORT", "1", ": there is no setting 'STROE'; did you mean 'TRIOHARNESS_STORE__PORT'?"),
    ("STORE__PROT", "1", ": there is no setting 'PROT' in 'store'; did you mean 'TRIOHARNESS_STO"),
    ("store__port", "1", ": there is no setting 'store'; did you mean 'TRIOHARNESS_STORE__PORT'?"),
    ("ZZZ", "1", ": there is no setting 'ZZZ'; there are STORE, DEBUG, MODE, "),
    ("MODE__X", "1", ": 'mode' has no settings inside; set it as a whole"),
    ("LIMITS__CPU", "1", ": 'limits' has no settings inside; set it as a whole"),
    ("", "1", ": there is no setting ''; there are STORE, DEBUG, "),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), VARIABLES)
def test_a_variable(name: str, text: str, expected: str) -> None:
    env = {"TRIOHARNESS_STORE__PATH": "x", f"TRIOHARNESS_{name}": text}
    assert sentence(env=env).startswith(f"variable 'TRIOHARNESS_{name}'{expected}")


FLAGS: list[tuple[str, object, str]] = [
    ("store.port", "eighty", ": expected an int, not 'eighty'; write for example 8080\n"),
    ("store.port", 1.5, ": expected an int, not 1.5; "),
    ("store.port", object, ": expected an int, not <class 'object'>; "),
    ("store.prot", "1", ": there is no setting 'prot' in 'store'; did you mean 'port'?"),
    ("stroe.port", "1", ": there is no setting 'stroe'; did you mean 'store'?"),
    ("stroe", None, ": there is no setting 'stroe'; did you mean 'store'?"),
    ("mode.x", "1", ": 'mode' has no settings inside; set it as a whole"),
    ("limits.cpu", "x", ": expected an int, not 'x'"),
    ("size", object(), ": expected an int or "),
]


@pytest.mark.parametrize(("name", "value", "expected"), FLAGS)
def test_a_flag(name: str, value: object, expected: str) -> None:
    assert sentence(flags={"store.path": "x", name: value}).startswith(f"flag {name!r}{expected}")


def test_the_setting_is_told_where_it_comes_from() -> None:
    text = "[store]\npath = 'x'\nport = 'file'"
    assert "shop.toml" in sentence(text=text)
    env = {"TRIOHARNESS_STORE__PORT": "7"}
    assert "flag 'store.port'" in sentence(text=text, env=env, flags={"store.port": "x"})
    assert "variable 'TRIOHARNESS_STORE__TIMEOUT'" in sentence(
        text=text, env={**env, "TRIOHARNESS_STORE__TIMEOUT": "-1"}
    )


def test_a_value_where_the_file_has_no_table() -> None:
    told = sentence(text="store = 5", env={"TRIOHARNESS_STORE__PORT": "1"})
    assert told.startswith("variable 'TRIOHARNESS_STORE__PORT': 'store' is given as one value")


def test_without_a_file_a_missing_setting_is_told_by_its_key() -> None:
    assert sentence().startswith("setting 'store.path': is missing, and has no default; ")
    told = sentence(env={"TRIOHARNESS_STORE__PATH": "x"}, flags={"debug": True, "mode": "safe"})
    assert told.startswith("settings: debug is not safe; ")


def class_of(annotation: object, **options: Any) -> type[object]:
    make: Any = attrs.field  # which takes any annotation, whatever its stubs say
    return attrs.make_class("Settings", {"it": make(type=annotation, **options)}, frozen=True)


class Odd(enum.Enum):
    IT = 1.5


def not_attrs() -> type[object]:
    return int


CLASSES: list[tuple[Callable[[], Any], str]] = [
    (not_attrs, "settings: 'int' is no attrs class; decorate it with @attrs.frozen"),
    (lambda: 5, "settings: 5 is no class; give an attrs class"),
    (lambda: class_of(complex), "Settings.it: a setting cannot be of type 'complex'; make it an"),
    (lambda: class_of(list), "Settings.it: 'list' does not say what is in it; write list[...]"),
    (lambda: class_of(dict[str, complex]), "Settings.it: a setting cannot be of type 'complex'"),
    (lambda: class_of(int | complex), "Settings.it: a setting cannot be of type 'complex'"),
    (lambda: class_of(Odd), "Settings.it: 'Odd' has the value 1.5, which no setting can be"),
    (lambda: class_of(class_of(complex)), "Settings.it.it: a setting cannot be of type 'complex'"),
    (lambda: class_of(None), "Settings: the field 'it' has no type; annotate it"),
    (lambda: class_of("Nobody"), "Settings: the annotation of a field cannot be resolved"),
    (
        lambda: class_of(class_of(int, default=1) | class_of(str, default="")),
        "cannot be told apart",
    ),
]


@pytest.mark.parametrize(("make", "expected"), CLASSES)
def test_a_class_that_cannot_be_one_of_settings(make: Callable[[], Any], expected: str) -> None:
    with pytest.raises(th.ConfigurationError) as caught:
        th.read_config(make(), env={})
    assert expected in str(caught.value)
    assert not isinstance(caught.value, th.SettingError)


@attrs.frozen
class Odds:
    key: uuid.UUID | None = None
    price: decimal.Decimal = decimal.Decimal(1)
    pairs: dict[str, tuple[int, str]] = attrs.field(factory=dict[str, tuple[int, str]])


@pytest.mark.parametrize(
    ("flag", "value", "expected"),
    [
        ("key", "7", "expected a UUID, not the string '7'; write for example \"12345678-"),
        ("price", "NaN", "expected a decimal number as a string, not the string 'NaN'; "),
        ("price", "much", "expected a decimal number as a string, not the string 'much'; "),
        ("pairs.a", "x", "expected an array, not 'x'; write for example [8080, \"text\"]"),
        ("pairs", "x", "expected a table, not 'x'; write for example {name = [8080, \"text\"]}"),
    ],
)
def test_scalars_that_are_none(flag: str, value: str, expected: str) -> None:
    with pytest.raises(th.SettingError) as caught:
        th.read_config(Odds, env={}, flags={flag: value})
    assert expected in str(caught.value)


def test_a_table_inside_of_a_flag_s_table_that_nobody_knows() -> None:
    told = sentence(flags={"store": {"path": "x", "zzz": {"a": 1}}})
    assert told.startswith("flag 'store', 'zzz': there is no setting 'zzz'; there are path, ")
