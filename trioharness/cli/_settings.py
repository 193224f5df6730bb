"""The settings of a factory: the parameter that takes them, and where they come from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from .._errors import LoadError, SettingError
from ..config import read_config

Call: TypeAlias = tuple[list[object], dict[str, object]]
"""Positional arguments, and those by keyword."""


@attrs.frozen(kw_only=True)
class Given:
    """What the command line says of settings."""

    file: Path | None = None
    flags: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """By dotted key."""

    def __bool__(self) -> bool:
        return self.file is not None or bool(self.flags)


def parse_flags(texts: Sequence[str]) -> dict[str, str]:
    """Take ``key.sub=value`` apart; the last one of a key counts.

    Raises:
        SettingError: One of them is not of that form.
    """
    flags: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise SettingError(
                f"--set {text!r}",
                "it is not of the form key=value",
                "write for example --set store.port=8080",
            )
        flags[key] = value
    return flags


def with_settings(
    target: str, factory: Callable[..., object], arguments: Sequence[str], given: Given
) -> Call:
    """Return what a factory is called with: the arguments, and its settings if it takes any.

    Args:
        target: How the user calls it.
        factory: A function; the parameter that is annotated with an attrs class gets an instance.
        arguments: What its other parameters get, in order.
        given: What the command line says of settings; variables are looked at too.

    Raises:
        SettingError: The settings are not what the class takes.
        LoadError: There are settings, but no parameter or several for them.
    """
    words: list[object] = list(arguments)
    parameters = _parameters(target, factory, given)
    found = [parameter for parameter in parameters if _takes_settings(parameter)]
    if len(found) > 1:
        names = " and ".join(repr(parameter.name) for parameter in found)
        problem = f"its factory has several parameters for settings: {names}"
        raise LoadError(repr(target), problem, "make one attrs class of them")
    if not found:
        if given:
            problem = "its factory takes no settings, but --config or --set gives some"
            cure = "annotate a parameter of it with your attrs class"
            raise LoadError(repr(target), problem, cure)
        return words, {}
    (parameter,) = found
    settings = read_config(parameter.annotation, given.file, flags=given.flags)
    place = parameters.index(parameter)
    if parameter.kind is parameter.KEYWORD_ONLY or place > len(words):
        return words, {parameter.name: settings}
    return [*words[:place], settings, *words[place:]], {}


def _parameters(
    target: str, factory: Callable[..., object], given: Given
) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(factory, eval_str=True).parameters.values())
    except Exception as error:
        # A name that only type checkers see is no fault where no settings are wanted.
        if given and isinstance(error, NameError):
            problem = f"the annotations of its factory cannot be resolved: {error}"
            cure = "import what they name at the top of the module, not under TYPE_CHECKING"
            raise LoadError(repr(target), problem, cure) from error
        return []


def _takes_settings(parameter: inspect.Parameter) -> bool:
    annotation: Any = parameter.annotation
    variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return isinstance(annotation, type) and attrs.has(annotation) and not variadic
