"""Reads ``/proc``. Each function makes one look at one part of the host; all of them block."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import attrs

SECTOR: Final = 512
"""Bytes, to ``/proc/diskstats``, whatever the disk has."""


@attrs.frozen(kw_only=True)
class Reading:
    """What one look shows, by metric."""

    levels: Mapping[str, float] = attrs.field(factory=dict[str, float])
    """What counts as it is."""
    totals: Mapping[str, float] = attrs.field(factory=dict[str, float])
    """What has added up since the host was started, of which the growth per second counts."""


Look: TypeAlias = Callable[[Path], Reading]


def cpu(proc: Path) -> Reading:
    """Percent of all cores that are busy, and that wait for a disk with nothing else to do."""
    lines = (proc / "stat").read_text(encoding="ascii").splitlines()
    user, nice, system, _, waiting, irq, softirq, stolen = map(int, lines[0].split()[1:9])
    cores = sum(line.startswith("cpu") for line in lines) - 1
    percent = 100 / (os.sysconf("SC_CLK_TCK") * cores)
    busy = user + nice + system + irq + softirq + stolen
    return Reading(totals={"cpu.busy": percent * busy, "cpu.waiting": percent * waiting})


def memory(proc: Path) -> Reading:
    """Percent of the memory, and of the swap space where there is any, that is in use."""
    lines = (proc / "meminfo").read_text(encoding="ascii").splitlines()
    sizes = {
        name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)
    }
    levels = {"memory.used": _share_used(sizes["MemAvailable"], sizes["MemTotal"])}
    if sizes["SwapTotal"]:
        levels["memory.swapped"] = _share_used(sizes["SwapFree"], sizes["SwapTotal"])
    return Reading(levels=levels)


def disks(proc: Path) -> Reading:
    """Bytes per second that each disk and partition that was ever used reads and writes."""
    totals: dict[str, float] = {}
    for line in (proc / "diskstats").read_text(encoding="utf-8").splitlines():
        _, _, name, _, _, read, _, _, _, written, *_ = line.split()
        if read != "0" or written != "0":
            totals[f"disk.{name}.read"] = SECTOR * int(read)
            totals[f"disk.{name}.written"] = SECTOR * int(written)
    return Reading(totals=totals)


def network(proc: Path) -> Reading:
    """Bytes per second that each network interface receives and sends."""
    totals: dict[str, float] = {}
    for line in (proc / "net" / "dev").read_text(encoding="utf-8").splitlines()[2:]:
        name, _, figures = line.strip().rpartition(":")
        received, _, _, _, _, _, _, _, sent, *_ = map(int, figures.split())
        totals[f"network.{name}.received"] = received
        totals[f"network.{name}.sent"] = sent
    return Reading(totals=totals)


def processes(proc: Path) -> Reading:
    """How many processes there are, and how many of them run or have ended unnoticed."""
    states = Counter(_states(proc))
    return Reading(
        levels={
            "processes.all": states.total(),
            "processes.running": states["R"],
            "processes.zombies": states["Z"],
        }
    )


LOOKS: Final[Mapping[str, Look]] = {
    look.__name__: look for look in (cpu, memory, disks, network, processes)
}
"""The parts of the host, by name."""


def _share_used(free: int, total: int) -> float:
    return 100 * (1 - free / total)


def _states(proc: Path) -> Iterator[str]:
    for folder in proc.iterdir():
        if folder.name.isdecimal():
            text = ""
            # It may end between the listing and the look.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            # The name stands in parentheses, and may have any in it.
            yield from text.rpartition(") ")[2][:1]
