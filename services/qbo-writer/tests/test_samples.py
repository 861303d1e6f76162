"""Shopify orders whose every amount is known become documents of exactly those amounts, or a named reason."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ledgerport.events.v1 import entity_pb2
from ledgerport_libs.money import Money
from qbo_writer.posting.amounts import number
from qbo_writer.posting.company import TaxWorld
from qbo_writer.posting.verdicts import Document, Problem
from qbo_writer_testing.real_books import RealBooks
from shopify_sync.normalise.orders import order as normalised

SAMPLES = Path(__file__).parents[4] / "shared" / "reference" / "shopify-samples" / "constructed"

BOOKED = {
    "01-tax-added-order-discount-rounding": ("America/Chicago", "2026-11-01"),
    "02-tax-included-uk": ("Europe/London", None),
    "03-multi-currency-cad-buyer-usd-shop": ("America/New_York", None),
    "05-partial-refund-line-shipping-discrepancy": ("America/New_York", None),
    "06b-bank-deposit-marked-paid": ("America/New_York", None),
    "07-pos-guest-no-customer-no-email": ("America/New_York", None),
    "09-authorized-then-captured-in-two-parts": ("America/New_York", None),
}
NOT_BOOKED = {
    "04-gift-card-and-card-two-gateways": "NO_BOOKING_RULE",
    "06a-bank-deposit-pending": "WAITS_FOR_PAYMENT",
    "08-edited-after-payment-balance-due": "NO_BOOKING_RULE",
}


def read(name: str, file: str) -> Any:
    path = SAMPLES / name / file
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path.name} of {name} is missing")
        pytest.skip("Shopify's samples are not on this machine")
    return json.loads(path.read_text())


def sold(name: str, zone: str) -> entity_pb2.EntityEvent:
    node = read(name, "graphql-order.json")["data"]["order"]
    refunds = [read(name, "graphql-refund.json")["data"]["refund"]] if node["refunds"] else []
    return entity_pb2.EntityEvent(source_id=f"{name} {node['id']}", order=normalised(node, refunds, zone))


def books_for(event: entity_pb2.EntityEvent, books: dict[TaxWorld, RealBooks]) -> RealBooks:
    return books[TaxWorld.GLOBAL if event.order.currency == "GBP" else TaxWorld.US_MANUAL]


@pytest.mark.parametrize("name", BOOKED)
def test_a_sample_order_is_booked_to_the_cent(books: dict[TaxWorld, RealBooks], name: str) -> None:
    zone, day = BOOKED[name]
    event, expected = sold(name, zone), read(name, "expected.json")["expected"]
    company = books_for(event, books)
    document = company.plan("order", event.source_id, event)
    assert isinstance(document, Document), document
    made = company.post(document)
    currency = expected["currency"]
    assert made["TotalAmt"] == number(Money.parse(expected["total"], currency))
    assert made["TxnTaxDetail"]["TotalTax"] == number(Money.parse(expected["tax"], currency))
    assert day in (None, made["TxnDate"])


def test_the_refund_of_a_sample_is_booked_at_the_money_that_left(books: dict[TaxWorld, RealBooks]) -> None:
    name = "05-partial-refund-line-shipping-discrepancy"
    event, expected = sold(name, "America/New_York"), read(name, "expected.json")["expected"]
    company = books_for(event, books)
    document = company.plan("refund", event.order.refunds[0].id, event)
    assert isinstance(document, Document), document
    assert company.post(document)["TotalAmt"] == number(Money.parse(expected["refunded"], "USD"))


@pytest.mark.parametrize("name", NOT_BOOKED)
def test_a_sample_without_a_booking_rule_is_named(books: dict[TaxWorld, RealBooks], name: str) -> None:
    event = sold(name, "America/New_York")
    verdict = books_for(event, books).plan("order", event.source_id, event)
    assert isinstance(verdict, Problem)
    assert verdict.reason == NOT_BOOKED[name]
