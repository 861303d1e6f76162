"""Orders for tests: short to write, with amounts as decimal text and an agreement for everything that happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.money import Money
from qbo_writer.posting.company import Company, Name, Names, TaxCode, TaxWorld

BUSINESS = "b1"
RECORD = "11111111-1111-4111-8111-111111111111"
CUSTOMER = "gid://shopify/Customer/1"
SOLD_AT = "2026-11-02T03:30:00+00:00"  # still the first of November in Chicago
LATER = "2026-11-05T12:00:00+00:00"
CHICAGO = "America/Chicago"
_LABELS = {"shopify_payments": "Shopify Payments", "paypal": "PayPal", "gift_card": "Gift Card", "cash": "Cash"}


def stamp(text: str) -> Timestamp:
    moment = Timestamp()
    moment.FromDatetime(datetime.fromisoformat(text).astimezone(UTC))
    return moment


def minor(text: str, currency: str = "USD") -> int:
    return Money.parse(text, currency).minor


def shop_money(amount: int) -> entity_pb2.Amount:
    return entity_pb2.Amount(shop=amount)


@dataclass(frozen=True)
class Tax:
    amount: str
    rate: str = "0.0825"
    title: str = "Sales tax"
    channel: bool = False


@dataclass(frozen=True)
class Part:
    """Something sold: an order line with its sale, or shipping, a tip, a duty, a fee. Amounts are decimal text."""

    kind: str
    line_id: str
    net: str
    taxes: tuple[Tax, ...] = ()
    off: str = "0"
    quantity: int = 1
    title: str = ""
    members: Mapping[str, Any] = field(default_factory=dict)

    def back(self, quantity: int | None = None, **changed: Any) -> Part:
        """The return of this part, or of what `changed` says of it."""
        return replace(self, quantity=-(quantity or self.quantity), **changed)


def line(
    number: int,
    price: str,
    *,
    quantity: int = 1,
    off: str = "0",
    taxes: Iterable[Tax] = (),
    variant: int | None = -1,
    gift_card: bool = False,
    **members: Any,
) -> Part:
    """A line of `quantity` at `price` each, `off` all of them. `variant=None` is a custom line."""
    known = number if variant == -1 else variant
    net = minor(price) * quantity - minor(off)
    return Part(
        "GIFT_CARD" if gift_card else "PRODUCT",
        f"gid://shopify/LineItem/{number}",
        str(Money(net, "USD")),
        tuple(taxes),
        off,
        quantity,
        members.pop("title", f"Thing {number}"),
        {
            "variant_id": "" if known is None else f"gid://shopify/ProductVariant/{known}",
            "unit_price": shop_money(minor(price)),
            "gift_card": gift_card,
            **members,
        },
    )


def shipping(price: str, *taxes: Tax, number: int = 1) -> Part:
    return Part("SHIPPING", f"gid://shopify/ShippingLine/{number}", price, taxes, title="Standard")


def tip(amount: str) -> Part:
    return Part("TIP", "gid://shopify/LineItem/tip", amount, title="Tip")


def duty(amount: str, *taxes: Tax) -> Part:
    return Part("DUTY", "gid://shopify/Duty/1", amount, taxes, title="Import duty")


def fee(amount: str, kind: str = "ADDITIONAL_FEE", *taxes: Tax) -> Part:
    return Part(kind, "gid://shopify/Fee/1", amount, taxes, title="Handling fee")


def agreed(
    number: int, *parts: Part, reason: str = "ORDER", at: str = SOLD_AT, refund: int = 0
) -> entity_pb2.Agreement:
    """One agreement. Parts that go back are negative by their quantity."""
    return entity_pb2.Agreement(
        id=f"gid://shopify/SalesAgreement/{number}",
        happened_at=stamp(at),
        reason=reason,
        refund_id=f"gid://shopify/Refund/{refund}" if refund else "",
        sales=[_sale(f"gid://shopify/Sale/{number}{place:03}", part) for place, part in enumerate(parts, 1)],
    )


def _sale(sale_id: str, part: Part) -> entity_pb2.Sale:
    sign = -1 if part.quantity < 0 else 1
    taxes = [
        entity_pb2.TaxLine(
            title=tax.title, rate=tax.rate, amount=shop_money(sign * minor(tax.amount)), channel_liable=tax.channel
        )
        for tax in part.taxes
    ]
    tax = sum(each.amount.shop for each in taxes)
    return entity_pb2.Sale(
        id=sale_id,
        action="RETURN" if sign < 0 else "ORDER",
        line_type=part.kind,
        line_id=part.line_id,
        title=part.title,
        quantity=part.quantity,
        total=shop_money(sign * minor(part.net) + tax),
        tax=shop_money(tax),
        discount=shop_money(sign * minor(part.off)),
        taxes=taxes,
    )


def paid(
    amount: str,
    *,
    kind: str = "SALE",
    status: str = "SUCCESS",
    gateway: str = "shopify_payments",
    at: str = SOLD_AT,
    number: int = 0,
    rounding: str = "0",
    **members: Any,
) -> entity_pb2.Transaction:
    return entity_pb2.Transaction(
        id=f"gid://shopify/OrderTransaction/{number or amount.replace('.', '')}{kind}{gateway}",
        kind=kind,
        status=status,
        gateway=gateway,
        gateway_label=_LABELS.get(gateway, gateway),
        amount=shop_money(minor(amount)),
        rounding=shop_money(minor(rounding)),
        processed_at=stamp(at),
        **members,
    )


def refund(number: int, *back: entity_pb2.Transaction, at: str = LATER, **members: Any) -> entity_pb2.Refund:
    return entity_pb2.Refund(
        id=f"gid://shopify/Refund/{number}",
        created_at=stamp(at),
        transaction_ids=[each.id for each in back],
        **members,
    )


def kept(amount: str) -> entity_pb2.OrderAdjustment:
    """Positive: kept from the refund; negative: given beyond it (Shopify: OrderAdjustment)."""
    return entity_pb2.OrderAdjustment(reason="REFUND_DISCREPANCY", amount=shop_money(minor(amount)))


def order(
    *parts: Part,
    changes: Sequence[entity_pb2.Agreement] = (),
    paid_by: Sequence[entity_pb2.Transaction] | None = None,
    guest: bool = False,
    currency: str = "USD",
    number: int = 1,
    **members: Any,
) -> entity_pb2.Order:
    """An order of these parts, paid in full at once unless `paid_by` says otherwise. Its totals are what adds up."""
    first = agreed(1000 + number, *parts)
    agreements = [first, *changes]
    whole = sum(sale.total.shop for sale in first.sales)
    if paid_by is None:
        paid_by = [paid(str(Money(whole, "USD")))] if whole else []
    moved = sum(_moved(each) for each in paid_by)
    members.setdefault("name", f"#{number}")
    members.setdefault("financial_status", "PAID" if whole <= moved else "PENDING")
    made = entity_pb2.Order(
        created_at=stamp(SOLD_AT),
        processed_at=stamp(members.pop("at", SOLD_AT)),
        currency=currency,
        presentment_currency=members.pop("presentment_currency", currency),
        store_zone=members.pop("store_zone", CHICAGO),
        customer_id="" if guest else CUSTOMER,
        customer=None if guest else entity_pb2.Customer(display_name="Ada Sample", first_name="Ada"),
        agreements=agreements,
        transactions=paid_by,
        lines=_lines(parts),
        shipping_lines=[entity_pb2.ShippingLine(id=p.line_id, title=p.title) for p in parts if p.kind == "SHIPPING"],
        **members,
    )
    _total(made, moved)
    return made


def _moved(transaction: entity_pb2.Transaction) -> int:
    if transaction.status != "SUCCESS":
        return 0
    sign = {"SALE": 1, "CAPTURE": 1, "REFUND": -1, "CHANGE": -1}.get(transaction.kind, 0)
    return sign * transaction.amount.shop


def money_kept(made: entity_pb2.Order) -> int:
    """Money that came in less money that went back, in minor units; gift cards and store credit are none."""
    return sum(_moved(each) for each in made.transactions if each.gateway not in ("gift_card", "shopify_store_credit"))


def _total(made: entity_pb2.Order, moved: int) -> None:
    """Totals that Shopify would state, where a test states none of its own."""
    worth = sum(sale.total.shop for agreement in made.agreements for sale in agreement.sales)
    rounding = sum(each.rounding.shop for each in made.transactions if each.kind != "REFUND")
    given = sum(each.rounding.shop for each in made.transactions if each.kind == "REFUND")
    stated = entity_pb2.OrderTotals(
        total=shop_money(worth),
        current_total=shop_money(worth),
        net_payment=shop_money(moved),
        cash_rounding_payment=shop_money(rounding),
        cash_rounding_refund=shop_money(given),
    )
    stated.MergeFrom(made.totals)
    made.totals.CopyFrom(stated)


def _lines(parts: Iterable[Part]) -> list[entity_pb2.OrderLine]:
    known = {part.line_id: part for part in parts if part.kind in ("PRODUCT", "GIFT_CARD")}
    return [
        entity_pb2.OrderLine(id=line_id, title=part.title, quantity=abs(part.quantity), taxable=True, **part.members)
        for line_id, part in known.items()
    ]


def happened(
    before: entity_pb2.Order,
    *agreements: entity_pb2.Agreement,
    money: Sequence[entity_pb2.Transaction] = (),
    refunds: Sequence[entity_pb2.Refund] = (),
    parts: Sequence[Part] = (),
    **members: Any,
) -> entity_pb2.Order:
    """The same order a little later: with further agreements, money and refunds."""
    after = entity_pb2.Order()
    after.CopyFrom(before)
    after.agreements.extend(agreements)
    after.transactions.extend(money)
    after.refunds.extend(refunds)
    after.lines.extend(_lines(parts))
    for name, value in members.items():
        if isinstance(value, Timestamp):
            getattr(after, name).CopyFrom(value)
        else:
            setattr(after, name, value)
    after.ClearField("totals")
    _total(after, sum(_moved(each) for each in after.transactions))
    return after


class Everything(dict[tuple[str, str], str]):
    """A mapping in which every record is in QuickBooks already, each under an Id of its own."""

    def __missing__(self, key: tuple[str, str]) -> str:
        self[key] = str(len(self) + 1)
        return self[key]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and key[0] not in ("tax", "create")

    def get(self, key: tuple[str, str], default: Any = None) -> Any:
        if key not in self:
            return default
        return self[key]


def company(
    world: TaxWorld = TaxWorld.US_MANUAL,
    *,
    names: Iterable[Name] = (),
    custom_numbers: bool = True,
    currency: str = "",
    book_close_date: str = "",
    multicurrency: bool = False,
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
        multicurrency=multicurrency,
        tax_world=world,
        custom_numbers=custom_numbers,
        book_close_date=book_close_date,
        default_tax_code="2" if world is TaxWorld.US_MANUAL else "",
        names=Names(names),
        tax_codes=codes,
    )


def event(**members: Any) -> entity_pb2.EntityEvent:
    return entity_pb2.EntityEvent(business_id=BUSINESS, source_id="gid://shopify/Order/1", **members)


def sum_of_lines(body: Mapping[str, Any]) -> Any:
    return sum(each["Amount"] for each in body["Line"])
