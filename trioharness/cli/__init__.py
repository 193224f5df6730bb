"""The command line: ``trioharness run module:attr``."""

from ._main import main as main
