"""What operators are shown of the stores: what waits to be fetched, and how many of them need help."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ledgerport_libs import metrics
from ledgerport_libs.database import Transaction
from ledgerport_libs.looking import Behind, Figure, waiting
from shopify_sync.hints import wanted_topics
from shopify_sync.silence import silent_since

_STATES = ("well", "silent", "refusing", "without all webhooks")


@dataclass(frozen=True, slots=True)
class _Store:
    connected_at: datetime
    last_webhook_at: datetime | None
    usual_gap: timedelta | None
    found_since_heard: int
    scopes: list[str]
    subscribed_topics: list[str]
    subscriptions_at: datetime | None
    refusal: str
    caught_up_ago: float


async def look(tx: Transaction) -> Sequence[Figure]:
    """The look of shopify-sync."""
    found: list[Figure] = []
    for queue in ("hints", "imports", "privacy"):
        row = await tx.one(f"{queue}_behind", Behind)
        found += waiting(queue, row.waiting, row.oldest) if row else []
    stores, now = await tx.all("stores_looked_at", _Store), datetime.now(UTC)
    states = Counter(_state(store, now) for store in stores)
    found += [Figure(metrics.STORES, states[state], {"state": state}) for state in _STATES]
    return [*found, Figure(metrics.CATCH_UP_OLDEST, max((store.caught_up_ago for store in stores), default=0.0))]


def _state(store: _Store, now: datetime) -> str:
    """The worst that is the matter with it."""
    if store.refusal:
        return "refusing"
    if silent_since(store.last_webhook_at, store.connected_at, store.usual_gap, store.found_since_heard, now):
        return "silent"
    if store.subscriptions_at and set(wanted_topics(store.scopes)) - set(store.subscribed_topics):
        return "without all webhooks"
    return "well"
