"""From ``module:attr`` to a harness."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path

from .._errors import ConfigurationError, LoadError
from ..harness import Harness
from ..observe import summary
from ._settings import Given, with_settings

_SUFFIX = ".py"
"""What people write who mean a module and name its file."""


def load(
    target: str,
    arguments: Sequence[str],
    *,
    factory: bool,
    app_dir: Path,
    settings: Given | None = None,
) -> Harness:
    """Import a harness.

    Args:
        target: ``module:attr``; the attribute may have dots.
        arguments: What a factory is called with.
        factory: Whether the attribute is a function that returns the harness.
        app_dir: The directory that modules are looked for in, before all others.
        settings: What the command line says of the settings that a factory takes.

    Returns:
        The harness.

    Raises:
        LoadError: There is none; the error says why and what to write instead.
        SettingError: The settings are not what the factory takes.
        ConfigurationError: The factory raised it.
    """
    module_name, attribute = _parse(target)
    if settings and not factory:
        raise LoadError(
            repr(target),
            "it takes no settings, but --config or --set gives some",
            "name a function and say --factory; its parameter with an attrs class gets them",
        )
    if arguments and not factory:
        raise LoadError(
            repr(target),
            f"it takes no arguments, but was given {' '.join(arguments)!r}",
            "name a function and say --factory to call it with them",
        )
    found = _attribute(target, _module(target, module_name, app_dir), attribute)
    if factory:
        found = _call(target, found, arguments, settings or Given())
    if isinstance(found, Harness):
        return found
    if factory:
        cure = "return a Harness from it"
    else:
        cure = "say --factory if it returns one" if callable(found) else "name a Harness"
    raise LoadError(repr(target), f"it gives {type(found).__name__!r}, no Harness", cure)


def _parse(target: str) -> tuple[str, str]:
    module, _, attribute = target.partition(":")
    if _is_dotted(module) and _is_dotted(attribute) and not module.endswith(_SUFFIX):
        return module, attribute
    module, attribute = module.removesuffix(_SUFFIX).replace("/", "."), attribute or "app"
    meant = f"{module}:{attribute}" if _is_dotted(module) and _is_dotted(attribute) else "shop:app"
    raise LoadError(repr(target), "it is not of the form module:attr", f"write for example {meant}")


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _module(target: str, name: str, app_dir: Path) -> object:
    folder = str(app_dir.resolve())
    if sys.path[:1] != [folder]:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise _missing(target, name, error, folder) from error
    except (Exception, SystemExit) as error:
        raise LoadError(
            repr(target),
            f"its module raised {summary(error)}",
            f"see where with: {_python()} -c 'import {name}'",
        ) from error


def _python() -> str:
    return Path(sys.executable).name or "python3"


def _missing(target: str, name: str, error: ModuleNotFoundError, folder: str) -> LoadError:
    missing = error.name or "?"
    if name == missing or name.startswith(f"{missing}."):
        return LoadError(
            repr(target),
            f"there is no module {missing!r} in {folder!r} or on the path",
            "say where it is with --app-dir",
        )
    return LoadError(repr(target), f"it imports {missing!r}, which is not there", "install that")


def _attribute(target: str, found: object, attribute: str) -> object:
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            owner = getattr(found, "__name__", type(found).__name__)
            raise LoadError(
                repr(target),
                f"there is no {part!r} in {owner!r}",
                "name the Harness that the module defines",
            ) from error
        except Exception as error:
            raise LoadError(
                repr(target), f"{part!r} raised {summary(error)}", "name a plain attribute"
            ) from error
    return found


def _call(target: str, found: object, arguments: Sequence[str], settings: Given) -> object:
    if not callable(found):
        raise LoadError(repr(target), "it cannot be called", "leave out --factory")
    positional, by_keyword = with_settings(target, found, arguments, settings)
    try:
        made = found(*positional, **by_keyword)
    except ConfigurationError:
        raise  # it says what is wrong and what to do in its own words
    except (Exception, SystemExit) as error:
        raise LoadError(
            repr(target), f"its factory raised {summary(error)}", "check the arguments"
        ) from error
    if inspect.iscoroutine(made):
        made.close()
        raise LoadError(
            repr(target), "its factory is an async function", "make it a plain one: trio runs later"
        )
    return made
