"""What travels: samples, windows of them, and what is asked about alerts."""

from __future__ import annotations

from typing import Final, TypeAlias

import attrs

import trioharness as th


@th.message("sample")
class Sample:
    """One value of one metric at one moment."""

    metric: str
    """``"disk.vda.written"``: the part of the host, which one, and what of it."""
    at: float
    """Seconds since 1970."""
    value: float
    """Percent, bytes per second, or a count; see `proc`."""


@th.message("window")
class Window:
    """The samples of one metric over some seconds, as one."""

    metric: str
    at: float
    """When the last of them was taken."""
    count: int
    lowest: float
    mean: float
    highest: float


@attrs.frozen(kw_only=True)
class Alert:
    """A metric that is over its limit."""

    metric: str
    above: float
    mean: float
    """Of the last window."""
    since: float
    """When the first window over the limit ended."""
    acknowledged: bool = False
    """Somebody sees to it."""


@th.message("list-alerts")
class ListAlerts:
    """Which alerts are there?"""


@th.message("acknowledge")
class Acknowledge:
    """Somebody sees to the alert of this metric."""

    metric: str


@th.message("alerts")
class Alerts:
    """The alerts that there are now: the reply to whatever is asked."""

    alerts: tuple[Alert, ...]


Ask: TypeAlias = ListAlerts | Acknowledge

# Made once: a codec looks at each class that it writes and reads, which takes milliseconds.
ASKS: Final = th.Codec(Ask)
ALERTS: Final = th.Codec(Alerts)
