"""Decisions: data and pure functions. Nothing here knows trio, reads a clock or does I/O."""

from ._backoff import Backoff as Backoff
from ._lifecycle import TRANSITIONS as TRANSITIONS
from ._lifecycle import Cause as Cause
from ._lifecycle import ImpossibleTransition as ImpossibleTransition
from ._lifecycle import advance as advance
from ._restart import AUTO_SHUTDOWNS as AUTO_SHUTDOWNS
from ._restart import EXHAUSTED as EXHAUSTED
from ._restart import RESTART_TYPES as RESTART_TYPES
from ._restart import STRATEGIES as STRATEGIES
from ._restart import AutoShutdown as AutoShutdown
from ._restart import Exhausted as Exhausted
from ._restart import Limit as Limit
from ._restart import RestartPolicy as RestartPolicy
from ._restart import RestartType as RestartType
from ._restart import Strategy as Strategy
from ._restart import Window as Window
from ._restart import restart_type as restart_type
from ._restart import shuts_down as shuts_down
from ._restart import whether as whether
from ._restart import whom as whom
from ._topology import start_order as start_order
