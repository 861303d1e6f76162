"""Whole objects of a store, as normalised entities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledgerport.events.v2 import entity_pb2
from shopify_sync.documents import query
from shopify_sync.normalise.customers import customer
from shopify_sync.normalise.orders import order
from shopify_sync.normalise.products import variant
from shopify_sync.shopify_admin import ShopifyAdmin
from shopify_sync.stores import Store
from shopify_sync.whole_orders import WholeOrders

_CUSTOMERS, _PRODUCTS, _VARIANTS = query("customers"), query("products"), query("variants")


@dataclass(frozen=True, slots=True)
class Fetched:
    """One object as it is now. `entity` holds only its oneof; `hinted_by` is the object whose hint led here."""

    source_id: str
    updated_at: datetime
    entity: entity_pb2.EntityEvent
    kind: str
    hinted_by: str


class Objects:
    """Fetches objects by their ids. An id that Shopify does not know is left out of the answer."""

    def __init__(self, admin: ShopifyAdmin) -> None:
        self._admin, self._whole_orders = admin, WholeOrders(admin)

    async def fetch(self, store: Store, kind: str, ids: Sequence[str]) -> list[Fetched]:
        """ShopifyTrouble where Shopify does not answer; KeyError, TypeError or ValueError for an unreadable object."""
        match kind:
            case "order":
                return await self._orders(store, ids)
            case "customer":
                nodes = await self._nodes(store, _CUSTOMERS, ids)
                return [_fetched(node, "customer", entity_pb2.EntityEvent(customer=customer(node))) for node in nodes]
            case "product":
                return await self._products(store, ids)
        raise ValueError(f"{kind} cannot be fetched")

    async def _orders(self, store: Store, ids: Sequence[str]) -> list[Fetched]:
        found = await self._whole_orders.read(store, ids)
        return [
            _fetched(each.node, "order", entity_pb2.EntityEvent(order=order(each.node, each.refunds, store.zone)))
            for each in found
        ]

    async def _products(self, store: Store, ids: Sequence[str]) -> list[Fetched]:
        fetched = []
        for node in await self._nodes(store, _PRODUCTS, ids):
            page = node["variants"]["pageInfo"]
            while page["hasNextPage"]:
                variables = {"id": node["id"], "after": page["endCursor"]}
                more = (await self._admin.ask(store.business_id, _VARIANTS, variables))["product"]["variants"]
                node["variants"]["nodes"] += more["nodes"]
                page = more["pageInfo"]
            for each in node["variants"]["nodes"]:
                event = entity_pb2.EntityEvent(variant=variant(node, each, store.currency))
                newest = max(_instant(each["updatedAt"]), _instant(node["updatedAt"]))
                fetched.append(Fetched(each["id"], newest, event, "variant", node["id"]))
        return fetched

    async def _nodes(self, store: Store, text: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        answer = await self._admin.ask(store.business_id, text, {"ids": list(ids)})
        return [node for node in answer["nodes"] if node]


def _fetched(node: dict[str, Any], kind: str, event: entity_pb2.EntityEvent) -> Fetched:
    return Fetched(node["id"], _instant(node["updatedAt"]), event, kind, node["id"])


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
