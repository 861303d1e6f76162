"""What happens to an order after it was booked: edits, exchanges, payments in parts, cancellations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest

from ledgerport.events.v2 import entity_pb2
from qbo_writer.posting.config import ClosedPeriod, Customers, Method, SyncConfig
from qbo_writer.posting.verdicts import Booked, Key, Problem, Verdict
from qbo_writer_testing.paper import TRADING
from qbo_writer_testing.real_books import CONFIG, RealBooks
from qbo_writer_testing.shop import (
    LATER,
    agreed,
    event,
    happened,
    line,
    money_kept,
    order,
    paid,
    refund,
    shop_money,
    stamp,
)

Open = Callable[..., RealBooks]
ORDER = "gid://shopify/Order/1"
TOO_LATE = "2026-11-09T18:00:00+00:00"
THING, OTHER = line(1, "60.00", quantity=2), line(2, "27.06")
OPEN = replace(CONFIG, payment_triggers=frozenset({"PAID", "PENDING", "PARTIALLY_PAID"}))


def seen(books: RealBooks, *states: entity_pb2.Order) -> list[str]:
    """Each document that was written, state by state: "Invoice 120.00 create"."""
    for state in states:
        verdicts = books.book(event(order=state))
        assert all(isinstance(verdict, Booked) for verdict in verdicts.values()), verdicts
    return [f"{each.document.entity} {each.document.total} {each.document.operation.value}" for each in books.written]


def back(amount: str, at: str = LATER, number: int = 900) -> entity_pb2.Transaction:
    return paid(amount, kind="REFUND", at=at, number=number)


# --- edits ---------------------------------------------------------------------------------------


def test_an_edit_before_any_payment_updates_the_invoice(opened: Open) -> None:
    books = opened(config=OPEN)
    placed = order(THING, paid_by=[])
    edited = happened(placed, agreed(7, OTHER, reason="ORDER_EDIT", at=LATER), parts=[OTHER])
    assert seen(books, placed, edited) == ["Invoice 120.00 create", "Invoice 147.06 update"]
    assert books.owed() == 14706


def test_an_edit_before_any_payment_that_comes_with_the_order_is_one_invoice(opened: Open) -> None:
    books = opened(config=OPEN)
    edited = happened(order(THING, paid_by=[]), agreed(7, line(1, "60.00").back(), reason="ORDER_EDIT", at=LATER))
    assert seen(books, edited) == ["Invoice 60.00 create"]
    assert [each["SalesItemLineDetail"]["Qty"] for each in books.written[0].document.body["Line"]] == [1]


def test_a_persons_own_edit_of_the_invoice_is_never_written_over(opened: Open) -> None:
    books = opened(config=OPEN)
    placed = order(THING, paid_by=[])
    seen(books, placed)
    made = books.written[0].made
    books.ledger.post("invoice", _changed(made))
    edited = happened(placed, agreed(7, OTHER, reason="ORDER_EDIT", at=LATER), parts=[OTHER])
    with pytest.raises(AssertionError, match="5010"):
        books.book(event(order=edited))


def _changed(made: dict[str, object]) -> bytes:
    text = f'{{"Id": "{made["Id"]}", "SyncToken": "{made["SyncToken"]}", "sparse": true, "PrivateNote": "mine"}}'
    return text.encode()


def test_an_edit_upwards_after_payment_is_a_further_invoice_until_it_is_paid(opened: Open) -> None:
    books = opened()
    placed = order(THING)
    edited = happened(placed, agreed(7, OTHER, reason="ORDER_EDIT", at=LATER), parts=[OTHER])
    settled = happened(edited, money=[paid("27.06", at=TOO_LATE)])
    wanted = ["SalesReceipt 120.00 create", "Invoice 27.06 create", "Payment 27.06 create"]
    assert seen(books, placed, edited, settled) == wanted
    assert [each.document.date for each in books.written] == ["2026-11-01", "2026-11-05", "2026-11-09"]
    assert (books.owed(), books.cleared()) == (0, 14706)


def test_an_edit_upwards_that_is_paid_already_is_a_further_sales_receipt(opened: Open) -> None:
    books = opened()
    edited = happened(
        order(THING), agreed(7, OTHER, reason="ORDER_EDIT", at=LATER), money=[paid("27.06", at=TOO_LATE)], parts=[OTHER]
    )
    assert seen(books, edited) == ["SalesReceipt 120.00 create", "SalesReceipt 27.06 create"]
    assert [each.document.number for each in books.written] == ["1", "1-E1"]


def test_an_edit_downwards_that_is_paid_back_already_is_a_refund_receipt(opened: Open) -> None:
    books = opened()
    money = back("60.00", TOO_LATE)
    edited = happened(
        order(THING),
        agreed(7, line(1, "60.00").back(), reason="ORDER_EDIT", at=LATER),
        money=[money],
        refunds=[refund(1, money)],
    )
    assert seen(books, edited) == ["SalesReceipt 120.00 create", "RefundReceipt 60.00 create"]
    assert (books.owed(), books.cleared()) == (0, 6000)


def test_an_edit_downwards_is_a_credit_until_it_is_paid_back(opened: Open) -> None:
    books = opened()
    edited = happened(order(THING), agreed(7, line(1, "60.00").back(), reason="ORDER_EDIT", at=LATER))
    money = back("60.00", TOO_LATE)
    paid_back = happened(edited, money=[money], refunds=[refund(1, money)])
    assert seen(books, order(THING), edited, paid_back) == [
        "SalesReceipt 120.00 create",
        "CreditMemo 60.00 create",
        "JournalEntry 60.00 create",
        "Payment 0.00 create",
    ]
    assert (books.owed(), books.cleared()) == (0, 6000)


def test_a_line_swapped_for_a_dearer_one_is_one_document_of_the_difference(opened: Open) -> None:
    books = opened()
    edit = agreed(7, THING.back(), line(3, "130.00"), reason="ORDER_EDIT", at=LATER)
    edited = happened(order(THING), edit, money=[paid("10.00", at=TOO_LATE)], parts=[line(3, "130.00")])
    assert seen(books, edited) == ["SalesReceipt 120.00 create", "SalesReceipt 10.00 create"]


# --- exchanges -----------------------------------------------------------------------------------


def exchanged(sent_back: str, extra: str = "") -> entity_pb2.Order:
    """One thing of 60.00 came back, another went out."""
    new = line(3, "45.00") if sent_back else line(3, "80.00" if extra else "60.00")
    returned = agreed(7, line(1, "60.00").back(), new, reason="RETURN", refund=1, at=LATER)
    money = [back(sent_back)] if sent_back else []
    more = [paid(extra, at=TOO_LATE)] if extra else []
    return happened(order(THING), returned, money=[*money, *more], refunds=[refund(1, *money)], parts=[new])


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        (
            exchanged("15.00"),
            [
                "SalesReceipt 120.00 create",
                "Invoice 45.00 create",
                "RefundReceipt 15.00 create",
                "CreditMemo 45.00 create",
                "Payment 0.00 create",
            ],
        ),
        (
            exchanged("", "20.00"),
            [
                "SalesReceipt 120.00 create",
                "Invoice 80.00 create",
                "CreditMemo 60.00 create",
                "Payment 0.00 create",
                "Payment 20.00 create",
            ],
        ),
        (
            exchanged(""),
            [
                "SalesReceipt 120.00 create",
                "Invoice 60.00 create",
                "CreditMemo 60.00 create",
                "Payment 0.00 create",
            ],
        ),
    ],
    ids=["with money back", "with more to pay", "even"],
)
def test_an_exchange_is_a_sale_a_credit_and_the_net(opened: Open, state: entity_pb2.Order, wanted: list[str]) -> None:
    books = opened()
    assert seen(books, state) == wanted
    assert (books.owed(), books.cleared()) == (0, money_kept(state))


def test_what_an_exchange_brought_may_be_edited_away_before_anything_is_paid(opened: Open) -> None:
    dearer = line(3, "200.00")
    swapped = agreed(7, line(1, "60.00").back(), dearer, reason="RETURN", refund=1, at=LATER)
    undone = agreed(8, dearer.back(), reason="ORDER_EDIT", at=TOO_LATE)
    state = happened(order(THING, paid_by=[]), swapped, undone, refunds=[refund(1)], parts=[dearer])
    books = opened(config=OPEN)
    assert seen(books, state) == [
        "Invoice 120.00 create",
        "Invoice 200.00 create",
        "CreditMemo 200.00 create",
        "Payment 0.00 create",
        "CreditMemo 60.00 create",
        "Payment 0.00 create",
    ]
    assert books.owed() == 6000


# --- payments ------------------------------------------------------------------------------------


def test_several_gateways_are_an_invoice_with_a_payment_each(opened: Open) -> None:
    books = opened()
    bought = order(THING, paid_by=[paid("50.00", gateway="paypal"), paid("70.00")])
    assert seen(books, bought) == ["Invoice 120.00 create", "Payment 50.00 create", "Payment 70.00 create"]
    assert [each.made["PaymentRefNum"] for each in books.written[1:]] == ["1", "1"]


def test_two_captures_of_one_authorisation_are_two_payments(opened: Open) -> None:
    books = opened()
    captured = [
        paid("120.00", kind="AUTHORIZATION"),
        paid("50.00", kind="CAPTURE"),
        paid("70.00", kind="CAPTURE", at=LATER),
    ]
    assert seen(books, order(THING, paid_by=captured))[1:] == ["Payment 50.00 create", "Payment 70.00 create"]
    assert [each.document.date for each in books.written] == ["2026-11-01", "2026-11-01", "2026-11-05"]


def test_a_payment_that_comes_later_pays_the_open_invoice(opened: Open) -> None:
    books = opened(config=OPEN)
    placed = order(THING, paid_by=[])
    assert seen(books, placed, happened(placed, money=[paid("120.00", at=LATER)])) == [
        "Invoice 120.00 create",
        "Payment 120.00 create",
    ]
    assert books.owed() == 0


def test_a_gift_card_that_pays_an_open_invoice_lowers_its_liability(opened: Open) -> None:
    books = opened(config=OPEN)
    placed = order(THING, paid_by=[])
    paid_up = happened(placed, money=[paid("20.00", gateway="gift_card", at=LATER), paid("100.00", at=TOO_LATE)])
    written = seen(books, placed, paid_up)
    assert written[:3] == ["Invoice 120.00 create", "CreditMemo 20.00 create", "Payment 0.00 create"]
    assert written[3:] == ["Payment 100.00 create"]
    assert (books.owed(), books.cleared()) == (0, 10000)


def test_what_was_paid_too_much_stands_on_the_customer(opened: Open) -> None:
    books = opened()
    assert seen(books, order(THING, paid_by=[paid("125.00")])) == ["Invoice 120.00 create", "Payment 125.00 create"]
    assert books.owed() == -500


def test_payments_are_held_while_they_are_switched_off(opened: Open) -> None:
    books = opened(config=replace(OPEN, entities=OPEN.entities - {"payment"}))
    verdicts = books.book(event(order=order(THING, paid_by=[paid("50.00", gateway="paypal"), paid("70.00")])))
    held = [verdict for (kind, _), verdict in verdicts.items() if kind == "payment"]
    assert [verdict.reason for verdict in held if isinstance(verdict, Problem)] == ["ENTITY_OFF", "ENTITY_OFF"]


# --- cancellations -------------------------------------------------------------------------------


def test_an_unpaid_order_that_is_cancelled_is_voided_and_keeps_its_number(opened: Open) -> None:
    books = opened(config=OPEN)
    placed = order(THING, paid_by=[])
    cancelled = happened(
        placed,
        agreed(7, THING.back(), reason="REFUND", refund=1, at=LATER),
        refunds=[refund(1)],
        cancelled_at=stamp(LATER),
    )
    assert seen(books, placed, cancelled, cancelled) == ["Invoice 120.00 create", "Invoice 0.00 void"]
    assert (books.written[-1].made["DocNumber"], books.owed()) == ("1", 0)


def test_a_paid_order_that_is_cancelled_is_refunded_on_the_day_of_the_money(opened: Open) -> None:
    books = opened()
    money = back("120.00", TOO_LATE)
    cancelled = happened(
        order(THING),
        agreed(7, THING.back(), reason="REFUND", refund=1, at=LATER),
        money=[money],
        refunds=[refund(1, money)],
        cancelled_at=stamp(LATER),
    )
    assert seen(books, cancelled) == ["SalesReceipt 120.00 create", "RefundReceipt 120.00 create"]
    assert books.written[-1].document.date == "2026-11-09"


# --- periods, currencies, repeats ------------------------------------------------------------------


def test_a_closed_period_holds_the_order(opened: Open) -> None:
    books = opened(book_close_date="2026-11-01")
    verdict: Verdict = books.book(event(order=order(THING)))[("order", ORDER)]
    assert isinstance(verdict, Problem)
    assert verdict.reason == "CLOSED_PERIOD"
    assert "2026-11-01" in verdict.sentence


def test_a_closed_period_moves_to_the_first_open_day_where_the_config_says_so(opened: Open) -> None:
    config = replace(CONFIG, closed_period=ClosedPeriod.FIRST_OPEN_DAY)
    books = opened(config=config, book_close_date="2026-11-03")
    seen(books, order(THING))
    made = books.written[0].made
    assert made["TxnDate"] == "2026-11-04"
    assert "of 2026-11-01" in made["PrivateNote"]


def test_a_buyers_own_currency_is_booked_where_company_and_config_allow(opened: Open) -> None:
    books = opened(config=replace(CONFIG, presentment_currency=True), realm=TRADING)
    bought = order(THING, presentment_currency="CAD")
    for amount in (bought.totals.total, bought.totals.current_total, bought.totals.net_payment):
        amount.presentment = 16800
    sale = bought.agreements[0].sales[0]
    sale.total.presentment = 16800
    bought.transactions[0].amount.presentment = 16800
    assert seen(books, bought) == ["SalesReceipt 168.00 create"]
    made = books.written[0].made
    assert (made["CurrencyRef"]["value"], str(made["HomeTotalAmt"])) == ("CAD", "120.00")
    assert made["CustomerRef"]["name"] == "Ada (CAD)"


def test_a_foreign_buyer_is_booked_in_shop_money_by_default(opened: Open) -> None:
    books = opened(realm=TRADING)
    bought = order(THING, presentment_currency="CAD")
    assert seen(books, bought) == ["SalesReceipt 120.00 create"]


def test_what_conversion_lost_goes_to_rounding(opened: Open) -> None:
    books = opened()
    bought = order(THING, presentment_currency="CAD", paid_by=[paid("120.01")])
    bought.totals.current_total.CopyFrom(shop_money(12001))
    assert seen(books, bought) == ["SalesReceipt 120.01 create"]
    assert str(books.written[0].document.components["rounding"]) == "0.01"


def test_booking_again_writes_nothing(opened: Open) -> None:
    books = opened()
    state = exchanged("15.00")
    once = seen(books, state)
    assert seen(books, state) == once


# --- order of arrival ------------------------------------------------------------------------------


MONEY = back("15.00", TOO_LATE)
STORY = happened(
    happened(order(THING), agreed(7, OTHER, reason="ORDER_EDIT", at=LATER), parts=[OTHER]),
    agreed(8, line(1, "60.00").back(), reason="REFUND", refund=1, at=TOO_LATE),
    money=[paid("27.06", at=LATER), MONEY],
    refunds=[refund(1, MONEY)],
)


@pytest.mark.parametrize("first", list(permutations([("order", ORDER), ("refund", "gid://shopify/Refund/1")])))
@pytest.mark.parametrize("method", Method)
def test_in_whatever_order_records_are_tried_the_books_are_the_same(
    opened: Open, first: tuple[Key, ...], method: Method
) -> None:
    config: SyncConfig = replace(CONFIG, method=method)
    books = opened(config=config)
    verdicts = books.book(event(order=STORY), first=first)
    assert all(isinstance(verdict, Booked) for verdict in verdicts.values()), verdicts
    assert (books.owed(), books.cleared()) == (12000 + 2706 - 6000 - money_kept(STORY), money_kept(STORY))


def test_an_order_stays_on_its_customer_and_in_its_currency_when_settings_change(opened: Open) -> None:
    books = opened(config=OPEN, realm=TRADING)
    placed = order(THING, paid_by=[], presentment_currency="CAD")
    seen(books, placed)
    books.config = replace(OPEN, customers=Customers.GENERIC, presentment_currency=True)
    books.overlay[("customer", placed.customer_id)] = "1"
    assert seen(books, happened(placed, money=[paid("120.00", at=LATER)]))[1:] == ["Payment 120.00 create"]
    invoice, payment = books.written
    assert payment.made["CustomerRef"]["value"] == invoice.made["CustomerRef"]["value"]
    assert (payment.made["CurrencyRef"]["value"], books.owed()) == ("USD", 0)


@pytest.mark.parametrize("gone", ["sale", "payment"])
def test_what_is_booked_and_not_listed_any_more_is_an_error_and_books_nothing_twice(opened: Open, gone: str) -> None:
    """An order without agreements is booked by its lines; agreements that come later have other ids."""
    books = opened()
    placed = order(THING)
    seen(books, placed)
    after = entity_pb2.Order()
    after.CopyFrom(placed)
    part = after.agreements[0].sales[0] if gone == "sale" else after.transactions[0]
    part.id = "gid://shopify/Other/1"
    verdict = books.book(event(order=after))[("order", ORDER)]
    assert isinstance(verdict, Problem)
    assert verdict.reason == "CHANGED_AFTER_POSTING"
    assert len(books.written) == 1
