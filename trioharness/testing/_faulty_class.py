"""An instance of a `Component` class under a fault; it stays what it is, for those that need it."""

from __future__ import annotations

import math
import types
from typing import TYPE_CHECKING

import trio

from ..supervision import Component, cleanup

if TYPE_CHECKING:
    from ._life import Life


def make_faulty(component: Component, life: Life) -> None:
    """Have an instance follow the plan of a life, by a class of its own below that which it has.

    Args:
        component: The instance; nothing of it has run yet.
        life: That life.
    """
    cls = type(component)

    async def setup(self: Component) -> object:
        entry = life.scope
        with entry:
            await trio.sleep(life.plan.delay)
            given = await cls.setup(self)
            if life.plan.before_ready:
                async with cleanup():
                    await cls.teardown(self)
                raise life.strike("crashed before it was ready")
            life.scope = trio.CancelScope(deadline=entry.deadline)
            entry.deadline = math.inf
            return given
        raise life.strike(life.what)

    async def run(self: Component) -> None:
        with life.scope:
            return await cls.run(self)
        raise life.strike(life.what)

    def body(namespace: dict[str, object]) -> None:
        namespace.update(
            __slots__=(),
            __module__=cls.__module__,
            __qualname__=cls.__qualname__,
            __doc__=cls.__doc__,
            setup=setup,
            run=run,
        )

    faulty = types.new_class(cls.__name__, (cls,), exec_body=body)
    object.__setattr__(component, "__class__", faulty)  # it may be frozen
