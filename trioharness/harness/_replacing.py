"""The same application with other components in some places: doubles, or broken ones, for a test.

What comes out is a description like any other: so it is checked, drawn and run as one, and what
does not fit is refused as it would be in the application itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial
from typing import cast

import attrs

from .._errors import ConfigurationError
from ..supervision import shape_of
from ._checks import check_ends
from ._declared import DeclaredChannel, DeclaredChild, DeclaredMember, Reference, without_partial
from ._described import DeclaredSupervisor, Describes


def find_component(harness: str, root: Describes, path: str) -> DeclaredChild:
    """Return a component of a harness, at any depth.

    Args:
        harness: The name of the harness; the path may begin with it.
        root: The harness.
        path: The names of the supervisors that it is in, and its own, with a slash in between.

    Raises:
        ConfigurationError: There is none of that path, or it is a supervisor.
    """
    paths = dict(_paths(root))
    found = paths.get(path) or paths.get(path.removeprefix(f"{harness}/"))
    if isinstance(found, DeclaredChild):
        return found
    subject = f"harness {harness!r}"
    if found is not None:
        inside = [repr(each) for each in paths if each.startswith(f"{path}/")]
        raise ConfigurationError(
            subject,
            f"{path!r} is a supervisor, not a component",
            f"name what is in it: {', '.join(inside) or 'nothing is'}",
        )
    near = difflib.get_close_matches(path, paths) or list(paths)
    raise ConfigurationError(
        subject,
        f"it has no component {path!r}",
        f"name one of {', '.join(map(repr, near))}" if near else "add one first",
    )


def members_with(
    harness: str,
    root: Describes,
    channels: Container[DeclaredChannel],
    doubles: Mapping[str, Callable[..., object]],
) -> list[DeclaredMember]:
    """Return the members of a harness, with other functions in some of them.

    Args:
        harness: The name of the harness.
        root: The harness, which stays as it is.
        channels: Its channels.
        doubles: The other functions, by path.

    Raises:
        ConfigurationError: There is no component of a path, or a double has ends of another
            harness.
        ComponentTypeError: A double is no component.
    """
    functions: dict[DeclaredMember, Callable[..., object]] = {}
    for path, double in doubles.items():
        child = find_component(harness, root, path)
        shape_of(without_partial(double))
        check_ends(double, (), channels)
        functions[child] = _given_as_much(child.fn, double)
    copying = _Copying(functions)
    return list(copying.inside(root))


def _given_as_much(
    fn: Callable[..., object], double: Callable[..., object]
) -> Callable[..., object]:
    """Return a double with the arguments that the function was given by a `functools.partial`.

    One that is a partial itself has been given its own: a broken component is one where the
    component is.
    """
    given: object = double
    if not isinstance(fn, partial) or isinstance(given, partial):
        return double
    bound = cast("partial[object]", fn)
    return partial(double, *bound.args, **bound.keywords)


@attrs.frozen
class _Copying:
    """Copies the members of a harness, with the references of each to the others."""

    functions: Mapping[DeclaredMember, Callable[..., object]]
    copies: dict[DeclaredMember, DeclaredMember] = attrs.field(
        factory=dict[DeclaredMember, DeclaredMember], init=False
    )

    def inside(self, described: Describes) -> Iterator[DeclaredMember]:
        """Copy what a supervisor consists of, at any depth."""
        for member in described.members:
            copy = self.of(member)
            if isinstance(member, DeclaredSupervisor):
                assert isinstance(copy, DeclaredSupervisor)
                copy.members.extend(self.inside(member))
                copy._names.update(member._names)
            yield copy

    def of(self, member: DeclaredMember) -> DeclaredMember:
        """Copy one, and before it what it refers to, which was described before it."""
        if member not in self.copies:
            after = [self._reference(each) for each in member.after]
            if isinstance(member, DeclaredChild):
                self.copies[member] = self._child(member, after)
            else:
                self.copies[member] = attrs.evolve(member, after=after)
        return self.copies[member]

    def _child(self, child: DeclaredChild, after: Sequence[Reference]) -> DeclaredChild:
        needs = {key: self._reference(need) for key, need in child.needs.items()}
        copy = attrs.evolve(child, after=after, needs=needs)
        if child not in self.functions:
            return copy
        # It is waited for as the first one is, even where it is of another kind.
        options = attrs.evolve(child.options, background=child.background)
        return attrs.evolve(copy, fn=self.functions[child], options=options)

    def _reference(self, reference: Reference) -> Reference:
        return reference if isinstance(reference, str) else self.of(reference)


def _paths(described: Describes, above: str = "") -> Iterator[tuple[str, DeclaredMember]]:
    for member in described.members:
        path = f"{above}{member.name}"
        yield path, member
        if isinstance(member, DeclaredSupervisor):
            yield from _paths(member, f"{path}/")
