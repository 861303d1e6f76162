"""Sync Config as a form: its choices in the words of the page, and its fields to and from what the service takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import EnumDescriptor

from gateway.forms import Form
from ledgerport.qbo_writer.v1 import sync_config_pb2 as pb

YES = "yes"


@dataclass(frozen=True, slots=True)
class Option:
    """One possibility: the service's word, and how the page calls and explains it."""

    word: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A field with choices. `many`: any number of them can be ticked."""

    name: str
    label: str
    enum: EnumDescriptor
    prefix: str
    options: tuple[Option, ...]
    hint: str = ""
    many: bool = False


def _field(
    name: str, label: str, enum: EnumDescriptor, prefix: str, *options: Option, hint: str = "", many: bool = False
) -> Field:
    return Field(name, label, enum, prefix, options, hint, many)


FIELDS: Mapping[str, Field] = {
    each.name: each
    for each in (
        _field(
            "entities",
            "What is synced",
            pb.SyncedEntity.DESCRIPTOR,
            "SYNCED_ENTITY_",
            Option("ORDER", "Orders"),
            Option("CUSTOMER", "Customers"),
            Option("PRODUCT", "Products"),
            Option("PAYMENT", "Payments"),
            Option("REFUND", "Refunds"),
            many=True,
        ),
        _field(
            "posting_date",
            "Posting date",
            pb.PostingDate.DESCRIPTOR,
            "POSTING_DATE_",
            Option("ORDER", "Day of the order"),
            Option("PAYMENT", "Day of its first payment"),
            hint="Which day a sale bears in the books, in the store's time zone.",
        ),
        _field(
            "method",
            "Sync method",
            pb.SyncMethod.DESCRIPTOR,
            "SYNC_METHOD_",
            Option("SALES_RECEIPT", "Sales Receipt", "For orders that are paid at once."),
            Option("INVOICE", "Invoice and Payment", "Each order becomes an invoice, each payment is applied to it."),
            hint="An order that is paid in parts, later, or by several gateways always becomes an invoice.",
        ),
        _field(
            "payment_triggers",
            "Payment status",
            pb.PaymentTrigger.DESCRIPTOR,
            "PAYMENT_TRIGGER_",
            Option("PAID", "Paid"),
            Option("AUTHORIZED", "Authorized"),
            Option("PARTIALLY_PAID", "Partially paid"),
            Option("PENDING", "Pending"),
            Option("REFUNDED", "Refunded"),
            Option("PARTIALLY_REFUNDED", "Partially refunded"),
            many=True,
        ),
        _field(
            "fulfillment_triggers",
            "Fulfilment status",
            pb.FulfillmentTrigger.DESCRIPTOR,
            "FULFILLMENT_TRIGGER_",
            Option("UNFULFILLED", "Unfulfilled"),
            Option("PARTIAL", "Partially fulfilled"),
            Option("FULFILLED", "Fulfilled"),
            many=True,
        ),
        _field(
            "numbers",
            "Document numbers",
            pb.DocumentNumbers.DESCRIPTOR,
            "DOCUMENT_NUMBERS_",
            Option("SHOPIFY", "The order's number in Shopify"),
            Option("QUICKBOOKS", "QuickBooks' own"),
        ),
        _field(
            "closed_period",
            "When the books are closed for its day",
            pb.ClosedPeriodPolicy.DESCRIPTOR,
            "CLOSED_PERIOD_POLICY_",
            Option("HOLD", "Hold it", "It waits until the period is open."),
            Option("FIRST_OPEN_DAY", "Book it on the first open day", "The true day stands in the memo."),
        ),
        _field(
            "discounts",
            "Discounts",
            pb.DiscountPolicy.DESCRIPTOR,
            "DISCOUNT_POLICY_",
            Option("SEPARATE", "As a line of their own", "Full prices, and one line to the discounts account."),
            Option("INSIDE", "Inside the lines", "Each line shows what was paid for it."),
        ),
        _field(
            "zero_orders",
            "Orders of zero",
            pb.ZeroOrderPolicy.DESCRIPTOR,
            "ZERO_ORDER_POLICY_",
            Option("POST", "Book them"),
            Option("SKIP", "Leave them out"),
        ),
        _field(
            "customers",
            "Who a sale is booked on",
            pb.CustomerPolicy.DESCRIPTOR,
            "CUSTOMER_POLICY_",
            Option("MATCH", "Each buyer", "Matched by e-mail, then by name; made in QuickBooks when missing."),
            Option("GENERIC", "One customer for all", "Every sale is booked on “Shopify customer”."),
            hint="Guests without a name are always booked on “Shopify customer”.",
        ),
        _field(
            "unmapped_products",
            "Products that match no item",
            pb.UnmappedProductPolicy.DESCRIPTOR,
            "UNMAPPED_PRODUCT_POLICY_",
            Option("ERROR", "Ask", "The order waits as an Error until the product is mapped."),
            Option("CREATE", "Make the item in QuickBooks"),
            Option("FALLBACK", "Book them on one item", "The one you name below."),
            hint="Products are matched by SKU, then by name.",
        ),
        _field(
            "tax_fallback",
            "When QuickBooks changes the tax that Shopify charged",
            pb.TaxFallbackPolicy.DESCRIPTOR,
            "TAX_FALLBACK_POLICY_",
            Option("ERROR", "Stop and show an Error"),
            Option("LIABILITY_LINE", "Book the tax as a line", "To the account “Sales tax as a line”."),
            hint="LedgerPort never computes tax: it books what Shopify charged, to the cent.",
        ),
    )
}
TEXTS = ("start_date", "number_prefix", "customer_memo", "class_id", "location_id")
SWITCHES = ("auto_sync", "presentment_currency")
ROLES: Mapping[str, str] = {
    "sales": "Sales",
    "shipping": "Shipping",
    "discounts": "Discounts",
    "refunds": "Refunds without goods",
    "gift_cards": "Gift cards",
    "tips": "Tips",
    "duties": "Duties",
    "fees": "Fees charged to buyers",
    "marketplace_tax": "Tax that a marketplace pays",
    "tax": "Sales tax as a line",
    "rounding": "Rounding",
    "receivable": "Receivables",
}
_ROLE = "ACCOUNT_ROLE_"


def role_word(role: pb.AccountRole.ValueType) -> str:
    return pb.AccountRole.Name(role).removeprefix(_ROLE).lower()


def values_of(answer: pb.GetSyncConfigResponse) -> dict[str, str]:
    """What each field of the form shows. Before anything was saved, the proposed accounts are filled in."""
    config = answer.config
    shown = {name: YES for name in SWITCHES if getattr(config, name)}
    shown |= {name: getattr(config, name) for name in TEXTS}
    for field in FIELDS.values():
        if field.many:
            words = [_word(field, number) for number in getattr(config, field.name)]
            shown |= {f"{field.name}.{word}": YES for word in words}
        else:
            shown[field.name] = _word(field, getattr(config, field.name))
    shown |= {f"accounts.{role_word(each.role)}": each.account_id for each in config.accounts}
    if not answer.version:
        shown |= {f"accounts.{role_word(each.role)}": each.proposed_id for each in answer.roles}
    shown["fallback_item"] = answer.fallback_item.name
    shown["expected_version"] = str(answer.version)
    return shown


def config_of(form: Form, fallback_item_id: str) -> pb.SyncConfig:
    """What was sent, as the service takes it; it says itself what cannot stand."""
    config = pb.SyncConfig(fallback_item_id=fallback_item_id)
    for name in SWITCHES:
        setattr(config, name, form.get(name) == YES)
    for name in TEXTS:
        setattr(config, name, form.get(name, "").replace("\r\n", "\n"))
    for field in FIELDS.values():
        if field.many:
            ticked = [option.word for option in field.options if form.get(f"{field.name}.{option.word}") == YES]
            getattr(config, field.name).extend(_number(field, word) for word in ticked)
        else:
            setattr(config, field.name, _number(field, form.get(field.name, "")))
    for role in ROLES:
        if chosen := form.get(f"accounts.{role}", ""):
            config.accounts.add(role=pb.AccountRole.Value(_ROLE + role.upper()), account_id=chosen)
    return config


def version_of(form: Form) -> int:
    """Upon which version the form was filled in; one that never was, where the form does not say."""
    text = form.get("expected_version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def _word(field: Field, number: int) -> str:
    return str(field.enum.values_by_number[number].name).removeprefix(field.prefix)


def _number(field: Field, word: str) -> int:
    """Unspecified for a word that we do not know."""
    known = field.enum.values_by_name.get(field.prefix + word)
    return int(known.number) if known else 0
