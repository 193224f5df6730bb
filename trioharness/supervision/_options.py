"""The options of one child, checked where they are given."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypedDict, cast

import attrs

from .._errors import ConfigurationError
from ..rules import RESTART_TYPES, Backoff, Health, RestartPolicy


class Needed(Protocol):
    """What can stand in ``needs`` and ``after``: a child, or the declaration of one."""

    @property
    def name(self) -> str:
        """Its name."""
        ...


NO_NEEDS: Final[Mapping[str, Needed]] = {}
NO_CHILDREN: Final[Sequence[Needed]] = ()


class _AnyOptions(TypedDict, total=False):
    """The keywords that all have which describe a child."""

    name: str | None
    restart: RestartPolicy
    backoff: Backoff | None
    grace: float
    background: bool | None
    significant: bool
    health: Health | None
    start_within: float | None


class StartOptions(_AnyOptions, total=False):
    """The keywords of `Supervisor.start`, for type checkers; what they mean stands there."""

    after: Sequence[Needed]


class NeedsOptions(StartOptions):
    """The same with ``needs``."""

    needs: Mapping[str, Needed]


class SpecOptions(_AnyOptions, total=False):
    """The keywords of `Spec`, which names other children as well."""

    needs: Mapping[str, str | Needed] | None
    after: Sequence[str | Needed]


def _asks_for_a_watch(options: Options) -> bool:
    # What is no Health is refused by `check`, which says so better than an AttributeError.
    health: object = options.health
    if isinstance(health, Health) and not (health.beat_within is None and health.check is None):
        return True
    return options.start_within is not None


@attrs.frozen
class Options:
    """How one child is supervised, whatever its name and its needs."""

    restart: RestartPolicy = "transient"
    backoff: Backoff | None = None
    grace: float = 5.0
    background: bool | None = None
    significant: bool = False
    health: Health | None = None
    start_within: float | None = None
    watched: bool = attrs.field(
        init=False, repr=False, default=attrs.Factory(_asks_for_a_watch, takes_self=True)
    )
    """Whether somebody has to watch over its incarnations."""

    def check(self, subject: str) -> Options:
        """Refuse options that make no sense.

        Args:
            subject: What they are given for, for the error: ``"component 'db'"``.

        Returns:
            The options.

        Raises:
            ConfigurationError: An option has a wrong value; the error names it and the cure.
        """
        if not _is_policy(self.restart):
            raise ConfigurationError(
                subject,
                f"restart={self.restart!r} is no restart type",
                f"choose one of {', '.join(map(repr, RESTART_TYPES))}, "
                "or give one for each type of exception",
            )
        if not is_seconds(self.grace):
            raise ConfigurationError(
                subject, f"grace={self.grace!r} is no duration", "give seconds, 0 or more"
            )
        if not _is_backoff(self.backoff):
            raise ConfigurationError(
                subject, f"backoff={self.backoff!r} is no Backoff", "give Backoff(initial, maximum)"
            )
        if not _is_choice(self.background):
            raise ConfigurationError(
                subject,
                f"background={self.background!r} is no yes or no",
                "give True or False, or leave it out",
            )
        if not _is_health(self.health):
            raise ConfigurationError(
                subject, f"health={self.health!r} is no Health", "give Health(beat_within=seconds)"
            )
        if self.start_within is not None and not is_seconds(self.start_within):
            raise ConfigurationError(
                subject,
                f"start_within={self.start_within!r} is no duration",
                "give seconds, 0 or more, or None",
            )
        if not _is_yes_or_no(self.significant):
            raise ConfigurationError(
                subject, f"significant={self.significant!r} is no yes or no", "give True or False"
            )
        if self.significant and self.restart == "permanent":
            raise ConfigurationError(
                subject,
                "it is significant and permanent, so that it never ends for good",
                "make it transient or temporary, or not significant",
            )
        return self


DEFAULT_OPTIONS: Final = Options()
DEFAULTS: Final = ("transient", None, 5.0, None, False, None, None)
"""What these are made of, in the order of the fields: compared at once, it takes no time."""


def check_name(subject: str, name: object) -> None:
    """Refuse what cannot be the name of a child or a supervisor.

    Raises:
        ConfigurationError: It cannot.
    """
    if not isinstance(name, str) or not name or "/" in name:
        raise ConfigurationError(
            subject, f"name={name!r} is no name", "give a text without '/', not empty"
        )


def check_needs(subject: str, needs: object, after: object) -> None:
    """Refuse ``needs`` and ``after`` of the wrong shape.

    Raises:
        ConfigurationError: They are.
    """
    if not _are_keywords(needs):
        raise ConfigurationError(
            subject,
            f"needs={needs!r} is no mapping of keywords",
            "give needs={'keyword': child}; for order alone use after=[child]",
        )
    if not isinstance(after, Sequence) or isinstance(after, str | bytes):
        raise ConfigurationError(
            subject, f"after={after!r} is no list of children", "give after=[child]"
        )


def _are_keywords(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(key, str) and key.isidentifier()
        for key in cast("Mapping[object, object]", value)
    )


def _is_yes_or_no(value: object) -> bool:
    return isinstance(value, bool)


def _is_choice(value: object) -> bool:
    return value is None or _is_yes_or_no(value)


def is_seconds(value: object) -> bool:
    """Say whether something is a duration: a number of seconds, 0 or more."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and not math.isnan(value)
        and value >= 0
    )


def _is_policy(value: object) -> bool:
    if isinstance(value, str):
        return value in RESTART_TYPES
    if not isinstance(value, Mapping):
        return callable(value)
    return all(
        isinstance(cls, type) and issubclass(cls, Exception) and restart in RESTART_TYPES
        for cls, restart in cast("Mapping[object, object]", value).items()
    )


def _is_backoff(value: object) -> bool:
    return value is None or isinstance(value, Backoff)


def _is_health(value: object) -> bool:
    return value is None or isinstance(value, Health)
