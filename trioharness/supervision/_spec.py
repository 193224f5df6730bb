"""The options of one child, checked where they are given."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from .._errors import ConfigurationError
from .._util import callable_name
from ..rules import RESTART_TYPES, Backoff, RestartType


class Needed(Protocol):
    """What can stand in ``needs`` and ``after``: a child, or the declaration of one."""

    @property
    def name(self) -> str:
        """Its name."""
        ...


NO_NEEDS: Mapping[str, Needed] = {}


@attrs.define(kw_only=True)
class Options:
    """How one child is supervised."""

    name: str | None = None
    restart: RestartType = "transient"
    needs: Mapping[str, Needed] = NO_NEEDS
    after: Sequence[Needed] = ()
    backoff: Backoff | None = None
    grace: float = 5.0
    background: bool | None = None

    def check(self, fn: object) -> None:
        """Refuse options that make no sense.

        Args:
            fn: The component, for the error.

        Raises:
            ConfigurationError: An option has a wrong value; the error names it and the cure.
        """
        subject = f"component {self.name or callable_name(fn)!r}"
        if self.restart not in RESTART_TYPES:
            raise ConfigurationError(
                subject,
                f"restart={self.restart!r} is no restart type",
                f"choose one of {', '.join(map(repr, RESTART_TYPES))}",
            )
        if self.name is not None and not _is_name(self.name):
            raise ConfigurationError(
                subject, f"name={self.name!r} is no name", "give a text without '/', not empty"
            )
        if not _seconds(self.grace):
            raise ConfigurationError(
                subject, f"grace={self.grace!r} is no duration", "give seconds, 0 or more"
            )
        if not _is_backoff(self.backoff):
            raise ConfigurationError(
                subject, f"backoff={self.backoff!r} is no Backoff", "give Backoff(initial, maximum)"
            )
        if not _is_mapping(self.needs):
            raise ConfigurationError(
                subject,
                f"needs={self.needs!r} is no mapping",
                "give needs={'keyword': child}; for order alone use after=[child]",
            )


def _is_name(name: object) -> bool:
    return isinstance(name, str) and bool(name) and "/" not in name


def _is_backoff(value: object) -> bool:
    return value is None or isinstance(value, Backoff)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _seconds(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and not math.isnan(value)
        and value >= 0
    )
