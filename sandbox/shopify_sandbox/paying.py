"""Money that moves, or tries to: what a cart's tender stands for, and transactions one by one."""

from __future__ import annotations

from datetime import datetime, timedelta

from shopify_sandbox.amounts import half_up, rounded_cash
from shopify_sandbox.cart import Cart, CartPayment
from shopify_sandbox.order_records import Order, Transaction
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import totals_of

LABELS = {
    "shopify_payments": "Shopify Payments",
    "paypal": "PayPal",
    "gift_card": "Gift card",
    "shopify_store_credit": "Store credit",
    "cash": "Cash",
    "Bank Deposit": "Bank Deposit",
    "bogus": "(for testing) Bogus Gateway",
}
MANUAL = ("Bank Deposit", "Cash on Delivery (COD)", "manual", "Money Order")
_BESIDE = {"two_gateways": "paypal", "gift_card": "gift_card", "store_credit": "shopify_store_credit"}
_ALONE = {"gift_card_only": "gift_card", "store_credit_only": "shopify_store_credit"}


def pay(shop: Shop, order: Order, cart: Cart, now: datetime) -> None:
    """Write the payments the cart states or its tender stands for; an order of 0.00 needs none."""
    due = totals_of(order).total
    if cart.payments is not None:
        for payment in cart.payments:
            _stated(shop, order, payment, now)
        return
    if due == 0:
        return
    match cart.tender:
        case "none":
            return
        case "sale":
            add_payment(shop, order, "SALE", cart.gateway, due, now)
        case "capture" | "authorization" | "captured_in_parts":
            held = add_payment(shop, order, "AUTHORIZATION", cart.gateway, due, now)
            if cart.tender != "authorization":
                first = due // 3 if cart.tender == "captured_in_parts" else 0
                for part in filter(None, (first, due - first)):
                    capture(shop, order, held, part, now)
        case "manual":
            add_payment(shop, order, "SALE", "Bank Deposit", due, now, status="PENDING")
        case "failed_first":
            add_payment(shop, order, "SALE", cart.gateway, due, now, status="FAILURE")
            add_payment(shop, order, "SALE", cart.gateway, due, now + timedelta(seconds=30))
        case "cash":
            owed = rounded_cash(due, order.cash_rounding)
            notes = cart.cash_notes
            take_cash(shop, order, due, now, -(-owed // notes) * notes if notes else owed)
        case tender if tender in _ALONE:
            add_payment(shop, order, "SALE", _ALONE[tender], due, now)
        case tender if tender in _BESIDE:
            first = due // 3 or due
            add_payment(shop, order, "SALE", _BESIDE[tender], first, now)
            if due > first:
                add_payment(shop, order, "SALE", cart.gateway, due - first, now)
        case other:
            raise ValueError(f"no tender {other!r}")


def _stated(shop: Shop, order: Order, payment: CartPayment, now: datetime) -> None:
    amount = totals_of(order).outstanding if payment.amount is None else payment.amount
    if payment.gateway == "cash" and payment.kind == "SALE" and payment.status == "SUCCESS":
        take_cash(shop, order, amount, now, payment.tendered)
        return
    parent = None if payment.parent is None else order.transactions[payment.parent].id
    add_payment(shop, order, payment.kind, payment.gateway, amount, now, status=payment.status, parent_id=parent)


def take_cash(shop: Shop, order: Order, due: int, now: datetime, tendered: int | None = None) -> Transaction:
    """Cash in what coins can say; what was handed over beyond it goes back as CHANGE."""
    owed = rounded_cash(due, order.cash_rounding)
    given = owed if tendered is None else tendered
    if given < owed:
        raise ValueError("less cash than is due")
    taken = add_payment(shop, order, "SALE", "cash", given, now, rounding=owed - due)
    if given > owed:
        add_payment(shop, order, "CHANGE", "cash", given - owed, now, parent_id=taken.id)
    return taken


def capture(shop: Shop, order: Order, held: Transaction, amount: int, now: datetime) -> Transaction:
    """Take (part of) an authorised amount."""
    return add_payment(shop, order, "CAPTURE", held.gateway, amount, now + timedelta(seconds=1), parent_id=held.id)


def add_payment(
    shop: Shop,
    order: Order,
    kind: str,
    gateway: str,
    amount: int,
    now: datetime,
    *,
    status: str = "SUCCESS",
    parent_id: int | None = None,
    rounding: int = 0,
) -> Transaction:
    """Append one transaction; card payments of the house gateway carry its fee of 2.9 % + 30."""
    if amount < 0:
        raise ValueError("a transaction is never negative")
    charged = gateway == "shopify_payments" and kind in ("SALE", "CAPTURE") and status == "SUCCESS"
    transaction = Transaction(
        id=shop.new_id(),
        kind=kind,
        status=status,
        gateway=gateway,
        formatted_gateway=LABELS.get(gateway, gateway),
        amount=amount,
        rounding=rounding,
        manual=gateway in MANUAL,
        test=order.test,
        parent_id=parent_id,
        fee=half_up(amount * 29, 1000) + 30 if charged else None,
        receipt='{"gift_card_id":4410001,"gift_card_last_characters":"7f3a"}' if gateway == "gift_card" else "{}",
        created_at=now,
    )
    order.transactions.append(transaction)
    return transaction
