"""Messages from task to task within one process."""

from __future__ import annotations

from bench._model import OURS, P50_MICROSECONDS, Goal, Group, Row, at_least, flow_row, with_gaps


def _batches(of: int, size: int, to_one_by_one: Goal, to_lists: Goal) -> Row:
    return flow_row(
        f"batches of {of:,}",
        "send_many and batches; trio one by one, and lists through a trio channel by hand",
        f"batches_of_{of}",
        size,
        "raw_trio trio_lists",
        to_one_by_one,
        to_lists,
    )


_NEVER_BELOW_TRIO = at_least(1, stretch=1.15, against="raw_trio")

GROUP = Group(
    name="channels",
    about="messages from task to task within one process, one by one and in batches",
    rows=(
        *with_gaps(
            flow_row(
                "one by one",
                "send and receive each message, 1 producer, 1 consumer, room for 100",
                "one_by_one",
                20_000,
                "raw_trio anyio_on_trio asyncio_queue",
                at_least(1.05, stretch=1.15, against="raw_trio"),
            ),
            flow_row(
                "without room",
                "the same with room for none: each send waits for its receiver",
                "without_room",
                20_000,
                "raw_trio anyio_on_trio",
                _NEVER_BELOW_TRIO,
            ),
            flow_row(
                "10 producers",
                "the same from 10 producers to 1 consumer, room for 100",
                "ten_producers",
                20_000,
                "raw_trio anyio_on_trio asyncio_queue",
                _NEVER_BELOW_TRIO,
            ),
            flow_row(
                "10 consumers",
                "the same from 1 producer to 10 consumers",
                "ten_consumers",
                20_000,
                "raw_trio anyio_on_trio asyncio_queue",
                _NEVER_BELOW_TRIO,
            ),
            flow_row(
                "fan in",
                "10 producers, one by one, to 1 consumer in batches of 100; trio one by one",
                "fan_in",
                20_000,
                "raw_trio",
                at_least(2.5, stretch=3.3, against="raw_trio"),
            ),
            _batches(
                10,
                100_000,
                at_least(9, stretch=11, against="raw_trio"),
                at_least(1, stretch=1.15, against="trio_lists"),
            ),
            _batches(
                100,
                200_000,
                at_least(50, stretch=70, against="raw_trio"),
                at_least(0.85, stretch=1, against="trio_lists"),
            ),
            _batches(
                1_000,
                500_000,
                at_least(100, stretch=140, against="raw_trio"),
                at_least(0.6, stretch=0.75, against="trio_lists"),
            ),
            # What an option costs: ours with it, beside ours without.
            flow_row(
                "deliveries",
                "one by one with max_deliveries=3, beside a channel without",
                "deliveries",
                20_000,
                "ours_plain raw_trio",
            ),
            flow_row(
                "deliveries in batches",
                "batches of 100 with max_deliveries=3, beside a channel without",
                "deliveries_in_batches",
                100_000,
                "ours_plain",
            ),
            flow_row(
                "drops",
                'sends alone, each drops one (overflow="drop_oldest"), beside sends into room',
                "drops",
                50_000,
                "ours_plain",
            ),
        ),
        Row(
            name="neighbour",
            about="from turn to turn of a task beside batches of 100; the others send one by one",
            workload="neighbour",
            rivals=("ours_one_by_one", OURS, "raw_trio"),
            size=200_000,
            unit=P50_MICROSECONDS,
            clock="cpu",
            neighbour=True,
            baseline="ours_one_by_one",
            goals=(  # 1.6 (1.3) times as long at most
                at_least(0.625, stretch=0.77, against="ours_one_by_one"),
            ),
        ),
    ),
)
