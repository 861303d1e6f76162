"""What operators are shown of the writers: what waits, what failed and why, how close to limits companies are."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from ledgerport_libs import metrics
from ledgerport_libs.database import Transaction
from ledgerport_libs.looking import Figure, Look, waiting

# Beyond so many reasons the rest is one sum; so many companies are named as the closest to their limits.
_MOST_REASONS, _CLOSEST = 50, 5
_QUEUES = ("records", "history", "held")


@dataclass(frozen=True, slots=True)
class _Behind:
    queue: str
    waiting: int
    oldest: float


@dataclass(frozen=True, slots=True)
class _Claims:
    waiting: int
    oldest: float


@dataclass(frozen=True, slots=True)
class _NotSynced:
    status: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class _Writers:
    state: str
    count: int


def view(open_companies: Callable[[], Collection[str]], lease_seconds: float) -> Look:
    """The look of qbo-writer. What waits for a person (paused, not connected) is told apart as `held`."""

    async def look(tx: Transaction) -> Sequence[Figure]:
        behind = {row.queue: row for row in await tx.all("records_behind", _Behind, open=list(open_companies()))}
        found: list[Figure] = []
        for queue in _QUEUES:
            row = behind.get(queue, _Behind(queue, 0, 0.0))
            found += waiting(queue, row.waiting, row.oldest)
        claims = await tx.one("claims_behind", _Claims)
        found += waiting("claims", claims.waiting, claims.oldest) if claims else []
        found += _failing(await tx.all("records_not_synced", _NotSynced))
        writers = await tx.all("writers_by_state", _Writers, seconds=lease_seconds)
        return [*found, *(Figure(metrics.WRITERS, row.count, {"state": row.state}) for row in writers)]

    return look


def _failing(rows: Sequence[_NotSynced]) -> list[Figure]:
    sums: dict[tuple[str, str], int] = {}
    for place, row in enumerate(rows):
        key = (row.status, row.reason if place < _MOST_REASONS else metrics.OTHERS)
        sums[key] = sums.get(key, 0) + row.count
    return [
        Figure(metrics.RECORDS_NOT_SYNCED, count, {"status": status, "reason": reason})
        for (status, reason), count in sums.items()
    ]


def show_limits(uses: Mapping[str, Mapping[str, float]]) -> None:
    """By limit and Business, the share in use: the closest are shown by name, since an operator must know whom to call.

    A label for every company would be a series each; five of each limit a process are enough to act on.
    """
    metrics.LIMIT_USE.clear()
    for limit, companies in uses.items():
        for business in heapq.nlargest(_CLOSEST, companies, key=companies.__getitem__):
            metrics.LIMIT_USE.labels(limit, business).set(companies[business])
