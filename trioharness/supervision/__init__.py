"""Keeping components alive: supervisors, their children, and what is handed over to them."""

from ._ambient import beat as beat
from ._ambient import cleanup as cleanup
from ._ambient import stop_on_drain as stop_on_drain
from ._any_supervisor import SupervisorStatistics as SupervisorStatistics
from ._assemble import add_child as add_child
from ._assemble import start_all as start_all
from ._child import Child as Child
from ._command import command as command
from ._component import TaskStatus as TaskStatus
from ._component import shape_of as shape_of
from ._component_class import Component as Component
from ._group import Group as Group
from ._handover import AsIs as AsIs
from ._handover import as_is as as_is
from ._handover import is_end as is_end
from ._in_thread import in_thread as in_thread
from ._open import open_supervisor as open_supervisor
from ._options import NO_NEEDS as NO_NEEDS
from ._options import Needed as Needed
from ._options import Options as Options
from ._options import check_name as check_name
from ._pool import Pool as Pool
from ._pool import PoolSupervisor as PoolSupervisor
from ._pool import open_pool as open_pool
from ._spec import Spec as Spec
from ._supervisor import Supervisor as Supervisor
