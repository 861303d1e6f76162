"""An order placed in the store stands in QuickBooks a moment later, once and to the cent."""

from __future__ import annotations

from collections.abc import Callable

from ledgerport_local.audit import Comparison
from ledgerport_local.demo import REALM, SHOP, Stage, wait_for_books

BecomeRight = Callable[[], Comparison]
Eventually = Callable[[Callable[[], object], str], None]


def nothing(_done: int) -> None:
    """No progress to show."""


def test_orders_and_refunds_arrive_once_and_to_the_cent(stage: Stage, books_become_right: BecomeRight) -> None:
    made = stage.shopify("orders", shop=SHOP, count=25, seed=11, mix="basic", refund_rate=0.4)
    wait_for_books(stage.visitor, len(made["ids"]), len(made["refunds"]), nothing)
    found = books_become_right()
    assert found.orders == 25
    assert found.refunds == len(made["refunds"]) > 0


def test_the_ledger_behind_quickbooks_balances(stage: Stage) -> None:
    balance = stage.visitor.get(
        f"{stage.platform.urls['intuit-sandbox']}/_sandbox/companies/{REALM}/trial-balance"
    ).json()
    assert balance["debit_minor"] == balance["credit_minor"] > 0


def test_webhooks_doubled_reordered_and_lost_change_nothing(
    stage: Stage, audited: BecomeRight, books_become_right: BecomeRight
) -> None:
    before = audited().orders
    stage.shopify("webhooks/faults", duplicate_rate=1.0, reorder=True, delay_seconds=1.0, drop_rate=0.3)
    made = stage.shopify("orders", shop=SHOP, count=10, seed=12, mix="basic", refund_rate=0.3)
    stage.shopify("webhooks/faults")
    stage.visitor.submit(stage.visitor.get("/"), "/sync-now")  # finds what the lost webhooks would have told
    assert books_become_right().orders == before + len(made["ids"])


def test_an_order_that_cannot_be_booked_says_why_and_what_to_do(stage: Stage, eventually: Eventually) -> None:
    stage.shopify("orders", shop=SHOP, count=1, seed=13, mix="tip")
    eventually(
        lambda: stage.visitor.api("records?status=ERROR")["records"], "the order with a tip is shown as an error"
    )
    [record] = stage.visitor.api("records?status=ERROR")["records"]
    assert "tip" in record["sentence"]
    audit_log = stage.visitor.get("/audit-log?status=ERROR").text
    assert "with a tip cannot be booked by itself yet" in audit_log
    assert "choose Ignore" in audit_log


def test_an_unpaid_order_waits_on_hold_and_goes_on_by_itself(
    stage: Stage, audited: BecomeRight, eventually: Eventually
) -> None:
    [order] = stage.shopify("orders", shop=SHOP, count=1, seed=14, mix="manual")["ids"]
    eventually(
        lambda: any(r["reason"] == "WAITS_FOR_PAYMENT" for r in stage.visitor.api("records?status=ON_HOLD")["records"]),
        "the unpaid order is on hold",
    )
    stage.shopify("collect", shop=SHOP, order=order)
    eventually(
        lambda: not stage.visitor.api("records?status=ON_HOLD&kind=ORDER")["records"], "the paid order has gone on"
    )
    eventually(
        lambda: any(r["source_id"] == order for r in stage.visitor.api("records?status=SYNCED")["records"]),
        "the paid order is in QuickBooks",
    )
    assert not audited().duplicates
