"""Testing one's own components: virtual time, recorded events, faults on purpose, leaks, channels.

Everything here works without pytest. ``import trioharness`` does not import it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._errors import Fault as Fault
    from ._channel_trial import ChannelCheck as ChannelCheck
    from ._check_channel import CHANNEL_CHECKS as CHANNEL_CHECKS
    from ._check_channel import ChannelReport as ChannelReport
    from ._check_channel import check_channel as check_channel
    from ._clock import VirtualClock as VirtualClock
    from ._clock import run as run
    from ._clock import virtual_clock as virtual_clock
    from ._faults import Faults as Faults
    from ._harness import OpenHarness as OpenHarness
    from ._harness import open_harness as open_harness
    from ._leaks import leak_check as leak_check
    from ._probe import ChannelProbe as ChannelProbe
    from ._probe import ChannelProbes as ChannelProbes
    from ._recorder import EventRecorder as EventRecorder
    from ._storm import run_storm as run_storm
    from ._storm_books import StormReport as StormReport
else:
    # The plugin for pytest is in here, and loaded in runs that use none of this.
    from .._lazy import lazy as _lazy

    __all__, __getattr__, __dir__ = _lazy(
        __name__,
        {
            "._errors": "Fault",
            "_channel_trial": "ChannelCheck",
            "_check_channel": "CHANNEL_CHECKS ChannelReport check_channel",
            "_clock": "VirtualClock run virtual_clock",
            "_faults": "Faults",
            "_harness": "OpenHarness open_harness",
            "_leaks": "leak_check",
            "_probe": "ChannelProbe ChannelProbes",
            "_recorder": "EventRecorder",
            "_storm": "run_storm",
            "_storm_books": "StormReport",
        },
    )
