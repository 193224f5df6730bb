"""`read_config`: an application's own attrs class, made of a file, of variables and of flags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .._errors import SettingError
from ..messages import SettingMissing, SettingRefused, dotted, settings_class

if TYPE_CHECKING:
    from ..messages import SettingsClass
    from ._sources import Settings

T = TypeVar("T")


def read_config(
    settings: type[T],
    path: str | os.PathLike[str] | None = None,
    *,
    env: Mapping[str, str] | None = None,
    prefix: str = "TRIOHARNESS_",
    flags: Mapping[str, object] | None = None,
) -> T:
    """Make an application's own attrs class of a TOML file, of variables and of flags.

    Flags go before variables, these before the file, and the file before the defaults of the class.
    An attrs class inside of it is a table, whose keys may come from different places; a default
    that is an instance of one keeps what is not given. All else, lists and dicts too, is replaced
    as a whole.

    Nothing is coerced: ``"7"`` in a file is no 7. Texts, of variables and flags, are read by the
    type of their setting: a string as it stands, a bool as true, false, 1 or 0, and all else as in
    TOML (``TRIOHARNESS_TAGS='["a", "b"]'``); an empty one is None where that is allowed and no
    string is. A key, a variable or a flag that no field has is an error.

    Fields are bool, int, float, str, `Path`, `datetime`, `date`, `time`, `UUID`, `Decimal` (a
    string), enums and literals (by value), list, tuple, set, frozenset, dict, attrs classes, unions
    and None, and `object` or `Any` for whatever TOML has. Durations are seconds, as float. The keys
    are the names that the class's ``__init__`` takes.

    In a harness, give the settings to a factory, which ``trioharness run --factory`` does by itself
    where a parameter is annotated with an attrs class; it has ``--config`` and ``--set``.

    Args:
        settings: The class. Messages that go over a wire need a `Codec` instead.
        path: The file; None if there is none.
        env: The variables; `os.environ` by default, ``{}`` for none.
        prefix: What the names of its variables begin with; the rest is the key in capitals, and
            keys of tables are joined by two underscores: ``TRIOHARNESS_STORE__PORT``.
        flags: By dotted key (``"store.port"``): a str is read as a variable is, None was not given,
            and anything else is taken as from a file.

    Returns:
        The instance.

    Raises:
        SettingError: A setting is missing, unknown, of a wrong type or refused by the class, or the
            file cannot be read. It names the file and line, the variable or the flag.
        ConfigurationError: The class cannot be one of settings.
    """
    shape = settings_class(settings)
    # Here, since it brings tomllib, which who reads no settings need not import.
    from ._file import read_file  # noqa: PLC0415
    from ._sources import Settings  # noqa: PLC0415

    file = None if path is None else Path(path)
    text, tables = ("", {}) if file is None else read_file(file)
    given = Settings(shape, tables)
    given.add_variables(os.environ if env is None else env, prefix)
    given.add_flags(flags or {})
    try:
        return shape.make(given.tables)
    except SettingRefused as refusal:
        where, variable = _where(file, text, refusal), _variable(refusal, shape, prefix)
        raise _error(refusal, given, where, variable) from refusal.__cause__


def _error(
    refusal: SettingRefused, given: Settings, where: str, variable: str | None
) -> SettingError:
    origin = given.origin(refusal.path)
    inside = refusal.path if origin is None else refusal.path[len(origin.path) :]
    subject = where if origin is None else str(origin)
    if inside:
        subject = f"{subject}, {dotted(inside)!r}" if subject else f"setting {dotted(inside)!r}"
    also = f", or set {variable}" if variable else ""
    return SettingError(subject or "settings", refusal.reason, refusal.cure + also)


def _where(file: Path | None, text: str, refusal: SettingRefused) -> str:
    if file is None:
        return ""
    from ._file import line_of  # noqa: PLC0415

    missing = isinstance(refusal, SettingMissing)
    line = line_of(text, refusal.path[:-1] if missing else refusal.path)
    return f"config file {str(file)!r}" + (f", line {line}" if line else "")


def _variable(refusal: SettingRefused, shape: SettingsClass[Any], prefix: str) -> str | None:
    """Return the variable that could give what is missing, if one could."""
    variable = prefix + "__".join(map(str, refusal.path)).upper()
    try:
        found = shape.path_of_variable(variable, prefix)
    except SettingRefused:
        return None
    return variable if isinstance(refusal, SettingMissing) and found == refusal.path else None
