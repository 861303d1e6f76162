"""Nothing is changed by a form that did not come from a page of ours, or by somebody whose role is too small."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from ledgerport_local.walkthrough import Visitor

ACTIONS = {
    "/sync-now": {},
    "/connections/quickbooks/connect": {"understood": "yes"},
    "/connections/quickbooks/pause": {},
    "/connections/quickbooks/resume": {},
    "/connections/quickbooks/disconnect": {"confirmed": "yes"},
    "/connections/shopify/connect": {"shop": "northwind-outfitters.myshopify.com"},
    "/connections/shopify/disconnect": {"confirmed": "yes"},
    "/notices/1/dismiss": {},
    "/records/retry-all": {},
    "/records/00000000-0000-0000-0000-000000000000/retry": {},
    "/records/00000000-0000-0000-0000-000000000000/ignore": {"confirmed": "yes"},
    "/manual-sync/orders/push": {"all": "yes"},
    "/manual-sync/refunds/ignore": {"pick.1": "00000000-0000-0000-0000-000000000000"},
    "/manual-sync/runs/00000000-0000-0000-0000-000000000000/cancel": {},
    "/team/invite": {"email": "new@shop.test", "role": "viewer"},
    "/team/invitations/x/revoke": {},
    "/team/members/x/role": {"role": "viewer"},
    "/team/members/x/remove": {"confirmed": "yes"},
    "/team/members/x/reset-link": {},
    "/team/tokens": {"name": "x", "role": "viewer", "days": "7"},
    "/team/tokens/x/revoke": {},
    "/sync-config": {"method": "INVOICE", "expected_version": "0"},
    "/sync-config/read-company": {},
    "/mapping/products/set": {"source": "gid://shopify/ProductVariant/1", "quickbooks_id": "1"},
    "/mapping/products/clear": {"source": "gid://shopify/ProductVariant/1"},
    "/mapping/customers/create": {"source": "gid://shopify/Customer/1"},
    "/mapping/taxes/auto": {"pick.1": "2|Tax"},
}
# What everybody may do for themselves.
OWN = ["/sign-out", "/theme", "/business/x", "/businesses/new", "/join", "/account/password", "/account/link"]
OWN += ["/account/sessions/x/end", "/account/sessions/end-others", "/account/sessions/end-all"]


def post(visitor: Visitor, path: str, fields: dict[str, str], **headers: str) -> requests.Response:
    return visitor.browser.post(
        visitor.page_url + path, data=fields, headers=headers, allow_redirects=False, timeout=10
    )


def quickbooks(visitor: Visitor) -> tuple[str, bool]:
    card = next(each for each in visitor.api("connections")["connections"] if each["provider"] == "QUICKBOOKS")
    return card["status"], card["paused"]


@pytest.mark.parametrize("path", [*ACTIONS, *OWN])
@pytest.mark.parametrize("token", [{}, {"csrf_token": ""}, {"csrf_token": "wrong"}])
def test_a_form_without_the_sessions_token_changes_nothing(owner: Visitor, path: str, token: dict[str, str]) -> None:
    assert post(owner, path, ACTIONS.get(path, {}) | token).status_code == 403
    assert quickbooks(owner) == ("CONNECTED", False)


def test_a_token_of_another_session_changes_nothing(owner: Visitor, sign_up: Callable[[str], Visitor]) -> None:
    foreign = sign_up("mallory").api("me")["csrf_token"]
    answer = post(owner, "/connections/quickbooks/pause", {"csrf_token": foreign})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert quickbooks(owner) == ("CONNECTED", False)


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_form_from_another_site_changes_nothing(owner: Visitor, headers: dict[str, str]) -> None:
    token = {"csrf_token": owner.api("me")["csrf_token"]}
    assert post(owner, "/connections/quickbooks/pause", token, **headers).status_code == 403
    assert quickbooks(owner) == ("CONNECTED", False)


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/forgot-password", "/reset-password", "/sign-in/provider"])
def test_the_forms_before_sign_in_need_cookie_and_field_together(stranger: Visitor, path: str) -> None:
    fields = {"email": "x@shop.test", "password": "correct horse battery", "name": "X", "business_name": "X"}
    assert post(stranger, path, fields).status_code == 403
    stranger.get("/sign-in")
    assert post(stranger, path, fields | {"csrf_token": "wrong"}).status_code == 403


@pytest.mark.parametrize("path", ACTIONS)
def test_a_viewer_changes_nothing(viewer: Visitor, owner: Visitor, path: str) -> None:
    token = {"csrf_token": viewer.api("me")["csrf_token"]}
    answer = post(viewer, path, ACTIONS[path] | token)
    assert answer.status_code == 403
    assert "Your role does not allow this" in answer.text
    assert quickbooks(owner) == ("CONNECTED", False)


@pytest.mark.parametrize("path", ["/connections/quickbooks/connect", "/connections/quickbooks/disconnect"])
def test_a_viewer_is_shown_no_page_with_a_change_on_it(viewer: Visitor, path: str) -> None:
    assert viewer.get(path).status_code == 403


def test_a_viewer_sees_the_connections_without_buttons(viewer: Visitor) -> None:
    page = viewer.get("/connections").text
    assert "Craig" in page
    assert "Pause Sync" not in page
    assert "/disconnect" not in page


def test_the_warning_must_be_ticked_before_anybody_leaves_for_intuit(sign_up: Callable[[str], Visitor]) -> None:
    visitor = sign_up("greta")
    page = visitor.get("/connections/quickbooks/connect")
    answer = post(visitor, "/connections/quickbooks/connect", {"csrf_token": visitor.api("me")["csrf_token"]})
    assert answer.status_code == 400
    assert "Please tick" in answer.text
    assert "cannot be changed later" in page.text


def test_disconnect_asks_first(owner: Visitor) -> None:
    token = {"csrf_token": owner.api("me")["csrf_token"]}
    answer = post(owner, "/connections/quickbooks/disconnect", token)
    assert answer.headers["location"] == "/connections/quickbooks/disconnect"
    assert quickbooks(owner) == ("CONNECTED", False)


def test_more_than_a_form_can_hold_is_answered_with_413(owner: Visitor) -> None:
    token = owner.api("me")["csrf_token"]
    assert post(owner, "/sync-now", {"csrf_token": token, "x": "y" * 70_000}).status_code == 413
    body = iter([b"csrf_token=", *[b"x" * 10_000] * 8])  # sent in chunks, no length announced
    answer = owner.browser.post(
        f"{owner.page_url}/sync-now", data=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{}", "application/json", 415),
        ("a=b", "multipart/form-data; boundary=x", 415),
        ("&".join(f"a{n}=b" for n in range(300)), "application/x-www-form-urlencoded", 400),
        ("email=%00", "application/x-www-form-urlencoded", 400),
        ("email=é", "application/x-www-form-urlencoded", 400),
    ],
)
def test_what_is_no_form_is_answered_plainly(owner: Visitor, body: str, kind: str, status: int) -> None:
    answer = owner.browser.post(f"{owner.page_url}/sync-now", data=body.encode(), headers={"Content-Type": kind})
    assert answer.status_code == status


def test_a_business_one_does_not_belong_to_cannot_be_chosen(owner: Visitor, sign_up: Callable[[str], Visitor]) -> None:
    foreign = sign_up("nora").api("me")["business"]["id"]
    token = {"csrf_token": owner.api("me")["csrf_token"]}
    own = owner.api("me")["business"]["id"]
    assert post(owner, f"/business/{foreign}", token).status_code == 404
    owner.browser.cookies.set("ledgerport_business", foreign, domain="localhost.local", path="/")
    assert owner.api("me")["business"]["id"] == own, "not even by writing the cookie oneself"
    assert post(owner, f"/business/{own}", token).status_code == 303
