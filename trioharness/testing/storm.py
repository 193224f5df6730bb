"""``python -m trioharness.testing.storm``: a million operations on our own channels, balanced.

Every size and every ``overflow``, with and without `max_deliveries`, each in several storms. For a
channel of your own call `trioharness.testing.run_storm`.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator, Sequence
from traceback import format_exception
from typing import Final

import attrs

from .._events import MessagesDropped
from ..channels import Overflow, open_channel
from ._storm import run_storm
from ._storm_books import StormReport

SIZES: Final = (0, 1, 64, math.inf)
OVERFLOWS: Final[tuple[Overflow, ...]] = (
    "wait",
    "drop_oldest",
    "drop_newest",
    "latest",
    "error",
)
DELIVERIES: Final = 3


@attrs.frozen
class Variant:
    """One kind of channel."""

    overflow: Overflow
    size: float
    max_deliveries: int | None

    def storm(self, seed: int, operations: int) -> StormReport:
        """Put a channel of this kind through one storm.

        Raises:
            AssertionError: The books do not balance, not every drop was told, or there were drops
                where there are none to be.
        """
        told: list[MessagesDropped] = []
        report = run_storm(
            lambda: open_channel(
                int,
                self.size,
                overflow=self.overflow,
                max_deliveries=self.max_deliveries,
                observer=told.append,
            ),
            seed=seed,
            operations=operations,
        )
        if sum(event.count for event in told) != report.dropped:
            raise AssertionError(f"the observer was told of {told}, but {report}")
        if report.dropped and self.overflow in {"wait", "error"}:
            raise AssertionError(f"such a channel drops nothing, but {report}")
        return report


def is_possible(overflow: Overflow, size: float) -> bool:
    """Say whether a channel of that size can have that overflow."""
    return overflow == "wait" or size == 1 or (overflow != "latest" and size != math.inf)


VARIANTS: Final = tuple(
    Variant(overflow, size, max_deliveries)
    for max_deliveries in (None, DELIVERIES)
    for overflow in OVERFLOWS
    for size in SIZES
    if is_possible(overflow, size)
)
"""Every kind of channel there is."""

COUNTED: Final = ("operations", "cancelled", "sent", "received", "dropped", "dead", "left")
HEADINGS: Final = ("overflow", "size", "deliveries", "storms", *COUNTED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the storms and print a table of what became of the messages.

    Args:
        arguments: Those of the command line.

    Returns:
        The exit code: 0, or 1 if a storm failed.
    """
    options = _parser().parse_args(arguments)
    begun = time.monotonic()
    rows: dict[Variant, list[StormReport]] = {variant: [] for variant in VARIANTS}
    failures: list[str] = []
    operations = -(-options.operations // options.storms)
    for seed in range(options.seed, options.seed + options.storms):
        variant = VARIANTS[seed % len(VARIANTS)]
        try:
            report = variant.storm(seed, operations)
        except Exception as error:  # noqa: BLE001 - it is told below; the other storms go on
            again = f"--storms=1 --operations={operations} --seed={seed}"
            failures += [f"{variant}; again with {again}:", *format_exception(error)]
        else:
            rows[variant].append(report)
    lines = [*_table(rows), *failures, f"in {time.monotonic() - begun:.0f} s"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trioharness.testing.storm",
        description="Put every kind of channel that open_channel makes through storms of cancels, "
        "closes and crashes, and print what became of the messages. Exit code 1 if any was lost, "
        "came twice or out of order, or was miscounted.",
    )
    parser.add_argument("--operations", type=_positive, default=1_000_000, help="in all, at least")
    parser.add_argument(
        "--storms", type=_positive, default=8 * len(VARIANTS), help="over which they are spread"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the first storm, which says of what kind it is"
    )
    return parser


def _positive(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word} is not 1 or more")
    return number


def _table(rows: dict[Variant, list[StormReport]]) -> Iterator[str]:
    """Yield the lines of the table, with the sum of all last."""
    yield _line(*HEADINGS)
    for variant, reports in rows.items():
        if reports:
            deliveries = variant.max_deliveries or "-"
            yield _line(variant.overflow, variant.size, deliveries, *_sums(reports))
    yield _line("all", "", "", *_sums([report for reports in rows.values() for report in reports]))


def _sums(reports: Sequence[StormReport]) -> list[int]:
    return [len(reports), *(sum(getattr(r, name) for r in reports) for name in COUNTED)]


def _line(*cells: object) -> str:
    first, *others = map(str, cells)
    return f"{first:<11}" + "".join(f"{cell:>11}" for cell in others)


if __name__ == "__main__":  # pragma: no branch - it is run, not imported
    sys.exit(main())
