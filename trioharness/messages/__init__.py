"""Messages: attrs classes with a wire name and a version, and the codec that makes them bytes.

Importing this imports neither cattrs nor msgspec; building the first `Codec` does.
"""

from __future__ import annotations

from ._codec import Codec as Codec
from ._hook import Hook as Hook
from ._message import MessageInfo as MessageInfo
from ._message import message as message
from ._message import upgrade as upgrade
