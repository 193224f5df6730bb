"""Which options a channel can have: each refusal says what is wrong and what to write instead."""

from __future__ import annotations

import inspect
import math

from .._errors import ConfigurationError
from .._util import callable_name
from ._overflow import POLICIES


def check_size(max_buffer_size: object) -> None:
    """Refuse what is no number of messages.

    Raises:
        ConfigurationError: It is neither a whole number of at least 0 nor `math.inf`.
    """
    if max_buffer_size != math.inf and not _is_whole(max_buffer_size, 0):
        raise ConfigurationError(
            "max_buffer_size",
            f"{max_buffer_size!r} is no number of messages",
            "give a whole number, 0 or more, or math.inf",
        )


def check_overflow(overflow: object, max_buffer_size: float) -> None:
    """Refuse what is no policy, or none for a channel of this size.

    Raises:
        ConfigurationError: There is no such policy, or it could never do what it says.
    """
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


def check_deliveries(max_deliveries: object) -> None:
    """Refuse what is no number of deliveries.

    Raises:
        ConfigurationError: It is neither a whole number of at least 1 nor None.
    """
    if max_deliveries is not None and not _is_whole(max_deliveries, 1):
        raise ConfigurationError(
            "max_deliveries",
            f"{max_deliveries!r} is no number of deliveries",
            "give a whole number, 1 or more, or None to count none",
        )


def check_name(name: object) -> None:
    """Refuse what is no name.

    Raises:
        ConfigurationError: It is neither a string with something in it nor None.
    """
    if name is not None and (not isinstance(name, str) or not name):
        raise ConfigurationError(
            "name",
            f"{name!r} is no name for a channel",
            "give a short string, or leave it out to call the channel by its type",
        )


def check_functions(**functions: object) -> None:
    """Refuse what cannot be called, or would have to be awaited.

    Args:
        functions: The functions, or None, by the name of the option.

    Raises:
        ConfigurationError: One of them is neither a plain callable nor None.
    """
    for option, function in functions.items():
        if function is not None and not callable(function):
            raise ConfigurationError(
                option, f"{function!r} cannot be called", "give a function of one argument"
            )
        if inspect.iscoroutinefunction(function):
            raise ConfigurationError(
                option,
                f"{callable_name(function)!r} is an async function, and a send cannot await it",
                "give a plain function of one argument",
            )


def _is_whole(number: object, least: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= least
