"""Orders, refunds and companies for tests: short to write, with amounts as decimal text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from ledgerport.common.v1 import money_pb2
from ledgerport.events.v1 import entity_pb2
from ledgerport_libs.money import Money
from qbo_writer.posting.company import Company, Name, Names, TaxCode, TaxWorld

BUSINESS = "b1"
RECORD = "11111111-1111-4111-8111-111111111111"
CUSTOMER = "gid://shopify/Customer/1"
SOLD_AT = "2026-11-02T03:30:00+00:00"  # still the first of November in Chicago
CHICAGO = "America/Chicago"


def stamp(text: str) -> Timestamp:
    moment = Timestamp()
    moment.FromDatetime(datetime.fromisoformat(text).astimezone(UTC))
    return moment


def cash(text: str, currency: str = "USD") -> money_pb2.Money:
    return Money.parse(text, currency).to_proto()


def tax(amount: str, rate: str = "0.0825", *, currency: str = "USD", channel: bool = False) -> entity_pb2.TaxLine:
    return entity_pb2.TaxLine(title="Tax", rate=rate, amount=cash(amount, currency), channel_liable=channel)


def line(
    number: int,
    price: str,
    *,
    quantity: int = 1,
    off: str = "0",
    taxes: Iterable[entity_pb2.TaxLine] = (),
    variant: int | None = -1,
    currency: str = "USD",
    **members: Any,
) -> entity_pb2.OrderLine:
    """A line of `quantity` at `price` each, `off` all of them. `variant=None` is a custom line."""
    known = number if variant == -1 else variant
    each = Money.parse(price, currency)
    discounts = [entity_pb2.Discount(amount=cash(off, currency))] if Money.parse(off, currency) else []
    return entity_pb2.OrderLine(
        id=f"gid://shopify/LineItem/{number}",
        title=members.pop("title", f"Thing {number}"),
        variant_id="" if known is None else f"gid://shopify/ProductVariant/{known}",
        quantity=quantity,
        current_quantity=quantity,
        unit_price=each.to_proto(),
        original_total=Money(each.minor * quantity, currency).to_proto(),
        discounts=discounts,
        tax_lines=list(taxes),
        taxable=True,
        **members,
    )


def shipping(price: str, *, taxes: Iterable[entity_pb2.TaxLine] = (), currency: str = "USD") -> entity_pb2.ShippingLine:
    return entity_pb2.ShippingLine(
        id="gid://shopify/ShippingLine/1",
        title="Standard",
        original_price=cash(price, currency),
        discounted_price=cash(price, currency),
        tax_lines=list(taxes),
    )


def paid(
    amount: str, *, kind: str = "SALE", status: str = "SUCCESS", gateway: str = "shopify_payments", **members: Any
) -> entity_pb2.Transaction:
    labels = {"shopify_payments": "Shopify Payments", "paypal": "PayPal"}
    return entity_pb2.Transaction(
        id=f"gid://shopify/OrderTransaction/{amount}{kind}{gateway}",
        kind=kind,
        status=status,
        gateway=gateway,
        gateway_label=labels.get(gateway, gateway),
        amount=cash(amount, members.pop("currency", "USD")),
        processed_at=stamp(members.pop("at", SOLD_AT)),
        **members,
    )


def order(total: str, *, currency: str = "USD", guest: bool = False, **members: Any) -> entity_pb2.Order:
    """An order of this total, paid in full at once unless `transactions` say otherwise."""
    transactions = [paid(total, currency=currency)] if Money.parse(total, currency) else []
    members.setdefault("transactions", transactions)
    members.setdefault("presentment_currency", currency)
    members.setdefault("store_zone", CHICAGO)
    members.setdefault("financial_status", "PAID")
    members.setdefault("name", "#1001")
    zero = cash("0", currency)
    return entity_pb2.Order(
        created_at=stamp(SOLD_AT),
        processed_at=stamp(SOLD_AT),
        currency=currency,
        customer_id="" if guest else CUSTOMER,
        customer=None if guest else entity_pb2.Customer(display_name="Ada Sample", first_name="Ada"),
        totals=entity_pb2.OrderTotals(total=cash(total, currency), current_total=cash(total, currency), tips=zero),
        **members,
    )


def refund(amount: str, *, number: int = 1, currency: str = "USD", **members: Any) -> entity_pb2.Refund:
    """A refund that sent this amount back through Shopify Payments unless `transactions` say otherwise."""
    back = [paid(amount, kind="REFUND", currency=currency, at="2026-11-05T12:00:00+00:00")]
    members.setdefault("transactions", back)
    return entity_pb2.Refund(
        id=f"gid://shopify/Refund/{number}",
        created_at=stamp("2026-11-05T12:00:00+00:00"),
        total_refunded=cash(amount, currency),
        **members,
    )


def back(line_number: int, subtotal: str, tax: str = "0", *, quantity: int = 1, currency: str = "USD") -> Any:
    return entity_pb2.RefundLine(
        line_id=f"gid://shopify/LineItem/{line_number}",
        quantity=quantity,
        subtotal=cash(subtotal, currency),
        tax=cash(tax, currency),
    )


class Everything(dict[tuple[str, str], str]):
    """A mapping in which every record is in QuickBooks already, each under an Id of its own."""

    def __missing__(self, key: tuple[str, str]) -> str:
        self[key] = str(len(self) + 1)
        return self[key]

    def __contains__(self, key: object) -> bool:
        return True


def company(
    world: TaxWorld = TaxWorld.US_MANUAL,
    *,
    names: Iterable[Name] = (),
    custom_numbers: bool = True,
    currency: str = "",
) -> Company:
    """A company of one tax world, with the tax codes that Intuit's sample companies have."""
    british = world is TaxWorld.GLOBAL
    british_codes = (
        TaxCode("6", "20.0% S", (("12", "20"),)),
        TaxCode("7", "5.0% R", (("13", "5"),)),
        TaxCode("8", "0.0% Z", (("14", "0"),)),
    )
    codes = british_codes if british else (TaxCode("2", "California", (("3", "8"),)),)
    return Company(
        realm_id="9341450000000001",
        country="GB" if british else "US",
        home_currency=currency or ("GBP" if british else "USD"),
        multicurrency=False,
        tax_world=world,
        custom_numbers=custom_numbers,
        book_close_date="",
        default_tax_code="2" if world is TaxWorld.US_MANUAL else "",
        names=Names(names),
        tax_codes=codes,
    )


def event(**members: Any) -> entity_pb2.EntityEvent:
    return entity_pb2.EntityEvent(business_id=BUSINESS, source_id="gid://shopify/Order/1", **members)


def sum_of_lines(body: Mapping[str, Any]) -> Any:
    return sum(each["Amount"] for each in body["Line"])
