"""What a webhook hints at. Its body is never data: only the ids in it say what may have changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

# Topics we subscribe to in each shop (Shopify: WebhookSubscriptionTopic), and the kind of thing each hints at.
# Payment terms are not among them: their bodies name no order, and the order is updated with them.
SUBSCRIBED: Mapping[str, str] = {
    "orders/create": "order",
    "orders/updated": "order",
    "orders/paid": "order",
    "orders/cancelled": "order",
    "orders/edited": "order",
    "orders/delete": "order",
    "refunds/create": "order",
    "order_transactions/create": "order",
    "tender_transactions/create": "order",
    "returns/request": "order",
    "returns/approve": "order",
    "returns/process": "order",
    "returns/update": "order",
    "returns/decline": "order",
    "returns/cancel": "order",
    "returns/close": "order",
    "returns/reopen": "order",
    "customers/create": "customer",
    "customers/update": "customer",
    "customers/delete": "customer",
    "customers/merge": "customer",
    "products/create": "product",
    "products/update": "product",
    "products/delete": "product",
    "bulk_operations/finish": "bulk",
    "app/scopes_update": "store",
    "app/uninstalled": "uninstalled",
    "shop/update": "store",
}

# Configured in the app itself; Shopify's privacy rules ask for an answer to each.
PRIVACY = frozenset({"customers/data_request", "customers/redact", "shop/redact"})

_GID = {"order": "Order", "customer": "Customer", "product": "Product"}
_MERGE = "customers/merge"
_OF_THE_STORE = frozenset({"store", "uninstalled"})
# The scope that a topic needs beyond those without which there is no connection.
_NEEDS = {_MERGE: "read_customer_merge", **{topic: "read_returns" for topic in SUBSCRIBED if topic[:8] == "returns/"}}


class NoHint(ValueError):
    """The body does not name the object that its topic is about."""


@dataclass(frozen=True, slots=True)
class Hint:
    """An object that may have changed, or is gone. A `store` or a `bulk` operation is only looked at again."""

    kind: str
    source_id: str
    gone: bool = False


def wanted_topics(scopes: Collection[str]) -> list[str]:
    """What can be subscribed with these scopes, in a lasting order."""
    return [topic for topic in SUBSCRIBED if topic not in _NEEDS or _NEEDS[topic] in scopes]


def subscription_topic(topic: str) -> str:
    """The topic as Shopify's enum spells it: ORDERS_CREATE."""
    return topic.replace("/", "_").upper()


def hints_of(topic: str, shop_domain: str, body: bytes) -> tuple[Hint, ...]:
    """The objects a delivery is about; none for a topic that means nothing to us; NoHint for a broken body."""
    kind = SUBSCRIBED.get(topic)
    if kind is None:
        return ()
    parsed = _parsed(body)
    if kind in _OF_THE_STORE:
        return (Hint(kind, shop_domain),)
    if topic == _MERGE:
        return _merged(parsed)
    if kind == "bulk":
        return (Hint(kind, _gid(parsed.get("admin_graphql_api_id"), "BulkOperation")),)
    number = _number(topic, parsed)
    if number is None and topic.startswith("returns/"):
        return ()  # some of these name only the return, or nothing: its order is updated with it, and says so
    if number is None:
        raise NoHint(f"the body of {topic} names no {kind}")
    return (Hint(kind, f"gid://shopify/{_GID[kind]}/{number}", gone=topic.endswith("/delete")),)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError as cause:
        raise NoHint("the body is no JSON") from cause
    if not isinstance(parsed, dict):
        raise NoHint("the body is no object")
    return parsed


def _merged(body: Mapping[str, Any]) -> tuple[Hint, ...]:
    """The one that is kept may have changed; the other is gone only where the merge came to its end."""
    kept = _gid(body.get("admin_graphql_api_customer_kept_id"), "Customer")
    other = _gid(body.get("admin_graphql_api_customer_deleted_id"), "Customer")
    return (Hint("customer", kept), Hint("customer", other, gone=body.get("status") == "completed"))


def _gid(found: object, kind: str) -> str:
    prefix = f"gid://shopify/{kind}/"
    if isinstance(found, str) and found.startswith(prefix) and found[len(prefix) :].isdecimal() and len(found) < 100:
        return found
    raise NoHint(f"the body names no {kind}")


def _number(topic: str, body: Mapping[str, Any]) -> int | None:
    """Ids are integers, and may exceed 2^53: they are never read as floats."""
    if topic == "orders/edited":
        found = _within(body.get("order_edit"), "order_id")
    elif topic.startswith("returns/"):
        found = body.get("order_id") or _within(body.get("order"), "id")
    elif topic.endswith("transactions/create") or topic == "refunds/create":
        found = body.get("order_id")
    else:
        found = body.get("id")
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def _within(found: object, name: str) -> object:
    return found.get(name) if isinstance(found, dict) else None
