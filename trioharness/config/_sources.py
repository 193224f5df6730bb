"""What is given, laid over each other: a file, then variables, then flags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard

import attrs

from .._errors import SettingError
from ..messages import SettingRefused, dotted
from ._file import Steps

if TYPE_CHECKING:
    from ..messages import SettingsClass

Source: TypeAlias = Literal["variable", "flag"]


@attrs.frozen
class Given:
    """Where a setting comes from, if not from the file."""

    source: Source
    name: str
    """As the user wrote it."""
    path: Steps = ()
    """What it sets."""

    def __str__(self) -> str:
        return f"{self.source} {self.name!r}"


class Settings:
    """The tables of the file, with what variables and flags put in their place."""

    def __init__(self, shape: SettingsClass[Any], tables: dict[str, object]) -> None:
        self._shape = shape
        self.tables = tables
        self.given: dict[Steps, Given] = {}

    def add_variables(self, env: Mapping[str, str], prefix: str) -> None:
        """Lay the variables of a prefix over what there is."""
        # In order of their names, so that a section comes before what is inside of it.
        for name in sorted(name for name in env if name.startswith(prefix)):
            try:
                path = self._shape.path_of_variable(name, prefix)
                value = self._shape.read_text(path, env[name])
            except SettingRefused as refusal:
                subject = str(Given("variable", name))
                raise SettingError(subject, refusal.reason, refusal.cure) from None
            self._put(path, value, Given("variable", name, path))

    def add_flags(self, flags: Mapping[str, object]) -> None:
        """Lay flags over what there is; those that are None were not given."""
        for name, value in sorted(flags.items()):
            given = Given("flag", name, path := tuple(name.split(".")))
            try:
                self._shape.type_at(path)
                read = self._shape.read_text(path, value) if isinstance(value, str) else value
            except SettingRefused as refusal:
                raise SettingError(str(given), refusal.reason, refusal.cure) from None
            if value is not None:
                self._put(path, read, given)

    def origin(self, path: Steps) -> Given | None:
        """Return where a setting, or the nearest around it, comes from; None for the file."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.given:
                return self.given[path[:length]]
        return None

    def _put(self, path: Steps, value: object, given: Given) -> None:
        table = self.tables
        for depth, key in enumerate(path[:-1], 1):
            inner = table.setdefault(str(key), {})
            if inner is None:  # a variable said that there is none
                inner = table[str(key)] = {}
            if not _is_table(inner):
                where = dotted(path[:depth])
                problem = f"{where!r} is given as one value, which has no settings inside"
                raise SettingError(str(given), problem, "make that a table, or take this out")
            table = inner
        last = str(path[-1])
        if _is_table(value) and self._shape.is_nested(path):
            if not value:
                table.setdefault(last, {})
            for key, each in value.items():
                self._put((*path, key), each, given)
            return
        table[last] = _copied(value)
        self.given = {known: by for known, by in self.given.items() if known[: len(path)] != path}
        self.given[path] = given


def _is_table(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _copied(value: object) -> object:
    """Copy tables, so that what is put into them does not change what the user gave."""
    return {key: _copied(each) for key, each in value.items()} if _is_table(value) else value
