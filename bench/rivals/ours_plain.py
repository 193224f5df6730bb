"""trioharness without what the row is about: the option, other sources, the frame, the watch."""

from bench.rivals.ours._compressed import decode_plain as decode_zlib
from bench.rivals.ours._compressed import decode_plain as decode_zstd
from bench.rivals.ours._compressed import encode_plain as encode_zlib
from bench.rivals.ours._compressed import encode_plain as encode_zstd
from bench.rivals.ours._flows import batches_of_100 as deliveries_in_batches
from bench.rivals.ours._flows import into_room as drops
from bench.rivals.ours._flows import one_by_one as deliveries
from bench.rivals.ours._flows import one_by_one as one_busy_and_a_timer
from bench.rivals.ours._flows import one_by_one as one_busy_of_11
from bench.rivals.ours._flows import without_room as one_busy_without_room
from bench.rivals.ours._frames import decode_payloads as decode_batches
from bench.rivals.ours._frames import decode_payloads as decode_envelopes
from bench.rivals.ours._frames import encode_payloads as encode_batches
from bench.rivals.ours._frames import encode_payloads as encode_envelopes
from bench.rivals.ours._frames import encode_payloads as encode_messages
from bench.rivals.ours._operating import unwatched as watched
from bench.rivals.ours._select import one_busy_of_11 as one_busy_of_101

__all__ = [
    "decode_batches",
    "decode_envelopes",
    "decode_zlib",
    "decode_zstd",
    "deliveries",
    "deliveries_in_batches",
    "drops",
    "encode_batches",
    "encode_envelopes",
    "encode_messages",
    "encode_zlib",
    "encode_zstd",
    "one_busy_and_a_timer",
    "one_busy_of_11",
    "one_busy_of_101",
    "one_busy_without_room",
    "watched",
]
