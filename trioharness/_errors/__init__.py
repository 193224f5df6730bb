"""Every error of trioharness, in one tree.

TrioharnessError
├── ConfigurationError (ValueError)         refused before anything started
│   ├── ComponentTypeError (TypeError)      what was given cannot be run as a component
│   ├── DuplicateNameError                  two siblings, or two messages, of one name
│   ├── UnknownNeedError                    `needs` or `after` names a stranger
│   ├── CycleError                          `needs` and `after` go round in a circle
│   ├── WiringError                         components and channels of a harness do not fit
│   ├── EndNotOpen (AttributeError)         a declared channel end was used outside of a run
│   ├── LoadError                           `module:attr` does not lead to a harness
│   └── SettingError                        a setting is missing, unknown or of a wrong type
├── MessageTypeError (TypeError)            a channel was given what it does not carry
├── Lagged                                  a subscriber missed messages for which it had no room
├── FilterFailed                            a subscriber's filter raised, so it missed messages
├── NoRoute                                 no rule says where a message goes
├── RequestError                            a call got no reply
│   ├── ResponderDied                       whoever had taken it ended first
│   ├── Unanswered                          its responder forgot to answer
│   ├── RequestLeftOut                      a view took it and showed it to nobody
│   ├── AlreadyAnswered                     it was to be answered twice
│   └── CallToOneself                       only the caller could answer it
├── CodecError (ValueError)
│   ├── EncodeError                         a message that cannot become bytes
│   ├── DecodeError                         bytes that cannot become a message
│   │   └── UnknownMessageError             a wire name or version nobody declared
│   └── FrameError                          a stream in which no more frames can be found
├── SupervisionError
│   ├── StartFailed                         a component failed before it was ready
│   ├── SupervisorClosed                    the supervisor is stopping and takes no more
│   ├── ChildComplete                       the child gave up its channel ends for good
│   ├── ChildDown                           nobody takes what is sent until it is started by hand
│   ├── ChildNotReady                       it has no value to give just now
│   ├── ChildExists (DuplicateNameError)    a child of that name is there already
│   ├── ChildNotFound                       there is no child of that name, or no longer
│   ├── ChildNotStopped                     it runs, or is about to be restarted
│   ├── PoolFull                            a pool has as many instances as it may have
│   ├── UnexpectedReturn                    a permanent component returned
│   └── WouldDeadlock                       a component waits for its own start or stop
├── PortalError
│   ├── PortalClosed                        a thread asked something of what has ended
│   ├── PortalTimeout (TimeoutError)        it was not done in time, and will not be
│   └── CalledInTrio                        a portal is for other threads than that of a loop
├── Ignore                                  raised by a component that declines to start
├── Shutdown                                raised by a component that ends on purpose
├── ChildKilled                             what `Child.kill` counts as
├── ChildSilent                             what a component counts as that gave no sign of life
├── ChildUnhealthy                          what one counts as that fails its health checks
├── CommandFailed                           the program of a command did not end with exit code 0
├── Fault                                   raised on purpose, by `trioharness.testing`
└── RestartLimitExceeded (ExceptionGroup)   a supervisor gave up

Errors of closed, broken, ended and full channels are trio's own: `trio.ClosedResourceError`,
`trio.BrokenResourceError`, `trio.EndOfChannel`, `trio.WouldBlock`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._channels import FilterFailed as FilterFailed
    from ._channels import Lagged as Lagged
    from ._channels import MessageTypeError as MessageTypeError
    from ._channels import NoRoute as NoRoute
    from ._codec import CodecError as CodecError
    from ._codec import DecodeError as DecodeError
    from ._codec import EncodeError as EncodeError
    from ._codec import FrameError as FrameError
    from ._codec import UnknownMessageError as UnknownMessageError
    from ._portal import CalledInTrio as CalledInTrio
    from ._portal import PortalClosed as PortalClosed
    from ._portal import PortalError as PortalError
    from ._portal import PortalTimeout as PortalTimeout
    from ._requests import AlreadyAnswered as AlreadyAnswered
    from ._requests import CallToOneself as CallToOneself
    from ._requests import RequestError as RequestError
    from ._requests import RequestLeftOut as RequestLeftOut
    from ._requests import ResponderDied as ResponderDied
    from ._requests import Unanswered as Unanswered
    from ._root import ComponentTypeError as ComponentTypeError
    from ._root import ConfigurationError as ConfigurationError
    from ._root import CycleError as CycleError
    from ._root import DuplicateNameError as DuplicateNameError
    from ._root import EndNotOpen as EndNotOpen
    from ._root import LoadError as LoadError
    from ._root import SettingError as SettingError
    from ._root import TrioharnessError as TrioharnessError
    from ._root import UnknownNeedError as UnknownNeedError
    from ._root import WiringError as WiringError
    from ._supervision import ChildComplete as ChildComplete
    from ._supervision import ChildDown as ChildDown
    from ._supervision import ChildExists as ChildExists
    from ._supervision import ChildKilled as ChildKilled
    from ._supervision import ChildNotFound as ChildNotFound
    from ._supervision import ChildNotReady as ChildNotReady
    from ._supervision import ChildNotStopped as ChildNotStopped
    from ._supervision import ChildSilent as ChildSilent
    from ._supervision import ChildUnhealthy as ChildUnhealthy
    from ._supervision import CommandFailed as CommandFailed
    from ._supervision import Fault as Fault
    from ._supervision import Ignore as Ignore
    from ._supervision import PoolFull as PoolFull
    from ._supervision import RestartLimitExceeded as RestartLimitExceeded
    from ._supervision import Shutdown as Shutdown
    from ._supervision import StartFailed as StartFailed
    from ._supervision import SupervisionError as SupervisionError
    from ._supervision import SupervisorClosed as SupervisorClosed
    from ._supervision import UnexpectedReturn as UnexpectedReturn
    from ._supervision import WouldDeadlock as WouldDeadlock
else:
    # Who wants a channel does not wait for the errors of supervision.
    from .._lazy import lazy as _lazy

    __all__, __getattr__, __dir__ = _lazy(
        __name__,
        {
            "_channels": "FilterFailed Lagged MessageTypeError NoRoute",
            "_codec": "CodecError DecodeError EncodeError FrameError UnknownMessageError",
            "_portal": "CalledInTrio PortalClosed PortalError PortalTimeout",
            "_requests": """
                AlreadyAnswered CallToOneself RequestError RequestLeftOut
                ResponderDied Unanswered
            """,
            "_root": """
                ComponentTypeError ConfigurationError CycleError DuplicateNameError
                EndNotOpen LoadError SettingError TrioharnessError UnknownNeedError
                WiringError
            """,
            "_supervision": """
                ChildComplete ChildDown ChildExists ChildKilled ChildNotFound
                ChildNotReady ChildNotStopped ChildSilent ChildUnhealthy
                CommandFailed Fault Ignore PoolFull RestartLimitExceeded Shutdown
                StartFailed SupervisionError SupervisorClosed UnexpectedReturn
                WouldDeadlock
            """,
        },
    )
