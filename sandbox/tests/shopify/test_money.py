"""Every generated order obeys the identities of Shopify's money model, to the cent, through refunds and edits."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopify_sandbox.amounts import allocate, parse, trimmed
from shopify_sandbox.catalogue import SHOPS, fresh_shop
from shopify_sandbox.changes import Refused, cancel, set_quantity
from shopify_sandbox.generator import MIXES, draw_cart, draw_refund
from shopify_sandbox.journal import Journal
from shopify_sandbox.model import Order
from shopify_sandbox.ordering import place
from shopify_sandbox.shop import Shop
from shopify_sandbox.totals import totals_of

NOW = datetime(2026, 11, 2, 3, 30, tzinfo=UTC)
KINDS = {"full": 1, "lines": 3, "shipping": 1, "goodwill": 2, "less": 1}


@pytest.fixture(scope="module", params=SHOPS[:2], ids=["tax-added", "tax-included"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    journal = Journal(tmp_path_factory.mktemp("money"))
    yield fresh_shop(msgspec.structs.replace(request.param), journal)
    journal.close()


def check(order: Order) -> None:
    t = totals_of(order)
    lines = [line for line in order.lines if not line.tip]
    sales = [sale for agreement in order.agreements for sale in agreement.sales]
    moved = {
        kind: sum(x.amount for x in order.transactions if x.kind == kind and x.status == "SUCCESS")
        for kind in ("SALE", "CAPTURE", "REFUND")
    }
    assert t.goods == sum(line.unit_price * line.quantity for line in lines)
    assert t.discounts == sum(line.discount for line in order.lines) + t.shipping_before_discount - t.shipping
    assert t.subtotal == sum(line.gross - line.discount for line in lines)
    assert all(0 <= line.discount <= line.gross for line in lines)
    assert t.tax == sum(line.tax for line in order.lines) + sum(line.tax for line in order.shipping)
    assert t.total == t.subtotal + t.shipping + t.tip + (0 if order.taxes_included else t.tax)
    assert t.received == moved["SALE"] + moved["CAPTURE"]
    assert t.refunded == moved["REFUND"]
    assert t.outstanding == t.current_total - t.net_payment + t.discrepancy
    assert t.current_total == sum(sale.total for sale in sales)
    added = 0 if order.taxes_included else t.current_tax
    assert t.current_total == t.current_subtotal + t.current_shipping + added + tips_left(order)
    for refund in order.refunds:
        parts = [(x.subtotal, x.tax) for x in refund.lines] + [(x.subtotal, x.tax) for x in refund.shipping]
        calculated = sum(subtotal + (0 if order.taxes_included else tax) for subtotal, tax in parts)
        sent = sum(x.amount for x in order.transactions if x.id in refund.transaction_ids)
        due = calculated - sum(a.amount for a in refund.adjustments)
        assert sent <= due
        if refund.transaction_ids and not order.edited:
            assert sent == due


def tips_left(order: Order) -> int:
    return sum(s.total for a in order.agreements for s in a.sales if s.line_type == "TIP")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_the_identities_hold_through_a_whole_life(shop: Shop, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    order = place(shop, draw_cart(shop, chance, MIXES["all"]), NOW)
    check(order)
    untouched = totals_of(order)
    assert untouched.current_total == untouched.total == untouched.original_total
    for _ in range(chance.randrange(4)):
        line = chance.choice(order.lines)
        try:
            if chance.random() < 0.4:
                set_quantity(shop, order, line.id, chance.randrange(4), NOW)
            else:
                draw_refund(shop, order, chance, NOW, KINDS)
        except Refused:
            continue
        check(order)
    try:
        cancel(shop, order, NOW, "CUSTOMER")
    except Refused:
        return
    check(order)
    assert totals_of(order).current_subtotal == 0
    assert totals_of(order).current_shipping == 0


@given(amount=st.integers(0, 10_000), weights=st.lists(st.integers(0, 5_000), min_size=1, max_size=12))
def test_a_discount_is_shared_without_losing_or_making_a_cent(amount: int, weights: list[int]) -> None:
    amount = min(amount, sum(weights))
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


def test_ten_percent_over_three_lines_falls_as_shopify_deals_it() -> None:
    assert allocate(355, [2997, 445, 111]) == [300, 44, 11]


@pytest.mark.parametrize(("amount", "text"), [(1900, "19.0"), (590, "5.9"), (1333, "13.33"), (0, "0.0"), (-50, "-0.5")])
def test_graphql_money_is_trimmed(amount: int, text: str) -> None:
    assert trimmed(amount, "USD") == text
    assert parse(text, "USD") == amount


def test_the_same_seed_gives_the_same_amounts(tmp_path: Path) -> None:
    sums = []
    for folder in ("a", "b"):
        journal = Journal(tmp_path / folder)
        shop = fresh_shop(msgspec.structs.replace(SHOPS[0]), journal)
        chance = random.Random(4)  # noqa: S311
        sums.append([totals_of(place(shop, draw_cart(shop, chance, MIXES["all"]), NOW)).total for _ in range(30)])
        journal.close()
    assert sums[0] == sums[1]
