"""Why somebody else is faster where somebody is: said beside the figures, and only where they are.

By workload and rival, see `bench._model.Row`. Where a rival wins and nothing stands here, the
report says that nobody has found out yet.
"""

from __future__ import annotations

from collections.abc import Mapping

NO_SCHEDULE_POINT = (
    "`put` and `get` of asyncio.Queue do not yield while they need not wait: there is no schedule"
    " point, so it is ten times as fast, and a busy pair of tasks starves all others. Batches are"
    " faster still, and let the others have their turns"
)
_LISTS = (
    "a list that goes through a trio channel is one message: no type is checked, nothing is"
    " counted, and the bound counts lists. Ours checks, counts and bounds every message"
)
_BARE = "it does less: the row shows what that which ours does besides takes"
_STRUCT = (
    "a msgspec Struct is made by C code that knows its layout; an attrs class, which is what"
    " messages are here, is made by calling it"
)
_START = (
    "nothing of a child is kept: it cannot be stopped alone or restarted, and does not say when it"
    " is ready"
)
_AT_ONCE = "it cancels all at once; ours stops one after another, in reverse"
_BEAM = (
    "the BEAM switches between processes in compiled code, some twenty times as fast as any"
    " event loop in Python; what is left to us is its start-up, and batches"
)

WINS: Mapping[tuple[str, str], str] = {
    ("one_by_one", "asyncio_queue"): NO_SCHEDULE_POINT,
    ("ten_producers", "asyncio_queue"): NO_SCHEDULE_POINT,
    ("ten_consumers", "asyncio_queue"): NO_SCHEDULE_POINT,
    ("batches_of_10", "trio_lists"): _LISTS,
    ("batches_of_100", "trio_lists"): _LISTS,
    ("batches_of_1000", "trio_lists"): _LISTS,
    ("children_up", "raw_start_soon"): _START,
    ("children_up", "aiotools"): _START,
    (
        "children_down",
        "raw_nursery",
    ): _AT_ONCE,
    (
        "children_down",
        "raw_start_soon",
    ): _AT_ONCE,
    ("encode_small", "msgspec_struct"): _STRUCT,
    ("decode_small", "msgspec_struct"): _STRUCT,
    ("encode_large", "msgspec_struct"): _STRUCT,
    ("decode_large", "msgspec_struct"): _STRUCT,
}
BY_RIVAL: Mapping[str, str] = {
    "ours_plain": _BARE,
    "ours_one_by_one": _BARE,
    "ours_supervisor": _BARE,
    "msgspec_struct": _STRUCT,
    "asyncio_queue": NO_SCHEDULE_POINT,
    "beam": _BEAM,
}
"""The same for all rows of a rival that are not in `WINS`."""


def why(workload: str, rival: str) -> str:
    """Say why a rival is faster than ours in a row."""
    return WINS.get((workload, rival)) or BY_RIVAL.get(rival) or "nobody has found out yet"
