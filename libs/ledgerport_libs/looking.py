"""What operators are shown of a service's database: read by one replica every so often, shown by all of them.

Several replicas show the same figures, so dashboards take the largest. Each statement ends after five seconds.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import nats.errors
from nats.js.errors import APIError
from prometheus_client import Gauge

from ledgerport_libs import metrics, telemetry
from ledgerport_libs.bus import Consumer
from ledgerport_libs.database import Database, Transaction

log = telemetry.logger("looking")
# How many times in the span of one look each replica asks whether there is something new to show.
_TIMES = 3
_SHOWN: dict[str, Gauge] = {
    next(iter(gauge.describe())).name: gauge
    for gauge in (
        metrics.OUTBOX_WAITING,
        metrics.OUTBOX_OLDEST,
        metrics.CONSUMER_LAG,
        metrics.DEAD_LETTERS,
        metrics.WAITING,
        metrics.OLDEST_WAITING,
        metrics.RECORDS_NOT_SYNCED,
        metrics.WRITERS,
        metrics.STORES,
        metrics.CATCH_UP_OLDEST,
        metrics.CONNECTIONS,
        metrics.REFRESH_TOKENS,
    )
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a metric that is read from the database."""

    metric: Gauge
    value: float
    labels: dict[str, str] = field(default_factory=dict)


Look = Callable[[Transaction], Awaitable[Sequence[Figure]]]


@dataclass(frozen=True, slots=True)
class Behind:
    """How many wait in a queue, and for how long the oldest does (seconds)."""

    waiting: int
    oldest: float


@dataclass(frozen=True, slots=True)
class _Count:
    consumer: str
    count: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What was found at the last look, and when that was (epoch seconds)."""

    figures: list[dict[str, Any]]
    looked_at: float


class Looking:
    """The figures of the floor (outbox, dead letters, consumers), and `look` for what the service has beside."""

    def __init__(self, db: Database, consumers: Sequence[Consumer], look: Look, every: float) -> None:
        self._db, self._consumers, self._look, self._every = db, consumers, look, every

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(self._every / _TIMES)

    async def once(self) -> None:
        """Look where nobody has looked lately, and show what was found last."""
        if await self._db.value("figures_take", every=self._every) is not None:
            await self._db.run("figures_put", figures=json.dumps(await self._figures()))
        stored = await self._db.one("figures_read", Stored)
        if stored is not None:
            show(stored)

    async def _figures(self) -> list[dict[str, Any]]:
        async with self._db.transaction() as tx:
            await tx.value("look_briefly")
            found = [*await floor_figures(tx), *await self._look(tx)]
        found += [each for consumer in self._consumers if (each := await _lag(consumer)) is not None]
        return [{"metric": _name(each.metric), "labels": each.labels, "value": each.value} for each in found]


async def floor_figures(tx: Transaction) -> list[Figure]:
    """What every service has to show of its outbox and of the events that it gave up."""
    behind = await tx.one("outbox_behind", Behind)
    waiting, oldest = (behind.waiting, behind.oldest) if behind else (0, 0.0)
    letters = await tx.all("dead_letters_by_consumer", _Count)
    return [
        Figure(metrics.OUTBOX_WAITING, waiting),
        Figure(metrics.OUTBOX_OLDEST, oldest),
        *(Figure(metrics.DEAD_LETTERS, each.count, {"consumer": each.consumer}) for each in letters),
    ]


def waiting(queue: str, count: int, oldest: float) -> list[Figure]:
    """How many wait in a queue, and for how long the oldest does (seconds)."""
    labels = {"queue": queue}
    return [Figure(metrics.WAITING, count, labels), Figure(metrics.OLDEST_WAITING, oldest, labels)]


def show(stored: Stored) -> None:
    """Put the figures where Prometheus reads them. What is not among them any more is shown no longer."""
    for gauge in _SHOWN.values():
        if gauge._labelnames:
            gauge.clear()
    for each in stored.figures:
        # Another release may have looked: what this one does not know is left out.
        known = _SHOWN.get(each["metric"])
        if known is not None and set(each["labels"]) == set(known._labelnames):
            (known.labels(**each["labels"]) if each["labels"] else known).set(each["value"])
    metrics.LOOKED_AT.set(stored.looked_at)


async def _lag(consumer: Consumer) -> Figure | None:
    """None while NATS is away: the rest is shown all the same."""
    labels = {"stream": consumer.stream.name, "consumer": consumer.durable}
    try:
        return Figure(metrics.CONSUMER_LAG, await consumer.lag(), labels)
    except (nats.errors.Error, APIError, OSError, TimeoutError) as away:
        log.warning("consumer_not_looked_at", consumer=consumer.durable, error=repr(away))
        return None


def _name(gauge: Gauge) -> str:
    return str(next(iter(gauge.describe())).name)
