"""From the description of a harness to its graph; nothing is opened, and nothing is run."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .._util import type_name
from ._channels import DeclaredChannels, DeclaredTopic
from ._declared import DeclaredChannel, DeclaredChild, DeclaredMember
from ._described import DeclaredSupervisor, Describes
from ._graph import Graph
from ._graph_parts import (
    FlowKind,
    GraphChannel,
    GraphComponent,
    GraphFlow,
    GraphMember,
    GraphNeed,
    GraphSupervisor,
)
from ._order import Given, find, given_to, needs_of


def graph_of(name: str, root: Describes, channels: DeclaredChannels) -> Graph:
    """Return the graph of a harness.

    Circles are no error here: somebody may want to see them.

    Raises:
        UnknownNeedError: ``needs`` or ``after`` names a stranger.
        ConfigurationError: A name in them means two components.
    """
    exposed = {end.declared for end in channels.exposed}
    return Graph(
        root=GraphSupervisor(
            path=name,
            name=name,
            strategy=root.words.strategy,
            restart=None,
            background=False,
            members=_members(root, name),
        ),
        channels=tuple(_channel(declared, exposed) for declared in channels),
        needs=tuple(_needs((root,), {root: name})),
        flows=tuple(_flows(root, name)),
    )


def _members(owner: Describes, path: str) -> tuple[GraphMember, ...]:
    return tuple(_member(member, f"{path}/{member.name}") for member in owner.members)


def _member(member: DeclaredMember, path: str) -> GraphMember:
    policy = member.options.restart
    restart = policy if isinstance(policy, str) else "by error"
    if isinstance(member, DeclaredSupervisor):
        return GraphSupervisor(
            path=path,
            name=member.name,
            strategy=member.words.strategy,
            restart=restart,
            background=bool(member.options.background),
            members=_members(member, path),
        )
    assert isinstance(member, DeclaredChild)
    return GraphComponent(
        path=path,
        name=member.name,
        copies=member.copies,
        restart=restart,
        background=member.background,
    )


def _channel(declared: DeclaredChannel, exposed: Collection[DeclaredChannel]) -> GraphChannel:
    holds = declared.kind != "topic"
    reply = declared.reply_type
    answered = declared.kind == "requests"
    return GraphChannel(
        kind=declared.kind,
        name=declared.name,
        message_type=type_name(declared.message_type),
        reply_type=type_name(reply) if answered else None,
        max_buffer_size=declared.max_buffer_size if holds else None,
        overflow=declared.overflow if holds else None,
        max_deliveries=declared.max_deliveries,
        topic=declared.of.name if declared.of is not None else None,
        exposed=declared in exposed,
    )


def _needs(way: tuple[Describes, ...], paths: dict[Describes, str]) -> Iterator[GraphNeed]:
    """Yield what those inside of the last supervisor of a way name; it has these paths."""
    for member in way[-1].members:
        path = f"{paths[way[-1]]}/{member.name}"
        named = [*needs_of(member).items(), *((None, other) for other in member.after)]
        for keyword, reference in named:
            other, owner = find(member, reference, way)
            yield GraphNeed(path=path, other=f"{paths[owner]}/{other.name}", keyword=keyword)
        if isinstance(member, DeclaredSupervisor):
            yield from _needs((*way, member), {**paths, member: path})


def _flows(owner: Describes, path: str) -> Iterator[GraphFlow]:
    for member in owner.members:
        below = f"{path}/{member.name}"
        if isinstance(member, DeclaredSupervisor):
            yield from _flows(member, below)
            continue
        for given in given_to(member):
            yield GraphFlow(path=below, kind=_flow(given), channel=given.declared.name)


def _flow(given: Given) -> FlowKind:
    if isinstance(given, DeclaredTopic):
        return "subscribes"
    return "sends" if given.sends else "receives"
