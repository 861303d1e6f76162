"""Sales that change an order later: units, shipping, duties and fees taken back, and more units sold."""

from __future__ import annotations

from collections.abc import Mapping

from shopify_sandbox.amounts import add_taxes, share
from shopify_sandbox.cart import CartLine
from shopify_sandbox.order_records import Order, OrderLine, Sale, TaxLine
from shopify_sandbox.ordering import copied, line_type, order_line, taxed
from shopify_sandbox.shop import Shop


class Refused(ValueError):
    """The store would not do this to the order."""


def line_of(order: Order, line_id: int) -> OrderLine:
    """Refused for a line that the order does not have."""
    try:
        return order.line(line_id)
    except KeyError:
        raise Refused(f"order {order.name} has no line {line_id}") from None


def return_units(shop: Shop, order: Order, quantities: Mapping[int, int]) -> list[Sale]:
    """Units by line id; the lines' current quantities are lowered."""
    sales = []
    for line_id, quantity in quantities.items():
        if not quantity:
            continue
        line = line_of(order, line_id)
        if not 0 < quantity <= line.current_quantity:
            raise Refused(f"{quantity} of {line.title}: only {line.current_quantity} left")
        left = _left(order, "line_id", line.id)
        sale = _negative(shop, order, left, quantity, line.current_quantity)
        sale.line_type, sale.quantity, sale.line_id = line_type(line), -quantity, line.id
        line.current_quantity -= quantity
        sales.append(sale)
    return sales


def return_shipping(shop: Shop, order: Order, amount: int) -> list[Sale]:
    """Before tax where tax is added, with tax where it is included; from the first line on."""
    sales = []
    for line in order.shipping:
        left = _left(order, "shipping_line_id", line.id)
        price = left.total if order.taxes_included else left.total - left.tax
        part = min(amount, price)
        if part > 0:
            sale = _negative(shop, order, left, part, price)
            sale.line_type, sale.shipping_line_id = "SHIPPING", line.id
            sales.append(sale)
            amount -= part
    if amount:
        raise Refused("that much shipping is not left")
    return sales


def return_duties(shop: Shop, order: Order) -> list[Sale]:
    """All that is left of the duties charged beside the prices."""
    sales = []
    for duty in order.duties:
        left = _left(order, "duty_id", duty.id)
        if left.total:
            sale = _negative(shop, order, left, 1, 1)
            sale.line_type, sale.duty_id, sale.quantity = "DUTY", duty.id, -1
            sales.append(sale)
    return sales


def return_fees(shop: Shop, order: Order) -> list[Sale]:
    """All that is left of the additional fees."""
    sales = []
    for fee in order.fees:
        left = _left(order, "fee_id", fee.id)
        if left.total:
            sale = _negative(shop, order, left, 1, 1)
            sale.line_type, sale.fee_id, sale.quantity = "ADDITIONAL_FEE", fee.id, -1
            sales.append(sale)
    return sales


def new_line(shop: Shop, order: Order, wanted: CartLine) -> Sale:
    """Another line on the order, at its price without any of the order's discounts."""
    line = order_line(shop, order, wanted)
    line.quantity = line.current_quantity = 0
    line.allocations, line.duties = [], []
    order.lines.append(line)
    return more_units(shop, order, line, wanted.quantity)


def more_units(shop: Shop, order: Order, line: OrderLine, quantity: int) -> Sale:
    """At the line's price before discounts, with the order's own taxes."""
    amount = line.unit_price * quantity
    taxes = taxed(order, amount) if line.taxable else []
    line.quantity += quantity
    line.current_quantity += quantity
    line.taxes = add_taxes(line.taxes, taxes)
    return Sale(
        id=shop.new_id(),
        action="ORDER",
        line_type=line_type(line),
        quantity=quantity,
        line_id=line.id,
        total=amount + (0 if order.taxes_included else sum(tax.amount for tax in taxes)),
        taxes=copied(taxes),
    )


def _left(order: Order, what: str, number: int) -> Sale:
    """What the agreements say is left of one thing, as one sale; `what` is the field of a sale that names it."""
    sales = [sale for agreement in order.agreements for sale in agreement.sales if getattr(sale, what) == number]
    return Sale(
        id=0,
        action="",
        line_type="",
        quantity=None,
        total=sum(sale.total for sale in sales),
        discount=sum(sale.discount for sale in sales),
        discount_tax=sum(sale.discount_tax for sale in sales),
        taxes=add_taxes(*(sale.taxes for sale in sales)),
    )


def _negative(shop: Shop, order: Order, left: Sale, part: int, whole: int) -> Sale:
    """`part` of `whole` of it, taken back."""
    taxes = [
        TaxLine(title=t.title, rate=t.rate, amount=-share(t.amount, part, whole), channel_liable=t.channel_liable)
        for t in left.taxes
    ]
    if order.taxes_included:
        total = -share(left.total, part, whole)
    else:
        total = -share(left.total - left.tax, part, whole) + sum(t.amount for t in taxes)
    return Sale(
        id=shop.new_id(),
        action="RETURN",
        line_type="",
        quantity=None,
        total=total,
        discount=-share(left.discount, part, whole),
        discount_tax=-share(left.discount_tax, part, whole),
        taxes=taxes,
    )
