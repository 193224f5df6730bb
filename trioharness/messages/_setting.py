"""The settings of an application: an attrs class, made of plain tables.

What does the work is imported when the first class is looked at: it brings cattrs, which who has
no settings need not import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

from .._errors import ConfigurationError

if TYPE_CHECKING:
    from ._setting_class import SettingsClass

T = TypeVar("T")

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead to a setting; empty for all of them."""


def dotted(path: Path) -> str:
    """Write a path as people do: ``servers[1].port``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


class SettingRefused(Exception):
    """A setting that cannot be; who knows where it comes from makes it an error of the tree."""

    def __init__(self, reason: str, cure: str, path: Path = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cure = cure
        self.path = path
        """From where it was raised to the offender; each that passes it on adds its own step."""


class SettingMissing(SettingRefused):
    """A setting without default that is not there."""

    def __init__(self, key: str, example: str) -> None:
        super().__init__("is missing, and has no default", f"write for example {example}", (key,))


def settings_class(cls: type[T]) -> SettingsClass[T]:
    """Look at an attrs class that is to be made of settings.

    Args:
        cls: The class.

    Returns:
        What makes it.

    Raises:
        ConfigurationError: It is no attrs class, or a field of it can be no setting.
    """
    from ._setting_class import SettingsClass  # noqa: PLC0415

    if not isinstance(cls, type):
        raise ConfigurationError("settings", f"{cls!r} is no class", "give an attrs class")
    return SettingsClass(cls)
