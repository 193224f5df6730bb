"""trioharness itself."""

from bench.rivals.ours._channels import by_reference as by_reference
from bench.rivals.ours._channels import one_by_one as one_by_one
from bench.rivals.ours._channels import serialized as serialized
from bench.rivals.ours._components import latency as latency
from bench.rivals.ours._components import pipeline as pipeline
from bench.rivals.ours._components import recovery as recovery
from bench.rivals.ours._components import start as start
from bench.rivals.ours._supervision import children_down as children_down
from bench.rivals.ours._supervision import children_memory as children_memory
from bench.rivals.ours._supervision import children_up as children_up
from bench.rivals.ours._supervision import crash_loop as crash_loop
from bench.rivals.ours._supervision import growth as growth
from bench.rivals.ours._supervision import idle_tree as idle_tree
from bench.rivals.ours._supervision import restart as restart
