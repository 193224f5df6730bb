"""What every layer needs: closed classes, and names for callables and types."""

from __future__ import annotations

import functools
import types
from abc import ABCMeta
from collections.abc import Callable
from typing import (
    TYPE_CHECKING,
    Final,
    NoReturn,
    ParamSpec,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

P = ParamSpec("P")
T = TypeVar("T")

UNIONS: Final[frozenset[object]] = frozenset({Union, types.UnionType})
"""What `typing.get_origin` gives for a union, in either spelling."""


class NoPublicConstructor(ABCMeta):
    """Metaclass of live objects: calling the class is an error, `_create` makes an instance.

    A live object is only valid as part of what made it (a channel end without its channel is
    nothing), so users get one from an `open_…` function or a method. Put `typing.final` on the
    class too. Not for data: a frozen attrs class is there to be built by anybody.

    It derives from `ABCMeta` because `trio.abc` classes need that. Type checkers check the
    arguments of `_create` against the class's own ``__init__``; for a generic class they need the
    parameter written out: ``SendChannel[T]._create(state)``.
    """

    if TYPE_CHECKING:
        # Without a `__call__` in sight, so that the class still turns into the callable that its
        # `__init__` describes, which is where the parameters come from.
        def _create(cls: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
            """Make an instance; only for the package that the class belongs to."""
            ...
    else:

        def __call__(cls, *args: object, **kwargs: object) -> NoReturn:
            """Refuse to make an instance.

            Raises:
                TypeError: Always.
            """
            raise TypeError(
                f"`{cls.__name__}` has no public constructor; "
                f"its docstring says which function or method gives you one"
            )

        # Make an instance; only for the package that the class belongs to. As it stands in `type`:
        # a method around it would cost as much as what it makes.
        _create = type.__call__


def callable_name(fn: object) -> str:
    """Return what people call `fn`, for names, logs and error sentences.

    Not for identity: two callables may well have one name.

    Args:
        fn: A function, method, class, `functools.partial` or other callable object.

    Returns:
        The qualified name from the innermost function inwards (``"walk"``, ``"Shop.serve"``,
        ``"<lambda>"``), that of the wrapped function for a partial, the ``__name__`` of another
        object that has one, and else that of its class.
    """
    while isinstance(fn, functools.partial):
        fn = fn.func
    name = getattr(fn, "__qualname__", None) or getattr(fn, "__name__", None)
    if not isinstance(name, str) or not name:
        name = type(fn).__qualname__
    return name.rpartition("<locals>.")[2]


def type_name(form: object) -> str:
    """Return a type form as people write it, without module names where possible.

    Args:
        form: A class, a union, a generic alias or another type form.

    Returns:
        ``"Order | Cancel"``, ``"list[Order]"``, ``"None"``.
    """
    origin, args = get_origin(form), get_args(form)
    if form is None or form is types.NoneType:
        return "None"
    if origin in UNIONS:
        return " | ".join(map(type_name, args))
    if isinstance(form, type) and origin is None:
        return callable_name(form)
    if isinstance(origin, type) and args:
        return f"{callable_name(origin)}[{', '.join(map(type_name, args))}]"
    return "..." if form is ... else str(form).removeprefix("typing.")
