"""What the graph of a harness consists of: plain data, without any of what it was made from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import attrs

ChannelKind: TypeAlias = Literal["channel", "topic", "subscription", "requests"]
FlowKind: TypeAlias = Literal["sends", "receives", "subscribes"]


@attrs.frozen(kw_only=True)
class GraphComponent:
    """A component: one node, however many copies of it there are."""

    path: str
    """The names from the harness down, as events have them: ``"shop/workers/worker"``."""
    name: str
    copies: int
    restart: str
    """Its restart type; ``"by error"`` where that depends on the error."""
    background: bool
    """Whether it does not keep the harness running, and is stopped last."""


@attrs.frozen(kw_only=True)
class GraphSupervisor:
    """A supervisor with all that is inside of it; the harness itself is the outermost."""

    path: str
    name: str
    strategy: str
    restart: str | None
    """Its restart type, as of a component; None for the harness, which nothing restarts."""
    background: bool
    members: tuple[GraphComponent | GraphSupervisor, ...]
    """What is directly inside of it, as declared."""


GraphMember: TypeAlias = GraphComponent | GraphSupervisor


@attrs.frozen(kw_only=True)
class GraphChannel:
    """A channel, a topic, one subscription of a topic, or a channel of requests."""

    kind: ChannelKind
    name: str
    message_type: str
    """What it carries, as people write it."""
    reply_type: str | None
    """What requests are answered with; None for what is no request."""
    max_buffer_size: float | None
    """How many messages may be queued; None for a topic, which keeps none."""
    overflow: str | None
    """What is done where there is no room; None for a topic."""
    max_deliveries: int | None
    """How often a message is delivered at most; None where that is once."""
    topic: str | None
    """The name of the topic of a subscription."""
    exposed: bool = False
    """Whether those outside of the components send into it too; see `Harness.expose`."""


@attrs.frozen(kw_only=True)
class GraphNeed:
    """That one starts after another."""

    path: str
    """Who starts later."""
    other: str
    """The path of the one that starts first."""
    keyword: str | None
    """The keyword that the live value comes by; None for ``after=``, which is order alone."""


@attrs.frozen(kw_only=True)
class GraphFlow:
    """What a component does with a channel."""

    path: str
    """The component."""
    kind: FlowKind
    """``"subscribes"``: it was given the topic itself, to subscribe while it runs."""
    channel: str
    """The name of the channel."""


def members_of(supervisor: GraphSupervisor) -> Iterator[GraphMember]:
    """Yield a supervisor and all that is inside of it, each before what is inside of it."""
    yield supervisor
    for member in supervisor.members:
        if isinstance(member, GraphSupervisor):
            yield from members_of(member)
        else:
            yield member
