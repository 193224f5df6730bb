"""Strategies of hypothesis: messages, supervision trees and fault plans, for properties.

A property calls `trioharness.testing.run` in each example, which gives it a run and a clock of its
own. It needs hypothesis: ``pip install 'trioharness[testing]'``.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import (
    Annotated,
    Any,
    Literal,
    Protocol,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
)

import attrs
from typing_extensions import TypeForm

try:
    from hypothesis import reject
    from hypothesis import strategies as st
except ImportError as _error:  # pragma: no cover - the tests have it
    raise ImportError(
        "trioharness.testing.strategies needs hypothesis; pip install 'trioharness[testing]'"
    ) from _error

from ..rules import RestartType, Strategy
from ..supervision import Group, Spec
from ._faults import Faults

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])

Component: TypeAlias = Callable[..., object]


class FaultPlan(Protocol):
    """What happens to a component: ``plan(faults, worker)`` breaks it."""

    def __call__(self, faults: Faults, component: F, /) -> F:
        """Break a component.

        Args:
            faults: What breaks it, and takes note of what has struck.
            component: The component.

        Returns:
            The broken component, to be supervised in its place.
        """
        ...


RESTARTS: Sequence[RestartType] = ("temporary", "transient", "permanent")
STRATEGIES: Sequence[Strategy] = ("one_for_one", "rest_for_one", "one_for_all")
SMALL = 3
"""The most items of a collection: what shows with three shows with many."""


def messages(message_type: TypeForm[T]) -> st.SearchStrategy[T]:
    """Generate instances of a message class, of a union, or of whatever a field may be.

    Each field is drawn, those with defaults too; what a validator refuses is drawn again, so a
    validator that lets hardly anything pass makes it slow. Numbers are such as JSON has. They
    shrink to the first class of a union, zeros and empty collections.

    Args:
        message_type: The type, as for `trioharness.Codec`.

    Returns:
        The strategy.
    """
    return cast("st.SearchStrategy[T]", _of(message_type))


def trees(components: Mapping[str, Component], *, max_depth: int = 2) -> st.SearchStrategy[Group]:
    """Generate supervision trees: groups of components, and of groups.

    Args:
        components: What may be supervised, by a name for each; a tree numbers its uses.
        max_depth: How deep groups are inside of groups, 1 or more.

    Returns:
        The strategy; its groups are to be started: ``await supervisor.start(group)``. They shrink
        to one component under ``one_for_one`` that is never restarted.
    """
    names = list(components)

    @st.composite
    def group(draw: st.DrawFn, depth: int, name: str) -> Group:
        specs: list[Spec[Any]] = []
        for number in range(1, draw(st.integers(1, SMALL)) + 1):
            restart = draw(st.sampled_from(RESTARTS))
            if depth > 1 and draw(st.booleans()):
                inner = draw(group(depth - 1, f"group-{number}"))
                specs.append(Spec(inner, restart=restart))
            else:
                chosen = draw(st.sampled_from(names))
                fn: Any = components[chosen]
                specs.append(Spec(fn, name=f"{chosen}-{number}", restart=restart))
        return Group(
            name,
            specs,
            strategy=draw(st.sampled_from(STRATEGIES)),
            max_restarts=draw(st.integers(0, 5)),
            within=float(draw(st.integers(1, 60))),
        )

    return group(max_depth, "group")


def fault_plans(*components: str) -> st.SearchStrategy[dict[str, FaultPlan]]:
    """Generate what happens to some of these components: one fault each.

    Args:
        components: Their names, or paths, as the property knows them.

    Returns:
        The strategy; it shrinks to no fault at all, and each fault to the first message, or to time
        0. For an application::

            doubles = {p: plan(faults, app.component(p).fn) for p, plan in plans.items()}
            async with open_harness(app, replaced=doubles): ...
    """
    return st.dictionaries(st.sampled_from(components), _plans(), max_size=len(components))


def _plans() -> st.SearchStrategy[FaultPlan]:
    number, seconds = st.integers(1, 10), st.integers(0, 10).map(float)
    some = st.sets(number, min_size=1, max_size=SMALL)
    faults: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "crash": {"at": seconds},
        "crash_on_message": {"number": number},
        "fail_start": {"times": st.integers(1, 3)},
        "cancel_in_send": {"number": number},
        "drop_messages": {"messages": some},
        "duplicate_messages": {"messages": some},
        "delay_messages": {"seconds": seconds, "messages": some},
    }
    return st.one_of(
        [
            st.builds(_Plan, st.just(method), st.fixed_dictionaries(options))
            for method, options in faults.items()
        ]
    )


@attrs.frozen
class _Plan:
    """One fault, which shows as the call that makes it."""

    method: str
    options: Mapping[str, object]

    def __repr__(self) -> str:
        options = ", ".join(f"{key}={value!r}" for key, value in self.options.items())
        return f"faults.{self.method}(component, {options})"

    def __call__(self, faults: Faults, component: F, /) -> F:
        broken: F = getattr(faults, self.method)(component, **self.options)
        return broken


def _of(form: Any) -> st.SearchStrategy[Any]:
    """Return the strategy of a type; what is inside of it is looked at when it is drawn."""
    origin, arguments = get_origin(form), get_args(form)
    if isinstance(form, typing.NewType):
        return _of(form.__supertype__)
    if origin is Annotated:
        return _of(arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        # None first: it is the simplest, and ends what is recursive.
        return st.one_of([_of(each) for each in sorted(arguments, key=_is_something)])
    if attrs.has(origin or form):
        return st.deferred(lambda: _instances(form))
    if isinstance(form, type) and issubclass(form, enum.Enum):
        return st.sampled_from(form)
    if form is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if form is int:
        return st.integers(-(2**63), 2**63 - 1)
    if not arguments:
        return st.from_type(cast("type[Any]", form))
    return _collection(origin, arguments)


def _is_something(form: object) -> bool:
    return form is not type(None)


def _collection(origin: Any, arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if issubclass(origin, tuple):
        if arguments[-1] is not Ellipsis:
            return st.tuples(*map(_of, arguments))
        return st.lists(_of(arguments[0]), max_size=SMALL).map(tuple)
    if issubclass(origin, Mapping):
        return st.dictionaries(_of(arguments[0]), _of(arguments[1]), max_size=SMALL)
    if issubclass(origin, frozenset):
        return st.frozensets(_of(arguments[0]), max_size=SMALL)
    if issubclass(origin, set):
        return st.sets(_of(arguments[0]), max_size=SMALL)
    return st.lists(_of(arguments[0]), max_size=SMALL)


@st.composite
def _instances(draw: st.DrawFn, form: Any) -> object:
    cls = get_origin(form) or form
    filled = dict(zip(getattr(cls, "__parameters__", ()), get_args(form), strict=False))
    hints = typing.get_type_hints(cls, include_extras=True)
    values = {
        field.alias: draw(_of(filled.get(hints[field.name], hints[field.name])))
        for field in attrs.fields(cls)
        if field.init
    }
    try:
        return cls(**values)
    except (TypeError, ValueError):  # a validator's: hypothesis draws another one
        reject()
