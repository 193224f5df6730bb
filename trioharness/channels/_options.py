"""Which options a channel can have: each refusal says what is wrong and what to write instead."""

from __future__ import annotations

import math

from .._errors import ConfigurationError
from ._overflow import POLICIES


def check_options(max_buffer_size: object, overflow: object, max_deliveries: object) -> None:
    """Refuse what no channel can be opened with.

    Raises:
        ConfigurationError: An option has a value that no channel can have, or two of them make no
            sense together.
    """
    if max_buffer_size != math.inf and not _is_whole(max_buffer_size, 0):
        raise ConfigurationError(
            "max_buffer_size",
            f"{max_buffer_size!r} is no number of messages",
            "give a whole number, 0 or more, or math.inf",
        )
    if max_deliveries is not None and not _is_whole(max_deliveries, 1):
        raise ConfigurationError(
            "max_deliveries",
            f"{max_deliveries!r} is no number of deliveries",
            "give a whole number, 1 or more, or None to count none",
        )
    _check_overflow(max_buffer_size, overflow)


def _check_overflow(max_buffer_size: object, overflow: object) -> None:
    if not isinstance(overflow, str) or overflow not in POLICIES:
        raise ConfigurationError(
            "overflow",
            f"{overflow!r} is nothing that a full channel can do",
            f"write one of {', '.join(map(repr, POLICIES))}",
        )
    if overflow != "wait" and max_buffer_size == math.inf:
        raise ConfigurationError(
            "overflow",
            f"{overflow!r} is for a full channel, and one of max_buffer_size=math.inf never is",
            "give a whole number as max_buffer_size, or leave overflow out",
        )
    if overflow == "latest" and max_buffer_size != 1:
        raise ConfigurationError(
            "overflow",
            f"'latest' keeps one message, but max_buffer_size is {max_buffer_size!r}",
            "give a max_buffer_size of 1, or overflow='drop_oldest' to keep more",
        )


def _is_whole(number: object, least: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= least
