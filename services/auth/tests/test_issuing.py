"""Access tokens: one refresh at a time, nothing lost, nobody asked to sign in without need."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from auth.issuing import Issued, NotConnected, ReconnectNeeded
from auth.sealing import Place
from ledgerport.auth.v1 import credentials_pb2 as pb
from ledgerport_libs.errors import AppError, PassingTrouble
from ledgerport_libs.identity import Person
from tests.auth_office import CRAIG, Office, until

TOKEN_CALLS = "tokens/bearer"
EXPIRE = "UPDATE credential SET expires_at = now() - interval '1 second', issued_at = now() - interval '1 hour'"


async def eventually(ask: Callable[[], Awaitable[Issued]]) -> Issued:
    """Ask until it works, within the time that a lease and its waits can take."""
    for _ in range(100):
        try:
            return await ask()
        except PassingTrouble:
            await asyncio.sleep(0.1)
    raise AssertionError("it never worked")


@pytest.fixture
async def owner(office: Office) -> Person:
    person = await office.owner()
    await office.connected(person)
    office.intuit.calm()
    return person


async def issue(office: Office, person: Person, refused: int = 0) -> Issued:
    return await office.desks.issuing.issue(person.business_id, "quickbooks", refused)


async def test_a_living_token_is_handed_out_without_asking_intuit(office: Office, owner: Person) -> None:
    first, second = await issue(office, owner), await issue(office, owner)
    assert first == second
    assert office.intuit.calls(TOKEN_CALLS) == 0


async def test_twenty_callers_on_two_replicas_cause_one_refresh(
    office: Office, second_office: Office, owner: Person
) -> None:
    office.change(EXPIRE)
    office.intuit.fault("delay", surface="token", seconds=0.3)
    callers = (issue(each, owner) for _ in range(10) for each in (office, second_office))
    issued = await asyncio.gather(*callers)
    assert {each.version for each in issued} == {2}
    assert len({each.access_token for each in issued}) == 1
    assert office.intuit.calls(TOKEN_CALLS) == 1
    assert office.events() == ["connected", "refreshed"]


async def test_a_refused_token_is_replaced_once_for_all_who_report_it(office: Office, owner: Person) -> None:
    office.change("UPDATE credential SET issued_at = now() - interval '10 minutes'")
    office.intuit.tokens(CRAIG, "expire_access")
    issued = await asyncio.gather(*(issue(office, owner, refused=1) for _ in range(5)))
    assert {each.version for each in issued} == {2}
    assert office.intuit.calls(TOKEN_CALLS) == 1
    assert (await office.desks.health.probe(owner.business_id, "quickbooks")).outcome == pb.PROBE_OUTCOME_GOOD


async def test_a_refused_token_that_was_just_issued_and_works_is_handed_out_again(
    office: Office, owner: Person
) -> None:
    assert (await issue(office, owner, refused=1)).version == 1
    assert office.intuit.calls(TOKEN_CALLS) == 0


async def test_an_answer_that_got_lost_is_asked_for_again_with_the_same_token(office: Office, owner: Person) -> None:
    office.intuit.post("knobs", refresh_rotation_age=0)
    office.change(EXPIRE)
    office.intuit.fault("cut_after", surface="token")
    with pytest.raises(PassingTrouble):
        await issue(office, owner)
    assert (await eventually(lambda: issue(office, owner))).version == 2
    assert office.events() == ["connected", "refreshed"]


async def test_a_rotated_token_that_is_dead_at_once_is_survived_by_the_newest(office: Office, owner: Person) -> None:
    office.intuit.post("knobs", refresh_rotation_age=0, refresh_grace=0)
    for version in (2, 3, 4):
        office.change(EXPIRE)
        assert (await issue(office, owner)).version == version


async def test_the_replaced_refresh_token_is_tried_before_a_person_is_asked(office: Office, owner: Person) -> None:
    office.intuit.post("knobs", refresh_rotation_age=0)
    office.change(EXPIRE)
    await issue(office, owner)
    assert office.rows("SELECT count(*) FROM refresh_spare") == [(1,)]
    # The newest one never worked: what stands in the row is a token that Intuit does not know.
    spoiled = office.desks.issuing._vault._ring.seal("RT1-unknown", _refresh_place(owner))
    office.rows("UPDATE credential SET refresh_sealed = %s RETURNING 1", spoiled)
    office.change(EXPIRE)
    assert (await issue(office, owner)).version == 3
    assert "refused" not in office.events()


def _refresh_place(owner: Person) -> Place:
    return Place(owner.business_id, "quickbooks", "refresh")


async def test_a_dead_refresh_token_is_told_once_and_asks_for_a_reconnect(office: Office, owner: Person) -> None:
    office.change(EXPIRE)
    office.intuit.tokens(CRAIG, "disconnect")
    outcomes = await asyncio.gather(*(issue(office, owner) for _ in range(5)), return_exceptions=True)
    assert {type(each) for each in outcomes} == {ReconnectNeeded}
    assert {each.reason for each in outcomes if isinstance(each, AppError)} == {"RECONNECT_NEEDED"}
    assert office.events() == ["connected", "refused"]
    assert office.rows("SELECT state, reason FROM credential") == [("refused", "INVALID_GRANT")]
    assert not (await office.connected(owner)).newly_bound
    assert (await issue(office, owner)).version == 3


async def test_a_token_endpoint_in_trouble_marks_nobody(office: Office, owner: Person) -> None:
    office.change(EXPIRE)
    for answer in ("status_500", "html_503", "xml_429", "cut_before"):
        office.change("UPDATE credential SET refresh_not_before = NULL")
        office.intuit.fault(answer, surface="token")
        with pytest.raises(PassingTrouble):
            await issue(office, owner)
    assert office.events() == ["connected"]
    assert (await eventually(lambda: issue(office, owner))).version == 2


async def test_while_intuit_is_in_trouble_the_next_try_waits(office: Office, owner: Person) -> None:
    office.change(EXPIRE)
    office.intuit.fault("status_500", surface="token", times=50)
    for _ in range(10):
        with pytest.raises(PassingTrouble):
            await issue(office, owner)
    assert office.intuit.calls(TOKEN_CALLS) < 5


async def test_an_early_refresh_that_fails_leaves_the_living_token(office: Office, owner: Person) -> None:
    office.change("UPDATE credential SET expires_at = now() + interval '2 minutes'")
    office.intuit.fault("status_500", surface="token")
    assert (await issue(office, owner)).version == 1


async def test_a_holder_whose_lease_went_to_another_stores_nothing_but_keeps_its_token(
    office: Office, owner: Person
) -> None:
    office.intuit.post("knobs", refresh_rotation_age=0)
    office.change(EXPIRE)
    office.intuit.fault("delay", surface="token", seconds=0.5)
    late = asyncio.create_task(issue(office, owner))
    await until(lambda: office.rows("SELECT refresh_fence FROM credential") == [(1,)])
    office.change("UPDATE credential SET refresh_fence = refresh_fence + 1")
    assert (await late).version == 2
    assert office.rows("SELECT count(*) FROM refresh_spare") >= [(1,)]


async def test_access_ended_inside_quickbooks_is_found_by_a_probe(office: Office, owner: Person) -> None:
    office.intuit.tokens(CRAIG, "disconnect")
    probe = await office.desks.health.probe(owner.business_id, "quickbooks")
    assert probe.outcome == pb.PROBE_OUTCOME_REFUSED
    assert "reconnect QuickBooks" in probe.explanation
    assert office.events() == ["connected", "refused"]


async def test_a_probe_during_an_outage_says_unreachable_and_changes_nothing(office: Office, owner: Person) -> None:
    office.intuit.fault("html_503", times=5)
    probe = await office.desks.health.probe(owner.business_id, "quickbooks")
    assert probe.outcome == pb.PROBE_OUTCOME_UNREACHABLE
    assert office.events() == ["connected"]


async def test_revoking_erases_here_and_ends_access_at_intuit(office: Office, owner: Person) -> None:
    now = datetime.now(UTC)
    await office.desks.revoking.revoke(owner.business_id, "quickbooks", owner.email, now)
    await office.desks.revoking.revoke(owner.business_id, "quickbooks", owner.email, now)
    assert office.intuit.calls("tokens/revoke") == 1
    assert office.rows("SELECT state, access_sealed, refresh_sealed FROM credential") == [("revoked", None, None)]
    assert office.rows("SELECT count(*) FROM revocation") == [(0,)]
    assert office.events() == ["connected", "revoked"]
    with pytest.raises(NotConnected):
        await issue(office, owner)
    assert office.rows("SELECT realm_id FROM binding") == [(CRAIG,)]


async def test_a_late_order_to_revoke_leaves_a_newer_connection_alone(office: Office, owner: Person) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    await office.desks.revoking.revoke(owner.business_id, "quickbooks", owner.email, before)
    assert office.events() == ["connected"]


async def test_a_reconnect_drops_what_was_still_to_be_revoked(office: Office, owner: Person) -> None:
    office.desks.revoking._busy = 0.5
    discovery = office.desks.discovery
    known = await discovery.endpoints()
    discovery._endpoints = {**known, "revocation_endpoint": "http://127.0.0.1:9/revoke"}
    with pytest.raises(PassingTrouble):
        await office.desks.revoking.revoke(owner.business_id, "quickbooks", owner.email, datetime.now(UTC))
    assert office.rows("SELECT count(*) FROM revocation") == [(1,)]
    discovery._endpoints = known
    await office.connected(owner)
    assert office.rows("SELECT count(*) FROM revocation") == [(0,)]
    await office.desks.revoking.work_off()
    assert (await office.desks.health.probe(owner.business_id, "quickbooks")).outcome == pb.PROBE_OUTCOME_GOOD


async def test_a_revocation_that_failed_is_done_later(office: Office, owner: Person) -> None:
    discovery = office.desks.discovery
    known = await discovery.endpoints()
    discovery._endpoints = {**known, "revocation_endpoint": "http://127.0.0.1:9/revoke"}
    with pytest.raises(PassingTrouble):
        await office.desks.revoking.revoke(owner.business_id, "quickbooks", owner.email, datetime.now(UTC))
    discovery._endpoints = known
    office.change("UPDATE revocation SET not_before = now()")
    await office.desks.revoking.work_off()
    assert office.intuit.calls("tokens/revoke") == 1
    assert office.rows("SELECT count(*) FROM revocation") == [(0,)]


async def test_an_idle_credential_is_refreshed_in_time(office: Office, owner: Person) -> None:
    await office.desks.housekeeping()
    assert office.intuit.calls(TOKEN_CALLS) == 0
    office.change("UPDATE credential SET issued_at = now() - interval '21 days'")
    await office.desks.housekeeping()
    assert office.events() == ["connected", "refreshed"]


async def test_no_token_stands_in_the_database_in_plain(office: Office, owner: Person) -> None:
    office.change(EXPIRE)
    office.intuit.post("knobs", refresh_rotation_age=0)
    held = await office.desks.issuing.living(owner.business_id, "quickbooks")
    vault = office.desks.issuing._vault
    assert held.refresh_sealed is not None
    secrets = [
        vault.access_token(held),
        vault.refresh_token(owner.business_id, "quickbooks", held.refresh_sealed),
        (await issue(office, owner)).access_token,
    ]
    tables = office.rows("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    dump = b"".join(bytes(row[0]) for (table,) in tables for row in _dumped(office, table))
    assert CRAIG.encode() in dump
    for secret in secrets:
        assert secret.encode() not in dump
        assert secret.encode().hex().encode() not in dump


def _dumped(office: Office, table: str) -> list[tuple[bytes]]:
    return [(str(row).encode(),) for row in office.rows(f"SELECT t::text FROM {table} t")]  # noqa: S608
