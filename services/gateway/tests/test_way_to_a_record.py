"""An order on the pages: listed, proved, and shown to nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable

from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

SHOP = "northwind-outfitters.myshopify.com"


def test_an_order_is_shown_with_its_proof_to_its_own_business_only(
    owner: Visitor, viewer: Visitor, platform: LocalPlatform, sign_up: Callable[[str], Visitor]
) -> None:
    assert "Shopify is connected" in owner.connect_shopify(SHOP).text
    made = owner.browser.post(
        f"{platform.urls['shopify-sandbox']}/_sandbox/orders", json={"shop": SHOP, "count": 1, "seed": 3, "mix": "sale"}
    )
    assert made.status_code == 200
    owner.configure({"unmapped_products": "CREATE"})
    owner.submit(owner.get("/"), "/sync-now")
    ends = time.monotonic() + 45
    while not (found := owner.api("records?status=synced&kind=order")["records"]):
        assert time.monotonic() < ends, owner.api("records")
        time.sleep(0.2)
    record = found[0]

    page = viewer.get(f"/records/{record['id']}").text
    assert "Proof" in page
    assert record["document"] in page
    assert "Retry" not in page
    assert record["reference"] in owner.get("/audit-log?kind=order&status=synced").text
    assert "Nothing matches" in owner.get("/audit-log?q=no-such-reference").text
    assert record["total"]["text"] in owner.get("/").text

    preview = viewer.get(f"/records/{record['id']}/preview").text
    assert "Nothing is left to be written" in preview
    assert owner.api(f"records/{record['id']}/preview")["documents"] == []

    other = sign_up("quinn")
    assert other.get(f"/records/{record['id']}/preview").status_code == 404
    assert other.get(f"/records/{record['id']}").status_code == 404
    assert other.get(f"/api/records/{record['id']}").status_code == 404
    assert other.api("records")["records"] == []
    assert other.api("attempts")["attempts"] == []


def test_a_preview_shows_accounts_and_the_request_before_anything_is_sent(
    owner: Visitor, platform: LocalPlatform
) -> None:
    owner.submit(owner.get("/connections"), "/connections/quickbooks/pause")
    store = f"{platform.urls['shopify-sandbox']}/_sandbox/orders"
    made = owner.browser.post(store, json={"shop": SHOP, "count": 1, "seed": 4, "mix": "sale"})
    assert made.status_code == 200
    owner.submit(owner.get("/"), "/sync-now")
    ends = time.monotonic() + 45
    while not (found := owner.api("records?status=pending&kind=order")["records"]):
        assert time.monotonic() < ends, owner.api("records")
        time.sleep(0.2)
    page = owner.get(f"/records/{found[0]['id']}/preview").text
    shown = owner.api(f"records/{found[0]['id']}/preview")
    owner.submit(owner.get("/connections"), "/connections/quickbooks/resume")
    assert " Clearing</th>" in page
    assert found[0]["total"]["text"] in page
    assert shown["outcome"] == "SYNCED"
    receipt = shown["documents"][-1]
    assert (receipt["type"], receipt["total"]) == ("SalesReceipt", found[0]["total"])
