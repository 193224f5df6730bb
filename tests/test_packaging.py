"""What the package promises to those who install it, and the Makefile to those who build it."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import cast

import pytest

import trioharness

ROOT = Path(__file__).resolve().parent.parent

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

PROJECT = PYPROJECT["project"]

GROUPS: dict[str, list[str | dict[str, str]]] = PYPROJECT["dependency-groups"]

MAKE = shutil.which("make") or ""

CORE = {"trio", "anyio", "attrs", "cattrs", "msgspec", "click"}


def names(requirements: list[str | dict[str, str]]) -> set[str]:
    """Names of the distributions, and of the groups that are included."""
    found: set[str] = set()
    for requirement in requirements:
        if isinstance(requirement, dict):
            found.add(requirement["include-group"])
        else:
            found.add(re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0].lower())
    return found


def test_core_dependencies_are_the_six() -> None:
    assert names(PROJECT["dependencies"]) == CORE
    assert all(">=" in requirement for requirement in PROJECT["dependencies"])
    assert PROJECT["requires-python"].replace(" ", "") == ">=3.11"


def test_trio_typing_is_in_its_own_group_only() -> None:
    assert "trio-typing" in names(GROUPS["typing-compat"])
    extras = cast("dict[str, list[str | dict[str, str]]]", PROJECT.get("optional-dependencies", {}))
    for name, requirements in {**GROUPS, **extras, "core": PROJECT["dependencies"]}.items():
        if name != "typing-compat":
            assert names(requirements).isdisjoint({"trio-typing", "typing-compat"}), name


def test_groups_are_there_and_check_covers_the_tests() -> None:
    assert {"test", "check", "bench", "typing-compat"} <= GROUPS.keys()
    assert {"test", "bench"} <= names(GROUPS["check"])


def test_every_dependency_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = re.findall(r'^ +"[a-z0-9_-]+(?:\[\w+\])? *[<>=~].*$', text, flags=re.MULTILINE)
    assert len(lines) >= len(CORE)
    assert [line for line in lines if "#" not in line] == []


def test_nothing_names_a_registry_or_this_machine() -> None:
    locks = [*ROOT.glob("*.lock"), *ROOT.glob("pylock*.toml"), *ROOT.glob("requirements*.txt")]
    files = [ROOT / name for name in ("pyproject.toml", "setup.cfg", "Makefile", ".ci/run")]
    for file in (*files, *locks):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"index-url|find-links|[/.]pypi\b|file://|/home/|/root/", text), file
    for lock in locks:
        assert "://" not in lock.read_text(encoding="utf-8"), lock


def test_the_version_is_the_same_everywhere() -> None:
    assert importlib.metadata.version("trioharness") == PROJECT["version"]
    assert getattr(trioharness, "__version__", PROJECT["version"]) == PROJECT["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[Unreleased\]$", changelog, flags=re.MULTILINE)


def test_the_console_script_leads_to_a_callable() -> None:
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="trioharness")
    assert script.value == PROJECT["scripts"]["trioharness"]
    assert callable(script.load())


def test_pytest_finds_the_plugin_where_it_is() -> None:
    plugins: dict[str, str] = PROJECT["entry-points"]["pytest11"]
    assert plugins == {"trioharness": "trioharness.testing.plugin"}
    module = importlib.import_module(plugins["trioharness"])
    assert hasattr(module, "pytest_addoption")
    # What was installed before it was declared does not have it yet.
    for plugin in importlib.metadata.entry_points(group="pytest11", name="trioharness"):
        assert plugin.load() is module


def test_types_and_licences_ship() -> None:
    assert (ROOT / "trioharness" / "py.typed").is_file()
    assert PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"] == {"packages": ["trioharness"]}
    assert PROJECT["license"] == "MIT OR Apache-2.0"
    for name in PROJECT["license-files"]:
        assert (ROOT / name).is_file(), name


def ci(folder: Path, *tools: str, root: bool = False) -> tuple[list[str], str]:
    """Run the CI script where nothing but stand-ins can be run.

    Returns:
        What it had made, and what it printed.
    """
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    made = folder / "made"
    valgrind = folder / "valgrind"
    programs = {
        "make": f'echo "$@" >>{made}',
        "id": f"echo {0 if root else 1000}",
        "valgrind": "",
        "apt-get": f"echo >{valgrind}; /bin/chmod +x {valgrind}",
    }
    for name in ("make", "id", *tools):
        program = folder / name
        program.write_text(f"#!/bin/bash\n{programs[name]}\n", encoding="utf-8")
        program.chmod(0o755)
    (folder / "dirname").symlink_to("/usr/bin/dirname")
    done = subprocess.run(
        ["/bin/bash", script], env={"PATH": str(folder)}, capture_output=True, text=True, check=True
    )
    return made.read_text(encoding="utf-8").splitlines(), done.stdout


def test_ci_makes_everything_the_gate_last(tmp_path: Path) -> None:
    assert ci(tmp_path, "valgrind") == (["test", "check", "bench-gate"], "")


def test_ci_installs_what_the_gate_needs_where_it_may(tmp_path: Path) -> None:
    assert ci(tmp_path, "apt-get", root=True) == (["test", "check", "bench-gate"], "")


@pytest.mark.parametrize(("tools", "root"), [((), True), (("apt-get",), False)])
def test_ci_says_that_the_gate_did_not_run(
    tools: tuple[str, ...], root: bool, tmp_path: Path
) -> None:
    made, said = ci(tmp_path, *tools, root=root)
    assert made == ["test", "check"]
    assert said.startswith("bench-gate: NOT RUN, valgrind is not installed")


def test_setup_cfg_is_for_flake8_alone() -> None:
    text = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    assert re.findall(r"^\[(.+)\]$", text, flags=re.MULTILINE) == ["flake8"]


@pytest.mark.skipif(not MAKE, reason="needs make")
@pytest.mark.parametrize(
    ("refuses", "sentence"),
    [
        ("*", "does not run; install Python 3.11 or newer"),
        ("*version_info*", "is older than Python 3.11; install a newer one"),
        ("*ensurepip*", "cannot make virtual environments; install the package python3-venv"),
    ],
    ids=["absent", "old", "without-venv"],
)
def test_make_says_what_to_install(tmp_path: Path, refuses: str, sentence: str) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\ncase "$*" in {refuses}) exit 1;; esac\nexec {sys.executable} "$@"\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    done = subprocess.run(
        [MAKE, f"PYTHON={python}", "test"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout == ""
    ours = [line for line in done.stderr.splitlines() if not line.startswith("make:")]
    assert len(ours) == 1
    assert ours[0].startswith(f"trioharness: {python} {sentence}")
    assert not (tmp_path / ".venv").exists()
