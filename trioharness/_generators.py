"""Which async generators have begun, while somebody wants to know."""

from __future__ import annotations

import contextlib
import sys
import weakref
from collections.abc import AsyncGenerator, Generator
from types import AsyncGeneratorType
from typing import Any, TypeAlias, cast

AsyncGen: TypeAlias = AsyncGeneratorType[Any, Any]


@contextlib.contextmanager
def begun_generators() -> Generator[weakref.WeakSet[AsyncGen]]:
    """Collect the async generators whose iteration begins during the block, inside of trio."""
    begun: weakref.WeakSet[AsyncGen] = weakref.WeakSet()
    before = sys.get_asyncgen_hooks().firstiter
    assert before is not None  # trio has one of its own

    def note(generator: AsyncGenerator[Any, Any]) -> None:
        begun.add(cast("AsyncGen", generator))
        before(generator)

    sys.set_asyncgen_hooks(firstiter=note)
    try:
        yield begun
    finally:
        # Blocks of two tasks may end in any order; a hook in the middle stays, and passes on.
        if sys.get_asyncgen_hooks().firstiter is note:
            sys.set_asyncgen_hooks(firstiter=before)


def open_generators(begun: weakref.WeakSet[AsyncGen]) -> list[str]:
    """Name those that are neither finished nor closed."""
    return [
        f"async generator {each.ag_code.co_qualname!r} "
        f"({each.ag_code.co_filename}:{each.ag_code.co_firstlineno})"
        for each in begun
        if each.ag_frame is not None
    ]
