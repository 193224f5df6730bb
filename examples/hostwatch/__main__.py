"""``python -m examples.hostwatch``: as ``trioharness run``, with the factory filled in."""

from __future__ import annotations

import sys

from trioharness.cli import main

if __name__ == "__main__":
    main(["run", "--factory", "examples.hostwatch:watch", *sys.argv[1:]])
