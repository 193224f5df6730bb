"""The root of an application: what is described is wired, run, and ended in order."""

from ._declared import DeclaredChild as DeclaredChild
from ._declared import DeclaredMember as DeclaredMember
from ._described import DeclaredSupervisor as DeclaredSupervisor
from ._graph import Graph as Graph
from ._graph_parts import GraphChannel as GraphChannel
from ._graph_parts import GraphComponent as GraphComponent
from ._graph_parts import GraphFlow as GraphFlow
from ._graph_parts import GraphNeed as GraphNeed
from ._graph_parts import GraphSupervisor as GraphSupervisor
from ._harness import Harness as Harness
from ._lifecycle_graph import Lifecycle as Lifecycle
from ._receipt import ChannelReceipt as ChannelReceipt
from ._receipt import Receipt as Receipt
from ._run import Running as Running
from ._signals import leave_by as leave_by
