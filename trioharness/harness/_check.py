"""The wiring check: what would go wrong with a harness, found before anything runs."""

from __future__ import annotations

import math
from collections.abc import AsyncIterable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import get_origin

import trio

from .._errors import ConfigurationError
from .._util import callable_name, type_name
from ..channels import ReceiveChannel, Request, RequestClient, SendChannel, Topic
from ..rules import circles
from ._call import call_of
from ._channels import DeclaredChannels, DeclaredTopic
from ._dead_letters import check_encodable
from ._declared import DeclaredChannel, DeclaredChild, DeclaredEnd
from ._described import DeclaredSupervisor, Describes
from ._findings import Finding
from ._forms import Form, alternatives, arguments_of, fits, is_open
from ._order import Given, given_to, in_start_order


def findings(
    root: Describes, channels: DeclaredChannels, dead_letters: Path | None
) -> tuple[Finding, ...]:
    """Find what is wrong with the wiring of a harness.

    Args:
        root: The harness.
        channels: All that messages go through in it.
        dead_letters: The file that dead letters are written to, if they are.

    Returns:
        What was found, in no order of weight; nothing if all is well.
    """
    return (*_needs(root), *faults(root, channels, dead_letters), *warnings(root))


def faults(
    root: Describes, channels: DeclaredChannels, dead_letters: Path | None
) -> tuple[Finding, ...]:
    """Find what keeps a harness from starting, but for needs that cannot be met."""
    children = _children(root)
    wrong = (finding for path, child in children.items() for finding in _arguments(path, child))
    unwritable = () if dead_letters is None else _unwritable(channels)
    return (*wrong, *_sides(children.values(), channels), *unwritable)


def warnings(root: Describes) -> tuple[Finding, ...]:
    """Find what a harness starts with all the same."""
    return (*_circles(_children(root)),)


def _children(described: Describes, above: str = "") -> dict[str, DeclaredChild]:
    """Return all components by their paths, since those of two supervisors may share a name."""
    children: dict[str, DeclaredChild] = {}
    for member in described.members:
        path = f"{above}{member.name}"
        if isinstance(member, DeclaredSupervisor):
            children |= _children(member, f"{path}/")
        else:
            assert isinstance(member, DeclaredChild)
            children[path] = member
    return children


def _needs(root: Describes) -> Iterator[Finding]:
    """Find needs that go round, or name a stranger; the first one."""
    try:
        in_start_order(root)
    except ConfigurationError as error:
        yield Finding(code="TH103", subject=error.subject, problem=error.problem, cure=error.cure)


# Arguments


def _arguments(path: str, child: DeclaredChild) -> Iterator[Finding]:
    """Find arguments that a component does not take, and ends that it takes for others."""
    subject = f"component {path!r}"
    call = call_of(child.fn, child.args, child.needs)
    if isinstance(call, str):
        yield Finding(
            code="TH105",
            subject=subject,
            problem=f"{callable_name(child.fn)!r} does not take its arguments: {call}",
            cure="give add() what its signature asks for, values of needs by keyword",
        )
        return
    for name, hint, value in call:
        if isinstance(value, DeclaredEnd | DeclaredTopic):
            yield from _mismatch(subject, name, value, hint)


def _mismatch(subject: str, name: str, given: Given, hint: Form) -> Iterator[Finding]:
    """Find an end that is not what the annotation of its parameter says."""
    declared = given.declared
    forms = alternatives(hint)
    kinds = [form for form in forms if _is_kind(given, form)]
    problem = None
    if not kinds:
        problem = f"{name} is annotated {type_name(hint)}, but gets {given!r}"
    elif not any(_carries(given, form) for form in kinds):
        carried = type_name(declared.message_type)
        if declared.kind == "requests":
            carried = f"{carried}, answered by {type_name(declared.reply_type)}"
        problem = f"{name} is annotated {type_name(hint)}, but {given!r} carries {carried}"
    if problem is not None:
        yield Finding(
            code="TH101",
            subject=subject,
            problem=problem,
            cure="give it another end, or change the annotation or the type of the channel",
        )


def _class_of(given: Given) -> type:
    if isinstance(given, DeclaredTopic):
        return Topic
    if not given.sends:
        return ReceiveChannel
    return RequestClient if given.declared.kind == "requests" else SendChannel


def _is_kind(given: Given, form: Form) -> bool:
    """Say whether an end is of the class of a form, as far as can be seen."""
    wanted = get_origin(form) or form
    if not isinstance(wanted, type) or is_open(wanted):
        return True
    try:
        return issubclass(_class_of(given), wanted)
    except TypeError:  # a protocol that says nothing at run time
        return True


def _carries(given: Given, form: Form) -> bool:
    """Say whether the type arguments of an annotation fit what goes through an end."""
    declared, actual = given.declared, _class_of(given)
    # Those of other generic classes may stand for anything.
    origin = get_origin(form)
    if not (isinstance(origin, type) and issubclass(origin, _CARRYING)):
        return True
    asked, replied = arguments_of(form, 2)
    if actual is RequestClient:
        return fits(asked, declared.message_type) and fits(declared.reply_type, replied)
    if actual is SendChannel:
        return fits(asked, declared.message_type)
    if declared.kind == "requests":
        if get_origin(asked) is not Request:
            return fits(Request, asked)
        question, answer = arguments_of(asked, 2)
        return fits(declared.message_type, question) and fits(answer, declared.reply_type)
    return fits(declared.message_type, asked)


_CARRYING = (trio.abc.SendChannel, trio.abc.ReceiveChannel, Topic, AsyncIterable)
"""Classes whose first type argument is what goes through."""


# Channels


def _sides(children: Iterable[DeclaredChild], channels: DeclaredChannels) -> Iterator[Finding]:
    """Find channels that one side alone uses; those outside of the components count as one."""
    given: set[Given] = {each for child in children for each in given_to(child)}
    given |= channels.exposed.keys()
    sent = {each.declared for each in given if isinstance(each, DeclaredEnd) and each.sends}
    received = {each.declared for each in given if isinstance(each, DeclaredEnd) and not each.sends}
    listened = {each.declared for each in given if isinstance(each, DeclaredTopic)}
    listened |= {channel.of for channel in channels if channel.of is not None}
    for channel in channels:
        is_sent = channel.source in sent
        is_received = channel in received or channel in listened
        if is_sent == is_received:
            continue
        verbs = ("sends into", "receives from") if is_sent else ("receives from", "sends into")
        yield Finding(
            code="TH102",
            subject=f"{channel.kind} {channel.name!r}",
            problem=f"a component {verbs[0]} it, and none {verbs[1]} it",
            cure="give its other end to a component as well, expose() it, or leave it out",
        )


def _unwritable(channels: DeclaredChannels) -> Iterator[Finding]:
    """Find channels whose dead letters no codec can write."""
    for channel in channels:
        if channel.max_deliveries is not None:
            try:
                check_encodable(channel.name, channel.message_type)
            except ConfigurationError as error:
                yield Finding(
                    code="TH107", subject=error.subject, problem=error.problem, cure=error.cure
                )


def _circles(children: Mapping[str, DeclaredChild]) -> Iterator[Finding]:
    """Find circles of channels each of which can make its sender wait."""
    receivers: dict[DeclaredChannel, list[str]] = {}
    for path, child in children.items():
        for end in _ends(child):
            if not end.sends and _can_wait(end.declared):
                receivers.setdefault(end.declared.source, []).append(path)
    leads_to: dict[str, dict[str, str]] = {}
    for path, child in children.items():
        for end in _ends(child):
            if end.sends:
                for other in receivers.get(end.declared, ()):
                    leads_to.setdefault(path, {})[other] = end.declared.name
    found = circles({name: [*others] for name, others in leads_to.items()})
    alone = [[name] for name, others in leads_to.items() if name in others]
    in_larger = {name for circle in found for name in circle}
    for circle in [*found, *(one for one in alone if one[0] not in in_larger)]:
        for way in _ways_round(circle, leads_to):
            steps = (f" -({leads_to[one][other]})-> {other}" for one, other in pairwise(way))
            full = way[0] + "".join(steps)
            yield Finding(
                code="TH104",
                subject=f"component {way[0]!r}",
                problem=f"it can wait for itself when all of these are full: {full}",
                cure="give one of them no bound (math.inf), or another overflow= than 'wait'",
            )


def _ends(child: DeclaredChild) -> list[DeclaredEnd]:
    return [each for each in given_to(child) if isinstance(each, DeclaredEnd)]


def _can_wait(channel: DeclaredChannel) -> bool:
    """Say whether a sender may have to wait for the receiver; whoever calls always has to."""
    bounded = channel.max_buffer_size < math.inf and channel.overflow == "wait"
    return bounded or channel.kind == "requests"


def _ways_round(
    circle: Sequence[str], leads_to: Mapping[str, Mapping[str, str]]
) -> Iterator[list[str]]:
    """Yield a shortest way from each member of a circle back to it, each way once.

    There may be more ways than anybody could read. But each member has a part in one of these, and
    is found in one for as long as it can wait for itself.
    """
    seen: set[frozenset[tuple[str, str]]] = set()
    for start in reversed(circle):
        way = _way_round(start, set(circle), leads_to)
        steps = frozenset(pairwise(way))
        if steps not in seen:
            seen.add(steps)
            yield way


def _way_round(
    start: str, members: Collection[str], leads_to: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Return a shortest way from a member of a circle back to it, which there always is."""
    paths = [[start]]
    seen: set[str] = set()
    while True:
        path = paths.pop(0)
        for name in leads_to.get(path[-1], {}):
            if name == start:
                return [*path, start]
            if name in members and name not in seen:
                seen.add(name)
                paths.append([*path, name])
