"""From ``module:attr`` to a harness: whatever is wrong with it is one sentence and exit code 2."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke, Write

SHOP = """
    import types

    async def hello(word="hello"):
        print(word)

    def factory(*words):
        made = th.Harness("made")
        for number, word in enumerate(words):
            made.add(hello, word, name=f"hello-{number}")
        return made

    app = th.Harness("shop")
    app.add(hello)
    inner = types.SimpleNamespace(app=app, deeper=types.SimpleNamespace(app=app))
    number = 5
    ends = app.channel(int, 1)

    class Fancy:
        @property
        def broken(self):
            raise ValueError("not today")

    fancy = Fancy()

    async def slow_factory():
        return app

    def no_factory():
        return None

    def failing_factory(word):
        raise OSError(f"no {word}")

    def leaving_factory():
        raise SystemExit("usage: ...")

    def complaining_factory():
        raise th.ConfigurationError("shop", "it is closed", "come back tomorrow")
"""


@pytest.mark.parametrize("target", ["shop:app", "shop:inner.app", "shop:inner.deeper.app"])
def test_a_harness_is_found_where_one_stands(write: Write, invoke: Invoke, target: str) -> None:
    write("shop.py", SHOP)
    result = invoke("run", target)
    assert (result.exit_code, result.stdout) == (0, "hello\n")


def test_a_module_in_a_package(write: Write, invoke: Invoke) -> None:
    write("town/street/shop.py", SHOP)
    assert invoke("run", "town.street.shop:app").stdout == "hello\n"


def test_another_folder(write: Write, invoke: Invoke) -> None:
    write("town/shop.py", SHOP)
    write("shop.py", "raise AssertionError('the wrong one')")
    assert invoke("run", "--app-dir", "town", "shop:app").stdout == "hello\n"


def test_the_folder_comes_first_and_once(write: Write, invoke: Invoke) -> None:
    folder = str(write("shop.py", SHOP).parent)
    for _ in range(3):
        assert invoke("run", "shop:app").exit_code == 0
    assert sys.path[0] == folder
    assert sys.path.count(folder) == 1


def test_a_factory_gets_its_arguments(write: Write, invoke: Invoke) -> None:
    write("shop.py", SHOP)
    result = invoke("run", "--factory", "shop:factory", "one", "--", "--two")
    assert result.exit_code == 0
    assert sorted(result.stdout.split()) == ["--two", "one"]
    assert invoke("run", "shop:factory", "--factory").exit_code == 0


BAD_FORMS = {
    "shop": "shop:app",
    "shop:": "shop:app",
    ":app": "shop:app",
    "": "shop:app",
    "shop.py": "shop:app",
    "shop.py:made": "shop:made",
    "town/street/shop.py:app": "town.street.shop:app",
    ".shop:app": "shop:app",
    "shop:app:again": "shop:app",
    "town/shop.py:": "town.shop:app",
    "my-shop:app": "shop:app",
    "shop:app()": "shop:app",
}


@pytest.mark.parametrize("target", BAD_FORMS)
def test_a_target_of_another_form(invoke: Invoke, target: str) -> None:
    result = invoke("run", target)
    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: {target!r}: it is not of the form module:attr; "
        f"write for example {BAD_FORMS[target]}\n"
    )


REFUSED = [
    (["shop:nothing"], "there is no 'nothing' in 'shop'; name the Harness"),
    (["shop:inner.nothing"], "there is no 'nothing' in 'SimpleNamespace'; name the Harness"),
    (["shop:number"], "it gives 'int', no Harness; name a Harness"),
    (["shop:number.real.imag"], "it gives 'int', no Harness; name a Harness"),
    (["shop:factory"], "it gives 'function', no Harness; say --factory if it returns one"),
    (["shop:th.Harness"], "it gives 'type', no Harness; say --factory if it returns one"),
    (["shop:fancy.broken"], "'broken' raised ValueError: not today; name a plain attribute"),
    (["shop:app", "one", "two"], "it takes no arguments, but was given 'one two'; name a function"),
    (["--factory", "shop:app"], "it cannot be called; leave out --factory"),
    (["--factory", "shop:no_factory"], "it gives 'NoneType', no Harness; return a Harness"),
    (["--factory", "shop:slow_factory"], "its factory is an async function; make it a plain one"),
    (["--factory", "shop:failing_factory", "milk"], "its factory raised OSError: no milk; check"),
    (["--factory", "shop:failing_factory"], "missing 1 required positional argument: 'word'"),
    (["--factory", "shop:leaving_factory"], "its factory raised SystemExit: usage: ...; check"),
    (["--factory", "shop:complaining_factory"], "Error: shop: it is closed; come back tomorrow"),
    (["nothing:app"], "there is no module 'nothing' in "),
    (["shop.inner:app"], "there is no module 'shop.inner' in "),
    (["town.nothing:app"], "there is no module 'town.nothing' in "),
]


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED)
def test_what_is_no_harness(
    write: Write, invoke: Invoke, arguments: list[str], sentence: str
) -> None:
    write("shop.py", SHOP)
    write("town/__init__.py", "")
    result = invoke("run", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert sentence in result.stderr


def test_the_folder_that_was_searched_is_named(
    write: Write, invoke: Invoke, tmp_path: Path
) -> None:
    write("town/shop.py", SHOP)
    result = invoke("run", "shop:app")
    assert f"in {str(tmp_path)!r} or on the path; say where it is with --app-dir" in result.stderr


BROKEN_MODULES = {
    "1 / 0": "its module raised ZeroDivisionError: division by zero; see where with: ",
    "def f(:": "its module raised SyntaxError: invalid syntax (broken.py, line 2); see where",
    "import sys; sys.exit(0)": "its module raised SystemExit: 0; see where with: ",
    "import no_such_thing": "it imports 'no_such_thing', which is not there; install that",
    "from shop import nobody": "its module raised ImportError: cannot import name 'nobody'",
    "th.Harness().add(5)": "its module raised ComponentTypeError: component: 5 is not callable",
    "raise ExceptionGroup('two', [OSError('a'), ValueError('b')])": "its module raised 2 errors: ",
}


@pytest.mark.parametrize("code", BROKEN_MODULES)
def test_a_module_that_cannot_be_imported(write: Write, invoke: Invoke, code: str) -> None:
    write("shop.py", SHOP)
    write("broken.py", code)
    result = invoke("run", "broken:app")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: 'broken:app': {BROKEN_MODULES[code]}")
    assert result.stderr.count("\n") == 1


def test_a_folder_that_is_not_there(invoke: Invoke) -> None:
    result = invoke("run", "--app-dir", "/no/such/folder", "shop:app")
    assert result.exit_code == 2
    assert "'/no/such/folder' does not exist" in result.stderr
