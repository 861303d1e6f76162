"""The same promises where tax is computed by QuickBooks itself, and where VAT is inside the price."""

from __future__ import annotations

import pytest

from ledgerport_local.audit import Auditor, compare
from ledgerport_local.demo import Stage, wait_for_books
from ledgerport_local.demo_account import DemoAccount, sign_up
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

WORLDS = {
    "automated sales tax, numbers by QuickBooks": ("9341450000000002", "northwind-outfitters.myshopify.com"),
    "VAT included, a company in Britain": ("9341450000000003", "harbour-lane.myshopify.com"),
}


@pytest.mark.parametrize("world", WORLDS)
def test_orders_and_refunds_arrive_once_and_to_the_cent(platform: LocalPlatform, world: str) -> None:
    realm, shop = WORLDS[world]
    owner = DemoAccount(f"owner-{realm}@demo.test", "a long enough password")
    sign_up(platform, owner, name="Owner", business=world)
    visitor = Visitor(platform.urls["page"])
    visitor.sign_in(owner.email, owner.password)
    visitor.connect_quickbooks(realm)
    visitor.connect_shopify(shop)
    made = Stage(platform, visitor).shopify("orders", shop=shop, count=12, seed=3, mix="basic", refund_rate=0.4)
    wait_for_books(visitor, len(made["ids"]), len(made["refunds"]), lambda _done: None)
    auditor = Auditor(platform)
    found = compare(auditor.store_orders(shop), auditor.booked_documents(realm))
    assert found.proved, (found.missing, found.duplicates, found.differences)
    assert found.refunds > 0
