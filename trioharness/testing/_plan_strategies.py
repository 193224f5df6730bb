"""Fault plans for properties: what is to happen to which component."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import attrs
from hypothesis import strategies as st

from ._faults import Faults

F = TypeVar("F", bound=Callable[..., object])


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


SOME = 3
"""The most messages, or starts, that one plan strikes."""

_NUMBER = st.integers(1, 10)
_SECONDS = st.integers(0, 10).map(float)
_NUMBERS = st.sets(_NUMBER, min_size=1, max_size=SOME)

KINDS: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "crash": {"at": _SECONDS},
    "crash_on_message": {"number": _NUMBER},
    "crash_before_ready": {},
    "fail_start": {"times": st.integers(1, SOME)},
    "delay_start": {"seconds": _SECONDS},
    "cancel_in_send": {"number": _NUMBER},
    "drop_messages": {"messages": _NUMBERS},
    "duplicate_messages": {"messages": _NUMBERS},
    "delay_messages": {"seconds": _SECONDS, "messages": _NUMBERS},
}
"""The methods of `Faults`, simplest first, and what each is called with."""


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
    plans = st.dictionaries(st.sampled_from(components), _plans(), max_size=len(components))
    # Of a bare dictionary with few keys hypothesis makes `filter(bool)` what fails an assertion of
    # its own; a property that wants some fault will say just that.
    return plans.map(dict)


def _plans() -> st.SearchStrategy[FaultPlan]:
    return st.one_of(
        [
            st.builds(_Plan, st.just(method), st.fixed_dictionaries(dict(options)))
            for method, options in KINDS.items()
        ]
    )


@attrs.frozen
class _Plan:
    """One fault, which shows as the call that makes it."""

    method: str
    options: Mapping[str, object]

    def __repr__(self) -> str:
        options = "".join(f", {key}={value!r}" for key, value in self.options.items())
        return f"faults.{self.method}(component{options})"

    def __call__(self, faults: Faults, component: F, /) -> F:
        broken: F = getattr(faults, self.method)(component, **self.options)
        return broken
