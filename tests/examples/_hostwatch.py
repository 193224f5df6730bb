"""What the tests of `hostwatch` share: a host that is made of files."""

from __future__ import annotations

from pathlib import Path

STAT = """\
cpu  100 20 30 1000 50 1 2 3 0 0
cpu0 50 10 15 500 25 1 1 2 0 0
cpu1 50 10 15 500 25 0 1 1 0 0
ctxt 12345
"""

MEMINFO = """\
MemTotal:        1000 kB
MemFree:          100 kB
MemAvailable:     250 kB
SwapTotal:          0 kB
SwapFree:           0 kB
"""

DISKSTATS = """\
   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0
 254       0 vda 100 2 2048 30 50 6 4096 8 0 9 10 0 0 0 0
"""

NET = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo: 1000 10 0 0 0 0 0 0 1000 10 0 0 0 0 0 0
  eth0:2000 20 0 0 0 0 0 0 3000 30 0 0 0 0 0 0
"""


def make_proc(folder: Path) -> Path:
    """Write what `hostwatch` reads of ``/proc``, with three processes."""
    proc = folder / "proc"
    (proc / "net").mkdir(parents=True)
    (proc / "stat").write_text(STAT)
    (proc / "meminfo").write_text(MEMINFO)
    (proc / "diskstats").write_text(DISKSTATS)
    (proc / "net" / "dev").write_text(NET)
    for pid, name, state in ((1, "init", "S"), (22, "a) R (b", "Z"), (333, "sh", "R")):
        (proc / str(pid)).mkdir()
        (proc / str(pid) / "stat").write_text(f"{pid} ({name}) {state} 0 1 1 0 -1 4194560\n")
    (proc / "44").mkdir()  # one that ends between the listing and the look
    return proc
