"""The kinds of order a store has: how each is bought, and what becomes of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shopify_sandbox import acts
from shopify_sandbox.cart import (
    Cart,
    CartCompany,
    CartDuty,
    CartFee,
    CartLine,
    CartTerms,
    Rate,
)
from shopify_sandbox.order_records import Order
from shopify_sandbox.shop import Shop

Shape = Callable[[Shop, random.Random, Cart], None]
Act = Callable[[Shop, random.Random, Order, datetime], object]
LONG = "Überlange Kerze “Mitternacht” 🕯️🌌 – "
# What one unit of each is worth in the stores' own currencies.
RATES: Mapping[str, Mapping[str, str]] = {
    "USD": {"CAD": "0.7249", "EUR": "1.0873", "JPY": "0.006614"},
    "GBP": {"EUR": "0.8391", "USD": "0.7721", "JPY": "0.005108"},
}


@dataclass(frozen=True, slots=True)
class Story:
    """`shape` makes of any shopping this kind of order; the acts of the sequel happen to it one after the other."""

    shape: Shape
    sequel: tuple[Act, ...] = ()


def goods(shop: Shop) -> list[int]:
    """Variants that are no gift cards."""
    return [v.id for p in shop.products.values() if not p.gift_card for v in p.variants]


def _gift_cards(shop: Shop) -> list[int]:
    return [v.id for p in shop.products.values() if p.gift_card for v in p.variants]


def _plain(_shop: Shop, _chance: random.Random, _cart: Cart) -> None:
    """As it is."""


def _with(**fields: object) -> Shape:
    def shape(_shop: Shop, _chance: random.Random, cart: Cart) -> None:
        for name, value in fields.items():
            setattr(cart, name, value)

    return shape


def _tip(_shop: Shop, chance: random.Random, cart: Cart) -> None:
    cart.tip = chance.choice((100, 250, 333, 500))


def _gift_card_sold(shop: Shop, chance: random.Random, cart: Cart) -> None:
    cart.lines.append(CartLine(variant_id=chance.choice(_gift_cards(shop))))


def _free(_shop: Shop, _chance: random.Random, cart: Cart) -> None:
    cart.discount_percent, cart.discount_amount, cart.shipping = 100, 0, None
    for line in cart.lines:
        line.discount = 0


def _free_line(_shop: Shop, _chance: random.Random, cart: Cart) -> None:
    cart.lines.append(CartLine(title="Sample", price=0))


def _cash(_shop: Shop, chance: random.Random, cart: Cart) -> None:
    cart.tender, cart.source, cart.shipping, cart.gateway = "cash", "pos", None, "cash"
    cart.customer_id, cart.email = None, None
    cart.cash_rounding, cart.cash_notes = chance.choice((0, 5, 10)), chance.choice((0, 500, 2000))


def _duties(*, included: bool) -> Shape:
    def shape(_shop: Shop, chance: random.Random, cart: Cart) -> None:
        cart.duties_included = included
        for line in cart.lines[:2]:
            line.duties = [CartDuty(amount=chance.randrange(50, 900), code="6109.10", taxed=chance.random() < 0.3)]

    return shape


def _fee(_shop: Shop, chance: random.Random, cart: Cart) -> None:
    cart.fees = [CartFee(name="Import fee", amount=chance.randrange(100, 900), taxed=chance.random() < 0.5)]


def _zero_rate(_shop: Shop, _chance: random.Random, cart: Cart) -> None:
    cart.tax_rates = [Rate(title="Zero-rated", parts=0)]


def _three_taxes(_shop: Shop, _chance: random.Random, cart: Cart) -> None:
    cart.tax_rates = [Rate(title=f"{place} Tax", parts=parts) for place, parts in (("State", 6250), ("County", 1000))]
    cart.tax_rates.append(Rate(title="City Tax", parts=875))


def _marketplace(_shop: Shop, _chance: random.Random, cart: Cart) -> None:
    cart.channel_liable, cart.source, cart.gateway = True, "marketplace", "Marketplace Payments"
    cart.customer_id, cart.email = None, None


def _foreign(shop: Shop, chance: random.Random, cart: Cart) -> None:
    rates = RATES.get(shop.facts.currency, {})
    if rates:
        cart.currency = chance.choice(sorted(rates))
        cart.rate = rates[cart.currency]


def _same_sku_twice(_shop: Shop, _chance: random.Random, cart: Cart) -> None:
    first = cart.lines[0]
    cart.lines.append(CartLine(variant_id=first.variant_id, quantity=2, properties={"Engraving": "for Ada"}))


def _many_lines(shop: Shop, chance: random.Random, cart: Cart) -> None:
    cart.lines = [CartLine(variant_id=chance.choice(goods(shop)), quantity=chance.randrange(1, 4)) for _ in range(300)]


def _odd_names(_shop: Shop, _chance: random.Random, cart: Cart) -> None:
    cart.lines.append(CartLine(title=(LONG * 12)[:255], sku="💛-" + "X" * 120, price=1234))
    cart.lines.append(CartLine(title="Tab\tand “quotes”: a|b\\c\u202ertl", price=99))
    cart.note = "🎁 " * 400


def _guest(_shop: Shop, _chance: random.Random, cart: Cart) -> None:
    cart.customer_id, cart.email = None, None


def _business(_shop: Shop, chance: random.Random, cart: Cart) -> None:
    name = chance.choice(("Acme Retail Ltd", "Björk & Søn ApS", "Depot 24"))
    cart.company = CartCompany(name=name, location=chance.choice(("Head office", "Warehouse North")))
    cart.po_number, cart.payment_terms, cart.tender = f"PO-{chance.randrange(10_000)}", CartTerms(), "none"


STORIES: Mapping[str, Story] = {
    "sale": Story(_plain),
    "capture": Story(_with(tender="capture")),
    "manual": Story(_with(tender="manual")),
    "two_gateways": Story(_with(tender="two_gateways")),
    "gift_card": Story(_with(tender="gift_card")),
    "tip": Story(_tip),
    "authorization": Story(_with(tender="authorization")),
    "gift_card_sold": Story(_gift_card_sold),
    "free": Story(_free),
    # how it is paid
    "store_credit": Story(_with(tender="store_credit")),
    "gift_card_only": Story(_with(tender="gift_card_only")),
    "store_credit_only": Story(_with(tender="store_credit_only")),
    "captured_in_parts": Story(_with(tender="captured_in_parts")),
    "captured_later": Story(_with(tender="authorization"), (acts.pay_part, acts.pay)),
    "manual_paid": Story(_with(tender="manual"), (acts.pay,)),
    "manual_in_parts": Story(_with(tender="manual"), (acts.pay_part, acts.pay_part, acts.pay)),
    "partly_paid": Story(_with(tender="manual"), (acts.pay_part,)),
    "failed_first": Story(_with(tender="failed_first")),
    "cash": Story(_cash),
    "cash_refunded": Story(_cash, (acts.refund_lines,)),
    "imported": Story(_with(imported=True)),
    "imported_long_ago": Story(_with(imported=True, lists_agreements=False)),
    "without_agreements": Story(_with(lists_agreements=False), (acts.refund_lines,)),
    # what is bought
    "duties": Story(_duties(included=False)),
    "duties_included": Story(_duties(included=True)),
    "additional_fee": Story(_fee),
    "free_line": Story(_free_line),
    "zero_rate": Story(_zero_rate),
    "three_taxes": Story(_three_taxes),
    "marketplace": Story(_marketplace),
    "foreign": Story(_foreign),
    "foreign_refunded": Story(_foreign, (acts.refund_lines,)),
    "same_sku_twice": Story(_same_sku_twice),
    "many_lines": Story(_many_lines),
    "odd_names": Story(_odd_names),
    "deleted_variant": Story(_plain, (acts.lose_variants,)),
    "guest": Story(_guest),
    "business": Story(_business, (acts.pay_part,)),
    "draft": Story(_with(source="shopify_draft_order", tender="manual"), (acts.pay,)),
    "test": Story(_with(test=True, gateway="bogus")),
    # what changes
    "edited_unpaid": Story(_with(tender="manual"), (acts.add_line, acts.take_line_off)),
    "edited_then_paid": Story(_with(tender="manual"), (acts.add_line, acts.pay)),
    "edited_up": Story(_plain, (acts.add_line,)),
    "edited_up_paid": Story(_plain, (acts.add_line, acts.pay_by_card)),
    "edited_more_units": Story(_plain, (acts.more_units, acts.pay_by_card)),
    "edited_down": Story(_plain, (acts.take_line_off,)),
    "edited_down_refunded": Story(_plain, (acts.take_line_off, acts.pay_back)),
    "swapped_up": Story(_plain, (acts.swap_up, acts.pay_by_card)),
    "swapped_down": Story(_plain, (acts.swap_down, acts.pay_back)),
    "shipping_removed": Story(_plain, (acts.remove_shipping, acts.pay_back)),
    # what comes back
    "returned": Story(_plain, (acts.take_back,)),
    "returned_with_fees": Story(_plain, (acts.take_back_for_a_fee,)),
    "returned_paid_later": Story(_plain, (acts.take_back_unpaid, acts.pay_back)),
    "exchanged_down": Story(_plain, (acts.exchange_down,)),
    "exchanged_up": Story(_plain, (acts.exchange_up,)),
    "exchanged_up_unpaid": Story(_plain, (acts.exchange_up_unpaid,)),
    "exchanged_even": Story(_plain, (acts.exchange_even,)),
    "goodwill": Story(_plain, (acts.goodwill,)),
    "refunded_less": Story(_plain, (acts.refund_less,)),
    "refunded_adjusted": Story(_plain, (acts.refund_adjusted,)),
    "shipping_refunded": Story(_plain, (acts.refund_shipping,)),
    "duties_refunded": Story(_duties(included=False), (acts.refund_duties,)),
    "refunded_to_two": Story(_with(tender="two_gateways"), (acts.refund_to_two,)),
    "refunded_to_gift_card": Story(_with(tender="gift_card"), (acts.refund_to_gift_card,)),
    "refunded_to_store_credit": Story(_plain, (acts.refund_to_store_credit,)),
    "on_account": Story(_plain, (acts.refund_on_account,)),
    "refund_pending": Story(_plain, (acts.refund_pending,)),
    "refund_pending_done": Story(_plain, (acts.refund_pending, acts.settle)),
    "refund_pending_failed": Story(_plain, (acts.refund_pending, acts.fail)),
    "refunded_twice": Story(_plain, (acts.refund_lines, acts.refund_lines)),
    "edited_then_refunded": Story(_plain, (acts.add_line, acts.pay_by_card, acts.refund_lines)),
    "cancelled_unpaid": Story(_with(tender="manual"), (acts.cancel,)),
    "cancelled_authorized": Story(_with(tender="authorization"), (acts.cancel,)),
    "cancelled_paid": Story(_plain, (acts.cancel,)),
}
