"""How a supervision tree is built of what was drawn, so that it is valid whatever was drawn."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self, TypeAlias, cast

import attrs

from .._errors import ConfigurationError
from ..rules import AutoShutdown, Backoff, Exhausted, RestartType, Strategy, start_order
from ..supervision import Group, Pool, Spec, Start, shape_of

Component: TypeAlias = Callable[..., object]
BY_KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@attrs.frozen
class AsPool:
    """A pool of a component, as it was drawn."""

    of: str


@attrs.frozen(kw_only=True)
class Branch:
    """A supervisor as it was drawn."""

    children: Sequence[Wish]
    strategy: Strategy
    max_restarts: int
    within: int
    auto_shutdown: AutoShutdown
    exhausted: Exhausted
    start: Start


@attrs.frozen(kw_only=True)
class Wish:
    """A child as it was drawn; what cannot be where it comes to stand is left out."""

    what: str | AsPool | Branch
    restart: RestartType
    backoff: Backoff | None
    significant: bool
    after: Sequence[int]
    """Which of those before it, the nearest being 0, and around again."""
    needs: bool
    """Whether it has what it can do without."""
    which: int
    """Of those that it can need, in the same way."""


@attrs.frozen
class Placed:
    """A child that has its place in the tree, so that those below may need it, or start after."""

    what: str | None
    """Of which component it is, if of one."""
    name: str
    is_forgotten: bool = False
    """Whether its supervisor forgets it when it has ended: who then starts again misses it."""


@attrs.frozen
class Kit:
    """What trees are built of."""

    components: Mapping[str, Component]
    needs: Mapping[str, Mapping[str, bool]]
    """Of each component: what it can need, and whether it must have that."""

    @classmethod
    def of(cls, components: Mapping[str, Component]) -> Self:
        """Look at components.

        Raises:
            ComponentTypeError: One is none.
            ConfigurationError: There is none, or one could not be called.
            CycleError: They need each other.
        """
        if not components:
            raise ConfigurationError("trees()", "there are no components", "give one at least")
        needs = {name: _needs_of(name, fn, components) for name, fn in components.items()}
        start_order(
            list(components),
            {name: [n for n, must in of.items() if must] for name, of in needs.items()},
        )
        return cls(components, needs)

    def tree(self, depth: int, drawn: Branch) -> Group:
        """Build a tree; its names are numbered, so that each is there once."""
        return _Building(self, itertools.count(1)).group(drawn, "group", [], depth)


def _needs_of(name: str, fn: Component, components: Mapping[str, Component]) -> dict[str, bool]:
    shape_of(fn)
    signature = inspect.signature(fn)
    given = fn.keywords if isinstance(fn, functools.partial) else {}
    needs = {
        key: parameter.default is parameter.empty
        for key, parameter in signature.parameters.items()
        if parameter.kind in BY_KEYWORD and key in components and key not in given
    }
    told = [key for key in signature.parameters if key == "task_status"]
    try:
        signature.bind(**dict.fromkeys((*needs, *told)))
    except TypeError as error:
        raise ConfigurationError(
            f"component {name!r}",
            f"it cannot be called in a tree: {error}",
            "give functools.partial(component, ...), or a component of that name to be needed",
        ) from None
    return needs


@attrs.frozen
class _Building:
    """One tree that is being built."""

    kit: Kit
    numbers: Iterator[int]

    def group(self, drawn: Branch, name: str, above: Sequence[Placed], depth: int) -> Group:
        """Build a supervisor, with all that is in it."""
        placed = [each for each in above if not each.is_forgotten]
        wishes = [
            attrs.evolve(wish, what=self._possible(wish.what, depth)) for wish in drawn.children
        ]
        # A group of nothing but what is in the background would end before anything has begun.
        background = True if any(not isinstance(w.what, AsPool) for w in wishes) else None
        specs = [
            spec
            for wish in wishes
            for spec in self._child(wish, drawn.auto_shutdown, placed, background, depth)
        ]
        return Group(
            name,
            specs,
            strategy=drawn.strategy,
            max_restarts=drawn.max_restarts,
            within=float(drawn.within),
            auto_shutdown=drawn.auto_shutdown,
            exhausted=drawn.exhausted,
            start=drawn.start,
        )

    def _possible(self, what: str | AsPool | Branch, depth: int) -> str | AsPool | Branch:
        """Return what a child can be: at the bottom a component, and no pool of what has needs."""
        while depth == 1 and isinstance(what, Branch):
            what = what.children[0].what
        if isinstance(what, AsPool) and (depth == 1 or any(self.kit.needs[what.of].values())):
            return what.of
        return what

    def _child(
        self,
        wish: Wish,
        auto_shutdown: AutoShutdown,
        placed: list[Placed],
        background: bool | None,
        depth: int,
    ) -> Sequence[Spec[Any]]:
        """Return the spec of a child, behind those of what it must have."""
        what = wish.what if isinstance(wish.what, str) else None
        in_front, needs = self._needs(what, placed, wish.which if wish.needs else None)
        name, fn = self._runs(wish.what, placed, depth)
        # The nearest first, so that one that is left out of a group changes little.
        names = [each.name for each in reversed(placed)]
        after = dict.fromkeys(names[index % len(names)] for index in wish.after if names)
        can_be_significant = auto_shutdown != "never" and wish.restart != "permanent"
        spec: Spec[Any] = Spec(
            fn,
            name=name,
            restart=wish.restart,
            backoff=wish.backoff,
            significant=can_be_significant and wish.significant,
            background=background if isinstance(wish.what, AsPool) else None,
            needs=needs,
            after=[other for other in after if other not in needs.values()],
        )
        placed.append(Placed(what, name, is_forgotten=wish.restart == "temporary"))
        return [*in_front, spec]

    def _runs(
        self, what: str | AsPool | Branch, placed: Sequence[Placed], depth: int
    ) -> tuple[str, Any]:
        """Return the name of a child, and what it runs."""
        match what:
            case Branch():
                name = self._name("group")
                return name, self.group(what, name, placed, depth - 1)
            case AsPool():
                name, component = self._name("pool"), self.kit.components[what.of]
                template: Spec[Any] = Spec(cast("Any", component), name=what.of)
                return name, Pool(name, template)
            case _:
                return self._name(what), self.kit.components[what]

    def _needs(
        self, what: str | None, placed: list[Placed], which: int | None
    ) -> tuple[list[Spec[Any]], dict[str, str]]:
        """Return the specs of what a component must have and is not there yet, and its needs.

        Args:
            what: The component, if it is one.
            placed: All that it may need, to which what it must have is added.
            which: Of those that it can need; None for none that it can do without.
        """
        in_front: list[Spec[Any]] = []
        needs: dict[str, str] = {}
        for need, must in self.kit.needs[what].items() if what is not None else ():
            found = [each.name for each in reversed(placed) if each.what == need]
            if not found and must:
                in_front += self._needed(need, placed)
                found = [placed[-1].name]
            if found and (must or which is not None):
                needs[need] = found[(which or 0) % len(found)]
        return in_front, needs

    def _needed(self, what: str, placed: list[Placed]) -> list[Spec[Any]]:
        """Return the spec of a component that another one must have, behind what it must have."""
        in_front, needs = self._needs(what, placed, None)
        fn: Any = self.kit.components[what]
        placed.append(Placed(what, self._name(what)))
        return [*in_front, Spec(fn, name=placed[-1].name, needs=needs)]

    def _name(self, label: str) -> str:
        return f"{label}-{next(self.numbers)}"
