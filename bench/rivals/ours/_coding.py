"""Our codec, as it comes."""

from __future__ import annotations

from functools import partial
from typing import Any

import trioharness as th
from bench._coding import (
    LARGE,
    OTHER,
    SMALL,
    UNION,
    Bundle,
    Cancel,
    Coder,
    Order,
    Parcel,
    decoding,
    decoding_sized,
    encoding,
    encoding_sized,
)


def _coder(form: Any, **options: Any) -> Coder:
    codec: th.Codec[Any] = th.Codec(form, **options)
    return codec.encode, codec.decode


_order = partial(_coder, Order)
_allowing = partial(_coder, Order, extra="allow")
_parcel = partial(_coder, Parcel)
_bundle = partial(_coder, Bundle)
_union = partial(_coder, Order | Cancel)

encode_small = encoding(SMALL, _order)
encode_large = encoding(LARGE, _order)
encode_other = encoding(OTHER, _parcel)
encode_union = encoding(UNION, _union)
decode_small = decoding(SMALL, _order)
decode_large = decoding(LARGE, _order)
decode_other = decoding(OTHER, _parcel)
decode_union = decoding(UNION, _union)
decode_small_with_extra_allowed = decoding(SMALL, _allowing)
decode_large_with_extra_allowed = decoding(LARGE, _allowing)
encode_sized = encoding_sized(_bundle)
decode_sized = decoding_sized(_bundle)
