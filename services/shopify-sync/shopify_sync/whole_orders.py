"""Orders as they are now, whole: every page of all their lists, all pages of one and the same version."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shopify_sync.documents import query
from shopify_sync.shopify_admin import ShopifyAdmin, ShopifyTrouble
from shopify_sync.stores import Store

Json = dict[str, Any]

_ORDERS, _LINES, _SHIPPING = query("orders"), query("lines"), query("shipping_lines")
_TRANSACTIONS, _REFUND_IDS = query("transactions"), query("refunds_of_order")
_AGREEMENTS, _SALES = query("agreements"), query("sales")
_REFUNDS, _ADJUSTMENTS, _PAID_BACK = query("refunds"), query("refund_adjustments"), query("refund_transactions")
_PRICED_ORDER, _PRICED_LINES = query("priced_order"), query("priced_lines")
_PRICED_REFUND, _PRICED_REFUND_LINES = query("priced_refund"), query("priced_refund_lines")
# As many as the documents ask for: a plain list that is as long may go on.
_REFUNDS_AT_FIRST, _MOST_REFUNDS = 5, 250
_REFUNDS_A_QUERY = 8
_PAGES_AT_ONCE = 4
_READINGS = 3


class TooLong(ValueError):
    """An object with a list longer than Shopify lets us page: it is never booked in part."""


class ChangedMeanwhile(ShopifyTrouble):
    """The order changed between two of its pages: they do not belong together."""


@dataclass(frozen=True, slots=True)
class WholeOrder:
    """`node` with all its lists in full, and all its refunds."""

    node: Json
    refunds: list[Json]


class WholeOrders:
    """Reads orders; further pages go out a few at a time, so that the store's cost bucket is left to others too."""

    def __init__(self, admin: ShopifyAdmin) -> None:
        self._admin = admin
        self._pages = asyncio.Semaphore(_PAGES_AT_ONCE)

    async def read(self, store: Store, ids: Sequence[str]) -> list[WholeOrder]:
        """In no promised order, without ids that Shopify does not know. TooLong names an order that is too long."""
        heads = await self._heads(store, ids)
        found = await asyncio.gather(*(self._whole(store, head) for head in heads), return_exceptions=True)
        for each in found:
            if isinstance(each, BaseException):
                raise each
        return [order for order in found if isinstance(order, WholeOrder)]

    async def _heads(self, store: Store, ids: Sequence[str]) -> list[Json]:
        """Both currencies are asked for only where an order has two: they cost a quarter more."""
        nodes = await self._nodes(store, _ORDERS, ids, both=False)
        foreign = [node["id"] for node in nodes if _foreign(node)]
        again = await self._nodes(store, _ORDERS, foreign, both=True) if foreign else []
        return [*(node for node in nodes if not _foreign(node)), *again]

    async def _whole(self, store: Store, head: Json) -> WholeOrder | None:
        for _ in range(_READINGS):
            try:
                return await self._once(_Reading(self._admin, self._pages, store, head))
            except ChangedMeanwhile:
                heads = await self._heads(store, [head["id"]])
                if not heads:
                    return None
                head = heads[0]
        raise ChangedMeanwhile(f"{head['id']} changed each time it was read")

    async def _once(self, reading: _Reading) -> WholeOrder:
        await reading.lists()
        await reading.transactions()
        await reading.agreements()
        refunds = await reading.refunds()
        if not reading.order["agreements"]["nodes"]:
            await reading.prices(refunds)
        return WholeOrder(reading.order, refunds)

    async def _nodes(self, store: Store, text: str, ids: Sequence[str], *, both: bool) -> list[Json]:
        answer = await self._admin.ask(store.business_id, text, {"ids": list(ids), "both": both})
        return [node for node in answer["nodes"] if node]


class _Reading:
    """One order being completed; every page that comes must be of the version that the order was found in."""

    def __init__(self, admin: ShopifyAdmin, pages: asyncio.Semaphore, store: Store, order: Json) -> None:
        self._admin, self._pages, self._store, self.order = admin, pages, store, order
        self._both = _foreign(order)

    async def lists(self) -> None:
        await self._rest(self.order, "lineItems", _LINES, both=self._both)
        await self._rest(self.order, "shippingLines", _SHIPPING)
        terms = self.order["paymentTerms"]
        if terms and terms["paymentSchedules"]["pageInfo"]["hasNextPage"]:
            raise TooLong(f"{self.order['id']} is paid in more instalments than are read")

    async def transactions(self) -> None:
        """A plain list: it is cut without a word, so it is counted."""
        count = self.order["transactionsCount"]["count"]
        if count > len(self.order["transactions"]):
            self.order["transactions"] = (await self._page(_TRANSACTIONS, both=self._both))["transactions"]
        if count > len(self.order["transactions"]):
            raise TooLong(f"{self.order['id']} has {count} transactions")

    async def agreements(self) -> None:
        """All of them with all their sales, as `nodes` in Shopify's order."""
        connection = self.order["agreements"]
        edges, page = connection["edges"], connection["pageInfo"]
        while page["hasNextPage"]:
            more = (await self._page(_AGREEMENTS, after=page["endCursor"], both=self._both))["agreements"]
            edges, page = [*edges, *more["edges"]], more["pageInfo"]
        for before, edge in zip([None, *(each["cursor"] for each in edges)], edges, strict=False):
            await self._sales(before, edge["node"])
        self.order["agreements"] = {"nodes": [edge["node"] for edge in edges]}

    async def _sales(self, before: str | None, agreement: Json) -> None:
        """An agreement cannot be asked for by its id: it is the first one after the one before it."""
        page = agreement["sales"]["pageInfo"]
        while page["hasNextPage"]:
            found = await self._page(_SALES, before=before, after=page["endCursor"], both=self._both)
            [edge] = found["agreements"]["edges"]
            if edge["node"]["id"] != agreement["id"]:
                raise ChangedMeanwhile(f"{agreement['id']} is not where it was")
            more = edge["node"]["sales"]
            agreement["sales"]["nodes"] += more["nodes"]
            page = more["pageInfo"]

    async def refunds(self) -> list[Json]:
        ids = [each["id"] for each in self.order["refunds"]]
        if len(ids) >= _REFUNDS_AT_FIRST:
            ids = [each["id"] for each in (await self._page(_REFUND_IDS))["refunds"]]
        if len(ids) >= _MOST_REFUNDS:
            raise TooLong(f"{self.order['id']} has {_MOST_REFUNDS} refunds or more")
        found: list[Json] = []
        for first in range(0, len(ids), _REFUNDS_A_QUERY):
            asked = {"ids": ids[first : first + _REFUNDS_A_QUERY], "both": self._both}
            found += [node for node in (await self._ask(_REFUNDS, asked))["nodes"] if node]
        if len(found) != len(ids):
            raise ChangedMeanwhile(f"{self.order['id']} has not the refunds that it had")
        for refund in found:
            self._same(refund["order"])
            await self._rest(refund, "orderAdjustments", _ADJUSTMENTS, both=self._both)
            await self._rest(refund, "transactions", _PAID_BACK)
        return found

    async def prices(self, refunds: Sequence[Json]) -> None:
        """What agreements would say, for an order that has none: prices, discounts and taxes of everything."""
        priced = await self._page(_PRICED_ORDER, both=self._both)
        while priced["shippingLines"]["pageInfo"]["hasNextPage"]:
            after = priced["shippingLines"]["pageInfo"]["endCursor"]
            more = (await self._page(_PRICED_ORDER, shippingAfter=after, both=self._both))["shippingLines"]
            more["nodes"] = [*priced["shippingLines"]["nodes"], *more["nodes"]]
            priced["shippingLines"] = more
        for name in ("totalTipReceivedSet", "additionalFees", "shippingLines"):
            self.order[name] = priced[name]
        self.order["lineItems"] = _before_any()
        await self._rest(self.order, "lineItems", _PRICED_LINES, both=self._both)
        for refund in refunds:
            asked = {"id": refund["id"], "both": self._both}
            refund.update((await self._ask(_PRICED_REFUND, asked))["refund"])
            self._same(refund["order"])
            if refund["refundShippingLines"]["pageInfo"]["hasNextPage"]:
                raise TooLong(f"{refund['id']} has more shipping lines than are read")
            refund["refundLineItems"] = _before_any()
            await self._rest(refund, "refundLineItems", _PRICED_REFUND_LINES, both=self._both)

    async def _rest(self, owner: Json, name: str, text: str, **variables: Any) -> None:
        """Appends the further pages of a connection to the owner's own list."""
        page = owner[name]["pageInfo"]
        while page["hasNextPage"]:
            asked = {"id": owner["id"], "after": page["endCursor"], **variables}
            answer = await self._ask(text, asked)
            more = answer["order"] if owner is self.order else answer["refund"]
            self._same(more if owner is self.order else (more or {}).get("order"))
            owner[name]["nodes"] += more[name]["nodes"]
            page = more[name]["pageInfo"]

    async def _page(self, text: str, **variables: Any) -> Json:
        found: Json = (await self._ask(text, {"id": self.order["id"], **variables}))["order"]
        self._same(found)
        return found

    async def _ask(self, text: str, variables: Json) -> Json:
        async with self._pages:
            return await self._admin.ask(self._store.business_id, text, variables)

    def _same(self, order: Json | None) -> None:
        if order is None or _version(order) != _version(self.order):
            raise ChangedMeanwhile(f"{self.order['id']} changed while it was read")


def _version(order: Json) -> tuple[object, ...]:
    """Times are whole seconds at Shopify, and much may happen in one: what it is worth and holds tells the rest."""
    return (
        order["updatedAt"],
        order["currentSubtotalLineItemsQuantity"],
        order["currentTotalPriceSet"]["shopMoney"]["amount"],
        order["netPaymentSet"]["shopMoney"]["amount"],
        order["transactionsCount"]["count"],
    )


def _foreign(node: Json) -> bool:
    return bool(node["currencyCode"] != node["presentmentCurrencyCode"])


def _before_any() -> Json:
    """A connection of which the first page is still to come."""
    return {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": None}}
