"""Tests in virtual time: with the kit itself, which pytest-trio's own clock could not vouch for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import ParamSpec

from trioharness.testing import run

P = ParamSpec("P")


def virtual(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Make an async test a plain one that runs in virtual time."""

    @wraps(test)
    def sync(*args: P.args, **kwargs: P.kwargs) -> None:
        run(partial(test, *args, **kwargs))

    return sync
