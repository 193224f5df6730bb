"""The middle of the pipeline: files become outlines."""

from __future__ import annotations

import trio

from .messages import Outline, SourceFile
from .tally import Tally
from .worker import open_worker


async def parse(
    files: trio.abc.ReceiveChannel[SourceFile],
    outlines: trio.abc.SendChannel[Outline],
    *,
    tally: Tally,
) -> None:
    """Parse each file in a process of one's own.

    A file that cannot be read or parsed crashes it. There is nothing to handle here: the message
    in hand is delivered again, and is a dead letter after as many attempts as `files` allows.

    Args:
        files: Where the files come from.
        outlines: Where to send what they hold.
        tally: Is told of each incarnation.
    """
    tally.begin("parse")
    async with open_worker() as worker:
        async for file in files:
            await outlines.send(await worker.outline(file))
