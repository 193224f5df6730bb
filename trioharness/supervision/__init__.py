"""Keeping components alive: supervisors, their children, and what is handed over to them."""

from ._ambient import cleanup as cleanup
from ._ambient import stop_on_drain as stop_on_drain
from ._child import Child as Child
from ._component import Startable as Startable
from ._component import TaskStatus as TaskStatus
from ._component import shape_of as shape_of
from ._handover import as_is as as_is
from ._handover import is_end as is_end
from ._open import open_supervisor as open_supervisor
from ._spec import Needed as Needed
from ._spec import Options as Options
from ._supervisor import Supervisor as Supervisor
from ._supervisor import SupervisorStatistics as SupervisorStatistics
from ._supervisor import add_child as add_child
from ._supervisor import start_all as start_all
