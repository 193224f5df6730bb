"""The twenty goals the project set itself for speed, and the rows that tell whether they are met.

Goals of one number belong together: one claim, held in several rows. How far each has to go is said
by the rows, see `bench._model.Goal`.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from bench._saved import SavedGoal, SavedRow, SavedRun


@attrs.frozen
class Claim:
    """One of the twenty: what is claimed, and where it is measured."""

    number: int
    about: str
    rows: tuple[str, ...]
    """``"group: row"``; ``"group: row / rival"`` where a row has goals of several claims."""


@attrs.frozen
class Held:
    """A goal of a row that a claim is measured by."""

    row: SavedRow
    goal: SavedGoal


CLAIMS = (
    Claim(
        1,
        "a typed and counted channel beside trio's, one by one",
        ("channels: one by one", "instructions: one by one"),
    ),
    Claim(
        2,
        "the same without room, and with ten producers or consumers",
        ("channels: without room", "channels: 10 producers", "channels: 10 consumers"),
    ),
    Claim(3, "ten producers into batches", ("channels: fan in",)),
    Claim(
        4,
        "batches beside one by one",
        (
            "channels: batches of 10 / raw_trio",
            "channels: batches of 100 / raw_trio",
            "channels: batches of 1,000 / raw_trio",
        ),
    ),
    Claim(
        5,
        "batches beside lists through a trio channel, by hand",
        (
            "channels: batches of 10 / trio_lists",
            "channels: batches of 100 / trio_lists",
            "channels: batches of 1,000 / trio_lists",
        ),
    ),
    Claim(6, "the turns of a neighbour beside batches", ("channels: neighbour",)),
    Claim(7, "one message to ten subscribers", ("topic: publish", "topic: publish many")),
    Claim(
        8,
        "calls beside a reply channel by hand",
        ("calls: 1 client / raw_trio", "calls: 10 clients / raw_trio"),
    ),
    Claim(
        9,
        "calls beside triotp",
        ("calls: 1 client / triotp", "calls: 10 clients / triotp", "calls: casts"),
    ),
    Claim(
        10,
        "the codec beside cattrs with orjson",
        (
            "codec: encode",
            "codec: decode",
            "codec: decode, extra allowed",
            "codec: encode 10 kB",
            "codec: decode 10 kB",
            "codec: decode 10 kB, extra allowed",
        ),
    ),
    Claim(
        11,
        "classes that cattrs has to deal with, beside the best of its converters",
        ("codec: encode another class", "codec: decode another class"),
    ),
    Claim(
        12,
        "unions by tag beside cattrs' tagged unions",
        ("codec: encode a union", "codec: decode a union"),
    ),
    Claim(
        13,
        "envelopes and batches beside bare payloads",
        (
            "frames: envelope, encode",
            "frames: envelope, decode",
            "frames: batch, encode",
            "frames: batch, decode",
        ),
    ),
    Claim(
        14,
        "over a socket, beside a frame for each message",
        ("frames: socket, frames together", "frames: socket, batches"),
    ),
    Claim(
        15,
        "children up, beside nursery.start and triotp",
        ("supervision: 1,000 up", "growth: up: 10,000 children"),
    ),
    Claim(16, "children down, beside a bare cancel and triotp", ("supervision: 1,000 down",)),
    Claim(17, "memory of a child", ("supervision: memory",)),
    Claim(18, "from crash to running again", ("restart: latency",)),
    Claim(19, "beside the BEAM, as whole processes", ("beam: ",)),
    Claim(20, "import, and a harness at rest", ("imports: ", "supervision: idle", "harness: idle")),
)


def held_by(claim: Claim, run: SavedRun) -> Iterator[Held]:
    """Yield the goals that a claim is measured by, as far as the run has them."""
    for group in run.groups:
        for row in group.rows:
            for goal in row.goals:
                names = (f"{group.name}: {row.name}", f"{group.name}: ")
                if any(_holds(place, names, goal) for place in claim.rows):
                    yield Held(row, goal)


def _holds(place: str, names: tuple[str, str], goal: SavedGoal) -> bool:
    named, _, against = place.partition(" / ")
    return named in names and against in ("", goal.against)
