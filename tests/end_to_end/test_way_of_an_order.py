"""An order placed in the store stands in QuickBooks a moment later, once and to the cent, whatever kind it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledgerport_local.audit import Comparison
from ledgerport_local.demo import SHOP, Stage, wait_for_books
from shopify_sandbox.stories import STORIES

BecomeRight = Callable[[], Comparison]
# What is rightly not in the books: everything else is.
LEFT_OUT = {
    ("SKIPPED", "TEST_ORDER"),
    ("SKIPPED", "CANCELLED_UNPAID"),
    ("SKIPPED", "NO_MONEY"),
    ("ON_HOLD", "REFUND_PENDING"),
}
WHATEVER_STATUS = {f"payment_triggers.{status}": "yes" for status in ("AUTHORIZED", "PARTIALLY_PAID", "PENDING")}


def nothing(_done: int) -> None:
    """No progress to show."""


def test_orders_and_refunds_arrive_once_and_to_the_cent(stage: Stage, books_become_right: BecomeRight) -> None:
    made = stage.shopify("orders", shop=SHOP, count=25, seed=11, mix="basic", refund_rate=0.4)
    wait_for_books(stage.visitor, len(made["ids"]), len(made["refunds"]), nothing)
    found = books_become_right()
    assert found.refunds == len(made["refunds"]) > 0
    assert found.documents["SalesReceipt"] == found.orders
    assert found.documents["RefundReceipt"] == found.refunds


def test_webhooks_doubled_reordered_and_lost_change_nothing(
    stage: Stage, audited: BecomeRight, books_become_right: BecomeRight
) -> None:
    before = audited().orders
    stage.shopify("webhooks/faults", duplicate_rate=1.0, reorder=True, delay_seconds=1.0, drop_rate=0.3)
    made = stage.shopify("orders", shop=SHOP, count=10, seed=12, mix="basic", refund_rate=0.3)
    stage.shopify("webhooks/faults")
    stage.visitor.submit(stage.visitor.get("/"), "/sync-now")  # finds what the lost webhooks would have told
    assert books_become_right().orders == before + len(made["ids"])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("method", ["SALES_RECEIPT", "INVOICE"])
def test_an_order_of_every_kind_is_booked_by_component(
    stage: Stage, books_become_right: BecomeRight, method: str
) -> None:
    stage.visitor.configure({"method": method, **WHATEVER_STATUS})
    for seed, kind in enumerate(STORIES, 400 if method == "INVOICE" else 200):
        stage.shopify("orders", shop=SHOP, count=1, seed=seed, mix=kind)
    store = stage.store()
    wait_for_books(stage.visitor, len(store["by_order"]), store["refunds"], nothing)
    found = books_become_right()
    assert set(found.left_out) <= LEFT_OUT
    shown = {component: sums for component, sums in found.sums.items() if sums[0] or sums[1]}
    assert {"goods", "shipping", "tax", "tip", "duty", "fee", "gift cards sold", "money received"} <= set(shown)
    assert all(store == books for store, books in shown.values())
