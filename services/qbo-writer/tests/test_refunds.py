"""A refund becomes one refund receipt that QuickBooks accepts at the money that left, or says why not."""

from __future__ import annotations

from typing import Any

import pytest

from ledgerport.events.v1 import entity_pb2
from qbo_writer.figures import Expected, difference_of
from qbo_writer.posting.amounts import number
from qbo_writer.posting.company import TaxWorld
from qbo_writer.posting.refunds import refund_receipt, refund_reference
from qbo_writer.posting.verdicts import Document, Needs, Problem, Status, Verdict
from qbo_writer_testing.real_books import RealBooks
from qbo_writer_testing.shop import (
    RECORD,
    Everything,
    back,
    cash,
    company,
    event,
    line,
    order,
    paid,
    refund,
    shipping,
    stamp,
    tax,
)

REFUND = "gid://shopify/Refund/1"


def bought(name: str, *refunds: entity_pb2.Refund, **members: Any) -> entity_pb2.Order:
    """Two lines, shipping and tax, 63.32 in all."""
    return order(
        "63.32",
        name=name,
        lines=[
            line(1, "20.00", quantity=2, off="4.00", taxes=[tax("2.88", "0.08")]),
            line(2, "20.00", off="2.00", taxes=[tax("1.44", "0.08")]),
        ],
        shipping_lines=[shipping("5.00")],
        refunds=list(refunds),
        **members,
    )


def sent_back(subtotal: str, tax_text: str = "0") -> entity_pb2.RefundShippingLine:
    return entity_pb2.RefundShippingLine(
        shipping_line_id="gid://shopify/ShippingLine/1", subtotal=cash(subtotal), tax=cash(tax_text)
    )


def beyond(amount: str) -> entity_pb2.OrderAdjustment:
    return entity_pb2.OrderAdjustment(reason="REFUND_DISCREPANCY", amount=cash(amount), tax=cash("0"))


ACCEPTED = {
    "of everything": bought(
        "#4001",
        refund(
            "63.32",
            lines=[back(1, "36.00", "2.88", quantity=2), back(2, "18.00", "1.44")],
            shipping_lines=[sent_back("5.00")],
        ),
    ),
    "of one line": bought("#4002", refund("19.44", lines=[back(2, "18.00", "1.44")])),
    "of one unit of a line": bought("#4003", refund("19.44", lines=[back(1, "18.00", "1.44")])),
    "of shipping alone": bought("#4004", refund("5.00", shipping_lines=[sent_back("5.00")])),
    "with less money than calculated": bought(
        "#4005",
        refund(
            "20.00", lines=[back(2, "18.00", "1.44")], shipping_lines=[sent_back("2.00")], adjustments=[beyond("1.44")]
        ),
    ),
    "with more money than calculated": bought(
        "#4006", refund("25.00", lines=[back(2, "18.00", "1.44")], adjustments=[beyond("-5.56")])
    ),
    "of money alone": bought("#4007", refund("7.50", adjustments=[beyond("-7.50")])),
}


@pytest.mark.parametrize("name", ACCEPTED)
@pytest.mark.parametrize("world", [TaxWorld.US_MANUAL, TaxWorld.US_AUTOMATED])
def test_quickbooks_accepts_the_refund_at_the_money_that_left(
    books: dict[TaxWorld, RealBooks], world: TaxWorld, name: str
) -> None:
    document = books[world].plan("refund", REFUND, event(order=ACCEPTED[name]))
    assert isinstance(document, Document), document
    assert document.total is not None
    made = books[world].post(document)
    assert made["TotalAmt"] == number(document.total)
    assert difference_of(Expected.of(document), made) == ""
    assert made["DepositToAccountRef"]["name"] == "Shopify Payments Clearing"
    assert made["TxnDate"] == "2026-11-05"


def test_vat_inside_the_prices_comes_back_with_the_line(books: dict[TaxWorld, RealBooks]) -> None:
    vat = tax("4.00", "0.2", currency="GBP")
    came_back = refund("24.00", currency="GBP", lines=[back(1, "24.00", "4.00", currency="GBP")])
    sold = order(
        "24.00",
        currency="GBP",
        name="#4010",
        taxes_included=True,
        lines=[line(1, "24.00", taxes=[vat], currency="GBP")],
        refunds=[came_back],
    )
    british = books[TaxWorld.GLOBAL]
    document = british.plan("refund", REFUND, event(order=sold))
    assert isinstance(document, Document), document
    made = british.post(document)
    assert (made["TotalAmt"], made["TxnTaxDetail"]["TotalTax"]) == (24, 4)


def said(sold: entity_pb2.Order, refund_id: str = REFUND) -> Verdict:
    return refund_receipt(RECORD, "gid://shopify/Order/1", sold, refund_id, company(), Everything())


@pytest.mark.parametrize(
    ("sold", "status", "reason"),
    [
        (bought("#1", refund("5.00"), test=True), Status.SKIPPED, "TEST_ORDER"),
        (
            bought("#1", refund("5.00", transactions=[paid("5.00", kind="REFUND", status="PENDING")])),
            Status.ON_HOLD,
            "REFUND_PENDING",
        ),
        (bought("#1", refund("0", transactions=[])), Status.SKIPPED, "NO_MONEY"),
        (bought("#1", refund("0", transactions=[], lines=[back(1, "18.00")])), Status.ERROR, "NO_BOOKING_RULE"),
        (
            bought(
                "#1",
                refund("0", transactions=[], lines=[back(1, "18.00")]),
                transactions=[],
                cancelled_at=stamp("2026-11-03T00:00:00+00:00"),
            ),
            Status.SKIPPED,
            "NO_MONEY",
        ),
        (
            bought(
                "#1",
                refund(
                    "10.00",
                    adjustments=[beyond("-10.00")],
                    transactions=[paid("4.00", kind="REFUND"), paid("6.00", kind="REFUND", gateway="paypal")],
                ),
            ),
            Status.ERROR,
            "NO_BOOKING_RULE",
        ),
        (bought("#1", refund("5.00", duties=[cash("5.00")])), Status.ERROR, "NO_BOOKING_RULE"),
        (bought("#1", refund("19.45", lines=[back(2, "18.00", "1.44")])), Status.ERROR, "AMOUNTS_DO_NOT_ADD_UP"),
    ],
    ids=[
        "a test order",
        "not confirmed by the gateway",
        "nothing came back",
        "goods back, no money",
        "of an order that was never paid",
        "two gateways",
        "duties",
        "does not add up",
    ],
)
def test_a_refund_that_is_not_booked_says_why(sold: entity_pb2.Order, status: Status, reason: str) -> None:
    verdict = said(sold)
    assert isinstance(verdict, Problem)
    assert (verdict.status, verdict.reason) == (status, reason)


def test_a_refund_that_shopify_lists_no_more_is_skipped() -> None:
    verdict = said(bought("#1"))
    assert isinstance(verdict, Problem)
    assert (verdict.status, verdict.reason) == (Status.SKIPPED, "REFUND_GONE")


def test_a_refund_waits_until_its_order_is_booked() -> None:
    sold = ACCEPTED["of one line"]
    assert refund_receipt(RECORD, "gid://shopify/Order/1", sold, REFUND, company(), {}) == Needs(
        (("order", "gid://shopify/Order/1"),)
    )


def test_each_refund_of_an_order_has_a_number_of_its_own() -> None:
    sold = bought(
        "#1001", refund("5.00", adjustments=[beyond("-5.00")]), refund("6.00", number=2, adjustments=[beyond("-6.00")])
    )
    numbers = []
    for each in sold.refunds:
        verdict = said(sold, each.id)
        assert isinstance(verdict, Document)
        numbers.append(verdict.number)
    assert numbers == ["1001-R1", "1001-R2"]
    assert refund_reference(sold, "gid://shopify/Refund/2") == "#1001-R2"
