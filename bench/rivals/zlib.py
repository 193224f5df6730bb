"""zlib of the standard library by hand, at the level that frames use."""

from __future__ import annotations

import zlib
from functools import partial

from bench._by_hand import ByHand

_zlib = ByHand(partial(zlib.compress, level=1), zlib.decompress)
encode_zlib, decode_zlib = _zlib.encode, _zlib.decode
