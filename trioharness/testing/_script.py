"""What a broken component has to suffer, life after life, and what stands in its place."""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable, Container
from typing import TypeAlias

import attrs

from ..supervision import shape_of
from ._life import Life, Plan

Drawer: TypeAlias = Callable[[random.Random], Plan]
"""Draws what is to happen to one incarnation."""


@attrs.define(eq=False, kw_only=True)
class Script:
    """What one broken component has to suffer, life after life."""

    name: str
    incarnations: Container[int] | None
    draw: Drawer
    dice: str
    """What the chance of this script is made of."""
    strike: Callable[[str, int, str], Exception]
    note: Callable[[str, int, str], object]
    lives: int = 0

    def next_life(self) -> Life | None:
        """Return the next life if it is to be struck."""
        self.lives += 1
        number = self.lives
        if self.incarnations is not None and number not in self.incarnations:
            return None
        chance = random.Random(f"{self.dice}/{number}")  # noqa: S311 - to be repeated
        strike = functools.partial(self.strike, self.name, number)
        note = functools.partial(self.note, self.name, number)
        return Life(self.draw(chance), strike, note)


def wrap(component: Callable[..., object], script: Script) -> Callable[..., object]:
    """Return a component that is to supervision what `component` is, and follows the script.

    Raises:
        ComponentTypeError: It is no component.
    """
    shape = shape_of(component)
    if isinstance(component, functools.partial):  # supervision looks for channel ends in it
        inner = wrap(component.func, script)
        return functools.partial(inner, *component.args, **component.keywords)

    def broken(*args: object, **keywords: object) -> object:
        life = script.next_life()
        if life is None:
            return component(*args, **keywords)
        return life.begin(component, args, keywords)

    if isinstance(component, type):
        # Its attributes are no function's; and behind a wrapper only a generator function is known
        # to open something.
        functools.update_wrapper(broken, component, updated=())
        vars(broken)["__signature__"] = inspect.signature(component)
        if shape.opens:
            vars(broken)["__wrapped__"] = Life.hold_open
    else:
        functools.update_wrapper(broken, component)
    broken.__qualname__ = script.name
    return broken
