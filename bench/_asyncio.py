"""asyncio's loop, and a neighbour in it.

Apart from `bench._neighbour`, so that programs on trio that are measured as a whole do not import
asyncio.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bench._neighbour import NEIGHBOUR, Gaps

R = TypeVar("R")


def run_in_asyncio(work: Coroutine[Any, Any, R]) -> R:
    """Do what ``asyncio.run`` does."""
    gaps = NEIGHBOUR.get()
    return asyncio.run(work if gaps is None else _beside_in_asyncio(gaps, work))


async def _beside_in_asyncio(gaps: Gaps, work: Coroutine[Any, Any, R]) -> R:
    async def take_turns() -> None:
        while True:
            await asyncio.sleep(0)
            gaps.turn()

    neighbour = asyncio.create_task(take_turns())
    gaps.begin()
    result = await work
    gaps.turn()
    neighbour.cancel()
    return result
