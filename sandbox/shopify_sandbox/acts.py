"""What happens to orders in stories: each act draws what it needs; Refused where this order does not allow it."""

from __future__ import annotations

import random
from datetime import datetime

from shopify_sandbox import changes, editing, refunding, returning
from shopify_sandbox.cart import CartLine
from shopify_sandbox.order_records import Order, OrderLine
from shopify_sandbox.refunding import Part, Sending
from shopify_sandbox.sale_changes import Refused
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import capturable, totals_of


def _any_line(chance: random.Random, order: Order) -> OrderLine:
    left = [line for line in order.lines if line.current_quantity and not line.tip and not line.gift_card]
    if not left:
        raise Refused("no line is left")
    return chance.choice(left)


def _some(chance: random.Random, line: OrderLine) -> dict[int, int]:
    return {line.id: chance.randrange(1, line.current_quantity + 1)}


# --- money that comes ---------------------------------------------------------------------------------


def pay(shop: Shop, _chance: random.Random, order: Order, now: datetime) -> None:
    changes.collect(shop, order, now)


def pay_part(shop: Shop, _chance: random.Random, order: Order, now: datetime) -> None:
    due = capturable(order) or totals_of(order).outstanding
    changes.collect(shop, order, now, max(1, due // 3))


def pay_by_card(shop: Shop, _chance: random.Random, order: Order, now: datetime) -> None:
    changes.collect(shop, order, now, gateway="shopify_payments")


# --- edits --------------------------------------------------------------------------------------------


def add_line(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    wanted = CartLine(title="Gift box", price=chance.randrange(100, 3000), quantity=chance.randrange(1, 3))
    editing.edit(shop, order, now, add=[wanted])


def more_units(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    line = _any_line(chance, order)
    editing.edit(shop, order, now, quantities={line.id: line.current_quantity + 1})


def take_line_off(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    line = _any_line(chance, order)
    editing.edit(shop, order, now, quantities={line.id: chance.randrange(line.current_quantity)})


def swap_up(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    _swap(shop, chance, order, now, 733)


def swap_down(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    _swap(shop, chance, order, now, -215)


def _swap(shop: Shop, chance: random.Random, order: Order, now: datetime, difference: int) -> None:
    line = _any_line(chance, order)
    other = CartLine(title=f"{line.title}, another size", price=max(1, line.unit_price + difference))
    editing.edit(shop, order, now, quantities={line.id: line.current_quantity - 1}, add=[other])


def remove_shipping(shop: Shop, _chance: random.Random, order: Order, now: datetime) -> None:
    editing.edit(shop, order, now, remove_shipping=True)


# --- returns and exchanges ------------------------------------------------------------------------------


def take_back(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    returning.take_back(shop, order, now, quantities=_some(chance, _any_line(chance, order)))


def take_back_for_a_fee(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    line = _any_line(chance, order)
    fee = max(1, line.unit_price // 10)
    returning.take_back(
        shop, order, now, quantities=_some(chance, line), restocking_fee=fee, shipping_fee=chance.choice((0, fee))
    )


def take_back_unpaid(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    returning.take_back(shop, order, now, quantities=_some(chance, _any_line(chance, order)), refund=False)


def exchange_down(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    _exchange(shop, chance, order, now, -301)


def exchange_even(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    _exchange(shop, chance, order, now, 0)


def exchange_up(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    _exchange(shop, chance, order, now, 4477, "shopify_payments")


def exchange_up_unpaid(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    _exchange(shop, chance, order, now, 4477)


def _exchange(
    shop: Shop, chance: random.Random, order: Order, now: datetime, difference: int, charge: str | None = None
) -> None:
    line = _any_line(chance, order)
    # What one unit is worth now, so that an even exchange is even whatever discount it had.
    worth = (line.gross - line.discount) // (line.quantity or 1) if not difference else line.unit_price
    wanted = CartLine(
        title=f"{line.title}, exchanged", price=max(0, worth + difference), taxable=line.taxable and bool(line.taxes)
    )
    returning.take_back(shop, order, now, quantities={line.id: 1}, exchange=[wanted], charge=charge)


# --- refunds --------------------------------------------------------------------------------------------


def refund_lines(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    refunding.refund(shop, order, now, quantities=_some(chance, _any_line(chance, order)), note="One arrived torn")


def refund_less(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    line = _any_line(chance, order)
    refunding.refund(shop, order, now, quantities={line.id: 1}, discrepancy=chance.randrange(1, 50))


def refund_adjusted(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    line = _any_line(chance, order)
    refunding.refund(shop, order, now, quantities={line.id: 1}, adjustment=chance.choice((-25, 60)))


def refund_shipping(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    shipping = totals_of(order).current_shipping
    refunding.refund(shop, order, now, quantities={}, shipping=chance.choice((shipping, max(1, shipping // 2))))


def refund_duties(shop: Shop, _chance: random.Random, order: Order, now: datetime) -> None:
    refunding.refund(shop, order, now, quantities={}, duties=True)


def goodwill(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    most = max(2, min(2000, totals_of(order).net_payment))
    refunding.refund(shop, order, now, quantities={}, discrepancy=-chance.randrange(1, most), note="Sorry!")


def refund_to_two(shop: Shop, _chance: random.Random, order: Order, now: datetime) -> None:
    """Everything, on both payments."""
    refunding.refund_all(shop, order, now, note="Changed my mind")


def refund_to_gift_card(shop: Shop, _chance: random.Random, order: Order, now: datetime) -> None:
    _everything_to(shop, order, now, "gift_card")


def refund_to_store_credit(shop: Shop, _chance: random.Random, order: Order, now: datetime) -> None:
    _everything_to(shop, order, now, "shopify_store_credit")


def _everything_to(shop: Shop, order: Order, now: datetime, gateway: str) -> None:
    paid = totals_of(order).net_payment
    if not paid:
        raise Refused("nothing was paid")
    refunding.refund(
        shop,
        order,
        now,
        quantities={line.id: line.current_quantity for line in order.lines},
        shipping=totals_of(order).current_shipping,
        duties=True,
        fees=True,
        sending=Sending(to=[Part(gateway=gateway, amount=paid)]),
    )


def refund_on_account(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    refunding.refund(shop, order, now, quantities=_some(chance, _any_line(chance, order)), money=False)


def refund_pending(shop: Shop, chance: random.Random, order: Order, now: datetime) -> None:
    back = _some(chance, _any_line(chance, order))
    refunding.refund(shop, order, now, quantities=back, sending=Sending(pending=True))


def settle(_shop: Shop, _chance: random.Random, order: Order, _now: datetime) -> None:
    changes.resolve(order, "SUCCESS")


def fail(_shop: Shop, _chance: random.Random, order: Order, _now: datetime) -> None:
    changes.resolve(order, "FAILURE")


def pay_back(shop: Shop, _chance: random.Random, order: Order, now: datetime) -> None:
    return_id = order.returns[-1].id if order.returns else None
    refunding.pay_back(shop, order, now, return_id=return_id)


# --- the rest --------------------------------------------------------------------------------------------


def cancel(shop: Shop, _chance: random.Random, order: Order, now: datetime) -> None:
    changes.cancel(shop, order, now, "CUSTOMER")


def lose_variants(_shop: Shop, _chance: random.Random, order: Order, _now: datetime) -> None:
    """What was sold is no longer in the store's catalogue."""
    for line in order.lines:
        line.product_id = line.variant_id = None
