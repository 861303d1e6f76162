"""What every page keeps: who may see it, what it may load, and what it says when something is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import requests

from ledgerport_local.walkthrough import Visitor

PAGES = ["/", "/connections", "/connections/quickbooks/connect", "/connections/shopify/disconnect", "/audit-log"]
PAGES += ["/connections/shopify/privacy", "/records", "/team", "/team/tokens", "/account", "/businesses/new", "/join"]
PAGES += ["/sync-config", "/sync-config/history", "/mapping/products", "/mapping/customers", "/mapping/gateways"]
PAGES += ["/history-import", "/mapping/taxes", "/mapping/products/auto", "/mapping/products/import"]
PAGES += ["/manual-sync/orders", "/manual-sync/payments", "/manual-sync/runs"]
BEFORE = ["/sign-in", "/sign-up", "/forgot-password", "/reset-password?token=x", "/nothing-here"]
Owner = Callable[[str], Visitor]


@pytest.mark.parametrize("path", [*PAGES, *BEFORE])
def test_every_page_is_safe_to_show(owner: Visitor, stranger: Visitor, path: str) -> None:
    answer = (stranger if path in BEFORE else owner).get(path)
    assert answer.status_code == (404 if path == "/nothing-here" else 200)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_who_has_not_signed_in_is_sent_to_sign_in_and_back(stranger: Visitor, page_url: str, path: str) -> None:
    answer = stranger.browser.get(page_url + path, allow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == ("/sign-in" if path == "/" else f"/sign-in?next={path}")


def test_sign_in_goes_on_to_the_page_that_was_asked_for(stranger: Visitor, owner: Visitor, page_url: str) -> None:
    email = owner.api("me")["email"]
    asked = stranger.get("/audit-log?status=error")
    arrived = stranger.submit(asked, "/sign-in", email=email, password="correct horse battery")
    assert arrived.url == f"{page_url}/audit-log?status=error"


@pytest.mark.parametrize("elsewhere", ["https://evil.test/", "//evil.test/", "/\\evil.test"])
def test_sign_in_sends_nobody_to_another_site(stranger: Visitor, owner: Visitor, page_url: str, elsewhere: str) -> None:
    page = stranger.browser.get(f"{page_url}/sign-in", params={"next": elsewhere})
    arrived = stranger.submit(
        page, "/sign-in", email=owner.api("me")["email"], password="correct horse battery", next=elsewhere
    )
    assert arrived.url == f"{page_url}/"


def test_wrong_credentials_say_the_same_whether_the_account_exists(stranger: Visitor, owner: Visitor) -> None:
    known = stranger.sign_in(owner.api("me")["email"], "not the password")
    unknown = stranger.sign_in("nobody@shop.test", "not the password")
    assert known.status_code == unknown.status_code == 401
    assert "do not match" in known.text
    assert "do not match" in unknown.text


def test_the_session_cookie_cannot_be_read_by_scripts_or_sent_across_sites(sign_up: Owner) -> None:
    visitor = sign_up("carla")
    cookie = next(each for each in visitor.browser.cookies if each.name == "ledgerport")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert str(cookie.get_nonstandard_attr("SameSite")).lower() == "lax"
    assert cookie.path == "/"


def test_sign_out_ends_the_session_for_good(sign_up: Owner, page_url: str) -> None:
    visitor = sign_up("olga")
    token = visitor.browser.cookies["ledgerport"]
    visitor.submit(visitor.get("/"), "/sign-out")
    answer = requests.get(f"{page_url}/", cookies={"ledgerport": token}, allow_redirects=False, timeout=10)
    assert answer.status_code == 303


def test_too_many_tries_of_one_account_are_answered_with_429(stranger: Visitor) -> None:
    statuses = [stranger.sign_in("mallory@shop.test", "wrong password").status_code for _ in range(12)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_a_page_that_does_not_exist_says_so_with_a_reference(owner: Visitor) -> None:
    answer = owner.get("/no/such/page")
    assert answer.status_code == 404
    assert "There is no page at this address" in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_another_method_is_answered_with_405(owner: Visitor, page_url: str) -> None:
    answer = owner.browser.delete(f"{page_url}/team")
    assert answer.status_code == 405
    assert "cannot be used in this way" in answer.text


def test_another_name_of_this_machine_leads_to_the_public_one(stranger: Visitor, page_url: str) -> None:
    other = page_url.replace("localhost", "127.0.0.1")
    answer = stranger.browser.get(f"{other}/sign-in?next=/team", allow_redirects=False)
    assert answer.headers["location"] == f"{page_url}/sign-in?next=/team"


def test_static_files_are_kept_by_the_browser_and_change_their_address(stranger: Visitor, page_url: str) -> None:
    sheet = re.search(r'href="(/static/ledgerport\.css\?v=\w+)"', stranger.get("/sign-in").text)
    assert sheet
    answer = stranger.get(sheet[1])
    assert "immutable" in answer.headers["cache-control"]
    assert stranger.get("/static/../settings.py").status_code == 404
    assert stranger.get("/static/%2e%2e/settings.py").status_code == 404
