"""cattrs' converter for orjson with its defaults, taught UUIDs and Decimals, which it lacks."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from cattrs.preconf.orjson import OrjsonConverter, make_converter
from cattrs.strategies import configure_tagged_union

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


def converter_of(**options: Any) -> OrjsonConverter:
    """Return cattrs' converter for orjson, taught what it lacks."""
    converter = make_converter(**options)
    converter.register_structure_hook(UUID, lambda text, _: UUID(text))
    converter.register_unstructure_hook(UUID, str)
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    converter.register_unstructure_hook(Decimal, str)
    return converter


def coder_of(form: Any, **options: Any) -> Coder:
    """Return how it encodes and decodes a class."""
    converter = converter_of(**options)

    def decode(data: bytes) -> Any:
        return converter.loads(data, form)

    return converter.dumps, decode


def _tagged() -> Coder:
    converter = converter_of()
    union: Any = Order | Cancel
    configure_tagged_union(union, converter)

    def encode(message: Any) -> bytes:
        return converter.dumps(message, unstructure_as=union)

    def decode(data: bytes) -> Any:
        return converter.loads(data, union)

    return encode, decode


_order = partial(coder_of, Order)
_parcel = partial(coder_of, Parcel)
_bundle = partial(coder_of, Bundle)

encode_small = encoding(SMALL, _order)
encode_large = encoding(LARGE, _order)
encode_other = encoding(OTHER, _parcel)
encode_union = encoding(UNION, _tagged)
decode_small = decode_small_with_extra_allowed = decoding(SMALL, _order)
decode_large = decode_large_with_extra_allowed = decoding(LARGE, _order)
decode_other = decoding(OTHER, _parcel)
decode_union = decoding(UNION, _tagged)
encode_sized = encoding_sized(_bundle)
decode_sized = decoding_sized(_bundle)
