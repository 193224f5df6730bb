"""Fixtures for pytest on top of the test kit; pytest finds them by itself.

- ``virtual_clock``: the test runs in virtual time
- ``events``: an `EventRecorder`
- ``faults``: seeded `Faults`; a failing test shows the seed, ``--faults-seed`` gives it again
- ``channel_probe``: makes a `ChannelProbe`, which feeds a component or collects what it sends
- ``leak_check``: the test must leave nothing behind
- ``supervisor``: an open supervisor that tells ``events``, in virtual time

``pytest --fixtures -p trioharness`` explains each. They work in async tests that pytest-trio runs;
``events`` and ``faults`` in any test. An async test that uses one of them fails with what it has
raised, and not with pytest-trio's group around it: a plain assertion reads as in a plain test, and
``xfail(raises=ValueError)`` works. A group that the test itself raised, say out of a nursery of its
own, stays one; several failures at once, of the test and of its fixtures, still come as a group.
All other tests are left alone. Those of pytest-asyncio and anyio run in the same session, if each
async test is marked for one of the plugins and none is in its auto mode.

The plugin is loaded in every run of pytest where trioharness is installed, so it imports pytest and
nothing else, neither trio nor the rest of trioharness, until a test asks for one of the fixtures.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, final

import pytest

if TYPE_CHECKING:
    from trio.testing import MockClock

    from ..supervision import Supervisor
    from ._clock import VirtualClock
    from ._faults import Faults
    from ._harness import OpenHarness
    from ._probe import ChannelProbes
    from ._recorder import EventRecorder

PYTEST_TRIO = ("trio", "pytest_trio", "pytest_trio.plugin")
"""The names under which pytest may know it: that of its entry point, and those given to ``-p``."""

NEED_TRIO = ("channel_probe", "harness", "supervisor", "virtual_clock", "leak_check")
"""The fixtures that are of no use in a test that pytest-trio does not run."""


@final
class Asked:
    """What the fixtures of one test have asked for."""

    __slots__ = ("clock", "faults", "frame", "leaks", "probes")

    def __init__(self) -> None:
        self.clock: MockClock | None = None
        self.faults: Faults | None = None
        self.probes: ChannelProbes | None = None
        self.leaks: bool = False
        self.frame: object = None
        """That of the test; held, it keeps what the variables of the test refer to."""


_ASKED = pytest.StashKey[Asked]()


@pytest.fixture
def virtual_clock(request: pytest.FixtureRequest) -> VirtualClock:
    """The test runs in virtual time, from 0 on; gives its `trioharness.testing.VirtualClock`.

    Time jumps to the next deadline whenever all tasks wait, so an hour of sleep takes no time. It
    does so as well where another fixture asks for it, and the test itself does not. Not for tests
    that wait for threads, sockets or processes: time does not wait for those.

    ::

        async def test_daily_report(virtual_clock):
            await trio.sleep(86400)
            assert virtual_clock.now == 86400
    """
    from trio.testing import MockClock

    from ._clock import VirtualClock

    asked = _asked(request, "virtual_clock")
    asked.clock = MockClock(autojump_threshold=0)
    return VirtualClock._create(asked.clock)


@pytest.fixture
def events(request: pytest.FixtureRequest) -> EventRecorder:
    """A new `trioharness.testing.EventRecorder`, to be given to a supervisor as its observer.

    It forwards to the log, so that a failing test shows the crash stories, as it does where no
    observer is given. The fixture ``supervisor`` has it as its observer already.

    ::

        async def test_restart(events):
            async with th.open_supervisor("shop", observer=events) as sup:
                ...
            assert events.restarts("shop/worker") == [1, 3]
    """
    from ..observe import log_observer
    from ._recorder import EventRecorder

    _asked(request, "events")
    return EventRecorder(forward=log_observer)


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> Faults:
    """New `trioharness.testing.Faults`: they break the components under test on purpose.

    Each test has a seed of its own. A test that fails shows it, and the faults that struck;
    ``pytest --faults-seed=SEED`` makes the faults of all tests from that seed.

    ::

        async def test_survives_a_crash(supervisor, faults):
            await supervisor.start(faults.crash(worker, at=(1, 5)))
    """
    from ._faults import Faults

    asked = _asked(request, "faults")
    asked.faults = Faults(request.config.getoption("faults_seed"))
    return asked.faults


@pytest.fixture
def channel_probe(
    request: pytest.FixtureRequest,
    virtual_clock: VirtualClock,  # noqa: ARG001 - for its effect
) -> ChannelProbes:
    """Makes a `trioharness.testing.ChannelProbe`, to feed a component or collect what it sends.

    The test runs in virtual time. The probes stay open until all fixtures of the test are over, so
    that components which are stopped with ``supervisor`` do not find them closed before.

    ::

        async def test_doubles(supervisor, channel_probe):
            numbers, doubles = channel_probe(int), channel_probe(int)
            supervisor.start_soon(doubler, numbers.receive_end, doubles.send_end)
            numbers.feed(1)
            assert await doubles.next(within=5) == 2
    """
    from ._probe import ChannelProbes

    asked = _asked(request, "channel_probe")
    asked.probes = ChannelProbes()
    return asked.probes


@pytest.fixture
def leak_check(request: pytest.FixtureRequest) -> None:
    """The test fails if it leaves open channel ends, async generators or tasks behind.

    What its variables still refer to counts, as with `trioharness.testing.leak_check`, which says
    what is looked for. It looks once the async fixtures of the test are over as well: what those
    end is no leak (tasks in pytest-trio's ``nursery``, children of ``supervisor``), what they leave
    is one. A test that fails is not checked. For a part of a test, or without a look at channel
    ends, use the context manager in the test.

    ::

        @pytest.mark.usefixtures("leak_check")
        async def test_closes_its_ends(): ...
    """
    _asked(request, "leak_check").leaks = True


@pytest.fixture
async def supervisor(
    virtual_clock: VirtualClock,  # noqa: ARG001 - for its effect
    events: EventRecorder,
) -> AsyncGenerator[Supervisor]:
    """An open supervisor named ``"test"``, in virtual time, whose observer is ``events``.

    Its options are the defaults of `trioharness.open_supervisor`; for others open one in the test,
    with ``observer=events``. After the test its children are stopped in reverse start order, each
    within its grace. If it gives up, the test is cancelled, and fails with `RestartLimitExceeded`.

    ::

        async def test_backs_off(supervisor, events):
            await supervisor.start(worker, backoff=th.Backoff(1, 30, jitter=0))
            await trio.sleep(5)
            events.assert_schedule("test/worker", [1, 3, 7])  # it crashes whenever it starts
    """
    from ..supervision import open_supervisor

    async with open_supervisor("test", observer=events) as opened:
        yield opened
        opened.cancel_scope.cancel(reason="the test is over")


@pytest.fixture
def harness(
    request: pytest.FixtureRequest,
    virtual_clock: VirtualClock,  # noqa: ARG001 - for its effect
    events: EventRecorder,
) -> OpenHarness:
    """Opens an application for the test, in virtual time, and tells ``events``.

    It is `trioharness.testing.open_harness`: the application is stopped at the end of the block,
    and must have left nothing behind. Components can be replaced, by path.

    ::

        async def test_survives_a_crash(harness, faults, events):
            broken = faults.crash(app.component("worker").fn, at=3)
            async with harness(app, replaced={"worker": broken, "database": fake}) as running:
                await trio.sleep(60)
                assert running.child("worker").state == "ready"
            assert events.restarts("shop/worker") == [3]
    """
    from functools import partial

    from ._harness import open_harness

    _asked(request, "harness")
    return partial(open_harness, observer=events)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that gives a seed again."""
    parser.getgroup("trioharness").addoption(
        "--faults-seed",
        type=int,
        metavar="SEED",
        help="make the fixture `faults` from this seed, as a failed test has shown it",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Have pytest-trio, whose turn is next, run a test that uses these fixtures our way.

    The fixtures are set up by now, all that they are asked for by others and at run time included.
    """
    asked = item.stash.get(_ASKED, None)
    if asked is None:
        return (yield)
    from ._plugin import prepare

    prepare(item, asked)
    try:
        return (yield)
    finally:
        asked.frame = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the seed of the faults where the test has failed."""
    report = yield
    asked = item.stash.get(_ASKED, None)
    if report.failed and asked is not None and asked.faults is not None:
        lines = [f"pytest --faults-seed={asked.faults.seed} makes the same faults again"]
        lines += asked.faults.told()
        report.sections.append(("trioharness faults", "\n".join(lines)))
    return report


def _asked(request: pytest.FixtureRequest, fixture: str) -> Asked:
    """Return what the test has asked for; fail it if the fixture is of no use in it."""
    item: pytest.Item = request.node
    if fixture in NEED_TRIO:
        problem = _no_trio(request, item)
        if problem is not None:
            from ._plugin import fail

            names = ", ".join(name for name in NEED_TRIO if name in request.fixturenames)
            fail(f"{item.name!r} uses {names}: {problem}")
    return item.stash.setdefault(_ASKED, Asked())


def _no_trio(request: pytest.FixtureRequest, item: pytest.Item) -> str | None:
    """Say why pytest-trio will not run a test once, and what to do; None if it will."""
    if hasattr(getattr(item, "obj", None), "hypothesis"):
        return (
            "that is for one run a test, and a property is run many times; have each example call "
            "trioharness.testing.run, which gives it a run and a clock of its own"
        )
    if not any(request.config.pluginmanager.hasplugin(name) for name in PYTEST_TRIO):
        return (
            "pytest-trio has to run such a test, and it is not loaded; install pytest-trio, which "
            "trioharness[testing] brings, or use trioharness.testing.run and what else is in "
            "trioharness.testing, which need no plugin"
        )
    other = taken_by(item)
    if other is not None:
        return (
            f"pytest-trio has to run such a test, and {other} takes it; mark it with "
            "pytest.mark.trio alone, and set asyncio_mode and anyio_mode to strict, or leave them "
            "out: auto takes every async test"
        )
    if item.get_closest_marker("trio") is None:
        return (
            "pytest-trio has to run such a test, and does not know it as one of its own; make it "
            "an `async def`, and mark it with pytest.mark.trio or set trio_mode = true"
        )
    return None


def taken_by(item: pytest.Item) -> str | None:
    """Return the plugin, other than pytest-trio, that runs a test in an event loop of its own."""
    if item.get_closest_marker("asyncio") is not None:
        return "pytest-asyncio"
    # What anyio goes by: the mark, and its auto mode, both make a test ask for it.
    if "anyio_backend" in getattr(item, "fixturenames", ()):
        return "anyio"
    return None
