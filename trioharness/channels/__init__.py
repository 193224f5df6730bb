"""Connects: channels with typed ends, bounded and in order, and topics.

`open_channel` (one receiver gets it) and `open_topic` (every subscriber gets it) are where to
begin; everything else here comes from them.
"""

from ._channel import Channel as Channel
from ._channel import open_channel as open_channel
from ._dead_letter import DeadLetter as DeadLetter
from ._overflow import Overflow as Overflow
from ._progress import SendProgress as SendProgress
from ._receive import ReceiveChannel as ReceiveChannel
from ._send import SendChannel as SendChannel
from ._statistics import ChannelStatistics as ChannelStatistics
from ._topic import SubscriptionOverflow as SubscriptionOverflow
from ._topic import Topic as Topic
from ._topic import open_topic as open_topic
