"""A cart becomes an order: discounts allocated, tax taken line by line, payments and agreement written."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from shopify_sandbox.amounts import allocate, half_up, taxes_of
from shopify_sandbox.model import (
    Address,
    Agreement,
    Allocation,
    Customer,
    Discount,
    Order,
    OrderLine,
    Sale,
    ShippingLine,
    TaxLine,
    TaxRate,
    Transaction,
)
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import totals_of


class CartLine(msgspec.Struct, kw_only=True):
    """Something to buy: a variant, or a custom line with its own title and price."""

    variant_id: int | None = None
    title: str = "Custom item"
    price: int | None = None
    quantity: int = 1
    discount: int = 0
    taxable: bool = True
    properties: dict[str, str] = {}


class Cart(msgspec.Struct, kw_only=True):
    """All a buyer decides; amounts in smallest units of the shop's currency.

    `tender` is one of `sale`, `capture`, `authorization`, `manual`, `two_gateways`, `gift_card`.
    """

    lines: list[CartLine]
    customer_id: int | None = None
    email: str | None = None
    discount_percent: int = 0
    discount_amount: int = 0
    discount_code: str | None = None
    shipping: int | None = None
    shipping_title: str = "Standard"
    shipping_discount: int = 0
    tip: int = 0
    tender: str = "sale"
    gateway: str = "shopify_payments"
    test: bool = False
    note: str | None = None
    attributes: dict[str, str] = {}
    tags: list[str] = []
    source: str = "web"
    tax_parts: int | None = None
    """How many of the shop's taxes apply; all when None."""


LABELS = {
    "shopify_payments": "Shopify Payments",
    "paypal": "PayPal",
    "gift_card": "Gift card",
    "Bank Deposit": "Bank Deposit",
    "bogus": "(for testing) Bogus Gateway",
}


def place(shop: Shop, cart: Cart, now: datetime, processed_at: datetime | None = None) -> Order:
    """Build the order; ValueError when a line cannot be sold."""
    customer = shop.customers[cart.customer_id] if cart.customer_id else None
    number = shop.new_number()
    address = customer.address if customer else None
    order = Order(
        id=shop.new_id(),
        number=number,
        name=f"#{number}",
        currency=shop.facts.currency,
        taxes_included=shop.facts.taxes_included,
        test=cart.test,
        customer_id=cart.customer_id,
        email=cart.email or (customer.email if customer else None),
        phone=customer.phone if customer else None,
        note=cart.note,
        tags=cart.tags,
        attributes=cart.attributes,
        source=cart.source,
        tax_exempt=customer.tax_exempt if customer else False,
        billing_address=address or guest_address(shop, customer),
        shipping_address=address or guest_address(shop, customer),
        lines=[order_line(shop, line) for line in cart.lines],
        created_at=now,
        processed_at=processed_at or now,
        updated_at=now,
    )
    if cart.shipping is not None:
        order.shipping = [ShippingLine(id=shop.new_id(), title=cart.shipping_title, price=cart.shipping)]
    if cart.tip:
        order.lines.append(tip_line(shop, cart.tip))
    _discount(order, cart)
    _tax(order, shop.facts.taxes[: cart.tax_parts])
    order.agreements = [_first_agreement(shop, order, now)]
    pay(shop, order, cart, now)
    return order


def guest_address(shop: Shop, customer: Customer | None) -> Address | None:
    """A customer without an address has none on the order either; a guest typed one."""
    if customer is not None:
        return None
    facts = shop.facts
    return Address(
        first_name="Guest",
        last_name="Buyer",
        address1="1 Market Street",
        city="Springfield",
        zip="00000",
        country=facts.country,
        country_code=facts.country_code,
        province=facts.province,
        province_code=facts.province_code,
    )


def order_line(shop: Shop, wanted: CartLine) -> OrderLine:
    """A line as sold today: name, SKU and price are copied, later renames do not touch it."""
    if wanted.quantity < 1:
        raise ValueError("a line needs a quantity of at least 1")
    discount = [Allocation(application=-1, amount=wanted.discount)] if wanted.discount else []
    if wanted.variant_id is None:
        if wanted.price is None:
            raise ValueError("a custom line needs a price")
        return OrderLine(
            id=shop.new_id(),
            title=wanted.title,
            quantity=wanted.quantity,
            current_quantity=wanted.quantity,
            unit_price=wanted.price,
            taxable=wanted.taxable,
            properties=wanted.properties,
            allocations=discount,
        )
    if wanted.variant_id not in shop.variants:
        raise ValueError(f"no variant {wanted.variant_id} in {shop.domain}")
    product, variant = shop.variants[wanted.variant_id]
    return OrderLine(
        id=shop.new_id(),
        title=product.title,
        variant_title=None if variant.title == "Default Title" else variant.title,
        sku=variant.sku,
        vendor=product.vendor,
        product_id=product.id,
        variant_id=variant.id,
        quantity=wanted.quantity,
        current_quantity=wanted.quantity,
        unit_price=variant.price if wanted.price is None else wanted.price,
        gift_card=product.gift_card,
        taxable=variant.taxable and not product.gift_card,
        requires_shipping=variant.requires_shipping,
        properties=wanted.properties,
        allocations=discount,
    )


def tip_line(shop: Shop, amount: int) -> OrderLine:
    return OrderLine(
        id=shop.new_id(),
        title="Tip",
        quantity=1,
        current_quantity=1,
        unit_price=amount,
        tip=True,
        taxable=False,
        requires_shipping=False,
    )


def _discount(order: Order, cart: Cart) -> None:
    for line in order.lines:
        for allocation in line.allocations:
            allocation.amount = min(allocation.amount, line.gross)
            allocation.application = len(order.discounts)
            order.discounts.append(
                Discount(
                    kind="manual",
                    title="Staff discount",
                    amount=allocation.amount,
                    target_selection="EXPLICIT",
                    allocation="ONE",
                )
            )
    goods = [line for line in order.lines if not line.tip and not line.gift_card]
    nets = [line.gross - line.discount for line in goods]
    amount = min(cart.discount_amount or half_up(sum(nets) * cart.discount_percent, 100), sum(nets))
    if amount:
        for line, part in zip(goods, allocate(amount, nets), strict=True):
            if part:
                line.allocations.append(Allocation(application=len(order.discounts), amount=part))
        order.discounts.append(
            Discount(
                kind="code" if cart.discount_code else "automatic",
                title=cart.discount_code or "Season sale",
                percentage=None if cart.discount_amount else str(cart.discount_percent),
                amount=cart.discount_amount or None,
            )
        )
    if cart.shipping_discount and order.shipping:
        line_ = order.shipping[0]
        off = min(cart.shipping_discount, line_.price)
        line_.allocations.append(Allocation(application=len(order.discounts), amount=off))
        order.discounts.append(
            Discount(
                kind="automatic",
                title="Shipping offer",
                amount=off,
                target_type="SHIPPING_LINE",
            )
        )


def _tax(order: Order, rates: list[TaxRate]) -> None:
    if order.tax_exempt:
        return
    for line in order.lines:
        if line.taxable and not line.tip:
            line.taxes = taxes_of(line.gross - line.discount, rates, order.taxes_included)
    for shipping in order.shipping:
        shipping.taxes = taxes_of(shipping.discounted, rates, order.taxes_included)


def line_type(line: OrderLine) -> str:
    if line.tip:
        return "TIP"
    return "GIFT_CARD" if line.gift_card else "PRODUCT"


def copied(taxes: list[TaxLine]) -> list[TaxLine]:
    return [msgspec.structs.replace(tax) for tax in taxes]


def _first_agreement(shop: Shop, order: Order, now: datetime) -> Agreement:
    added = not order.taxes_included
    sales = [
        Sale(
            id=shop.new_id(),
            action="ORDER",
            line_type=line_type(line),
            quantity=line.quantity,
            line_id=line.id,
            total=line.gross - line.discount + (line.tax if added else 0),
            discount=line.discount,
            taxes=copied(line.taxes),
        )
        for line in order.lines
    ]
    sales += [
        Sale(
            id=shop.new_id(),
            action="ORDER",
            line_type="SHIPPING",
            quantity=None,
            shipping_line_id=line.id,
            total=line.discounted + (line.tax if added else 0),
            discount=line.price - line.discounted,
            taxes=copied(line.taxes),
        )
        for line in order.shipping
    ]
    return Agreement(id=shop.new_id(), reason="ORDER", happened_at=now, sales=sales)


def pay(shop: Shop, order: Order, cart: Cart, now: datetime) -> None:
    """Write the payments the cart's tender stands for; an order of 0.00 needs none."""
    due = totals_of(order).total
    if due == 0:
        return
    match cart.tender:
        case "sale":
            add_payment(shop, order, "SALE", cart.gateway, due, now)
        case "capture" | "authorization":
            held = add_payment(shop, order, "AUTHORIZATION", cart.gateway, due, now)
            if cart.tender == "capture":
                capture(shop, order, held, due, now)
        case "manual":
            add_payment(shop, order, "SALE", "Bank Deposit", due, now, status="PENDING")
        case "two_gateways" | "gift_card":
            first = due // 3 or due
            add_payment(shop, order, "SALE", "gift_card" if cart.tender == "gift_card" else "paypal", first, now)
            if due > first:
                add_payment(shop, order, "SALE", cart.gateway, due - first, now)
        case other:
            raise ValueError(f"no tender {other!r}")


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
) -> Transaction:
    """Append one transaction; card payments of the house gateway carry its fee of 2.9 % + 30."""
    charged = gateway == "shopify_payments" and kind in ("SALE", "CAPTURE")
    transaction = Transaction(
        id=shop.new_id(),
        kind=kind,
        status=status,
        gateway=gateway,
        formatted_gateway=LABELS.get(gateway, gateway),
        amount=amount,
        manual=gateway == "Bank Deposit",
        test=order.test,
        parent_id=parent_id,
        fee=half_up(amount * 29, 1000) + 30 if charged else None,
        receipt='{"gift_card_id":4410001,"gift_card_last_characters":"7f3a"}' if gateway == "gift_card" else "{}",
        created_at=now,
    )
    order.transactions.append(transaction)
    return transaction
