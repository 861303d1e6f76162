"""History import in a real browser: count, start, watch, pause, resume and cancel; by keyboard, at both widths."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.pages import opened, picture

from ledgerport_local.demo import SHOP, Stage

OLD = 600


@pytest.fixture(scope="module")
def old_store(stage: Stage) -> Stage:
    """A connected store with old orders that nobody was told of."""
    stage.shopify("shelf", shop=SHOP, count=OLD, days=25)
    return stage


def open_page(browser: Browser, stage: Stage, width: int, scheme: Literal["light", "dark"] = "light") -> Page:
    page, _ = opened(browser, stage.visitor, width, scheme)
    page.goto(f"{stage.visitor.page_url}/history-import")
    return page


def test_an_import_from_the_first_count_to_its_end(browser: Browser, old_store: Stage) -> None:
    page = open_page(browser, old_store, 1280)
    expect(page.get_by_text("No import has ended yet.")).to_be_visible()
    picture(page, "history-import-empty")
    page.get_by_role("button", name="Count orders").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#counted")).to_contain_text("orders")
    expect(page.locator("#counted")).to_contain_text("at the rate that Intuit allows")
    picture(page, "history-import-counted")

    old_store.shopify("bulk/faults", seconds=15)
    page.get_by_role("button", name="Start import").click()
    expect(page.get_by_text("The import is started.")).to_be_visible()
    expect(page.locator("#import-bar")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    going = page.locator("#going")
    expect(going.get_by_text("Paused", exact=True)).to_be_visible()
    picture(page, "history-import-paused")
    page.get_by_role("button", name="Resume").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The import goes on where it was.")).to_be_visible()

    # The open page follows it to its end, without a reload.
    page.evaluate("window.notReloaded = true")
    picture(page, "history-import-running")
    expect(page.get_by_role("row").filter(has_text="Done")).to_be_visible(timeout=120_000)
    expect(going).to_be_hidden()
    assert page.evaluate("window.notReloaded") is True
    old_store.shopify("bulk/faults")
    picture(page, "history-import-done")
    page.context.close()


def test_a_cancelled_import_is_listed_as_such(browser: Browser, old_store: Stage) -> None:
    old_store.shopify("bulk/faults", seconds=30)
    page = open_page(browser, old_store, 1280)
    page.get_by_role("button", name="Count orders").click()
    page.get_by_role("button", name="Start import").click()
    page.get_by_role("button", name="Cancel import").click()
    expect(page.get_by_text("The import is cancelled.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Cancelled")).to_be_visible()
    old_store.shopify("bulk/faults")
    page.context.close()


def test_days_that_make_no_sense_are_told_in_words(browser: Browser, old_store: Stage) -> None:
    page = open_page(browser, old_store, 1280)
    page.get_by_label("First day").fill("2026-03-02")
    page.get_by_label("Last day").fill("2026-03-01")
    page.get_by_role("button", name="Count orders").click()
    expect(page.locator("#trouble")).to_have_text("The first day is after the last one.")
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(browser: Browser, old_store: Stage, scheme: Literal["light", "dark"]) -> None:
    page = open_page(browser, old_store, 390, scheme)
    page.get_by_role("button", name="Count orders").click()
    expect(page.locator("#counted")).to_be_visible()
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    picture(page, f"history-import-phone-{scheme}")
    page.context.close()
    assert wider <= 0, "nothing sticks out to the side"
