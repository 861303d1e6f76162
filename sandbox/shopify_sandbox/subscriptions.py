"""Which app wants to hear of what, per store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from shopify_sandbox.journal import Journal

REALM = "webhooks"

SCOPE_OF_TOPIC = {
    "orders": "read_orders",
    "refunds": "read_orders",
    "order_transactions": "read_orders",
    "tender_transactions": "read_orders",
    "returns": "read_returns",
    "customers/merge": "read_customer_merge",
    "customers": "read_customers",
    "products": "read_products",
}


class Subscription(msgspec.Struct, kw_only=True):
    """A shop-specific webhook subscription of one app."""

    id: int
    client_id: str
    shop: str
    topic: str
    uri: str
    include_fields: list[str] = []
    name: str | None = None
    created_at: datetime
    updated_at: datetime


def topic_of_enum(name: str) -> str:
    """`ORDER_TRANSACTIONS_CREATE` → `order_transactions/create`; the action is the last word or two."""
    words = name.lower().split("_")
    if name.startswith(("APP_", "SHOP_")):
        return f"{words[0]}/{'_'.join(words[1:])}"
    return f"{'_'.join(words[:-1])}/{words[-1]}"


def enum_of_topic(topic: str) -> str:
    return topic.replace("/", "_").upper()


class Subscriptions:
    """All subscriptions by id."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        decoded = (msgspec.json.decode(b, type=Subscription) for b in journal.read(REALM, "subscription"))
        self._held = {s.id: s for s in decoded}

    def save(self, subscription: Subscription) -> None:
        self._held[subscription.id] = subscription
        self._journal.put(REALM, "subscription", subscription.id, msgspec.json.encode(subscription))
        self._journal.commit()

    def remove(self, identity: int) -> bool:
        gone = self._held.pop(identity, None)
        self._journal.drop(REALM, "subscription", identity)
        self._journal.commit()
        return gone is not None

    def get(self, identity: int) -> Subscription | None:
        return self._held.get(identity)

    def of_app(self, client_id: str, shop: str) -> list[Subscription]:
        return [s for s in self._held.values() if (s.client_id, s.shop) == (client_id, shop)]

    def hearing(self, shop: str, topic: str) -> list[Subscription]:
        return [s for s in self._held.values() if s.shop == shop and s.topic == topic]

    def remove_all(self, identities: Iterable[int]) -> None:
        for identity in list(identities):
            self.remove(identity)
