"""What `Harness.graph` returns, for annotations and for tools that read it.

It is not imported with the rest: an application that runs draws nothing.
"""

from ._graph import Graph
from ._graph_parts import GraphChannel, GraphComponent, GraphFlow, GraphNeed, GraphSupervisor
from ._lifecycle_graph import Lifecycle

__all__ = [
    "Graph",
    "GraphChannel",
    "GraphComponent",
    "GraphFlow",
    "GraphNeed",
    "GraphSupervisor",
    "Lifecycle",
]
