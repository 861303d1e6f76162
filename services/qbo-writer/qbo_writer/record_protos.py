"""Rows of records, attempts and documents, and how they are told over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ledgerport.common.v1 import money_pb2
from ledgerport.qbo_writer.v1 import records_pb2 as pb
from ledgerport_libs.timestamps import timestamp
from qbo_writer.ledger_rows import kind_to_proto, status_to_proto


@dataclass(frozen=True, slots=True)
class RecordRow:
    id: UUID
    kind: str
    status: str
    reference: str
    source_id: str
    reason: str
    sentence: str
    total_minor: int | None
    currency: str | None
    changed_at: datetime
    entity: str
    qbo_id: str
    number: str


@dataclass(frozen=True, slots=True)
class AttemptRow:
    id: UUID
    record_id: UUID
    kind: str
    outcome: str
    reference: str
    source_id: str
    at: datetime
    entity: str
    qbo_id: str
    number: str
    reason: str
    sentence: str
    cause: str
    cure: str
    request: str
    response: str
    intuit_tid: str
    trace_id: str
    http_status: int
    duration_ms: int
    operation: str
    arrival: int


@dataclass(frozen=True, slots=True)
class DocumentRow:
    part: int
    entity: str
    qbo_id: str
    number: str
    total_minor: int | None
    currency: str | None
    voided: bool
    txn_date: str
    proof: list[dict[str, Any]]


def _money(minor: int | None, currency: str | None) -> money_pb2.Money | None:
    return money_pb2.Money(minor=minor, currency=currency) if minor is not None and currency else None


def record_to_proto(row: RecordRow) -> pb.RecordSummary:
    return pb.RecordSummary(
        record_id=str(row.id),
        kind=kind_to_proto(row.kind),
        status=status_to_proto(row.status),
        reference=row.reference,
        source_id=row.source_id,
        reason=row.reason,
        sentence=row.sentence,
        total=_money(row.total_minor, row.currency),
        changed_at=timestamp(row.changed_at),
        document_type=row.entity,
        document_id=row.qbo_id,
        document_number=row.number,
    )


def attempt_to_proto(row: AttemptRow) -> pb.Attempt:
    return pb.Attempt(
        attempt_id=str(row.id),
        record_id=str(row.record_id),
        kind=kind_to_proto(row.kind),
        outcome=status_to_proto(row.outcome),
        reference=row.reference,
        at=timestamp(row.at),
        document_type=row.entity,
        document_id=row.qbo_id,
        document_number=row.number,
        reason=row.reason,
        sentence=row.sentence,
        cause=row.cause,
        cure=row.cure,
        request=row.request,
        response=row.response,
        intuit_tid=row.intuit_tid,
        trace_id=row.trace_id,
        http_status=row.http_status,
        source_id=row.source_id,
        duration_ms=row.duration_ms,
        operation=row.operation,
    )


def document_to_proto(row: DocumentRow) -> pb.PostedDocument:
    return pb.PostedDocument(
        type=row.entity,
        id=row.qbo_id,
        number=row.number,
        total=_money(row.total_minor, row.currency),
        date=row.txn_date,
        voided=row.voided,
    )


def component_to_proto(row: dict[str, Any]) -> pb.Component:
    return pb.Component(
        name=row["name"],
        shopify=_money(row["shopify"], row["currency"]),
        quickbooks=_money(row["quickbooks"], row["currency"]),
    )
