"""The description of one child, kept until somebody starts it."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar, TypeVarTuple, Unpack, final, overload

import attrs

from .._errors import UnknownNeedError
from .._util import callable_name
from ..rules import Backoff, Health, RestartPolicy
from ._any_supervisor import V_co
from ._child import Child
from ._component import Startable0, Startable1, Startable2, Startable3, Startable4, shape_of
from ._component_class import K
from ._options import Needed, Options, SpecOptions, check_name, check_needs

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@final
@attrs.frozen(init=False, eq=False)
class Spec(Generic[V_co]):
    """The description of one child of a `Group`: what `Supervisor.start` takes, kept for later.

    It is also the template of a `Pool`. ``Spec[V]`` is one whose children give a V when ready.
    """

    fn: Callable[..., object]
    args: tuple[object, ...]
    name: str
    options: Options
    needs: Mapping[str, str | Needed]
    after: Sequence[str | Needed]

    # Type checkers take the first that fits. What `Supervisor.start` has, but for the arguments:
    # those of a template are not all here, and needs by name add keywords.
    @overload
    def __init__(
        self: Spec[Any],
        fn: functools.partial[Awaitable[object]],
        *args: object,
        **options: Unpack[SpecOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Spec[T], fn: Startable0[T], /, *args: object, **options: Unpack[SpecOptions]
    ) -> None: ...
    @overload
    def __init__(
        self: Spec[T], fn: Startable1[Any, T], /, *args: object, **options: Unpack[SpecOptions]
    ) -> None: ...
    @overload
    def __init__(
        self: Spec[T], fn: Startable2[Any, Any, T], /, *args: object, **options: Unpack[SpecOptions]
    ) -> None: ...
    @overload
    def __init__(
        self: Spec[T],
        fn: Startable3[Any, Any, Any, T],
        /,
        *args: object,
        **options: Unpack[SpecOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Spec[T],
        fn: Startable4[Any, Any, Any, Any, T],
        /,
        *args: object,
        **options: Unpack[SpecOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Spec[None],
        fn: Callable[[*Ts], Awaitable[object]],
        *args: object,
        **options: Unpack[SpecOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Spec[K], fn: type[K], *args: object, **options: Unpack[SpecOptions]
    ) -> None: ...
    @overload
    def __init__(
        self: Spec[T],
        fn: Callable[..., AbstractAsyncContextManager[T, bool | None]],
        *args: object,
        **options: Unpack[SpecOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Spec[Any],
        fn: Callable[..., Awaitable[object]],
        *args: object,
        **options: Unpack[SpecOptions],
    ) -> None: ...
    def __init__(
        self,
        fn: Callable[..., object],
        *args: object,
        name: str | None = None,
        restart: RestartPolicy = "transient",
        needs: Mapping[str, str | Needed] | None = None,
        after: Sequence[str | Needed] = (),
        backoff: Backoff | None = None,
        grace: float = 5.0,
        background: bool | None = None,
        significant: bool = False,
        health: Health | None = None,
        start_within: float | None = None,
    ) -> None:
        """Describe a child.

        Args:
            fn: The component.
            args: Its arguments; channel ends among them are handed over when the group starts.
            name: Its name in the group; that of the function by default.
            restart: Its restart type, or policy.
            needs: Children whose live values it gets by keyword: siblings declared before it, by
                name; children of supervisors further up, by name (the nearest one) or by handle.
            after: Children that start before it, given in the same ways.
            backoff: The delay of its restarts.
            grace: Seconds for its clean-up.
            background: Whether it does not hold the group open.
            significant: Whether its end may end the group.
            health: Beats and health checks that are asked of it; see `Supervisor.start`.
            start_within: Seconds its start may take; any number by default.

        Raises:
            ConfigurationError: The component or an option cannot be.
        """
        shape_of(fn)
        chosen = callable_name(fn).replace("/", ".") if name is None else name
        subject = f"component {chosen!r}"
        check_name(subject, chosen)
        check_needs(subject, {} if needs is None else needs, after)
        _check_references(subject, needs or {}, after)
        options = Options(
            restart, backoff, grace, background, significant, health, start_within
        ).check(subject)
        # attrs makes `__attrs_init__`, which pyright does not know.
        self.__attrs_init__(  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            fn, args, chosen, options, dict(needs or {}), tuple(after)
        )


def _check_references(subject: str, needs: Mapping[str, object], after: Sequence[object]) -> None:
    """Refuse to need what is neither a child nor the name of one.

    Raises:
        UnknownNeedError: It is neither.
    """
    for key, other in (*needs.items(), *(("after", other) for other in after)):
        if not isinstance(other, str | Child):
            raise UnknownNeedError(
                subject,
                f"{key}={other!r} is no child",
                "give its name, or what start or start_soon returned",
            )
