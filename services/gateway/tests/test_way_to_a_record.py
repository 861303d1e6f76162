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

    other = sign_up("quinn")
    assert other.get(f"/records/{record['id']}").status_code == 404
    assert other.get(f"/api/records/{record['id']}").status_code == 404
    assert other.api("records")["records"] == []
    assert other.api("attempts")["attempts"] == []
