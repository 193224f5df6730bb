"""What is asked and answered through the control socket, for tools that talk to it.

``trioharness status``, ``tree``, ``events`` and ``ctl`` are such tools. A connection takes one
question and gives its answers, all as frames of messages::

    side = asking()
    connection.sendall(side.write(AskSnapshot()))
    while received := connection.recv(65536):
        for answer in side.read(received):
            ...

It is not imported with the rest: an application without a control socket needs none of it.
"""

from ._protocol import (
    Action,
    Answer,
    AskDump,
    AskEvents,
    AskSnapshot,
    EventTold,
    Missed,
    Question,
    Refused,
    Side,
    Steer,
    Text,
    asking,
)
from ._snapshot import ChannelFigures, LoopFigures, SlowStep, Snapshot

__all__ = [
    "Action",
    "Answer",
    "AskDump",
    "AskEvents",
    "AskSnapshot",
    "ChannelFigures",
    "EventTold",
    "LoopFigures",
    "Missed",
    "Question",
    "Refused",
    "Side",
    "SlowStep",
    "Snapshot",
    "Steer",
    "Text",
    "asking",
]
