"""The pure parts: words, amounts, buckets, signatures and addresses."""

from __future__ import annotations

from dataclasses import fields

import pytest
from pydantic import HttpUrl
from starlette.requests import Request

from gateway import dashboard, views, wording
from gateway.addresses import client_address, device
from gateway.consent import QUICKBOOKS_SENTENCES, SHOPIFY_SENTENCES, sentence_of
from gateway.dashboard import banners, checklist
from gateway.forms import Forms
from gateway.limits import Limits
from gateway.neighbours import Neighbours
from gateway.pages import Message, Pages, own_path
from gateway.sessions import Sessions
from gateway.settings import Settings
from gateway.signing import Signer
from gateway.throttle import Throttle
from ledgerport.common.v1 import money_pb2
from ledgerport.connections.v1 import connections_pb2
from ledgerport_libs.errors import NotAllowed, PassingTrouble, Refused, TooManyTries

SECRET = b"0123456789abcdef0123456789abcdef"
SETTINGS = Settings.model_construct(
    public_url=HttpUrl("https://books.shop.test/"),
    support_contact="",
    forwarded_hops=0,
    tries_by_address=60,
    tries_by_account=10,
    changes_by_person=240,
    calls_by_token=600,
)
# Nothing is asked of anybody here.
NEIGHBOURS = Neighbours(*[None] * len(fields(Neighbours)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123450, "USD", "$1,234.50"),
        (-5, "USD", "−$0.05"),
        (23600, "JPY", "¥23,600"),
        (1234567, "KWD", "1,234.567 KWD"),
        (0, "EUR", "€0.00"),
        (7, "XXX", "7 XXX"),
    ],
)
def test_an_amount_is_printed_with_all_decimals_of_its_currency(minor: int, currency: str, text: str) -> None:
    assert wording.amount(money_pb2.Money(minor=minor, currency=currency)) == text


@pytest.mark.parametrize(
    ("synced", "failed", "text"), [(0, 0, ""), (3, 0, "100"), (999, 1, "99.9"), (99999, 1, "99.9"), (0, 4, "0")]
)
def test_a_success_rate_of_100_means_all(synced: int, failed: int, text: str) -> None:
    assert views.success_percent(synced, failed) == text


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "javascript:alert(1)",
        "/\t/evil.test",
        "evil.test",
        "///evil.test",
        "http:evil.test",
        "/é",
        "",
        "//[",
    ],
)
def test_nobody_is_sent_to_another_site(address: str) -> None:
    assert own_path(address) == "/"


@pytest.mark.parametrize("address", ["/", "/audit-log?status=error", "/records/1"])
def test_our_own_pages_are_gone_back_to(address: str) -> None:
    assert own_path(address) == address


def test_a_bucket_lets_a_burst_through_and_refills_with_time() -> None:
    now = 0.0
    throttle = Throttle(burst=3, refill_seconds=30, clock=lambda: now)
    assert [throttle.take("a") for _ in range(3)] == [0, 0, 0]
    assert throttle.take("a") == pytest.approx(10)
    assert throttle.take("b") == 0, "another key has its own bucket"
    now = 10.0
    assert throttle.take("a") == 0
    assert throttle.take("a") > 0


def test_what_we_did_not_seal_is_not_believed() -> None:
    signer, other = Signer(SECRET), Signer(SECRET[::-1])
    sealed = signer.seal("message", ["good", "Done."], 60)
    assert signer.open("message", sealed) == ["good", "Done."]
    assert signer.open("other purpose", sealed) is None
    assert other.open("message", sealed) is None
    assert signer.open("message", sealed[:-1]) is None
    assert signer.open("message", "é.ü") is None
    assert signer.open("message", signer.seal("message", "old", -1)) is None


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        Signer(b"short")


@pytest.mark.parametrize("sentences", [QUICKBOOKS_SENTENCES, SHOPIFY_SENTENCES])
def test_each_end_of_connecting_has_its_own_sentence(sentences: dict[str, str]) -> None:
    told = {sentence_of(Refused("x", reason=reason, say=f"{reason} said"), sentences) for reason in sentences}
    assert len(told) == len(sentences)


def test_refusals_that_name_accounts_are_told_in_the_words_of_auth() -> None:
    error = Refused("x", reason="WRONG_COMPANY", say="You chose B, this business is bound to A.")
    assert sentence_of(error, QUICKBOOKS_SENTENCES) == "You chose B, this business is bound to A."


def test_other_refusals_say_what_to_do_too() -> None:
    assert "owner or an admin" in sentence_of(NotAllowed(), QUICKBOOKS_SENTENCES)
    assert "connect again" in sentence_of(PassingTrouble(), QUICKBOOKS_SENTENCES)


def test_a_connection_that_was_never_made_is_shown_as_such() -> None:
    shown = views.connections(connections_pb2.ListConnectionsResponse())
    assert {each["status"] for each in shown.values()} == {"NOT_CONNECTED"}
    assert banners(shown) == []
    assert [step["done"] for step in checklist(shown, None)] == [False, False, False]


def test_a_time_is_shown_in_the_stores_zone_which_its_title_names() -> None:
    assert wording.when("2026-11-22T14:16:00Z", "America/New_York") == (
        '<time datetime="2026-11-22T14:16:00Z" title="America/New_York (UTC−05:00)">22 Nov 2026, 09:16</time>'
    )
    assert "19:46" in wording.when("2026-11-22T14:16:00Z", "Asia/Kolkata")


@pytest.mark.parametrize("zone", ["", "Nowhere/At_All", "../etc/passwd", "/etc/localtime"])
def test_without_a_zone_a_time_is_shown_in_utc_and_says_so(zone: str) -> None:
    assert wording.when("2026-11-22T14:16:00Z", zone).endswith('title="UTC">22 Nov 2026, 14:16 UTC</time>')


def test_what_was_set_up_reads_as_a_sentence() -> None:
    record = {"kind": "SETUP", "status": "SYNCED", "reference": "Account “Shipping Income”", "sentence": ""}
    assert dashboard.sentence_of(record) == "Account “Shipping Income” was set up in QuickBooks."
    failed = record | {"status": "ERROR", "sentence": "The name is taken."}
    assert dashboard.sentence_of(failed) == "Account “Shipping Income” could not be synced: The name is taken."


@pytest.mark.parametrize(
    ("forwarded", "hops", "address"),
    [
        (None, 0, "10.0.0.9"),
        ("203.0.113.5", 0, "10.0.0.9"),
        ("203.0.113.5", 1, "203.0.113.5"),
        ("1.1.1.1, 203.0.113.5", 1, "203.0.113.5"),
        ("1.1.1.1, 203.0.113.5, 10.0.0.7", 2, "203.0.113.5"),
        ("203.0.113.5", 2, "10.0.0.9"),
        ("203.0.113.5:443", 1, "203.0.113.5"),
        ("[2001:db8::1]:443", 1, "2001:db8::1"),
        ("nonsense", 1, "10.0.0.9"),
        ("", 1, "10.0.0.9"),
    ],
)
def test_only_our_own_proxies_tell_where_somebody_sits(forwarded: str | None, hops: int, address: str) -> None:
    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    request = Request({"type": "http", "headers": headers, "client": ("10.0.0.9", 1)})
    assert client_address(request, hops) == address


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605 Version/18 Safari/605", "Safari on Mac"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_called_by_its_usual_name(agent: str, shown: str) -> None:
    assert device(agent) == shown


def test_one_address_and_one_account_use_up_nothing_of_anothers() -> None:
    limits = Limits(SETTINGS)

    def trying(address: str, account: str) -> bool:
        request = Request({"type": "http", "headers": [], "client": (address, 1)})
        try:
            limits.stranger(request, account)
        except TooManyTries:
            return False
        return True

    assert [trying("192.0.2.1", "a@x.test") for _ in range(11)] == [True] * 10 + [False]
    assert trying("192.0.2.2", "A@x.test "), "the same account from elsewhere"
    assert trying("192.0.2.1", "b@x.test"), "another account from there"
    assert not all(trying("192.0.2.1", f"{number}@x.test") for number in range(60))
    assert trying("192.0.2.3", "c@x.test")


def test_behind_https_every_cookie_that_is_ours_to_read_is_bound_to_the_host() -> None:
    signer = Signer(SECRET)
    forms = Forms(signer, SETTINGS)
    pages, sessions = Pages(SETTINGS, signer, forms), Sessions(NEIGHBOURS, SETTINGS)
    response = pages.go("/", Message("good", "told"))
    forms.keep_visit(response, "nonce")
    sessions.remember(response, "token", 2_000_000_000)
    sessions.choose(response, "business")
    cookies = [value.decode() for name, value in response.raw_headers if name == b"set-cookie"]
    assert {each.partition("=")[0] for each in cookies} == {
        "__Host-ledgerport",
        "__Host-ledgerport_form",
        "__Host-ledgerport_message",
        "__Host-ledgerport_business",
    }
    for each in cookies:
        assert {"path=/", "secure", "httponly", "samesite=lax"} <= {part.strip().lower() for part in each.split(";")}
