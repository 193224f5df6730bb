"""OTP-grade supervision, typed channels and a root harness for trio.

Components are trio tasks under supervisors with restart policies; they talk over typed channels
whose messages are attrs classes; the harness is the root nursery of an application.
"""

# Where things are, lowest layer first; each imports only from above it in this list:
#
# _util _lazy _generators _frozen _errors _events
#                           names of things
# rules                     decides: data and pure functions
# messages                  messages and their bytes
# observe                   log, crash story and the drawing of a tree
# channels                  typed channels
# supervision               supervisors and their children
# config                    the settings of an application
# harness                   the root of an application
# cli                       the command line

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._errors import AlreadyAnswered as AlreadyAnswered
    from ._errors import CalledInTrio as CalledInTrio
    from ._errors import CallToOneself as CallToOneself
    from ._errors import ChildComplete as ChildComplete
    from ._errors import ChildDown as ChildDown
    from ._errors import ChildExists as ChildExists
    from ._errors import ChildKilled as ChildKilled
    from ._errors import ChildNotFound as ChildNotFound
    from ._errors import ChildNotReady as ChildNotReady
    from ._errors import ChildNotStopped as ChildNotStopped
    from ._errors import ChildSilent as ChildSilent
    from ._errors import ChildUnhealthy as ChildUnhealthy
    from ._errors import CodecError as CodecError
    from ._errors import CommandFailed as CommandFailed
    from ._errors import ComponentTypeError as ComponentTypeError
    from ._errors import ConfigurationError as ConfigurationError
    from ._errors import CycleError as CycleError
    from ._errors import DecodeError as DecodeError
    from ._errors import DuplicateNameError as DuplicateNameError
    from ._errors import EncodeError as EncodeError
    from ._errors import EndNotOpen as EndNotOpen
    from ._errors import FilterFailed as FilterFailed
    from ._errors import FrameError as FrameError
    from ._errors import Ignore as Ignore
    from ._errors import Lagged as Lagged
    from ._errors import LoadError as LoadError
    from ._errors import MessageTypeError as MessageTypeError
    from ._errors import NoRoute as NoRoute
    from ._errors import PoolFull as PoolFull
    from ._errors import PortalClosed as PortalClosed
    from ._errors import PortalError as PortalError
    from ._errors import PortalTimeout as PortalTimeout
    from ._errors import RequestError as RequestError
    from ._errors import RequestLeftOut as RequestLeftOut
    from ._errors import ResponderDied as ResponderDied
    from ._errors import RestartLimitExceeded as RestartLimitExceeded
    from ._errors import SettingError as SettingError
    from ._errors import Shutdown as Shutdown
    from ._errors import StartFailed as StartFailed
    from ._errors import SupervisionError as SupervisionError
    from ._errors import SupervisorClosed as SupervisorClosed
    from ._errors import TrioharnessError as TrioharnessError
    from ._errors import Unanswered as Unanswered
    from ._errors import UnexpectedReturn as UnexpectedReturn
    from ._errors import UnknownMessageError as UnknownMessageError
    from ._errors import UnknownNeedError as UnknownNeedError
    from ._errors import WiringError as WiringError
    from ._errors import WouldDeadlock as WouldDeadlock
    from ._events import ChildChecked as ChildChecked
    from ._events import ChildCompleted as ChildCompleted
    from ._events import ChildDropped as ChildDropped
    from ._events import ChildEnded as ChildEnded
    from ._events import ChildNotRestarted as ChildNotRestarted
    from ._events import ChildParked as ChildParked
    from ._events import ChildReady as ChildReady
    from ._events import ChildRestarting as ChildRestarting
    from ._events import ChildStarting as ChildStarting
    from ._events import ChildStopping as ChildStopping
    from ._events import ChildStuck as ChildStuck
    from ._events import ChildWaiting as ChildWaiting
    from ._events import CommandOutput as CommandOutput
    from ._events import Crashed as Crashed
    from ._events import DeadLettered as DeadLettered
    from ._events import Event as Event
    from ._events import Exit as Exit
    from ._events import GaveUp as GaveUp
    from ._events import Ignored as Ignored
    from ._events import InHand as InHand
    from ._events import MessagesDropped as MessagesDropped
    from ._events import Observer as Observer
    from ._events import Returned as Returned
    from ._events import ShutDown as ShutDown
    from ._events import SlowStart as SlowStart
    from ._events import State as State
    from ._events import Stopped as Stopped
    from ._events import SupervisorEnded as SupervisorEnded
    from .channels import CallStatistics as CallStatistics
    from .channels import Channel as Channel
    from .channels import ChannelStatistics as ChannelStatistics
    from .channels import DeadLetter as DeadLetter
    from .channels import Every as Every
    from .channels import KeyRule as KeyRule
    from .channels import Overflow as Overflow
    from .channels import ReceiveChannel as ReceiveChannel
    from .channels import ReceiveView as ReceiveView
    from .channels import Request as Request
    from .channels import RequestClient as RequestClient
    from .channels import Routed as Routed
    from .channels import Routing as Routing
    from .channels import Rule as Rule
    from .channels import SendChannel as SendChannel
    from .channels import SendProgress as SendProgress
    from .channels import SubscriptionOverflow as SubscriptionOverflow
    from .channels import Topic as Topic
    from .channels import Waiter as Waiter
    from .channels import every as every
    from .channels import filtered as filtered
    from .channels import mapped as mapped
    from .channels import merge as merge
    from .channels import open_channel as open_channel
    from .channels import open_requests as open_requests
    from .channels import open_topic as open_topic
    from .channels import partition as partition
    from .channels import route as route
    from .channels import select as select
    from .config import read_config as read_config
    from .harness import ChannelReceipt as ChannelReceipt
    from .harness import DeclaredChild as DeclaredChild
    from .harness import DeclaredMember as DeclaredMember
    from .harness import DeclaredSupervisor as DeclaredSupervisor
    from .harness import Finding as Finding
    from .harness import Harness as Harness
    from .harness import Portal as Portal
    from .harness import Receipt as Receipt
    from .harness import Running as Running
    from .harness import start_blocking as start_blocking
    from .messages import NEED_DATA as NEED_DATA
    from .messages import Batch as Batch
    from .messages import Codec as Codec
    from .messages import Compression as Compression
    from .messages import Envelope as Envelope
    from .messages import FrameReader as FrameReader
    from .messages import FrameWriter as FrameWriter
    from .messages import Hook as Hook
    from .messages import Ids as Ids
    from .messages import MessageId as MessageId
    from .messages import NeedData as NeedData
    from .messages import Properties as Properties
    from .messages import message as message
    from .messages import upgrade as upgrade
    from .observe import ChildNode as ChildNode
    from .observe import SupervisorNode as SupervisorNode
    from .rules import AutoShutdown as AutoShutdown
    from .rules import Backoff as Backoff
    from .rules import ChildHealth as ChildHealth
    from .rules import Condition as Condition
    from .rules import Exhausted as Exhausted
    from .rules import Health as Health
    from .rules import RestartPolicy as RestartPolicy
    from .rules import RestartType as RestartType
    from .rules import Strategy as Strategy
    from .rules import SupervisorHealth as SupervisorHealth
    from .supervision import Child as Child
    from .supervision import Component as Component
    from .supervision import Group as Group
    from .supervision import Options as Options
    from .supervision import Pool as Pool
    from .supervision import PoolSupervisor as PoolSupervisor
    from .supervision import Spec as Spec
    from .supervision import Start as Start
    from .supervision import Supervisor as Supervisor
    from .supervision import SupervisorStatistics as SupervisorStatistics
    from .supervision import TaskStatus as TaskStatus
    from .supervision import as_is as as_is
    from .supervision import beat as beat
    from .supervision import cleanup as cleanup
    from .supervision import command as command
    from .supervision import in_thread as in_thread
    from .supervision import open_pool as open_pool
    from .supervision import open_supervisor as open_supervisor
    from .supervision import stop_on_drain as stop_on_drain
else:
    # Who wants channels alone does not wait for the rest.
    from ._lazy import lazy as _lazy

    __all__, __getattr__, __dir__ = _lazy(
        __name__,
        {
            "_errors": """
                AlreadyAnswered CallToOneself CalledInTrio ChildComplete ChildDown ChildExists
                ChildKilled ChildNotFound ChildNotReady ChildNotStopped ChildSilent ChildUnhealthy
                CodecError CommandFailed ComponentTypeError ConfigurationError CycleError
                DecodeError DuplicateNameError EncodeError EndNotOpen FilterFailed FrameError
                Ignore Lagged LoadError MessageTypeError NoRoute PoolFull PortalClosed PortalError
                PortalTimeout RequestError RequestLeftOut ResponderDied RestartLimitExceeded
                SettingError Shutdown StartFailed SupervisionError SupervisorClosed
                TrioharnessError Unanswered UnexpectedReturn UnknownMessageError UnknownNeedError
                WiringError WouldDeadlock
            """,
            "_events": """
                ChildChecked ChildCompleted ChildDropped ChildEnded ChildNotRestarted ChildParked
                ChildReady ChildRestarting ChildStarting ChildStopping ChildStuck ChildWaiting
                CommandOutput Crashed DeadLettered Event Exit GaveUp Ignored InHand
                MessagesDropped Observer Returned ShutDown SlowStart State Stopped SupervisorEnded
            """,
            "channels": """
                CallStatistics Channel ChannelStatistics DeadLetter Every KeyRule Overflow
                ReceiveChannel ReceiveView Request RequestClient Routed Routing Rule SendChannel
                SendProgress SubscriptionOverflow Topic Waiter every filtered mapped merge
                open_channel open_requests open_topic partition route select
            """,
            "config": "read_config",
            "harness": """
                ChannelReceipt DeclaredChild DeclaredMember DeclaredSupervisor Finding Harness
                Portal Receipt Running start_blocking
            """,
            "messages": """
                NEED_DATA Batch Codec Compression Envelope FrameReader FrameWriter Hook Ids
                MessageId NeedData Properties message upgrade
            """,
            "observe": "ChildNode SupervisorNode",
            "rules": """
                AutoShutdown Backoff ChildHealth Condition Exhausted Health RestartPolicy
                RestartType Strategy SupervisorHealth
            """,
            "supervision": """
                Child Component Group Options Pool PoolSupervisor Spec Start Supervisor
                SupervisorStatistics TaskStatus as_is beat cleanup command in_thread open_pool
                open_supervisor stop_on_drain
            """,
        },
    )
