"""trioharness itself."""

from bench.rivals.ours._application import application_memory as application_memory
from bench.rivals.ours._application import application_up as application_up
from bench.rivals.ours._application import idle_application as idle_application
from bench.rivals.ours._calls import casts as casts
from bench.rivals.ours._calls import evenness as evenness
from bench.rivals.ours._calls import one_client as one_client
from bench.rivals.ours._calls import ten_clients as ten_clients
from bench.rivals.ours._channels import by_reference as by_reference
from bench.rivals.ours._channels import serialized as serialized
from bench.rivals.ours._coding import decode_large as decode_large
from bench.rivals.ours._coding import (
    decode_large_with_extra_allowed as decode_large_with_extra_allowed,
)
from bench.rivals.ours._coding import decode_other as decode_other
from bench.rivals.ours._coding import decode_sized as decode_sized
from bench.rivals.ours._coding import decode_small as decode_small
from bench.rivals.ours._coding import (
    decode_small_with_extra_allowed as decode_small_with_extra_allowed,
)
from bench.rivals.ours._coding import decode_union as decode_union
from bench.rivals.ours._coding import encode_large as encode_large
from bench.rivals.ours._coding import encode_other as encode_other
from bench.rivals.ours._coding import encode_sized as encode_sized
from bench.rivals.ours._coding import encode_small as encode_small
from bench.rivals.ours._coding import encode_union as encode_union
from bench.rivals.ours._components import latency as latency
from bench.rivals.ours._components import pipeline as pipeline
from bench.rivals.ours._components import recovery as recovery
from bench.rivals.ours._components import start as start
from bench.rivals.ours._compressed import decode_zlib as decode_zlib
from bench.rivals.ours._compressed import decode_zstd as decode_zstd
from bench.rivals.ours._compressed import encode_zlib as encode_zlib
from bench.rivals.ours._compressed import encode_zstd as encode_zstd
from bench.rivals.ours._due import calls_due as calls_due
from bench.rivals.ours._due import messages_due as messages_due
from bench.rivals.ours._flows import batches_of_10 as batches_of_10
from bench.rivals.ours._flows import batches_of_100 as batches_of_100
from bench.rivals.ours._flows import batches_of_1000 as batches_of_1000
from bench.rivals.ours._flows import consumers as consumers
from bench.rivals.ours._flows import deliveries as deliveries
from bench.rivals.ours._flows import deliveries_in_batches as deliveries_in_batches
from bench.rivals.ours._flows import drops as drops
from bench.rivals.ours._flows import fan_in as fan_in
from bench.rivals.ours._flows import neighbour as neighbour
from bench.rivals.ours._flows import one_by_one as one_by_one
from bench.rivals.ours._flows import producers as producers
from bench.rivals.ours._flows import ten_consumers as ten_consumers
from bench.rivals.ours._flows import ten_producers as ten_producers
from bench.rivals.ours._flows import without_room as without_room
from bench.rivals.ours._frames import batches as batches
from bench.rivals.ours._frames import coalesced as coalesced
from bench.rivals.ours._frames import decode_batches as decode_batches
from bench.rivals.ours._frames import decode_envelopes as decode_envelopes
from bench.rivals.ours._frames import encode_batches as encode_batches
from bench.rivals.ours._frames import encode_envelopes as encode_envelopes
from bench.rivals.ours._frames import encode_messages as encode_messages
from bench.rivals.ours._imports import import_alone as import_alone
from bench.rivals.ours._imports import import_channels as import_channels
from bench.rivals.ours._imports import import_supervision as import_supervision
from bench.rivals.ours._operating import snapshots as snapshots
from bench.rivals.ours._operating import watched as watched
from bench.rivals.ours._select import one_busy_and_a_timer as one_busy_and_a_timer
from bench.rivals.ours._select import one_busy_of_11 as one_busy_of_11
from bench.rivals.ours._select import one_busy_of_101 as one_busy_of_101
from bench.rivals.ours._select import one_busy_without_room as one_busy_without_room
from bench.rivals.ours._sized import socket_sized as socket_sized
from bench.rivals.ours._storm import storm as storm
from bench.rivals.ours._supervision import children as children
from bench.rivals.ours._supervision import children_down as children_down
from bench.rivals.ours._supervision import children_memory as children_memory
from bench.rivals.ours._supervision import children_up as children_up
from bench.rivals.ours._supervision import crash_loop as crash_loop
from bench.rivals.ours._supervision import idle_tree as idle_tree
from bench.rivals.ours._supervision import restart as restart
from bench.rivals.ours._threads import from_a_thread as from_a_thread
from bench.rivals.ours._threads import from_a_thread_without_room as from_a_thread_without_room
from bench.rivals.ours._topics import subscribers as subscribers
from bench.rivals.ours._topics import to_ten_subscribers as to_ten_subscribers
from bench.rivals.ours._topics import (
    to_ten_subscribers_in_batches as to_ten_subscribers_in_batches,
)
from bench.rivals.ours._whole import whole_batches_of_100 as whole_batches_of_100
from bench.rivals.ours._whole import whole_batches_of_1000 as whole_batches_of_1000
from bench.rivals.ours._whole import whole_calls as whole_calls
from bench.rivals.ours._whole import whole_casts as whole_casts
from bench.rivals.ours._whole import whole_children as whole_children
from bench.rivals.ours._whole import whole_one_by_one as whole_one_by_one
