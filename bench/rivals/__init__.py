"""The rivals: one small module (or package) each, with one function for each work it does.

All functions of one name do the same work, have the form of `bench._sample.Workload` and check
their sums. A module imports its library at the top; where that is not installed the rival is
reported as missing. A rival that is no Python library raises `RivalMissingError` at import, and
says there how to get it.
"""

from __future__ import annotations

import importlib
from typing import cast

from bench._sample import Workload


class RivalMissingError(Exception):
    """A rival cannot take part on this machine; the message says why, and how to get it."""


def module_of(rival: str) -> str:
    """Return the full name of the module of `rival`."""
    return f"{__name__}.{rival}"


def load_workload(rival: str, workload: str) -> Workload:
    """Return the function `workload` of the module of `rival`.

    Raises:
        RivalMissingError: A library of its is not installed.
        AttributeError: The module has no such function.
    """
    try:
        module = importlib.import_module(module_of(rival))
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(__name__):
            raise
        raise RivalMissingError(
            f"needs the package {error.name!r}, which is not installed"
        ) from error
    return cast("Workload", getattr(module, workload))
