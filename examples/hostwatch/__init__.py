"""Watches this host: what ``/proc`` says becomes samples, windows and alerts, kept in SQLite.

::

    trioharness run examples.hostwatch:app                       # until Ctrl-C or kill -TERM
    python -m examples.hostwatch --set period=0.5 --set port=9217 --config hostwatch.toml
    python -m examples.hostwatch.ask 9217                        # which alerts are there?
    python -m examples.hostwatch.ask 9217 cpu.busy               # somebody has seen to this one
    sqlite3 hostwatch.sqlite3 "SELECT * FROM windows ORDER BY at DESC LIMIT 10"

::

    samplers ── Sample ──┬──> store samples ──────────────────┐
    (cpu, memory, ...)   └──> aggregate ── Window ──┬──> store windows ── need ──> database
                                                    └──> alert <── Ask, Alerts ── desk <── TCP
    probe (a program of its own, whose output is in the log)

Arrows into two are topics, the others channels. What one part of the host does not have, such as
disks in a container, is said in one line, and the rest is watched. `settings` says what can be
set, in a file, in variables and with ``--set``.

A kill -TERM drains: the samplers stop, what they have sent becomes rows and windows, and the
receipt says how many; the database then holds just as many rows. A sample that comes twice, since
the store crashed before it had acknowledged it, is stored over itself. Run with ``--control FILE``,
it can be steered as it works: ``trioharness ctl restart store-samples --control FILE`` loses
nothing, nor does that of any other component.
"""

from __future__ import annotations

from .app import app as app
from .app import watch as watch
