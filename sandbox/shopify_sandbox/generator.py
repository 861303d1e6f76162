"""Varied orders and refunds from a seed: the same seed in the same store gives the same amounts."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime

from shopify_sandbox.cart import Cart, CartLine
from shopify_sandbox.order_records import Order, Refund
from shopify_sandbox.refunding import refund, refund_all
from shopify_sandbox.shop import Shop
from shopify_sandbox.stories import STORIES, Story, goods
from shopify_sandbox.totals import totals_of

Mix = Mapping[str, int]

RARE = {"many_lines": 1, "test": 1}
MIXES: dict[str, Mix] = {
    "basic": {"sale": 9, "capture": 3},
    "all": {kind: 8 if kind == "sale" else 2 for kind in STORIES} | RARE,
}
REFUND_KINDS: Mapping[str, int] = {"full": 4, "lines": 5, "shipping": 2}


def mix_named(mix: str | Mix) -> Mix:
    """A named mix, one kind by its name, or weights by kind; ValueError for unknown kinds."""
    weights = MIXES.get(mix, {mix: 1}) if isinstance(mix, str) else mix
    unknown = set(weights) - set(STORIES)
    if unknown:
        raise ValueError(f"unknown kinds of order: {sorted(unknown)}; there are {sorted(STORIES)}")
    return weights


def draw_cart(shop: Shop, chance: random.Random, mix: Mix) -> tuple[Story, Cart]:
    """One cart out of the mix, and the story it begins."""
    story = STORIES[chance.choices(list(mix), weights=list(mix.values()))[0]]
    cart = _shopping(shop, chance)
    story.shape(shop, chance, cart)
    return story, cart


def _shopping(shop: Shop, chance: random.Random) -> Cart:
    wares = goods(shop)
    if not wares:
        raise ValueError(f"{shop.domain} sells nothing yet")
    count = chance.choices((1, 2, 3, 4, 6, 9), weights=(30, 28, 20, 12, 8, 2))[0]
    lines = [
        CartLine(variant_id=variant, quantity=chance.choices((1, 2, 3, 5, 12), weights=(60, 22, 10, 6, 2))[0])
        for variant in chance.sample(wares, k=min(count, len(wares)))
    ]
    if chance.random() < 0.06:
        lines.append(
            CartLine(
                title=chance.choice(("Engraving", "Hand-made box – “large”", "Rush fee")),
                price=chance.randrange(95, 4000),
                taxable=chance.random() < 0.7,
            )
        )
    if chance.random() < 0.15:
        price = shop.variants[lines[0].variant_id or 0][1].price
        lines[0].discount = chance.randrange(1, price * lines[0].quantity // 2 + 2)
    if chance.random() < 0.1:
        lines[0].properties = {"Engraving": chance.choice(("A+B", "für Oma 💛", "Nº 7"))}
    cart = Cart(lines=lines)
    _add_buyer(shop, chance, cart)
    _add_offers(chance, cart)
    if chance.random() < 0.25:
        cart.tax_parts = 1
    cart.test = chance.random() < 0.01
    if cart.test:
        cart.gateway = "bogus"
    return cart


def _add_buyer(shop: Shop, chance: random.Random, cart: Cart) -> None:
    draw = chance.random()
    if draw < 0.82:
        cart.customer_id = chance.choice(list(shop.customers))
    elif draw < 0.94:
        cart.email = f"guest{chance.randrange(10_000)}@shoppers.example"
    if chance.random() < 0.12:
        cart.note = chance.choice(("Please leave at the door", "Gift – no receipt!", "Ring “twice”\nthank you"))
    if chance.random() < 0.1:
        cart.tags = ["wholesale"]
    if chance.random() < 0.1:
        cart.attributes = {"gift_message": "Happy birthday 🎂"}
    cart.gateway = chance.choices(("shopify_payments", "paypal"), weights=(8, 2))[0]


def _add_offers(chance: random.Random, cart: Cart) -> None:
    draw = chance.random()
    if draw < 0.25:
        cart.discount_percent = chance.choice((5, 10, 15, 33))
        cart.discount_code = chance.choice((None, "TEN", "WELCOME", "SPRING-26"))
    elif draw < 0.33:
        cart.discount_amount = chance.randrange(50, 1500)
        cart.discount_code = "THANKYOU"
    if chance.random() < 0.8:
        cart.shipping = chance.choice((395, 499, 590, 795, 1200))
        cart.shipping_title = chance.choice(("Standard", "Express"))
        if chance.random() < 0.12:
            cart.shipping_discount = chance.choice((cart.shipping, cart.shipping // 2))


def draw_refund(
    shop: Shop, chance: random.Random, order: Order, now: datetime, kinds: Mapping[str, int] = REFUND_KINDS
) -> Refund:
    """Refund the order in one of the kinds: `full`, `lines`, `shipping`, `goodwill`, `less`."""
    kind = chance.choices(list(kinds), weights=list(kinds.values()))[0]
    totals = totals_of(order)
    left = {line.id: line.current_quantity for line in order.lines if line.current_quantity}
    shipping = totals.current_shipping
    if kind == "shipping" and shipping and totals.net_payment:
        part = chance.choice((shipping, max(1, shipping // 2)))
        return refund(shop, order, now, quantities={}, shipping=part, note="Late parcel")
    if kind == "goodwill" and totals.net_payment > 1:
        amount = chance.randrange(1, min(totals.net_payment, 2000))
        return refund(shop, order, now, quantities={}, discrepancy=-amount, note="Sorry!")
    if kind == "full" or not left:
        return refund_all(shop, order, now, note="Changed my mind")
    chosen = chance.sample(list(left), k=chance.randrange(1, len(left) + 1))
    quantities = {line_id: chance.randrange(1, left[line_id] + 1) for line_id in chosen}
    less = chance.randrange(1, 50) if kind == "less" else 0
    return refund(shop, order, now, quantities=quantities, discrepancy=less, note="One arrived torn")
