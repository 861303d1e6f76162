"""What may happen to an order later: refund, edit, capture, payment, cancellation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shopify_sandbox.amounts import add_taxes, share, taxes_of
from shopify_sandbox.model import (
    Adjustment,
    Agreement,
    Order,
    OrderLine,
    Refund,
    RefundLine,
    RefundShipping,
    Sale,
    ShippingLine,
    TaxLine,
)
from shopify_sandbox.ordering import CartLine, add_payment, copied, line_type, order_line
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import PAYING, capturable, refundable, totals_of


class Refused(ValueError):
    """The store would not do this to the order."""


def refund(
    shop: Shop,
    order: Order,
    now: datetime,
    *,
    quantities: Mapping[int, int],
    shipping: int = 0,
    discrepancy: int = 0,
    note: str | None = None,
    restock: str = "RETURN",
) -> Refund:
    """Give back units by line id and (part of) the shipping price.

    `shipping` is before tax where tax is added, with tax where it is included. `discrepancy` > 0 sends
    that much less than calculated, < 0 that much more (goodwill). What the buyer still owes is lowered
    first; money goes back on the payments in their order, and none for an unpaid order.
    """
    sales: list[Sale] = []
    lines: list[RefundLine] = []
    for line_id, quantity in quantities.items():
        if quantity:
            sale = _return_units(shop, order, _line(order, line_id), quantity)
            sales.append(sale)
            lines.append(_refund_line(shop, order, sale, restock))
    back = _return_shipping(shop, order, shipping) if shipping else None
    if back:
        sales.append(back)
    calculated = -sum(sale.total for sale in sales)
    before = totals_of(order)
    paid, owed = before.net_payment, max(0, before.outstanding)
    sent = max(0, calculated - owed) - discrepancy if paid else 0
    if not sales and not sent:
        raise Refused("nothing to refund")
    if sent < 0 or sent > paid:
        raise Refused("cannot send back more than was paid")
    record = Refund(
        id=shop.new_id(),
        created_at=now,
        note=note,
        lines=lines,
        shipping=[_refund_shipping(shop, order, back)] if back else [],
        adjustments=[Adjustment(id=shop.new_id(), reason="REFUND_DISCREPANCY", amount=discrepancy)]
        if discrepancy and paid
        else [],
        transaction_ids=_send_back(shop, order, sent, now),
    )
    for line in lines:
        order.line(line.line_id).current_quantity -= line.quantity
    order.refunds.append(record)
    if sales:
        order.agreements.append(
            Agreement(id=shop.new_id(), reason="REFUND", happened_at=now, refund_id=record.id, sales=sales)
        )
    return record


def refund_all(shop: Shop, order: Order, now: datetime, *, note: str | None, restock: str = "RETURN") -> Refund:
    """Give back everything that is left, shipping included."""
    return refund(
        shop,
        order,
        now,
        quantities={line.id: line.current_quantity for line in order.lines},
        shipping=totals_of(order).current_shipping,
        note=note,
        restock=restock,
    )


def cancel(shop: Shop, order: Order, now: datetime, reason: str) -> Refund | None:
    """Take the whole order back; money goes back, open authorisations are voided."""
    if order.cancelled_at:
        raise Refused("already cancelled")
    left = any(line.current_quantity for line in order.lines) or totals_of(order).current_shipping
    record = refund_all(shop, order, now, note=None, restock="CANCEL") if left else None
    for held in [t for t in order.transactions if t.kind == "AUTHORIZATION"]:
        if capturable(order):
            add_payment(shop, order, "VOID", held.gateway, held.amount, now, parent_id=held.id)
    order.cancelled_at, order.cancel_reason = now, reason
    return record


def set_quantity(shop: Shop, order: Order, line_id: int, quantity: int, now: datetime) -> Sale:
    """An order edit of one line; lowering it leaves the line's ever-ordered quantity as it was."""
    line = _line(order, line_id)
    if quantity == line.current_quantity or quantity < 0 or line.tip:
        raise Refused("the quantity stays as it is")
    if quantity < line.current_quantity:
        sale = _return_units(shop, order, line, line.current_quantity - quantity)
    else:
        sale = _more_units(shop, order, line, quantity - line.current_quantity)
    line.current_quantity = quantity
    _edited(shop, order, sale, now)
    return sale


def add_line(shop: Shop, order: Order, wanted: CartLine, now: datetime) -> Sale:
    """An order edit that puts another line on the order; the buyer then owes its price."""
    line = order_line(shop, wanted)
    line.quantity = line.current_quantity = 0
    line.allocations = []
    order.lines.append(line)
    sale = _more_units(shop, order, line, wanted.quantity)
    line.current_quantity = wanted.quantity
    _edited(shop, order, sale, now)
    return sale


def collect(shop: Shop, order: Order, now: datetime, amount: int | None = None) -> None:
    """Capture what is authorised, or mark what is outstanding as paid."""
    open_amount = capturable(order)
    if open_amount:
        held = next(t for t in order.transactions if t.kind == "AUTHORIZATION")
        take = min(amount or open_amount, open_amount)
        add_payment(shop, order, "CAPTURE", held.gateway, take, now, parent_id=held.id)
        return
    due = totals_of(order).outstanding
    if due <= 0:
        raise Refused("nothing is outstanding")
    pending = next((t for t in order.transactions if t.status == "PENDING"), None)
    add_payment(
        shop,
        order,
        "SALE",
        pending.gateway if pending else "Bank Deposit",
        min(amount or due, due),
        now,
        parent_id=pending.id if pending else None,
    )


def _line(order: Order, line_id: int) -> OrderLine:
    try:
        return order.line(line_id)
    except KeyError:
        raise Refused(f"order {order.name} has no line {line_id}") from None


def _left(order: Order, *, line: OrderLine | None = None, shipping: ShippingLine | None = None) -> Sale:
    """What the agreements say is left of a line, as one sale."""
    sales = [
        sale
        for agreement in order.agreements
        for sale in agreement.sales
        if (line and sale.line_id == line.id) or (shipping and sale.shipping_line_id == shipping.id)
    ]
    return Sale(
        id=0,
        action="",
        line_type="",
        quantity=None,
        total=sum(s.total for s in sales),
        discount=sum(s.discount for s in sales),
        taxes=add_taxes(*(s.taxes for s in sales)),
    )


def _negative(order: Order, left: Sale, part: int, whole: int) -> tuple[int, int, list[TaxLine]]:
    """Total, discount and taxes of `part` of `whole`, signs turned."""
    taxes = [
        TaxLine(title=t.title, rate=t.rate, amount=-share(t.amount, part, whole), channel_liable=t.channel_liable)
        for t in left.taxes
    ]
    if order.taxes_included:
        total = -share(left.total, part, whole)
    else:
        total = -share(left.total - left.tax, part, whole) + sum(t.amount for t in taxes)
    return total, -share(left.discount, part, whole), taxes


def _return_units(shop: Shop, order: Order, line: OrderLine, quantity: int) -> Sale:
    if not 0 < quantity <= line.current_quantity:
        raise Refused(f"{quantity} of {line.title}: only {line.current_quantity} left")
    total, discount, taxes = _negative(order, _left(order, line=line), quantity, line.current_quantity)
    return Sale(
        id=shop.new_id(),
        action="RETURN",
        line_type=line_type(line),
        quantity=-quantity,
        line_id=line.id,
        total=total,
        discount=discount,
        taxes=taxes,
    )


def _return_shipping(shop: Shop, order: Order, amount: int) -> Sale:
    for line in order.shipping:
        left = _left(order, shipping=line)
        price = left.total if order.taxes_included else left.total - left.tax
        if 0 < amount <= price:
            total, discount, taxes = _negative(order, left, amount, price)
            return Sale(
                id=shop.new_id(),
                action="RETURN",
                line_type="SHIPPING",
                quantity=None,
                shipping_line_id=line.id,
                total=total,
                discount=discount,
                taxes=taxes,
            )
    raise Refused("that much shipping is not left")


def _more_units(shop: Shop, order: Order, line: OrderLine, quantity: int) -> Sale:
    amount = line.unit_price * quantity
    taxes: list[TaxLine] = []
    if line.taxable and not order.tax_exempt:
        taxes = taxes_of(amount, shop.facts.taxes, order.taxes_included)
    line.quantity += quantity
    line.taxes = add_taxes(line.taxes, taxes)
    added = 0 if order.taxes_included else sum(t.amount for t in taxes)
    return Sale(
        id=shop.new_id(),
        action="ORDER",
        line_type=line_type(line),
        quantity=quantity,
        line_id=line.id,
        total=amount + added,
        discount=0,
        taxes=copied(taxes),
    )


def _edited(shop: Shop, order: Order, sale: Sale, now: datetime) -> None:
    order.edited = True
    order.agreements.append(Agreement(id=shop.new_id(), reason="ORDER_EDIT", happened_at=now, sales=[sale]))


def _subtotal(order: Order, sale: Sale) -> int:
    return -(sale.total if order.taxes_included else sale.total - sale.tax)


def _refund_line(shop: Shop, order: Order, sale: Sale, restock: str) -> RefundLine:
    return RefundLine(
        id=shop.new_id(),
        line_id=sale.line_id or 0,
        quantity=-(sale.quantity or 0),
        restock_type=restock,
        subtotal=_subtotal(order, sale),
        tax=-sale.tax,
    )


def _refund_shipping(shop: Shop, order: Order, sale: Sale) -> RefundShipping:
    return RefundShipping(
        id=shop.new_id(),
        shipping_line_id=sale.shipping_line_id or 0,
        subtotal=_subtotal(order, sale),
        tax=-sale.tax,
    )


def _send_back(shop: Shop, order: Order, amount: int, now: datetime) -> list[int]:
    ids: list[int] = []
    for payment in [t for t in order.transactions if t.kind in PAYING and t.status == "SUCCESS"]:
        part = min(amount, refundable(order, payment))
        if part > 0:
            sent = add_payment(shop, order, "REFUND", payment.gateway, part, now, parent_id=payment.id)
            ids.append(sent.id)
            amount -= part
    return ids
