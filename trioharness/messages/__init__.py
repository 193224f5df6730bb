"""Messages: attrs classes with a wire name and a version, and the codec that makes them bytes.

Importing this imports neither cattrs nor msgspec; building the first `Codec` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._codec import Codec as Codec
from ._message import MessageInfo as MessageInfo
from ._message import message as message
from ._message import upgrade as upgrade
from ._setting import SettingMissing as SettingMissing
from ._setting import SettingRefused as SettingRefused
from ._setting import dotted as dotted
from ._setting import settings_class as settings_class

if TYPE_CHECKING:  # it brings cattrs; `settings_class` imports it when it is called
    from ._setting_class import SettingsClass as SettingsClass
