"""Shopify's orders whose every amount is known become documents of exactly those amounts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.money import Money
from qbo_writer.posting.company import TaxWorld
from qbo_writer.posting.verdicts import Booked
from qbo_writer_testing.real_books import CONFIG, RealBooks
from shopify_sync.normalise.orders import order as normalised

SAMPLES = Path(__file__).parents[4] / "shared" / "reference" / "shopify-samples" / "constructed"
ZONES = {"-06:00": "America/Chicago", "-05:00": "America/New_York", "+00:00": "Europe/London"}
NAMES = (
    "01-tax-added-order-discount-rounding",
    "02-tax-included-uk",
    "03-multi-currency-cad-buyer-usd-shop",
    "04-gift-card-and-card-two-gateways",
    "05-partial-refund-line-shipping-discrepancy",
    "06a-bank-deposit-pending",
    "06b-bank-deposit-marked-paid",
    "07-pos-guest-no-customer-no-email",
    "08-edited-after-payment-balance-due",
    "09-authorized-then-captured-in-two-parts",
)
EVERY_STATUS = replace(CONFIG, payment_triggers=frozenset({"PAID", "PENDING", "PARTIALLY_PAID", "PARTIALLY_REFUNDED"}))
# What each component of the equation is called in the samples.
COMPONENTS = {
    "goods": "goods_before_discount",
    "discount": "discounts",
    "shipping": "shipping_after_discount",
    "tax": "tax",
}


def read(name: str, file: str) -> Any:
    path = SAMPLES / name / file
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path.name} of {name} is missing")
        pytest.skip("Shopify's samples are not on this machine")
    return json.loads(path.read_text())


def sold(name: str) -> entity_pb2.EntityEvent:
    node = read(name, "graphql-order.json")["data"]["order"]
    refunds = [read(name, "graphql-refund.json")["data"]["refund"]] if node["refunds"] else []
    zone = ZONES[read(name, "expected.json")["shop_time_zone_offset"]]
    return entity_pb2.EntityEvent(source_id=f"{name} {node['id']}", order=normalised(node, refunds, zone))


def minor(text: str, currency: str) -> int:
    return Money.parse(text, currency).minor


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_booked_to_the_cent(opened: Callable[..., RealBooks], name: str) -> None:
    event, expected = sold(name), read(name, "expected.json")["expected"]
    currency = expected["currency"]
    books = opened(TaxWorld.GLOBAL if currency == "GBP" else TaxWorld.US_MANUAL, config=EVERY_STATUS)
    verdicts = books.book(event)
    assert all(isinstance(verdict, Booked) for verdict in verdicts.values()), verdicts
    gift = sum(t.amount.shop for t in event.order.transactions if t.gateway == "gift_card" and t.status == "SUCCESS")
    assert books.cleared() == minor(expected["net_payment"], currency) - gift
    assert books.owed() == minor(expected["outstanding"], currency)
    _check_sale(books, event, expected)


def _check_sale(books: RealBooks, event: entity_pb2.EntityEvent, expected: dict[str, Any]) -> None:
    """The components of the sale itself, as QuickBooks answered them."""
    currency = expected["currency"]
    sale = books.written[0].document
    said = {component: sale.components[component].minor for component in sale.components}
    if not expected["taxes_included"]:
        for component, named in COMPONENTS.items():
            sign = -1 if component == "discount" else 1
            assert said.get(component, 0) == sign * minor(expected[named], currency), component
    assert said["tax"] == minor(expected["tax"], currency)
    gifts = said.get("gift card used", 0)
    assert said["total"] - gifts == minor(expected["total"], currency)


def test_a_day_in_the_books_is_a_day_of_the_store(opened: Callable[..., RealBooks]) -> None:
    books = opened()
    books.book(sold(NAMES[0]))
    assert books.written[0].made["TxnDate"] == "2026-11-01"
