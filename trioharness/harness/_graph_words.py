"""What is said of the parts of a graph, the same in every drawing."""

from __future__ import annotations

import math

from ._graph_parts import GraphChannel, GraphMember, GraphSupervisor


def printable(text: str) -> str:
    r"""Return a text in one line, with what cannot be seen written as in a program: ``\n``.

    A drawing goes to terminals and files: control codes would repaint the one, and lone surrogates
    cannot be written to the other.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def title_of(member: GraphMember) -> str:
    """Return the name of a member, with how many copies there are, if several."""
    if isinstance(member, GraphSupervisor) or member.copies == 1:
        return member.name
    return f"{member.name} x {member.copies}"


def facts_of(member: GraphMember) -> list[str]:
    """Return what there is to say of a member itself, in words."""
    facts = [] if member.restart is None else [member.restart]
    if isinstance(member, GraphSupervisor):
        facts.append(member.strategy)
    if member.background:
        facts.append("background")
    return facts


def kind_of(channel: GraphChannel) -> list[str]:
    """Return what a channel is and carries: ``["requests of Ask", "answered with Reply"]``."""
    if channel.topic is not None:
        return [f"subscription of {channel.topic}"]
    facts = [f"{channel.kind} of {channel.message_type}"]
    if channel.reply_type is not None:
        facts.append(f"answered with {channel.reply_type}")
    return facts


def bounds_of(channel: GraphChannel) -> list[str]:
    """Return what a channel holds, in words: ``["holds 64", "wait", "3 deliveries"]``."""
    facts: list[str] = []
    size = channel.max_buffer_size
    if size is not None:
        facts.append("holds any number" if size == math.inf else f"holds {size:.0f}")
    if channel.overflow is not None:
        facts.append(channel.overflow)
    if channel.max_deliveries is not None:
        several = channel.max_deliveries > 1
        facts.append(f"{channel.max_deliveries} deliver{'ies' if several else 'y'}")
    if channel.exposed:
        facts.append("exposed")
    return facts
