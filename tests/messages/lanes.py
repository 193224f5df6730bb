"""A codec that goes both lanes at each call and holds one to the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from trioharness._errors import CodecError
from trioharness.messages import Codec

if TYPE_CHECKING:
    from typing_extensions import TypeForm

T = TypeVar("T")
ResultT = TypeVar("ResultT")


class BothLanes(Generic[T]):
    """Has the methods of `Codec`; both lanes have to give the same, or refuse it the same way."""

    def __init__(self, form: TypeForm[T], **options: Any) -> None:
        self.passes_over = options.get("extra") == "allow"
        self.auto = Codec(form, **options)
        self.cattrs = Codec(form, **options, lane="cattrs")

    def __repr__(self) -> str:
        return repr(self.auto)

    def encode(self, msg: T) -> bytes:
        # Fields may stand in another order: what counts is what is read.
        self._same(lambda codec: self.cattrs.decode(codec.encode(msg)))
        return self.auto.encode(msg)

    def decode(self, data: bytes) -> T:
        return self._same(lambda codec: codec.decode(data))

    def dump(self, msg: T) -> tuple[str, int, bytes]:
        self._same(lambda codec: self.cattrs.load(*codec.dump(msg)))
        return self.auto.dump(msg)

    def load(self, name: str, version: int, payload: bytes) -> T:
        return self._same(lambda codec: codec.load(name, version, payload))

    def copy(self, msg: T) -> T:
        return self._same(lambda codec: codec.copy(msg))

    def to_builtins(self, msg: T) -> dict[str, object]:
        return self._same(lambda codec: codec.to_builtins(msg))

    def from_builtins(self, obj: object) -> T:
        return self._same(lambda codec: codec.from_builtins(obj))

    def explain(self) -> str:
        return self.auto.explain()

    def _same(self, call: Callable[[Codec[T]], ResultT]) -> ResultT:
        outcomes = [outcome(call, codec) for codec in (self.auto, self.cattrs)]
        one, other = outcomes
        if isinstance(one, Exception):
            assert (type(one), str(one)) == (type(other), str(other))
            raise one
        assert one == other, f"fast: {one!r}, cattrs: {other!r}"
        return one


def outcome(call: Callable[[Codec[T]], ResultT], codec: Codec[T]) -> ResultT | CodecError:
    try:
        return call(codec)
    except CodecError as error:
        return error
