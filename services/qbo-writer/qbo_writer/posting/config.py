"""Sync Config as posting reads it: what a Business decided about how its orders become documents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Method(StrEnum):
    """How a paid order is booked. What a sales receipt cannot say becomes an invoice whatever the method."""

    SALES_RECEIPT = "sales_receipt"
    INVOICE = "invoice"


class PostingDate(StrEnum):
    """Which day a sale bears: the order's, or that of its first payment."""

    ORDER = "order"
    PAYMENT = "payment"


class Numbers(StrEnum):
    """Whose document numbers are used, where the company allows custom ones."""

    SHOPIFY = "shopify"
    QUICKBOOKS = "quickbooks"


class ClosedPeriod(StrEnum):
    """What becomes of a document whose day lies in a closed period."""

    HOLD = "hold"
    FIRST_OPEN_DAY = "first_open_day"


class Discounts(StrEnum):
    """Gross lines and one discount line, or lines net of their discounts."""

    SEPARATE = "separate"
    INSIDE = "inside"


class ZeroOrders(StrEnum):
    POST = "post"
    SKIP = "skip"


class Customers(StrEnum):
    """Match by e-mail, then name, and create when missing; or one generic customer for all."""

    MATCH = "match"
    GENERIC = "generic"


class UnmappedProducts(StrEnum):
    """What a product that matches no item leads to."""

    ERROR = "error"
    CREATE = "create"
    FALLBACK = "fallback"


class TaxFallback(StrEnum):
    """What happens where QuickBooks changed the tax that it was given."""

    LIABILITY_LINE = "liability_line"
    ERROR = "error"


ENTITIES = ("order", "customer", "product", "payment", "refund")
# Shopify's displayFinancialStatus and the three classes of displayFulfillmentStatus that a trigger can name.
PAYMENT_STATUSES = (
    "PAID",
    "AUTHORIZED",
    "PARTIALLY_PAID",
    "PENDING",
    "REFUNDED",
    "PARTIALLY_REFUNDED",
)
FULFILLMENT_STATUSES = ("UNFULFILLED", "PARTIAL", "FULFILLED")


@dataclass(frozen=True, slots=True)
class SyncConfig:
    """One version of a Business's decisions; the defaults are what a new Business starts with."""

    version: int = 0
    auto_sync: bool = True
    entities: frozenset[str] = frozenset(ENTITIES)
    # The first day, in the store's zone, whose orders are booked (YYYY-MM-DD); empty: all.
    start_date: str = ""
    posting_date: PostingDate = PostingDate.ORDER
    method: Method = Method.SALES_RECEIPT
    payment_triggers: frozenset[str] = frozenset({"PAID", "REFUNDED", "PARTIALLY_REFUNDED"})
    fulfillment_triggers: frozenset[str] = frozenset(FULFILLMENT_STATUSES)
    numbers: Numbers = Numbers.SHOPIFY
    # Put before Shopify's number: at most 8 characters.
    number_prefix: str = ""
    closed_period: ClosedPeriod = ClosedPeriod.HOLD
    # Shown to the customer on each sales document (QuickBooks: CustomerMemo).
    customer_memo: str = ""
    # Ids of a class and of a location of the company; empty: none.
    class_id: str = ""
    location_id: str = ""
    discounts: Discounts = Discounts.SEPARATE
    zero_orders: ZeroOrders = ZeroOrders.POST
    customers: Customers = Customers.MATCH
    unmapped_products: UnmappedProducts = UnmappedProducts.ERROR
    # The Id of the item that unmapped products are booked on.
    fallback_item_id: str = ""
    tax_fallback: TaxFallback = TaxFallback.ERROR
    # Book in the buyer's currency where the company keeps several (QuickBooks: multicurrency).
    presentment_currency: bool = False
