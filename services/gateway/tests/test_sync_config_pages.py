"""The Sync Config page: what holds, what is proposed, problems beside their fields, and what was saved before."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
import requests

from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

SignUp = Callable[[str], Visitor]
_FIELD = re.compile(r"<(input|select|textarea)\b([^>]*)>(.*?)(?=<(?:input|select|textarea)\b|</form>)", re.DOTALL)


@pytest.fixture(scope="module")
def boss(sign_up: SignUp) -> Visitor:
    """Connected to a company of their own."""
    visitor = sign_up("cora")
    assert "QuickBooks is connected" in visitor.connect_quickbooks("9341450000000002").text
    return visitor


@pytest.fixture
def newcomer(sign_up: SignUp) -> Visitor:
    """Without a company."""
    return sign_up("newt")


def filled(page: requests.Response) -> dict[str, str]:
    """What a browser would send of the settings form."""
    inside = page.text.partition('<form method="post" action="/sync-config" ')[2].partition("</form>")[0]
    told: dict[str, str] = {}
    for kind, attributes, rest in _FIELD.findall(f"{inside}</form>"):
        name = re.search(r'name="([^"]+)"', attributes)
        value = re.search(r'value="([^"]*)"', attributes)
        if not name:
            continue
        if kind == "select":
            chosen = re.search(r'<option value="([^"]*)" selected', rest)
            told[name[1]] = unescape(chosen[1]) if chosen else ""
        elif kind == "textarea":
            told[name[1]] = unescape(rest.partition("</textarea>")[0])
        elif not re.search(r'type="(radio|checkbox)"', attributes) or " checked" in attributes:
            told[name[1]] = unescape(value[1]) if value else ""
    return told


def saved(visitor: Visitor, **changes: str) -> requests.Response:
    page = visitor.get("/sync-config")
    told = filled(page) | {name.replace("__", "."): value for name, value in changes.items()}
    origin = {"Origin": visitor.page_url}
    return visitor.browser.post(f"{visitor.page_url}/sync-config", data=told, headers=origin, timeout=20)


def test_before_a_company_is_connected_the_page_says_so_and_the_rest_can_be_set(newcomer: Visitor) -> None:
    page = newcomer.get("/sync-config")
    assert "QuickBooks has not been read yet" in page.text
    answer = saved(newcomer, method="INVOICE")
    assert "Saved." in answer.text
    assert filled(newcomer.get("/sync-config"))["method"] == "INVOICE"
    read = newcomer.submit(newcomer.get("/sync-config"), "/sync-config/read-company")
    assert 'class="notice is-bad"' in read.text


def test_the_company_its_proposals_and_the_defaults_are_shown_before_anything_is_saved(boss: Visitor) -> None:
    page = boss.get("/sync-config")
    assert "Nothing was saved yet" in page.text
    assert "automated by QuickBooks" in page.text
    told = filled(page)
    assert told["accounts.sales"] == "79"
    assert told["accounts.tips"] == ""
    assert told["payment_triggers.PAID"] == "yes"
    assert "payment_triggers.PENDING" not in told
    assert "“Shopify Tips”" in page.text


def test_what_is_saved_is_shown_again_and_stands_in_the_history(boss: Visitor) -> None:
    answer = saved(
        boss,
        number_prefix="SH-",
        customer_memo="Thank you & come again",
        start_date="2026-01-31",
        unmapped_products="FALLBACK",
        fallback_item="hours",
        accounts__tips="",
    )
    assert "Saved." in answer.text
    told = filled(boss.get("/sync-config"))
    assert (told["number_prefix"], told["start_date"], told["fallback_item"]) == ("SH-", "2026-01-31", "Hours")
    assert told["customer_memo"] == "Thank you & come again"
    history = unescape(boss.get("/sync-config/history").text)
    assert "Number prefix: none → “SH-”" in history
    assert "Fallback item: none → “Hours”" in history
    assert re.search(r"Version \d", history)


def test_each_problem_stands_beside_its_field_and_what_was_typed_is_kept(boss: Visitor) -> None:
    ticks = {f"fulfillment_triggers__{word}": "" for word in ("UNFULFILLED", "PARTIAL", "FULFILLED")}
    answer = saved(
        boss,
        number_prefix="far too long",
        customer_memo="<b>kept</b>",
        unmapped_products="FALLBACK",
        fallback_item="No such thing",
        presentment_currency="yes",
        **ticks,
    )
    assert answer.status_code == 400
    text = unescape(answer.text)
    assert "Nothing was saved: 4 settings cannot stand as chosen." in text
    for name, said in (
        ("number_prefix", "at most 8 fit"),
        ("fulfillment_triggers", "at least one fulfilment status"),
        ("fallback_item_id", "QuickBooks has no item “No such thing”"),
        ("presentment_currency", "multicurrency"),
    ):
        assert re.search(rf'id="problem-{name}">[^<]*{re.escape(said)}', text), name
        assert f'aria-describedby="problem-{name}"' in answer.text
        assert f'href="#field-{name}"' in answer.text
        assert f'id="field-{name}"' in answer.text
    told = filled(answer)
    assert (told["number_prefix"], told["fallback_item"]) == ("far too long", "No such thing")
    assert told["customer_memo"] == "<b>kept</b>"
    assert "<b>kept" not in answer.text


def test_an_account_that_does_not_fit_is_refused_at_its_part(boss: Visitor) -> None:
    answer = saved(boss, accounts__sales="35")
    assert answer.status_code == 400
    assert re.search(r'id="problem-accounts-sales">[^<]*is of type Bank', answer.text)
    assert "No longer usable (id 35)" in answer.text


def test_who_saves_upon_an_older_version_is_told_and_keeps_what_was_typed(boss: Visitor) -> None:
    before = filled(boss.get("/sync-config"))
    assert saved(boss, number_prefix="NEW").status_code == 200
    origin = {"Origin": boss.page_url}
    late = before | {"number_prefix": "OLD"}
    answer = boss.browser.post(f"{boss.page_url}/sync-config", data=late, headers=origin, timeout=20)
    assert answer.status_code == 409
    assert "saved other settings meanwhile" in answer.text
    assert filled(answer)["number_prefix"] == "OLD"
    assert filled(boss.get("/sync-config"))["number_prefix"] == "NEW"


def test_a_viewer_sees_the_settings_and_cannot_save_them(owner: Visitor, viewer: Visitor) -> None:
    page = viewer.get("/sync-config")
    assert "Owners and admins can change these settings" in page.text
    assert "Save settings" not in page.text
    assert re.search(r'<fieldset class="plain" disabled', page.text)
    told = filled(page) | {"csrf_token": viewer.api("me")["csrf_token"], "number_prefix": "V"}
    answer = viewer.browser.post(f"{viewer.page_url}/sync-config", data=told, timeout=20)
    assert answer.status_code == 403
    assert filled(owner.get("/sync-config"))["number_prefix"] == ""


def test_quickbooks_is_read_again_on_demand(boss: Visitor, platform: LocalPlatform) -> None:
    answer = boss.submit(boss.get("/sync-config"), "/sync-config/read-company")
    assert "QuickBooks was read" in answer.text


def test_the_names_of_items_are_suggested_to_whoever_types(boss: Visitor, newcomer: Visitor) -> None:
    found = boss.api("quickbooks/search?list=item&q=hour")["found"]
    assert [each["name"] for each in found] == ["Hours"]
    assert newcomer.api("quickbooks/search?list=item&q=hour")["found"] == []
    assert boss.get("/api/quickbooks/search?list=nonsense").status_code == 400
