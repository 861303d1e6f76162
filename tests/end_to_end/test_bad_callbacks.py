"""A bad callback changes nothing, is told in plain words, and leaves one clear line in the log, without secrets."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from ledgerport_local.demo import REALM
from ledgerport_local.demo_account import ensure_demo_account
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import STAND_IN_PASSWORD, Visitor

Said = Callable[[str, str], list[dict[str, object]]]


@pytest.fixture(scope="module")
def newcomer(platform: LocalPlatform) -> Visitor:
    """The demo owner before anything is connected."""
    account = ensure_demo_account(platform)
    visitor = Visitor(platform.urls["page"])
    visitor.sign_in(account.email, account.password)
    return visitor


def callback(visitor: Visitor, **query: str) -> requests.Response:
    return visitor.get(f"/oauth/quickbooks/callback?{urlencode(query)}")


def consent(visitor: Visitor, realm: str = REALM) -> dict[str, str]:
    """What Intuit sends the browser back with, read on the way instead of followed."""
    found: list[str] = []

    def read(answer: requests.Response, *_: object, **__: object) -> requests.Response:
        where = answer.headers.get("Location", "")
        if "/oauth/quickbooks/callback" in where:
            found.append(answer.headers.pop("Location"))
        return answer

    at_intuit = visitor.begin_quickbooks()
    chosen = visitor.submit(
        at_intuit, "/connect/signin", email="owner@sandbox.test", password=STAND_IN_PASSWORD, action="signin"
    )
    visitor.browser.hooks["response"] = [read]
    visitor.submit(chosen, "/connect/consent", realm_id=realm, action="authorize")
    visitor.browser.hooks["response"] = []
    return {name: values[0] for name, values in parse_qs(urlsplit(found[0]).query).items()}


def assert_refused(visitor: Visitor, platform: LocalPlatform, said: Said, query: dict[str, str], reason: str) -> None:
    before = len(said("auth", "call_refused"))
    answer = callback(visitor, **query)
    assert answer.status_code == 200
    assert answer.url.startswith(f"{visitor.page_url}/connections")
    assert "code=" not in answer.url, "what the provider sent stays out of the address"
    assert [line["reason"] for line in said("auth", "call_refused")[before:]] == [reason]
    for secret in (query.get("code", ""), query.get("state", "")):
        assert not secret or secret not in platform.log("auth").read_text()
    cards = visitor.api("connections")["connections"]
    assert {card["status"] for card in cards} == {"NOT_CONNECTED"}, "nothing changed"


def test_a_wrong_state_is_refused(newcomer: Visitor, platform: LocalPlatform, said: Said) -> None:
    query = {**consent(newcomer), "state": "guessed-by-somebody"}
    assert_refused(newcomer, platform, said, query, "STATE_MISMATCH")


def test_a_missing_realm_is_refused(newcomer: Visitor, platform: LocalPlatform, said: Said) -> None:
    query = consent(newcomer)
    del query["realmId"]
    assert_refused(newcomer, platform, said, query, "REALM_MISSING")


def test_a_realm_that_the_token_does_not_prove_is_refused(
    newcomer: Visitor, platform: LocalPlatform, said: Said
) -> None:
    query = {**consent(newcomer), "realmId": "9341450000000003"}
    assert_refused(newcomer, platform, said, query, "REALM_NOT_PROVED")


def test_a_callback_of_another_session_is_refused(newcomer: Visitor, platform: LocalPlatform, said: Said) -> None:
    query = consent(newcomer)
    stranger = Visitor(platform.urls["page"])
    account = ensure_demo_account(platform)
    stranger.sign_in(account.email, account.password)
    assert_refused(stranger, platform, said, query, "STATE_MISMATCH")


def test_cancelling_at_intuit_is_told_in_plain_words(newcomer: Visitor) -> None:
    at_intuit = newcomer.begin_quickbooks()
    chosen = newcomer.submit(
        at_intuit, "/connect/signin", email="owner@sandbox.test", password=STAND_IN_PASSWORD, action="signin"
    )
    page = newcomer.submit(chosen, "/connect/consent", realm_id=REALM, action="cancel")
    assert page.url.startswith(f"{newcomer.page_url}/connections")
    assert "Connect QuickBooks" in page.text


def test_a_code_is_used_once(newcomer: Visitor, platform: LocalPlatform, said: Said) -> None:
    query = consent(newcomer)
    assert "Craig" in callback(newcomer, **query).text
    before = len(said("auth", "call_refused"))
    replayed = callback(newcomer, **query)
    assert replayed.status_code == 200
    assert [line["reason"] for line in said("auth", "call_refused")[before:]] == ["STATE_MISMATCH"]
    cards = newcomer.api("connections")["connections"]
    assert {card["status"] for card in cards if card["provider"] == "QUICKBOOKS"} == {"CONNECTED"}
