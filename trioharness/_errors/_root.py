"""The root of the tree, and what is refused before anything starts."""

from __future__ import annotations

import attrs


class TrioharnessError(Exception):
    """The root of the tree: whatever trioharness itself has to say."""


@attrs.define(eq=False, repr=False, slots=False)
class ConfigurationError(TrioharnessError, ValueError):
    """An option, a component or a wiring was refused before anything started."""

    subject: str
    """What the complaint is about, as the user wrote it: ``"max_restarts"``, ``"child 'db'"``."""
    problem: str
    """What is wrong with it, the offending value quoted."""
    cure: str
    """What to write instead."""

    def __str__(self) -> str:
        return f"{self.subject}: {self.problem}; {self.cure}"


@attrs.define(eq=False, repr=False, slots=False)
class WiringError(ConfigurationError):
    """The components of a harness and what goes between them do not fit together."""

    codes: tuple[str, ...]
    """The kinds of what was found, as `Harness.check` has them: ``("TH101", "TH105")``."""


class ComponentTypeError(ConfigurationError, TypeError):
    """What was given cannot be run as a component."""


class DuplicateNameError(ConfigurationError):
    """Two siblings under one supervisor, or two messages of one codec, have the same name."""


class UnknownNeedError(ConfigurationError):
    """`needs` or `after` names something that is no sibling and no child of an ancestor."""


class CycleError(ConfigurationError):
    """`needs` and `after` go round in a circle, so that nothing in it could start first."""


class EndNotOpen(ConfigurationError, AttributeError):
    """The declaration of a channel end was used as if it were the end itself.

    An `AttributeError` too, so that `hasattr` says the truth: such an end has no methods yet.
    """


class LoadError(ConfigurationError):
    """`module:attr` does not lead to a harness."""


class SettingError(ConfigurationError):
    """A setting of an application is missing, unknown, or not what its class takes."""
