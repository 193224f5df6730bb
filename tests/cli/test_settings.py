"""``--config`` and ``--set``: the settings of a factory, with real files and variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Invoke, Write
from tests.harness._process import HARNESS, running

SHOP = """
    import typing
    from pathlib import Path

    import attrs

    if typing.TYPE_CHECKING:
        import decimal

    @attrs.frozen
    class Store:
        path: Path
        port: int = 80
        timeout: float = 1.0

    @attrs.frozen
    class Settings:
        store: Store
        debug: bool = False

    @attrs.frozen
    class Other:
        debug: bool = False

    async def show(*shown):
        print(*shown)

    def make(settings: Settings, *words: str) -> th.Harness:
        app = th.Harness("shop")
        app.add(show, settings.store.path, settings.store.port, settings.store.timeout, *words)
        return app

    def second(word: str, settings: Settings, more: str = "more") -> th.Harness:
        return make(settings, word, more)

    def by_keyword(*words: str, settings: "Settings") -> th.Harness:
        return make(settings, *words)

    def by_default(word: str = "word", settings: Settings = Settings(Store("x"))) -> th.Harness:
        return make(settings, word)

    def without(*words: str) -> th.Harness:
        return make(Settings(Store("nothing")), *words)

    def two(settings: Settings, other: Other) -> th.Harness:
        return make(settings)

    def hidden(cost: "decimal.Decimal", settings: Settings) -> th.Harness:
        return make(settings)

    def broken(settings: Settings) -> th.Harness:
        raise th.SettingError("store.port", "is taken", "choose another")

    app = without()
"""

CONFIG = """
[store]
path = "shop.db"
port = 81
timeout = 2
"""


@pytest.fixture
def shop(write: Write, tmp_path: Path) -> Path:
    write("shop.py", SHOP)
    file = tmp_path / "shop.toml"
    file.write_text(CONFIG)
    return file


@pytest.mark.usefixtures("shop")
def test_flags_before_variables_before_the_file_before_the_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIOHARNESS_STORE__PORT", "82")
    monkeypatch.setenv("TRIOHARNESS_STORE__TIMEOUT", "3")
    command = (*HARNESS, "run", "--factory", "--config", "shop.toml", "--set", "store.timeout=4")
    with running(*command, "shop:make", cwd=tmp_path) as process:
        assert process.ends() == 0
    assert process.stdout == "shop.db 82 4.0\n"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("target", "words", "shown"),
    [
        ("make", [], ""),
        ("make", ["a", "b"], " a b"),
        ("second", ["a"], " a more"),
        ("second", ["a", "b"], " a b"),
        ("by_keyword", ["a", "b"], " a b"),
        ("by_default", [], " word"),
        ("by_default", ["a"], " a"),
    ],
)
def test_the_parameter_with_an_attrs_class_gets_the_settings(
    invoke: Invoke, target: str, words: list[str], shown: str
) -> None:
    options = ["--factory", "--config", "shop.toml"]
    result = invoke("run", *options, f"shop:{target}", *words)
    assert (result.exit_code, result.stdout) == (0, f"shop.db 81 2.0{shown}\n")


@pytest.mark.usefixtures("shop")
def test_the_last_flag_of_a_key_counts_and_a_value_may_have_an_equals_sign(invoke: Invoke) -> None:
    flags = ["--set", "store.path=a", "--set", "store.path=b=c"]
    result = invoke("run", "--factory", *flags, "shop:make")
    assert result.stdout == "b=c 80 1.0\n"


@pytest.mark.usefixtures("shop")
def test_variables_are_nothing_to_who_takes_no_settings(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIOHARNESS_NOTHING", "5")
    assert invoke("run", "--factory", "shop:without", "a").exit_code == 0
    assert invoke("run", "shop:app").exit_code == 0
    result = invoke("run", "--factory", "shop:make")
    assert result.exit_code == 2
    assert "variable 'TRIOHARNESS_NOTHING': there is no setting 'NOTHING'" in result.stderr


REFUSED = [
    (["--factory", "shop:make"], "setting 'store.path': is missing, and has no default; "),
    (["--factory", "--config", "no.toml", "shop:make"], "config file 'no.toml': there is no such"),
    (
        ["--factory", "--config", "bad.toml", "shop:make"],
        "config file 'bad.toml', line 3, 'store.por",
    ),
    (["--factory", "--set", "store.prot=1", "shop:make"], "flag 'store.prot': there is no setting"),
    (
        ["--factory", "--set", "store.port", "shop:make"],
        "--set 'store.port': it is not of the form",
    ),
    (["--factory", "--set", "=1", "shop:make"], "--set '=1': it is not of the form key=value"),
    (["--set", "debug=1", "shop:app"], "takes no settings, but --config or --set gives some; name"),
    (
        ["--factory", "--set", "debug=1", "shop:without"],
        "its factory takes no settings, but --conf",
    ),
    (
        ["--factory", "--set", "debug=1", "shop:two"],
        "several parameters for settings: 'settings' an",
    ),
    (
        ["--factory", "--set", "debug=1", "shop:hidden", "a"],
        "cannot be resolved: name 'decimal' is",
    ),
    (["--factory", "--config", "shop.toml", "shop:broken"], "store.port: is taken; choose another"),
]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("arguments", "sentence"), REFUSED)
def test_refused_before_anything_runs(
    invoke: Invoke, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    (tmp_path / "bad.toml").write_text("[store]\npath = 'x'\nport = '80'\n")
    result = invoke("run", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert sentence in result.stderr


@pytest.mark.usefixtures("shop")
def test_help_says_what_goes_before_what(invoke: Invoke) -> None:
    told = " ".join(invoke("run", "--help").stdout.split())
    assert "goes before TRIOHARNESS_STORE__PORT, and that before the file" in told
