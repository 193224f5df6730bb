"""What is wrong with the wiring of a harness, as data: found without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import attrs

from ..observe import log_warning

Code: TypeAlias = Literal["TH101", "TH102", "TH103", "TH104", "TH105", "TH106", "TH107"]

CODES: Final[Mapping[Code, str]] = MappingProxyType(
    {
        "TH101": "an end is not what the component's annotation says",
        "TH102": "a channel is used on one side only",
        "TH103": "needs and after cannot be met",
        "TH104": "channels go round in a circle that can fill up",
        "TH105": "the component does not take its arguments",
        "TH106": "the environment is not fit for type checks",
        "TH107": "dead letters cannot be written",
    }
)
"""Every kind of finding; a code never gets another meaning."""

WARNINGS: Final = frozenset[Code](("TH104", "TH106"))
"""Those that may be meant, or do no harm at run time: they keep nothing from starting."""


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that is wrong with a harness, from `Harness.check`."""

    code: Code
    """Its kind, for good: ``"TH101"``."""
    subject: str
    """Whom it concerns: ``"component 'worker'"``."""
    problem: str
    """What is wrong."""
    cure: str
    """What to do about it."""

    @property
    def is_error(self) -> bool:
        """Whether it keeps the harness from starting; else it is a warning."""
        return self.code not in WARNINGS

    def log(self, harness: str) -> None:
        """Have it in the log of a harness that starts all the same.

        Args:
            harness: The name of that.
        """
        log_warning(harness, str(self), "Finding", self.code)

    def __str__(self) -> str:
        kind = "error" if self.is_error else "warning"
        return f"{self.code} {kind}: {self.subject}: {self.problem}; {self.cure}"
