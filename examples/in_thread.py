"""In a thread: a blocking function as a component, with a crash, a restart and an orderly stop.

The thread asks whether it is to stop, since nobody can kill it; what it sends, it has trio send.
"""

from __future__ import annotations

import itertools
import time

import trio

import trioharness as th

crashes = iter([OSError("the sensor did not answer")])


def sample(readings: th.SendChannel[int]) -> None:
    """Read a sensor whose driver can only block."""
    try:
        for reading in itertools.count(1):
            trio.from_thread.check_cancelled()
            time.sleep(0.01)
            for crash in crashes:
                raise crash
            trio.from_thread.run(readings.send, reading)
    finally:
        print("the sensor is closed")


async def main() -> None:
    send, receive = th.open_channel(int, 4)
    async with th.open_supervisor("lab", observer=lambda _: None) as sup:
        sensor = await sup.start(th.in_thread(sample), send)
        async with receive:
            for _ in range(3):
                print("reading", await receive.receive())
            await sensor.stop()
        print(f"{sensor.path} was restarted {sensor.restarts} time(s) and is {sensor.state}")


if __name__ == "__main__":
    trio.run(main)
