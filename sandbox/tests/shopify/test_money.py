"""Every generated order obeys the identities of Shopify's money model, to the cent, through all that happens to it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopify_sandbox import acts
from shopify_sandbox.amounts import allocate, converted, parse, rounded_cash, trimmed, unconverted
from shopify_sandbox.catalogue import SHOPS, fresh_shop
from shopify_sandbox.changes import cancel
from shopify_sandbox.generator import MIXES, draw_cart, draw_refund
from shopify_sandbox.journal import Journal
from shopify_sandbox.order_records import AdditionalFee, Duty, Exchange, Order, OrderLine, Refund, Sale, ShippingLine
from shopify_sandbox.ordering import place
from shopify_sandbox.sale_changes import Refused
from shopify_sandbox.shop import Shop
from shopify_sandbox.stories import STORIES, Act
from shopify_sandbox.totals import on_its_way_back, totals_of

NOW = datetime(2026, 11, 2, 3, 30, tzinfo=UTC)
KINDS = {"full": 1, "lines": 3, "shipping": 1, "goodwill": 2, "less": 1}
ACTS: list[Act] = [
    getattr(acts, name)
    for name in sorted(vars(acts))
    if callable(getattr(acts, name)) and getattr(acts, name).__module__ == acts.__name__ and not name.startswith("_")
]


@pytest.fixture(scope="module", params=SHOPS[:2], ids=["tax-added", "tax-included"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    journal = Journal(tmp_path_factory.mktemp("money"))
    yield fresh_shop(msgspec.structs.replace(request.param), journal)
    journal.close()


def check(order: Order) -> None:
    t = totals_of(order)
    lines = [line for line in order.lines if not line.tip]
    ways = [line for line in order.shipping if not line.removed]
    sales = [sale for agreement in order.agreements for sale in agreement.sales]
    done = [x for x in order.transactions if x.status == "SUCCESS"]
    moved = {kind: sum(x.amount for x in done if x.kind == kind) for kind in ("SALE", "CAPTURE", "CHANGE", "REFUND")}
    parts: list[OrderLine | ShippingLine | Duty | AdditionalFee] = [*order.lines, *ways, *order.duties, *order.fees]
    assert t.goods == sum(line.unit_price * line.quantity for line in lines)
    assert t.discounts == sum(line.discount for line in order.lines) + t.shipping_before_discount - t.shipping
    assert t.subtotal == sum(line.gross - line.discount for line in lines)
    assert t.shipping == sum(line.discounted for line in ways)
    assert all(0 <= line.discount <= line.gross for line in lines)
    assert t.tax == sum(tax.amount for part in parts for tax in part.taxes)
    assert t.total == t.subtotal + t.shipping + t.duties + t.fees + t.tip + (0 if order.taxes_included else t.tax)
    assert t.received == moved["SALE"] + moved["CAPTURE"] - moved["CHANGE"]
    assert t.refunded == moved["REFUND"]
    assert t.outstanding == t.current_total + t.payment_rounding - t.refund_rounding - t.net_payment + t.discrepancy
    assert t.current_total == sum(sale.total for sale in sales)
    added = 0 if order.taxes_included else t.current_tax
    others = worth(order, "TIP", "FEE", "ADJUSTMENT")
    known = t.current_subtotal + t.current_shipping + t.current_duties + t.current_fees
    assert t.current_total == known + added + others
    assert t.current_tax == sum(tax.amount for sale in sales for tax in sale.taxes)
    for line in order.lines:
        assert 0 <= line.current_quantity <= line.quantity
        assert line.current_quantity == sum(sale.quantity or 0 for sale in sales if sale.line_id == line.id)
    for sale in sales:
        sign = -1 if sale.action == "RETURN" else 1
        assert sale.line_type == "ADJUSTMENT" or sale.total * sign >= 0
        assert sale.discount * sign >= 0
        assert sale.discount_tax * sign >= 0
    for refund in order.refunds:
        check_refund(order, refund)


def check_refund(order: Order, refund: Refund) -> None:
    """What a refund says of goods and shipping is what its agreement says."""
    parts = [(x.subtotal, x.tax) for x in refund.lines] + [(x.subtotal, x.tax) for x in refund.shipping]
    calculated = sum(subtotal + (0 if order.taxes_included else tax) for subtotal, tax in parts)
    if refund.lines or refund.shipping:
        named = [s for s in agreed(order, refund) if s.line_id is not None or s.shipping_line_id is not None]
        assert calculated == -sum(s.total for s in named if s.action == "RETURN")


def check_money(before: Order, after: Order) -> None:
    """What a new refund sent is what was calculated, less what the buyer owed, less what was agreed to differ."""
    owed = totals_of(before).outstanding + on_its_way_back(before)
    for refund in after.refunds[len(before.refunds) :]:
        sent = sum(t.amount - t.rounding for t in after.transactions if t.id in refund.transaction_ids)
        calculated = -sum(sale.total for sale in agreed(after, refund))
        adjusted = sum(a.amount for a in refund.adjustments)
        if sent and (calculated or adjusted):
            assert sent == max(0, calculated - max(0, owed)) - adjusted
        elif sent:
            assert sent <= -owed


def agreed(order: Order, refund: Refund) -> list[Sale]:
    """The sales of the agreement that a refund made, or of the return that it paid back at once."""
    by_return = refund.return_id if refund.lines else None
    return [
        sale
        for each in order.agreements
        if each.refund_id == refund.id or (by_return is not None and each.return_id == by_return)
        for sale in each.sales
    ]


def worth(order: Order, *line_types: str) -> int:
    return sum(s.total for a in order.agreements for s in a.sales if s.line_type in line_types)


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_the_identities_hold_through_a_whole_life(shop: Shop, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    story, cart = draw_cart(shop, chance, {**MIXES["all"], "many_lines": 0})
    order = place(shop, cart, NOW)
    check(order)
    untouched = totals_of(order)
    assert untouched.current_total == untouched.total == untouched.original_total
    more = [chance.choice(ACTS) for _ in range(chance.randrange(5))]
    for act in (*story.sequel, *more):
        order = tried(shop, chance, order, act)
        check(order)
    for _ in range(chance.randrange(3)):
        order = tried(shop, chance, order, lambda s, c, o, n: draw_refund(s, c, o, n, KINDS))
        check(order)
    draft = copy(order)
    try:
        cancel(shop, draft, NOW, "CUSTOMER")
    except Refused:
        return
    check(draft)
    left = totals_of(draft)
    assert (left.current_subtotal, left.current_shipping, left.current_duties, left.current_fees) == (0, 0, 0, 0)


def tried(shop: Shop, chance: random.Random, order: Order, act: Act) -> Order:
    """The order after the act, or as it was where it is refused."""
    draft = copy(order)
    try:
        act(shop, chance, draft, NOW)
    except Refused:
        return order
    check_money(order, draft)
    return draft


def copy(order: Order) -> Order:
    return msgspec.json.decode(msgspec.json.encode(order), type=Order)


@pytest.mark.parametrize("kind", sorted(STORIES))
def test_every_kind_of_story_can_be_told_to_its_end(shop: Shop, kind: str) -> None:
    chance = random.Random(7)  # noqa: S311
    told = 0
    for _ in range(12):
        story, cart = draw_cart(shop, chance, {kind: 1})
        order = place(shop, cart, NOW)
        for act in story.sequel:
            after = tried(shop, chance, order, act)
            if after is order:
                break
            order = after
        else:
            told += 1
        check(order)
    assert told


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


@pytest.mark.parametrize(
    ("amount", "currency", "rate", "worth"),
    [
        (4000, "CAD", "0.725", 2900),
        (649, "CAD", "0.725", 471),
        (-649, "CAD", "0.725", -471),
        (1900, "JPY", "0.0066", 1254),
    ],
)
def test_shop_money_is_converted_value_by_value(amount: int, currency: str, rate: str, worth: int) -> None:
    assert converted(amount, currency, Exchange(currency="USD", rate=rate)) == worth


def test_a_price_in_shop_money_becomes_one_of_the_buyers_currency() -> None:
    assert unconverted(1254, "JPY", Exchange(currency="USD", rate="0.0066")) == 1900
    assert converted(1254, "USD", None) == 1254


@pytest.mark.parametrize(("due", "step", "cash"), [(652, 5, 650), (653, 5, 655), (652, 0, 652), (655, 10, 660)])
def test_cash_is_rounded_to_what_coins_can_say(due: int, step: int, cash: int) -> None:
    assert rounded_cash(due, step) == cash


def test_the_same_seed_gives_the_same_amounts(tmp_path: Path) -> None:
    sums = []
    for folder in ("a", "b"):
        journal = Journal(tmp_path / folder)
        shop = fresh_shop(msgspec.structs.replace(SHOPS[0]), journal)
        chance = random.Random(4)  # noqa: S311
        sums.append([totals_of(place(shop, draw_cart(shop, chance, MIXES["all"])[1], NOW)).total for _ in range(30)])
        journal.close()
    assert sums[0] == sums[1]
