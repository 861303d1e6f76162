"""The rows that delivery reads and writes, and the one place where a record is settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from ledgerport.common.v1 import money_pb2
from ledgerport.events.v1 import record_pb2
from ledgerport_libs.bus import OutgoingEvent
from ledgerport_libs.database import Database, Transaction
from qbo_writer.posting.posted import Applied, Posted, PostedDocument
from qbo_writer.posting.verdicts import Status


@dataclass(frozen=True, slots=True)
class Runnable:
    """A record that may be tried now."""

    id: UUID
    business_id: str
    kind: str
    source_id: str
    parent_id: UUID | None
    reference: str
    revision: int
    failures: int
    traceparent: str
    # A person pushed it by hand: no trigger holds it.
    pushed: bool
    # The entity as protobuf; for a payment and a refund, their order.
    payload: bytes

    @property
    def family(self) -> UUID:
        """The order that a payment or refund belongs to; for all else the record itself."""
        return self.parent_id or self.id


@dataclass(frozen=True, slots=True)
class Claim:
    """A write that was committed to be sent. While it stands, its outcome is not known to us."""

    record_id: UUID
    part: int
    operation: str
    entity: str
    # The document that an update or a void changes.
    qbo_id: str
    request_id: str
    body: bytes
    body_hash: bytes
    number: str
    txn_date: str
    expected: dict[str, Any]
    covers: dict[str, list[int]]
    applies: list[list[Any]]
    revision: int
    tries: int
    age: float


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """One document of an order, its payments or its refunds, as `posted_of` reads it."""

    kind: str
    source_id: str
    part: int
    entity: str
    qbo_id: str
    sync_token: str
    number: str
    total: int
    covers: dict[str, list[int]]
    applies: list[list[Any]]
    in_flight: bool
    voided: bool
    date: str
    tax_shifted: bool
    currency: str
    customer_id: str


async def posted_of(db: Database, record: Runnable) -> Posted:
    """What stands in QuickBooks for the record's family."""
    rows = await db.all("family_documents", FamilyRow, family=record.family, record_id=record.id)
    return Posted([posted_document(row) for row in rows])


def posted_document(row: FamilyRow) -> PostedDocument:
    """The row as posting reads it."""
    return PostedDocument(
        owner=(row.kind, row.source_id),
        part=row.part,
        entity=row.entity,
        qbo_id=row.qbo_id,
        sync_token=row.sync_token,
        number=row.number,
        total=row.total,
        covers={piece: tuple(cells) for piece, cells in row.covers.items()},
        applies=tuple(Applied(entity, qbo_id, amount) for entity, qbo_id, amount in row.applies),
        in_flight=row.in_flight,
        voided=row.voided,
        date=row.date,
        tax_shifted=row.tax_shifted,
        currency=row.currency,
        customer_id=row.customer_id,
    )


@dataclass(frozen=True, slots=True)
class Lease:
    """Our hold on one company."""

    business_id: str
    holder: str
    fence: int


class LeaseLost(Exception):
    """Another writer holds this company now: nothing of ours may be claimed or settled."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try ended, for the record, the audit log and those who listen."""

    status: Status
    operation: str
    reason: str = ""
    sentence: str = ""
    cause: str = ""
    cure: str = ""
    waits_for: UUID | None = None
    entity: str = ""
    qbo_id: str = ""
    number: str = ""
    request: str = ""
    response: str = ""
    http_status: int = 0
    intuit_tid: str = ""
    trace_id: str = ""
    duration_ms: int = 0
    total: money_pb2.Money | None = None
    # A row for `document`, where something stands in QuickBooks now.
    document: Mapping[str, object] | None = None
    # Rows of records that are put in line in the same commit.
    spawn: tuple[Mapping[str, object], ...] = ()
    audited: bool = True
    # More documents of this record are to be booked: it goes on as pending.
    more: bool = False


async def hold_lease(tx: Transaction, lease: Lease) -> None:
    """In this transaction the company is ours, or LeaseLost."""
    held = await tx.value("lease_hold", business_id=lease.business_id, holder=lease.holder, fence=lease.fence)
    if held is None:
        raise LeaseLost(lease.business_id)


async def settle(db: Database, lease: Lease, record: Runnable, revision: int, outcome: Outcome) -> None:
    """The third step: record, document, attempt and event in one transaction, and whatever waited goes on."""
    async with db.transaction() as tx:
        await hold_lease(tx, lease)
        if outcome.document is not None:
            await tx.run("document_put", **outcome.document)
        await tx.run("claim_drop", record_id=record.id)
        stands = await tx.value(
            "settle",
            record_id=record.id,
            revision=revision,
            status=Status.PENDING.value if outcome.more else outcome.status.value,
            reason=outcome.reason,
            sentence=outcome.sentence,
            waits_for=outcome.waits_for,
        )
        for row in outcome.spawn:
            await tx.run("spawn_record", **row)
        if outcome.document is not None:
            await tx.run("wake_waiting", record_id=record.id)
        await _tell(tx, record, outcome, Status(stands))


async def retry_later(db: Database, lease: Lease, record: Runnable, seconds: float, outcome: Outcome) -> None:
    """Nothing is known or nothing was done: the claim stays, the record stays pending, the attempt is on record."""
    async with db.transaction() as tx:
        await hold_lease(tx, lease)
        await tx.run("claim_tried", record_id=record.id)
        await tx.run(
            "retry_later", record_id=record.id, seconds=seconds, reason=outcome.reason, sentence=outcome.sentence
        )
        await _tell(tx, record, outcome, Status.PENDING)


async def _tell(tx: Transaction, record: Runnable, outcome: Outcome, status: Status) -> None:
    if outcome.audited:
        await tx.run(
            "attempt_add",
            id=uuid4(),
            business_id=record.business_id,
            record_id=record.id,
            operation=outcome.operation,
            outcome=outcome.status.value,
            entity=outcome.entity,
            qbo_id=outcome.qbo_id,
            number=outcome.number,
            reason=outcome.reason,
            sentence=outcome.sentence,
            cause=outcome.cause,
            cure=outcome.cure,
            request=outcome.request,
            response=outcome.response,
            http_status=outcome.http_status,
            intuit_tid=outcome.intuit_tid,
            trace_id=outcome.trace_id,
            duration_ms=outcome.duration_ms,
        )
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
    subject = f"records.v1.{record.business_id}.{status.value}"
    await OutgoingEvent(event_id, subject, event.SerializeToString()).put(tx)


def kind_to_proto(kind: str) -> record_pb2.RecordKind.ValueType:
    return record_pb2.RecordKind.Value(f"RECORD_KIND_{kind.upper()}")


def status_to_proto(status: str) -> record_pb2.RecordStatus.ValueType:
    return record_pb2.RecordStatus.Value(f"RECORD_STATUS_{status.upper()}")
