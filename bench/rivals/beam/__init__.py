"""Erlang/OTP on its own machine, the BEAM: each sample is a process, from its start to its end.

It copies what it sends and lets any number of messages wait; we pass references and make the
sender wait. It has one scheduler, as trio has one thread, and its schedulers do not spin.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from functools import cache, partial
from pathlib import Path

from bench._sample import Clock, Sample, Workload
from bench._whole import whole_process
from bench.rivals import RivalMissingError

_SOURCE = Path(__file__).with_name("bench_beam.erl")
_FLAGS = ("+S", "1", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none", "-noinput")

_ERL, _ERLC = shutil.which("erl"), shutil.which("erlc")
if _ERL is None or _ERLC is None:
    raise RivalMissingError(
        "needs Erlang/OTP (Debian, Ubuntu: apt-get install erlang-base; others: erlang.org)"
    )


@cache
def compiled(erlc: str) -> str:
    """Compile the program, and return the folder it is in, which goes with this process."""
    folder = tempfile.mkdtemp(prefix="bench-beam-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run([erlc, "-o", folder, str(_SOURCE)], check=True)
    return folder


def _program(erl: str, erlc: str, work: str) -> Workload:
    def run(size: int, clock: Clock) -> Sample:
        program = ("-pa", compiled(erlc), "-s", "bench_beam", "main", work, str(size))
        return whole_process([erl, *_FLAGS, *program], size, clock)

    return run


_work = partial(_program, _ERL, _ERLC)

whole_one_by_one = whole_batches_of_100 = whole_batches_of_1000 = _work("messages")
whole_casts, whole_calls, whole_children = _work("casts"), _work("calls"), _work("children")
