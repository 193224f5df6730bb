"""Channel ends among the arguments of what a component starts by itself: a group, or a pool.

Such a component lists them, and is given a clone of each whenever it is called, as if they were
arguments of its own. So its supervisor keeps them, and they outlive its restarts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ._component import flatten
from ._handover import GONE, End, is_end, shown_end
from ._record import Record

if TYPE_CHECKING:
    from ._engine import Engine


class HasEndsInside(Protocol):
    """A component whose arguments are the ends that are inside of it, and nothing else."""

    def ends_inside(self) -> tuple[End, ...]:
        """Return them, each once."""
        ...


def ends_among(
    described: Iterable[tuple[Callable[..., object], tuple[object, ...]]],
) -> tuple[End, ...]:
    """Return the ends among the arguments of components, each once, in order.

    Args:
        described: The components, with their arguments.
    """
    found: dict[int, End] = {}
    for fn, args in described:
        _, positional, keywords = flatten(fn, args)
        for value in (*positional, *keywords.values()):
            if is_end(value):
                found[id(value)] = value
    return tuple(found.values())


def given(
    fn: Callable[..., object], args: tuple[object, ...], clones: Mapping[int, End]
) -> tuple[Callable[..., object], tuple[object, ...]]:
    """Return a component and its arguments with clones in place of ends.

    Args:
        fn: The component.
        args: Its arguments.
        clones: What stands for each end, by its identity.
    """
    if not clones:
        return fn, args
    inner, positional, keywords = flatten(fn, args)
    bound = {key: clones.get(id(value), value) for key, value in keywords.items()}
    return (
        partial(inner, **bound) if bound else inner,
        tuple(clones.get(id(value), value) for value in positional),
    )


def is_over(fn: Callable[..., object], args: tuple[object, ...]) -> bool:
    """Say whether a component was complete in an earlier life of what it is inside of.

    It was given an end that it will never use again; to begin it would only fail. Not for
    groups, which leave out what is complete inside of them and go on with the rest.
    """
    _, positional, keywords = flatten(fn, args)
    return any(value is GONE for value in (*positional, *keywords.values()))


def let_go_of(group: Record, inside: Engine) -> Callable[[End], None]:
    """Return what lets go of the end of a group once nothing inside of it will use that again.

    So a pipeline inside of a group ends by itself, although the supervisor of the group keeps its
    ends as well. When the group is restarted, those that are complete are left out.
    """

    def let_go(end: End) -> None:
        run = group.run
        if run is None or inside.ending:
            return  # it ends as a whole, and may begin again
        for place, clone in zip(tuple(group.ends), run.clones, strict=True):
            if shown_end(clone) is end:
                run.clones = [other for other in run.clones if other is not clone]
                group.engine.handover.let_go(group, place)
                return

    return let_go
