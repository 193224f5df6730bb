"""The control socket: what is answered, and that no client does any harm.

In virtual time: what is sent through a Unix socket is there at once, so that time only passes where
somebody waits for it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

import trioharness as th
from tests.harness._pieces import forever, run_in_virtual_time
from trioharness.harness._control import CLIENTS, FAREWELL, PATIENCE
from trioharness.harness._told import QUEUED, REMEMBERED
from trioharness.harness.control import (
    Action,
    Answer,
    AskDump,
    AskEvents,
    AskSnapshot,
    EventTold,
    Missed,
    Question,
    Refused,
    Snapshot,
    Steer,
    Text,
    asking,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ctl"


def shop(path: Path) -> th.Harness:
    app = th.Harness("shop", control=path)
    group = app.supervisor("inner")
    group.add(forever)
    group.add(forever, name="other")
    return app


@contextlib.asynccontextmanager
async def running_shop(path: Path) -> AsyncGenerator[th.Running]:
    async with shop(path).open() as running:
        yield running
        running.stop()


async def ask(path: Path, question: Question) -> list[Answer]:
    """Ask one question, and return all that is answered to it."""
    side = asking()
    answers: list[Answer] = []
    async with await trio.open_unix_socket(str(path)) as stream:
        await stream.send_all(side.write(question))
        async for received in stream:
            answers += side.read(bytes(received))
    return answers


def ignore(_: th.Event) -> None:
    """Observe nothing, so that nothing is logged."""


async def until_it_ends(stream: trio.SocketStream) -> None:
    with trio.fail_after(2 * PATIENCE), contextlib.suppress(trio.BrokenResourceError):
        async for _ in stream:
            pass


def names_in(folder: Path) -> list[str]:
    return [there.name for there in folder.iterdir()]


def put(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(text)


def make_folder(path: Path) -> None:
    path.mkdir()


def remove_folder(path: Path) -> None:
    shutil.rmtree(path)


def text_of(path: Path) -> str:
    return path.read_text()


async def still_answers(path: Path) -> bool:
    (answer,) = await ask(path, AskSnapshot())
    return isinstance(answer, Snapshot)


# --- what is answered


async def test_how_it_is(autojump_clock: MockClock, path: Path) -> None:
    async with running_shop(path) as running:
        await trio.sleep(5)
        assert await ask(path, AskSnapshot()) == [running.snapshot()]
        (dumped,) = await ask(path, AskDump())
        assert isinstance(dumped, Text)
        assert dumped.text.splitlines()[0] == "tasks of 'shop' at 5.000 s"
        assert any(line.strip() == "shop/inner/forever" for line in dumped.text.splitlines())


async def test_how_it_is_again_and_again(path: Path) -> None:
    """In real time: the event loop is watched meanwhile, by a thread."""
    side, seen = asking(), list[Answer]()
    with trio.fail_after(20):
        async with (
            running_shop(path),
            await trio.open_unix_socket(str(path)) as stream,
        ):
            await stream.send_all(side.write(AskSnapshot(every=0.1)))
            async for received in stream:
                seen += side.read(bytes(received))
                if len(seen) >= 3:
                    break
    snapshots = [answer for answer in seen if isinstance(answer, Snapshot)]
    assert snapshots[0].time < snapshots[1].time < snapshots[2].time
    assert snapshots[2].loop is not None


async def test_a_component_is_steered(autojump_clock: MockClock, path: Path) -> None:
    async with running_shop(path) as running:
        child = running.child("inner/forever")
        steps: list[tuple[Action, int, str]] = [
            ("restart", 2, "ready"),
            ("stop", 2, "stopped"),
            ("start", 3, "ready"),
        ]
        for action, incarnation, state in steps:
            answers = await ask(path, Steer(action=action, path="inner/forever"))
            assert answers == [Text(text=f"'shop/inner/forever' is {state}")]
            assert (child.incarnation, child.state) == (incarnation, state)


async def test_its_reason_shows(autojump_clock: MockClock, path: Path) -> None:
    async with running_shop(path) as running:
        await ask(path, Steer(action="stop", path="inner/forever", reason="maintenance"))
        assert "maintenance" in str(running.supervisor.health())
        await ask(path, Steer(action="start", path="inner/forever"))
        await ask(path, Steer(action="stop", path="inner/forever"))
        assert "stop through the control socket" in str(running.supervisor.health())


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (Steer(action="restart", path="nobody"), "there is no child 'shop/nobody'"),
        (Steer(action="stop"), "stop is for one component; give its path"),
        (Steer(action="start", path="inner/forever"), "'shop/inner/forever' is ready; stop it"),
        (Steer(action="drain", grace=-1.0), "grace=-1.0 is no duration"),
    ],
)
async def test_what_cannot_be_is_refused(
    autojump_clock: MockClock, path: Path, order: Steer, sentence: str
) -> None:
    async with running_shop(path) as running:
        (answer,) = await ask(path, order)
        assert isinstance(answer, Refused)
        assert sentence in answer.text
        assert running.snapshot().phase == "running"


async def test_a_start_that_fails_is_told_with_its_error(
    autojump_clock: MockClock, path: Path
) -> None:
    broken = False

    async def shaky() -> None:
        if broken:
            raise OSError("no disk")
        await trio.sleep_forever()

    @contextlib.asynccontextmanager
    async def opens() -> AsyncGenerator[None]:
        if broken:
            raise OSError("no disk")
        yield

    app = th.Harness("shop", control=path)
    app.add(opens)
    app.add(shaky)
    async with app.open() as running:
        await ask(path, Steer(action="stop", path="opens"))
        broken = True
        answers = await ask(path, Steer(action="start", path="opens"))
        running.stop()
    assert answers == [Refused(text="'opens' failed to start: OSError: no disk")]


async def test_it_drains(autojump_clock: MockClock, path: Path) -> None:
    app = th.Harness("shop", control=path)
    app.add(forever)
    async with app.open() as running:
        assert await ask(path, Steer(action="drain")) == [Text(text="it drains")]
    assert running.receipt().ended == "drained"


# --- before everything has started, and once it ends


async def slow(*, task_status: trio.TaskStatus[None]) -> None:
    await trio.sleep(10)
    task_status.started()
    await trio.sleep_forever()


def slow_shop(path: Path) -> th.Harness:
    app = th.Harness("shop", control=path, observer=ignore)
    app.add(slow)
    return app


async def until_it_is_there(path: Path) -> None:
    while not names_in(path.parent):  # noqa: ASYNC110 - a file sets no event
        await trio.lowlevel.checkpoint()


async def test_it_answers_from_the_first_moment_on(autojump_clock: MockClock, path: Path) -> None:
    seen: list[Answer] = []

    async def look() -> None:
        await until_it_is_there(path)
        for _ in range(2):
            seen.extend(await ask(path, AskSnapshot()))
            await trio.sleep(9)
        seen.extend(await ask(path, AskDump()))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(look)
        async with slow_shop(path).open() as running:
            await trio.sleep(10)
            seen.extend(await ask(path, AskSnapshot()))
            running.stop()
    snapshots = [answer for answer in seen if isinstance(answer, Snapshot)]
    assert [(s.time, s.phase) for s in snapshots] == [
        (0, "starting"),
        (9, "starting"),
        (20, "running"),
    ]
    health = [snapshot.health for snapshot in snapshots]
    assert [(h.started, h.ready, h.live) for h in health] == [
        (False, False, True),
        (False, False, True),
        (True, True, True),
    ]
    assert len(seen) == 4


async def test_told_to_drain_before_everything_has_started_it_stops(
    autojump_clock: MockClock, path: Path
) -> None:
    answers: list[Answer] = []

    async def drain() -> None:
        await until_it_is_there(path)
        answers.extend(await ask(path, Steer(action="drain")))

    with pytest.RaisesGroup(th.StartFailed) as caught:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(drain)
            async with slow_shop(path).open():
                pytest.fail("it has started")
    assert str(caught.value.exceptions[0]) == (
        "'shop' could not start: it was told to end before everything had started"
    )
    assert answers == [Text(text="it stops, and does not drain any more")]
    assert trio.current_time() == 0


async def lingers(seconds: float) -> None:
    try:
        await trio.sleep_forever()
    finally:
        async with th.cleanup():
            await trio.sleep(seconds)


@pytest.mark.parametrize(("how", "phase"), [("drain", "draining"), ("stop", "stopping")])
async def test_while_it_ends_it_says_so_and_starts_nothing(
    autojump_clock: MockClock, path: Path, how: str, phase: str
) -> None:
    said: list[Answer] = []

    async def look() -> None:
        await trio.sleep(2)
        said.extend(await ask(path, AskSnapshot()))
        for action in ("restart", "start"):
            said.extend(await ask(path, Steer(action=action, path="lingers")))
        said.extend(await ask(path, Steer(action="drain")))

    app = th.Harness("shop", control=path)
    app.add(lingers, 3.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(look)
        async with app.open() as running:
            await trio.sleep(1)
            running.drain() if how == "drain" else running.stop()
    assert trio.current_time() == 4
    snapshot, *refused, drained = said
    assert isinstance(snapshot, Snapshot)
    assert snapshot.phase == phase
    assert [isinstance(each, Refused) for each in refused] == [True, True]
    assert isinstance(drained, Text)
    assert drained.text.startswith("it drains" if how == "drain" else "it stops")
    assert running.receipt().ended == ("drained" if how == "drain" else "stopped")


async def test_who_leaves_does_not_undo_what_it_asked_for(
    autojump_clock: MockClock, path: Path
) -> None:
    """Ctrl-C at a restart ends the wait for it; the component is not left down."""
    app = th.Harness("shop", control=path)
    app.add(lingers, 3.0)
    async with app.open() as running:
        with trio.move_on_after(1):
            await ask(path, Steer(action="restart", path="lingers"))
        child = running.child("lingers")
        assert child.state == "stopping"
        await trio.sleep(5)
        assert (child.state, child.incarnation) == ("ready", 2)
        running.stop()


async def test_the_last_child_that_is_stopped_ends_its_group(
    autojump_clock: MockClock, path: Path
) -> None:
    async with running_shop(path) as running:
        for name in ("forever", "other"):
            await ask(path, Steer(action="stop", path=f"inner/{name}"))
        assert running.child("inner").state == "stopped"
        (answer,) = await ask(path, Steer(action="start", path="inner/other"))
        assert isinstance(answer, Refused)
        assert "there is no child 'shop/inner/other'" in answer.text
        await ask(path, Steer(action="start", path="inner"))
        assert running.child("inner/other").state == "ready"


# --- events


async def test_the_last_events_are_told(autojump_clock: MockClock, path: Path) -> None:
    crashes = iter([ValueError("once")])

    async def shaky() -> None:
        for error in crashes:
            raise error
        await trio.sleep_forever()

    app = th.Harness("shop", control=path)
    app.add(shaky)
    async with app.open() as running:
        await trio.sleep(1)
        told = await ask(path, AskEvents(follow=False))
        running.stop()
    assert [(each.name, each.level) for each in told if isinstance(each, EventTold)] == [
        ("ChildEnded", "error"),
        ("ChildRestarting", "warning"),
        ("ChildReady", "info"),
    ]
    first = told[0]
    assert isinstance(first, EventTold)
    assert first.text.startswith("'shop/shaky' crashed")
    assert "ValueError: once" in first.text
    assert '"event": "ChildEnded"' in first.json


async def test_only_so_many_are_remembered(autojump_clock: MockClock, path: Path) -> None:
    async def shaky() -> None:
        await trio.sleep(0.001)
        raise ValueError

    app = th.Harness("shop", control=path, max_restarts=2 * REMEMBERED)
    app.add(shaky)
    async with app.open() as running:
        await trio.sleep(0.15)
        told = await ask(path, AskEvents(follow=False))
        running.stop()
    assert len(told) == REMEMBERED


async def test_who_follows_is_told_to_the_end(autojump_clock: MockClock, path: Path) -> None:
    told: list[Answer] = []

    async def follow(*, task_status: trio.TaskStatus[None]) -> None:
        side = asking()
        async with await trio.open_unix_socket(str(path)) as stream:
            await stream.send_all(side.write(AskEvents(follow=True)))
            await trio.testing.wait_all_tasks_blocked()
            task_status.started()
            async for received in stream:
                told.extend(side.read(bytes(received)))

    async with trio.open_nursery() as nursery:
        async with running_shop(path):
            await nursery.start(follow)
    names = [answer.name for answer in told if isinstance(answer, EventTold)]
    assert names == [
        "ChildStopping",  # the group, and what is in it, the last one first
        "ChildStopping",
        "ChildEnded",
        "ChildStopping",
        "ChildEnded",
        "SupervisorEnded",
        "ChildEnded",
        "SupervisorEnded",
    ]


async def test_who_is_too_slow_is_told_what_it_missed(
    autojump_clock: MockClock, path: Path
) -> None:
    """It reads nothing while far more happens than its socket and its queue have room for."""

    async def shaky() -> None:
        await trio.sleep(0.001)
        raise ValueError

    app = th.Harness("shop", control=path, max_restarts=10**6, within=1, observer=ignore)
    app.add(shaky)
    missed: list[int] = []
    side = asking()
    async with app.open() as running, await trio.open_unix_socket(str(path)) as stream:
        await stream.send_all(side.write(AskEvents(follow=True)))
        await trio.sleep(PATIENCE * 0.5)
        async for received in stream:
            missed += [a.count for a in side.read(bytes(received)) if isinstance(a, Missed)]
            if missed:
                break
        running.stop()
    assert missed[0] > QUEUED


# --- the socket


async def test_only_this_user_may_connect(autojump_clock: MockClock, path: Path) -> None:
    async with running_shop(path):
        mode = os.lstat(path).st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
        assert names_in(path.parent) == [path.name]
    assert names_in(path.parent) == []


async def test_a_stale_socket_is_replaced(autojump_clock: MockClock, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    async with running_shop(path):
        assert await still_answers(path)


async def test_a_live_one_is_refused_before_anything_starts(
    autojump_clock: MockClock, path: Path
) -> None:
    started: list[str] = []

    async def noted() -> None:
        started.append("it")

    other = th.Harness("other", control=path)
    other.add(noted)
    async with running_shop(path):
        with pytest.raises(th.ConfigurationError, match="an application that runs listens at"):
            async with other.open():
                pass
        assert await still_answers(path)
    assert started == []


async def test_what_is_no_socket_is_left_alone(autojump_clock: MockClock, path: Path) -> None:
    put(path, "precious")
    with pytest.raises(th.ConfigurationError, match="is there, and is no socket"):
        async with running_shop(path):
            pass
    assert text_of(path) == "precious"


async def test_a_folder_that_is_not_there_is_named(autojump_clock: MockClock, path: Path) -> None:
    with pytest.raises(th.ConfigurationError, match=r"cannot be made at .*No such file"):
        async with running_shop(path / "below"):
            pass


@pytest.mark.parametrize("wrong", ["", b"bytes", 7, "x" * 200])
def test_what_cannot_be_its_path_is_refused(wrong: object) -> None:
    with pytest.raises(th.ConfigurationError, match=r"harness 'shop': control="):
        th.Harness("shop", control=wrong)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def test_where_its_folder_vanishes_the_application_goes_on(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    path = tmp_path / "below" / "ctl"
    make_folder(path.parent)
    async with running_shop(path) as running:
        stream = await trio.open_unix_socket(str(path))
        await stream.send_all(asking().write(AskEvents(follow=True)))
        remove_folder(path.parent)
        with pytest.raises(OSError, match=r"No such file|failed to connect"):
            await ask(path, AskSnapshot())
        assert str(running.health()) == "'shop' is healthy"
        await trio.testing.wait_all_tasks_blocked()
    async with stream:
        assert await stream.receive_some(), "who was connected is told to the end"
    assert names_in(tmp_path) == []


async def test_two_applications_have_one_each(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with running_shop(tmp_path / "a") as one, running_shop(tmp_path / "b") as two:
        await ask(tmp_path / "a", Steer(action="restart", path="inner/forever"))
        incarnations = [each.child("inner/forever").incarnation for each in (one, two)]
        assert incarnations == [2, 1]
    assert names_in(tmp_path) == []


async def test_one_that_took_its_place_is_left_alone(autojump_clock: MockClock, path: Path) -> None:
    async with running_shop(path):
        put(path, "another")
    assert text_of(path) == "another"


async def test_without_one_there_is_none(autojump_clock: MockClock, tmp_path: Path) -> None:
    app = th.Harness("shop")
    app.add(forever)
    async with app.open() as running:
        assert names_in(tmp_path) == []
        running.stop()


# --- clients that do harm


@pytest.fixture(autouse=True)
def nothing_failed(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    """Whatever a client does is its own fault, and not logged as one of ours."""
    yield
    assert [each for each in caplog.messages if "failed a client" in each] == []


@settings(max_examples=50, deadline=None)
@given(noise=st.binary(max_size=300))
def test_whatever_comes_it_answers_the_next(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    path = tmp_path_factory.mktemp("c") / "ctl"

    async def main() -> None:
        async with running_shop(path):
            async with await trio.open_unix_socket(str(path)) as stream:
                await stream.send_all(noise)
                with (
                    contextlib.suppress(trio.BrokenResourceError),
                    trio.move_on_after(2 * PATIENCE),
                ):
                    async for _ in stream:
                        pass
            assert await still_answers(path)

    run_in_virtual_time(main)


FRAME = asking().write(Steer(action="restart", path="inner/forever", reason="why not"))


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, len(FRAME) - 1), bit=st.integers(0, 7), keep=st.integers(0, len(FRAME)))
def test_a_question_that_was_damaged_harms_nothing(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int, keep: int
) -> None:
    path = tmp_path_factory.mktemp("c") / "ctl"
    damaged = bytearray(FRAME)
    damaged[at] ^= 1 << bit

    async def main() -> None:
        async with running_shop(path) as running:
            async with await trio.open_unix_socket(str(path)) as stream:
                await stream.send_all(damaged[:keep])
                with (
                    contextlib.suppress(trio.BrokenResourceError),
                    trio.move_on_after(2 * PATIENCE),
                ):
                    async for _ in stream:
                        pass
            assert await still_answers(path)
            assert running.snapshot().phase == "running"

    run_in_virtual_time(main)


@pytest.mark.parametrize(
    "noise",
    [b"GET / HTTP/1.0\r\n\r\n" * 5, FRAME + FRAME, b"\0" * 100_000],
    ids=["another protocol", "two questions", "zeros"],
)
async def test_what_is_no_question_is_answered_by_a_sentence(
    autojump_clock: MockClock, path: Path, noise: bytes
) -> None:
    side, answers = asking(), list[Answer]()
    async with running_shop(path):
        async with await trio.open_unix_socket(str(path)) as stream:
            with contextlib.suppress(trio.BrokenResourceError):
                await stream.send_all(noise)
                async for received in stream:
                    answers += side.read(bytes(received))
        assert await still_answers(path)
    assert len(answers) == 1


async def test_one_that_says_nothing_is_let_go(autojump_clock: MockClock, path: Path) -> None:
    async with running_shop(path):
        async with await trio.open_unix_socket(str(path)) as stream:
            assert await stream.receive_some() == b""
            assert trio.current_time() == PATIENCE


async def test_one_that_takes_nothing_is_let_go(autojump_clock: MockClock, path: Path) -> None:
    """Its snapshots fill the socket, and then the time that it has."""
    side = asking()
    async with running_shop(path):
        async with await trio.open_unix_socket(str(path)) as stream:
            await stream.send_all(side.write(AskSnapshot(every=0.05)))
            await trio.sleep(1000)
            with contextlib.suppress(trio.BrokenResourceError):
                async for received in stream:
                    assert list(side.read(bytes(received)))
        assert await still_answers(path)


async def test_too_many_are_turned_away(autojump_clock: MockClock, path: Path) -> None:
    async with running_shop(path), contextlib.AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(await trio.open_unix_socket(str(path)))
            for _ in range(CLIENTS)
        ]
        await trio.testing.wait_all_tasks_blocked()
        async with await trio.open_unix_socket(str(path)) as extra:
            assert await extra.receive_some() == b""
        assert trio.current_time() == 0
        await streams.pop().aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert await still_answers(path)


async def test_one_that_vanishes_makes_room(autojump_clock: MockClock, path: Path) -> None:
    """Nothing happens meanwhile that it could be told of."""
    async with running_shop(path):
        for _ in range(2 * CLIENTS):
            async with await trio.open_unix_socket(str(path)) as stream:
                await stream.send_all(asking().write(AskEvents(follow=True)))
                await trio.testing.wait_all_tasks_blocked()
            await trio.testing.wait_all_tasks_blocked()
        assert await still_answers(path)
        assert trio.current_time() == 0


@contextlib.asynccontextmanager
async def left_connected(path: Path, said: bytes) -> AsyncGenerator[trio.SocketStream]:
    """A connection to an application that has ended since."""
    async with shop(path).open() as running:
        stream = await trio.open_unix_socket(str(path))
        await stream.send_all(said)
        await trio.testing.wait_all_tasks_blocked()
        running.stop()
    async with stream:
        yield stream


@pytest.mark.parametrize(
    "said",
    [b"", FRAME[:10], asking().write(AskEvents(follow=True))],
    ids=["nothing", "half a question", "follows"],
)
async def test_none_holds_up_the_end(autojump_clock: MockClock, path: Path, said: bytes) -> None:
    async with left_connected(path, said):
        assert trio.current_time() == 0


async def test_one_that_takes_nothing_holds_up_the_end_for_a_moment(
    autojump_clock: MockClock, path: Path
) -> None:
    """It has been sent more than it takes: the last events wait for it, and not for long."""

    async def noisy() -> None:
        await trio.sleep(0.001)
        raise ValueError

    app = th.Harness("shop", control=path, max_restarts=10**6, within=1, observer=ignore)
    app.add(noisy)
    async with app.open() as running:
        stream = await trio.open_unix_socket(str(path))
        await stream.send_all(asking().write(AskEvents(follow=True)))
        await trio.sleep(PATIENCE * 0.6)
        running.stop()
        stopped = trio.current_time()
    assert trio.current_time() == stopped + FAREWELL
    await stream.aclose()
