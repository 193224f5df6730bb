"""What can be supervised, and how its start is told from its work."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncContextDecorator
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, TypeVar, TypeVarTuple, cast, overload

import attrs
import trio

from .._errors import ComponentTypeError
from .._util import callable_name
from ._component_class import Component, as_class, check_class, has_work, refuse_instance

if TYPE_CHECKING:
    from ._ends_inside import HasEndsInside

A_contra = TypeVar("A_contra", contravariant=True)
B_contra = TypeVar("B_contra", contravariant=True)
C_contra = TypeVar("C_contra", contravariant=True)
D_contra = TypeVar("D_contra", contravariant=True)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)
Ts = TypeVarTuple("Ts")


class TaskStatus(trio.TaskStatus[T_contra], Protocol[T_contra]):
    """What a component gets as ``task_status`` and calls once, when it is ready.

    It is trio's own to type checkers, so that a component may be annotated with either one; with
    this one its value has a type also where trio's stubs of old hide trio's from them.
    """

    @overload
    def started(self: TaskStatus[None]) -> None: ...
    @overload
    def started(self, value: T_contra) -> None: ...


# Async functions that report readiness through `task_status`, by number of arguments: from one
# protocol over a TypeVarTuple mypy 2.4 infers nothing (pyright does).


class Startable0(Protocol[T_co]):
    """A component of no arguments that says when it is ready."""

    def __call__(self, *, task_status: TaskStatus[T_co]) -> Awaitable[object]: ...


class Startable1(Protocol[A_contra, T_co]):
    """A component of one argument that says when it is ready."""

    def __call__(self, a: A_contra, /, *, task_status: TaskStatus[T_co]) -> Awaitable[object]: ...


class Startable2(Protocol[A_contra, B_contra, T_co]):
    """A component of two arguments that says when it is ready."""

    def __call__(
        self, a: A_contra, b: B_contra, /, *, task_status: TaskStatus[T_co]
    ) -> Awaitable[object]: ...


class Startable3(Protocol[A_contra, B_contra, C_contra, T_co]):
    """A component of three arguments that says when it is ready."""

    def __call__(
        self, a: A_contra, b: B_contra, c: C_contra, /, *, task_status: TaskStatus[T_co]
    ) -> Awaitable[object]: ...


class Startable4(Protocol[A_contra, B_contra, C_contra, D_contra, T_co]):
    """A component of four arguments that says when it is ready."""

    def __call__(
        self,
        a: A_contra,
        b: B_contra,
        c: C_contra,
        d: D_contra,
        /,
        *,
        task_status: TaskStatus[T_co],
    ) -> Awaitable[object]: ...


Opens: TypeAlias = Callable[[*Ts], AbstractAsyncContextManager[T, bool | None]]
"""A function that gives an async context manager: enter is start, exit is stop."""


@attrs.frozen
class Shape:
    """What can be told about a component before it is called."""

    takes_status: bool
    """Whether it has a ``task_status`` parameter."""
    opens: bool
    """Whether it is only held open, as an async context manager (for callables of other kinds a
    guess) or a `Component` without a `run` of its own."""


_TAKES_STATUS = Shape(takes_status=True, opens=False)
_PLAIN = Shape(takes_status=False, opens=False)
_HELD = Shape(takes_status=False, opens=True)

_SHAPES: dict[int, tuple[types.CodeType, Shape]] = {}
"""Shapes of plain functions by the identity of their code, which is kept with each so that it stays
its own. By identity, since to hash a code object is to hash all of its instructions."""
_MOST_SHAPES: Final = 256


def shape_of(fn: object) -> Shape:
    """Look at a component without calling it.

    Args:
        fn: What the user gave.

    Returns:
        Its shape.

    Raises:
        ComponentTypeError: It cannot be a component; the error says what to give instead.
    """
    if type(fn) is types.FunctionType and not hasattr(fn, "__wrapped__"):
        code = fn.__code__
        known = _SHAPES.get(id(code))
        return known[1] if known is not None else _shape_of_code(code)
    # What a function of @asynccontextmanager gives is callable too, as a decorator.
    if not callable(fn) or isinstance(fn, AsyncContextDecorator | Component):
        raise _refusal(fn)
    cls = as_class(fn)
    if cls is not None:
        check_class(cls)
        return _PLAIN if has_work(cls) else _HELD
    return _shape_of_other(fn)


def _shape_of_code(code: types.CodeType) -> Shape:
    """Look at a plain function that was not seen before."""
    flags = code.co_flags
    if flags & inspect.CO_ASYNC_GENERATOR:
        raise _generates(code.co_qualname)
    if flags & inspect.CO_GENERATOR:
        raise ComponentTypeError(
            f"component {code.co_qualname!r}",
            "it is a generator function",
            "make it an async function, decorated with @contextlib.asynccontextmanager if it is to "
            "yield",
        )
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    shape = _TAKES_STATUS if "task_status" in names else _PLAIN
    if len(_SHAPES) >= _MOST_SHAPES:
        _SHAPES.clear()
    _SHAPES[id(code)] = (code, shape)
    return shape


def _generates(name: str) -> ComponentTypeError:
    return ComponentTypeError(
        f"component {name!r}",
        "it is an async generator function",
        "decorate it with @contextlib.asynccontextmanager, or do not yield",
    )


def _shape_of_other(fn: Callable[..., object]) -> Shape:
    """Look at a callable that is no plain function: decorated, partial, a class, an object."""
    if inspect.isasyncgenfunction(fn):
        raise _generates(callable_name(fn))
    inner = inspect.unwrap(fn)
    opens = inspect.isasyncgenfunction(inner) or (
        isinstance(fn, type) and hasattr(fn, "__aenter__")
    )
    try:
        parameters = inspect.signature(fn).parameters
    except (TypeError, ValueError):  # some callables of C have none to show
        return Shape(takes_status=False, opens=opens)
    return Shape("task_status" in parameters, opens)


def _refusal(fn: object) -> ComponentTypeError:
    if inspect.iscoroutine(fn):
        fn.close()  # or Python warns that it was never awaited, which is beside the point
        return _called_already(fn.__qualname__, "a coroutine")
    if inspect.isasyncgen(fn):
        return _called_already(fn.__qualname__, "an async generator")
    if isinstance(fn, Component):
        return refuse_instance(fn)
    if isinstance(fn, AsyncContextDecorator):
        return _called_already(callable_name(getattr(fn, "func", fn)), "a context manager")
    return ComponentTypeError(
        "component",
        f"{fn!r} is not callable",
        "give an async function, or a function that returns an async context manager",
    )


def _called_already(name: str, made: str) -> ComponentTypeError:
    return ComponentTypeError(
        f"component {name!r}",
        f"it was called already, so that there is {made} and nothing to call again",
        f"give the function and its arguments, ({name}, arg), not ({name}(arg))",
    )


def flatten(
    fn: Callable[..., object], args: tuple[object, ...]
) -> tuple[Callable[..., object], tuple[object, ...], dict[str, object]]:
    """Take a `functools.partial` apart, so that the channel ends in it are seen as arguments.

    Those inside of a group or a pool are its arguments, unless it has been given some for them.
    """
    keywords: dict[str, object] = {}
    while isinstance(fn, functools.partial):
        args = (*fn.args, *args)
        keywords = {**fn.keywords, **keywords}
        fn = fn.func
    if not args and hasattr(fn, "ends_inside"):
        args = cast("HasEndsInside", fn).ends_inside()
    return fn, args, keywords
