"""Messages: attrs classes with a wire name and a version, what makes them bytes, and frames.

Importing this imports neither cattrs nor msgspec; building the first `Codec` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._codec import Codec as Codec
from ._compress import Compression as Compression
from ._envelopes import Batch as Batch
from ._envelopes import Envelope as Envelope
from ._envelopes import Ids as Ids
from ._envelopes import MessageId as MessageId
from ._envelopes import Properties as Properties
from ._hook import Hook as Hook
from ._message import MessageInfo as MessageInfo
from ._message import message as message
from ._message import upgrade as upgrade
from ._payloads import Dumper as Dumper
from ._payloads import Loader as Loader
from ._reader import NEED_DATA as NEED_DATA
from ._reader import FrameReader as FrameReader
from ._reader import NeedData as NeedData
from ._setting import SettingMissing as SettingMissing
from ._setting import SettingRefused as SettingRefused
from ._setting import dotted as dotted
from ._setting import settings_class as settings_class
from ._types import Unsupported as Unsupported
from ._types import fields_of as fields_of
from ._types import strip as strip
from ._writer import FrameWriter as FrameWriter

if TYPE_CHECKING:  # it brings cattrs; `settings_class` imports it when it is called
    from ._setting_class import SettingsClass as SettingsClass
