"""Connects: channels with typed ends, bounded and in order.

`open_channel` is where to begin; everything else here comes from it.
"""

from ._channel import Channel as Channel
from ._channel import open_channel as open_channel
from ._dead_letter import DeadLetter as DeadLetter
from ._every import Every as Every
from ._every import every as every
from ._overflow import Overflow as Overflow
from ._progress import SendProgress as SendProgress
from ._receive import ReceiveChannel as ReceiveChannel
from ._select import merge as merge
from ._select import select as select
from ._send import SendChannel as SendChannel
from ._statistics import ChannelStatistics as ChannelStatistics
