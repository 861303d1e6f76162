"""What a store keeps: plain records, amounts counted in the currency's smallest unit, times in UTC."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Address(msgspec.Struct, kw_only=True):
    """A postal address as a buyer typed it."""

    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province: str | None = None
    province_code: str | None = None
    zip: str | None = None
    country: str | None = None
    country_code: str | None = None
    phone: str | None = None


class Customer(msgspec.Struct, kw_only=True):
    """A buyer the store knows; any way of reaching them may be missing."""

    id: int
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    note: str | None = None
    tags: list[str] = []
    tax_exempt: bool = False
    address: Address | None = None
    created_at: datetime
    updated_at: datetime


class Variant(msgspec.Struct, kw_only=True):
    """One thing that can be bought, with its inventory item."""

    id: int
    inventory_item_id: int
    title: str
    sku: str | None
    barcode: str | None = None
    price: int
    cost: int | None = None
    taxable: bool = True
    tracked: bool = True
    requires_shipping: bool = True
    position: int = 1
    quantity: int = 100
    created_at: datetime
    updated_at: datetime


class Product(msgspec.Struct, kw_only=True):
    """A product and all its variants."""

    id: int
    title: str
    vendor: str
    product_type: str
    gift_card: bool = False
    status: str = "ACTIVE"
    tags: list[str] = []
    variants: list[Variant]
    created_at: datetime
    updated_at: datetime


class TaxLine(msgspec.Struct, kw_only=True):
    """One tax of one line; `rate` is decimal text because it only names the tax, it is never multiplied."""

    title: str
    rate: str
    amount: int
    channel_liable: bool = False


class Discount(msgspec.Struct, kw_only=True):
    """A discount application of the whole order."""

    kind: str
    """`code`, `manual` or `automatic`."""
    title: str
    percentage: str | None = None
    amount: int | None = None
    target_type: str = "LINE_ITEM"
    target_selection: str = "ALL"
    allocation: str = "ACROSS"


class Allocation(msgspec.Struct, kw_only=True):
    """What one discount takes off one line."""

    application: int
    amount: int


class OrderLine(msgspec.Struct, kw_only=True):
    """A line as sold; `quantity` is all ever ordered, `current_quantity` what is left."""

    id: int
    title: str
    variant_title: str | None = None
    sku: str | None = None
    vendor: str | None = None
    product_id: int | None = None
    variant_id: int | None = None
    quantity: int
    current_quantity: int
    unit_price: int
    gift_card: bool = False
    tip: bool = False
    taxable: bool = True
    requires_shipping: bool = True
    properties: dict[str, str] = {}
    allocations: list[Allocation] = []
    taxes: list[TaxLine] = []

    @property
    def gross(self) -> int:
        return self.unit_price * self.quantity

    @property
    def discount(self) -> int:
        return sum(a.amount for a in self.allocations)

    @property
    def tax(self) -> int:
        return sum(t.amount for t in self.taxes)


class ShippingLine(msgspec.Struct, kw_only=True):
    """A way of shipping and its price before discounts."""

    id: int
    title: str
    price: int
    allocations: list[Allocation] = []
    taxes: list[TaxLine] = []

    @property
    def discounted(self) -> int:
        return self.price - sum(a.amount for a in self.allocations)

    @property
    def tax(self) -> int:
        return sum(t.amount for t in self.taxes)


class Transaction(msgspec.Struct, kw_only=True):
    """An attempt to move money; `amount` is never negative, the kind gives the direction."""

    id: int
    kind: str
    status: str
    gateway: str
    formatted_gateway: str
    amount: int
    manual: bool = False
    test: bool = False
    parent_id: int | None = None
    fee: int | None = None
    receipt: str = "{}"
    created_at: datetime


class Sale(msgspec.Struct, kw_only=True):
    """A signed entry of an agreement: `total` after discounts and with taxes."""

    id: int
    action: str
    line_type: str
    quantity: int | None
    line_id: int | None = None
    shipping_line_id: int | None = None
    total: int
    discount: int
    taxes: list[TaxLine]

    @property
    def tax(self) -> int:
        return sum(t.amount for t in self.taxes)


class Agreement(msgspec.Struct, kw_only=True):
    """One change of what buyer and store owe each other; all of them add up to the current total."""

    id: int
    reason: str
    happened_at: datetime
    refund_id: int | None = None
    sales: list[Sale]


class RefundLine(msgspec.Struct, kw_only=True):
    """Units given back; `subtotal` is after discounts, with tax where prices include it."""

    id: int
    line_id: int
    quantity: int
    restock_type: str
    subtotal: int
    tax: int


class RefundShipping(msgspec.Struct, kw_only=True):
    """Shipping given back; `subtotal` with tax where prices include it."""

    id: int
    shipping_line_id: int
    subtotal: int
    tax: int


class Adjustment(msgspec.Struct, kw_only=True):
    """Difference of calculated and sent refund: negative when more was sent than calculated."""

    id: int
    reason: str
    amount: int


class Refund(msgspec.Struct, kw_only=True):
    """A refund record; the money itself is in its transactions."""

    id: int
    created_at: datetime
    note: str | None
    lines: list[RefundLine]
    shipping: list[RefundShipping]
    adjustments: list[Adjustment]
    transaction_ids: list[int]


class Order(msgspec.Struct, kw_only=True):
    """An order with everything that ever happened to it."""

    id: int
    number: int
    name: str
    currency: str
    taxes_included: bool
    test: bool = False
    customer_id: int | None = None
    email: str | None = None
    phone: str | None = None
    note: str | None = None
    tags: list[str] = []
    attributes: dict[str, str] = {}
    source: str = "web"
    tax_exempt: bool = False
    billing_address: Address | None = None
    shipping_address: Address | None = None
    discounts: list[Discount] = []
    lines: list[OrderLine]
    shipping: list[ShippingLine] = []
    transactions: list[Transaction] = []
    refunds: list[Refund] = []
    agreements: list[Agreement] = []
    fulfilled: bool = False
    edited: bool = False
    cancel_reason: str | None = None
    cancelled_at: datetime | None = None
    closed_at: datetime | None = None
    created_at: datetime
    processed_at: datetime
    updated_at: datetime

    def line(self, line_id: int) -> OrderLine:
        """The line of that id; KeyError when the order has none."""
        for line in self.lines:
            if line.id == line_id:
                return line
        raise KeyError(line_id)


class TaxRate(msgspec.Struct, frozen=True, kw_only=True):
    """A tax the shop charges; `parts` counts hundred-thousandths (6250 = 6.25 %)."""

    title: str
    parts: int

    @property
    def rate(self) -> str:
        whole, rest = divmod(self.parts, 100_000)
        return f"{whole}.{rest:05d}".rstrip("0").rstrip(".")


class ShopFacts(msgspec.Struct, kw_only=True):
    """A shop's settings and its counters."""

    domain: str
    id: int
    name: str
    email: str
    currency: str
    zone: str
    taxes_included: bool
    country: str
    country_code: str
    province: str | None
    province_code: str | None
    taxes: list[TaxRate]
    next_id: int
    next_number: int = 1001
    created_at: datetime
