"""Reports for people: what crashed and why, as text and as log records. Nothing here knows trio."""

from ._configure import LogFormat as LogFormat
from ._configure import configure_logging as configure_logging
from ._configure import write_json_line as write_json_line
from ._format import error_text as error_text
from ._format import one_line as one_line
from ._format import places as places
from ._format import safe_repr as safe_repr
from ._format import summary as summary
from ._format import where as where
from ._log import LogLine as LogLine
from ._log import is_notable as is_notable
from ._log import log_failure as log_failure
from ._log import log_line as log_line
from ._log import log_observer as log_observer
from ._log import log_wants_all as log_wants_all
from ._log import log_warning as log_warning
from ._log import safely as safely
from ._story import crash_story as crash_story
from ._story import restart_limit_story as restart_limit_story
from ._times import StateBook as StateBook
from ._times import StateTimes as StateTimes
from ._tree import ChildNode as ChildNode
from ._tree import SupervisorNode as SupervisorNode
