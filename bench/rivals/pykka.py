"""pykka's actors: each has a thread of its own, and its messages go through `queue.Queue`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pykka import ThreadingActor

from bench._sample import Clock, Sample, check_sum


class Counter(ThreadingActor):
    """Answers with the next number, and adds up what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def on_receive(self, message: int) -> int:
        """Answer, whether or not somebody waits for it."""
        self.total += message
        return message + 1 if message >= 0 else self.total + 1


def one_client(size: int, clock: Clock) -> Sample:
    """Ask an actor `size` times, one after another."""
    return _ask(size, clock, 1)


def ten_clients(size: int, clock: Clock) -> Sample:
    """The same from ten threads, since asking blocks one."""
    return _ask(size, clock, 10)


def _ask(size: int, clock: Clock, clients: int) -> Sample:
    actor = Counter.start()
    share = size // clients

    def client(first: int) -> int:
        total = 0
        for number in range(first, first + share):
            total += actor.ask(number, block=True)
        return total

    try:
        with ThreadPoolExecutor(clients) as threads:
            begun = clock()
            replies = [*threads.map(client, range(0, share * clients, share))]
            elapsed = clock() - begun
    finally:
        actor.stop()
    count = share * clients
    check_sum("sum of the replies", sum(replies), count * (count + 1) // 2)
    return Sample(count=count, nanoseconds=elapsed)


def casts(size: int, clock: Clock) -> Sample:
    """Tell an actor `size` numbers, until it has taken all of them."""
    actor = Counter.start()
    try:
        begun = clock()
        for number in range(size):
            actor.tell(number)
        total = actor.ask(-1, block=True)
        elapsed = clock() - begun
    finally:
        actor.stop()
    check_sum("sum of the numbers", total, size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)
