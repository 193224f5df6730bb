"""Puts the application together."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import trioharness as th

from .aggregator import aggregate
from .alerter import Alerter
from .database import database
from .desk import desk
from .messages import Alerts, Ask, Sample, Window
from .proc import LOOKS
from .sampler import sample
from .settings import Settings
from .store import forget, store

PROBE = [sys.executable, "-P", str(Path(__file__).with_name("probe.py"))]
"""By its file, so that it runs wherever this was imported from; -P: not in the folder of it."""

QUEUE = 1024
MAX_DELIVERIES = 3
RETRIES = th.Backoff(0.1, 10)
HOUR = 3600.0


def watch(settings: Settings) -> th.Harness:
    """Describe the application; nothing is read or opened before it runs.

    Raises:
        th.ConfigurationError: Two limits are for one metric.
    """
    limits = {limit.metric: limit.above for limit in settings.limits}
    if len(limits) < len(settings.limits):
        raise th.ConfigurationError("limits", "two are for one metric", "keep one of them")
    dead_letters = settings.database.with_suffix(".dead.jsonl")
    app = th.Harness("hostwatch", grace=10, dead_letters=dead_letters)
    samples_out, samples = app.topic(Sample)
    windows_out, windows = app.topic(Window)
    client, requests = app.requests(Ask, Alerts, name="asks")

    db = app.add(database, settings.database)
    for name, topic in {"samples": samples, "windows": windows}.items():
        rows = topic.subscribe(QUEUE, max_deliveries=MAX_DELIVERIES, name=f"stored {name}")
        app.add(store, rows, name=f"store-{name}", needs={"database": db}, backoff=RETRIES)
    app.add(th.every(HOUR, forget), settings.keep, needs={"database": db}, backoff=RETRIES)

    taken = samples.subscribe(QUEUE, name="aggregated samples")
    app.add(partial(aggregate, seconds=settings.window), taken, windows_out)
    app.add(Alerter, windows.subscribe(QUEUE, name="compared windows"), requests, limits)
    app.add(desk, client, settings.port)

    # A part of the host that cannot be read again and again stays down, and the others go on.
    with app.supervisor("samplers", exhausted="park") as samplers:
        look_at = partial(sample, proc=settings.proc, period=settings.period)
        for part, look in LOOKS.items():
            samplers.add(look_at, look, samples_out, name=part, backoff=RETRIES)
    app.add(th.command(PROBE, ready_line="probing"), name="probe", restart="permanent")
    return app


app = watch(Settings())
