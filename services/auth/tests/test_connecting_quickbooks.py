"""Connecting QuickBooks: every check of the callback, and the binding that nothing changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from ledgerport.common.v1 import access_pb2
from ledgerport_libs.errors import AppError
from tests.auth_office import CRAIG, HARBOR, PASSWORD, Office


async def reason_of(awaitable: Any) -> str:
    with pytest.raises(AppError) as refused:
        await awaitable
    return refused.value.reason


def nothing_is_stored(office: Office) -> bool:
    return office.rows("SELECT 1 FROM binding UNION ALL SELECT 1 FROM credential UNION ALL SELECT 1 FROM outbox") == []


async def test_a_consent_binds_the_company_and_keeps_its_tokens(office: Office) -> None:
    owner = await office.owner()
    done = await office.connected(owner)
    assert (done.realm_id, done.newly_bound, done.business_id) == (CRAIG, True, owner.business_id)
    assert done.company_name == "Craig's Design and Landscaping Services"
    assert office.events() == ["connected"]
    issued = await office.desks.issuing.issue(owner.business_id, "quickbooks")
    assert (issued.account, issued.version) == (CRAIG, 1)


async def test_an_absent_unknown_or_expired_state_is_refused(office: Office) -> None:
    owner = await office.owner()
    whole = await office.authorized(owner)
    for state in ("", "x" * 43, "x" * 5000):
        assert await reason_of(office.desks.quickbooks.finish(owner, replace(whole, state=state))) == "STATE_MISMATCH"
    office.change("UPDATE oauth_state SET expires_at = now()")
    assert await reason_of(office.desks.quickbooks.finish(owner, whole)) == "STATE_MISMATCH"
    assert nothing_is_stored(office)


async def test_a_state_shown_by_another_session_is_refused_and_spent(office: Office) -> None:
    owner, stranger = await office.owner(), await office.owner("Eve")
    whole = await office.authorized(owner)
    stolen = replace(whole, session_id=stranger.session_id)
    assert await reason_of(office.desks.quickbooks.finish(stranger, stolen)) == "STATE_MISMATCH"
    assert await reason_of(office.desks.quickbooks.finish(owner, whole)) == "STATE_MISMATCH"
    assert nothing_is_stored(office)


async def test_another_sessions_id_cannot_be_borrowed(office: Office) -> None:
    owner = await office.owner()
    whole = await office.authorized(owner)
    other = replace(owner, session_id="another session of the same person")
    assert await reason_of(office.desks.quickbooks.finish(other, whole)) == "STATE_MISMATCH"
    assert await reason_of(office.desks.quickbooks.start(owner, "someone else's")) == "STATE_MISMATCH"


async def test_a_state_of_the_other_provider_is_refused(office: Office) -> None:
    owner = await office.owner()
    state = await office.desks.states.start(owner, owner.session_id, "shopify", "a.myshopify.com")
    whole = await office.authorized(owner, state=state)
    assert await reason_of(office.desks.quickbooks.finish(owner, whole)) == "STATE_MISMATCH"


async def test_a_replayed_callback_changes_nothing_and_harms_nothing(office: Office) -> None:
    owner = await office.owner()
    whole = await office.authorized(owner)
    await office.desks.quickbooks.finish(owner, whole)
    assert await reason_of(office.desks.quickbooks.finish(owner, whole)) == "STATE_MISMATCH"
    probe = await office.desks.health.probe(owner.business_id, "quickbooks")
    assert probe.explanation == ""


async def test_a_replayed_code_under_a_fresh_state_is_refused_by_intuit(office: Office) -> None:
    owner = await office.owner()
    first = await office.authorized(owner)
    await office.desks.quickbooks.finish(owner, first)
    again = await office.authorized(owner, code=first.code)
    assert await reason_of(office.desks.quickbooks.finish(owner, again)) == "EXCHANGE_FAILED"
    assert office.rows("SELECT version, state FROM credential") == [(1, "active")]


async def test_a_cancel_at_intuit_is_told_as_such_and_spends_the_state(office: Office) -> None:
    owner = await office.owner()
    url = await office.desks.quickbooks.start(owner, owner.session_id)
    back = office.intuit.consent(url, CRAIG, action="cancel")
    whole = await office.authorized(owner, state=back["state"], error=back["error"], code="", realm_id="")
    assert await reason_of(office.desks.quickbooks.finish(owner, whole)) == "ACCESS_DENIED"
    assert await reason_of(office.desks.quickbooks.finish(owner, whole)) == "STATE_MISMATCH"
    assert nothing_is_stored(office)


async def test_any_other_error_is_a_providers_error(office: Office) -> None:
    owner = await office.owner()
    whole = await office.authorized(owner, error="invalid_scope", error_description="The scope is off.\n<b>")
    with pytest.raises(AppError, match="invalid_scope") as refused:
        await office.desks.quickbooks.finish(owner, whole)
    assert refused.value.reason == "PROVIDER_ERROR"
    assert "\n" not in refused.value.say


@pytest.mark.parametrize("realm", ["", "12a", "1" * 21, "../admin", "١٢٣"])
async def test_a_callback_without_a_real_realm_is_refused(office: Office, realm: str) -> None:
    owner = await office.owner()
    whole = await office.authorized(owner, realm_id=realm)
    assert await reason_of(office.desks.quickbooks.finish(owner, whole)) == "REALM_MISSING"
    assert nothing_is_stored(office)


async def test_a_tampered_realm_is_not_proved_and_nothing_is_stored(office: Office) -> None:
    owner = await office.owner()
    whole = await office.authorized(owner, CRAIG, realm_id=HARBOR)
    assert await reason_of(office.desks.quickbooks.finish(owner, whole)) == "REALM_NOT_PROVED"
    assert nothing_is_stored(office)
    assert (await office.connected(owner, CRAIG)).newly_bound


async def test_another_company_at_reconnect_is_refused_before_its_code_is_used(office: Office) -> None:
    owner = await office.owner()
    await office.connected(owner)
    before = office.intuit.calls("tokens/bearer")
    whole = await office.authorized(owner, HARBOR)
    with pytest.raises(AppError, match="came back with") as refused:
        await office.desks.quickbooks.finish(owner, whole)
    assert refused.value.reason == "WRONG_COMPANY"
    assert "Craig's Design" in refused.value.say
    assert HARBOR in refused.value.say
    assert office.intuit.calls("tokens/bearer") == before
    assert (await office.desks.health.probe(owner.business_id, "quickbooks")).explanation == ""


async def test_another_company_at_reconnect_that_calls_itself_the_bound_one_is_not_proved(office: Office) -> None:
    owner = await office.owner()
    await office.connected(owner)
    whole = await office.authorized(owner, HARBOR, realm_id=CRAIG)
    assert await reason_of(office.desks.quickbooks.finish(owner, whole)) == "REALM_NOT_PROVED"
    assert office.rows("SELECT account, version, state FROM credential") == [(CRAIG, 1, "active")]
    assert (await office.desks.health.probe(owner.business_id, "quickbooks")).explanation == ""


async def test_of_two_tabs_that_chose_two_companies_the_first_to_come_back_binds(office: Office) -> None:
    owner = await office.owner()
    one, two = await office.authorized(owner, CRAIG), await office.authorized(owner, HARBOR)
    assert (await office.desks.quickbooks.finish(owner, two)).realm_id == HARBOR
    assert await reason_of(office.desks.quickbooks.finish(owner, one)) == "WRONG_COMPANY"
    assert office.rows("SELECT realm_id FROM binding") == [(HARBOR,)]


async def test_a_code_of_someone_elses_consent_connects_nothing_of_theirs(office: Office) -> None:
    owner, stranger = await office.owner(), await office.owner("Eve")
    theirs = await office.authorized(owner, CRAIG)
    planted = await office.authorized(stranger, HARBOR, code=theirs.code)
    assert await reason_of(office.desks.quickbooks.finish(stranger, planted)) == "REALM_NOT_PROVED"
    assert nothing_is_stored(office)


async def test_a_disconnect_does_not_free_the_company_for_another_business_or_the_business_for_another_company(
    office: Office,
) -> None:
    owner, second = await office.owner(), await office.owner("Second")
    await office.connected(owner)
    await office.desks.revoking.revoke(owner.business_id, "quickbooks", owner.email, datetime.now(UTC))
    assert await reason_of(office.connected(second, CRAIG)) == "COMPANY_BOUND_ELSEWHERE"
    assert await reason_of(office.connected(owner, HARBOR)) == "WRONG_COMPANY"
    assert office.rows("SELECT business_id, realm_id FROM binding") == [(owner.business_id, CRAIG)]


async def test_a_second_business_cannot_take_a_bound_company(office: Office) -> None:
    owner, second = await office.owner(), await office.owner("Second")
    await office.connected(owner)
    assert await reason_of(office.connected(second)) == "COMPANY_BOUND_ELSEWHERE"
    assert (await office.desks.health.probe(owner.business_id, "quickbooks")).explanation == ""
    assert office.rows("SELECT business_id FROM binding") == [(owner.business_id,)]


async def test_a_reconnect_to_the_bound_company_renews_the_tokens(office: Office) -> None:
    owner = await office.owner()
    await office.connected(owner)
    again = await office.connected(owner)
    assert not again.newly_bound
    assert office.rows("SELECT version, state FROM credential") == [(2, "active")]


async def test_two_callbacks_at_once_for_two_companies_bind_one(office: Office, second_office: Office) -> None:
    owner = await office.owner()
    one, two = await office.authorized(owner, CRAIG), await office.authorized(owner, HARBOR)
    outcomes = await asyncio.gather(
        office.desks.quickbooks.finish(owner, one),
        second_office.desks.quickbooks.finish(owner, two),
        return_exceptions=True,
    )
    refused = [each for each in outcomes if isinstance(each, AppError)]
    assert [each.reason for each in refused] == ["WRONG_COMPANY"]
    bound = office.rows("SELECT realm_id FROM binding")
    assert office.rows("SELECT account FROM credential") == bound
    assert (await office.desks.health.probe(owner.business_id, "quickbooks")).explanation == ""


async def test_two_businesses_at_once_for_one_company_bind_one(office: Office, second_office: Office) -> None:
    owner, second = await office.owner(), await office.owner("Second")
    one, two = await office.authorized(owner), await office.authorized(second)
    outcomes = await asyncio.gather(
        office.desks.quickbooks.finish(owner, one),
        second_office.desks.quickbooks.finish(second, two),
        return_exceptions=True,
    )
    refused = [each for each in outcomes if isinstance(each, AppError)]
    assert [each.reason for each in refused] == ["COMPANY_BOUND_ELSEWHERE"]
    winner = owner if isinstance(outcomes[0], BaseException) is False else second
    assert office.rows("SELECT business_id FROM binding") == [(winner.business_id,)]
    assert (await office.desks.health.probe(winner.business_id, "quickbooks")).explanation == ""


async def test_one_callback_shown_twice_at_once_is_used_once(office: Office, second_office: Office) -> None:
    owner = await office.owner()
    whole = await office.authorized(owner)
    outcomes = await asyncio.gather(
        *(each.desks.quickbooks.finish(owner, whole) for each in (office, second_office)), return_exceptions=True
    )
    assert [each.reason for each in outcomes if isinstance(each, AppError)] == ["STATE_MISMATCH"]
    assert (await office.desks.health.probe(owner.business_id, "quickbooks")).explanation == ""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE binding SET realm_id = '1'",
        "UPDATE binding SET company_name = company_name",
        "DELETE FROM binding",
        "TRUNCATE binding CASCADE",
        "INSERT INTO binding SELECT business_id, '2', 'x', 'x' FROM binding "
        "ON CONFLICT (business_id) DO UPDATE SET realm_id = EXCLUDED.realm_id",
        "SET session_replication_role = replica; DELETE FROM binding",
    ],
)
async def test_the_binding_refuses_change_by_hand(office: Office, statement: str) -> None:
    await office.connected(await office.owner())
    with pytest.raises(psycopg.errors.RestrictViolation, match="permanent"):
        office.change(statement)


async def test_tokens_of_an_unbound_company_cannot_be_kept(office: Office) -> None:
    await office.connected(await office.owner())
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        office.rows("UPDATE credential SET account = %s RETURNING 1", HARBOR)


async def test_only_an_admin_may_connect_also_when_the_role_was_lost_on_the_way(office: Office) -> None:
    owner = await office.owner()
    invited = await office.desks.members.invite(owner, "admin@example.test", access_pb2.ROLE_ADMIN)
    ticket = await office.desks.people.sign_up("admin@example.test", PASSWORD, "Ada", "", invited.token)
    admin = await office.person(ticket.token)
    whole = await office.authorized(admin)
    office.rows("UPDATE membership SET role = 1 WHERE person_id = %s RETURNING 1", admin.user_id)
    assert await reason_of(office.desks.quickbooks.finish(admin, whole)) == "NOT_ALLOWED"
    assert await reason_of(office.desks.quickbooks.start(admin, admin.session_id)) == "NOT_ALLOWED"
    assert nothing_is_stored(office)


async def test_quickbooks_away_at_the_proof_leaves_nothing_behind(office: Office) -> None:
    owner = await office.owner()
    whole = await office.authorized(owner)
    office.intuit.fault("html_503", times=3)
    assert await reason_of(office.desks.quickbooks.finish(owner, whole)) == "PROVIDER_ERROR"
    assert nothing_is_stored(office)
