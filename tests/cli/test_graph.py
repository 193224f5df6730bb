"""``trioharness graph``: drawings on stdout, and a sentence where there is nothing to draw."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke, Write
from tests.harness._process import HARNESS, ROOT, environment
from trioharness.harness import lifecycle

SHOP = """
    async def nobody_runs_it(*args, **needs):
        raise AssertionError

    def build(name="shop"):
        app = th.Harness(name)
        send, receive = app.channel(int, 2, name="zahlen für x")
        db = app.add(nobody_runs_it, name="db")
        app.add(nobody_runs_it, send, name="source", restart="permanent")
        with app.supervisor("workers") as workers:
            workers.add(nobody_runs_it, receive, name="worker", needs={"pool": db}, copies=2)
        return app

    app = build()

    circle = th.Harness("circle")
    circle.add(nobody_runs_it, name="a", after=["a"])

    stranger = th.Harness("stranger")
    stranger.add(nobody_runs_it, name="a", after=["b"])
"""

TEXT = """\
shop (one_for_one)
├── db              transient
├── source          permanent; sends zahlen für x
└── workers         transient, one_for_one
    └── worker x 2  transient; receives zahlen für x; needs pool=db

channels
└── zahlen für x  channel of int; holds 2, wait; from source; to workers/worker
"""

MERMAID = """\
flowchart LR
  subgraph box0["shop<br/>one_for_one"]
    node0["db<br/>transient"]
    node1["source<br/>permanent"]
    subgraph box1["workers<br/>transient, one_for_one"]
      node2["worker x 2<br/>transient"]
    end
    channel0(["zahlen für x<br/>channel of int<br/>holds 2, wait"])
  end
  node1 --> channel0
  channel0 --> node2
  node2 -.->|"needs pool"| node0
"""

DOT = r"""digraph harness {
  graph [rankdir=LR]
  node [shape=box]
  subgraph cluster_box0 {
    graph [label="shop\none_for_one"]
    node0 [label="db\ntransient"]
    node1 [label="source\npermanent"]
    subgraph cluster_box1 {
      graph [label="workers\ntransient, one_for_one"]
      node2 [label="worker x 2\ntransient"]
    }
    channel0 [shape=cds, label="zahlen für x\nchannel of int\nholds 2, wait"]
  }
  node1 -> channel0
  channel0 -> node2
  node2 -> node0 [label="needs pool", style=dashed, constraint=false]
}
"""

DRAWINGS = {"text": TEXT, "mermaid": MERMAID, "dot": DOT}


@pytest.mark.parametrize("language", DRAWINGS)
def test_a_harness_is_drawn(write: Write, invoke: Invoke, language: str) -> None:
    write("shop.py", SHOP)
    result = invoke("graph", "--format", language, "shop:app")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == DRAWINGS[language]


def test_a_factory_and_another_folder(write: Write, invoke: Invoke) -> None:
    write("town/shop.py", SHOP)
    result = invoke("graph", "--app-dir", "town", "--factory", "shop:build", "mill")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == TEXT.replace("shop", "mill")


def test_a_circle_is_drawn(write: Write, invoke: Invoke) -> None:
    write("shop.py", SHOP)
    assert invoke("run", "shop:circle").exit_code == 2
    result = invoke("graph", "shop:circle")
    assert result.exit_code == 0
    assert result.stdout == "circle (one_for_one)\n└── a  transient; after a\n"


@pytest.mark.parametrize("language", ["text", "mermaid", "dot"])
def test_the_lifecycle_needs_no_harness(invoke: Invoke, language: str) -> None:
    result = invoke("graph", "--lifecycle", "--format", language)
    life = lifecycle()
    drawn = {"text": life.text, "mermaid": life.mermaid, "dot": life.dot}[language]()
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{drawn}\n", "")


REFUSED: list[tuple[list[str], str]] = [
    ([], "graph: it was not said of which harness; name MODULE:ATTR, or say --lifecycle"),
    (["--lifecycle", "shop:app"], "'shop:app': the life of a component is the same in each"),
    (["shop"], "'shop': it is not of the form module:attr; write for example shop:app"),
    (["shop:nothing"], "there is no 'nothing' in 'shop'; name the Harness"),
    (["shop:build"], "it gives 'function', no Harness; say --factory if it returns one"),
    (["shop:app", "more"], "it takes no arguments, but was given 'more'"),
    (["nothing:app"], "there is no module 'nothing' in"),
    (["shop:stranger"], "component 'a': it needs 'b', which is no component of its supervisor"),
]


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED)
def test_what_cannot_be_drawn(
    write: Write, invoke: Invoke, arguments: list[str], sentence: str
) -> None:
    write("shop.py", SHOP)
    result = invoke("graph", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert sentence in result.stderr


def test_another_language(invoke: Invoke) -> None:
    result = invoke("graph", "--format", "crayon", "shop:app")
    assert result.exit_code == 2
    assert "'crayon' is not one of 'text', 'mermaid', 'dot'" in result.stderr


def test_the_same_options_as_run(invoke: Invoke) -> None:
    run, graph = (invoke(command, "--help").stdout for command in ("run", "graph"))
    for option in ("--factory", "--app-dir"):
        assert option in run
        assert option in graph
    assert "run [OPTIONS] MODULE:ATTR [ARG]..." in run
    assert "graph [OPTIONS] [MODULE:ATTR] [ARG]..." in graph


# as a process of its own


def process(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*HARNESS, *arguments],
        cwd=cwd,
        env={**environment(ROOT), **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("language", DRAWINGS)
def test_a_drawing_is_what_a_process_writes(write: Write, tmp_path: Path, language: str) -> None:
    write("shop.py", SHOP)
    done = process("graph", "shop:app", "--format", language, cwd=tmp_path, PYTHONUTF8="1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == DRAWINGS[language].encode()


def test_a_terminal_without_the_letters(write: Write, tmp_path: Path) -> None:
    write("shop.py", SHOP)
    poor = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    text = process("graph", "shop:app", cwd=tmp_path, **poor)
    assert (text.returncode, text.stderr) == (0, b"")
    assert text.stdout == TEXT.encode("ascii", "backslashreplace")
    dot = process("graph", "--format=dot", "shop:app", cwd=tmp_path, **poor)
    assert dot.stdout == DOT.encode()


def test_a_process_that_has_nothing_to_draw(tmp_path: Path) -> None:
    done = process("graph", "shop:app", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Error: 'shop:app': there is no module 'shop' in ")
    assert done.stderr.count(b"\n") == 1


def test_the_lifecycle_of_a_process(tmp_path: Path) -> None:
    done = process("graph", "--lifecycle", "--format", "dot", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == f"{lifecycle().dot()}\n"


def test_nobody_else_imports_what_draws(tmp_path: Path) -> None:
    code = "import sys, trioharness, trioharness.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(ROOT),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    loaded = done.stdout.split()
    assert "trioharness.harness._harness" in loaded
    assert [name for name in loaded if name.startswith("trioharness.harness._graph")] == []
