"""Sync Config and Mapping decide what goes by itself: what they hold goes on by itself once they allow it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledgerport_local.audit import Comparison
from ledgerport_local.audit_facts import BookedDocument
from ledgerport_local.demo import SHOP, Stage

BecomeRight = Callable[[], Comparison]
DocumentsOf = Callable[[str], list[BookedDocument]]
Eventually = Callable[[Callable[[], object], str], None]


def record(stage: Stage, source_id: str) -> Any:
    """What the page says of this order or product; None before it says anything."""
    for status in ("PENDING", "ON_HOLD", "ERROR", "SKIPPED", "SYNCED"):
        rows = stage.visitor.api(f"records?status={status}&page_size=200")["records"]
        if found := next((row for row in rows if row["source_id"] == source_id), None):
            return found
    return None


def is_now(stage: Stage, source_id: str, status: str, reason: str = "") -> bool:
    found = record(stage, source_id)
    return found is not None and (found["status"], found["reason"]) == (status, reason)


def unpaid(stage: Stage, seed: int) -> str:
    [order] = stage.shopify("orders", shop=SHOP, count=1, seed=seed, mix="manual")["ids"]
    return str(order)


def test_an_unpaid_order_waits_on_hold_and_goes_on_by_itself_when_it_is_paid(
    stage: Stage, eventually: Eventually, books_become_right: BecomeRight
) -> None:
    order = unpaid(stage, 61)
    eventually(lambda: is_now(stage, order, "ON_HOLD", "TRIGGER"), "the unpaid order is on hold")
    assert "Waits for a payment status of" in record(stage, order)["sentence"]
    assert not books_become_right().documents
    stage.shopify("collect", shop=SHOP, order=order)
    eventually(lambda: is_now(stage, order, "SYNCED"), "the paid order is in QuickBooks")
    books_become_right()


def test_a_change_of_sync_config_releases_what_it_held(
    stage: Stage, eventually: Eventually, books_become_right: BecomeRight
) -> None:
    order = unpaid(stage, 62)
    eventually(lambda: is_now(stage, order, "ON_HOLD", "TRIGGER"), "the unpaid order is on hold")
    stage.visitor.configure({"payment_triggers.PENDING": "yes"})
    eventually(lambda: is_now(stage, order, "SYNCED"), "the order is in QuickBooks")
    stage.visitor.configure({}, untick=("payment_triggers.PENDING",))
    other = unpaid(stage, 63)
    eventually(lambda: is_now(stage, other, "ON_HOLD", "TRIGGER"), "the next unpaid order is held again")
    books_become_right()


def test_orders_wait_while_auto_sync_is_off_and_go_on_when_it_is_on(
    stage: Stage, eventually: Eventually, books_become_right: BecomeRight
) -> None:
    stage.visitor.configure({}, untick=("auto_sync",))
    [order] = stage.shopify("orders", shop=SHOP, count=1, seed=64, mix="sale")["ids"]
    eventually(lambda: is_now(stage, order, "ON_HOLD", "AUTO_SYNC_OFF"), "the order waits")
    stage.visitor.configure({"auto_sync": "yes"})
    eventually(lambda: is_now(stage, order, "SYNCED"), "the order is in QuickBooks")
    books_become_right()


def test_a_product_that_no_item_stands_for_says_so_and_mapping_it_releases_its_order(
    stage: Stage, eventually: Eventually, documents_of: DocumentsOf, books_become_right: BecomeRight
) -> None:
    stage.visitor.configure({"unmapped_products": "ERROR"})
    made = stage.shopify(
        "product", shop=SHOP, set={"title": "Unheard-of lantern"}, variants=[{"sku": "LAN-9", "price": 1999}]
    )
    [variant] = made["variants"]
    cart = {"lines": [{"variant_id": variant}]}
    order = stage.shopify("order", shop=SHOP, cart=cart)
    source = f"gid://shopify/ProductVariant/{variant}"
    eventually(lambda: is_now(stage, source, "ERROR", "PRODUCT_NOT_MAPPED"), "the product is shown as an error")
    eventually(lambda: (record(stage, order["id"]) or {}).get("status") == "ON_HOLD", "its order waits")
    assert "Unheard-of lantern" in record(stage, order["id"])["sentence"]
    audit_log = stage.visitor.get("/audit-log?status=ERROR").text
    assert "No item in QuickBooks stands for “Unheard-of lantern”" in audit_log
    assert "Mapping › Products" in audit_log

    choices = stage.visitor.get(f"/mapping/products/choose?source={source}&q=Hours")
    told = stage.visitor.submit(choices, "/mapping/products/set").text
    assert "stands for “Hours” in QuickBooks from now on" in told
    eventually(lambda: is_now(stage, order["id"], "SYNCED"), "its order is in QuickBooks")
    assert [each.kind for each in documents_of(order["name"])] == ["SalesReceipt"]
    books_become_right()
