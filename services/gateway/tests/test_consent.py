"""The callbacks: each way in which connecting can end comes back to a clean address with its own sentence."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

# A company that no test connects: a bound one would be refused for that.
NOBODYS = "9341450000000099"
SECRET_CODE = "AB11aVerySecretCodeFromIntuit"


@pytest.fixture(scope="module")
def newcomer(sign_up: Callable[[str], Visitor]) -> Visitor:
    return sign_up("bea")


def state_of(visitor: Visitor) -> str:
    """A living state, taken from the way to Intuit."""
    return parse_qs(urlsplit(visitor.begin_quickbooks().url).query)["state"][0]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("state=forged&code=x&realmId=9341450000000001", "does not belong to a connection that you started here"),
        ("", "does not belong to a connection that you started here"),
        ("state={state}&error=access_denied", "Access was not granted at Intuit"),
        ("state={state}&error=server_error", "Intuit reported a problem"),
        ("state={state}&code=x", "did not say which company"),
        (f"state={{state}}&code=forged&realmId={NOBODYS}", "did not complete the connection"),
        ("state={state}&code=x&realmId=9341450000000001", "already bound to another business"),
    ],
)
def test_each_refusal_at_intuit_has_its_sentence(
    owner: Visitor, newcomer: Visitor, page_url: str, query: str, sentence: str
) -> None:
    state = state_of(newcomer) if "{state}" in query else ""
    answer = newcomer.get(f"/oauth/quickbooks/callback?{query.format(state=state)}")
    assert answer.url == f"{page_url}/connections", "the address is clean again"
    assert sentence in answer.text
    assert {card["status"] for card in newcomer.api("connections")["connections"]} == {"NOT_CONNECTED"}
    assert sentence not in newcomer.get("/connections").text, "it is told once"


@pytest.mark.parametrize("query", ["", "shop=x.myshopify.com&state=forged&hmac=00", "%ff%00=%zz"])
def test_a_forged_answer_of_shopify_changes_nothing(newcomer: Visitor, page_url: str, query: str) -> None:
    answer = newcomer.get(f"/oauth/shopify/callback?{query}")
    assert answer.url == f"{page_url}/connections"
    assert 'class="notice is-bad"' in answer.text
    assert {card["status"] for card in newcomer.api("connections")["connections"]} == {"NOT_CONNECTED"}


def test_a_store_address_that_is_none_says_so(newcomer: Visitor, page_url: str) -> None:
    answer = newcomer.submit(newcomer.get("/connections"), "/connections/shopify/connect", shop="not a store/../")
    assert answer.url == f"{page_url}/connections"
    assert 'class="notice is-bad"' in answer.text


def test_who_is_no_longer_signed_in_comes_back_to_sign_in(stranger: Visitor, page_url: str) -> None:
    answer = stranger.get(f"/oauth/quickbooks/callback?state=a&code={SECRET_CODE}&realmId=1")
    assert answer.url == f"{page_url}/sign-in?next=/connections"
    assert "Your session ended" in answer.text


def test_no_code_of_a_callback_is_in_a_log(newcomer: Visitor, platform: LocalPlatform) -> None:
    newcomer.get(f"/oauth/quickbooks/callback?state=a&code={SECRET_CODE}&realmId=1")
    log = platform.log("gateway").read_text()
    assert "/oauth/quickbooks/callback" in log
    assert SECRET_CODE not in log
