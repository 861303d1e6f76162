"""Connecting a store: what Shopify signed, the store that was asked for, and one Business a store."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from auth.issuing import NotConnected, ReconnectNeeded
from auth.shop_callback import parameters_of, signature_of
from ledgerport.auth.v1 import credentials_pb2 as pb
from ledgerport.events.v1 import auth_pb2
from ledgerport_libs.errors import AppError
from ledgerport_libs.identity import Person
from tests.auth_office import Office

SHOP, OTHER = "northwind-outfitters.myshopify.com", "harbour-lane.myshopify.com"


async def reason_of(awaitable: Any) -> str:
    with pytest.raises(AppError) as refused:
        await awaitable
    return refused.value.reason


async def installed(office: Office, person: Person, shop: str = SHOP) -> str:
    url = await office.desks.shopify_connecting.start(person, person.session_id, shop)
    return office.shopify.install(url)


async def finish(office: Office, person: Person, query: str) -> Any:
    return await office.desks.shopify_connecting.finish(person, person.session_id, query)


def resigned(office: Office, query: str, **changes: str) -> str:
    """The query with changes, signed as Shopify would sign it."""
    parameters = {**(parameters_of(query) or {}), **changes}
    secret = office.settings.shopify_client_secret.get_secret_value()
    return urlencode({**parameters, "hmac": signature_of(parameters, secret)})


async def test_a_consent_connects_the_store_and_tells_its_zone_and_currency(office: Office) -> None:
    owner = await office.owner()
    done = await finish(office, owner, await installed(office, owner))
    assert (done.domain, done.name, done.business_id) == (SHOP, "Northwind Outfitters", owner.business_id)
    payload = office.rows("SELECT payload FROM outbox")[0][0]
    told = auth_pb2.CredentialEvent.FromString(payload).connected
    assert told.account_id.startswith("gid://shopify/Shop/")
    assert (told.currency, told.shop_domain) == ("USD", SHOP)
    assert told.store_zone
    issued = await office.desks.issuing.issue(owner.business_id, "shopify")
    assert issued.account == SHOP


async def test_a_forged_or_changed_callback_is_refused(office: Office) -> None:
    owner = await office.owner()
    for spoil in ("&x=1", "0"):
        query = await installed(office, owner) + spoil
        assert await reason_of(finish(office, owner, query)) in ("BAD_SIGNATURE", "STATE_MISMATCH")
    unsigned = {k: v for k, v in (parameters_of(await installed(office, owner)) or {}).items() if k != "hmac"}
    assert await reason_of(finish(office, owner, urlencode(unsigned))) == "BAD_SIGNATURE"
    for nonsense in ("", "a=b", "%ff=%ff", "x" * 9000):
        assert await reason_of(finish(office, owner, nonsense)) == "STATE_MISMATCH"
    assert office.rows("SELECT 1 FROM credential") == []


async def test_a_signed_callback_of_another_store_is_refused(office: Office) -> None:
    owner = await office.owner()
    query = resigned(office, await installed(office, owner), shop=OTHER)
    assert await reason_of(finish(office, owner, query)) == "WRONG_SHOP"


async def test_a_stale_callback_is_refused(office: Office) -> None:
    owner = await office.owner()
    query = resigned(office, await installed(office, owner), timestamp="1700000000")
    assert await reason_of(finish(office, owner, query)) == "STALE_CALLBACK"


async def test_a_callback_without_a_code_means_denied_and_a_wrong_code_is_refused(office: Office) -> None:
    owner = await office.owner()
    assert await reason_of(finish(office, owner, resigned(office, await installed(office, owner), code=""))) == (
        "ACCESS_DENIED"
    )
    assert await reason_of(finish(office, owner, resigned(office, await installed(office, owner), code="x"))) == (
        "EXCHANGE_FAILED"
    )


async def test_fewer_scopes_than_asked_for_are_named(office: Office) -> None:
    owner = await office.owner()
    url = await office.desks.shopify_connecting.start(owner, owner.session_id, SHOP)
    query = office.shopify.install(url.replace("read_locations", "read_orders"))
    with pytest.raises(AppError, match="read_locations") as refused:
        await finish(office, owner, query)
    assert refused.value.reason == "SCOPES_MISSING"


async def test_a_store_belongs_to_one_business_at_a_time(office: Office, second_office: Office) -> None:
    owner, second = await office.owner(), await office.owner("Second")
    late = await installed(office, second)
    await finish(office, owner, await installed(office, owner))
    assert await reason_of(finish(second_office, second, late)) == "SHOP_CONNECTED_ELSEWHERE"
    assert await reason_of(installed(office, second)) == "SHOP_CONNECTED_ELSEWHERE"
    await office.desks.revoking.revoke(owner.business_id, "shopify", owner.email, datetime.now(UTC))
    assert (await finish(office, second, await installed(office, second))).domain == SHOP


async def test_two_businesses_at_once_for_one_store_connect_one(office: Office, second_office: Office) -> None:
    owner, second = await office.owner(), await office.owner("Second")
    one, two = await installed(office, owner), await installed(office, second)
    outcomes = await asyncio.gather(
        finish(office, owner, one), finish(second_office, second, two), return_exceptions=True
    )
    assert [each.reason for each in outcomes if isinstance(each, AppError)] == ["SHOP_CONNECTED_ELSEWHERE"]


async def test_another_store_needs_a_disconnect_first(office: Office) -> None:
    owner = await office.owner()
    await finish(office, owner, await installed(office, owner))
    assert await reason_of(installed(office, owner, OTHER)) == "SHOP_ALREADY_CONNECTED"


async def test_an_expired_token_is_refreshed_and_a_killed_one_asks_for_a_person(office: Office) -> None:
    owner = await office.owner()
    await finish(office, owner, await installed(office, owner))
    expire = "UPDATE credential SET expires_at = now(), issued_at = now() - interval '1 hour'"
    for version in (2, 3):
        office.change(expire)
        assert (await office.desks.issuing.issue(owner.business_id, "shopify")).version == version
    office.change(expire)
    client = office.settings.shopify_client_id
    office.shopify.post("tokens", shop=SHOP, client_id=client, kill="all")
    with pytest.raises(ReconnectNeeded):
        await office.desks.issuing.issue(owner.business_id, "shopify")
    assert office.events()[-1] == "refused"


async def test_an_uninstall_is_believed_unless_it_is_older_than_the_last_connect(office: Office) -> None:
    owner = await office.owner()
    await finish(office, owner, await installed(office, owner))
    await office.desks.health.uninstalled(owner.business_id, datetime.now(UTC) - timedelta(hours=1))
    assert office.events() == ["connected"]
    await office.desks.health.uninstalled(owner.business_id, datetime.now(UTC))
    await office.desks.health.uninstalled(owner.business_id, datetime.now(UTC))
    assert office.events() == ["connected", "revoked"]
    payload = office.rows("SELECT payload FROM outbox ORDER BY id DESC")[0][0]
    assert auth_pb2.CredentialEvent.FromString(payload).revoked.reason == "STORE_UNINSTALLED"
    assert office.rows("SELECT state, access_sealed, refresh_sealed FROM credential") == [("revoked", None, None)]
    assert (await office.desks.health.probe(owner.business_id, "shopify")).outcome == pb.PROBE_OUTCOME_NOT_CONNECTED


async def test_an_uninstall_is_believed_also_after_the_store_refused_us(office: Office) -> None:
    owner = await office.owner()
    await finish(office, owner, await installed(office, owner))
    office.shopify.post("uninstall", shop=SHOP, client_id=office.settings.shopify_client_id)
    await office.desks.health.probe(owner.business_id, "shopify")
    await office.desks.health.uninstalled(owner.business_id, datetime.now(UTC))
    assert office.events() == ["connected", "refused", "revoked"]


async def test_a_late_uninstall_after_a_reinstall_changes_nothing(office: Office) -> None:
    owner = await office.owner()
    await finish(office, owner, await installed(office, owner))
    removed = datetime.now(UTC)
    office.shopify.post("uninstall", shop=SHOP, client_id=office.settings.shopify_client_id)
    await finish(office, owner, await installed(office, owner))
    await office.desks.health.uninstalled(owner.business_id, removed)
    assert office.events() == ["connected", "connected"]
    assert (await office.desks.health.probe(owner.business_id, "shopify")).outcome == pb.PROBE_OUTCOME_GOOD


async def test_what_was_never_connected_says_so(office: Office) -> None:
    owner = await office.owner()
    with pytest.raises(NotConnected):
        await office.desks.issuing.issue(owner.business_id, "shopify")
    probe = await office.desks.health.probe(owner.business_id, "quickbooks")
    assert probe.outcome == pb.PROBE_OUTCOME_NOT_CONNECTED
