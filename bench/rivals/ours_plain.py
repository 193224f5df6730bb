"""trioharness without the option that the row is about."""

from bench.rivals.ours._flows import batches_of_100 as deliveries_in_batches
from bench.rivals.ours._flows import into_room as drops
from bench.rivals.ours._flows import one_by_one as deliveries

__all__ = ["deliveries", "deliveries_in_batches", "drops"]
