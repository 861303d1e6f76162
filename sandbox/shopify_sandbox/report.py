"""A store's own sums by component, in shop money, to be laid beside the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from shopify_sandbox.amounts import converted
from shopify_sandbox.order_records import Order
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import PAYING, financial_status, totals_of
from shopify_sandbox.views import gid

# How what is left of an order is called, by the line type of its sales.
CURRENT: Mapping[str, str] = {
    "PRODUCT": "current_goods",
    "GIFT_CARD": "current_gift_cards",
    "SHIPPING": "current_shipping",
    "TIP": "current_tips",
    "DUTY": "current_duties",
    "ADDITIONAL_FEE": "current_additional_fees",
    "FEE": "current_return_fees",
    "ADJUSTMENT": "current_adjustments",
}


def order_components(order: Order) -> dict[str, int]:
    """One order in smallest units of the shop's currency; refunds by what was given back, `refund_paid` by money.

    `total = goods - discount + shipping + duties + additional_fees + tax (when added) + tip`; `goods` includes tax
    when the order's prices do, and `tax` is then the part inside. The `current_…` are what the order's agreements
    leave, each without tax: with `current_tax` and the `conversion` they add up to `current_total`.
    """

    def shop(amount: int) -> int:
        return converted(amount, order.currency, order.exchange)

    totals = totals_of(order)
    lines = [line for refund in order.refunds for line in refund.lines]
    shipping = [part for refund in order.refunds for part in refund.shipping]
    left = _left(order)
    return {
        "goods": shop(totals.goods),
        "discount": shop(totals.discounts),
        "shipping": shop(totals.shipping_before_discount),
        "duties": shop(totals.duties),
        "additional_fees": shop(totals.fees),
        "tax": shop(totals.tax),
        "tip": shop(totals.tip),
        "total": shop(totals.total),
        "current_total": shop(totals.current_total),
        **left,
        "conversion": shop(totals.current_total) - sum(left.values()),
        "received": shop(totals.received),
        "refund_goods": sum(shop(line.subtotal) for line in lines),
        "refund_goods_tax": sum(shop(line.tax) for line in lines),
        "refund_shipping": sum(shop(part.subtotal) for part in shipping),
        "refund_shipping_tax": sum(shop(part.tax) for part in shipping),
        "refund_discrepancy": shop(totals.discrepancy),
        "refund_paid": shop(totals.refunded),
        "cash_rounding": shop(totals.payment_rounding) - shop(totals.refund_rounding),
        "outstanding": shop(totals.outstanding),
    }


def _left(order: Order) -> dict[str, int]:
    """What every sale is worth in shop money by itself: exactly what the agreements show."""
    left = dict.fromkeys((*CURRENT.values(), "current_tax"), 0)
    for sale in (sale for agreement in order.agreements for sale in agreement.sales):
        tax = converted(sale.tax, order.currency, order.exchange)
        left[CURRENT[sale.line_type]] += converted(sale.total, order.currency, order.exchange) - tax
        left["current_tax"] += tax
    return left


def money_by_gateway(order: Order) -> dict[str, int]:
    """What each gateway holds of the order: in, less change and refunds."""
    held: Counter[str] = Counter()
    for transaction in order.transactions:
        if transaction.status == "SUCCESS" and transaction.kind in (*PAYING, "REFUND", "CHANGE"):
            amount = converted(transaction.amount, order.currency, order.exchange)
            held[transaction.gateway] += amount if transaction.kind in PAYING else -amount
    return dict(held)


def shop_report(shop: Shop, *, each: bool) -> dict[str, object]:
    """Sums over all orders that are not tests, with their number, refunds and states."""
    sums: Counter[str] = Counter()
    states: Counter[str] = Counter()
    gateways: Counter[str] = Counter()
    real = [order for order in shop.orders.values() if not order.test]
    for order in real:
        sums.update(order_components(order))
        gateways.update(money_by_gateway(order))
        states[financial_status(order, totals_of(order))] += 1
    report: dict[str, object] = {
        "shop": shop.domain,
        "currency": shop.facts.currency,
        "taxes_included": shop.facts.taxes_included,
        "orders": len(real),
        "test_orders": len(shop.orders) - len(real),
        "refunds": sum(len(order.refunds) for order in real),
        "sums": dict(sums),
        "gateways": dict(gateways),
        "states": dict(states),
    }
    if each:
        report["by_order"] = {
            gid("Order", order.id): {
                "name": order.name,
                "test": order.test,
                "currency": order.currency,
                "status": financial_status(order, totals_of(order)),
                "updated_at": order.updated_at,
                "lists_agreements": order.lists_agreements,
                "refund_ids": [gid("Refund", r.id) for r in order.refunds],
                "gateways": money_by_gateway(order),
                **order_components(order),
            }
            for order in shop.orders.values()
        }
    return report
