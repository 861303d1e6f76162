"""The JSON API: the same session, the same rules, in JSON."""

from __future__ import annotations

import pytest

from ledgerport_local.walkthrough import Visitor

READS = ["me", "pushes", "summary", "connections", "records", "attempts", "intake", "notices"]


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


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("pushes", {}, "INVALID_REQUEST"),
        ("pushes", {"record_ids": []}, "INVALID_REQUEST"),
        ("pushes", {"record_ids": ["x" * 36]}, "NOT_FOUND"),
        ("pushes", {"record_ids": ["00000000-0000-0000-0000-000000000000"]}, "NOT_FOUND"),
        ("pushes", {"all": True, "status": "nonsense"}, "INVALID_REQUEST"),
        ("pushes", {"all": True, "kind": "nonsense"}, "INVALID_REQUEST"),
        ("pushes", {"all": True, "from": "31.12.2026"}, "INVALID_REQUEST"),
        ("pushes", {"all": True, "q": "\ud800"}, "NOT_FOUND"),
        ("pushes/00000000-0000-0000-0000-000000000000/cancel", {}, "NOT_FOUND"),
        ("records/retry-all", {"status": "nonsense"}, "INVALID_REQUEST"),
        ("records/ignore", {"record_ids": ["x"]}, "INVALID_REQUEST"),
    ],
)
def test_a_push_that_makes_no_sense_says_why(owner: Visitor, path: str, body: dict[str, object], reason: str) -> None:
    """Above all, a filter that means nothing is never a filter that finds everything."""
    token = {"X-CSRF-Token": owner.api("me")["csrf_token"]}
    answer = owner.browser.post(f"{owner.page_url}/api/{path}", json=body, headers=token)
    assert answer.json()["error"]["reason"] == reason


def test_thousands_of_ids_are_refused_or_looked_for_and_change_nothing(owner: Visitor) -> None:
    token = {"X-CSRF-Token": owner.api("me")["csrf_token"]}
    for count in (1_000, 20_000):
        ids = [f"00000000-0000-0000-0000-{number:012}" for number in range(count)]
        answer = owner.browser.post(f"{owner.page_url}/api/pushes", json={"record_ids": ids}, headers=token)
        assert answer.status_code in (400, 404, 413)
    assert owner.api("pushes")["pushes"] == []


def test_the_audit_log_is_a_file_that_a_spreadsheet_opens(owner: Visitor, stranger: Visitor) -> None:
    answer = owner.get("/audit-log/export.csv?status=error")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbfat_utc,kind,reference")
    assert "/sign-in" in stranger.get("/audit-log/export.csv").url
