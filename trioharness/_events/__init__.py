"""What happens in a tree, as data: states, exits, events, and the one function that sees them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._children import ChildChecked as ChildChecked
    from ._children import ChildCompleted as ChildCompleted
    from ._children import ChildDropped as ChildDropped
    from ._children import ChildEnded as ChildEnded
    from ._children import ChildNotRestarted as ChildNotRestarted
    from ._children import ChildParked as ChildParked
    from ._children import ChildReady as ChildReady
    from ._children import ChildRestarting as ChildRestarting
    from ._children import ChildStarting as ChildStarting
    from ._children import ChildStopping as ChildStopping
    from ._children import ChildStuck as ChildStuck
    from ._children import ChildWaiting as ChildWaiting
    from ._children import CommandOutput as CommandOutput
    from ._children import Crashed as Crashed
    from ._children import Event as Event
    from ._children import Exit as Exit
    from ._children import GaveUp as GaveUp
    from ._children import Ignored as Ignored
    from ._children import Observer as Observer
    from ._children import Returned as Returned
    from ._children import ShutDown as ShutDown
    from ._children import SlowStart as SlowStart
    from ._children import State as State
    from ._children import Stopped as Stopped
    from ._children import Stream as Stream
    from ._children import SupervisorEnded as SupervisorEnded
    from ._fates import DeadLettered as DeadLettered
    from ._fates import Fate as Fate
    from ._fates import InHand as InHand
    from ._fates import MessagesDropped as MessagesDropped
else:
    # Who wants a channel does not wait for the events of children.
    from .._lazy import lazy as _lazy

    __all__, __getattr__, __dir__ = _lazy(
        __name__,
        {
            "_children": """
                ChildChecked ChildCompleted ChildDropped ChildEnded
                ChildNotRestarted ChildParked ChildReady ChildRestarting
                ChildStarting ChildStopping ChildStuck ChildWaiting
                CommandOutput Crashed Event Exit GaveUp Ignored Observer
                Returned ShutDown SlowStart State Stopped Stream SupervisorEnded
            """,
            "_fates": "DeadLettered Fate InHand MessagesDropped",
        },
    )
