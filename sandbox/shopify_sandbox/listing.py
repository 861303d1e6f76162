"""Sorted, searched and paged lists of a store's records, with opaque cursors."""

from __future__ import annotations

import base64
import bisect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shopify_sandbox.order_records import Order
from shopify_sandbox.search import Getter, Search, parse_search
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import financial_status, totals_of

MOST = 250


class BadPage(ValueError):
    """The paging arguments do not fit; the text is for the caller."""


def _order_status(order: Order) -> list[str]:
    if order.cancelled_at:
        return ["cancelled", "not_closed"]
    return ["closed"] if order.closed_at else ["open", "not_closed"]


ORDER_FIELDS: Mapping[str, Getter] = {
    "id": lambda o: o.id,
    "name": lambda o: [o.name, o.name.lstrip("#")],
    "created_at": lambda o: o.created_at,
    "updated_at": lambda o: o.updated_at,
    "processed_at": lambda o: o.processed_at,
    "financial_status": lambda o: financial_status(o, totals_of(o)),
    "fulfillment_status": lambda o: ["fulfilled", "shipped"] if o.fulfilled else ["unfulfilled", "unshipped"],
    "status": _order_status,
    "email": lambda o: o.email,
    "customer_id": lambda o: o.customer_id,
    "sku": lambda o: [line.sku for line in o.lines],
    "tag": lambda o: o.tags,
    "test": lambda o: o.test,
    "gateway": lambda o: [t.gateway for t in o.transactions],
    "source_name": lambda o: o.source,
    "po_number": lambda o: o.po_number,
    "return_status": lambda o: "returned" if o.returns else "no_return",
}
CUSTOMER_FIELDS: Mapping[str, Getter] = {
    "id": lambda c: c.id,
    "email": lambda c: c.email,
    "phone": lambda c: c.phone,
    "first_name": lambda c: c.first_name,
    "last_name": lambda c: c.last_name,
    "tag": lambda c: c.tags,
    "state": lambda _c: "disabled",
    "customer_date": lambda c: c.created_at,
    # Shopify matches whole days here, whatever time is asked for.
    "updated_at": lambda c: c.updated_at.replace(hour=0, minute=0, second=0),
}
PRODUCT_FIELDS: Mapping[str, Getter] = {
    "id": lambda p: p.id,
    "title": lambda p: p.title,
    "status": lambda p: p.status,
    "vendor": lambda p: p.vendor,
    "product_type": lambda p: p.product_type,
    "gift_card": lambda p: p.gift_card,
    "sku": lambda p: [v.sku for v in p.variants],
    "variant_id": lambda p: [str(v.id) for v in p.variants],
    "created_at": lambda p: p.created_at,
    "updated_at": lambda p: p.updated_at,
}
VARIANT_FIELDS: Mapping[str, Getter] = {
    "id": lambda pv: pv[1].id,
    "product_id": lambda pv: pv[0].id,
    "product_ids": lambda pv: pv[0].id,
    "title": lambda pv: pv[1].title,
    "sku": lambda pv: pv[1].sku,
    "barcode": lambda pv: pv[1].barcode,
    "taxable": lambda pv: pv[1].taxable,
    "gift_card": lambda pv: pv[0].gift_card,
    "updated_at": lambda pv: pv[1].updated_at,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of record is listed; `sorts` give a value that orders together with the id."""

    records: Callable[[Shop], list[Any]]
    identity: Callable[[Any], int]
    updated: Callable[[Any], datetime]
    fields: Mapping[str, Getter]
    free: Getter
    sorts: Mapping[str, Getter]
    version: str


ORDERS = Kind(
    lambda shop: [*shop.orders.values(), *shop.shelf.values()],
    lambda o: int(o.id),
    lambda o: o.updated_at,
    ORDER_FIELDS,
    lambda o: f"{o.name} {o.email}",
    {
        "PROCESSED_AT": lambda o: o.processed_at.timestamp(),
        "CREATED_AT": lambda o: o.created_at.timestamp(),
        "UPDATED_AT": lambda o: o.updated_at.timestamp(),
        "ID": lambda o: o.id,
        "ORDER_NUMBER": lambda o: o.number,
        "TOTAL_PRICE": lambda o: totals_of(o).total,
        "CURRENT_TOTAL_PRICE": lambda o: totals_of(o).current_total,
        "FINANCIAL_STATUS": lambda o: financial_status(o, totals_of(o)),
    },
    "orders",
)
CUSTOMERS = Kind(
    lambda shop: list(shop.customers.values()),
    lambda c: int(c.id),
    lambda c: c.updated_at,
    CUSTOMER_FIELDS,
    lambda c: f"{c.first_name} {c.last_name} {c.email} {c.phone}",
    {
        "ID": lambda c: c.id,
        "UPDATED_AT": lambda c: c.updated_at.timestamp(),
        "CREATED_AT": lambda c: c.created_at.timestamp(),
        "NAME": lambda c: f"{c.last_name}, {c.first_name}",
    },
    "customers",
)
PRODUCTS = Kind(
    lambda shop: list(shop.products.values()),
    lambda p: int(p.id),
    lambda p: p.updated_at,
    PRODUCT_FIELDS,
    lambda p: p.title,
    {
        "ID": lambda p: p.id,
        "UPDATED_AT": lambda p: p.updated_at.timestamp(),
        "CREATED_AT": lambda p: p.created_at.timestamp(),
        "TITLE": lambda p: p.title,
    },
    "products",
)
VARIANTS = Kind(
    lambda shop: list(shop.variants.values()),
    lambda pv: int(pv[1].id),
    lambda pv: pv[1].updated_at,
    VARIANT_FIELDS,
    lambda pv: f"{pv[0].title} {pv[1].title} {pv[1].sku}",
    {
        "ID": lambda pv: pv[1].id,
        "SKU": lambda pv: pv[1].sku or "",
        "TITLE": lambda pv: pv[1].title,
        "UPDATED_AT": lambda pv: pv[1].updated_at.timestamp(),
    },
    "products",
)
KINDS: Mapping[str, Kind] = {
    "orders": ORDERS,
    "customers": CUSTOMERS,
    "products": PRODUCTS,
    "productVariants": VARIANTS,
}


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of records with the cursor of each."""

    records: list[Any]
    cursors: list[str]
    more: bool
    before: bool
    warnings: list[dict[str, str]] = field(default_factory=list)


class Lister:
    """Keeps each sorted list until the store changes, so that paging through thousands stays cheap."""

    def __init__(self) -> None:
        self._sorted: dict[tuple[str, str, str], tuple[int, list[tuple[Any, int]], list[Any]]] = {}

    def page(self, shop: Shop, name: str, args: Mapping[str, Any], visible_until: datetime) -> Page:
        """One page by Shopify's arguments `first/after` or `last/before`, `query`, `sortKey`, `reverse`."""
        kind = KINDS[name]
        size, backwards = page_size(args)
        sort = str(args.get("sortKey") or "ID")
        keys, records = self._list(shop, name, kind, sort if sort in kind.sorts else "ID")
        search = parse_search(args.get("query"), kind.fields, kind.free)
        descending = bool(args.get("reverse")) != backwards
        cursor = args.get("before") if backwards else args.get("after")
        start = _start(keys, _decode(cursor, sort) if cursor else None, descending)
        step = -1 if descending else 1
        found: list[int] = []
        for index in range(start, -1 if descending else len(keys), step):
            if kind.updated(records[index]) <= visible_until and search.matches(records[index]):
                found.append(index)
                if len(found) > size:
                    break
        more = len(found) > size
        chosen = found[:size][::-1] if backwards else found[:size]
        return Page(
            [records[i] for i in chosen],
            [_encode(sort, *keys[i]) for i in chosen],
            more=bool(cursor) if backwards else more,
            before=more if backwards else bool(cursor),
            warnings=search.warnings,
        )

    def count(self, shop: Shop, name: str, query: str | None) -> tuple[int, Search]:
        kind = KINDS[name]
        search = parse_search(query, kind.fields, kind.free)
        return sum(1 for record in kind.records(shop) if search.matches(record)), search

    def _list(self, shop: Shop, name: str, kind: Kind, sort: str) -> tuple[list[tuple[Any, int]], list[Any]]:
        slot, version = (shop.domain, name, sort), shop.versions[kind.version]
        held = self._sorted.get(slot)
        if held is None or held[0] != version:
            value = kind.sorts[sort]
            keyed = [((value(r), kind.identity(r)), r) for r in kind.records(shop)]
            pairs = sorted(keyed, key=lambda pair: pair[0])
            held = (version, [key for key, _ in pairs], [record for _, record in pairs])
            self._sorted[slot] = held
        return held[1], held[2]


def page_size(args: Mapping[str, Any]) -> tuple[int, bool]:
    """(size, from the end?); BadPage for what Shopify refuses."""
    first, last = args.get("first"), args.get("last")
    if (first is None) == (last is None):
        raise BadPage("you must provide one of first or last")
    size = int(str(first if last is None else last))
    if not 0 <= size <= MOST:
        raise BadPage(f"{'first' if last is None else 'last'} must be between 0 and {MOST}")
    return size, last is not None


def _start(keys: list[tuple[Any, int]], after: tuple[Any, int] | None, descending: bool) -> int:
    if after is None:
        return len(keys) - 1 if descending else 0
    return bisect.bisect_left(keys, after) - 1 if descending else bisect.bisect_right(keys, after)


def _encode(sort: str, value: Any, identity: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, value, identity]).encode()).decode()


def _decode(cursor: str, sort: str) -> tuple[Any, int]:
    try:
        held_sort, value, identity = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError):
        raise BadPage("Invalid cursor for current pagination sort.") from None
    if held_sort != sort:
        raise BadPage("Invalid cursor for current pagination sort.")
    return value, int(identity)
