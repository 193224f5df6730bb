"""What every supervisor tells about itself, whatever it starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic

import attrs
import trio
from typing_extensions import TypeVar

from .._errors import ChildNotFound
from ..observe import SupervisorNode
from ..rules import SupervisorHealth
from ._child import Child, handle_of
from ._engine import Engine
from ._starting import settled
from ._states import RUNNING
from ._view import find_record, health_and_tree, health_of_tree, tree_of

V_co = TypeVar("V_co", covariant=True, default=Any)
"""What the children give when they are ready. With a default: who only takes a supervisor need not
write what it is of."""


@attrs.frozen(kw_only=True)
class SupervisorStatistics:
    """What one supervisor has under it just now."""

    children: int
    """Children it knows, running or not."""
    running: int
    """Children whose code runs."""
    restarts: int
    """Restarts that were decided for the children it knows."""


class AnySupervisor(Generic[V_co]):
    """What `Supervisor` and `PoolSupervisor` have in common: how to look at them."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def path(self) -> str:
        """Its path in the tree, names of supervisors and children joined by ``/``."""
        return self._engine.path

    @property
    def cancel_scope(self) -> trio.CancelScope:
        """The scope of its block; cancelling it stops the children in reverse start order.

        Those of a pool are told all at once.
        """
        return self._engine.body_scope

    @property
    def is_ending(self) -> bool:
        """Whether it takes no more children: it drains, stops, gave up or has ended."""
        return self._engine.takes_no_more

    @property
    def children(self) -> Mapping[str, Child[V_co]]:
        """The children it knows, by name, in start order; a copy."""
        return {name: handle_of(record) for name, record in self._engine.records.items()}

    def find(self, path: str) -> Child[Any]:
        """Return a child at any depth, as things are at this moment.

        Args:
            path: Its path, as in the tree and in the log, or that without the path of this
                supervisor: ``"workers/parse"`` for ``"shop/workers/parse"``.

        Raises:
            ChildNotFound: There is none of that path.
        """
        engine = self._engine
        absolute = f"{engine.path}/{path}"
        record = find_record(engine, absolute) or find_record(engine, path)
        if record is None:
            raise ChildNotFound(absolute)
        return handle_of(record)

    @property
    def overran(self) -> tuple[str, ...]:
        """Paths of the children that outlived their grace or that of a drain, so far."""
        return tuple(self._engine.overran)

    @property
    def unclean(self) -> tuple[str, ...]:
        """Paths of the children whose clean-up raised while they were being stopped, so far."""
        return tuple(dict.fromkeys(self._engine.unclean))

    def statistics(self) -> SupervisorStatistics:
        """Return its figures just now."""
        records = self._engine.records.values()
        return SupervisorStatistics(
            children=len(records),
            running=sum(record.state in RUNNING for record in records),
            restarts=sum(record.restarts for record in records),
        )

    def health(self) -> SupervisorHealth:
        """Say how the tree under it is just now: as bad as its worst child, and why.

        Children of supervisors that are open inside of its children are looked at too. Beside the
        condition it answers the three questions of probes: ``started``, ``ready`` and ``live``.

        Returns:
            The health, naming each child that is not healthy or was stopped by hand; text by `str`.
        """
        return health_of_tree(self._engine)

    def tree(self) -> SupervisorNode:
        """Return the tree under it as it is just now; ``str`` of it is a drawing.

        Returns:
            All children, with the supervisors that are open inside of them.
        """
        return tree_of(self._engine)

    def health_and_tree(self) -> tuple[SupervisorHealth, SupervisorNode]:
        """Return `health` and `tree` of one moment, at the cost of the tree alone."""
        return health_and_tree(self._engine)

    async def settled(self) -> None:
        """Wait until what is under way (a start, a stop, a restart) has been done.

        Raises:
            SupervisorClosed: The supervisor began to stop meanwhile.
            WouldDeadlock: A component that is itself being started or stopped asked for it.

        Cancellation:
            A checkpoint; nothing happens.
        """
        await settled(self._engine)
