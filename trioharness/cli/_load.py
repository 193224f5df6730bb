"""From ``module:attr`` to a harness."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from .._errors import LoadError
from ..harness import Harness
from ..observe import summary


def load(target: str, arguments: Sequence[str], *, factory: bool, app_dir: Path) -> Harness:
    """Import a harness.

    Args:
        target: ``module:attr``; the attribute may have dots.
        arguments: What a factory is called with.
        factory: Whether the attribute is a function that returns the harness.
        app_dir: The directory that modules are looked for in, before all others.

    Returns:
        The harness.

    Raises:
        LoadError: There is none; the error says why and what to write instead.
    """
    module_name, colon, attribute = target.partition(":")
    if not module_name or not colon or not attribute:
        raise LoadError(
            repr(target), "it is not of the form module:attr", "write for example shop:app"
        )
    if arguments and not factory:
        raise LoadError(
            repr(target),
            f"it takes no arguments, but was given {' '.join(arguments)!r}",
            "name a function and say --factory to call it with them",
        )
    found = _attribute(target, _module(target, module_name, app_dir), attribute)
    if factory:
        found = _call(target, found, arguments)
    if not isinstance(found, Harness):
        hint = "say --factory if it returns one" if callable(found) else "name a Harness"
        raise LoadError(repr(target), f"it is {type(found).__name__!r}, no Harness", hint)
    return found


def _module(target: str, name: str, app_dir: Path) -> object:
    sys.path.insert(0, str(app_dir.resolve()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise LoadError(
                repr(target),
                f"there is no module {error.name!r} in {str(app_dir)!r} or on the path",
                "say where it is with --app-dir",
            ) from error
        raise LoadError(
            repr(target), f"it imports {error.name!r}, which is not there", "install that first"
        ) from error
    except Exception as error:
        raise LoadError(
            repr(target), f"its module raised {summary(error)}", "import it in Python to see where"
        ) from error


def _attribute(target: str, found: object, attribute: str) -> object:
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise LoadError(
                repr(target),
                f"there is no {part!r} in {getattr(found, '__name__', found)!r}",
                "name the Harness that the module defines",
            )
        found = getattr(found, part)
    return found


def _call(target: str, found: object, arguments: Sequence[str]) -> object:
    if not callable(found):
        raise LoadError(repr(target), "it cannot be called", "leave out --factory")
    try:
        return found(*arguments)
    except Exception as error:
        raise LoadError(
            repr(target), f"its factory raised {summary(error)}", "check the arguments"
        ) from error
