"""An order as the store answers it, read into the audit's facts: stated totals, its own ledger, money by gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from ledgerport_local.audit_facts import (
    ADJUSTMENT,
    DUTY,
    FEE,
    GIFT_CARDS,
    GOODS,
    SHIPPING,
    TAX,
    TIP,
    StoreOrder,
)

Json = Mapping[str, Any]
_NOTHING = Decimal(0)
_CENT = Decimal("0.01")
# Shopify: SaleLineType -> component.
_LINE_TYPES = {
    "PRODUCT": GOODS,
    "GIFT_CARD": GIFT_CARDS,
    "TIP": TIP,
    "SHIPPING": SHIPPING,
    "DUTY": DUTY,
    "ADDITIONAL_FEE": FEE,
    "FEE": FEE,
    "ADJUSTMENT": ADJUSTMENT,
}
# Shopify: OrderTransactionKind -> which way its money went; an authorization or a void moves none.
_DIRECTIONS = {"SALE": 1, "CAPTURE": 1, "REFUND": -1, "CHANGE": -1}
_TENDERS = ("gift_card", "shopify_store_credit")


def read_order(node: Json, agreements: list[Json]) -> StoreOrder:
    """`agreements`: with all their sales. What waits for a gateway's answer has not happened yet."""
    waiting = {
        refund["id"]
        for refund in node["refunds"]
        if any(each["status"] in ("PENDING", "AWAITING_RESPONSE") for each in refund["transactions"]["nodes"])
    }
    not_yet = [each for each in agreements if (each.get("refund") or {}).get("id") in waiting]
    happened = [each for each in agreements if each not in not_yet]
    undone, undone_tax = _sum_of(not_yet, "totalAmount"), _sum_of(not_yet, "totalTaxAmount")
    money, tenders = _movements(node["transactions"])
    cash = node["totalCashRoundingAdjustment"]
    converted = node["currencyCode"] != node["presentmentCurrencyCode"]
    return StoreOrder(
        id=node["id"],
        name=node["name"],
        total=_bag(node["currentTotalPriceSet"]) - undone,
        tax=_bag(node["currentTotalTaxSet"]) - undone_tax,
        parts=_parts(happened) if agreements else None,
        money=money,
        tenders=tenders,
        rounding=_bag(cash["paymentSet"]) - _bag(cash["refundSet"]),
        outstanding=_bag(node["totalOutstandingSet"]) - undone,
        refunds=len(node["refunds"]),
        amounts_converted=_amounts(node, agreements) if converted else 0,
        test=node["test"],
    )


def _parts(agreements: Iterable[Json]) -> dict[str, Decimal]:
    parts: dict[str, Decimal] = {}
    for sale in (sale for agreement in agreements for sale in agreement["sales"]):
        name, tax = _LINE_TYPES[sale["lineType"]], _bag(sale["totalTaxAmount"])
        parts[name] = parts.get(name, _NOTHING) + _bag(sale["totalAmount"]) - tax
        parts[TAX] = parts.get(TAX, _NOTHING) + tax
    return parts


def _sum_of(agreements: Iterable[Json], name: str) -> Decimal:
    return sum((_bag(sale[name]) for agreement in agreements for sale in agreement["sales"]), _NOTHING)


def _movements(transactions: Iterable[Json]) -> tuple[dict[str, Decimal], Decimal]:
    """Money by the gateway's name, and what gift cards and store credit gave; only what succeeded counts."""
    money: dict[str, Decimal] = {}
    tenders = _NOTHING
    for each in transactions:
        amount = _DIRECTIONS.get(each["kind"], 0) * _bag(each["amountSet"])
        if each["status"] != "SUCCESS" or not amount:
            continue
        if each["gateway"] in _TENDERS:
            tenders += amount
        else:
            label = each["formattedGateway"]
            money[label] = money.get(label, _NOTHING) + amount
    return money, tenders


def _amounts(node: Json, agreements: Iterable[Json]) -> int:
    """How many amounts were converted, each of them rounded by itself."""
    return len(node["transactions"]) + sum(2 * len(agreement["sales"]) for agreement in agreements)


def _bag(bag: Json | None) -> Decimal:
    return Decimal(bag["shopMoney"]["amount"] if bag else 0).quantize(_CENT)
