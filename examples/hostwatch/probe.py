"""A program of its own: prints the load of this host, as ``vmstat`` would, for ever.

It stands for any program that is run and watched, written in whatever language; so it knows
nothing of the application that it is part of.
"""

from __future__ import annotations

import os
import sys
import time


def main(period: str = "10") -> None:
    """Print a line at once, and one each so many seconds."""
    print(f"probing every {period} s", flush=True)
    while True:
        print("load {:.2f} {:.2f} {:.2f}".format(*os.getloadavg()), flush=True)
        time.sleep(float(period))


if __name__ == "__main__":
    main(*sys.argv[1:])
