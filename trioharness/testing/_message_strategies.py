"""Messages for properties: instances of any class that a codec takes, and of others."""

from __future__ import annotations

import datetime
import decimal
import enum
import pathlib
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeVar, cast, get_args, get_origin

import attrs
from hypothesis import strategies as st
from typing_extensions import TypeForm

from .._errors import ConfigurationError
from .._util import UNIONS, type_name
from ..messages import Hook, Unsupported, fields_of, strip

T = TypeVar("T")

SMALL = 3
"""The most items of a collection: what shows with three shows with many."""
AGAIN = 2
"""How often classes may be inside of themselves."""

_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_INTS = st.integers(-(2**63), 2**63 - 1)
_TEXTS = st.text()
# Whole minutes are what ISO 8601 has; the first and the last year have moments that no other
# offset can express.
_OFFSETS = st.integers(-23 * 60, 23 * 60).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
_MOMENTS = st.datetimes(
    min_value=datetime.datetime(2, 1, 1),  # noqa: DTZ001 - aware by `timezones`
    max_value=datetime.datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=_OFFSETS,
)
_PLAIN = st.recursive(
    st.none() | st.booleans() | _INTS | _FLOATS | _TEXTS,
    lambda inner: st.lists(inner, max_size=SMALL) | st.dictionaries(_TEXTS, inner, max_size=SMALL),
    max_leaves=5,
)

_LEAVES: Final[Mapping[object, st.SearchStrategy[Any]]] = {
    Any: _PLAIN,
    object: _PLAIN,
    types.NoneType: st.none(),
    float: _FLOATS,
    int: _INTS,
    datetime.datetime: _MOMENTS,
    decimal.Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    pathlib.Path: _TEXTS.map(pathlib.Path),
    pathlib.PurePath: _TEXTS.map(pathlib.PurePath),
    pathlib.PurePosixPath: _TEXTS.map(pathlib.PurePosixPath),
}
"""Where hypothesis would draw what JSON has not: NaN, times of no zone, numbers of any size."""


def messages(
    message_type: TypeForm[T], *, hooks: Mapping[type, Hook] | None = None
) -> st.SearchStrategy[T]:
    """Generate instances of a message class, of a union, or of whatever a field may be.

    Each field is drawn, those with defaults too; what a validator refuses is drawn again, so a
    validator that lets hardly anything pass makes it slow. They are such as a codec takes: numbers
    that JSON has, times with their zone. What contains itself does so three deep at most. They
    shrink to the first class of a union, zeros and empty collections. For a type that no codec
    knows give its hook, or register a strategy with
    `hypothesis.strategies.register_type_strategy`.

    Args:
        message_type: The type, as for `trioharness.Codec`.
        hooks: Those of the codec. A value of such a type is what ``read`` makes of one of the type
            ``wire``; what it refuses, with any error, is drawn again.

    Returns:
        The strategy.

    Raises:
        ConfigurationError: An annotation in it cannot be resolved; raised by the first example.
    """
    return cast("st.SearchStrategy[T]", _Shapes(hooks or {}).of(message_type))


@attrs.frozen
class _Shapes:
    """Strategies of types, with some hooks."""

    hooks: Mapping[type, Hook]
    inside: tuple[object, ...] = ()
    """The classes that what is drawn will be inside of, from the outermost one on."""

    def of(self, form: Any) -> st.SearchStrategy[Any]:
        """Return the strategy of a type; what is inside of it is looked at when it is drawn."""
        bare: Any = strip(form)
        arguments = get_args(bare)
        if bare in self.hooks:
            hook = self.hooks[bare]
            return _made(hook.read, self.of(hook.wire), (Exception,))
        if bare in _LEAVES:
            return _LEAVES[bare]
        if get_origin(bare) is Literal:
            return st.sampled_from(arguments)
        if get_origin(bare) in UNIONS:
            # None first: it is the simplest, and ends what is recursive.
            return st.one_of([self.of(each) for each in sorted(arguments, key=_is_something)])
        if attrs.has(get_origin(bare) or bare):
            return st.deferred(lambda: self._instances(bare))
        if isinstance(bare, type) and issubclass(bare, enum.Enum):
            return st.sampled_from(bare)
        if not arguments:
            return st.from_type(cast("type[Any]", bare))
        return self._collection(get_origin(bare), arguments)

    def _collection(self, origin: Any, arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
        inside = [self.of(each) for each in arguments if each is not Ellipsis]
        if issubclass(origin, tuple) and Ellipsis not in arguments:
            return st.tuples(*inside)
        return st.deferred(lambda: _some(origin, inside))

    def _instances(self, bare: Any) -> st.SearchStrategy[object]:
        # A class with a list of its own would grow without end: below some levels there is nothing,
        # which hypothesis leaves out of unions, and collections of it are empty.
        if bare in self.inside and len(self.inside) - len({*self.inside}) >= AGAIN:
            return st.nothing()
        within = attrs.evolve(self, inside=(*self.inside, bare))
        try:
            fields = {field.alias: within.of(field.type) for field in fields_of(bare)}
        except Unsupported as refusal:
            raise ConfigurationError(type_name(bare), refusal.problem, refusal.cure) from None
        cls = get_origin(bare) or bare
        given = st.fixed_dictionaries(fields)
        return _made(lambda values: cls(**values), given, (TypeError, ValueError))


def _some(origin: Any, inside: Sequence[st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Return the strategy of a collection, which is empty if there is nothing to be in it."""
    most = 0 if any(each.is_empty for each in inside) else SMALL
    if issubclass(origin, Mapping):
        return st.dictionaries(*inside, max_size=most)
    if issubclass(origin, frozenset):
        return st.frozensets(*inside, max_size=most)
    if issubclass(origin, set):
        return st.sets(*inside, max_size=most)
    items = st.lists(*inside, max_size=most)
    return items.map(tuple) if issubclass(origin, tuple) else items


def _made(
    make: Callable[[Any], object],
    given: st.SearchStrategy[Any],
    refusals: tuple[type[Exception], ...],
) -> st.SearchStrategy[Any]:
    """Make something of what is drawn; what is refused is drawn again, and nothing around it."""

    def attempt(value: Any) -> Sequence[object]:
        try:
            return [make(value)]
        except refusals:
            return []

    return given.map(attempt).filter(bool).map(_first)


def _first(made: Sequence[object]) -> object:
    return made[0]


def _is_something(form: object) -> bool:
    return form is not types.NoneType
