"""What mypy and pyright infer for settings; checked, never run."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import attrs

import trioharness as th


@attrs.frozen
class Settings:
    port: int = 80


def settings() -> None:
    assert_type(th.read_config(Settings), Settings)
    assert_type(th.read_config(Settings, Path("x"), env={}, flags={"port": "1"}).port, int)
    th.read_config(Settings, "x", prefix="SHOP_")
    th.read_config(Settings, 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    th.read_config(Settings, env={"A": 1})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    th.read_config(Settings())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
