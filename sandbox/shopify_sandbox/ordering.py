"""A cart becomes an order: discounts allocated, tax taken line by line, payments and agreement written."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from shopify_sandbox.amounts import allocate, half_up, taxes_of, unconverted
from shopify_sandbox.cart import Cart, CartLine, CartShipping, StatedTax
from shopify_sandbox.model import Address, Customer, TaxRate
from shopify_sandbox.order_records import (
    AdditionalFee,
    Agreement,
    Allocation,
    Company,
    Discount,
    Duty,
    Exchange,
    Order,
    OrderLine,
    PaymentTerms,
    Sale,
    ShippingLine,
    TaxLine,
)
from shopify_sandbox.paying import pay
from shopify_sandbox.shop import Shop


def place(shop: Shop, cart: Cart, now: datetime, processed_at: datetime | None = None) -> Order:
    """Build the order; ValueError when a line cannot be sold or paid as the cart says."""
    customer = shop.customers[cart.customer_id] if cart.customer_id else None
    number = shop.new_number()
    address = customer.address if customer else None
    facts = shop.facts
    order = Order(
        id=shop.new_id(),
        number=number,
        name=cart.name or f"#{number}",
        currency=cart.currency or facts.currency,
        exchange=_exchange(shop, cart),
        taxes_included=facts.taxes_included if cart.taxes_included is None else cart.taxes_included,
        duties_included=cart.duties_included,
        cash_rounding=cart.cash_rounding,
        test=cart.test,
        customer_id=cart.customer_id,
        company=_company(shop, cart),
        po_number=cart.po_number,
        payment_terms=_terms(shop, cart, processed_at or now),
        email=cart.email or (customer.email if customer else None),
        phone=customer.phone if customer else None,
        note=cart.note,
        tags=cart.tags,
        attributes=cart.attributes,
        source=cart.source,
        tax_exempt=cart.tax_exempt or (customer.tax_exempt if customer else False),
        tax_rates=_rates(shop, cart),
        channel_liable=cart.channel_liable,
        billing_address=cart.billing_address or address or guest_address(shop, customer),
        shipping_address=cart.shipping_address or address or guest_address(shop, customer),
        lines=[],
        lists_agreements=cart.lists_agreements,
        stated_status=cart.status if cart.imported else None,
        created_at=now,
        processed_at=processed_at or now,
        updated_at=now,
    )
    order.lines = [order_line(shop, order, line) for line in cart.lines]
    if cart.tip:
        order.lines.append(tip_line(shop, cart.tip))
    ways = [] if cart.shipping is None else [CartShipping(title=cart.shipping_title, price=cart.shipping)]
    ways += cart.shipping_lines
    order.shipping = [ShippingLine(id=shop.new_id(), title=way.title, price=way.price) for way in ways]
    order.fees = [AdditionalFee(id=shop.new_id(), name=fee.name, amount=fee.amount) for fee in cart.fees]
    _discount(order, cart, ways)
    _tax(order, cart, ways)
    order.agreements = [_first_agreement(shop, order, now)]
    if not cart.imported:
        pay(shop, order, cart, now)
    return order


def _exchange(shop: Shop, cart: Cart) -> Exchange | None:
    if cart.currency in (None, shop.facts.currency):
        return None
    return Exchange(currency=shop.facts.currency, rate=cart.rate or "1")


def _company(shop: Shop, cart: Cart) -> Company | None:
    if cart.company is None:
        return None
    name, location = cart.company.name, cart.company.location
    number, place_ = (zlib.crc32(f"{shop.domain} {text}".encode()) for text in (name, f"{name} {location}"))
    return Company(id=4_000_000_000 + number, name=name, location_id=8_000_000_000 + place_, location=location)


def _terms(shop: Shop, cart: Cart, since: datetime) -> PaymentTerms | None:
    terms = cart.payment_terms
    if terms is None:
        return None
    due = terms.due_at or (since + timedelta(days=terms.days) if terms.days is not None else None)
    return PaymentTerms(id=shop.new_id(), name=terms.name, kind=terms.kind, days=terms.days, due_at=due)


def _rates(shop: Shop, cart: Cart) -> list[TaxRate]:
    if cart.tax_rates is not None:
        return [TaxRate(title=rate.title, parts=rate.parts) for rate in cart.tax_rates]
    return shop.facts.taxes[: cart.tax_parts]


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


def order_line(shop: Shop, order: Order, wanted: CartLine) -> OrderLine:
    """The line without order-wide discounts and taxes; ValueError for what the store does not sell."""
    if wanted.quantity < 1:
        raise ValueError("a line needs a quantity of at least 1")
    line = _custom_line(shop, wanted) if wanted.variant_id is None else _variant_line(shop, order, wanted)
    line.duties = [Duty(id=shop.new_id(), amount=duty.amount, code=duty.code) for duty in wanted.duties]
    # The place among the discounts is filled in when all of them are known.
    line.allocations = [Allocation(application=0, amount=wanted.discount)] if wanted.discount else []
    return line


def _custom_line(shop: Shop, wanted: CartLine) -> OrderLine:
    if wanted.price is None:
        raise ValueError("a custom line needs a price")
    return OrderLine(
        id=shop.new_id(),
        title=wanted.title,
        variant_title=wanted.variant_title,
        sku=wanted.sku,
        quantity=wanted.quantity,
        current_quantity=wanted.quantity,
        unit_price=wanted.price,
        gift_card=wanted.gift_card,
        taxable=wanted.taxable and not wanted.gift_card,
        properties=wanted.properties,
    )


def _variant_line(shop: Shop, order: Order, wanted: CartLine) -> OrderLine:
    if wanted.variant_id not in shop.variants:
        raise ValueError(f"no variant {wanted.variant_id} in {shop.domain}")
    product, variant = shop.variants[wanted.variant_id]
    listed = unconverted(variant.price, order.currency, order.exchange) if order.exchange else variant.price
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
        unit_price=listed if wanted.price is None else wanted.price,
        gift_card=product.gift_card,
        taxable=variant.taxable and wanted.taxable and not product.gift_card,
        requires_shipping=variant.requires_shipping,
        properties=wanted.properties,
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


def _discount(order: Order, cart: Cart, ways: Sequence[CartShipping]) -> None:
    for line in order.lines:
        for allocation in line.allocations:
            allocation.amount = min(allocation.amount, line.gross)
            allocation.application = _applied(order, "manual", "Staff discount", allocation.amount)
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
    wanted = [way.discount for way in ways]
    if wanted and cart.shipping_discount:
        wanted[0] = cart.shipping_discount
    for shipping, off in zip(order.shipping, wanted, strict=True):
        if taken := min(off, shipping.price):
            place_ = _applied(order, "automatic", "Shipping offer", taken, "SHIPPING_LINE")
            shipping.allocations.append(Allocation(application=place_, amount=taken))


def _applied(order: Order, kind: str, title: str, amount: int, target: str = "LINE_ITEM") -> int:
    """The place of a new discount that is for one line alone."""
    explicit = ("EXPLICIT", "ONE") if target == "LINE_ITEM" else ("ALL", "ACROSS")
    order.discounts.append(
        Discount(
            kind=kind,
            title=title,
            amount=amount,
            target_type=target,
            target_selection=explicit[0],
            allocation=explicit[1],
        )
    )
    return len(order.discounts) - 1


def _tax(order: Order, cart: Cart, ways: Sequence[CartShipping]) -> None:
    for line, wanted in zip(order.lines, [*cart.lines, None], strict=False):
        if wanted is not None and wanted.taxes is not None:
            line.taxes = _stated(wanted.taxes)
        elif line.taxable and not line.tip:
            line.taxes = taxed(order, line.gross - line.discount)
        for duty, asked in zip(line.duties, wanted.duties if wanted else (), strict=True):
            duty.taxes = taxed(order, duty.amount) if asked.taxed else []
    for shipping, way in zip(order.shipping, ways, strict=True):
        shipping.taxes = taxed(order, shipping.discounted) if way.taxes is None else _stated(way.taxes)
    for fee, charged in zip(order.fees, cart.fees, strict=True):
        fee.taxes = taxed(order, fee.amount) if charged.taxed else []


def taxed(order: Order, amount: int) -> list[TaxLine]:
    """The order's own taxes on an amount; none for an exempt buyer."""
    if order.tax_exempt:
        return []
    return taxes_of(amount, order.tax_rates, order.taxes_included, channel_liable=order.channel_liable)


def _stated(taxes: Sequence[StatedTax]) -> list[TaxLine]:
    return [
        TaxLine(title=tax.title, rate=tax.rate, amount=tax.amount, channel_liable=tax.channel_liable) for tax in taxes
    ]


def line_type(line: OrderLine) -> str:
    if line.tip:
        return "TIP"
    return "GIFT_CARD" if line.gift_card else "PRODUCT"


def copied(taxes: list[TaxLine]) -> list[TaxLine]:
    return [msgspec.structs.replace(tax) for tax in taxes]


def _first_agreement(shop: Shop, order: Order, now: datetime) -> Agreement:
    def sale(kind: str, price: int, taxes: list[TaxLine], discount: int = 0, quantity: int = 1, **what: int) -> Sale:
        value = price - discount
        spared = 0
        if discount and taxes:
            spared = sum(t.amount for t in taxed(order, price)) - sum(t.amount for t in taxed(order, value))
        return Sale(
            id=shop.new_id(),
            action="ORDER",
            line_type=kind,
            quantity=quantity,
            total=value + (0 if order.taxes_included else sum(tax.amount for tax in taxes)),
            discount=discount,
            discount_tax=spared,
            taxes=copied(taxes),
            **what,
        )

    sales = [sale(line_type(x), x.gross, x.taxes, x.discount, quantity=x.quantity, line_id=x.id) for x in order.lines]
    sales += [sale("SHIPPING", x.price, x.taxes, x.price - x.discounted, shipping_line_id=x.id) for x in order.shipping]
    sales += [sale("DUTY", x.amount, x.taxes, duty_id=x.id) for x in order.duties]
    sales += [sale("ADDITIONAL_FEE", x.amount, x.taxes, fee_id=x.id) for x in order.fees]
    return Agreement(id=shop.new_id(), reason="ORDER", happened_at=now, sales=sales)
