"""Command: a program as a component, with its output, a crash, a restart and an orderly stop.

The program is a shell script that fails the first time, and cleans up when it gets SIGTERM.
"""

from __future__ import annotations

import tempfile

import trio

import trioharness as th

PUMP = """
trap 'echo valve closed; exit 0' TERM
echo pumping
mkdir filled 2>/dev/null && { echo no water >&2; exit 3; }
while :; do sleep 0.01; done
"""

again = trio.Event()


def show(event: th.Event) -> None:
    """What the log would show, in short."""
    match event:
        case th.CommandOutput():
            if event.stream == "stdout":  # of two streams nobody knows which line came first
                print(f"{event.path}: {event.line}")
            if event.incarnation == 2:
                again.set()
        case th.ChildEnded(exit=th.Crashed(error=error)):
            print(f"{event.path}: {error}")
        case _:
            pass


async def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with th.open_supervisor("supply", observer=show) as sup:
            pump = sup.start_soon(th.command(["sh", "-c", PUMP], cwd=directory), name="pump")
            await again.wait()
            print("told to stop")
            await pump.stop()
        print(f"{pump.path} is {pump.state}")


if __name__ == "__main__":
    trio.run(main)
