"""The life of a component, to be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._lifecycle_graph import Lifecycle


def lifecycle() -> Lifecycle:
    """Return the states of a component and what leads from one to the next.

    Returns:
        The table that runs, as something that draws itself as text, for mermaid and for Graphviz.
    """
    from ._lifecycle_graph import Lifecycle  # noqa: PLC0415 - as for `Harness.graph`

    return Lifecycle()
