"""A running application at one moment, as one value that can be printed, compared and sent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import attrs

from .._frozen import frozen
from ..channels import ChannelStatistics
from ..messages import message
from ..observe import StateTimes, SupervisorNode
from ..rules import SupervisorHealth
from ._channels import OpenChannel
from ._declared import DeclaredChannel

Phase: TypeAlias = Literal["starting", "running", "draining", "stopping"]
"""Where an application is in its life."""


@frozen
class ChannelFigures:
    """What one channel of an application has done and holds; see `ChannelStatistics`."""

    name: str
    kind: str
    """``"channel"``, ``"subscription"`` or ``"requests"``."""
    room: int | None
    """How many messages may wait; None for any number."""
    used: int
    """How many wait just now."""
    peak: int
    """The most that ever waited."""
    sent: int
    received: int
    dropped: int
    dead: int
    in_hand: int
    left: int
    """Sent, and neither received, dropped nor dead."""
    senders_waiting: int
    """Tasks that wait in a send."""
    receivers_waiting: int
    """Tasks that wait to receive."""
    senders_waiting_since: float | None
    """Since when, in trio's time, as far as earlier readings have seen."""
    receivers_waiting_since: float | None
    oldest_age: float
    """Seconds for which the oldest message that waits has been sent, or more."""


@attrs.frozen(kw_only=True)
class LoopFigures:
    """How late the event loop comes to what is due; there while somebody watches."""

    watched: float
    """Seconds for which it has been watched."""
    p50: float
    """Half of all looks were later than this, in seconds, and half were not."""
    p99: float
    largest: float
    slow: tuple[SlowStep, ...]
    """The last steps that held everything up, the newest at the end."""


@attrs.frozen(kw_only=True)
class SlowStep:
    """One step of one task that let nobody else have a turn."""

    task: str
    """The name of the task, which is the path of a component if it is its own; empty if unknown."""
    time: float
    """When it was seen, in seconds since the epoch."""
    seconds: float
    """How long it had taken by then, at least."""
    stack: str
    """Where it stood then, innermost frame last; the blocking call is near the end of it."""


@message("trioharness.snapshot")
class Snapshot:
    """A running application at one moment; `Running.snapshot` gives it, and a `Codec` writes it."""

    harness: str
    pid: int
    time: float
    """That moment, in trio's time."""
    seconds: float
    """Seconds since the application was told to start."""
    phase: Phase
    health: SupervisorHealth
    """What there is to say of its components, rolled up."""
    tree: SupervisorNode
    """All supervisors and components, with restarts and last errors; `str` draws it."""
    times: dict[str, StateTimes]
    """How long each component has been in which state, by path."""
    channels: tuple[ChannelFigures, ...]
    loop: LoopFigures | None = None


def channel_figures(
    channels: Iterable[tuple[DeclaredChannel, OpenChannel]],
) -> Iterator[ChannelFigures]:
    """Yield the figures of channels, as they were described, but topics, which hold nothing."""
    for declared, opened in channels:
        if opened.receive is not None:
            channel = opened.receive.channel
            yield _figures(channel.name, declared.kind, channel.statistics())


def _figures(name: str, kind: str, of: ChannelStatistics) -> ChannelFigures:
    size = of.max_buffer_size
    return ChannelFigures(
        name,
        kind,
        None if size == math.inf else int(size),
        of.current_buffer_used,
        of.peak_buffer_used,
        of.sent,
        of.received,
        of.dropped,
        of.dead,
        of.in_hand,
        of.sent - of.received - of.dropped - of.dead,
        of.tasks_waiting_send,
        of.tasks_waiting_receive,
        of.send_waiting_since,
        of.receive_waiting_since,
        of.oldest_age,
    )
