"""From the description of a harness to the children of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import attrs

from .._errors import ConfigurationError, UnknownNeedError
from ..channels import ReceiveChannel, SendChannel, open_channel
from ..rules import start_order
from ..supervision import Child, Options, Supervisor, add_child
from ._dead_letters import check_encodable, write_dead_letters
from ._declared import DeclaredChannel, DeclaredChild, DeclaredEnd, Reference, name_of

DEAD_LETTERS = "dead-letters"
"""What the component is called that writes them."""


@attrs.define(eq=False)
class OpenChannel:
    """A declared channel in one run."""

    send: SendChannel[Any]
    receive: ReceiveChannel[Any]


def in_start_order(children: Sequence[DeclaredChild]) -> tuple[DeclaredChild, ...]:
    """Sort the components of a harness, and refuse what cannot be sorted.

    Args:
        children: The components, in the order of declaration; no two of one name.

    Returns:
        The components in start order.

    Raises:
        UnknownNeedError: ``needs`` or ``after`` names a stranger.
        ConfigurationError: ``needs`` names one of which there are copies.
        CycleError: They go round in a circle.
    """
    by_name = {child.name: child for child in children}
    before: dict[str, list[str]] = {}
    for child in children:
        needs = [_find(child, reference, by_name) for reference in child.needs.values()]
        for need in needs:
            _refuse_copies(child, need)
        after = [_find(child, reference, by_name) for reference in child.after]
        before[child.name] = [other.name for other in (*needs, *after)]
    return tuple(by_name[name] for name in start_order(list(by_name), before))


def _find(
    child: DeclaredChild, reference: Reference, known: dict[str, DeclaredChild]
) -> DeclaredChild:
    found = known.get(name_of(reference))
    if found is None or (reference is not found and not isinstance(reference, str)):
        raise UnknownNeedError(
            f"component {child.name!r}",
            f"it needs {name_of(reference)!r}, which is no component of this harness",
            f"name one of {', '.join(map(repr, known))}, or add {name_of(reference)!r}",
        )
    return found


def _refuse_copies(child: DeclaredChild, need: DeclaredChild) -> None:
    if need.copies > 1:
        raise ConfigurationError(
            f"component {child.name!r}",
            f"it needs {need.name!r}, of which there are {need.copies} copies",
            "need a component without copies=, or name them in after= for order alone",
        )


def open_channels(declared: Iterable[DeclaredChannel]) -> dict[DeclaredChannel, OpenChannel]:
    """Open every declared channel for one run."""
    return {
        channel: OpenChannel(
            *open_channel(
                channel.message_type,
                channel.max_buffer_size,
                name=channel.name,
                max_deliveries=channel.max_deliveries,
                copy=channel.copy,
            )
        )
        for channel in declared
    }


def with_dead_letters(
    path: Path | None,
    order: Sequence[DeclaredChild],
    channels: dict[DeclaredChannel, OpenChannel],
) -> tuple[DeclaredChild, ...]:
    """Add the component that writes the dead letters of all channels, if there can be any.

    It is placed behind the background components, which are moved to the front for that: so it is
    stopped after all that can still make a dead letter, and the exit of a context manager finds the
    file complete, however the run ends. It starts after them too: where one cannot be entered, no
    empty file is left behind.

    Raises:
        ConfigurationError: A channel carries what no codec can write.
    """
    mortal = [channel for channel in channels if channel.max_deliveries is not None]
    if path is None or not mortal:
        return tuple(order)
    for channel in mortal:
        check_encodable(channel.name, channel.message_type)
    first: dict[str, DeclaredChild] = {}
    for child in order:
        waits_for = map(name_of, (*child.needs.values(), *child.after))
        if child.background and all(name in first for name in waits_for):
            first[child.name] = child
    others = [child for child in order if child.name not in first]
    return (*first.values(), _writer(path, mortal, channels, tuple(first.values())), *others)


def _writer(
    path: Path,
    mortal: Sequence[DeclaredChannel],
    channels: dict[DeclaredChannel, OpenChannel],
    after: tuple[DeclaredChild, ...],
) -> DeclaredChild:
    message_types = {channel.name: channel.message_type for channel in mortal}
    letters = [channels[channel].receive.channel.dead for channel in mortal]
    options = Options(grace=30.0)
    args = (path, message_types, *letters)
    return DeclaredChild(DEAD_LETTERS, write_dead_letters, args, options, {}, after, 1)


def add_children(
    supervisor: Supervisor,
    declared: Sequence[DeclaredChild],
    channels: dict[DeclaredChannel, OpenChannel],
) -> list[Child[Any]]:
    """Enter the components of one run into the books of its supervisor, in start order.

    Ends that no component was given are closed, so that nobody waits for them.
    """
    made: dict[str, list[Child[Any]]] = {}
    ends = _Ends(channels)
    for component in declared:
        needs = {key: made[name_of(ref)][0] for key, ref in component.needs.items()}
        after = [child for ref in component.after for child in made[name_of(ref)]]
        fn, args = ends.opened_in(component.fn), ends.opened(component.args)
        made[component.name] = [
            add_child(supervisor, fn, args, name, component.options, needs, after)
            for name in component.names
        ]
    ends.close_unused()
    return [child for children in made.values() for child in children]


@attrs.define(eq=False)
class _Ends:
    """The ends of one run, and which of them some component was given."""

    channels: dict[DeclaredChannel, OpenChannel]
    _taken: set[int] = attrs.field(factory=set[int])

    def opened(self, args: Iterable[object]) -> tuple[object, ...]:
        """Return arguments with the ends of this run in place of the declared ones."""
        return tuple(self._open(arg) for arg in args)

    def opened_in(self, fn: Callable[..., object]) -> Callable[..., object]:
        """Return a component with the ends of this run, if it was given some in advance."""
        if not isinstance(fn, partial):
            return fn
        given = cast("partial[object]", fn)
        keywords = zip(given.keywords, self.opened(given.keywords.values()), strict=True)
        return partial(given.func, *self.opened(given.args), **dict(keywords))

    def _open(self, arg: object) -> object:
        if not isinstance(arg, DeclaredEnd):
            return arg
        channel = self.channels[arg.declared]
        end = channel.send if arg.sends else channel.receive
        self._taken.add(id(end))
        return end

    def close_unused(self) -> None:
        """Close the ends that no component was given."""
        for channel in self.channels.values():
            for end in (channel.send, channel.receive):
                if id(end) not in self._taken:
                    end.close()
