"""In which order the components of each supervisor of a harness start, and what follows whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeAlias, cast

import attrs

from .._errors import ConfigurationError, UnknownNeedError
from ..rules import circles, start_order
from ._channels import DeclaredTopic
from ._declared import (
    DeclaredChannel,
    DeclaredChild,
    DeclaredEnd,
    DeclaredMember,
    Reference,
    name_of,
)
from ._described import DeclaredSupervisor, Describes

Given: TypeAlias = DeclaredEnd | DeclaredTopic


@attrs.frozen
class Level:
    """The components of one supervisor."""

    members: tuple[DeclaredMember, ...]
    """In start order."""
    after: Mapping[DeclaredMember, Sequence[DeclaredMember]]
    """For each, those that start before it without being needed: named ones, and consumers of what
    it produces."""


Levels: TypeAlias = Mapping[Describes, Level]


def in_start_order(root: Describes) -> Levels:
    """Sort the components of a harness, and refuse what cannot be sorted.

    Each comes after what it needs and names, and after those that receive what it sends, unless
    these need it in turn; otherwise as declared.

    Returns:
        The components of each supervisor.

    Raises:
        UnknownNeedError: ``needs`` or ``after`` names a stranger.
        ConfigurationError: ``needs`` names one of which there are copies, or that is hidden.
        CycleError: They go round in a circle.
    """
    levels: dict[Describes, Level] = {}
    _sort((root,), levels)
    return levels


def _sort(way: tuple[Describes, ...], levels: dict[Describes, Level]) -> None:
    members = way[-1].members
    by_name = {member.name: member for member in members}
    named = {member.name: _named_here(member, way) for member in members}
    consumers = _consumers(members, named)
    before = {name: [*named[name], *consumers[name]] for name in by_name}
    order = tuple(by_name[name] for name in start_order(list(by_name), before))
    after = {
        member: [*_after_here(member, way), *(by_name[name] for name in consumers[member.name])]
        for member in members
    }
    levels[way[-1]] = Level(order, {member: [*dict.fromkeys(after[member])] for member in members})
    for member in members:
        if isinstance(member, DeclaredSupervisor):
            _sort((*way, member), levels)


def _named_here(member: DeclaredMember, way: tuple[Describes, ...]) -> list[str]:
    """Return the siblings of a member that it, or anything inside of it, names."""
    found: list[str] = []
    for who, reference, needed, inside in _references(member, way):
        other, owner = find(who, reference, inside)
        if needed:
            _refuse_copies(who, other)
        if owner is way[-1]:
            found.append(other.name)
    return found


def _after_here(member: DeclaredMember, way: tuple[Describes, ...]) -> Iterator[DeclaredMember]:
    for reference in member.after:
        yield find(member, reference, way)[0]


def _references(
    member: DeclaredMember, way: tuple[Describes, ...]
) -> Iterator[tuple[DeclaredMember, Reference, bool, tuple[Describes, ...]]]:
    """Yield what a member and those inside of it name: who, what, whether as a need, and where."""
    for reference in member.after:
        yield member, reference, False, way
    for reference in needs_of(member).values():
        yield member, reference, True, way
    if isinstance(member, DeclaredSupervisor):
        for inner in member.members:
            yield from _references(inner, (*way, member))


def find(
    member: DeclaredMember, reference: Reference, way: Sequence[Describes]
) -> tuple[DeclaredMember, Describes]:
    """Return what a reference stands for, the nearest one, and the supervisor that has it.

    Raises:
        UnknownNeedError: It names a stranger.
        ConfigurationError: It is hidden by another one of that name.
    """
    name = name_of(reference)
    subject = f"component {member.name!r}"
    for owner in reversed(way):
        for other in owner.members:
            if other.name == name:
                if reference in (name, other):
                    return other, owner
                if any(reference in above.members for above in way):
                    raise ConfigurationError(
                        subject,
                        f"it needs {name!r} of a supervisor further up, and {owner!r} has one of "
                        f"that name as well",
                        "give one of them another name=",
                    )
    seen = [repr(other.name) for owner in reversed(way) for other in owner.members]
    raise UnknownNeedError(
        subject,
        f"it needs {name!r}, which is no component of its supervisor or of one further up",
        f"name one of {', '.join(seen)}, or add {name!r}",
    )


def _refuse_copies(member: DeclaredMember, need: DeclaredMember) -> None:
    if need.copies > 1:
        raise ConfigurationError(
            f"component {member.name!r}",
            f"it needs {need.name!r}, of which there are {need.copies} copies",
            "need a component without copies=, or name them in after= for order alone",
        )


def _consumers(
    members: Sequence[DeclaredMember], named: Mapping[str, Iterable[str]]
) -> dict[str, list[str]]:
    """Return, for each member, those that receive what it sends and do not wait for it in turn.

    One that was given a topic subscribes by itself, so it receives what is published there.
    """
    sends: dict[str, set[DeclaredChannel]] = {}
    receivers: dict[DeclaredChannel, list[str]] = {}
    for member in members:
        given = given_to(member)
        sends[member.name] = {each.declared for each in given if _sends(each)}
        for channel in {each.declared.source for each in given if not _sends(each)}:
            receivers.setdefault(channel, []).append(member.name)
    consumers = {
        sender: [
            name for channel in channels for name in receivers.get(channel, ()) if name != sender
        ]
        for sender, channels in sends.items()
    }
    before = {name: [*named[name], *consumers[name]] for name in consumers}
    circle_of = {name: number for number, circle in enumerate(circles(before)) for name in circle}
    return {
        sender: [name for name in names if circle_of.get(name, -1) != circle_of.get(sender, -2)]
        for sender, names in consumers.items()
    }


def _sends(given: Given) -> bool:
    return isinstance(given, DeclaredEnd) and given.sends


def needs_of(member: DeclaredMember) -> Mapping[str, Reference]:
    """Return what a member needs by keyword; a supervisor needs nothing itself."""
    return member.needs if isinstance(member, DeclaredChild) else {}


def given_to(member: DeclaredMember) -> list[Given]:
    """Return the declared ends and topics among the arguments of a member, each once.

    Those of a supervisor are those of all that is inside of it.
    """
    if isinstance(member, DeclaredSupervisor):
        inside = (end for inner in member.members for end in given_to(inner))
        return [*dict.fromkeys(inside)]
    assert isinstance(member, DeclaredChild)
    given: list[object] = [*member.args]
    fn: object = member.fn
    if isinstance(fn, partial):
        bound = cast("partial[object]", fn)
        given += [*bound.args, *bound.keywords.values()]
    return [*dict.fromkeys(arg for arg in given if isinstance(arg, DeclaredEnd | DeclaredTopic))]
