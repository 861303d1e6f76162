"""The page of history imports in words: what it says when it is refused, and who may do what on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.history_import import duration
from gateway.intake_notices import about
from ledgerport.shopify_sync.v1 import intake_pb2 as pb
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

PATH = "/history-import"
SHOP = "harbour-lane.myshopify.com"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a minute"),
        (60, "about 1 minute"),
        (3000, "about 50 minutes"),
        (6000, "about 2 hours"),
        (360_000, "about 4 days"),
    ],
)
def test_how_long_is_said_as_people_say_it(seconds: int, said: str) -> None:
    assert duration(seconds) == said


def test_without_a_store_the_page_says_what_to_do_first(owner: Visitor) -> None:
    counted = owner.get(f"{PATH}?first_day=2026-01-01&last_day=2026-01-31")
    assert "Connect your Shopify store first." in counted.text
    assert "Start import" not in counted.text


def proposes(visitor: Visitor, zone: str) -> bool:
    """Whether the page proposes the thirty days up to today in this zone."""
    today, page = datetime.now(ZoneInfo(zone)).date(), visitor.get(PATH).text
    days = {"first_day": today - timedelta(days=30), "last_day": today}
    return all(f'name="{name}" value="{day.isoformat()}"' in page for name, day in days.items())


def test_the_days_end_with_today_where_the_store_is(sign_up: Callable[[str], Visitor], platform: LocalPlatform) -> None:
    visitor = sign_up("hana")
    assert proposes(visitor, "UTC"), "no store is connected"
    elsewhere = "Pacific/Kiritimati" if datetime.now(UTC).hour >= 11 else "Etc/GMT+12"
    moved = visitor.browser.post(
        f"{platform.urls['shopify-sandbox']}/_sandbox/shop", json={"shop": SHOP, "set": {"zone": elsewhere}}
    )
    assert moved.status_code == 200
    assert "Shopify is connected" in visitor.connect_shopify(SHOP).text
    ends = time.monotonic() + 30
    while not proposes(visitor, elsewhere):
        assert time.monotonic() < ends, visitor.get(PATH).text
        time.sleep(0.2)


def test_a_viewer_may_look_and_start_nothing(viewer: Visitor, page_url: str) -> None:
    page = viewer.get(PATH)
    assert page.status_code == 200
    assert "Count orders" not in page.text
    for act in ("start", "1/pause", "1/resume", "1/cancel"):
        form = {"csrf_token": viewer.api("me")["csrf_token"], "first_day": "2026-01-01", "last_day": "2026-01-31"}
        sent = viewer.browser.post(f"{page_url}{PATH}/{act}", data=form, headers={"Origin": page_url}, timeout=10)
        assert sent.status_code == 403


def test_a_store_that_is_heard_well_needs_no_notice() -> None:
    assert about(pb.GetIntakeStatusResponse(api_version_asked="2026-10", api_version_served="2026-10")) == []


def test_what_is_wrong_with_a_store_is_said_with_its_cure() -> None:
    status = pb.GetIntakeStatusResponse(
        api_version_asked="2026-10",
        api_version_served="2027-01",
        api_deprecated_reason="Order.thing",
        refusal=pb.STORE_REFUSAL_FROZEN,
        found_since_silent=3,
    )
    status.silent_since.GetCurrentTime()
    told = " ".join(f"{each['lead']} {each['text']}" for each in about(status))
    for part in ("frozen", "Settle it", "silent", "3 changes", "connect it again", "2027-01", "Update LedgerPort"):
        assert part in told


def test_programs_are_told_the_same_in_json(owner: Visitor, viewer: Visitor, page_url: str) -> None:
    assert viewer.api("history-imports") == {"imports": [], "next_page": ""}
    refused = owner.get("/api/history-imports/count?first_day=2026-01-01&last_day=2026-01-31")
    assert (refused.status_code, refused.json()["error"]["reason"]) == (409, "NOT_CONNECTED")
    assert viewer.get("/api/history-imports/count?first_day=2026-01-01&last_day=2026-01-31").status_code == 403
    assert owner.get("/api/history-imports/7").status_code == 404
    token = {"X-CSRF-Token": viewer.api("me")["csrf_token"]}
    for act in ("start", "1/pause", "1/resume", "1/cancel"):
        assert viewer.browser.post(f"{page_url}/api/history-imports/{act}", headers=token).status_code == 403
