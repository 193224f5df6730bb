"""cattrs' converter for msgspec with its defaults, taught to read UUIDs and Decimals."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from cattrs.preconf.msgspec import make_converter

from bench._coding import LARGE, OTHER, SMALL, Coder, Order, Parcel, decoding, encoding


def _coder(form: Any) -> Coder:
    converter = make_converter()
    converter.register_structure_hook(UUID, lambda text, _: UUID(text))
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))

    def decode(data: bytes) -> Any:
        return converter.loads(data, form)

    return converter.dumps, decode


_order = partial(_coder, Order)
_parcel = partial(_coder, Parcel)

encode_small = encoding(SMALL, _order)
encode_large = encoding(LARGE, _order)
encode_other = encoding(OTHER, _parcel)
decode_small = decode_small_with_extra_allowed = decoding(SMALL, _order)
decode_large = decode_large_with_extra_allowed = decoding(LARGE, _order)
decode_other = decoding(OTHER, _parcel)
