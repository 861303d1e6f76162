"""The rows that delivery reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ledgerport.common.v1 import money_pb2
from ledgerport.events.v1 import record_pb2
from ledgerport_libs.database import Database
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
    # It came with a history import.
    history: bool
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
    # The request id of the batch that it was sent in first; empty: it was sent by itself.
    batch: str
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

    family: UUID
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
    return (await posted_of_all(db, [record]))[record.family]


async def posted_of_all(db: Database, records: Sequence[Runnable]) -> dict[UUID, Posted]:
    """What stands in QuickBooks, by family."""
    families, ids = [record.family for record in records], [record.id for record in records]
    found: dict[UUID, list[PostedDocument]] = {family: [] for family in families}
    for row in await db.all("family_documents", FamilyRow, families=families, ids=ids):
        found[row.family].append(posted_document(row))
    return {family: Posted(documents) for family, documents in found.items()}


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


def kind_to_proto(kind: str) -> record_pb2.RecordKind.ValueType:
    return record_pb2.RecordKind.Value(f"RECORD_KIND_{kind.upper()}")


def status_to_proto(status: str) -> record_pb2.RecordStatus.ValueType:
    return record_pb2.RecordStatus.Value(f"RECORD_STATUS_{status.upper()}")
