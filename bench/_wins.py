"""Why somebody else is better where somebody is: said beside the figures, and only where they are.

By workload and rival, see `bench._model.Row`. Where a rival wins and nothing stands here, the page
says that nobody has found out yet.
"""

from __future__ import annotations

from collections.abc import Mapping

UNKNOWN = "nobody has found out yet"

_NO_SCHEDULE_POINT = (
    "`put` and `get` of asyncio.Queue do not yield while they need not wait: there is no schedule"
    " point, so it is ten times as fast, and a busy pair of tasks starves all others. Batches are"
    " faster still, and let the others have their turns"
)
_LISTS = (
    "a list that goes through a trio channel is one message: no type is checked, nothing is"
    " counted, and the bound counts lists. Ours checks, counts and bounds every message"
)
_STRUCT = (
    "a msgspec Struct is made by C code that knows its layout; an attrs class, which is what"
    " messages are here, is made by calling it"
)
_NOT_KEPT = (
    "nothing of a child is kept: it cannot be stopped alone or restarted, and does not say when it"
    " is ready"
)
_AT_ONCE = "it cancels all at once; ours stops one after another, in reverse, each with its grace"
_IN_A_CHAIN = (
    "a task and a scope for each, and nothing else: with less nothing can be cancelled alone, so"
    " that its ratio is the best that any stop one after another can have on trio"
)
_GAP = (
    "what is done in one turn the others wait for: a batch, or a message to all its subscribers."
    " There are so many fewer turns in all"
)
_EVEN = "its calls take twice as long, so that what disturbs one is half as much of it"
_NO_HEADER = "it has no header: who reads it has to know what it is"
_NOT_AT_ONCE = "trio has loaded all of itself by then, and ours what was asked for, which is more"
_PICKLE = "it checks nothing, and what it reads may run any code"
_BARE = (
    "it checks no type, counts nothing, takes no call back when its caller is cancelled, and leaves"
    " it waiting for ever when the responder dies"
)
_BEAM = (
    "processes and messages are the BEAM's own, in compiled code, and it has started before an"
    " interpreter has imported its library. What is left to us is batches. How far trio itself is"
    " from it is said by the rivals that do the same with nothing checked or counted"
)

WINS: Mapping[tuple[str, str], str] = {
    ("neighbour", "raw_trio"): "it takes one message a turn; ours takes a hundred",
    ("deliveries", "raw_trio"): "it keeps no message in hand: what is worked on is lost in a crash",
    ("whole_calls", "raw_trio"): _BARE,
    ("children_up", "raw_start_soon"): _NOT_KEPT,
    ("children_up", "aiotools"): _NOT_KEPT,
    ("children_down", "raw_nursery"): _AT_ONCE,
    ("children_down", "raw_start_soon"): _AT_ONCE,
    ("children_down", "aiotools"): _AT_ONCE,
    ("children_up", "trio_chain"): _NOT_KEPT,
    ("children_down", "trio_chain"): _IN_A_CHAIN,
    ("children_memory", "raw_nursery"): "it keeps a task for each child, and no handle or policy",
    ("evenness", "raw_trio"): _EVEN,
    ("evenness", "triotp"): _EVEN,
    ("casts", "pykka"): "it queues without a bound, for another thread",
    ("encode_zlib", "zlib"): _NO_HEADER,
    ("encode_zstd", "zstd"): _NO_HEADER,
    ("import_alone", "raw_trio"): "both import trio, and one of them no more",
    ("import_channels", "raw_trio"): _NOT_AT_ONCE,
    ("import_supervision", "raw_trio"): _NOT_AT_ONCE,
}
BY_RIVAL: Mapping[str, str] = {
    "aiotools": "asyncio's tasks are made in C, and have no cancel scopes",
    "asyncio_queue": _NO_SCHEDULE_POINT,
    "beam": _BEAM,
    "msgspec_struct": _STRUCT,
    "pickle": _PICKLE,
    "trio_lists": _LISTS,
}
"""The same for all rows of a rival that are not in `WINS`."""


def why(workload: str, rival: str, *, is_gap: bool = False) -> str:
    """Say why a rival is better than ours in a row, which may be about a neighbour's gaps."""
    others = _GAP if is_gap else UNKNOWN
    return WINS.get((workload, rival)) or BY_RIVAL.get(rival) or others
