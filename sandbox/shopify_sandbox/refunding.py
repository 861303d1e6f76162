"""Refunds: what is taken back, what the calculation says, and the money that really goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from shopify_sandbox.amounts import rounded_cash
from shopify_sandbox.order_records import (
    Adjustment,
    Agreement,
    Order,
    Refund,
    RefundDuty,
    RefundLine,
    RefundShipping,
    Sale,
)
from shopify_sandbox.paying import add_payment
from shopify_sandbox.sale_changes import Refused, return_duties, return_fees, return_shipping, return_units
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import PAYING, Totals, on_its_way_back, refundable, totals_of


class Part(msgspec.Struct, kw_only=True):
    """Money that goes to one gateway."""

    gateway: str
    amount: int


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """How money goes back: to these gateways, or on the payments in their order; `pending` is settled later."""

    to: Sequence[Part] | None = None
    pending: bool = False


ON_THE_PAYMENTS = Sending()


def refund(
    shop: Shop,
    order: Order,
    now: datetime,
    *,
    quantities: Mapping[int, int],
    shipping: int = 0,
    duties: bool = False,
    fees: bool = False,
    discrepancy: int = 0,
    adjustment: int = 0,
    money: bool = True,
    sending: Sending = ON_THE_PAYMENTS,
    note: str | None = None,
    restock: str = "RETURN",
) -> Refund:
    """Give back units by line id, (part of) the shipping price, duties and fees.

    `shipping` is before tax where tax is added, with tax where it is included. `discrepancy` > 0 sends that much
    less than calculated, < 0 that much more (goodwill): the agreement holds the calculated value, and what is stated
    in `sending` decides where it is given. `adjustment` is
    part of the agreement instead: > 0 is kept by the store, < 0 is given on top. What the buyer still owes is
    lowered first; no money goes for an unpaid order, or without `money`: the store then owes it.
    """
    sales = return_units(shop, order, quantities)
    sales += return_shipping(shop, order, shipping) if shipping else []
    sales += return_duties(shop, order) if duties else []
    sales += return_fees(shop, order) if fees else []
    if adjustment:
        sales.append(Sale(id=shop.new_id(), action="RETURN", line_type="ADJUSTMENT", quantity=None, total=adjustment))
    before = totals_of(order)
    calculated, paid = -sum(sale.total for sale in sales), paid_for(order, before)
    owed = max(0, before.outstanding + on_its_way_back(order))
    calculated = max(0, calculated - owed) if paid and money else 0
    if sending.to is not None:
        discrepancy = calculated - sum(part.amount for part in sending.to)
    sent = calculated - discrepancy if paid and money else 0
    if not sales and not sent:
        raise Refused("nothing to refund")
    if sent < 0 or sent > paid:
        raise Refused("cannot send back more than was paid")
    record = _record(shop, order, sales, now, note=note, restock=restock)
    if discrepancy and paid and money:
        record.adjustments = [Adjustment(id=shop.new_id(), reason="REFUND_DISCREPANCY", amount=discrepancy)]
    record.transaction_ids = send_back(shop, order, sent, now, sending)
    order.refunds.append(record)
    if sales:
        order.agreements.append(
            Agreement(id=shop.new_id(), reason="REFUND", happened_at=now, refund_id=record.id, sales=sales)
        )
    return record


def paid_for(order: Order, totals: Totals) -> int:
    """What was paid and neither went back nor is on its way: in amounts due, whatever coins made of them."""
    return totals.net_payment - (totals.payment_rounding - totals.refund_rounding) - on_its_way_back(order)


def refund_all(shop: Shop, order: Order, now: datetime, *, note: str | None, restock: str = "RETURN") -> Refund:
    """Give back everything that is left: units, shipping, duties and fees."""
    return refund(
        shop,
        order,
        now,
        quantities={line.id: line.current_quantity for line in order.lines},
        shipping=totals_of(order).current_shipping,
        duties=True,
        fees=True,
        note=note,
        restock=restock,
    )


def pay_back(
    shop: Shop,
    order: Order,
    now: datetime,
    amount: int | None = None,
    *,
    sending: Sending = ON_THE_PAYMENTS,
    return_id: int | None = None,
) -> Refund:
    """Money that the store owes: a refund without goods, that agrees nothing new."""
    owed = -totals_of(order).outstanding - on_its_way_back(order)
    if owed <= 0 or (amount or 0) > owed:
        raise Refused("the store does not owe that much")
    record = _record(shop, order, [], now, note=None, restock="NO_RESTOCK")
    record.return_id = return_id
    record.transaction_ids = send_back(shop, order, amount or owed, now, sending)
    order.refunds.append(record)
    return record


def returned(
    shop: Shop, order: Order, sales: Sequence[Sale], now: datetime, return_id: int, owed: int, paid: int
) -> Refund:
    """The refund record of a return whose agreement stands already; `owed` is what goes back, if anything.

    More than is left of what was paid cannot go back: after goodwill the rest is balanced.
    """
    record = _record(shop, order, sales, now, note=None, restock="RETURN")
    record.return_id = return_id
    sent = max(0, min(owed, paid))
    if owed > sent:
        balance = Adjustment(id=shop.new_id(), reason="FULL_RETURN_BALANCING_ADJUSTMENT", amount=owed - sent)
        record.adjustments = [balance]
    record.transaction_ids = send_back(shop, order, sent, now) if sent else []
    order.refunds.append(record)
    return record


def _record(
    shop: Shop, order: Order, sales: Sequence[Sale], now: datetime, *, note: str | None, restock: str
) -> Refund:
    def subtotal(sale: Sale) -> int:
        return -(sale.total if order.taxes_included else sale.total - sale.tax)

    back = [sale for sale in sales if sale.action == "RETURN"]
    return Refund(
        id=shop.new_id(),
        created_at=now,
        note=note,
        lines=[
            RefundLine(
                id=shop.new_id(),
                line_id=sale.line_id,
                quantity=-(sale.quantity or 0),
                restock_type=restock,
                subtotal=subtotal(sale),
                tax=-sale.tax,
            )
            for sale in back
            if sale.line_id is not None
        ],
        shipping=[
            RefundShipping(
                id=shop.new_id(), shipping_line_id=sale.shipping_line_id, subtotal=subtotal(sale), tax=-sale.tax
            )
            for sale in back
            if sale.shipping_line_id is not None
        ],
        duties=[RefundDuty(duty_id=sale.duty_id, amount=subtotal(sale)) for sale in back if sale.duty_id is not None],
        adjustments=[],
        transaction_ids=[],
    )


def send_back(shop: Shop, order: Order, amount: int, now: datetime, sending: Sending = ON_THE_PAYMENTS) -> list[int]:
    """The ids of the transactions that carry it."""
    status = "PENDING" if sending.pending else "SUCCESS"
    payments = [t for t in order.transactions if t.kind in PAYING and t.status == "SUCCESS"]
    ids: list[int] = []

    def send(gateway: str, part: int, parent_id: int | None) -> None:
        moved = rounded_cash(part, order.cash_rounding) if gateway == "cash" else part
        sent = add_payment(
            shop, order, "REFUND", gateway, moved, now, status=status, parent_id=parent_id, rounding=moved - part
        )
        ids.append(sent.id)

    if sending.to is not None:
        for part in sending.to if amount else ():
            parent = next((t for t in payments if t.gateway == part.gateway), None)
            send(part.gateway, part.amount, parent.id if parent else None)
        return ids
    for payment in payments:
        share = min(amount, refundable(order, payment))
        if share > 0:
            send(payment.gateway, share, payment.id)
            amount -= share
    return ids
