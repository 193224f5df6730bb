"""A kept run as pictures: bars of ratios, curves of cost over size, percentiles of latencies.

Everything is drawn from a `SavedRun`, so that a file says all that a picture shows. matplotlib does
the drawing; it is asked for when a picture is, and not before.
"""

# What matplotlib says of its own types has parts without any.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from bench._model import OURS
from bench._sample import ToolMissingError
from bench._saved import SavedGroup, SavedRow, SavedRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

COLOURS: Final = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#777777")
"""Told apart by those who see few colours as well (Paul Tol's bright scheme)."""
OURS_COLOUR: Final = "#117733"
_PALE: Final = "#888888"
_WIDTH: Final = 8.0
"""Of a picture, in inches."""
_BAR: Final = 0.24
"""Height of a bar, in inches."""
_SETTINGS: Final[dict[Any, Any]] = {
    "svg.hashsalt": "trioharness",  # or the same picture differs from run to run
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
}
PERCENTS: Final = ("p50", "p90", "p99", "p99.9", "p100")


@attrs.frozen
class Chart:
    """One picture, not drawn yet."""

    name: str
    """Of its files, without what they end with."""
    title: str
    size: tuple[float, float]
    """Width and height, in inches."""
    draw: Callable[[Axes], None]


Bars: TypeAlias = Sequence[tuple[SavedRow, Sequence[str]]]
"""Rows with the rivals that have a bar in each."""


def check_charts() -> None:
    """Raise `ToolMissingError`, which says how to get it, where there is no matplotlib."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ToolMissingError(
            "needs the package 'matplotlib', which is not installed (pip install --group charts)"
        )


def charts_of(run: SavedRun) -> Iterator[Chart]:
    """Yield the pictures that there are to draw of a run."""
    for group in run.groups:
        yield from _ratio_charts(group)
        yield from _curve_charts(group)
        yield from _latency_charts(group)


def write_charts(
    run: SavedRun, folder: Path, kinds: Sequence[str] = ("svg", "png")
) -> dict[str, Path]:
    """Draw all pictures of a run.

    Args:
        run: What was measured.
        folder: Where to put them; it is made if it is not there.
        kinds: The kinds of files to write of each.

    Returns:
        The first file of each, by the name of its chart.

    Raises:
        OSError: They cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return {chart.name: _write(chart, run, folder, kinds) for chart in charts_of(run)}


def _write(chart: Chart, run: SavedRun, folder: Path, kinds: Sequence[str]) -> Path:
    import matplotlib as mpl  # noqa: PLC0415 - see above
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=chart.size, layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(chart.title)
        chart.draw(axes)
        _sign(figure, run)
        files = [folder / f"{chart.name}.{kind}" for kind in kinds]
        for file in files:
            # No date in it, so that what has not changed does not look changed.
            dateless = {"Date": None} if file.suffix == ".svg" else {"Software": None}
            figure.savefig(file, dpi=150, metadata=dateless)
    return files[0]


def _sign(figure: Figure, run: SavedRun) -> None:
    machine = run.machine
    said = f"{run.effort.name} run of up to {run.effort.rounds} rounds, {machine.python}"
    said += f", {machine.processors} x {machine.processor}, commit {machine.commit or 'unknown'}"
    figure.supxlabel(said, x=0.01, ha="left", fontsize=6.5, color=_PALE)


def _ratio_charts(group: SavedGroup) -> Iterator[Chart]:
    rows = [row for row in group.rows if row.baseline is not None and row.point is None]
    bars = [(row, _with_bars(row)) for row in rows]
    bars = [(row, rivals) for row, rivals in bars if rivals]
    if not bars:
        return
    count = sum(len(rivals) + 1 for _, rivals in bars)
    yield Chart(
        name=group.name,
        title=f"{group.name}: how many times as good as the baseline of each row",
        size=(_WIDTH, 0.9 + _BAR * count),
        draw=partial(_draw_bars, bars=bars),
    )


def _with_bars(row: SavedRow) -> list[str]:
    """Return the rivals of a row that have a ratio, ours first."""
    rivals = [name for name, it in row.rivals.items() if it.ratio is not None]
    others = [name for name in rivals if name not in (row.baseline, OURS)]
    return [*([OURS] if OURS in rivals else []), *others]


def _draw_bars(axes: Axes, bars: Bars) -> None:
    """Draw a block of bars for each row, on a scale on which twice and half are as far from 1."""
    top = 0.0
    ticks: list[float] = []
    labels: list[str] = []
    for row, rivals in bars:
        top += 1
        axes.text(
            0, top, f"{row.name} / {row.baseline}", transform=axes.get_yaxis_transform(),
            va="center", fontweight="bold", fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip
        for rival in rivals:
            top += 1
            _draw_bar(axes, row, rival, top)
            ticks.append(top)
            labels.append(rival)
    axes.set_yticks(ticks, labels)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(top + 0.8, 0.2)
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel(
        "ratio; | must, : aim; whiskers from the 10th to the 90th percentile", fontsize=8
    )
    _plain_numbers(axes)


def _draw_bar(axes: Axes, row: SavedRow, rival: str, at: float) -> None:
    ratio = row.rivals[rival].ratio
    assert ratio is not None
    colour = OURS_COLOUR if rival == OURS else _PALE
    axes.barh(at, ratio.median - 1, left=1, height=0.72, color=colour)
    axes.plot([ratio.low, ratio.high], [at, at], color="black", linewidth=0.8)
    goals = [goal for goal in row.goals if goal.against == row.baseline and rival == OURS]
    marks = [(goal.must, "-") for goal in goals]
    marks += [(goal.stretch, ":") for goal in goals if goal.stretch is not None]
    for value, style in marks:
        axes.plot([value] * 2, [at - 0.45, at + 0.45], style, color="#cc3311")
    axes.annotate(
        f"{ratio.median:.3g}", (max(ratio.high, 1, *(value for value, _ in marks)), at),
        xytext=(4, 0), textcoords="offset points", va="center", fontsize=7.5,
    )  # fmt: skip


def _curve_charts(group: SavedGroup) -> Iterator[Chart]:
    curves: dict[str, list[SavedRow]] = {}
    for row in group.rows:
        if row.point is not None:
            curves.setdefault(row.point.curve, []).append(row)
    for curve, rows in curves.items():
        yield Chart(
            name=f"{group.name}-{_file_name(curve)}",
            title=f"{curve}: what one costs, over how many or how large",
            size=(_WIDTH, 4.2),
            draw=partial(_draw_curves, rows=rows),
        )


def _draw_curves(axes: Axes, rows: Sequence[SavedRow]) -> None:
    first = rows[0].point
    assert first is not None
    lines: dict[str, list[tuple[float, float, float, float]]] = {}
    for row in rows:
        assert row.point is not None
        for name, rival in row.rivals.items():
            if rival.figure is not None:
                figure = rival.figure
                of_rival = lines.setdefault(name, [])
                of_rival.append((row.point.x, figure.median, figure.low, figure.high))
    for name, points in lines.items():
        xs, middle, low, high = zip(*sorted(points), strict=True)
        colour = _colour(name, [*lines])
        axes.plot(xs, middle, marker="o", markersize=3.5, color=colour, label=name)
        axes.fill_between(xs, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(first.of)
    axes.set_ylabel(rows[0].unit)
    axes.grid(visible=True, which="major", alpha=0.25)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    _plain_numbers(axes)


def _latency_charts(group: SavedGroup) -> Iterator[Chart]:
    for row in group.rows:
        measured = {name: it.laps_ns for name, it in row.rivals.items() if it.laps_ns}
        # One for each gap beside a throughput would be too many; the file has them.
        if row.name.endswith(": gap"):
            continue
        if measured and set(PERCENTS) <= {*next(iter(measured.values()))[0]}:
            yield Chart(
                name=f"{group.name}-{_file_name(row.name)}-latency",
                title=f"{group.name}, {row.name}: how long at most, by percentile",
                size=(_WIDTH, 3.6),
                draw=partial(_draw_latencies, measured=measured),
            )


def _draw_latencies(axes: Axes, measured: Mapping[str, Sequence[Mapping[str, int]]]) -> None:
    for name, rounds in measured.items():
        middle = [median(laps[percent] for laps in rounds) / 1e3 for percent in PERCENTS]
        axes.plot(PERCENTS, middle, marker="o", markersize=3.5, color=_colour(name, [*measured]),
                  label=name)  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylabel("us, median of the rounds")
    axes.set_xticks(range(len(PERCENTS)), [*PERCENTS[:-1], "largest"])
    axes.grid(visible=True, which="major", axis="y", alpha=0.25)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    _plain_numbers(axes)


def _colour(name: str, names: Sequence[str]) -> str:
    others = [other for other in names if other != OURS]
    return OURS_COLOUR if name == OURS else COLOURS[others.index(name) % len(COLOURS)]


def _plain_numbers(axes: Axes) -> None:
    """Write 0.5, 1, 10 and 1,000 on scales of powers, not powers of ten."""
    from matplotlib.ticker import FuncFormatter, NullFormatter  # noqa: PLC0415 - see above

    def said(value: float, _position: int | None) -> str:
        return f"{value:,.0f}" if value >= 10 else f"{value:g}"

    for axis, scale in ((axes.xaxis, axes.get_xscale()), (axes.yaxis, axes.get_yscale())):
        if scale == "log":
            axis.set_major_formatter(FuncFormatter(said))
            axis.set_minor_formatter(FuncFormatter(said) if _is_short(axis) else NullFormatter())


def _is_short(axis: Axis) -> bool:
    """Say whether a scale has less than two powers of ten, and needs numbers in between."""
    low, high = sorted(axis.get_view_interval())
    return high < 100 * low


def _file_name(words: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in words.lower()).strip("-")
