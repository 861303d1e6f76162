"""An order and all that may happen to it, as plain records: amounts in smallest units of what the buyer pays in."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shopify_sandbox.model import Address, TaxRate


class TaxLine(msgspec.Struct, kw_only=True):
    """One tax of one line; `rate` is decimal text because it only names the tax, it is never multiplied."""

    title: str
    rate: str
    amount: int
    channel_liable: bool = False


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """How amounts become shop money: each by itself, so that sums may differ by a cent."""

    currency: str
    """The shop's."""
    rate: str
    """Decimal text: what one unit of the buyer's currency is worth in the shop's."""


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


class Duty(msgspec.Struct, kw_only=True):
    """An import duty of a line; inside the line's price where the order's prices include duties."""

    id: int
    amount: int
    code: str | None = None
    taxes: list[TaxLine] = []


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
    duties: list[Duty] = []

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
    removed: bool = False
    allocations: list[Allocation] = []
    taxes: list[TaxLine] = []

    @property
    def discounted(self) -> int:
        return self.price - sum(a.amount for a in self.allocations)

    @property
    def tax(self) -> int:
        return sum(t.amount for t in self.taxes)


class AdditionalFee(msgspec.Struct, kw_only=True):
    """A fee on the whole order, such as an import fee."""

    id: int
    name: str
    amount: int
    taxes: list[TaxLine] = []


class Transaction(msgspec.Struct, kw_only=True):
    """An attempt to move money; `amount` is never negative, the kind gives the direction."""

    id: int
    kind: str
    status: str
    gateway: str
    formatted_gateway: str
    amount: int
    rounding: int = 0
    """Of cash: what this much more (or less) than due was moved."""
    manual: bool = False
    test: bool = False
    parent_id: int | None = None
    fee: int | None = None
    receipt: str = "{}"
    created_at: datetime


class Sale(msgspec.Struct, kw_only=True):
    """A signed entry of an agreement: `total` after discounts and with taxes.

    `discount` is as listed (with tax where prices include it), `discount_tax` the tax it spared.
    """

    id: int
    action: str
    line_type: str
    quantity: int | None
    line_id: int | None = None
    shipping_line_id: int | None = None
    duty_id: int | None = None
    fee_id: int | None = None
    total: int
    discount: int = 0
    discount_tax: int = 0
    taxes: list[TaxLine] = []

    @property
    def tax(self) -> int:
        return sum(t.amount for t in self.taxes)


class Agreement(msgspec.Struct, kw_only=True):
    """One change of what buyer and store owe each other; all of them add up to the current total."""

    id: int
    reason: str
    happened_at: datetime
    refund_id: int | None = None
    return_id: int | None = None
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


class RefundDuty(msgspec.Struct, kw_only=True):
    """A duty given back."""

    duty_id: int
    amount: int


class Adjustment(msgspec.Struct, kw_only=True):
    """Calculated minus sent: negative means more was refunded than calculated."""

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
    duties: list[RefundDuty] = []
    adjustments: list[Adjustment]
    transaction_ids: list[int]
    return_id: int | None = None


class ReturnFee(msgspec.Struct, kw_only=True):
    """What the store keeps for taking goods back: `RestockingFee` or `ReturnShippingFee`."""

    id: int
    kind: str
    amount: int


class Return(msgspec.Struct, kw_only=True):
    """Goods that came back, and what the buyer took for them."""

    id: int
    name: str
    created_at: datetime
    quantity: int
    exchange_lines: list[int] = []
    fees: list[ReturnFee] = []


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """The business a business order is for."""

    id: int
    name: str
    location_id: int
    location: str


class PaymentTerms(msgspec.Struct, frozen=True, kw_only=True):
    """When a business order is to be paid."""

    id: int
    name: str
    kind: str
    days: int | None
    due_at: datetime | None


class Order(msgspec.Struct, kw_only=True):
    """An order with everything that ever happened to it."""

    id: int
    number: int
    name: str
    currency: str
    """What its amounts are counted in: the buyer's currency, and the shop's too unless there is an `exchange`."""
    exchange: Exchange | None = None
    taxes_included: bool
    duties_included: bool = False
    cash_rounding: int = 0
    """Cash is taken and given in multiples of this many smallest units."""
    test: bool = False
    customer_id: int | None = None
    company: Company | None = None
    po_number: str | None = None
    payment_terms: PaymentTerms | None = None
    email: str | None = None
    phone: str | None = None
    note: str | None = None
    tags: list[str] = []
    attributes: dict[str, str] = {}
    source: str = "web"
    tax_exempt: bool = False
    tax_rates: list[TaxRate] = []
    channel_liable: bool = False
    billing_address: Address | None = None
    shipping_address: Address | None = None
    discounts: list[Discount] = []
    lines: list[OrderLine]
    shipping: list[ShippingLine] = []
    fees: list[AdditionalFee] = []
    transactions: list[Transaction] = []
    refunds: list[Refund] = []
    returns: list[Return] = []
    agreements: list[Agreement] = []
    lists_agreements: bool = True
    """Orders imported long ago have none to show."""
    stated_status: str | None = None
    """What an importer said of the payment of an order that it gave no transactions."""
    fulfilled: bool = False
    edited: bool = False
    cancel_reason: str | None = None
    cancelled_at: datetime | None = None
    closed_at: datetime | None = None
    created_at: datetime
    processed_at: datetime
    updated_at: datetime

    @property
    def shop_currency(self) -> str:
        return self.exchange.currency if self.exchange else self.currency

    @property
    def duties(self) -> list[Duty]:
        """Those that are charged beside the prices."""
        return [] if self.duties_included else [duty for line in self.lines for duty in line.duties]

    def line(self, line_id: int) -> OrderLine:
        """The line of that id; KeyError when the order has none."""
        for line in self.lines:
            if line.id == line_id:
                return line
        raise KeyError(line_id)
