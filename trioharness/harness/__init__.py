"""The root of an application: what is described is wired, run, and ended in order."""

from ._blocking import start_blocking as start_blocking
from ._declared import DeclaredChild as DeclaredChild
from ._declared import DeclaredMember as DeclaredMember
from ._described import DeclaredSupervisor as DeclaredSupervisor
from ._findings import CODES as CODES
from ._findings import Finding as Finding
from ._harness import Harness as Harness
from ._lifecycle import lifecycle as lifecycle
from ._portal import Portal as Portal
from ._receipt import ChannelReceipt as ChannelReceipt
from ._receipt import Receipt as Receipt
from ._running import Running as Running
from ._signals import answer_dumps_outside_of_a_run as answer_dumps_outside_of_a_run
from ._signals import leave_by as leave_by
