"""What comes back: refund receipts at the money that left, credit memos for the rest, each fact booked once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledgerport.events.v2 import entity_pb2
from qbo_writer.posting.company import TaxWorld
from qbo_writer.posting.config import Method
from qbo_writer.posting.plan import Subject, plan
from qbo_writer.posting.posted import Posted, PostedDocument
from qbo_writer.posting.refunds import refund_reference
from qbo_writer.posting.verdicts import Booked, Needs, Problem, Status, Verdict
from qbo_writer_testing.real_books import CONFIG, RealBooks
from qbo_writer_testing.shop import (
    LATER,
    RECORD,
    Everything,
    Part,
    Tax,
    agreed,
    company,
    event,
    happened,
    kept,
    line,
    money_kept,
    order,
    paid,
    refund,
    shipping,
    stamp,
)

Open = Callable[..., RealBooks]
ORDER, REFUND = "gid://shopify/Order/1", "gid://shopify/Refund/1"
ONE = line(1, "20.00", quantity=2, off="4.00", taxes=[Tax("2.88", "0.08")])
TWO = line(2, "20.00", off="2.00", taxes=[Tax("1.44", "0.08")])
POST = shipping("5.00")
HALF = line(1, "20.00", off="2.00", taxes=[Tax("1.44", "0.08")])


def bought(**members: object) -> entity_pb2.Order:
    """Two lines, shipping and tax, 63.32 in all."""
    return order(ONE, TWO, POST, **members)  # type: ignore[arg-type]


def sent(amount: str, gateway: str = "shopify_payments", number: int = 0, **members: object) -> entity_pb2.Transaction:
    return paid(amount, kind="REFUND", gateway=gateway, at=LATER, number=number or 900, **members)  # type: ignore[arg-type]


def given_back(
    before: entity_pb2.Order,
    *parts: Part,
    money: tuple[entity_pb2.Transaction, ...] = (),
    number: int = 1,
    **members: Any,
) -> entity_pb2.Order:
    """The order after a refund of these parts."""
    agreements = [agreed(number, *parts, reason="REFUND", refund=number, at=LATER)] if parts else []
    return happened(before, *agreements, money=money, refunds=[refund(number, *money, **members)])


CASES: dict[str, tuple[entity_pb2.Order, list[tuple[str, str]]]] = {
    "everything": (
        given_back(bought(), ONE.back(2), TWO.back(), POST.back(), money=(sent("63.32"),)),
        [("RefundReceipt", "63.32")],
    ),
    "one line": (given_back(bought(), TWO.back(), money=(sent("19.44"),)), [("RefundReceipt", "19.44")]),
    "one unit of a line": (given_back(bought(), HALF.back(), money=(sent("19.44"),)), [("RefundReceipt", "19.44")]),
    "shipping alone": (given_back(bought(), POST.back(), money=(sent("5.00"),)), [("RefundReceipt", "5.00")]),
    "less money than calculated": (
        given_back(bought(), TWO.back(), shipping("2.00").back(), money=(sent("20.00"),), adjustments=[kept("1.44")]),
        [("RefundReceipt", "20.00")],
    ),
    "more money than calculated": (
        given_back(bought(), TWO.back(), money=(sent("25.00"),), adjustments=[kept("-5.56")]),
        [("RefundReceipt", "25.00")],
    ),
    "goodwill without lines": (
        given_back(bought(), money=(sent("7.50"),), adjustments=[kept("-7.50")]),
        [("RefundReceipt", "7.50")],
    ),
    "a restocking fee": (
        given_back(bought(), TWO.back(), Part("FEE", "", "3.00", title="Restocking fee"), money=(sent("16.44"),)),
        [("RefundReceipt", "16.44")],
    ),
    "onto the gift card that paid a part": (
        given_back(
            bought(paid_by=[paid("23.32", gateway="gift_card"), paid("40.00")]),
            TWO.back(),
            money=(sent("10.00"), sent("9.44", "gift_card")),
        ),
        [("RefundReceipt", "10.00")],
    ),
    "all of it onto a gift card": (
        given_back(
            bought(paid_by=[paid("63.32", gateway="gift_card")]), TWO.back(), money=(sent("19.44", "gift_card"),)
        ),
        [("CreditMemo", "0.00")],
    ),
    "to two gateways": (
        given_back(
            bought(paid_by=[paid("33.32", gateway="paypal"), paid("30.00")]),
            ONE.back(2),
            money=(sent("13.88", "paypal", 901), sent("25.00", number=902)),
        ),
        [("RefundReceipt", "13.88"), ("RefundReceipt", "25.00")],
    ),
    "cash, rounded down": (
        given_back(order(line(1, "10.02")), line(1, "10.02").back(), money=(sent("10.00", "cash", rounding="-0.02"),)),
        [("RefundReceipt", "10.00")],
    ),
    "goods back on account, no money": (given_back(bought(), TWO.back()), [("CreditMemo", "19.44")]),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("world", [TaxWorld.US_MANUAL, TaxWorld.US_AUTOMATED])
def test_quickbooks_accepts_the_refund_at_what_came_back(opened: Open, world: TaxWorld, name: str) -> None:
    refunded, wanted = CASES[name]
    books = opened(world)
    verdicts = books.book(event(order=refunded))
    assert all(isinstance(verdict, Booked) for verdict in verdicts.values()), verdicts
    written = [each for each in books.written if each.record[0] == "refund"]
    assert [(each.document.entity, str(each.document.total)) for each in written] == wanted
    assert {each.document.date for each in written} == {"2026-11-05"}
    assert books.cleared() == money_kept(refunded)
    totals = refunded.totals
    rounded = totals.cash_rounding_payment.shop - totals.cash_rounding_refund.shop
    owed = totals.current_total.shop + rounded - totals.net_payment.shop
    assert books.owed() == owed + sum(a.amount.shop for r in refunded.refunds for a in r.adjustments)


@pytest.mark.parametrize("told", [("-0.02", "0.01"), ("0.02", "-0.01")], ids=["with its sign", "with the other"])
def test_refunds_in_cash_that_are_rounded_down_and_up_come_to_what_left_the_till(
    opened: Open, told: tuple[str, str]
) -> None:
    cash = paid("15.05", gateway="cash", rounding="-0.01")
    bought = order(line(1, "10.02"), line(2, "5.04"), paid_by=[cash], financial_status="PAID")
    first, second = sent("10.00", "cash", 901, rounding=told[0]), sent("5.05", "cash", 902, rounding=told[1])
    once = given_back(bought, line(1, "10.02").back(), money=(first,))
    once.totals.cash_rounding_refund.shop = -2
    twice = given_back(once, line(2, "5.04").back(), money=(second,), number=2)
    twice.totals.cash_rounding_refund.shop = -1
    books = opened()
    for seen in (once, twice):
        books.book(event(order=seen))
    written = [(each.document.entity, str(each.document.total)) for each in books.written if each.record[0] == "refund"]
    assert written == [("RefundReceipt", "10.00"), ("RefundReceipt", "5.05")]
    assert (books.cleared(), books.owed()) == (0, 0)


def test_of_a_half_paid_invoice_what_was_paid_back_is_a_receipt_and_the_rest_lowers_the_invoice(opened: Open) -> None:
    half = bought(paid_by=[paid("30.00")], financial_status="PARTIALLY_PAID")
    books = opened(config=replace(CONFIG, method=Method.INVOICE, payment_triggers=frozenset({"PARTIALLY_PAID"})))
    books.book(event(order=half))
    assert books.owed() == 3332
    books.book(event(order=given_back(half, ONE.back(2), money=(sent("10.00"),))))
    entities = [(each.document.entity, str(each.document.total)) for each in books.written[2:]]
    assert entities == [("RefundReceipt", "10.00"), ("CreditMemo", "28.88"), ("Payment", "0.00")]
    assert books.owed() == 3332 - 2888
    assert books.cleared() == 2000


def test_vat_inside_the_prices_comes_back_with_the_line(opened: Open) -> None:
    item = line(1, "20.00", taxes=[Tax("4.00", "0.2", "VAT")])
    books = opened(TaxWorld.GLOBAL)
    sold = order(item, currency="GBP", taxes_included=True)
    books.book(event(order=given_back(sold, item.back(), money=(sent("24.00"),))))
    made = books.written[-1].made
    assert (made["TotalAmt"], made["TxnTaxDetail"]["TotalTax"]) == (24, 4)


def said(refunded: entity_pb2.Order, refund_id: str = REFUND, *, booked: bool = True) -> Verdict:
    sale = PostedDocument(("order", ORDER), 1, "SalesReceipt", "9", "0", "1", 6332, {})
    posted = Posted([sale] if booked else [])
    return plan(Subject("refund", RECORD, refund_id, event(order=refunded), posted), company(), CONFIG, Everything())


CANCELLED = {"paid_by": [], "cancelled_at": stamp("2026-11-03T00:00:00+00:00")}


@pytest.mark.parametrize(
    ("refunded", "status", "reason", "booked"),
    [
        (given_back(bought(test=True), money=(sent("5.00"),)), Status.SKIPPED, "TEST_ORDER", True),
        (given_back(bought(), money=(sent("5.00", status="PENDING"),)), Status.ON_HOLD, "REFUND_PENDING", True),
        (given_back(bought()), Status.SKIPPED, "NO_MONEY", True),
        (given_back(bought(**CANCELLED), ONE.back(2)), Status.SKIPPED, "NO_MONEY", False),
    ],
    ids=[
        "a test order",
        "not confirmed by the gateway",
        "nothing came back",
        "of an order that was never paid",
    ],
)
def test_a_refund_that_is_not_booked_says_why(
    refunded: entity_pb2.Order, status: Status, reason: str, booked: bool
) -> None:
    verdict = said(refunded, booked=booked)
    assert isinstance(verdict, Problem)
    assert (verdict.status, verdict.reason) == (status, reason)


def test_money_that_nothing_explains_is_an_error_after_what_is_explained(opened: Open) -> None:
    books = opened()
    verdicts = books.book(event(order=given_back(bought(), TWO.back(), money=(sent("19.45"),))))
    verdict = verdicts[("refund", REFUND)]
    assert isinstance(verdict, Problem)
    assert (verdict.reason, str(books.written[-1].document.total)) == ("AMOUNTS_DO_NOT_ADD_UP", "19.44")


def test_a_refund_that_shopify_lists_no_more_is_skipped() -> None:
    verdict = said(bought())
    assert isinstance(verdict, Problem)
    assert (verdict.status, verdict.reason) == (Status.SKIPPED, "REFUND_GONE")


def test_a_refund_waits_until_its_order_is_booked() -> None:
    assert said(CASES["one line"][0], booked=False) == Needs((("order", ORDER),))


def test_refunds_are_held_while_they_are_switched_off() -> None:
    posted = Posted([PostedDocument(("order", ORDER), 1, "SalesReceipt", "9", "0", "1", 6332, {})])
    subject = Subject("refund", RECORD, REFUND, event(order=CASES["one line"][0]), posted)
    verdict = plan(subject, company(), replace(CONFIG, entities=CONFIG.entities - {"refund"}), Everything())
    assert isinstance(verdict, Problem)
    assert verdict.reason == "ENTITY_OFF"


def test_each_refund_of_an_order_has_a_number_of_its_own(opened: Open) -> None:
    books = opened()
    once = given_back(bought(), money=(sent("5.00", number=901),), adjustments=[kept("-5.00")])
    twice = given_back(once, money=(sent("6.00", number=902),), number=2, adjustments=[kept("-6.00")])
    books.book(event(order=twice))
    assert [each.document.number for each in books.written] == ["1", "1-R1", "1-R2"]
    assert refund_reference(twice, "gid://shopify/Refund/2") == "#1-R2"
