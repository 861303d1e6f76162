"""What a buyer (or a test) decides about an order; amounts in smallest units of the currency paid in."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shopify_sandbox.model import Address


class Rate(msgspec.Struct, kw_only=True):
    """A tax that applies; `parts` counts hundred-thousandths (6250 = 6.25 %), 0 is a zero rate."""

    title: str
    parts: int = 0


class StatedTax(msgspec.Struct, kw_only=True):
    """A tax line given to the cent instead of being worked out."""

    title: str
    amount: int
    rate: str = "0"
    channel_liable: bool = False


class CartDuty(msgspec.Struct, kw_only=True):
    """An import duty of a line; `taxed` charges the order's taxes on it."""

    amount: int
    code: str | None = None
    taxed: bool = False


class CartLine(msgspec.Struct, kw_only=True):
    """Something to buy: a variant, or a custom line with its own title and price."""

    variant_id: int | None = None
    title: str = "Custom item"
    variant_title: str | None = None
    sku: str | None = None
    price: int | None = None
    quantity: int = 1
    discount: int = 0
    taxable: bool = True
    gift_card: bool = False
    taxes: list[StatedTax] | None = None
    duties: list[CartDuty] = []
    properties: dict[str, str] = {}


class CartShipping(msgspec.Struct, kw_only=True):
    """One way of shipping."""

    title: str = "Standard"
    price: int = 0
    discount: int = 0
    taxes: list[StatedTax] | None = None


class CartFee(msgspec.Struct, kw_only=True):
    """An additional fee on the whole order."""

    name: str
    amount: int
    taxed: bool = False


class CartPayment(msgspec.Struct, kw_only=True):
    """One transaction as it is to stand; without an amount it is what is still due.

    `tendered` (cash) is what the buyer handed over: what is too much comes back as CHANGE. `parent` counts the
    order's transactions from 0.
    """

    gateway: str = "shopify_payments"
    amount: int | None = None
    kind: str = "SALE"
    status: str = "SUCCESS"
    tendered: int | None = None
    parent: int | None = None


class CartCompany(msgspec.Struct, kw_only=True):
    """The business that buys; the same name is the same company."""

    name: str
    location: str = "Head office"


class CartTerms(msgspec.Struct, kw_only=True):
    """When it is to be paid: `days` after the order, or at a fixed time, or neither (on receipt or fulfilment)."""

    name: str = "Net 30"
    kind: str = "NET"
    days: int | None = 30
    due_at: datetime | None = None


class Cart(msgspec.Struct, kw_only=True):
    """All a buyer decides.

    `tender` is one of `sale`, `capture`, `authorization`, `captured_in_parts`, `manual`, `two_gateways`, `gift_card`,
    `store_credit`, `gift_card_only`, `store_credit_only`, `failed_first`, `cash`, `none`; `payments` overrules it.
    """

    lines: list[CartLine]
    customer_id: int | None = None
    email: str | None = None
    name: str | None = None
    """The order's; the next number when None."""
    discount_percent: int = 0
    discount_amount: int = 0
    discount_code: str | None = None
    shipping: int | None = None
    shipping_title: str = "Standard"
    shipping_discount: int = 0
    shipping_lines: list[CartShipping] = []
    """Beside the one above."""
    fees: list[CartFee] = []
    duties_included: bool = False
    tip: int = 0
    tender: str = "sale"
    gateway: str = "shopify_payments"
    payments: list[CartPayment] | None = None
    cash_rounding: int = 0
    cash_notes: int = 0
    """What a buyer with cash hands over: the fewest notes of this worth that cover it; the due itself for 0."""
    test: bool = False
    note: str | None = None
    attributes: dict[str, str] = {}
    tags: list[str] = []
    source: str = "web"
    currency: str | None = None
    """What the buyer pays in; `rate` is then the worth of one unit in the shop's currency, as decimal text."""
    rate: str | None = None
    taxes_included: bool | None = None
    tax_exempt: bool = False
    tax_parts: int | None = None
    """How many of the shop's taxes apply; all when None."""
    tax_rates: list[Rate] | None = None
    channel_liable: bool = False
    company: CartCompany | None = None
    po_number: str | None = None
    payment_terms: CartTerms | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    imported: bool = False
    """Paid elsewhere: no transactions, and the status that the importer gave."""
    status: str = "PAID"
    lists_agreements: bool = True
