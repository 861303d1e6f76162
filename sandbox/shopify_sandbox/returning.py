"""Returns and exchanges: goods that come back, what the buyer takes for them, and what the store keeps for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from shopify_sandbox.cart import CartLine
from shopify_sandbox.order_records import Agreement, Order, Return, ReturnFee, Sale
from shopify_sandbox.paying import add_payment
from shopify_sandbox.refunding import paid_for, returned
from shopify_sandbox.sale_changes import Refused, new_line, return_units
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import on_its_way_back, totals_of


def take_back(
    shop: Shop,
    order: Order,
    now: datetime,
    *,
    quantities: Mapping[int, int],
    exchange: Sequence[CartLine] = (),
    restocking_fee: int = 0,
    shipping_fee: int = 0,
    refund: bool = True,
    charge: str | None = None,
) -> Return:
    """One return, processed at once: its agreement holds goods, exchange and fees, each by itself.

    With `refund` the net goes back on the payments; `charge` names the gateway that takes what an exchange costs more.
    """
    before = totals_of(order)
    back = return_units(shop, order, quantities)
    if not back:
        raise Refused("nothing comes back")
    fees = [
        ReturnFee(id=shop.new_id(), kind=kind, amount=amount)
        for kind, amount in (("RestockingFee", restocking_fee), ("ReturnShippingFee", shipping_fee))
        if amount
    ]
    charged = [
        Sale(id=shop.new_id(), action="ORDER", line_type="FEE", quantity=1, fee_id=fee.id, total=fee.amount)
        for fee in fees
    ]
    taken = [new_line(shop, order, wanted) for wanted in exchange]
    record = Return(
        id=shop.new_id(),
        name=f"{order.name}-R{len(order.returns) + 1}",
        created_at=now,
        quantity=sum(quantities.values()),
        exchange_lines=[sale.line_id for sale in taken if sale.line_id is not None],
        fees=fees,
    )
    order.returns.append(record)
    sales = [*back, *charged, *taken]
    order.agreements.append(
        Agreement(id=shop.new_id(), reason="RETURN", happened_at=now, return_id=record.id, sales=sales)
    )
    after = totals_of(order)
    if refund:
        # Only what this return made the store owe, and never what was not paid.
        due = -sum(sale.total for sale in sales)
        owed = min(due, -after.outstanding - on_its_way_back(order))
        returned(shop, order, back, now, record.id, owed, paid_for(order, before))
    if charge is not None and after.outstanding > 0:
        add_payment(shop, order, "SALE", charge, after.outstanding, now)
    return record
