"""Single sign-on through the pages, with a real provider: in by invitation, linked by hand, refused with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

import pytest

from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider("") as running:
        yield running


@pytest.fixture(scope="module")
def linked_page(provider: Provider) -> Iterator[str]:
    """The page of a LedgerPort that has this provider."""
    told = {"OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
    overrides = {"auth": told, "gateway": {"OIDC_ISSUER": provider.issuer}}
    with temporary_home() as home, LocalPlatform(home, overrides=overrides, durable=False) as running:
        provider.redirect_uri = f"{running.urls['page']}/sign-in/callback"
        yield running.urls["page"]


@pytest.fixture
def browser(linked_page: str) -> Iterator[Visitor]:
    visitor = Visitor(linked_page)
    yield visitor
    visitor.browser.close()


@pytest.fixture(scope="module")
def host(linked_page: str) -> Iterator[Visitor]:
    """An owner with a password."""
    visitor = Visitor(linked_page)
    fields = {"email": "host@shop.test", "password": PASSWORD, "name": "Host", "business_name": "Host's"}
    visitor.submit(visitor.get("/sign-up"), "/sign-up", **fields)
    yield visitor
    visitor.browser.close()


def test_an_invited_person_comes_in_through_the_provider(host: Visitor, browser: Visitor, provider: Provider) -> None:
    provider.person = {"sub": "gina", "email": "gina@shop.test", "email_verified": True, "name": "Gina"}
    made = host.submit(host.get("/team"), "/team/invite", email="gina@shop.test", role="bookkeeper")
    link = unescape(made.text.partition('readonly value="')[2].partition('"')[0])
    arrived = browser.submit(browser.get(link), "/sign-in/provider")
    assert arrived.url == f"{browser.page_url}/", arrived.text
    me = browser.api("me")
    assert (me["email"], me["name"], me["role"]) == ("gina@shop.test", "Gina", "BOOKKEEPER")
    assert "Set a password" in browser.get("/account").text


def test_somebody_unknown_is_told_what_to_do(browser: Visitor, provider: Provider) -> None:
    provider.person = {"sub": "nobody", "email": "nobody@shop.test", "email_verified": True}
    back = browser.submit(browser.get("/sign-in"), "/sign-in/provider")
    assert back.url == f"{browser.page_url}/sign-in", "the address is clean again"
    assert "Ask an owner or admin" in back.text


def test_an_account_is_linked_by_whoever_is_signed_in_to_it(
    host: Visitor, browser: Visitor, provider: Provider
) -> None:
    provider.person = {"sub": "host", "email": "host@shop.test", "email_verified": True}
    refused = browser.submit(browser.get("/sign-in"), "/sign-in/provider")
    assert "Sign in with its password, then link" in refused.text
    assert "is linked to your account" in host.submit(host.get("/account"), "/account/link").text
    arrived = browser.submit(browser.get("/sign-in?next=/audit-log"), "/sign-in/provider")
    assert arrived.url == f"{browser.page_url}/audit-log"
    assert browser.api("me")["email"] == "host@shop.test"


def test_a_callback_that_this_browser_did_not_start_is_not_used(browser: Visitor, provider: Provider) -> None:
    provider.person = {"sub": "host", "email": "host@shop.test", "email_verified": True}
    started = Visitor(browser.page_url)
    page = started.get("/sign-in")
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    at_provider = started.browser.post(
        f"{browser.page_url}/sign-in/provider", data={"csrf_token": token}, allow_redirects=False, timeout=10
    ).headers["location"]
    callback = started.browser.get(at_provider, allow_redirects=False, timeout=10).headers["location"]
    assert "was not started in this browser" in browser.get(callback).text
    assert browser.get("/api/me").status_code == 401
    started.browser.close()


def test_a_form_may_lead_to_the_provider_and_nowhere_else(browser: Visitor, provider: Provider) -> None:
    policy = browser.get("/sign-in").headers["content-security-policy"]
    assert provider.issuer in policy.partition("form-action")[2]
