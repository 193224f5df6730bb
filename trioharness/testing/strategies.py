"""Strategies of hypothesis: messages, supervision trees and fault plans, for properties.

A property calls `trioharness.testing.run` in each example, which gives it a run and a clock of its
own. It needs hypothesis: ``pip install 'trioharness[testing]'``.
"""

try:
    from ._message_strategies import messages
    from ._plan_strategies import FaultPlan, fault_plans
    from ._tree_strategies import trees
except ModuleNotFoundError as _error:
    if _error.name != "hypothesis":
        raise  # pragma: no cover - something else is missing of the installation
    raise ImportError(
        "trioharness.testing.strategies needs hypothesis; pip install 'trioharness[testing]'"
    ) from _error

__all__ = ["FaultPlan", "fault_plans", "messages", "trees"]
