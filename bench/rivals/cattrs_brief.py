"""The fastest that cattrs is with orjson: without the path of what is wrong in its errors."""

from __future__ import annotations

from functools import partial

from bench._coding import LARGE, OTHER, SMALL, Order, Parcel, decoding, encoding
from bench.rivals.cattrs_orjson import coder_of

_brief = partial(coder_of, detailed_validation=False, prefer_attrib_converters=True)
_order, _parcel = partial(_brief, Order), partial(_brief, Parcel)

encode_small, encode_large = encoding(SMALL, _order), encoding(LARGE, _order)
decode_small = decode_small_with_extra_allowed = decoding(SMALL, _order)
decode_large = decode_large_with_extra_allowed = decoding(LARGE, _order)
encode_other, decode_other = encoding(OTHER, _parcel), decoding(OTHER, _parcel)
