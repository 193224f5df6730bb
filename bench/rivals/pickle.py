"""pickle: any object as it is, for Python alone, and never to be read from a stranger."""

from __future__ import annotations

import pickle
from functools import partial

from bench._coding import LARGE, SMALL, Coder, decoding, encoding


def _coder() -> Coder:
    return partial(pickle.dumps, protocol=5), pickle.loads


encode_small, encode_large = encoding(SMALL, _coder), encoding(LARGE, _coder)
decode_small = decode_small_with_extra_allowed = decoding(SMALL, _coder)
decode_large = decode_large_with_extra_allowed = decoding(LARGE, _coder)
