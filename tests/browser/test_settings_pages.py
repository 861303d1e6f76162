"""Sync Config and Mapping in a real browser: by keyboard and type-ahead, at both widths, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import psycopg
import pytest
from playwright.sync_api import Browser, expect
from tests.browser.pages import opened, picture

from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor
from qbo_writer_testing.settings_office import put_record

REALM = "9341450000000001"
PATHS = ["/sync-config", "/sync-config/history", "/mapping/products", "/mapping/gateways", "/mapping/products/auto"]
PATHS += ["/mapping/taxes", "/mapping/products/import"]
PUMP = "gid://shopify/ProductVariant/9001"


@pytest.fixture(scope="module")
def owner(platform: LocalPlatform) -> Iterator[Visitor]:
    """Connected, with things of the store's to map; ignored, so that delivery leaves them alone."""
    visitor = Visitor(platform.urls["page"])
    account = {"email": "ada@shop.test", "password": "correct horse battery"}
    visitor.submit(visitor.get("/sign-up"), "/sign-up", **account, name="Ada", business_name="Ada's Shop")
    assert "QuickBooks is connected" in visitor.connect_quickbooks(REALM).text
    visitor.get("/sync-config")
    business = str(visitor.api("me")["business"]["id"])
    url = platform.environment("qbo-writer")["DATABASE_URL"]
    for number, name, sku in (
        (9001, "Water pump, large", "WP-1"),
        (9002, "Rock Fountain", ""),
        (9003, "A very " * 12, ""),
    ):
        put_record(url, "product", number, name.strip(), sku, status="skipped", reason="IGNORED", business=business)
    with psycopg.connect(url, autocommit=True) as connection:
        for label in ("Shopify Payments", "Cash on Delivery (COD)"):
            connection.execute("INSERT INTO seen_gateway (business_id, label) VALUES (%s, %s)", (business, label))
        connection.execute("INSERT INTO seen_tax (business_id, tax_key) VALUES (%s, 'State tax 8 %%')", (business,))
    yield visitor
    visitor.browser.close()


def test_settings_are_changed_with_the_keyboard_and_problems_stand_beside_their_fields(
    browser: Browser, owner: Visitor
) -> None:
    page, troubles = opened(browser, owner)
    page.goto(f"{owner.page_url}/sync-config")
    picture(page, "sync-config")
    prefix = page.get_by_label("Prefix before the number")
    prefix.fill("far too long")
    page.get_by_label("Book them on one item").check()
    fallback = page.get_by_label("Item for products that match none")
    fallback.focus()
    page.keyboard.type("foun")
    expect(page.locator("#items option[value='Rock Fountain']")).to_have_count(1)
    fallback.fill("Rock Fountain")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved: One setting cannot stand as chosen.")
    expect(prefix).to_have_value("far too long")
    expect(prefix).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#problem-number_prefix")).to_contain_text("at most 8 fit")
    picture(page, "sync-config-problems")
    assert [each for each in troubles if "400" not in each] == [], "the refusal itself is the only error"
    page.get_by_role("alert").get_by_role("link").click()
    prefix.fill("SH-")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    expect(fallback).to_have_value("Rock Fountain")
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("Number prefix: none → “SH-”")).to_be_visible()
    picture(page, "sync-config-history")
    page.context.close()


def test_a_product_is_found_while_typing_chosen_and_taken_back(browser: Browser, owner: Visitor) -> None:
    page, troubles = opened(browser, owner)
    page.goto(f"{owner.page_url}/mapping")
    picture(page, "mapping")
    page.get_by_role("link", name="Choose the item for Water pump, large").click()
    page.evaluate("window.notReloaded = true")
    page.get_by_label("Search in QuickBooks").focus()
    page.keyboard.type("pum")
    expect(page.locator("#results").get_by_role("button")).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="1 found for “pum”")).to_be_visible()
    assert page.evaluate("window.notReloaded") is True
    picture(page, "mapping-choose")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“Water pump, large” stands for “Pump” in QuickBooks from now on.")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="Water pump, large")
    expect(row.get_by_text("Chosen")).to_be_visible()
    row.get_by_role("link", name="Change").click()
    page.get_by_role("button", name="Take the choice back").click()
    expect(row.get_by_text("Not mapped")).to_be_visible()
    page.get_by_role("link", name="Auto-Map").click()
    expect(page.get_by_role("checkbox", name="Rock Fountain")).to_be_checked()
    page.get_by_role("button", name="Map what is ticked").click()
    expect(page.get_by_text("1 mapped.")).to_be_visible()
    page.context.close()
    assert not troubles, troubles


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", [*PATHS, f"/mapping/products/choose?source={PUMP}"])
def test_every_page_fits_and_names_its_fields(
    browser: Browser, owner: Visitor, path: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    page, troubles = opened(browser, owner, width, scheme)
    page.goto(f"{owner.page_url}{path}")
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    nameless = page.evaluate(
        "[...document.querySelectorAll('main input:not([type=hidden]), main select, main textarea')]"
        ".filter(each => !each.labels?.length).map(each => each.outerHTML)"
    )
    page.context.close()
    assert wider <= 0, "nothing sticks out to the side"
    assert nameless == []
    assert not troubles, troubles
