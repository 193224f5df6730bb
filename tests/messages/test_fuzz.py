"""The fuzzer, for a bounded count; by hand: ``python -m tests.messages.fuzz 1000000``."""

from __future__ import annotations

from .fuzz import fuzz


def test_broken_bytes_only_raise_named_errors_in_flat_memory() -> None:
    outcomes = fuzz(6_000, seed=1).outcomes
    assert set(outcomes) == {"message", "DecodeError", "UnknownMessageError"}
    assert outcomes["message"] > 300
    assert outcomes["DecodeError"] > 3_000
