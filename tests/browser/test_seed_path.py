"""The seed path in a real browser: connect, Connected, an order arrives, pause, resume, disconnect, reconnect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect
from tests.browser.pages import PATIENCE, picture

from ledgerport_local.demo import REALM, SHOP, Stage
from ledgerport_local.demo_account import ensure_demo_account
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import STAND_IN_PASSWORD, Visitor


@pytest.fixture
def page(browser: Browser, platform: LocalPlatform) -> Iterator[Page]:
    """A page on which nothing of ours may go wrong unseen: no script error, nothing missing, nothing refused."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    fresh = context.new_page()
    fresh.set_default_timeout(PATIENCE)
    troubles: list[str] = []
    ours = platform.urls["page"]
    fresh.on(
        "console",
        lambda said: (
            troubles.append(f"{said.location['url']}: {said.text}")
            if said.type == "error" and said.location["url"].startswith(ours)
            else None
        ),
    )
    fresh.on("pageerror", lambda error: troubles.append(str(error)))
    yield fresh
    context.close()
    assert not troubles, troubles


@pytest.fixture(scope="module")
def signed_in(browser: Browser, platform: LocalPlatform) -> StorageState:
    """What a browser holds after signing in: once for all, since tries are limited."""
    context = browser.new_context()
    sign_in(context.new_page(), platform)
    state = context.storage_state()
    context.close()
    return state


def sign_in(page: Page, platform: LocalPlatform) -> Visitor:
    """Signs in twice: in the browser, and over plain HTTP for a look from aside."""
    account = ensure_demo_account(platform)
    page.goto(f"{platform.urls['page']}/sign-in")
    picture(page, "sign-in")
    page.get_by_label("E-mail").fill(account.email)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    visitor = Visitor(platform.urls["page"])
    visitor.sign_in(account.email, account.password)
    return visitor


def at_intuit(page: Page, realm: str) -> None:
    """Intuit's own pages: sign in, choose the company, authorize."""
    page.locator("#email").fill("owner@sandbox.test")
    page.locator("#password").fill(STAND_IN_PASSWORD)
    page.locator("button[value=signin]").click()
    page.locator(f"input[name=realm_id][value='{realm}']").check()
    picture(page, "at-intuit")
    page.locator("button[value=authorize]").click()


def test_the_seed_path(page: Page, platform: LocalPlatform) -> None:
    visitor = sign_in(page, platform)
    stage = Stage(platform, visitor)
    picture(page, "dashboard-empty")
    quickbooks = page.get_by_role("region", name="QuickBooks Online")
    shopify = page.get_by_role("region", name="Shopify")

    page.get_by_role("link", name="Connections").first.click()
    quickbooks.get_by_role("link", name="Connect QuickBooks").click()
    picture(page, "connect-warning")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Connect QuickBooks").click()
    at_intuit(page, REALM)
    expect(quickbooks.get_by_text("Connected", exact=True)).to_be_visible()
    expect(quickbooks.get_by_text("Craig's Design and Landscaping Services")).to_be_visible()
    expect(quickbooks.get_by_text(REALM)).to_be_visible()
    expect(quickbooks.get_by_text("Locked")).to_be_visible()

    # The one decision that a new business has to make: what becomes of products that match no item.
    page.get_by_role("link", name="Sync Config").first.click()
    page.get_by_role("button", name="Read it").click()
    page.get_by_role("radio", name="Make the item in QuickBooks").check()
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_text("It holds for everything that syncs from now on.")).to_be_visible()
    picture(page, "sync-config-decided")

    page.get_by_role("link", name="Connections").first.click()
    shopify.get_by_label("Store").fill(SHOP)
    shopify.get_by_role("button", name="Connect Shopify").click()
    page.locator("button[value=install]").click()
    expect(shopify.get_by_text("Connected", exact=True)).to_be_visible()

    # An open page sees the order arrive, without a reload.
    page.get_by_role("link", name="Audit Log").first.click()
    page.evaluate("window.notReloaded = true")
    stage.shopify("orders", shop=SHOP, count=1, seed=31, mix="sale")
    expect(page.get_by_text("#1001").first).to_be_visible(timeout=60_000)
    assert page.evaluate("window.notReloaded") is True
    picture(page, "audit-log")
    page.get_by_role("link", name="Dashboard").first.click()
    picture(page, "dashboard")

    page.get_by_role("link", name="Connections").first.click()
    expect(shopify.get_by_text("27 of 27 present")).to_be_visible()
    picture(page, "connections")
    quickbooks.get_by_role("button", name="Pause Sync").click()
    expect(quickbooks.get_by_text("Paused", exact=True)).to_be_visible()
    picture(page, "paused")
    quickbooks.get_by_role("button", name="Resume Sync").click()
    expect(quickbooks.get_by_role("button", name="Pause Sync")).to_be_visible()

    quickbooks.get_by_role("link", name="Disconnect").click()
    picture(page, "disconnect-confirmation")
    page.get_by_role("button", name="Disconnect").click()
    expect(quickbooks.get_by_text("Disconnected", exact=True)).to_be_visible()
    picture(page, "disconnected")

    quickbooks.get_by_role("link", name="Reconnect").or_(quickbooks.get_by_role("button", name="Reconnect")).click()
    at_intuit(page, REALM)
    expect(quickbooks.get_by_text("Connected", exact=True)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/connections", "/audit-log", "/team"])
def test_every_page_fits_a_phone(
    browser: Browser, platform: LocalPlatform, signed_in: StorageState, path: str, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme, storage_state=signed_in)
    page = context.new_page()
    page.goto(f"{platform.urls['page']}{path}")
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    picture(page, f"phone-{scheme}-{Path(path).name or 'dashboard'}")
    context.close()
    assert wider <= 0, "nothing sticks out to the side"
