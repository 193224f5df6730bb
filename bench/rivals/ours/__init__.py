"""trioharness itself."""

from bench.rivals.ours._channels import by_reference as by_reference
from bench.rivals.ours._channels import one_by_one as one_by_one
from bench.rivals.ours._channels import serialized as serialized
from bench.rivals.ours._components import latency as latency
from bench.rivals.ours._components import pipeline as pipeline
from bench.rivals.ours._components import recovery as recovery
from bench.rivals.ours._components import start as start
