"""What sender and receiver of a message share: the object itself, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias

from typing_extensions import TypeForm

from .._errors import ConfigurationError
from ..messages import Codec

Isolation: TypeAlias = Literal["shared", "serialized"]

_KNOWN: Final = ("shared", "serialized")


def check_isolation(subject: str, isolation: object) -> None:
    """Refuse what is no isolation.

    Raises:
        ConfigurationError: It is another word.
    """
    if isolation not in _KNOWN:
        raise ConfigurationError(
            subject, f"isolation is {isolation!r}", 'give "shared" or "serialized"'
        )


def copy_for(
    subject: str, message_type: TypeForm[Any], isolation: Isolation
) -> Callable[[Any], Any] | None:
    """Return what a channel calls with each message that is sent, or None.

    Raises:
        ConfigurationError: It is to be serialized, and carries what no codec can write.
    """
    if isolation == "shared":
        return None
    try:
        return Codec(message_type).copy
    except ConfigurationError as error:
        raise ConfigurationError(
            subject,
            f"its messages cannot be serialized ({error})",
            'let it carry @message classes, or give it isolation="shared"',
        ) from error
