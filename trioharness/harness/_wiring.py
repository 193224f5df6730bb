"""From the description of a harness to the children of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from ..supervision import Child, Group, Options, Spec, Supervisor, add_child
from ._channels import DeclaredTopic, OpenChannel
from ._dead_letters import write_dead_letters
from ._declared import DeclaredChannel, DeclaredChild, DeclaredEnd, DeclaredMember, name_of
from ._described import DeclaredSupervisor
from ._order import Given, Level, Levels, given_to, needs_of

DEAD_LETTERS = "dead-letters"
"""What the component is called that writes them."""


def with_dead_letters(
    path: Path | None,
    level: Level,
    channels: Mapping[DeclaredChannel, OpenChannel],
) -> Level:
    """Add the component that writes the dead letters of all channels, if there can be any.

    It is placed behind the background components, which are moved to the front for that: so it is
    stopped after all that can still make a dead letter, and the exit of a context manager finds the
    file complete, however the run ends. It starts after them too: where one cannot be entered, no
    empty file is left behind.
    """
    mortal = [channel for channel in channels if channel.max_deliveries is not None]
    if path is None or not mortal:
        return level
    first: dict[str, DeclaredMember] = {}
    for child in level.members:
        if isinstance(child, DeclaredChild) and child.background:
            waits_for = (*map(name_of, child.needs.values()), *(m.name for m in level.after[child]))
            if all(name in first for name in waits_for):
                first[child.name] = child
    others = [child for child in level.members if child.name not in first]
    writer = _writer(path, mortal, channels)
    after = {**level.after, writer: tuple(first.values())}
    return Level((*first.values(), writer, *others), after)


def _writer(
    path: Path,
    mortal: Sequence[DeclaredChannel],
    channels: Mapping[DeclaredChannel, OpenChannel],
) -> DeclaredChild:
    message_types = {channel.name: channel.message_type for channel in mortal}
    ends = (channels[channel].receive for channel in mortal)
    letters = [end.channel.dead for end in ends if end is not None]
    return DeclaredChild(
        name=DEAD_LETTERS,
        fn=write_dead_letters,
        args=(path, message_types, *letters),
        options=Options(grace=30.0),
    )


def add_children(
    supervisor: Supervisor,
    level: Level,
    levels: Levels,
    channels: Mapping[DeclaredChannel, OpenChannel],
) -> list[Child[Any]]:
    """Enter the components of one run into the books of its supervisor, in start order.

    Ends that no component was given are closed, so that nobody waits for them.
    """
    made: dict[str, list[Child[Any]]] = {}
    given: dict[Given, object] = {}
    for member in level.members:
        given.update((each, _opened(each, channels)) for each in given_to(member))
        fn, args = _component(member, levels, given)
        made[member.name] = [
            add_child(
                supervisor,
                fn,
                args,
                name,
                member.options,
                {key: made[name_of(need)][0] for key, need in needs_of(member).items()},
                [child for other in level.after[member] for child in made[other.name]],
            )
            for name in member.names
        ]
    _close_unused(channels, given.values())
    return [child for children in made.values() for child in children]


def _opened(given: Given, channels: Mapping[DeclaredChannel, OpenChannel]) -> object:
    """Return the end or the topic of this run in place of the declared one."""
    channel = channels[given.declared]
    if isinstance(given, DeclaredTopic):
        return channel.topic
    return channel.send if given.sends else channel.receive


def _close_unused(channels: Mapping[DeclaredChannel, OpenChannel], given: Iterable[object]) -> None:
    taken = {id(end) for end in given}
    for channel in channels.values():
        for end in (channel.send, channel.receive):
            if end is not None and id(end) not in taken:
                end.close()


def _component(
    member: DeclaredMember, levels: Levels, given: Mapping[Given, object]
) -> tuple[Callable[..., object], tuple[object, ...]]:
    """Return a component and its arguments, with what exists in place of what was declared."""
    if isinstance(member, DeclaredSupervisor):
        return _group(member, levels, given), ()
    assert isinstance(member, DeclaredChild)

    def filled(args: Iterable[object]) -> tuple[object, ...]:
        return tuple(
            given[arg] if isinstance(arg, DeclaredEnd | DeclaredTopic) else arg for arg in args
        )

    fn = member.fn
    if isinstance(fn, partial):
        bound = cast("partial[object]", fn)
        keywords = zip(bound.keywords, filled(bound.keywords.values()), strict=True)
        fn = partial(bound.func, *filled(bound.args), **dict(keywords))
    return fn, filled(member.args)


def _group(declared: DeclaredSupervisor, levels: Levels, given: Mapping[Given, object]) -> Group:
    """Return a supervisor inside of a harness, with what exists in place of what was declared."""
    level, words = levels[declared], declared.words
    return Group(
        declared.name,
        [spec for member in level.members for spec in _specs(member, level, levels, given)],
        strategy=words.strategy,
        max_restarts=words.limit.max_restarts,
        within=words.limit.within,
        auto_shutdown=words.auto_shutdown,
        exhausted=words.exhausted,
        start=words.start,
    )


def _specs(
    member: DeclaredMember, level: Level, levels: Levels, given: Mapping[Given, object]
) -> Iterator[Spec[object]]:
    given_fn, args = _component(member, levels, given)
    fn: Any = given_fn  # its arguments were never known to a type checker
    options = member.options
    for name in member.names:
        yield Spec(
            fn,
            *args,
            name=name,
            restart=options.restart,
            needs={key: name_of(need) for key, need in needs_of(member).items()},
            after=[each for other in level.after[member] for each in other.names],
            backoff=options.backoff,
            grace=options.grace,
            background=options.background,
            significant=options.significant,
            health=options.health,
            start_within=options.start_within,
        )
