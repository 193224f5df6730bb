"""One message to ten subscribers, each in a task of its own that receives all of them."""

from __future__ import annotations

from bench._model import Group, at_least, flow_row, with_gaps

GROUP = Group(
    name="topic",
    about="each message to ten subscribers; trio sends it ten times, into a channel each",
    rows=with_gaps(
        flow_row(
            "publish",
            "one by one, also received one by one, room for 100 at each subscriber",
            "to_ten_subscribers",
            5_000,
            "raw_trio",
            at_least(2.8, stretch=3.5, against="raw_trio"),
        ),
        flow_row(
            "publish many",
            "in batches of 100, also received in batches; trio one by one",
            "to_ten_subscribers_in_batches",
            100_000,
            "raw_trio",
            at_least(60, stretch=85, against="raw_trio"),
        ),
    ),
)
