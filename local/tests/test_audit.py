"""The comparison at the end of the demo can fail: each kind of trouble is found and named."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ledgerport_local.audit import compare
from ledgerport_local.audit_facts import (
    ADJUSTMENT,
    GOODS,
    ROUNDING,
    SHIPPING,
    TAX,
    TENDER,
    BookedDocument,
    Ledger,
    StoreOrder,
    Told,
)

D = Decimal
# 20.00 was bought, 5.00 of it came back; paid by card, and 1.50 by gift card.
ORDER = StoreOrder(
    "gid://shopify/Order/1",
    "#1001",
    total=D("15.00"),
    tax=D("1.00"),
    parts={GOODS: D("12.00"), SHIPPING: D("2.00"), TAX: D("1.00")},
    money={"Card": D("13.50")},
    tenders=D("1.50"),
    refunds=1,
)
SALE = BookedDocument(
    "SalesReceipt",
    "150",
    "1001",
    "#1001",
    "m1",
    D("18.50"),
    {GOODS: D("16.50"), SHIPPING: D("2.00"), TAX: D("1.50"), TENDER: D("-1.50")},
    "Card Clearing",
)
REFUND = BookedDocument(
    "RefundReceipt", "151", "1001-R1", "#1001", "m2", D("5.00"), {GOODS: D("4.50"), TAX: D("0.50")}, "Card Clearing"
)
BOOKS = [SALE, REFUND]
# The same sale, not paid yet, and what then happens to it.
INVOICE = replace(SALE, kind="Invoice", account="", open=D("18.50"))
PAYMENT = BookedDocument("Payment", "152", "", "#1001", "m3", D("18.50"), account="Card Clearing")


def wrong(*documents: BookedDocument, order: StoreOrder = ORDER) -> str:
    found = compare([order], documents)
    assert not found.proved
    return "; ".join((*found.missing, *found.duplicates, *found.differences))


def test_equal_books_are_proved_and_summed_by_component() -> None:
    found = compare([ORDER], BOOKS)
    assert found.proved
    assert found.sums["worth"] == (D("15.00"), D("15.00"))
    assert found.sums[GOODS] == (D("12.00"), D("12.00"))
    assert found.sums["money received"] == (D("13.50"), D("13.50"))
    assert found.documents == {"SalesReceipt": 1, "RefundReceipt": 1}


def test_an_order_that_nobody_speaks_of_is_lost() -> None:
    assert compare([ORDER], []).missing == ["#1001: no document, no record"]


@pytest.mark.parametrize(("status", "lost"), [("ON_HOLD", False), ("ERROR", True), ("PENDING", True)])
def test_an_order_that_is_held_for_a_reason_is_not_lost(status: str, lost: bool) -> None:
    told = Told("ORDER", "#1001", ORDER.id, status, "TRIGGER")
    found = compare([ORDER], [], [told])
    assert bool(found.missing) is lost
    assert found.left_out == {(status, "TRIGGER"): 1}


def test_an_order_that_was_paid_cannot_be_skipped() -> None:
    told = Told("ORDER", "#1001", ORDER.id, "SKIPPED", "CANCELLED_UNPAID")
    assert compare([ORDER], [], [told]).missing
    unpaid = replace(ORDER, money={}, tenders=D(0))
    assert compare([unpaid], [], [told]).proved


def test_a_sale_that_is_missing_beside_its_refund_is_lost() -> None:
    assert "no sale" in wrong(REFUND)


def test_a_doubled_sale_is_found_by_its_number() -> None:
    assert "2 times SalesReceipt 1001" in wrong(*BOOKS, replace(SALE, qbo_id="153"))


def test_a_doubled_sale_is_found_where_the_company_numbers_by_itself() -> None:
    assert "2 equal SalesReceipts" in wrong(*BOOKS, replace(SALE, qbo_id="153", number="1003"))


def test_an_order_to_which_as_much_again_was_added_is_not_doubled_while_its_payment_is_on_its_way() -> None:
    twice = {name: 2 * amount for name, amount in ORDER.parts.items()} if ORDER.parts else None
    order = replace(ORDER, total=2 * ORDER.total, tax=2 * ORDER.tax, parts=twice, tenders=D(0), refunds=0)
    half = replace(INVOICE, total=ORDER.total, parts=ORDER.parts or {}, open=ORDER.total)
    told = wrong(half, replace(half, qbo_id="153", number="1001-E1"), order=order)
    assert "equal Invoices" not in told
    assert "was paid" in told


def test_one_transaction_as_two_payments_is_found() -> None:
    paid = replace(INVOICE, open=D(0))
    assert "one transaction as 2 payments" in wrong(paid, REFUND, PAYMENT, replace(PAYMENT, qbo_id="154"))


def test_a_payment_of_nothing_doubles_nothing() -> None:
    set_off = replace(PAYMENT, qbo_id="154", total=D(0), account="")
    assert compare([ORDER], [replace(INVOICE, open=D(0)), REFUND, PAYMENT, set_off]).proved


def test_a_lost_refund_is_a_difference() -> None:
    assert "is worth 15.00 in the store, 20.00 in QuickBooks" in wrong(SALE)


def test_a_cent_in_the_wrong_component_is_a_difference() -> None:
    moved = {**SALE.parts, GOODS: D("16.49"), SHIPPING: D("2.01")}
    assert "holds goods of 12.00 in the store, 11.99 in QuickBooks" in wrong(replace(SALE, parts=moved), REFUND)


def test_tax_in_the_wrong_place_is_a_difference_even_where_the_store_lists_no_ledger() -> None:
    moved = {**SALE.parts, GOODS: D("16.49"), TAX: D("1.51")}
    told = wrong(replace(SALE, parts=moved), REFUND, order=replace(ORDER, parts=None))
    assert "holds tax of 1.00 in the store, 1.01" in told


def test_money_in_the_wrong_gateways_account_is_a_difference() -> None:
    told = wrong(SALE, replace(REFUND, account="PayPal Clearing"))
    assert "in Card Clearing, 13.50 in the store, 18.50" in told
    assert "in PayPal Clearing, 0 in the store, -5.00" in told


def test_a_gift_card_that_nobody_used_is_a_difference() -> None:
    assert "gift card or store credit with 0" in wrong(*BOOKS, order=replace(ORDER, tenders=D(0)))


def test_what_is_owed_is_what_the_store_calls_outstanding() -> None:
    unpaid = replace(ORDER, money={"Card": D("-5.00")}, outstanding=D("18.50"))
    assert compare([unpaid], [INVOICE, REFUND]).proved
    assert "is still to be paid with 0" in wrong(INVOICE, REFUND, order=replace(unpaid, outstanding=D(0)))


def test_a_payment_that_was_not_set_against_its_invoice_is_a_difference() -> None:
    assert "18.50 of open credits" in wrong(INVOICE, REFUND, replace(PAYMENT, open=D("18.50")))


def test_a_journal_entry_pays_back_and_is_owed_until_it_is_set_off() -> None:
    credit = replace(REFUND, kind="CreditMemo", account="")
    back = BookedDocument("JournalEntry", "155", "1001-R1-2", "#1001", "m2", D("5.00"), account="Card Clearing")
    assert compare([ORDER], [SALE, credit, back]).proved
    assert "of open credits" in wrong(SALE, replace(credit, open=D("5.00")), replace(back, open=D("5.00")))


def test_goodwill_and_rounding_stand_beside_the_worth() -> None:
    kind = replace(REFUND, total=D("6.00"), parts={**REFUND.parts, ADJUSTMENT: D("1.00")})
    assert compare([replace(ORDER, money={"Card": D("12.50")})], [SALE, kind]).proved
    rounded = replace(SALE, total=D("18.48"), parts={**SALE.parts, ROUNDING: D("-0.02")})
    cash = replace(ORDER, money={"Card": D("13.48")}, rounding=D("-0.02"))
    assert compare([cash], [rounded, REFUND]).proved
    assert "was rounded by 0 in the store, -0.02" in wrong(rounded, REFUND)


def test_conversion_may_lose_a_cent_an_amount_and_no_more() -> None:
    foreign = replace(ORDER, total=D("15.02"), amounts_converted=3)
    assert compare([foreign], BOOKS).proved
    assert "is worth" in wrong(*BOOKS, order=replace(foreign, total=D("15.04")))
    assert "holds goods of" in wrong(*BOOKS, order=replace(foreign, parts={**(ORDER.parts or {}), GOODS: D("12.01")}))


def test_a_document_of_no_order_and_one_of_a_test_order_are_differences() -> None:
    assert "no such order" in wrong(*BOOKS, replace(SALE, order="#9999", qbo_id="154"))
    assert "test order" in wrong(*BOOKS, order=replace(ORDER, test=True))


def test_the_ledger_as_a_whole_is_held_against_both_sides() -> None:
    right = Ledger(D("40.00"), D("40.00"), {"Card Clearing": D("13.50")}, D(0))
    assert compare([ORDER], BOOKS, ledger=right).proved
    for off, told in (
        (replace(right, credits=D("40.01")), "trial balance"),
        (replace(right, clearing={"Card Clearing": D("13.49")}), "13.50 lies at the gateway, 13.49 on the account"),
        (replace(right, clearing={**right.clearing, "Odd Clearing": D("1.00")}), "Odd Clearing: 0 lies"),
        (replace(right, receivable=D("0.01")), "receivables"),
    ):
        [difference] = compare([ORDER], BOOKS, ledger=off).differences
        assert told in difference
