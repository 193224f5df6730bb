"""Which files of a tree are listed."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest

from examples.codeindex.listing import list_trees, standard_library


def make(tree: Path, *names: str) -> Path:
    for name in names:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return tree


def test_every_python_file_is_listed_by_path_and_name(tmp_path: Path) -> None:
    tree = make(tmp_path / "tree", "b.py", "a/z.py", "a/.hidden.py", "a/data.txt", "a/x.pyc")
    listing = list_trees([tree])
    assert [file.name for file in listing.files] == [
        "tree/b.py",
        "tree/a/.hidden.py",
        "tree/a/z.py",
    ]
    assert [Path(file.path).is_file() for file in listing.files] == [True] * 3
    assert listing.skipped == ()


def test_installed_packages_are_left_out_unless_they_are_the_tree(tmp_path: Path) -> None:
    make(tmp_path / "lib", "json.py", "site-packages/six.py", "x/dist-packages/apt.py")
    inside = [file.name for file in list_trees([tmp_path / "lib"]).files]
    itself = [file.name for file in list_trees([tmp_path / "lib" / "site-packages"]).files]
    assert inside == ["lib/json.py"]
    assert itself == ["site-packages/six.py"]


def test_overlapping_trees_list_a_file_once(tmp_path: Path) -> None:
    tree = make(tmp_path / "tree", "a/x.py", "y.py")
    listing = list_trees([tree, tree / "a", tree])
    assert len({file.path for file in listing.files}) == len(listing.files) == 2


def test_a_relative_tree_has_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "x.py")
    monkeypatch.chdir(tmp_path)
    (file,) = list_trees([Path()]).files
    assert file.path == str(tmp_path / "x.py")
    assert file.name == f"{tmp_path.name}/x.py"


def test_links_to_files_are_listed_and_links_to_folders_not_followed(tmp_path: Path) -> None:
    tree = make(tmp_path / "tree", "x.py")
    (tree / "gone.py").symlink_to("nowhere.py")
    (tree / "loop").symlink_to(".")
    assert [file.name for file in list_trees([tree]).files] == ["tree/gone.py", "tree/x.py"]


def test_what_cannot_be_listed_is_said(tmp_path: Path) -> None:
    tree = make(tmp_path / "tree", "x.py")
    (tree / os.fsdecode(b"caf\xe9.py")).write_text("")
    listing = list_trees([tmp_path / "absent", tree])
    assert [file.name for file in listing.files] == ["tree/x.py"]
    assert [(skipped.name, skipped.reason) for skipped in listing.skipped] == [
        (str(tmp_path / "absent"), "FileNotFoundError: No such file or directory"),
        ("tree/caf\\udce9.py", "its name is no UTF-8"),
    ]


def test_the_standard_library_is_found() -> None:
    assert standard_library() == Path(sysconfig.get_path("stdlib"))
    names = {file.name.partition("/")[2] for file in list_trees([standard_library()]).files}
    assert {"ast.py", "json/__init__.py"} <= names
    assert not [name for name in names if "-packages/" in name]
