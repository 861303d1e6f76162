"""Orders become sales receipts that QuickBooks accepts at Shopify's total, or a named reason why there is none."""

from __future__ import annotations

from typing import Any

import pytest

from ledgerport.events.v1 import entity_pb2
from qbo_writer.figures import Expected, difference_of, proof_of
from qbo_writer.posting.amounts import number, to_bytes
from qbo_writer.posting.company import TaxWorld
from qbo_writer.posting.orders import sales_receipt
from qbo_writer.posting.plan import plan
from qbo_writer.posting.verdicts import Adopt, Document, Needs, Problem, Status
from qbo_writer_testing.real_books import RealBooks
from qbo_writer_testing.shop import (
    RECORD,
    Everything,
    cash,
    company,
    event,
    line,
    order,
    paid,
    shipping,
    stamp,
    tax,
)

US_ORDERS: dict[str, entity_pb2.Order] = {
    "tax added, order discount with a cent of rounding, taxed shipping, a custom line": order(
        "40.93",
        name="#2001",
        lines=[
            line(1, "9.99", quantity=2, off="2.00", taxes=[tax("1.48")]),
            line(2, "9.55", off="0.95", taxes=[tax("0.71")]),
            line(3, "6.00", off="0.60", taxes=[tax("0.45")], variant=None, title="Gift wrap"),
        ],
        shipping_lines=[shipping("5.90", taxes=[tax("0.41")])],
    ),
    "no tax at all": order("30.00", name="#2002", lines=[line(1, "10.00", quantity=3)]),
    "a guest": order("10.83", name="#2003", guest=True, lines=[line(1, "10.00", taxes=[tax("0.83")])]),
    "the same SKU twice": order(
        "30.00",
        name="#2004",
        lines=[line(4, "10.00", variant=44, sku="TWIN"), line(5, "20.00", variant=44, sku="TWIN")],
    ),
    "a discount of everything": order("0", name="#2005", lines=[line(1, "12.00", off="12.00")]),
    "a free order": order("0", name="#2006", lines=[line(1, "0")]),
    "taxed and untaxed lines, both discounted": order(
        "27.83",
        name="#2007",
        lines=[line(1, "20.00", off="10.00", taxes=[tax("0.83")]), line(2, "20.00", off="3.00")],
    ),
    "three of one thing": order("9.99", name="#2008", lines=[line(6, "3.33", quantity=3)]),
    "emoji, control characters and a very long title": order(
        "5.00", name="#2009", lines=[line(7, "5.00", title="Mug \U0001f600\x07 " + "very long " * 60)]
    ),
    "a title with a colon": order("5.00", name="#2010", lines=[line(8, "5.00", title="Tea: green")]),
    "a name that fits no document number": order("5.00", name="#" + "9" * 22, lines=[line(1, "5.00")]),
    "several rates of tax": order(
        "109.25", name="#2012", lines=[line(1, "100.00", taxes=[tax("6.25", "0.0625"), tax("3.00", "0.03")])]
    ),
    "paid by one gateway in two captures": order(
        "60.00",
        name="#2013",
        lines=[line(1, "60.00")],
        transactions=[
            paid("60.00", kind="AUTHORIZATION"),
            paid("20.00", kind="CAPTURE"),
            paid("40.00", kind="CAPTURE"),
        ],
    ),
    "cash with change": order(
        "6.50",
        name="#2014",
        guest=True,
        lines=[line(1, "6.00", taxes=[tax("0.50")])],
        transactions=[paid("10.00", gateway="cash"), paid("3.50", kind="CHANGE", gateway="cash")],
    ),
    "a quantity of a thousand": order("1230.00", name="#2015", lines=[line(9, "1.23", quantity=1000)]),
    "shipping alone": order("7.00", name="#2016", lines=[line(1, "0")], shipping_lines=[shipping("7.00")]),
    "a buyer from abroad whose parts were converted": order(
        "40.95",
        name="#2017",
        presentment_currency="CAD",
        lines=[line(1, "29.00", taxes=[tax("3.77")])],
        shipping_lines=[shipping("7.25", taxes=[tax("0.94")])],
    ),
}


def british(total: str, **members: Any) -> entity_pb2.Order:
    return order(total, currency="GBP", taxes_included=True, **members)


def vat(amount: str, rate: str = "0.2") -> entity_pb2.TaxLine:
    return tax(amount, rate, currency="GBP")


BRITISH_ORDERS: dict[str, entity_pb2.Order] = {
    "VAT inside the prices, a zero rated line, an automatic discount": british(
        "113.94",
        name="#3001",
        lines=[
            line(1, "60.00", quantity=2, off="18.00", taxes=[vat("17.00")], currency="GBP"),
            line(2, "7.99", taxes=[vat("0", "0")], currency="GBP"),
        ],
        shipping_lines=[shipping("3.95", taxes=[vat("0.66")], currency="GBP")],
    ),
    "three cheap lines whose VAT rounds line by line": british(
        "2.97",
        name="#3002",
        lines=[line(n, "0.99", taxes=[vat("0.17")], currency="GBP") for n in (1, 2, 3)],
    ),
    "reduced and standard rate, a guest": british(
        "15.75",
        name="#3003",
        guest=True,
        lines=[
            line(1, "10.50", taxes=[vat("0.50", "0.05")], currency="GBP"),
            line(2, "5.25", taxes=[vat("0.88")], currency="GBP"),
        ],
    ),
    "prices without VAT": order(
        "24.00", currency="GBP", name="#3004", lines=[line(1, "20.00", taxes=[vat("4.00")], currency="GBP")]
    ),
    "everything given away": british("0", name="#3005", lines=[line(1, "9.00", off="9.00", currency="GBP")]),
}

ACCEPTED = [
    *((world, name) for world in (TaxWorld.US_MANUAL, TaxWorld.US_AUTOMATED) for name in US_ORDERS),
    *((TaxWorld.GLOBAL, name) for name in BRITISH_ORDERS),
]


@pytest.mark.parametrize(("world", "name"), ACCEPTED, ids=[f"{world}: {name}" for world, name in ACCEPTED])
def test_quickbooks_accepts_the_receipt_at_shopifys_total(
    books: dict[TaxWorld, RealBooks], world: TaxWorld, name: str
) -> None:
    sold = (BRITISH_ORDERS if world is TaxWorld.GLOBAL else US_ORDERS)[name]
    document = books[world].plan("order", "gid://shopify/Order/1", event(order=sold))
    assert isinstance(document, Document), document
    assert document.total is not None
    made = books[world].post(document)
    assert made["TotalAmt"] == number(document.total)
    assert difference_of(Expected.of(document), made) == ""
    proof = proof_of(Expected.of(document), made)
    assert [row for row in proof if row["shopify"] != row["quickbooks"]] == []
    assert made["PrivateNote"] == document.body["PrivateNote"]
    assert made["TxnDate"] == "2026-11-01"


def test_the_taxable_amount_in_quickbooks_is_net_of_the_discount(books: dict[TaxWorld, RealBooks]) -> None:
    sold = order("10.83", name="#2100", lines=[line(1, "20.00", off="10.00", taxes=[tax("0.83")])])
    document = books[TaxWorld.US_MANUAL].plan("order", "gid://shopify/Order/1", event(order=sold))
    assert isinstance(document, Document)
    made = books[TaxWorld.US_MANUAL].post(document)
    assert made["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] == 10


def test_money_lands_in_the_clearing_account_of_its_gateway(books: dict[TaxWorld, RealBooks]) -> None:
    us = books[TaxWorld.US_MANUAL]
    sold = order("8.00", name="#2101", lines=[line(1, "8.00")], transactions=[paid("8.00", gateway="paypal")])
    document = us.plan("order", "gid://shopify/Order/1", event(order=sold))
    assert isinstance(document, Document)
    before = us.connected.balances()
    made = us.post(document)
    account = made["DepositToAccountRef"]
    assert account["name"] == "PayPal Clearing"
    assert us.connected.balances()[account["value"]] - before.get(account["value"], 0) == 800


def test_a_company_without_sales_tax_gets_the_tax_as_a_line(books: dict[TaxWorld, RealBooks]) -> None:
    sold = order("10.83", lines=[line(1, "10.00", taxes=[tax("0.83")])])
    document = sales_receipt(RECORD, sold, company(TaxWorld.NONE), Everything())
    assert isinstance(document, Document)
    assert "TxnTaxDetail" not in document.body
    assert [str(each["Amount"]) for each in document.body["Line"]] == ["10.00", "0.83"]
    assert {each["SalesItemLineDetail"]["TaxCodeRef"]["value"] for each in document.body["Line"]} == {"NON"}


SAID: dict[str, tuple[entity_pb2.Order, Status, str]] = {
    "a test order": (order("5.00", lines=[line(1, "5.00")], test=True), Status.SKIPPED, "TEST_ORDER"),
    "paid with a test card": (
        order("5.00", lines=[line(1, "5.00")], transactions=[paid("5.00", test=True)]),
        Status.SKIPPED,
        "TEST_ORDER",
    ),
    "cancelled before any payment": (
        order("5.00", lines=[line(1, "5.00")], transactions=[], cancelled_at=stamp("2026-11-03T00:00:00+00:00")),
        Status.SKIPPED,
        "CANCELLED_UNPAID",
    ),
    "cancelled before any payment, its lines taken back without money": (
        order(
            "5.00",
            lines=[line(1, "5.00")],
            transactions=[],
            cancelled_at=stamp("2026-11-03T00:00:00+00:00"),
            refunds=[entity_pb2.Refund(id="gid://shopify/Refund/1")],
        ),
        Status.SKIPPED,
        "CANCELLED_UNPAID",
    ),
    "a bank transfer that has not come": (
        order("5.00", lines=[line(1, "5.00")], transactions=[paid("5.00", status="PENDING", gateway="bank")]),
        Status.ON_HOLD,
        "WAITS_FOR_PAYMENT",
    ),
    "only authorised": (
        order("5.00", lines=[line(1, "5.00")], transactions=[paid("5.00", kind="AUTHORIZATION")]),
        Status.ON_HOLD,
        "WAITS_FOR_PAYMENT",
    ),
    "paid in part": (
        order("5.00", lines=[line(1, "5.00")], transactions=[paid("4.99")]),
        Status.ON_HOLD,
        "WAITS_FOR_PAYMENT",
    ),
    "overpaid": (order("5.00", lines=[line(1, "5.00")], transactions=[paid("5.01")]), Status.ERROR, "OVERPAID"),
    "in another currency than the books": (
        order("5.00", currency="EUR", lines=[line(1, "5.00", currency="EUR")]),
        Status.ERROR,
        "CURRENCY_NOT_ENABLED",
    ),
    "whose amounts do not add up": (
        order("5.01", lines=[line(1, "5.00")]),
        Status.ERROR,
        "AMOUNTS_DO_NOT_ADD_UP",
    ),
    "converted, and further off than rounding explains": (
        order("5.02", lines=[line(1, "5.00")], presentment_currency="CAD"),
        Status.ERROR,
        "AMOUNTS_DO_NOT_ADD_UP",
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_not_booked_says_why(name: str) -> None:
    sold, status, reason = SAID[name]
    verdict = sales_receipt(RECORD, sold, company(), Everything())
    assert isinstance(verdict, Problem)
    assert (verdict.status, verdict.reason) == (status, reason)
    assert verdict.sentence


NO_RULE = {
    "edited": order("5.00", lines=[line(1, "5.00")], edited=True),
    "duties": order("5.00", lines=[line(1, "5.00", duties=[entity_pb2.Charge(price=cash("1.00"))])]),
    "additional fees": order("5.00", lines=[line(1, "5.00")], additional_fees=[entity_pb2.Charge(price=cash("1.00"))]),
    "sells a gift card": order("5.00", lines=[line(1, "5.00", gift_card=True)]),
    "marketplace": order("5.00", lines=[line(1, "4.50", taxes=[tax("0.50", channel=True)])]),
    "gift card or store credit": order(
        "5.00", lines=[line(1, "5.00")], transactions=[paid("2.00"), paid("3.00", gateway="gift_card")]
    ),
    "several gateways": order(
        "5.00", lines=[line(1, "5.00")], transactions=[paid("2.00"), paid("3.00", gateway="paypal")]
    ),
}


@pytest.mark.parametrize("kind", NO_RULE)
def test_a_kind_without_a_booking_rule_is_named_and_never_guessed(kind: str) -> None:
    verdict = sales_receipt(RECORD, NO_RULE[kind], company(), Everything())
    assert isinstance(verdict, Problem)
    assert (verdict.status, verdict.reason) == (Status.ERROR, "NO_BOOKING_RULE")
    assert kind in verdict.sentence
    assert verdict.cure


def test_a_tip_has_no_booking_rule() -> None:
    sold = order("5.00", lines=[line(1, "4.00")])
    sold.totals.tips.CopyFrom(cash("1.00"))
    verdict = sales_receipt(RECORD, sold, company(), Everything())
    assert isinstance(verdict, Problem)
    assert "tip" in verdict.sentence


def test_a_rate_that_no_tax_code_has_is_named() -> None:
    sold = order(
        "11.75", currency="GBP", lines=[line(1, "10.00", taxes=[tax("1.75", "0.175", currency="GBP")], currency="GBP")]
    )
    verdict = sales_receipt(RECORD, sold, company(TaxWorld.GLOBAL), Everything())
    assert isinstance(verdict, Problem)
    assert verdict.reason == "TAX_CODE_NOT_MAPPED"
    assert "17.5 %" in verdict.sentence


def test_whatever_is_missing_is_asked_for_at_once() -> None:
    sold = order("10.83", lines=[line(1, "10.00", taxes=[tax("0.83")])], shipping_lines=[])
    verdict = sales_receipt(RECORD, sold, company(), {})
    assert verdict == Needs(
        (
            ("customer", "gid://shopify/Customer/1"),
            ("setup", "account:clearing:Shopify Payments"),
            ("product", "gid://shopify/ProductVariant/1"),
        )
    )


@pytest.mark.parametrize("name", US_ORDERS)
def test_the_same_plan_is_always_the_same_bytes(name: str) -> None:
    def drawn() -> bytes:
        mapped = Everything()
        verdict = plan("order", RECORD, "gid://shopify/Order/1", event(order=US_ORDERS[name]), company(), mapped)
        assert isinstance(verdict, Document)
        return to_bytes(verdict.body)

    assert drawn() == drawn()


def test_the_marker_and_the_number_stand_in_the_document() -> None:
    verdict = sales_receipt(RECORD, order("5.00", lines=[line(1, "5.00")]), company(), Everything())
    assert isinstance(verdict, Document)
    assert verdict.body["PrivateNote"] == f"Shopify order #1001 [ledgerport:{RECORD}]"
    assert verdict.body["DocNumber"] == "1001"


def test_no_number_where_it_does_not_fit_or_the_company_numbers_by_itself() -> None:
    long = order("5.00", name="#" + "1" * 22, lines=[line(1, "5.00")])
    for sold, books in ((long, company()), (order("5.00", lines=[line(1, "5.00")]), company(custom_numbers=False))):
        verdict = sales_receipt(RECORD, sold, books, Everything())
        assert isinstance(verdict, Document)
        assert "DocNumber" not in verdict.body


def test_a_deleted_order_is_skipped() -> None:
    gone = event(gone=entity_pb2.Gone(kind="order"))
    verdict = plan("order", RECORD, "gid://shopify/Order/1", gone, company(), {})
    assert isinstance(verdict, Problem)
    assert (verdict.status, verdict.reason) == (Status.SKIPPED, "GONE")


def test_an_account_that_the_company_has_is_adopted(books: dict[TaxWorld, RealBooks]) -> None:
    verdict = books[TaxWorld.US_MANUAL].plan("setup", "account:sales", entity_pb2.EntityEvent())
    assert verdict == Adopt("Account", "79")
