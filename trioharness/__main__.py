"""``python -m trioharness`` is the command ``trioharness``."""

from .cli import main

if __name__ == "__main__":  # pragma: no branch - it is run, not imported
    main(prog_name="trioharness")
