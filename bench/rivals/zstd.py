"""zstd by hand, at the level that frames use: the standard library's, or the package before it."""

from __future__ import annotations

import sys
from functools import partial

from bench._by_hand import ByHand

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_zstd = ByHand(partial(zstd.compress, level=1), zstd.decompress)
encode_zstd, decode_zstd = _zstd.encode, _zstd.decode
