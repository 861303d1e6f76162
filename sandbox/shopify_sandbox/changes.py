"""What else may happen to an order: capture, payment, cancellation, and the end of what is pending."""

from __future__ import annotations

from datetime import datetime

from shopify_sandbox.order_records import Order, Refund, Transaction
from shopify_sandbox.paying import add_payment, take_cash
from shopify_sandbox.refunding import refund_all
from shopify_sandbox.sale_changes import Refused
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import capturable, totals_of

ENDS = ("SUCCESS", "FAILURE", "ERROR")


def cancel(shop: Shop, order: Order, now: datetime, reason: str) -> Refund | None:
    """Take the whole order back; money goes back, open authorisations are voided."""
    if order.cancelled_at:
        raise Refused("already cancelled")
    totals = totals_of(order)
    left = any(line.current_quantity for line in order.lines) or totals.current_shipping
    left = left or totals.current_duties or totals.current_fees
    record = refund_all(shop, order, now, note=None, restock="CANCEL") if left else None
    for held in [t for t in order.transactions if t.kind == "AUTHORIZATION"]:
        if capturable(order):
            add_payment(shop, order, "VOID", held.gateway, held.amount, now, parent_id=held.id)
    order.cancelled_at, order.cancel_reason = now, reason
    return record


def collect(
    shop: Shop, order: Order, now: datetime, amount: int | None = None, gateway: str | None = None
) -> Transaction:
    """Capture what is authorised, or take what is outstanding: as the pending payment, or by that gateway."""
    open_amount = capturable(order)
    if open_amount and gateway is None:
        held = next(t for t in order.transactions if t.kind == "AUTHORIZATION" and t.status == "SUCCESS")
        take = min(amount or open_amount, open_amount)
        return add_payment(shop, order, "CAPTURE", held.gateway, take, now, parent_id=held.id)
    due = totals_of(order).outstanding
    if due <= 0:
        raise Refused("nothing is outstanding")
    taken = min(amount or due, due)
    if gateway == "cash":
        return take_cash(shop, order, taken, now)
    pending = next((t for t in order.transactions if t.kind == "SALE" and t.status == "PENDING"), None)
    return add_payment(
        shop,
        order,
        "SALE",
        gateway or (pending.gateway if pending else "Bank Deposit"),
        taken,
        now,
        parent_id=pending.id if pending else None,
    )


def resolve(order: Order, status: str, transaction_id: int | None = None) -> Transaction:
    """End a pending refund or payment, the oldest one unless it is named; its status changes in its place."""
    if status not in ENDS:
        raise Refused(f"a pending transaction ends as one of {', '.join(ENDS)}")
    pending = [t for t in order.transactions if t.status == "PENDING" and transaction_id in (None, t.id)]
    chosen = next((t for t in pending if t.kind == "REFUND"), None) or next(iter(pending), None)
    if chosen is None:
        raise Refused("nothing is pending")
    chosen.status = status
    return chosen
