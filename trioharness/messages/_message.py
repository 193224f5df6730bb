"""`message` and `upgrade`: what a class says about its wire form.

Both only leave a note on the class, in its own ``__dict__``: nothing is registered anywhere, so two
libraries may both have an ``"order"``, and a subclass does not inherit a wire name by accident. A
`Codec` reads the notes of the classes it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar, dataclass_transform

import attrs

from .._errors import ConfigurationError

INFO: Final = "__trioharness_message__"
UPGRADES: Final = "__trioharness_upgrades__"

_ClassT = TypeVar("_ClassT")

Upgrader: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the payload of one version into that of the next.

Both are plain JSON objects, whose values only the class itself could type; hence `Any`.
"""

_UpgraderT = TypeVar("_UpgraderT", bound=Upgrader)


@attrs.frozen
class MessageInfo:
    """What `message` notes on a class: how it is called on the wire."""

    name: str
    """Wire name."""
    version: int = 1
    """Version of the payload, from 1; raised whenever the fields change."""


@attrs.frozen
class Upgrade:
    """What `upgrade` notes on a class: one step from an old payload to the next."""

    version: int
    """The version it takes; it gives the one after."""
    function: Upgrader


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field,))
def message(name: str, *, version: int = 1) -> Callable[[type[_ClassT]], type[_ClassT]]:
    """Make a class a message: frozen, keyword-only, with a wire name and a version.

    The same as ``attrs.frozen(kw_only=True)``, and a note for `Codec`. A class that is an attrs
    class already is taken as it is, if it is frozen. In process a message travels by reference and
    its wire form is of no concern; what never leaves the process needs no `message`, any frozen
    class will do.

    Raise the version whenever the fields change, and say by `upgrade` how an old payload becomes
    a new one. The version counts where the message is named on the wire: as a whole, or in a field
    that is a union of messages. In a field of just this class it travels as plain fields, and
    upgrades of the outer message have to bring it up to date.

    mypy's attrs plugin knows only attrs' own decorators: where `attrs.evolve` or `attrs.fields` is
    to be checked by mypy, write ``@message("order")`` above ``@attrs.frozen(kw_only=True)``.

    Args:
        name: Wire name, not empty; unique within each `Codec`.
        version: Version of the payload, from 1.

    Returns:
        The decorator.

    Raises:
        ConfigurationError: The name or version cannot be used, or (when decorating) what is
            decorated is no class, a message already, or an attrs class that is not frozen.
    """
    info = _checked_info(name, version)

    def decorate(cls: type[_ClassT]) -> type[_ClassT]:
        _check_class(cls, info)
        # Its own __dict__: a subclass that is not decorated has inherited `__attrs_attrs__`.
        made = cls if "__attrs_attrs__" in vars(cls) else attrs.frozen(kw_only=True)(cls)
        if not attrs.inspect(made).is_frozen:
            raise ConfigurationError(
                f"message {info.name!r}",
                f"{cls.__qualname__!r} is an attrs class that can be changed",
                "make it @attrs.frozen, or leave the attrs decorator to @message",
            )
        setattr(made, INFO, info)
        return made

    return decorate


def upgrade(cls: type[object], *, version: int) -> Callable[[_UpgraderT], _UpgraderT]:
    """Say how a payload of an old version of a message becomes one of the next version.

    The decorated function is given the payload as a plain dict, its own to change, and returns
    that of ``version + 1``; several are chained. Not for cleaning up payloads of the present
    version: for that there are attrs validators and converters.

    Args:
        cls: The message class.
        version: The version that the function takes, from 1.

    Returns:
        The decorator, which gives the function back unchanged.

    Raises:
        ConfigurationError: `cls` is no message, or the version cannot be used. Two upgrades from
            one version, and gaps, are found when a `Codec` is built.
    """
    info = message_info(cls)
    if info is None:
        raise ConfigurationError(
            "upgrade", f"{cls!r} is no message", "decorate the class with @message('name') first"
        )
    _check_version(f"upgrade of message {info.name!r}", version)

    def decorate(function: _UpgraderT) -> _UpgraderT:
        setattr(cls, UPGRADES, (*upgrades_of(cls), Upgrade(version, function)))
        return function

    return decorate


def message_info(cls: type[object]) -> MessageInfo | None:
    """Return what `message` noted on just this class, or None: it is not inherited."""
    info = getattr(cls, "__dict__", {}).get(INFO)
    return info if isinstance(info, MessageInfo) else None


def upgrades_of(cls: type[object]) -> tuple[Upgrade, ...]:
    """Return what `upgrade` noted on just this class, in order of declaration."""
    noted: tuple[Upgrade, ...] = vars(cls).get(UPGRADES, ())
    return noted


def _checked_info(name: object, version: object) -> MessageInfo:
    if not isinstance(name, str) or not name:
        raise ConfigurationError(
            "message", f"{name!r} is no wire name", "write @message('order'), a string, not empty"
        )
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(
            "message", f"the wire name {name!r} is no valid Unicode", "write it without surrogates"
        ) from None
    return MessageInfo(name, _check_version(f"message {name!r}", version))


def _check_version(subject: str, version: object) -> int:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ConfigurationError(
            subject, f"{version!r} is no version", "give an int from 1, such as version=2"
        )
    return version


def _check_class(cls: object, info: MessageInfo) -> None:
    subject = f"message {info.name!r}"
    if not isinstance(cls, type):
        raise ConfigurationError(
            subject, f"{cls!r} is no class", "write @message above a class with annotated fields"
        )
    present = message_info(cls)
    if present is not None:
        raise ConfigurationError(
            subject,
            f"{cls.__qualname__!r} is the message {present.name!r} already",
            "decorate it once, or make a subclass",
        )
