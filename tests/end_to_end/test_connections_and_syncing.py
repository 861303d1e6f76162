"""What pausing, disconnecting, failing and reconnecting do to syncing: nothing posts meanwhile, nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable

from ledgerport_local.audit import Comparison
from ledgerport_local.demo import REALM, SHOP, Stage
from ledgerport_local.demo_account import DemoAccount, sign_up
from ledgerport_local.walkthrough import Visitor

BecomeRight = Callable[[], Comparison]
Eventually = Callable[[Callable[[], object], str], None]
ANOTHER_REALM = "9341450000000002"


def place(stage: Stage, count: int, seed: int) -> None:
    stage.shopify("orders", shop=SHOP, count=count, seed=seed, mix="sale")


def writes_since(stage: Stage, moment: float) -> int:
    """How many writes QuickBooks saw from LedgerPort after a moment (epoch seconds)."""
    url = f"{stage.platform.urls['intuit-sandbox']}/_sandbox/requests?since={moment}&realm={REALM}"
    return int(stage.visitor.get(url).json()["write_count"])


def waiting_orders(stage: Stage) -> int:
    counts = stage.visitor.api("summary")["counts"]
    return sum(row["count"] for row in counts if row["kind"] == "ORDER" and row["status"] == "PENDING")


def status(stage: Stage) -> str:
    cards = stage.visitor.api("connections")["connections"]
    return str(next(card["status"] for card in cards if card["provider"] == "QUICKBOOKS"))


def press(stage: Stage, action: str, **fields: str) -> str:
    """A button on the Connections page; the page that follows."""
    page = stage.visitor.get("/connections")
    return stage.visitor.submit(page, action, **fields).text


def test_nothing_is_written_from_the_moment_pause_has_answered(
    stage: Stage, eventually: Eventually, books_become_right: BecomeRight
) -> None:
    place(stage, 40, seed=21)
    eventually(lambda: writes_since(stage, 0) > 5, "the writer is in the middle of its work")
    press(stage, "/connections/quickbooks/pause")
    paused_at = time.time()
    place(stage, 3, seed=22)
    eventually(lambda: waiting_orders(stage) >= 3, "changes are collected while paused")
    assert writes_since(stage, paused_at) == 0
    assert "Paused" in stage.visitor.get("/connections").text
    press(stage, "/connections/quickbooks/resume")
    books_become_right()  # everything arrived after Resume, once


def test_disconnect_keeps_the_binding_and_reconnect_brings_what_waited(
    stage: Stage, eventually: Eventually, books_become_right: BecomeRight
) -> None:
    page = stage.visitor.get("/connections/quickbooks/disconnect")
    stage.visitor.submit(page, "/connections/quickbooks/disconnect", confirmed="yes")
    eventually(lambda: status(stage) == "DISCONNECTED", "the card says Disconnected")
    gone_at = time.time()
    place(stage, 3, seed=23)
    eventually(lambda: waiting_orders(stage) >= 3, "changes are collected while disconnected")
    assert writes_since(stage, gone_at) == 0

    refused = stage.visitor.connect_quickbooks(ANOTHER_REALM).text
    assert "Craig" in refused, "the message names the company that this business is bound to"
    assert status(stage) == "DISCONNECTED"
    assert writes_since(stage, gone_at) == 0

    stage.visitor.connect_quickbooks(REALM)
    eventually(lambda: status(stage) == "CONNECTED", "the card is green again")
    books_become_right()  # everything arrived after the reconnect, once


def test_a_dead_refresh_token_is_unhealthy_until_the_same_company_reconnects(
    stage: Stage, eventually: Eventually, books_become_right: BecomeRight
) -> None:
    stage.intuit(f"companies/{REALM}/tokens", action="disconnect", client_id="ledgerport-local")
    place(stage, 3, seed=24)
    eventually(lambda: status(stage) == "UNHEALTHY", "the card says Unhealthy")
    shown = stage.visitor.get("/connections").text
    assert "no longer" in shown, "what happened"
    assert "Reconnect" in shown, "what to do"
    eventually(lambda: waiting_orders(stage) >= 3, "changes are collected while unhealthy")
    stage.visitor.connect_quickbooks(REALM)
    eventually(lambda: status(stage) == "CONNECTED", "the card is green again")
    books_become_right()  # everything arrived after the reconnect, once


def test_an_expired_access_token_is_renewed_without_anyone_noticing(
    stage: Stage, books_become_right: BecomeRight
) -> None:
    stage.intuit(f"companies/{REALM}/tokens", action="expire_access", client_id="ledgerport-local")
    place(stage, 2, seed=25)
    books_become_right()  # the orders arrived
    assert status(stage) == "CONNECTED"


def test_a_second_business_cannot_have_the_same_company(stage: Stage) -> None:
    other = DemoAccount("other@demo.test", "a long enough password")
    sign_up(stage.platform, other, name="Other Owner", business="Another Shop")
    visitor = Visitor(stage.platform.urls["page"])
    visitor.sign_in(other.email, other.password)
    page = visitor.connect_quickbooks(REALM)
    assert "already" in page.text
    cards = visitor.api("connections")["connections"]
    assert {card["status"] for card in cards} == {"NOT_CONNECTED"}
    assert status(stage) == "CONNECTED", "the first business is untouched"
