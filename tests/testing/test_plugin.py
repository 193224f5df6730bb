"""The fixtures for pytest, each in a small test file that pytest runs, and what it prints."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from trioharness import testing

if TYPE_CHECKING:
    from tests.conftest import Run

pytest_plugins = ["pytester"]

LOADED = [getattr(testing, name) for name in dir(testing)]
"""All of the kit, before any test. pytester forgets what was imported in one of its runs; in the
next one some modules would know the classes of the first copy, and some those of a second."""

Try: TypeAlias = Callable[..., pytest.RunResult]

# By the name of its module, so that it does not matter what is installed; and then not by its
# entry point, or pytest refuses the second registration. pytest-asyncio warns where it has no
# setting of its own; how it gets on with the plugin is shown in test_beside.py.
PLUGIN = ("-p", "trioharness.testing.plugin", "-p", "no:trioharness", "-p", "no:asyncio")

PROLOGUE = """
import pytest
import trio
import trioharness as th

async def forever():
    await trio.sleep_forever()

async def broken():
    await trio.sleep(1)
    raise KeyError("broken")
"""


@pytest.fixture
def attempt(pytester: pytest.Pytester) -> Try:
    """Runs pytest on a test file, with what follows in trio mode and warnings as errors."""

    def attempt(source: str, *options: str, mode: str = "trio_mode = true") -> pytest.RunResult:
        # Where it is installed, the pytest around this one has imported the plugin already.
        imported = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
        pytester.makeini(f"[pytest]\n{mode}\nfilterwarnings =\n  error\n  {imported}\n")
        pytester.makepyfile(PROLOGUE + source)
        return pytester.runpytest_inprocess(*PLUGIN, *options)

    return attempt


# --- virtual time


def test_an_hour_passes_where_only_another_fixture_asks_for_the_clock(attempt: Try) -> None:
    result = attempt(
        """
import time

@pytest.fixture
async def patient(virtual_clock):
    await trio.sleep(3600)
    return virtual_clock

@pytest.fixture
def chosen_at_run_time(request):
    request.getfixturevalue("virtual_clock")

async def test_indirect(patient):
    begin = time.monotonic()
    await trio.sleep(3600)
    assert patient.now == trio.current_time() == 7200
    assert time.monotonic() - begin < 60

async def test_dynamic(chosen_at_run_time):
    await trio.sleep(3600)
    assert trio.current_time() == 3600

@pytest.mark.usefixtures("virtual_clock")
class TestMarked:
    async def test_method(self):
        await trio.sleep(3600)

async def test_direct(virtual_clock):
    await virtual_clock.advance(3600)
    assert await virtual_clock.run_until(lambda: True, within=1) == 3600
"""
    )
    result.assert_outcomes(passed=4)


def test_other_clocks_and_instruments_are_found_as_well(attempt: Try) -> None:
    result = attempt(
        """
class Watch(trio.abc.Instrument):
    runs = 0
    def before_run(self):
        self.runs += 1

@pytest.fixture
def watch():
    return Watch()

@pytest.fixture
def indirect(watch, autojump_clock):
    return watch

async def test_indirect(indirect, events):
    await trio.sleep(3600)
    assert indirect.runs == 1

async def test_both_ways(indirect, watch, autojump_clock, events):
    await trio.sleep(3600)
    assert watch.runs == 1
"""
    )
    result.assert_outcomes(passed=2)


def test_two_clocks_are_refused_by_name(attempt: Try) -> None:
    result = attempt("async def test_two(supervisor, autojump_clock): ...")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["'test_two' has 2 clocks, autojump_clock and virtual_clock, and can only run by one; *"]
    )


# --- failures as they were raised


def test_failures_arrive_as_they_were_raised(attempt: Try) -> None:
    result = attempt(
        """
async def test_assertion(virtual_clock):
    answer = 1
    assert answer == 42

@pytest.mark.xfail(raises=ValueError, strict=True)
async def test_expected(events):
    raise ValueError

@pytest.mark.xfail(raises=pytest.RaisesGroup(ValueError), strict=True)
async def test_group_of_its_own(events):
    async with trio.open_nursery():
        raise ValueError

@pytest.fixture
async def bad(events):
    raise OSError

@pytest.mark.xfail(raises=OSError, strict=True)
async def test_fixture(bad): ...

@pytest.fixture
async def bad_end(events):
    yield
    raise OSError

@pytest.mark.xfail(raises=pytest.RaisesGroup(OSError, KeyError, flatten_subgroups=True))
async def test_several(bad_end):
    raise KeyError

async def test_skipped(events):
    pytest.skip("some other time")
""",
        "-rsf",
    )
    result.assert_outcomes(failed=1, xfailed=4, skipped=1)
    result.stdout.fnmatch_lines(
        [">       assert answer == 42", "E       assert 1 == 42", "test_*.py:*: AssertionError"],
        consecutive=False,
    )
    result.stdout.fnmatch_lines(["SKIPPED * some other time"])
    result.stdout.no_fnmatch_line("*Exceptions from Trio nursery*")
    result.stdout.no_fnmatch_line("*pytest_trio*")
    result.stdout.no_fnmatch_line("*During handling*")


def test_other_tests_are_left_alone(attempt: Try) -> None:
    result = attempt(
        """
@pytest.fixture
def events():
    return "of somebody else"

@pytest.mark.xfail(raises=pytest.RaisesGroup(ValueError), strict=True)
async def test_with_a_group(events):
    raise ValueError

def test_plain(events):
    assert events == "of somebody else"
"""
    )
    result.assert_outcomes(passed=1, xfailed=1)


def test_a_runner_of_the_users_own_still_runs_it(attempt: Try) -> None:
    result = attempt(
        """
runs = []

def own(async_fn, **options):
    runs.append(options["clock"])
    return trio.run(async_fn, **options)

@pytest.mark.trio(run=own)
async def test_it(virtual_clock):
    await trio.sleep(3600)
    assert len(runs) == 1
""",
        mode="trio_mode = false",
    )
    result.assert_outcomes(passed=1)


# --- events, faults, supervisor


def test_events_are_recorded_and_logged(attempt: Try) -> None:
    result = attempt(
        """
async def test_recorded(events, virtual_clock):
    async with th.open_supervisor("shop", observer=events) as sup:
        child = await sup.start(broken, backoff=th.Backoff(1, 30, jitter=0))
        await trio.sleep(4)
        await child.stop()
    events.assert_schedule("shop/broken", [2, 5])
    assert False, "so that the log is shown"

def test_not_async(events):
    assert events.events == ()
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E       AssertionError: so that*", "*'shop/broken' crashed *"])


FAULTY = """
async def test_faulty(supervisor, faults):
    await supervisor.start(faults.crash(forever, at=(1, 5)))
    await trio.sleep(10)
    assert not faults.struck
"""


def test_the_seed_is_shown_and_can_be_given_again(attempt: Try) -> None:
    first = attempt(FAULTY)
    first.assert_outcomes(failed=1)
    shown = re.search(r"pytest --faults-seed=(\d+) makes the same faults again", first.stdout.str())
    assert shown
    again = attempt(FAULTY, f"--faults-seed={shown[1]}")
    again.assert_outcomes(failed=1)
    pattern = r"^'forever' was crashed [\d.]+ s after its start, in incarnation 1$"
    strikes = [re.findall(pattern, run.stdout.str(), re.MULTILINE) for run in (first, again)]
    assert strikes[0] == strikes[1] != []
    other = attempt(FAULTY, "--faults-seed=0")
    assert re.findall(pattern, other.stdout.str(), re.MULTILINE) != strikes[0]


def test_no_seed_is_shown_where_nothing_failed(attempt: Try) -> None:
    result = attempt("def test_unused(faults): assert faults.seed == 7", "--faults-seed=7", "-rA")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*--faults-seed=*")


def test_a_seed_that_is_none_is_refused(attempt: Try) -> None:
    result = attempt("", "--faults-seed=x")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--faults-seed: invalid int value: 'x'"])


def test_the_supervisor_tells_events_and_is_closed_in_order(attempt: Try) -> None:
    result = attempt(
        """
ended = []

async def stubborn(name):
    try:
        await trio.sleep_forever()
    finally:
        async with th.cleanup():
            await trio.sleep(2)
        ended.append((name, trio.current_time()))

async def test_restarts(supervisor, events):
    assert supervisor.path == "test"
    await supervisor.start(broken, backoff=th.Backoff(1, 30, jitter=0), name="worker")
    await supervisor.start(stubborn, "first", name="first")
    await supervisor.start(stubborn, "second", name="second")
    await trio.sleep(10)
    events.assert_schedule("test/worker", [2, 5, 10])

def test_order():
    assert ended == [("second", 12), ("first", 14)]
"""
    )
    result.assert_outcomes(passed=2)


def test_a_supervisor_that_gives_up_ends_the_test(attempt: Try) -> None:
    result = attempt(
        """
@pytest.mark.xfail(raises=th.RestartLimitExceeded, strict=True)
async def test_gives_up(supervisor):
    supervisor.start_soon(broken)
    await trio.sleep_forever()
"""
    )
    result.assert_outcomes(xfailed=1)


# --- leaks


def test_what_a_test_leaves_behind_is_named(attempt: Try) -> None:
    result = attempt(
        """
kept = []

async def test_end_in_a_variable(leak_check):
    send, receive = th.open_channel(int, 1)
    with receive:
        pass

@pytest.fixture
async def sloppy():
    kept.append(trio.open_memory_channel[int](1))

@pytest.mark.usefixtures("leak_check")
async def test_of_a_fixture(sloppy): ...

async def numbers():
    yield 1

async def test_generator(leak_check):
    begun = numbers()
    await anext(begun)
"""
    )
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "left behind at the end of leak_check():",
            "  open <SendChannel 'int' *",
            "left behind at the end of leak_check():",
            "  open <send channel at *",
            "  open <receive channel at *",
            "left behind at the end of leak_check():",
            "  async generator 'numbers' (*test_what_a_test_leaves_behind_is_named.py:*)",
        ]
    )
    result.stdout.no_fnmatch_line("*open <ReceiveChannel*")
    result.stdout.no_fnmatch_line("*def leak_check*")
    result.stdout.no_fnmatch_line("*are hidden*")
    result.stdout.no_fnmatch_line("*During handling*")


def test_what_its_fixtures_end_is_no_leak(attempt: Try) -> None:
    result = attempt(
        """
async def reads(end):
    async for _ in end: ...

async def test_clean(leak_check, supervisor, nursery):
    send, receive = th.open_channel(int, 1)
    supervisor.start_soon(reads, receive)
    nursery.start_soon(forever)
    with send:
        await send.send(1)

@pytest.mark.xfail(raises=AssertionError, strict=True)
async def test_failing_is_not_checked(leak_check):
    ends = th.open_channel(int, 1)
    assert not ends
"""
    )
    result.assert_outcomes(passed=1, xfailed=1)


# --- probes


def test_probes_are_closed_after_all_else(attempt: Try) -> None:
    """A component that still sends is not disturbed, and nothing of them is a leak."""
    result = attempt(
        """
async def ticks(numbers, out):
    try:
        async for number in numbers:
            while True:
                await out.send(number)
                await trio.sleep(1)
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(1)
            await out.send(0)

async def test_ticks(supervisor, channel_probe, events, leak_check):
    numbers, out = channel_probe(int), channel_probe(int)
    supervisor.start_soon(ticks, numbers.receive_end, out.send_end)
    numbers.feed(7)
    for _ in range(3):
        assert await out.next(within=5) == 7
    assert trio.current_time() == 2

@pytest.mark.xfail(raises=AssertionError, strict=True)
async def test_nothing_comes(channel_probe):
    await channel_probe(int).next(within=3600)
"""
    )
    result.assert_outcomes(passed=1, xfailed=1)


# --- applications


SHOP = """
import contextlib

async def worker(numbers, database):
    async for number in numbers:
        database.append(number)
        await trio.sleep(60)

@contextlib.asynccontextmanager
async def database():
    raise OSError("not in a test")
    yield

@contextlib.asynccontextmanager
async def fake():
    yield []

app = th.Harness("shop", dead_letters="shop.dead.jsonl", control="shop.sock")
out, numbers = app.channel(int, 8, max_deliveries=2)
app.add(database)
app.add(worker, numbers, needs={"database": "database"}, restart="permanent")
app.expose(out)
"""


def test_an_application_is_opened_with_doubles_and_stopped(attempt: Try) -> None:
    result = attempt(
        SHOP
        + """
async def test_a_crash(harness, faults, events):
    broken = faults.crash(app.component("worker").fn, at=3)
    async with harness(app, replaced={"worker": broken, "database": fake}) as running:
        await running.end(out).send_many([1, 2])
        await trio.sleep(3600)
        assert running.child("database").value == [1, 1, 2]
    assert trio.current_time() == 3600
    assert events.restarts("shop/worker") == [3]
    assert running.receipt().ended == "stopped"

async def test_a_drain(harness):
    async with harness(app, replaced={"database": fake}) as running:
        await running.end(out).send_many([1, 2])
        running.drain()
    assert (running.receipt().ended, trio.current_time()) == ("drained", 30)

@pytest.mark.xfail(raises=th.StartFailed, strict=True)
async def test_not_replaced(harness):
    async with harness(app): ...

@pytest.mark.xfail(raises=th.ConfigurationError, strict=True)
async def test_misspelt(harness):
    async with harness(app, replaced={"wroker": fake}): ...

def test_no_trace_is_left():
    import pathlib
    assert [path.name for path in pathlib.Path().glob("shop*")] == []
"""
    )
    result.assert_outcomes(passed=3, xfailed=2)


def test_what_an_application_leaves_behind_is_named(attempt: Try) -> None:
    result = attempt(
        SHOP
        + """
kept = []

async def leaky(numbers, database):
    kept.append(th.open_channel(str, 1, name="kept"))
    await trio.sleep_forever()

async def test_leaks(harness):
    async with harness(app, replaced={"worker": leaky, "database": fake}): ...

@pytest.mark.xfail(raises=KeyError, strict=True)
async def test_failing_is_not_checked(harness):
    async with harness(app, replaced={"worker": leaky, "database": fake}):
        raise KeyError
"""
    )
    result.assert_outcomes(failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["*left behind at the end of*", "*open <*Channel 'kept' *"])


# --- where they are of no use


NEED_TRIO = ["virtual_clock", "leak_check", "supervisor", "channel_probe", "harness"]

ASKS = """
async def test_asks({fixture}): ...
"""


@pytest.mark.parametrize("fixture", NEED_TRIO)
def test_without_pytest_trio_they_say_what_to_do(attempt: Try, fixture: str) -> None:
    result = attempt(ASKS.format(fixture=fixture), "-p", "no:trio", mode="")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [f"'test_asks' uses {fixture}*: pytest-trio has to run such a test, * not loaded; *"]
    )


@pytest.mark.parametrize("source", [ASKS, ASKS.replace("async ", "")])
def test_in_a_test_that_trio_does_not_run_they_say_what_to_do(attempt: Try, source: str) -> None:
    result = attempt(source.format(fixture="supervisor"), mode="")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["'test_asks' uses supervisor, virtual_clock: * and mark it with pytest.mark.trio or *"]
    )


def test_in_a_property_they_say_what_to_do(attempt: Try) -> None:
    result = attempt(
        """
from hypothesis import given, strategies as st

@given(st.integers())
async def test_property(virtual_clock, number): ...
"""
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*a property is run many times; * trioharness.testing.run*"])


def test_events_and_faults_work_beside_other_plugins(attempt: Try) -> None:
    result = attempt(
        """
import asyncio

@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param

@pytest.mark.anyio
async def test_of_anyio(events, faults, anyio_backend):
    assert events.events == faults.struck == ()
    if anyio_backend == "asyncio":
        await asyncio.sleep(0)

@pytest.mark.trio
async def test_of_trio(supervisor):
    await trio.sleep(3600)
""",
        mode="",
    )
    result.assert_outcomes(passed=3)


# --- the module itself

PACKAGES = "trioharness trioharness._lazy trioharness.testing trioharness.testing.plugin"


def test_it_imports_pytest_alone(run: Run) -> None:
    code = (
        "import sys, pytest; before = set(sys.modules);"
        "import trioharness.testing.plugin; print(*sorted(set(sys.modules) - before))"
    )
    assert run(sys.executable, "-c", code).stdout == f"{PACKAGES}\n"


def test_a_test_that_does_not_use_it_runs_without_the_rest(run: Run, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_plain(request):\n"
        "    assert request.config.pluginmanager.hasplugin('trioharness.testing.plugin')\n"
        "    assert {'trio', 'attrs', 'hypothesis'} & {*sys.modules} == set()\n"
        "    print(*sorted(name for name in sys.modules if name.startswith('trioharness')))\n"
    )
    # Of the other plugins, each imports some of what is not to be there.
    others = ("-p", "no:trio", "-p", "no:anyio", "-p", "no:hypothesispytest")
    done = run(sys.executable, "-m", "pytest", "-rP", *PLUGIN, *others, cwd=tmp_path)
    assert f"\n{PACKAGES}\n" in done.stdout, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_each_fixture_is_explained(attempt: Try) -> None:
    lines = attempt("", "--fixtures").stdout.lines
    for fixture in (
        "channel_probe",
        "events",
        "faults",
        "harness",
        "leak_check",
        "supervisor",
        "virtual_clock",
    ):
        (at,) = (number for number, line in enumerate(lines) if line.startswith(f"{fixture} -- "))
        assert lines[at + 1].startswith("    "), fixture
        assert "no docstring" not in lines[at + 1]
