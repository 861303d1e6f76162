"""The comparison at the end of the demo can fail: each kind of trouble is found and named."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ledgerport_local.audit import BookedDocument, StoreOrder, compare

ORDER = StoreOrder("#1001", Decimal("20.00"), Decimal("1.50"), (Decimal("5.00"), Decimal("5.00")))
SALE = BookedDocument("SalesReceipt", "150", "#1001", Decimal("20.00"), Decimal("1.50"))
REFUND = BookedDocument("RefundReceipt", "151", "#1001", Decimal("5.00"), Decimal("0.00"))
BOOKS = [SALE, REFUND, replace(REFUND, qbo_id="152")]


def test_equal_books_are_proved() -> None:
    found = compare([ORDER], BOOKS)
    assert found.proved
    assert (found.store_sales, found.booked_sales) == (Decimal("20.00"), Decimal("20.00"))
    assert (found.store_refunds, found.booked_refunds) == (Decimal("10.00"), Decimal("10.00"))


def test_a_lost_order_is_found() -> None:
    assert compare([ORDER], BOOKS[1:]).missing == ["#1001: no sales receipt"]


def test_a_doubled_order_is_found() -> None:
    assert compare([ORDER], [*BOOKS, replace(SALE, qbo_id="153")]).duplicates == ["#1001: 2 sales receipts"]


def test_one_cent_is_a_difference() -> None:
    [difference] = compare([ORDER], [replace(SALE, total=Decimal("20.01")), *BOOKS[1:]]).differences
    assert "20.01" in difference


def test_tax_in_the_wrong_place_is_a_difference() -> None:
    assert not compare([ORDER], [replace(SALE, tax=Decimal("1.49")), *BOOKS[1:]]).proved


def test_a_lost_and_a_doubled_refund_are_found() -> None:
    assert compare([ORDER], BOOKS[:2]).missing == ["#1001: 1 refund(s) of 5.00"]
    assert compare([ORDER], [*BOOKS, replace(REFUND, qbo_id="153")]).duplicates


def test_a_document_of_no_order_is_a_difference() -> None:
    assert compare([ORDER], [*BOOKS, replace(SALE, order="#9999", qbo_id="154")]).differences
