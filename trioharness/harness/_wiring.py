"""From the description of a harness to the children of one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs

from .._errors import ConfigurationError, DuplicateNameError, UnknownNeedError
from ..channels import ReceiveChannel, SendChannel, open_channel
from ..rules import start_order
from ..supervision import Child, Options, Supervisor, add_child
from ._dead_letters import check_encodable, write_dead_letters
from ._declared import DeclaredChannel, DeclaredChild, DeclaredEnd, Reference


@attrs.define(eq=False)
class OpenChannel:
    """A declared channel in one run."""

    send: SendChannel[Any]
    receive: ReceiveChannel[Any]


def in_start_order(children: Sequence[DeclaredChild]) -> tuple[DeclaredChild, ...]:
    """Sort the components of a harness, and refuse what cannot be sorted.

    Args:
        children: The components, in the order of declaration.

    Returns:
        The components in start order.

    Raises:
        DuplicateNameError: Two have one name.
        UnknownNeedError: ``needs`` or ``after`` names a stranger.
        CycleError: They go round in a circle.
    """
    by_name: dict[str, DeclaredChild] = {}
    for child in children:
        if child.name in by_name:
            raise DuplicateNameError(
                f"component {child.name!r}", "the harness has two of that name", "give one a name="
            )
        by_name[child.name] = child
    before = {
        child.name: [
            _name_of(child, reference, by_name)
            for reference in (*child.needs.values(), *child.after)
        ]
        for child in children
    }
    return tuple(by_name[name] for name in start_order(list(by_name), before))


def _name_of(child: DeclaredChild, reference: Reference, known: dict[str, DeclaredChild]) -> str:
    if isinstance(reference, str):
        name = reference
        stranger = name not in known
    else:
        name = reference.name
        stranger = known.get(name) is not reference
    if stranger:
        raise UnknownNeedError(
            f"component {child.name!r}",
            f"it needs {name!r}, which is no component of this harness",
            f"name one of {', '.join(map(repr, known))}, or add {name!r}",
        )
    return name


def open_channels(declared: Iterable[DeclaredChannel]) -> dict[DeclaredChannel, OpenChannel]:
    """Open every declared channel for one run."""
    return {
        channel: OpenChannel(
            *open_channel(
                channel.message_type,
                channel.max_buffer_size,
                name=channel.name,
                max_deliveries=channel.max_deliveries,
            )
        )
        for channel in declared
    }


def dead_letter_child(
    path: Path, channels: dict[DeclaredChannel, OpenChannel]
) -> DeclaredChild | None:
    """Return the component that writes the dead letters of all channels, if there can be any.

    Raises:
        ConfigurationError: A channel carries what no codec can write.
    """
    mortal = [c for c in channels if c.max_deliveries is not None]
    for channel in mortal:
        check_encodable(channel.name, channel.message_type)
    if not mortal:
        return None
    codecs = {channel.name: channel.message_type for channel in mortal}
    letters = tuple(channels[channel].receive.channel.dead for channel in mortal)
    options = Options(name="dead-letters", grace=30.0)
    args = (path, codecs, *letters)
    return DeclaredChild("dead-letters", write_dead_letters, args, options, {}, (), 1)


def add_children(
    supervisor: Supervisor,
    declared: Sequence[DeclaredChild],
    channels: dict[DeclaredChannel, OpenChannel],
) -> list[Child[Any]]:
    """Enter the components of one run into the books of its supervisor, in start order."""
    made: dict[str, list[Child[Any]]] = {}
    taken: set[int] = set()
    for component in declared:
        args = tuple(_open(arg, channels, taken) for arg in component.args)
        needs = {key: _single(made, component, ref) for key, ref in component.needs.items()}
        after = [child for ref in component.after for child in made[_name(ref)]]
        made[component.name] = [
            add_child(
                supervisor,
                component.fn,
                args,
                attrs.evolve(component.options, name=name, needs=needs, after=after),
            )
            for name in _names(component)
        ]
    for channel in channels.values():
        for end in (channel.send, channel.receive):
            if id(end) not in taken:
                end.close()
    return [child for children in made.values() for child in children]


def _open(arg: object, channels: dict[DeclaredChannel, OpenChannel], taken: set[int]) -> object:
    if not isinstance(arg, DeclaredEnd):
        return arg
    if arg.declared not in channels:
        raise ConfigurationError(
            repr(arg), "it was declared by another harness", "declare it with this one's channel()"
        )
    channel = channels[arg.declared]
    end = channel.send if arg.sends else channel.receive
    taken.add(id(end))
    return end


def _names(component: DeclaredChild) -> list[str]:
    if component.copies == 1:
        return [component.name]
    return [f"{component.name}-{number}" for number in range(1, component.copies + 1)]


def _name(reference: Reference) -> str:
    return reference if isinstance(reference, str) else reference.name


def _single(
    made: dict[str, list[Child[Any]]], component: DeclaredChild, reference: Reference
) -> Child[Any]:
    children = made[_name(reference)]
    if len(children) > 1:
        raise ConfigurationError(
            f"component {component.name!r}",
            f"it needs {_name(reference)!r}, of which there are {len(children)} copies",
            "need a component without copies=, or name them in after= for order alone",
        )
    return children[0]
