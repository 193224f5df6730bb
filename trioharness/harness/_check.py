"""The wiring check: what would go wrong with a harness, found before anything runs."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, cast, get_origin

from .._errors import ConfigurationError
from .._util import callable_name, type_name
from ..channels import ReceiveChannel, Request, RequestClient, SendChannel, Topic
from ..rules import circles
from ._channels import DeclaredChannels, DeclaredTopic
from ._declared import DeclaredChannel, DeclaredChild, DeclaredEnd
from ._described import DeclaredSupervisor, Describes
from ._findings import Finding
from ._forms import Form, arguments_of, fits, hint_of, is_open
from ._order import Given, given_to, in_start_order


def findings(root: Describes, channels: DeclaredChannels) -> tuple[Finding, ...]:
    """Find what is wrong with the wiring of a harness.

    Args:
        root: The harness.
        channels: All that messages go through in it.

    Returns:
        What was found, in no order of weight; nothing if all is well.
    """
    children = [*_children(root)]
    return (*_needs(root), *faults(root, channels), *_circles(children))


def faults(root: Describes, channels: DeclaredChannels) -> tuple[Finding, ...]:
    """Find what keeps a harness from starting, but for needs that cannot be met."""
    children = [*_children(root)]
    wrong = (finding for child in children for finding in _arguments(child))
    return (*wrong, *_sides(children, channels))


def _children(described: Describes) -> Iterator[DeclaredChild]:
    for member in described.members:
        if isinstance(member, DeclaredSupervisor):
            yield from _children(member)
        else:
            assert isinstance(member, DeclaredChild)
            yield member


def _needs(root: Describes) -> Iterator[Finding]:
    """Find needs that go round, or name a stranger; the first one."""
    try:
        in_start_order(root)
    except ConfigurationError as error:
        yield Finding(code="TH103", subject=error.subject, problem=error.problem, cure=error.cure)


# Arguments


def _arguments(child: DeclaredChild) -> Iterator[Finding]:
    """Find arguments that a component does not take, and ends that it takes for others."""
    subject = f"component {child.name!r}"
    try:
        signature = inspect.signature(child.fn)
    except (TypeError, ValueError):  # some callables of C have none to show
        fn: object = child.fn
        if isinstance(fn, partial):  # nor has one of which what it binds does not fit
            yield from _misbound(child, cast("partial[object]", fn))
        return
    keywords: dict[str, object] = {**dict.fromkeys(child.needs)}
    if "task_status" in signature.parameters:
        keywords["task_status"] = None
    try:
        bound = signature.bind(*child.args, **keywords)
    except TypeError as error:
        yield _not_taken(child, error)
        return
    fn = child.fn
    given = [*bound.arguments.items()]
    if isinstance(fn, partial):
        fn, given = _bound_before(cast("partial[object]", fn), given)
    for name, value in given:
        for each in _values(value, signature.parameters.get(name)):
            if isinstance(each, DeclaredEnd | DeclaredTopic):
                yield from _mismatch(subject, name, each, hint_of(_annotated(fn), name))


def _misbound(child: DeclaredChild, fn: partial[object]) -> Iterator[Finding]:
    """Find what a partial binds that its function does not take."""
    try:
        signature = inspect.signature(fn.func)
    except (TypeError, ValueError):
        return
    try:
        signature.bind_partial(*fn.args, **fn.keywords)
    except TypeError as error:
        yield _not_taken(child, error)


def _not_taken(child: DeclaredChild, error: Exception) -> Finding:
    return Finding(
        code="TH105",
        subject=f"component {child.name!r}",
        problem=f"{callable_name(child.fn)!r} does not take its arguments: {error}",
        cure="give add() what its signature asks for, values of needs by keyword",
    )


def _values(value: Any, parameter: inspect.Parameter | None) -> Sequence[object]:
    """Return what a parameter is given: many things, where it takes many."""
    kind = None if parameter is None else parameter.kind
    if kind is inspect.Parameter.VAR_POSITIONAL:
        return cast("Sequence[object]", value)
    if kind is inspect.Parameter.VAR_KEYWORD:
        return [*value.values()]
    return [value]


def _bound_before(
    fn: partial[object], given: list[tuple[str, Any]]
) -> tuple[Callable[..., object], list[tuple[str, Any]]]:
    """Return the function of a partial, and what it is given, by parameter, in both ways."""
    keywords = {name: value for name, value in given if name not in ("args", "kwargs")}
    try:
        positional = inspect.signature(fn.func).bind_partial(*fn.args).arguments
    except (TypeError, ValueError):
        positional = {}
    return fn.func, [*positional.items(), *fn.keywords.items(), *keywords.items()]


def _annotated(fn: object) -> object:
    """Return what carries the annotations of a component."""
    if isinstance(fn, type):
        return getattr(fn, "__init__", fn)
    return inspect.unwrap(cast("Callable[..., object]", fn))


def _mismatch(subject: str, name: str, given: Given, hint: Form) -> Iterator[Finding]:
    """Find an end that is not what the annotation of its parameter says."""
    declared = given.declared
    actual = _class_of(given)
    origin = get_origin(hint) or hint
    problem = None
    if isinstance(origin, type) and not is_open(origin) and not _is_kind(actual, origin):
        problem = f"{name} is annotated {type_name(hint)}, but gets {given!r}"
    elif not _carries(given, actual, hint):
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


def _is_kind(actual: type, wanted: type) -> bool:
    try:
        return issubclass(actual, wanted)
    except TypeError:  # a protocol that says nothing at run time
        return True


def _carries(given: Given, actual: type, hint: Form) -> bool:
    """Say whether the type arguments of an annotation fit what goes through an end."""
    declared = given.declared
    if get_origin(hint) is None:
        return True
    asked, replied = arguments_of(hint, 2)
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


# Channels


def _sides(children: Sequence[DeclaredChild], channels: DeclaredChannels) -> Iterator[Finding]:
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


def _circles(children: Sequence[DeclaredChild]) -> Iterator[Finding]:
    """Find circles of channels each of which can make its sender wait."""
    receivers: dict[DeclaredChannel, list[str]] = {}
    for child in children:
        for end in _ends(child):
            if not end.sends and _can_wait(end.declared):
                receivers.setdefault(end.declared.source, []).append(child.name)
    leads_to: dict[str, dict[str, str]] = {}
    for child in children:
        for end in _ends(child):
            if end.sends:
                for name in receivers.get(end.declared, ()):
                    leads_to.setdefault(child.name, {})[name] = end.declared.name
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
