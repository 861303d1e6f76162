"""Notices at the top of a page: which are shown, in which tone, and who may dismiss them."""

from __future__ import annotations

import socket
from dataclasses import fields
from typing import Any

import grpc
import psycopg
import pytest

from gateway import notices
from gateway.neighbours import Neighbours
from gateway.sessions import Visitor as Signed
from gateway.views import View
from ledgerport.common.v1 import access_pb2
from ledgerport.connections.v1 import connections_pb2_grpc
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.walkthrough import Visitor

WORKS = "QuickBooks (Northwind <Books>) works again."


def notice(kind: str, provider: str = "QUICKBOOKS", *, over: bool = False) -> View:
    return {"id": "1", "provider": provider, "kind": kind, "raised_at": "", "sentence": kind, "over": over}


def cards(status: str = "CONNECTED", *, expiring: bool = False) -> dict[str, View]:
    return {"quickbooks": {"status": status, "expiring_soon": expiring}}


def kinds(told: list[View], connections: dict[str, View], **how: Any) -> list[str]:
    return [each["kind"] for each in notices.shown(told, connections, **how)]


def test_the_tone_is_of_the_kind() -> None:
    told = [notice("UNHEALTHY"), notice("RECOVERED"), notice("EXPIRING")]
    assert [each["tone"] for each in notices.shown(told, {})] == ["note", "good", "note"]
    assert {each["link"] for each in notices.shown(told, {})} == {"/connections#quickbooks"}


def test_trouble_that_the_page_tells_already_is_not_told_twice() -> None:
    told = [notice("UNHEALTHY"), notice("UNHEALTHY", "SHOPIFY"), notice("EXPIRING")]
    assert kinds(told, cards()) == ["UNHEALTHY", "UNHEALTHY", "EXPIRING"]
    left = notices.shown(told, cards("UNHEALTHY"))
    assert [(each["provider"], each["kind"]) for each in left] == [("SHOPIFY", "UNHEALTHY"), ("QUICKBOOKS", "EXPIRING")]


def test_an_earlier_recovery_is_not_told_beside_new_trouble() -> None:
    assert kinds([notice("RECOVERED")], cards("UNHEALTHY")) == []


def test_an_expiring_consent_is_told_once_where_a_banner_warns_of_it() -> None:
    told = [notice("EXPIRING")]
    assert kinds(told, cards(expiring=True), expiring_said=True) == []
    assert kinds(told, cards(expiring=True)) == ["EXPIRING"]
    assert kinds(told, cards(), expiring_said=True) == ["EXPIRING"]


def test_what_is_over_is_left_to_the_history_and_the_newest_few_are_shown() -> None:
    assert kinds([notice("UNHEALTHY", over=True), notice("RECOVERED")], cards()) == ["RECOVERED"]
    assert len(notices.shown([notice("RECOVERED")] * 9, cards())) == 5


async def test_a_page_has_no_notices_while_connections_does_not_answer() -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))  # nobody listens there
        async with grpc.aio.insecure_channel(f"127.0.0.1:{found.getsockname()[1]}") as channel:
            nobody: dict[str, Any] = dict.fromkeys(each.name for each in fields(Neighbours))
            nobody["connections"] = connections_pb2_grpc.ConnectionsServiceStub(channel)
            visitor = Signed("u", "", "", "s", "b", "", access_pb2.ROLE_OWNER, (), ())
            assert await notices.told(Neighbours(**nobody), visitor) == []


def raise_notice(platform: LocalPlatform, visitor: Visitor) -> str:
    """One recovery, as connections writes it down."""
    business_id = visitor.api("me")["business"]["id"]
    with psycopg.connect(platform.environment("connections")["DATABASE_URL"], autocommit=True) as database:
        row = database.execute(
            "INSERT INTO notice (business_id, provider, kind, sentence) VALUES (%s, 'quickbooks', 'recovered', %s)"
            " RETURNING id",
            (business_id, WORKS),
        ).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("path", ["/", "/connections"])
def test_a_notice_shows_until_a_bookkeeper_or_above_dismisses_it(
    platform: LocalPlatform, owner: Visitor, viewer: Visitor, path: str
) -> None:
    action = f"/notices/{raise_notice(platform, owner)}/dismiss"
    seen = viewer.get(path).text
    assert "QuickBooks (Northwind &lt;Books&gt;) works again." in seen
    assert action not in seen
    form = {"csrf_token": viewer.api("me")["csrf_token"]}
    assert viewer.browser.post(f"{viewer.page_url}{action}", data=form).status_code == 403

    page = owner.get(path)
    assert 'aria-label="Notices">' in page.text
    after = owner.submit(page, action)
    assert after.url == f"{owner.page_url}{path}"
    assert "dismissed for everybody" in after.text
    assert "works again" not in viewer.get(path).text
    assert 'aria-label="Notices" hidden>' in viewer.get(path).text


def test_a_program_reads_and_dismisses_notices_of_its_own_business_only(
    platform: LocalPlatform, owner: Visitor, viewer: Visitor, page_url: str
) -> None:
    notice_id = raise_notice(platform, owner)
    [told] = [each for each in viewer.api("notices")["notices"] if each["id"] == notice_id]
    assert (told["provider"], told["kind"], told["sentence"], told["over"]) == ("QUICKBOOKS", "RECOVERED", WORKS, False)
    dismiss = f"{page_url}/api/notices/{notice_id}/dismiss"

    def post(visitor: Visitor, url: str) -> int:
        return visitor.browser.post(url, headers={"X-CSRF-Token": visitor.api("me")["csrf_token"]}).status_code

    assert post(viewer, dismiss) == 403
    assert post(owner, f"{page_url}/api/notices/999999999/dismiss") == 404
    assert post(owner, f"{page_url}/api/notices/x/dismiss") == 400
    assert post(owner, dismiss) == 200
    assert notice_id not in {each["id"] for each in owner.api("notices")["notices"]}
