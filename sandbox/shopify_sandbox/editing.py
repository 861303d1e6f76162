"""Order edits: lines changed, added and swapped, shipping removed, in one agreement a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from shopify_sandbox.cart import CartLine
from shopify_sandbox.order_records import Agreement, Order, Sale
from shopify_sandbox.sale_changes import Refused, line_of, more_units, new_line, return_shipping, return_units
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import totals_of


def edit(
    shop: Shop,
    order: Order,
    now: datetime,
    *,
    quantities: Mapping[int, int] | None = None,
    add: Sequence[CartLine] = (),
    remove_shipping: bool = False,
) -> Agreement:
    """New quantities by line id (0 takes a line off), and further lines; what they change is then owed or to be paid.

    Lowering leaves the line's ever-ordered quantity as it was; no refund is recorded.
    """
    sales: list[Sale] = []
    for line_id, quantity in (quantities or {}).items():
        line = line_of(order, line_id)
        if line.tip or quantity < 0:
            raise Refused("a tip cannot be edited, and no quantity is below 0")
        if quantity < line.current_quantity:
            sales += return_units(shop, order, {line_id: line.current_quantity - quantity})
        elif quantity > line.current_quantity:
            sales.append(more_units(shop, order, line, quantity - line.current_quantity))
    sales += [new_line(shop, order, wanted) for wanted in add]
    if remove_shipping and (left := totals_of(order).current_shipping):
        sales += return_shipping(shop, order, left)
        for way in order.shipping:
            way.removed = True
    if not sales:
        raise Refused("nothing would change")
    order.edited = True
    agreement = Agreement(id=shop.new_id(), reason="ORDER_EDIT", happened_at=now, sales=sales)
    order.agreements.append(agreement)
    return agreement
