"""The JSON API: the same session, the same rules, in JSON."""

from __future__ import annotations

import pytest

from ledgerport_local.walkthrough import Visitor

READS = ["me", "summary", "connections", "records", "attempts", "intake", "notices"]


@pytest.mark.parametrize("path", READS)
def test_each_read_answers_its_owner_and_nobody_else(owner: Visitor, stranger: Visitor, path: str) -> None:
    assert owner.get(f"/api/{path}").headers["content-type"] == "application/json"
    refused = stranger.get(f"/api/{path}")
    assert refused.status_code == 401
    assert refused.json()["error"]["reason"] == "NOT_SIGNED_IN"


def test_the_card_says_company_lock_and_token_health(owner: Visitor) -> None:
    card = next(each for each in owner.api("connections")["connections"] if each["provider"] == "QUICKBOOKS")
    assert card["status"] == "CONNECTED"
    assert card["account_id"] == "9341450000000001"
    assert card["locked"] is True
    assert card["days_left"] >= 99
    assert card["expiring_soon"] is False


def test_an_action_needs_the_token_in_its_header(owner: Visitor, viewer: Visitor) -> None:
    url = f"{owner.page_url}/api/connections/quickbooks/resume"
    assert owner.browser.post(url).status_code == 403
    assert owner.browser.post(url, headers={"X-CSRF-Token": owner.api("me")["csrf_token"]}).status_code == 200
    refused = viewer.browser.post(url, headers={"X-CSRF-Token": viewer.api("me")["csrf_token"]})
    assert refused.status_code == 403
    assert refused.json()["error"]["reason"] == "NOT_ALLOWED"


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 30_000, b'"text"'])
def test_broken_json_is_answered_with_400(owner: Visitor, body: bytes) -> None:
    token = {"X-CSRF-Token": owner.api("me")["csrf_token"]}
    answer = owner.browser.post(f"{owner.page_url}/api/records/retry-all", data=body, headers=token)
    assert answer.status_code == 400
    assert answer.json()["error"]["reason"] == "BAD_JSON"


@pytest.mark.parametrize("query", ["page=nonsense", "page_size=0", "page_size=x", "page_size=9999"])
def test_a_page_that_does_not_exist_is_answered_with_400(owner: Visitor, query: str) -> None:
    assert owner.get(f"/api/records?{query}").status_code == 400


def test_what_does_not_exist_is_answered_with_404_and_json(owner: Visitor) -> None:
    answer = owner.get("/api/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["reference"] == answer.headers["x-request-id"]
    assert owner.get("/api/records/not-an-id").status_code == 404
    assert owner.get("/records/00000000-0000-0000-0000-000000000000").status_code == 404
