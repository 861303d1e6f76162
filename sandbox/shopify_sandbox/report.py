"""A store's own sums by component, to be laid beside the books."""

from __future__ import annotations

from collections import Counter

from shopify_sandbox.model import Order
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import financial_status, totals_of
from shopify_sandbox.views import gid


def order_components(order: Order) -> dict[str, int]:
    """One order in smallest units; refunds by what was given back, `refund_paid` by money sent.

    `total = goods - discount + shipping + tax (when added) + tip`; `goods` includes tax when the order's
    prices do, and `tax` is then the part inside.
    """
    totals = totals_of(order)
    lines = [line for refund in order.refunds for line in refund.lines]
    shipping = [part for refund in order.refunds for part in refund.shipping]
    return {
        "goods": totals.goods,
        "discount": totals.discounts,
        "shipping": totals.shipping_before_discount,
        "tax": totals.tax,
        "tip": totals.tip,
        "total": totals.total,
        "current_total": totals.current_total,
        "received": totals.received,
        "refund_goods": sum(line.subtotal for line in lines),
        "refund_goods_tax": sum(line.tax for line in lines),
        "refund_shipping": sum(part.subtotal for part in shipping),
        "refund_shipping_tax": sum(part.tax for part in shipping),
        "refund_discrepancy": totals.discrepancy,
        "refund_paid": totals.refunded,
        "outstanding": totals.outstanding,
    }


def shop_report(shop: Shop, *, each: bool) -> dict[str, object]:
    """Sums over all orders that are not tests, with their number, refunds and states."""
    sums: Counter[str] = Counter()
    states: Counter[str] = Counter()
    real = [order for order in shop.orders.values() if not order.test]
    for order in real:
        sums.update(order_components(order))
        states[financial_status(order, totals_of(order))] += 1
    report: dict[str, object] = {
        "shop": shop.domain,
        "currency": shop.facts.currency,
        "taxes_included": shop.facts.taxes_included,
        "orders": len(real),
        "test_orders": len(shop.orders) - len(real),
        "refunds": sum(len(order.refunds) for order in real),
        "sums": dict(sums),
        "states": dict(states),
    }
    if each:
        report["by_order"] = {
            gid("Order", order.id): {
                "name": order.name,
                "test": order.test,
                "status": financial_status(order, totals_of(order)),
                "updated_at": order.updated_at,
                "refund_ids": [gid("Refund", r.id) for r in order.refunds],
                **order_components(order),
            }
            for order in shop.orders.values()
        }
    return report
