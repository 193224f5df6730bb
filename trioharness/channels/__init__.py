"""Connects: channels with typed ends, bounded and in order, and topics.

`open_channel` (one receiver gets it) and `open_topic` (every subscriber gets it) are where to
begin; everything else here comes from them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._channel import Channel as Channel
    from ._channel import open_channel as open_channel
    from ._client import CallStatistics as CallStatistics
    from ._client import RequestClient as RequestClient
    from ._dead_letter import DeadLetter as DeadLetter
    from ._every import Every as Every
    from ._every import every as every
    from ._overflow import Overflow as Overflow
    from ._progress import SendProgress as SendProgress
    from ._receive import ReceiveChannel as ReceiveChannel
    from ._request import Request as Request
    from ._requests import open_requests as open_requests
    from ._route import Routed as Routed
    from ._route import partition as partition
    from ._route import route as route
    from ._routing import KeyRule as KeyRule
    from ._routing import Routing as Routing
    from ._routing import Rule as Rule
    from ._select import merge as merge
    from ._select import select as select
    from ._send import SendChannel as SendChannel
    from ._statistics import ChannelStatistics as ChannelStatistics
    from ._topic import SubscriptionOverflow as SubscriptionOverflow
    from ._topic import Topic as Topic
    from ._topic import open_topic as open_topic
    from ._types import classes_of_type as classes_of_type
    from ._view import ReceiveView as ReceiveView
    from ._view import filtered as filtered
    from ._view import mapped as mapped
    from ._waiter import Waiter as Waiter
else:
    # Who wants a channel does not wait for topics, calls and views.
    from .._lazy import lazy as _lazy

    __all__, __getattr__, __dir__ = _lazy(
        __name__,
        {
            "_channel": "Channel open_channel",
            "_client": "CallStatistics RequestClient",
            "_dead_letter": "DeadLetter",
            "_every": "Every every",
            "_overflow": "Overflow",
            "_progress": "SendProgress",
            "_receive": "ReceiveChannel",
            "_request": "Request",
            "_requests": "open_requests",
            "_route": "Routed partition route",
            "_routing": "KeyRule Routing Rule",
            "_select": "merge select",
            "_send": "SendChannel",
            "_statistics": "ChannelStatistics",
            "_topic": "SubscriptionOverflow Topic open_topic",
            "_types": "classes_of_type",
            "_view": "ReceiveView filtered mapped",
            "_waiter": "Waiter",
        },
    )
