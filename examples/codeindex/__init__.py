"""Indexes the Python files of source trees: lines, functions, classes and imports, into SQLite.

::

    trioharness run examples.codeindex:app                         # this Python's standard library
    trioharness run --factory examples.codeindex:index TREE...     # any folders
    sqlite3 codeindex.sqlite3 "SELECT path, line FROM symbols WHERE name = 'urlopen'"

The index is ``codeindex.sqlite3`` in the current folder, or the file named by the environment
variable ``CODEINDEX_DATABASE``; each run begins it anew. Dead letters go into a file beside it,
``codeindex.dead.jsonl``. ``CODEINDEX_COPIES`` says how many components parse; by default one more
than there are cores.

::

    walk ── SourceFile ──> parse (several) ── Outline ──> store
                                                            │ needs
                           report ────── needs ──────> database

There is no error handling between these files, and none is forgotten. A file that cannot be read
or parsed crashes `parse`; its message is delivered again, and after three deliveries it is a dead
letter, which the report lists with its reason. A crash loses nothing: what was in hand comes
again, and what comes twice is stored over itself. Ctrl-C drains: what was sent is stored, and the
report says what was left.

`app` adds six files that break in six ways, ``hard_cases``, to the standard library.
"""

from __future__ import annotations

from .app import app as app
from .app import build as build
from .app import index as index
