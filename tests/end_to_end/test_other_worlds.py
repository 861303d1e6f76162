"""The same promises where tax is computed by QuickBooks itself, and where VAT is inside the price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest

from ledgerport_local.auditor import Auditor
from ledgerport_local.demo import Stage, audit, connect, wait_for_books
from ledgerport_local.demo_account import DemoAccount, sign_up
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor
from shopify_sandbox.stories import STORIES

BRITAIN = "VAT included, a company in Britain"
WORLDS = {
    "automated sales tax, numbers by QuickBooks": ("9341450000000002", "northwind-outfitters.myshopify.com"),
    BRITAIN: ("9341450000000003", "harbour-lane.myshopify.com"),
}
# What is rightly not in the books: everything else is.
LEFT_OUT = {
    ("SKIPPED", "TEST_ORDER"),
    ("SKIPPED", "CANCELLED_UNPAID"),
    ("SKIPPED", "NO_MONEY"),
    ("ON_HOLD", "REFUND_PENDING"),
}
WHATEVER_STATUS = {f"payment_triggers.{status}": "yes" for status in ("AUTHORIZED", "PARTIALLY_PAID", "PENDING")}


@dataclass
class World:
    """A Business of its own with a connected store and company."""

    stage: Stage
    realm: str
    shop: str

    def place(self, seed: int, kind: str) -> str:
        [order] = self.stage.shopify("orders", shop=self.shop, count=1, seed=seed, mix=kind)["ids"]
        return str(order)

    def decided(self) -> None:
        store = self.stage.store(self.shop)
        wait_for_books(self.stage.visitor, len(store["by_order"]), store["refunds"], lambda _done: None)


@pytest.fixture(scope="module")
def world_of(platform: LocalPlatform) -> Callable[[str], World]:
    @cache
    def found(name: str) -> World:
        realm, shop = WORLDS[name]
        owner = DemoAccount(f"owner-{realm}@demo.test", "a long enough password")
        sign_up(platform, owner, name="Owner", business=name)
        visitor = Visitor(platform.urls["page"])
        visitor.sign_in(owner.email, owner.password)
        connect(visitor, realm, shop)
        visitor.configure(WHATEVER_STATUS)
        return World(Stage(platform, visitor), realm, shop)

    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", WORLDS)
def test_an_order_of_every_kind_is_booked_by_component(
    platform: LocalPlatform, world_of: Callable[[str], World], name: str
) -> None:
    world = world_of(name)
    for seed, kind in enumerate(STORIES, 300):
        if not (name == BRITAIN and kind == "three_taxes"):
            world.place(seed, kind)
    world.decided()
    auditor = Auditor(platform)
    found = audit(auditor, world.stage.visitor, world.realm, world.shop)
    auditor.close()
    assert found.proved, (found.missing, found.duplicates, found.differences, found.left_out)
    assert set(found.left_out) <= LEFT_OUT
    assert all(there == here for there, here in found.sums.values())


def test_taxes_that_no_code_of_the_company_has_are_named_and_not_guessed(world_of: Callable[[str], World]) -> None:
    world = world_of(BRITAIN)
    order = world.place(1, "three_taxes")
    world.decided()
    [error] = world.stage.visitor.api("records?status=ERROR")["records"]
    assert (error["source_id"], error["reason"]) == (order, "TAX_CODE_NOT_MAPPED")
    assert "City Tax 0.875 % + County Tax 1 % + State Tax 6.25 %" in error["sentence"]
