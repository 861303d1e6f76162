"""Whole objects of a store: every page of their lines and refunds, as normalised entities."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledgerport.events.v1 import entity_pb2
from shopify_sync.normalise.customers import customer
from shopify_sync.normalise.orders import order
from shopify_sync.normalise.products import variant
from shopify_sync.shopify_admin import ShopifyAdmin, ShopifyTrouble, TooDear, query
from shopify_sync.stores import Store

_ORDERS, _LINES = query("orders"), query("lines")
_REFUNDS, _REFUND_LINES = query("refunds"), query("refund_lines")
_CUSTOMERS, _PRODUCTS, _VARIANTS = query("customers"), query("products"), query("variants")
_REFUNDS_A_QUERY = 5
# As many as orders.graphql asks for: a list that is as long may go on.
_TRANSACTIONS_ASKED, _REFUNDS_ASKED = 20, 20


@dataclass(frozen=True, slots=True)
class Fetched:
    """One object as it is now. `entity` holds only its oneof; `hinted_by` is the object whose hint led here."""

    source_id: str
    updated_at: datetime
    entity: entity_pb2.EntityEvent
    kind: str
    hinted_by: str


class TooLong(ShopifyTrouble):
    """An object with a list longer than we page: it is never booked in part."""


class Objects:
    """Fetches objects by their ids. An id that Shopify does not know is left out of the answer."""

    def __init__(self, admin: ShopifyAdmin) -> None:
        self._admin = admin
        self._refunds_a_query = _REFUNDS_A_QUERY

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
        nodes = await self._nodes(store, _ORDERS, ids)
        await asyncio.gather(*(self._all_lines(store, node) for node in nodes))
        refunds = await self._refunds(store, [each["id"] for node in nodes for each in node["refunds"]])
        fetched = []
        for node in nodes:
            _refuse_cut_lists(node)
            own = [refunds[each["id"]] for each in node["refunds"]]
            event = entity_pb2.EntityEvent(order=order(node, own, store.zone))
            fetched.append(_fetched(node, "order", event))
        return fetched

    async def _all_lines(self, store: Store, node: dict[str, Any]) -> None:
        """Appends the further pages of lines to the order's own list."""
        page = node["lineItems"]["pageInfo"]
        while page["hasNextPage"]:
            variables = {"id": node["id"], "after": page["endCursor"]}
            more = (await self._admin.ask(store.business_id, _LINES, variables))["order"]["lineItems"]
            node["lineItems"]["nodes"] += more["nodes"]
            page = more["pageInfo"]

    async def _refunds(self, store: Store, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        left = list(ids)
        while left:
            asked = left[: self._refunds_a_query]
            try:
                nodes = await self._nodes(store, _REFUNDS, asked)
            except TooDear:
                if len(asked) == 1:
                    raise
                self._refunds_a_query = len(asked) // 2
                continue
            left = left[len(asked) :]
            for node in nodes:
                page = node["refundLineItems"]["pageInfo"]
                while page["hasNextPage"]:
                    variables = {"id": node["id"], "after": page["endCursor"]}
                    answer = await self._admin.ask(store.business_id, _REFUND_LINES, variables)
                    more = answer["refund"]["refundLineItems"]
                    node["refundLineItems"]["nodes"] += more["nodes"]
                    page = more["pageInfo"]
                for each in ("refundShippingLines", "orderAdjustments", "transactions"):
                    if node[each]["pageInfo"]["hasNextPage"]:
                        raise TooLong(f"{node['id']} has more {each} than are read")
                found[node["id"]] = node
        return found

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


def _refuse_cut_lists(node: dict[str, Any]) -> None:
    """Plain lists have no page info: one as long as was asked for may have been cut."""
    if node["shippingLines"]["pageInfo"]["hasNextPage"]:
        raise TooLong(f"{node['id']} has more shipping lines than are read")
    if node["transactionsCount"]["count"] > len(node["transactions"]):
        raise TooLong(f"{node['id']} has more than {_TRANSACTIONS_ASKED} transactions")
    if len(node["refunds"]) >= _REFUNDS_ASKED:
        raise TooLong(f"{node['id']} has {_REFUNDS_ASKED} refunds or more")


def _fetched(node: dict[str, Any], kind: str, event: entity_pb2.EntityEvent) -> Fetched:
    return Fetched(node["id"], _instant(node["updatedAt"]), event, kind, node["id"])


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
