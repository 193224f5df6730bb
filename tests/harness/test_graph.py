"""The graph of a harness: what it says, as data and as drawings, before anything runs."""

from __future__ import annotations

import contextlib
import itertools
import textwrap
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trioharness as th
from tests.harness._drawings import Read, read_dot, read_mermaid
from tests.harness._pieces import Order
from trioharness.harness.graph import Graph, GraphChannel, GraphComponent, GraphSupervisor

DRAWINGS = Path(__file__).parent / "drawings"


class Tick:
    price: float = 1.0


@contextlib.asynccontextmanager
async def database(name: str) -> AsyncGenerator[str]:
    yield name


async def component(*_: object, **__: object) -> None:
    raise AssertionError("a drawing runs nothing")


def shop() -> th.Harness:
    app = th.Harness("shop")
    orders_out, orders_in = app.channel(Order, 64, name="orders", max_deliveries=3)
    publisher, ticks = app.topic(Tick, name="ticks")
    client, server = app.requests(Order | Tick, str, name="asks")
    db = app.add(database, "memory")
    app.add(component, publisher, name="prices", restart="permanent")
    with app.supervisor("workers", strategy="one_for_all", after=[db]) as workers:
        workers.add(
            partial(component, into=client), orders_in, name="worker", needs={"db": db}, copies=4
        )
        with workers.supervisor("charts", restart="temporary", background=True) as charts:
            chart = ticks.subscribe(8, overflow="drop_oldest")
            charts.add(component, chart, name="chart", after=["worker"])
            charts.add(component, ticks, server, name="pricing")
    app.add(
        component,
        orders_out,
        name="intake",
        restart={OSError: "permanent"},
        needs={"sup": workers},
        after=["prices"],
    )
    return app


# data


def test_what_is_inside_of_what() -> None:
    root = shop().graph().root
    assert (root.path, root.name, root.strategy, root.restart) == (
        "shop",
        "shop",
        "one_for_one",
        None,
    )
    db, prices, workers, intake = root.members
    assert db == GraphComponent(
        path="shop/database", name="database", copies=1, restart="transient", background=True
    )
    assert (prices.restart, intake.restart) == ("permanent", "by error")
    assert isinstance(workers, GraphSupervisor)
    assert (workers.path, workers.strategy, workers.background) == (
        "shop/workers", "one_for_all", False
    )  # fmt: skip
    worker, charts = workers.members
    assert isinstance(worker, GraphComponent)
    assert (worker.path, worker.copies) == ("shop/workers/worker", 4)
    assert isinstance(charts, GraphSupervisor)
    assert (charts.restart, charts.background) == ("temporary", True)
    assert [member.path for member in charts.members] == [
        "shop/workers/charts/chart",
        "shop/workers/charts/pricing",
    ]


def test_the_channels() -> None:
    orders, ticks, asks, chart = shop().graph().channels
    assert orders == GraphChannel(
        kind="channel",
        name="orders",
        message_type="Order",
        reply_type=None,
        max_buffer_size=64,
        overflow="wait",
        max_deliveries=3,
        topic=None,
    )
    assert (ticks.kind, ticks.max_buffer_size, ticks.overflow) == ("topic", None, None)
    assert (asks.kind, asks.message_type, asks.reply_type) == ("requests", "Order | Tick", "str")
    assert (chart.kind, chart.topic, chart.max_buffer_size, chart.overflow) == (
        "subscription", "ticks", 8, "drop_oldest"
    )  # fmt: skip


def test_requests_that_are_answered_with_nothing_are_answered() -> None:
    app = th.Harness("shop")
    app.requests(int, None)
    (channel,) = app.graph().channels
    assert (channel.reply_type, channel.max_buffer_size) == ("None", 64)


def test_who_needs_whom() -> None:
    assert [(need.path, need.other, need.keyword) for need in shop().graph().needs] == [
        ("shop/workers", "shop/database", None),
        ("shop/workers/worker", "shop/database", "db"),
        ("shop/workers/charts/chart", "shop/workers/worker", None),
        ("shop/intake", "shop/workers", "sup"),
        ("shop/intake", "shop/prices", None),
    ]


def test_who_has_which_end() -> None:
    assert [(flow.path, flow.kind, flow.channel) for flow in shop().graph().flows] == [
        ("shop/prices", "sends", "ticks"),
        ("shop/workers/worker", "receives", "orders"),
        ("shop/workers/worker", "sends", "asks"),
        ("shop/workers/charts/chart", "receives", "ticks-1"),
        ("shop/workers/charts/pricing", "subscribes", "ticks"),
        ("shop/workers/charts/pricing", "receives", "asks"),
        ("shop/intake", "sends", "orders"),
    ]


def test_the_nearest_of_two_of_one_name_is_needed() -> None:
    app = th.Harness("shop")
    app.add(component, name="db")
    with app.supervisor("inner") as inner:
        inner.add(component, name="db")
        inner.add(component, name="user", needs={"db": "db"})
    (need,) = app.graph().needs
    assert need.other == "shop/inner/db"


def test_a_circle_can_be_looked_at() -> None:
    app = th.Harness("shop")
    app.add(component, name="a", after=["b"])
    app.add(component, name="b", needs={"a": "a"})
    with pytest.raises(th.CycleError):
        app.run()
    assert [(need.path, need.other) for need in app.graph().needs] == [
        ("shop/a", "shop/b"),
        ("shop/b", "shop/a"),
    ]


def test_a_stranger_cannot_be_drawn() -> None:
    app = th.Harness("shop")
    app.add(component, name="a", needs={"b": "nobody"})
    with pytest.raises(th.UnknownNeedError, match="'nobody', which is no component"):
        app.graph()


def test_the_same_harness_gives_the_same_graph() -> None:
    app = shop()
    assert app.graph() == app.graph() == shop().graph()
    assert str(app.graph()) == shop().graph().text()
    app.add(component, name="more")
    assert app.graph() != shop().graph()


# drawings


@pytest.mark.parametrize("language", ["text", "mermaid", "dot"])
def test_a_drawing(language: str) -> None:
    graph = shop().graph()
    drawn = {"text": graph.text, "mermaid": graph.mermaid, "dot": graph.dot}[language]()
    assert f"{drawn}\n" == (DRAWINGS / f"shop.{language}").read_text(encoding="utf-8")


@pytest.mark.parametrize("depth", [1, 5, 14])
def test_lines_stay_within_a_terminal(depth: int) -> None:
    app = th.Harness("shop")
    ends = [app.channel(int, n, name=f"channel-{n}") for n in range(12)]
    inside: th.Harness | th.DeclaredSupervisor = app
    for level in range(depth):
        inside = inside.supervisor(f"s{level}")
        inside.add(component, *itertools.chain(*ends), name=f"x{level}")
        inside.add(component, name=f"y{level}", needs={f"key{n}": f"x{n}" for n in range(level)})
    lines = app.graph().text().split("\n")
    assert max(map(len, lines)) <= 100
    assert [line for line in lines if line != line.rstrip()] == []
    words = " ".join(" ".join(lines).replace("│", " ").split())
    listed = ", ".join(f"channel-{n}" for n in range(12))
    assert words.count(f"transient; receives {listed}; sends {listed}") == depth


def test_a_long_name_pushes_its_own_line_alone() -> None:
    app = th.Harness("shop")
    app.add(component, name="a")
    app.add(component, name="b" * 120)
    _, first, second = app.graph().text().split("\n")
    assert first == f"├── a{'transient':>46}"
    assert second == f"└── {'b' * 120}  transient"


def test_a_channel_that_nobody_holds() -> None:
    app = th.Harness("shop")
    app.channel(int, float("inf"), name="numbers", max_deliveries=1)
    app.topic(int, name="ticks")
    assert app.graph().text() == textwrap.dedent("""\
        shop (one_for_one)

        channels
        ├── numbers  channel of int; holds any number, wait, 1 delivery; from nobody; to nobody
        └── ticks    topic of int; from nobody""")


def structure(read: Read) -> tuple[set[str], list[tuple[str, str, str]]]:
    return {read.path(each) for each in read.labels}, read.named_edges()


def test_as_mermaid_and_as_dot_it_says_the_same() -> None:
    graph = shop().graph()
    assert structure(read_mermaid(graph.mermaid())) == structure(read_dot(graph.dot()))


def test_a_supervisor_without_components_is_seen() -> None:
    app = th.Harness("shop")
    app.supervisor("empty")
    for read in (read_dot(app.graph().dot()), read_mermaid(app.graph().mermaid())):
        assert [*map(read.path, read.labels)] == ["shop", "shop/empty", "shop/empty/empty"]


# names

NAMES = [
    'a "quoted" name',
    "ends in \\",
    '\\N \\n \\"',
    "[x](y) {z} |p| <b>",
    "&amp; &lt; #35; #quot;",
    "%%{init: {}}%%",
    "style x:#f9f;",
    "1. first",
    "- list",
    "__init__",
    "**bold**",
    "`code`",
    "end",
    "subgraph",
    "node",
    "-->",
    "Überraschung",
    "注文",
    "😀",
    "a, b; c=d",
    "$$x$$",
]

HIDDEN = {
    "two\nlines": r"two\nlines",
    "\ttab\r": r"\ttab\r",
    "\x1b[31mred": r"\x1b[31mred",
    "\u202eleft": r"\u202eleft",
    "\udc80": r"\udc80",
    "\u2028": r"\u2028",
}


def of_names(component_name: str, channel: str, supervisor: str, keyword: str) -> Graph:
    app = th.Harness(supervisor)
    out, into = app.channel(int, 1, name=channel)
    first = app.add(component, out, name=component_name)
    with app.supervisor(f"{supervisor}1") as inner:
        inner.add(component, into, name=f"{component_name}2", needs={keyword: first})
    return app.graph()


def assert_named(graph: Graph, name: str, channel: str, supervisor: str, keyword: str) -> None:
    inner = f"{supervisor}1"
    for read in (read_mermaid(graph.mermaid()), read_dot(graph.dot())):
        assert sorted(map(read.path, read.labels)) == sorted([
            supervisor,
            f"{supervisor}/{name}",
            f"{supervisor}/{channel}",
            f"{supervisor}/{inner}",
            f"{supervisor}/{inner}/{name}2",
        ])  # fmt: skip
        assert read.named_edges() == [
            (name, channel, ""),
            (channel, f"{name}2", ""),
            (f"{name}2", name, f"needs {keyword}"),
        ]
    lines = graph.text().split("\n")
    assert lines[0] == f"{supervisor} (one_for_one)"
    assert len([line for line in lines if line.startswith(("├── ", "└── "))]) == 3
    assert f"needs {keyword}={name}" in graph.text()


@pytest.mark.parametrize("name", NAMES)
def test_names_are_shown_as_they_are(name: str) -> None:
    assert_named(of_names(name, name, name, name), name, name, name, name)


def test_a_channel_may_have_a_slash() -> None:
    assert_named(of_names("a", "//", "b", "c/d"), "a", "//", "b", "c/d")


@pytest.mark.parametrize("name", HIDDEN)
def test_what_cannot_be_seen_is_written_out(name: str) -> None:
    shown = HIDDEN[name]
    graph = of_names(name, name, name, name)
    assert_named(graph, shown, shown, shown, shown)
    for drawing in (graph.text(), graph.mermaid(), graph.dot()):
        assert drawing.replace("\n", "").isprintable()
        assert drawing.encode()


names = st.text(st.characters().filter(lambda char: char != "/" and char.isprintable()), min_size=1)


@given(names, names, names, names)
def test_any_names(name: str, channel: str, supervisor: str, keyword: str) -> None:
    graph = of_names(name, channel, supervisor, keyword)
    for read in (read_mermaid(graph.mermaid()), read_dot(graph.dot())):
        assert read.named_edges() == [
            (name, channel, ""),
            (channel, f"{name}2", ""),
            (f"{name}2", name, f"needs {keyword}"),
        ]
        assert {read.path(each) for each in read.labels} >= {
            f"{supervisor}/{name}",
            f"{supervisor}/{supervisor}1/{name}2",
        }


@given(st.text(min_size=1, max_size=5))
def test_any_name_of_a_channel_is_one_line(name: str) -> None:
    app = th.Harness("shop")
    app.channel(int, 1, name=name)
    graph = app.graph()
    assert len(graph.text().split("\n")) == 4
    assert len(graph.mermaid().split("\n")) == 5
    assert len(graph.dot().split("\n")) == 9
