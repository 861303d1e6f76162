"""What connections makes of events, however often and in whatever order they come."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connections import moves
from connections.gates import Gates
from connections.hearing import Hearing
from connections.moves import Status
from connections.probing import Probing
from connections.register import Register
from connections.settings import Settings
from ledgerport.auth.v1 import credentials_pb2 as auth_pb
from ledgerport.common.v1 import provider_pb2
from ledgerport.events.v1 import auth_pb2, connection_pb2, record_pb2
from ledgerport_libs.bus import BadEvent, IncomingEvent
from ledgerport_libs.database import Database

BUSINESS = "business-1"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def said(version: int, **what: object) -> IncomingEvent:
    event = auth_pb2.CredentialEvent(
        event_id=f"e{version}",
        business_id=BUSINESS,
        provider=provider_pb2.PROVIDER_QUICKBOOKS,
        version=version,
        **what,  # type: ignore[arg-type]
    )
    event.at.FromDatetime(AT + timedelta(minutes=version))
    return IncomingEvent(event.event_id, "auth.v1.x.quickbooks", event.SerializeToString(), "")


def connected(version: int) -> IncomingEvent:
    return said(
        version, connected=auth_pb2.Connected(account_id="93", account_name="Craig's", connected_by="o@example.test")
    )


def refused(version: int) -> IncomingEvent:
    return said(version, refused=auth_pb2.Refused(reason="INVALID_GRANT", explanation="Please reconnect."))


async def status_of(register: Register) -> tuple[Status, str]:
    row = await register.read(BUSINESS, "quickbooks")
    return Status(row.status), row.reason


async def test_a_life_of_events_moves_the_connection(hearing: Hearing, register: Register) -> None:
    for event, expected in (
        (connected(1), (Status.CONNECTED, "")),
        (said(2, refreshed=auth_pb2.Refreshed()), (Status.CONNECTED, "")),
        (refused(3), (Status.UNHEALTHY, "INVALID_GRANT")),
        (connected(4), (Status.CONNECTED, "")),
        (said(5, revoked=auth_pb2.Revoked(by="o@example.test")), (Status.DISCONNECTED, "")),
    ):
        await hearing.credentials([event])
        assert await status_of(register) == expected


async def test_an_old_or_repeated_event_changes_nothing(hearing: Hearing, register: Register, db: Database) -> None:
    await hearing.credentials([connected(3), connected(3), refused(2), refused(1)])
    assert await status_of(register) == (Status.CONNECTED, "")
    assert await db.value("outbox_waiting") == 1


async def test_an_event_that_cannot_be_read_is_a_bad_event(hearing: Hearing) -> None:
    for payload in (b"\xff\xff", b""):
        with pytest.raises(BadEvent):
            await hearing.credentials([IncomingEvent("x", "auth.v1.x.y", payload, "")])


async def test_each_move_is_told_with_its_sentence_and_kept_as_history(
    hearing: Hearing, register: Register, db: Database
) -> None:
    await hearing.credentials([connected(1)])
    async with db.transaction() as tx:
        cursor = await tx._connection.execute("SELECT subject, payload FROM outbox")
        subject, payload = (await cursor.fetchall())[0]
    event = connection_pb2.ConnectionEvent.FromString(payload)
    assert subject == f"connections.v1.{BUSINESS}.quickbooks"
    assert (event.version, event.sentence) == (1, "QuickBooks was connected to Craig's by o@example.test.")


async def test_a_pause_survives_disconnect_and_reconnect(hearing: Hearing, register: Register, gates: Gates) -> None:
    await register.move(BUSINESS, "quickbooks", lambda row: moves.pause(row.state, "o", row.read_at))
    await hearing.credentials([connected(1), said(2, revoked=auth_pb2.Revoked(by="o")), connected(3)])
    assert (await register.read(BUSINESS, "quickbooks")).paused
    assert [gate.reason for gate in (await gates.after(0))[0]] == ["PAUSED"]


async def test_moves_at_once_are_all_made_one_after_another(register: Register, hearing: Hearing) -> None:
    await hearing.credentials([connected(1)])
    pausing = (
        register.move(BUSINESS, "quickbooks", lambda row: moves.pause(row.state, "o", row.read_at)) for _ in range(6)
    )
    resuming = (register.move(BUSINESS, "quickbooks", lambda row: moves.resume(row.state, "o")) for _ in range(6))
    await asyncio.gather(*pausing, *resuming)
    row = await register.read(BUSINESS, "quickbooks")
    assert row.status == Status.CONNECTED


async def test_gates_tell_only_what_changed_since(hearing: Hearing, register: Register, gates: Gates) -> None:
    assert await gates.after(0) == ([], 0)
    await hearing.credentials([connected(1)])
    changed, version = await gates.after(0)
    assert [(gate.business_id, gate.reason) for gate in changed] == [(BUSINESS, "")]
    assert await gates.after(version) == ([], version)
    await hearing.credentials([refused(2)])
    assert [gate.reason for gate in (await gates.after(version))[0]] == ["UNHEALTHY"]
    everything, _ = await gates.after(10_000)
    assert len(everything) == 1


async def test_the_shopify_connection_plays_no_part_in_the_gate(register: Register, gates: Gates) -> None:
    account = moves.Account("gid", "Store", "s.myshopify.com", "o", "", None)
    await register.move(BUSINESS, "shopify", lambda row: moves.connect(row.state, account, AT))
    assert await gates.after(0) == ([], 0)


async def test_the_newest_write_is_kept_of_many_outcomes(hearing: Hearing, register: Register) -> None:
    await register.both(BUSINESS)
    events = []
    for minutes in (3, 9, 1):
        event = record_pb2.RecordEvent(business_id=BUSINESS, status=record_pb2.RECORD_STATUS_SYNCED)
        event.at.FromDatetime(AT + timedelta(minutes=minutes))
        events.append(IncomingEvent("r", "records.v1.x.synced", event.SerializeToString(), ""))
    await hearing.records(events)
    await hearing.records(events[2:])
    assert (await register.read(BUSINESS, "quickbooks")).last_write_at == AT + timedelta(minutes=9)


async def test_a_passing_outage_is_no_illness_and_a_long_one_heals_by_itself(
    hearing: Hearing, register: Register, db: Database, settings: Settings
) -> None:
    probing = Probing(db, register, None, settings)  # type: ignore[arg-type] # what it hears is given here
    await hearing.credentials([connected(1)])
    await probing.heard(BUSINESS, "quickbooks", auth_pb.PROBE_OUTCOME_UNREACHABLE, "")
    assert await status_of(register) == (Status.CONNECTED, "")
    async with db.transaction() as tx:
        await tx._connection.execute("UPDATE connection SET unreachable_since = now() - interval '31 minutes'")
    await probing.heard(BUSINESS, "quickbooks", auth_pb.PROBE_OUTCOME_UNREACHABLE, "")
    assert await status_of(register) == (Status.UNHEALTHY, moves.UNREACHABLE)
    await probing.heard(BUSINESS, "quickbooks", auth_pb.PROBE_OUTCOME_GOOD, "")
    assert await status_of(register) == (Status.CONNECTED, "")
    await probing.heard(BUSINESS, "quickbooks", auth_pb.PROBE_OUTCOME_SUSPENDED, "Renew it.")
    assert await status_of(register) == (Status.UNHEALTHY, moves.COMPANY_SUSPENDED)
    await probing.heard(BUSINESS, "quickbooks", auth_pb.PROBE_OUTCOME_REFUSED, "Reconnect.")
    assert await status_of(register) == (Status.UNHEALTHY, "ACCESS_REVOKED")
    await probing.heard(BUSINESS, "quickbooks", auth_pb.PROBE_OUTCOME_GOOD, "")
    assert await status_of(register) == (Status.UNHEALTHY, "ACCESS_REVOKED")


@pytest.fixture
def settings() -> Settings:
    return Settings.model_construct(outage_seconds=1800.0)
