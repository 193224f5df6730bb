"""Each exit code of docs/application.md, by real processes: the parent is told what ended one."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import attrs
import pytest

from tests.cli.conftest import Write
from tests.harness._process import HARNESS, ROOT, running

SHOP = """
    import contextlib, trio, trio.testing

    async def work():
        await trio.lowlevel.checkpoint()

    async def crash():
        await trio.lowlevel.checkpoint()
        raise OSError("disk full")

    async def fail(*, task_status):
        await trio.lowlevel.checkpoint()
        raise OSError("no database")

    async def wait():
        await trio.testing.wait_all_tasks_blocked()  # then all has started
        print("waiting", flush=True)
        await trio.sleep_forever()

    async def late():
        await trio.testing.wait_all_tasks_blocked()  # then all has started
        print("waiting", flush=True)
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)

    async def deaf():
        await trio.testing.wait_all_tasks_blocked()  # then all has started
        print("waiting", flush=True)
        while True:
            with contextlib.suppress(trio.Cancelled):
                await trio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def unclean():
        yield
        raise OSError("cannot flush")

    def app(*components, **options):
        made = th.Harness("shop", max_restarts=1, **options)
        for component in components:
            made.add(component, grace=0.1)
        return made

    done, gives_up, fails = app(work), app(crash), app(fail)
    leaves_dirt, waits = app(unclean, work), app(wait)
    overruns, never_ends = app(late, grace=0.5), app(deaf, grace=0.1)

    refused = th.Harness("shop")
    refused.add(work, 1)
"""


@attrs.frozen(kw_only=True)
class Ending:
    """One way to end."""

    row: str
    """The row of the table in docs/application.md that it is of."""
    code: int
    words: tuple[str, ...]
    told: signal.Signals | None = None
    """The signal that it is sent when it waits."""
    says: str
    """What stands on its last line, or before its receipt."""


BY_SIGNAL = "by a signal"

ENDINGS = (
    Ending(row="0", code=0, words=("run", "shop:done"), says="'shop' done after"),
    Ending(row="0", code=0, words=("check", "shop:done"), says=""),
    Ending(row="1", code=1, words=("run", "shop:gives_up"), says="supervisor 'shop' gave up"),
    Ending(row="1", code=1, words=("run", "shop:leaves_dirt"), says="raised while it was stopped"),
    Ending(row="2", code=2, words=("run", "shop:nobody"), says="there is no 'nobody' in 'shop'"),
    Ending(row="2", code=2, words=("run", "shop:refused"), says="nothing was started"),
    Ending(row="2", code=2, words=("run",), says="Missing argument"),
    Ending(row="3", code=3, words=("run", "shop:fails"), says="'shop/fail' could not start"),
    Ending(
        row="4",
        code=4,
        words=("run", "shop:overruns"),
        told=signal.SIGTERM,
        says="'shop/late' outlived its grace",
    ),
    Ending(
        row="4",
        code=4,
        words=("run", "shop:never_ends"),
        told=signal.SIGTERM,
        says="is left as it is",
    ),
    *(
        Ending(
            row=BY_SIGNAL,
            code=-number,
            words=("run", "shop:waits"),
            told=number,
            says="'shop' drained after",
        )
        for number in (signal.SIGTERM, signal.SIGINT)
    ),
)


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda e: f"{e.row}-{'-'.join(e.words)}")
def test_the_parent_is_told_what_ended_it(write: Write, tmp_path: Path, ending: Ending) -> None:
    write("shop.py", SHOP)
    with running(*HARNESS, *ending.words, cwd=tmp_path) as process:
        if ending.told is not None:
            process.wait_for("waiting")
            process.tell(ending.told)
        assert process.ends() == ending.code, process.stderr
    assert ending.says in process.stderr
    assert "Traceback" not in process.stderr


def test_each_row_of_the_documentation_is_shown() -> None:
    table = (
        (ROOT / "docs" / "application.md")
        .read_text(encoding="utf-8")
        .partition("| exit code | says |")[2]
    )
    rows = re.findall(r"^\| ([^|]+) \| .* \|$", table.partition("\n\n")[0], re.MULTILINE)
    assert {ending.row for ending in ENDINGS} == {*rows}
