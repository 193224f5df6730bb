"""Compares windows with their limits, and answers for the alerts that there are."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import attrs

import trioharness as th

from .messages import Acknowledge, Alert, Alerts, Ask, Window

log = logging.getLogger("hostwatch")


@attrs.define
class Alerter(th.Component):
    """Raises an alert with the first window over its limit, and clears it with the first under it.

    It keeps them in memory: after a crash, the next window raises again what is still over.
    """

    windows: th.ReceiveChannel[Window]
    requests: th.ReceiveChannel[th.Request[Ask, Alerts]]
    limits: Mapping[str, float]
    alerts: dict[str, Alert] = attrs.field(factory=dict[str, Alert], init=False)

    async def run(self) -> None:
        """Take what comes first, windows or requests."""
        async with th.merge(self.windows, self.requests) as items:
            async for item in items:
                if isinstance(item, Window):
                    self._compare(item)
                else:
                    item.reply(self._answer(item.message))

    def _compare(self, window: Window) -> None:
        metric, above = window.metric, self.limits.get(window.metric)
        if above is None:
            return
        alert = self.alerts.get(metric)
        if window.mean <= above:
            if self.alerts.pop(metric, None):
                log.info("%s is well again: %.1f", metric, window.mean)
        elif alert is None:
            log.warning("%s is %.1f, above %g", metric, window.mean, above)
            self.alerts[metric] = Alert(
                metric=metric, above=above, mean=window.mean, since=window.at
            )
        else:
            self.alerts[metric] = attrs.evolve(alert, mean=window.mean)

    def _answer(self, ask: Ask) -> Alerts:
        if isinstance(ask, Acknowledge) and ask.metric in self.alerts:
            self.alerts[ask.metric] = attrs.evolve(self.alerts[ask.metric], acknowledged=True)
        return Alerts(alerts=tuple(self.alerts.values()))
