"""The pure parts: words, amounts, buckets, signatures and addresses."""

from __future__ import annotations

import pytest

from gateway import views, wording
from gateway.consent import QUICKBOOKS_SENTENCES, SHOPIFY_SENTENCES, sentence_of
from gateway.dashboard import banners, checklist
from gateway.pages import own_path
from gateway.signing import Signer
from gateway.throttle import Throttle
from ledgerport.common.v1 import money_pb2
from ledgerport.connections.v1 import connections_pb2
from ledgerport_libs.errors import NotAllowed, PassingTrouble, Refused

SECRET = b"0123456789abcdef0123456789abcdef"


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
