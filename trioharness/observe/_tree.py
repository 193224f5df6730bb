"""A supervision tree as text: who is under whom, and how they are.

    shop (one_for_one)
    ├── db      ready
    ├── parse   ready, degraded, incarnation 3, 2 restarts: back for only 4 s: ValueError: 7
    ├── index   parked, down, incarnation 6, 5 restarts: after more than 5 restarts in 60 s; ...
    └── pool    ready (rest_for_one)
        ├── a   ready
        └── b   starting: for the first time

Data in, text out: who looks at the supervisors is no business of this module.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._events import State
from .._frozen import frozen
from ._format import one_line


@frozen
class ChildNode:
    """One child in a tree, as it was at one moment."""

    name: str
    path: str
    state: State
    incarnation: int
    """Which life it is, from 1; 0 before the first."""
    restarts: int
    """How often its supervisor decided to restart it."""
    condition: str
    """Its own health: ``"healthy"``, ``"degraded"`` or ``"down"``."""
    reason: str
    """What there is to say of its health; empty if nothing."""
    since: float | None = None
    """Since when that is so, in trio's time; None where nobody noted it."""
    last_error: str | None = None
    """Its last error in one line."""
    supervisors: tuple[SupervisorNode, ...] = ()
    """The supervisors that are open inside of it."""


@frozen(kw_only=True)
class SupervisorNode:
    """One supervisor with all that is under it, as it was at one moment; `str` draws it."""

    path: str
    strategy: str
    closing: str | None
    """Why it stops, once it does."""
    children: tuple[ChildNode, ...]
    """In start order."""

    def __str__(self) -> str:
        closing = "" if self.closing is None else f", stopping: {one_line(self.closing)}"
        return "\n".join([f"{self.path}{_way(self)}{closing}", *_drawn(_lines(self))])


_Line = tuple[str, str, str]
"""The lines of the tree, the name, and what is said of it."""


def _way(supervisor: SupervisorNode) -> str:
    return f" ({supervisor.strategy})"


def _drawn(lines: Iterator[_Line]) -> Iterator[str]:
    table = list(lines)
    width = max((len(branch) + len(name) for branch, name, _ in table), default=0)
    for branch, name, text in table:
        yield f"{f'{branch}{name}':<{width}}  {text}"


def _lines(supervisor: SupervisorNode, before: str = "") -> Iterator[_Line]:
    for child in supervisor.children:
        last = child is supervisor.children[-1]
        yield before + ("└── " if last else "├── "), one_line(child.name), _said(child)
        yield from _inside(child, before + ("    " if last else "│   "))


def _inside(child: ChildNode, before: str) -> Iterator[_Line]:
    for supervisor in child.supervisors:
        if supervisor.path == child.path:  # the child is all of it
            yield from _lines(supervisor, before)
            continue
        last = supervisor is child.supervisors[-1]
        name = one_line(supervisor.path.removeprefix(f"{child.path}/"))
        yield before + ("└── " if last else "├── "), name, _way(supervisor).strip()
        yield from _lines(supervisor, before + ("    " if last else "│   "))


def _said(child: ChildNode) -> str:
    facts = [str(child.state)]
    if child.condition != "healthy":
        facts.append(child.condition)
    if child.incarnation > 1:
        facts.append(f"incarnation {child.incarnation}")
    if child.restarts:
        facts.append(f"{child.restarts} restart{'s' if child.restarts > 1 else ''}")
    text = ", ".join(facts)
    for supervisor in child.supervisors:
        if supervisor.path == child.path:
            text += _way(supervisor)
    reason = child.reason.removeprefix(str(child.state)).lstrip(": ")
    remarks = [reason] if reason else []
    if child.last_error and child.last_error not in child.reason:
        remarks.append(f"last error {child.last_error}")
    return one_line(": ".join([text, "; ".join(remarks)]) if remarks else text)
