"""What a webhook hints at. Its body is never data: only the ids in it say what may have changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Topics we subscribe to in each shop (Shopify: WebhookSubscriptionTopic), and the kind of object each hints at.
SUBSCRIBED: Mapping[str, str] = {
    "orders/create": "order",
    "orders/updated": "order",
    "orders/paid": "order",
    "orders/cancelled": "order",
    "orders/edited": "order",
    "orders/delete": "order",
    "refunds/create": "order",
    "order_transactions/create": "order",
    "customers/create": "customer",
    "customers/update": "customer",
    "customers/delete": "customer",
    "products/create": "product",
    "products/update": "product",
    "products/delete": "product",
    "app/uninstalled": "uninstalled",
}

# Configured in the app itself; Shopify's privacy rules ask for an answer to each.
PRIVACY = frozenset({"customers/data_request", "customers/redact", "shop/redact"})

_GID = {"order": "Order", "customer": "Customer", "product": "Product"}


class NoHint(ValueError):
    """The body does not name the object that its topic is about."""


@dataclass(frozen=True, slots=True)
class Hint:
    """An object that may have changed, or is gone."""

    kind: str
    source_id: str
    gone: bool = False


def subscription_topic(topic: str) -> str:
    """The topic as Shopify's enum spells it: ORDERS_CREATE."""
    return topic.replace("/", "_").upper()


def hint_of(topic: str, shop_domain: str, body: bytes) -> Hint | None:
    """The object a delivery is about; None for a topic that means nothing to us; NoHint for a broken body."""
    kind = SUBSCRIBED.get(topic)
    if kind is None:
        return None
    try:
        parsed = json.loads(body)
    except ValueError as cause:
        raise NoHint("the body is no JSON") from cause
    if not isinstance(parsed, dict):
        raise NoHint("the body is no object")
    if kind == "uninstalled":
        return Hint(kind, shop_domain)
    number = _number(topic, parsed)
    if number is None:
        raise NoHint(f"the body of {topic} names no {kind}")
    return Hint(kind, f"gid://shopify/{_GID[kind]}/{number}", gone=topic.endswith("/delete"))


def _number(topic: str, body: Mapping[str, Any]) -> int | None:
    """Ids are integers, and may exceed 2^53: they are never read as floats."""
    if topic == "orders/edited":
        edit = body.get("order_edit")
        found = edit.get("order_id") if isinstance(edit, dict) else None
    elif topic in ("refunds/create", "order_transactions/create"):
        found = body.get("order_id")
    else:
        found = body.get("id")
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None
