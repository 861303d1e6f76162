"""Claiming and settling: the two commits around a write that cannot be taken back, for one record or for many."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from uuid import UUID, uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from ledgerport.events.v1 import record_pb2
from ledgerport_libs import metrics, telemetry
from ledgerport_libs.bus import OutgoingEvent, put_all
from ledgerport_libs.database import Database, Transaction
from qbo_writer.ledger_rows import Claim, Lease, LeaseLost, Outcome, Runnable, kind_to_proto, status_to_proto
from qbo_writer.posting.verdicts import Status

log = telemetry.logger("ledger")
Claimed = tuple[Runnable, Claim]
_CLAIM_COLUMNS = tuple(each.name for each in fields(Claim) if each.name not in ("tries", "age"))
_STORED_AS_JSON = ("expected", "covers", "applies")


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a record as it was at `revision`."""

    record: Runnable
    revision: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Stands:
    id: UUID
    status: str


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


async def hold_lease(tx: Transaction, lease: Lease) -> None:
    """In this transaction the company is ours, or LeaseLost."""
    held = await tx.value("lease_hold", business_id=lease.business_id, holder=lease.holder, fence=lease.fence)
    if held is None:
        raise LeaseLost(lease.business_id)


async def claim(db: Database, lease: Lease, claims: Sequence[Claimed]) -> list[Claimed]:
    """The first step, committed before anything is sent. Those that changed since they were planned are left out."""
    async with db.transaction() as tx:
        await hold_lease(tx, lease)
        ids, revisions = [record.id for record, _ in claims], [record.revision for record, _ in claims]
        unchanged = {row.id for row in await tx.all("lock_unchanged", _Id, ids=ids, revisions=revisions)}
        ours = [(record, each) for record, each in claims if record.id in unchanged]
        await tx.many("claim_add", [_claim_row(lease, each) for _, each in ours])
    return ours


def _claim_row(lease: Lease, claimed: Claim) -> dict[str, object]:
    row = {name: getattr(claimed, name) for name in _CLAIM_COLUMNS}
    stored = {name: json.dumps(row[name]) for name in _STORED_AS_JSON}
    return {"business_id": lease.business_id, **row, **stored}


async def settle(db: Database, lease: Lease, settlements: Sequence[Settlement]) -> None:
    """The third step: records, documents, attempts and events in one transaction, and whatever waited goes on."""
    outcomes = [each.outcome for each in settlements]
    ids = [each.record.id for each in settlements]
    async with db.transaction() as tx:
        await hold_lease(tx, lease)
        await tx.run("lock_records", ids=ids)
        await tx.many("document_put", [outcome.document for outcome in outcomes if outcome.document is not None])
        await tx.run("claims_drop", ids=ids)
        rows = await tx.all(
            "settle",
            _Stands,
            ids=ids,
            revisions=[each.revision for each in settlements],
            statuses=[(Status.PENDING if outcome.more else outcome.status).value for outcome in outcomes],
            reasons=[outcome.reason for outcome in outcomes],
            sentences=[outcome.sentence for outcome in outcomes],
            waits_for=[outcome.waits_for for outcome in outcomes],
        )
        await tx.many("spawn_record", [row for outcome in outcomes for row in outcome.spawn])
        if made := [each.record.id for each in settlements if each.outcome.document is not None]:
            await tx.run("wake_waiting", ids=made)
        stands = {row.id: Status(row.status) for row in rows}
        told = [(each.record, each.outcome, stands[each.record.id]) for each in settlements]
        await _tell(tx, told)
    _count(told)


async def retry_later(
    db: Database, lease: Lease, tries: Sequence[tuple[Runnable, Outcome]], seconds: Mapping[UUID, float]
) -> None:
    """Nothing is known or nothing was done: the claim stays, the record stays pending, the attempt is on record."""
    async with db.transaction() as tx:
        await hold_lease(tx, lease)
        await tx.run("lock_records", ids=[record.id for record, _ in tries])
        await tx.run("claims_tried", ids=[record.id for record, _ in tries])
        await tx.many(
            "retry_later",
            [
                {
                    "record_id": record.id,
                    "seconds": seconds[record.id],
                    "reason": outcome.reason,
                    "sentence": outcome.sentence,
                }
                for record, outcome in tries
            ],
        )
        told = [(record, outcome, Status.PENDING) for record, outcome in tries]
        await _tell(tx, told)
    _count(told)


async def wait_out(db: Database, lease: Lease, record: Runnable, seconds: float) -> None:
    """Nothing is tried for so long; that is no failure."""
    async with db.transaction() as tx:
        await hold_lease(tx, lease)
        await tx.run("wait_out", record_id=record.id, seconds=seconds)


async def drop_claims(db: Database, lease: Lease, records: Sequence[Runnable]) -> None:
    """QuickBooks surely made nothing of these: they are planned anew."""
    async with db.transaction() as tx:
        await hold_lease(tx, lease)
        await tx.run("claims_drop", ids=[record.id for record in records])


async def _tell(tx: Transaction, told: Sequence[tuple[Runnable, Outcome, Status]]) -> None:
    """To the audit log and, in the outbox, to those who listen."""
    await tx.many("attempt_add", [_attempt_row(record, outcome) for record, outcome, _ in told if outcome.audited])
    await put_all(tx, [_event(record, outcome, status) for record, outcome, status in told])


def _count(told: Sequence[tuple[Runnable, Outcome, Status]]) -> None:
    """For operators: a metric by reason, and a log line for each record that did not simply get there."""
    for record, outcome, status in told:
        metrics.settled(record.kind, status.value, outcome.reason)
        say = log.debug if status is Status.SYNCED else log.info
        say(
            "record_settled",
            business=record.business_id,
            record=str(record.id),
            kind=record.kind,
            status=status.value,
            reason=outcome.reason,
        )


def _attempt_row(record: Runnable, outcome: Outcome) -> dict[str, object]:
    return {
        "id": uuid4(),
        "business_id": record.business_id,
        "record_id": record.id,
        "operation": outcome.operation,
        "outcome": outcome.status.value,
        "entity": outcome.entity,
        "qbo_id": outcome.qbo_id,
        "number": outcome.number,
        "reason": outcome.reason,
        "sentence": outcome.sentence,
        "cause": outcome.cause,
        "cure": outcome.cure,
        "request": outcome.request,
        "response": outcome.response,
        "http_status": outcome.http_status,
        "intuit_tid": outcome.intuit_tid,
        "trace_id": outcome.trace_id,
        "duration_ms": outcome.duration_ms,
    }


def _event(record: Runnable, outcome: Outcome, status: Status) -> OutgoingEvent:
    event_id = str(uuid4())
    document = f"{outcome.entity} {outcome.number or outcome.qbo_id}".strip() if outcome.qbo_id else ""
    now = Timestamp()
    now.GetCurrentTime()
    event = record_pb2.RecordEvent(
        event_id=event_id,
        business_id=record.business_id,
        record_id=str(record.id),
        kind=kind_to_proto(record.kind),
        status=status_to_proto(status),
        reference=record.reference,
        reason=outcome.reason,
        sentence=outcome.sentence,
        document=document,
        total=outcome.total,
        at=now,
    )
    return OutgoingEvent(event_id, f"records.v1.{record.business_id}.{status.value}", event.SerializeToString())
