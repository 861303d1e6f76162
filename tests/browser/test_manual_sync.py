"""Manual Sync in a real browser: select, push, watch it end without a reload; at both widths, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import psycopg
import pytest
from playwright.sync_api import Browser, expect
from tests.browser.pages import opened, picture

from ledgerport_local.demo import SHOP, Stage
from ledgerport_local.walkthrough import Visitor

PASSWORD = "a long enough passphrase 77"
Eventually = Callable[[Callable[[], object], str], None]


@pytest.fixture(scope="module")
def owner(stage: Stage) -> Visitor:
    """Auto-Sync is off, and six orders of the store wait for somebody to push them."""
    stage.visitor.configure({}, untick=("auto_sync",))
    stage.shopify("orders", shop=SHOP, count=6, seed=11, mix="sale")
    return stage.visitor


@pytest.fixture
def six(owner: Visitor, eventually: Eventually) -> list[dict[str, Any]]:
    """The orders as they are now, once none is on its way."""
    eventually(lambda: _settled(owner), "all six orders are decided")
    return _orders(owner)


def _orders(owner: Visitor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = owner.api("records?kind=order")["records"]
    return found


def _settled(owner: Visitor) -> bool:
    return len(found := _orders(owner)) == 6 and all(each["status"] != "PENDING" for each in found)


def _held(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in orders if each["status"] == "ON_HOLD"]


def test_orders_are_selected_by_keyboard_pushed_and_watched_without_a_reload(
    browser: Browser, owner: Visitor, six: list[dict[str, Any]]
) -> None:
    assert len(_held(six)) == 6
    page, troubles = opened(browser, owner)
    page.goto(owner.page_url)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Manual Sync").click()
    expect(page.get_by_role("button", name="Push selected")).to_be_disabled()
    expect(page.get_by_role("link", name="Push all (6)")).to_be_visible()
    first, second = (each["reference"] for each in six[:2])
    page.get_by_role("checkbox", name=f"Select {first}").focus()
    page.keyboard.press("Space")
    page.get_by_role("checkbox", name=f"Select {second}").check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    picture(page, "manual-sync")
    page.get_by_role("button", name="Push selected").click()
    expect(page.get_by_role("heading", name="Push 2 orders to QuickBooks?")).to_be_visible()
    picture(page, "manual-sync-confirm")
    page.get_by_role("button", name="Push 2").click()
    expect(page.get_by_role("heading", name="Push of 2 records")).to_be_visible()
    page.evaluate("window.notReloaded = true")
    expect(page.get_by_text("All of it is in QuickBooks. Nothing is left open.")).to_be_visible(timeout=60_000)
    assert page.evaluate("window.notReloaded") is True
    picture(page, "manual-sync-run")
    page.get_by_role("link", name="2", exact=True).click()
    page.get_by_role("row").filter(has_text=first).get_by_role("link").click()
    expect(page.get_by_text(f"Pushed by {owner.api('me')['email']}.").first).to_be_visible()
    page.context.close()
    assert not troubles, troubles


def test_all_that_the_filter_shows_is_pushed_and_what_was_ignored_is_left_out(
    browser: Browser, owner: Visitor, six: list[dict[str, Any]]
) -> None:
    page, troubles = opened(browser, owner)
    ignored = _held(six)[0]["reference"]
    page.goto(f"{owner.page_url}/manual-sync/orders")
    page.get_by_role("combobox", name="Status").select_option("on_hold")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("checkbox", name=f"Select {ignored}").check()
    page.get_by_role("button", name="Ignore selected").click()
    page.get_by_role("button", name="Ignore 1").click()
    expect(page.get_by_text("1 record is skipped.")).to_be_visible()
    page.get_by_role("link", name="Push all (3)").click()
    expect(page.get_by_text("1 ignored by a person: left out.")).to_be_visible()
    expect(page.get_by_text("2 in QuickBooks already: left as they are.")).to_be_visible()
    page.get_by_role("button", name="Push 3").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Left as they were: 2 in QuickBooks already. 1 ignored by a person.")).to_be_visible()
    page.goto(f"{owner.page_url}/manual-sync/runs")
    expect(page.get_by_text("All orders")).to_be_visible()
    picture(page, "manual-sync-runs")
    page.context.close()
    assert not troubles, troubles


def test_ticks_stay_when_the_page_updates_itself(browser: Browser, owner: Visitor, six: list[dict[str, Any]]) -> None:
    page, troubles = opened(browser, owner)
    page.goto(f"{owner.page_url}/manual-sync/orders")
    tick = page.get_by_role("checkbox", name=f"Select {six[-1]['reference']}")
    tick.check()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.evaluate("document.querySelector('[data-live=records] tbody').dataset.old = 'yes'")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    owner.submit(owner.get("/connections"), "/connections/quickbooks/pause")
    owner.submit(owner.get("/connections"), "/connections/quickbooks/resume")
    expect(page.locator("[data-live=records] tbody[data-old]")).to_have_count(0)
    expect(tick).to_be_checked()
    expect(tick).to_be_focused()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.context.close()
    assert not troubles, troubles


@pytest.fixture
def paused(owner: Visitor, stage: Stage) -> Iterator[psycopg.Connection[Any]]:
    """Paused, and leased to a writer that does nothing: no write is even prepared to wait for the gate."""
    owner.submit(owner.get("/connections"), "/connections/quickbooks/pause")
    with psycopg.connect(stage.platform.environment("qbo-writer")["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(
            "INSERT INTO company_lease AS l (business_id, holder, fence, until)"
            " SELECT DISTINCT business_id, 'nobody', 1, now() + interval '1 hour' FROM record"
            " ON CONFLICT (business_id) DO UPDATE SET holder = 'nobody', fence = l.fence + 1, until = EXCLUDED.until"
        )
        yield connection
        connection.execute("UPDATE company_lease SET until = now()")
    owner.submit(owner.get("/connections"), "/connections/quickbooks/resume")


def test_a_paused_push_says_that_it_waits_and_can_be_taken_back(
    browser: Browser, owner: Visitor, six: list[dict[str, Any]], paused: psycopg.Connection[Any]
) -> None:
    """What was refused before is so again after the push was cancelled."""
    chosen = next(each for each in six if each["status"] == "SKIPPED")
    refused = "UPDATE record SET status = 'error', reason = 'NOT_UNDERSTOOD', revision = revision + 1 WHERE id = %s"
    paused.execute(refused, (chosen["id"],))
    page, troubles = opened(browser, owner)
    page.goto(f"{owner.page_url}/manual-sync/orders?status=error")
    expect(page.get_by_text("Sync is paused: what is pushed waits until it is resumed.")).to_be_visible()
    page.get_by_role("link", name="Push all (1)").click()
    page.get_by_role("button", name="Push 1").click()
    expect(page.get_by_text("0 of 1 decided")).to_be_visible()
    picture(page, "manual-sync-paused")
    page.get_by_role("button", name="Cancel the rest").click()
    expect(page.get_by_text("Cancelled. 1 record is taken back")).to_be_visible()
    picture(page, "manual-sync-cancelled")
    page.context.close()
    found = owner.api(f"records/{chosen['id']}")["record"]
    assert (found["status"], found["reason"]) == ("ERROR", "NOT_UNDERSTOOD")
    assert not troubles, troubles


def test_the_end_report_says_what_is_not_in_quickbooks_and_why(
    browser: Browser, owner: Visitor, six: list[dict[str, Any]]
) -> None:
    chosen = next(each for each in six if each["status"] == "ERROR")
    owner.configure({}, untick=("entities.ORDER",))
    page, troubles = opened(browser, owner)
    page.goto(f"{owner.page_url}/manual-sync/orders/push?pick={chosen['id']}")
    page.get_by_role("button", name="Push 1").click()
    expect(page.get_by_text("Done, with open ends")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", name="Not in QuickBooks, and why")).to_be_visible()
    expect(page.get_by_text("Orders are switched off in Sync Config.")).to_be_visible()
    picture(page, "manual-sync-report")
    page.get_by_role("link", name=f"Order {chosen['reference']}").click()
    expect(page.get_by_role("link", name="Push", exact=True)).to_be_visible()
    picture(page, "manual-sync-record")
    page.context.close()
    owner.configure({"entities.ORDER": "yes"})
    assert not troubles, troubles


def test_a_viewer_reads_and_sees_no_buttons(browser: Browser, owner: Visitor, six: list[dict[str, Any]]) -> None:
    made = owner.submit(owner.get("/team"), "/team/invite", email="vera@shop.test", role="viewer")
    link = made.text.partition('readonly value="')[2].partition('"')[0].replace("&amp;", "&")
    viewer = Visitor(owner.page_url)
    viewer.submit(viewer.get(link), "/sign-up", email="vera@shop.test", password=PASSWORD, name="Vera")
    page, troubles = opened(browser, viewer)
    page.goto(f"{owner.page_url}/manual-sync/orders")
    expect(page.get_by_role("link", name=six[0]["reference"], exact=True)).to_be_visible()
    expect(page.get_by_text("Push all")).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    assert viewer.get("/manual-sync/orders/push?all=yes").status_code == 403
    assert viewer.get("/manual-sync/runs").status_code == 200
    viewer.browser.close()
    page.context.close()
    assert not troubles, troubles


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    "path", ["orders", "payments", "orders?q=nothing-like-it", "orders/push?all=yes", "run", "log"]
)
def test_every_page_fits_and_names_its_fields(
    browser: Browser, owner: Visitor, six: list[dict[str, Any]], path: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    addresses = {"run": f"/manual-sync/runs/{owner.api('pushes')['pushes'][-1]['id']}?outcome=synced"}
    addresses["log"] = "/audit-log"
    page, troubles = opened(browser, owner, width, scheme)
    page.goto(f"{owner.page_url}{addresses.get(path, f'/manual-sync/{path}')}")
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    nameless = page.evaluate(
        "[...document.querySelectorAll('main input:not([type=hidden]), main select, main textarea')]"
        ".filter(each => !each.labels?.length).map(each => each.outerHTML)"
    )
    if "=" not in path:
        picture(page, f"manual-sync-{path}-{width}-{scheme}")
    page.context.close()
    assert wider <= 0, "nothing sticks out to the side"
    assert nameless == []
    assert not troubles, troubles
