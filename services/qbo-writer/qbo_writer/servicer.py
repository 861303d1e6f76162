"""The gRPC edge: proto in, proto out. The Business is always the caller's own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from ledgerport.common.v1 import money_pb2
from ledgerport.events.v1 import record_pb2
from ledgerport.qbo_writer.v1 import records_pb2 as pb
from ledgerport.qbo_writer.v1 import records_pb2_grpc
from ledgerport_libs.database import Database
from ledgerport_libs.errors import NotFound, Refused
from ledgerport_libs.identity import person_of_this_call
from ledgerport_libs.rpc import require
from qbo_writer.figures import proof_over
from qbo_writer.ledger_rows import kind_to_proto, status_to_proto

_MOST_ROWS = 200
_DEFAULT_ROWS = 50
Context = Any


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


@dataclass(frozen=True, slots=True)
class _Count:
    kind: str
    status: str
    count: int


@dataclass(frozen=True, slots=True)
class _Sum:
    currency: str
    minor: int


class RecordsServicer(records_pb2_grpc.RecordsServiceServicer):
    """Reads and steers the records of the caller's Business. `wake` is called when something became pending."""

    def __init__(self, db: Database, wake: Callable[[], None]) -> None:
        self._db, self._wake = db, wake

    async def GetSummary(self, request: pb.GetSummaryRequest, context: Context) -> pb.GetSummaryResponse:
        business_id = person_of_this_call().business_id
        async with self._db.transaction() as tx:
            counts = await tx.all("summary_counts", _Count, business_id=business_id)
            last = await tx.value("last_synced", business_id=business_id)
            sums = await tx.all("synced_money", _Sum, business_id=business_id)
            recent = await tx.all("list_records", RecordRow, **_filter(business_id, pb.RecordFilter()), limit=12)
        return pb.GetSummaryResponse(
            counts=[
                pb.StatusCount(kind=kind_to_proto(c.kind), status=status_to_proto(c.status), count=c.count)
                for c in counts
            ],
            last_synced_at=_timestamp(last),
            recent=[_record(row) for row in recent],
            synced=[money_pb2.Money(minor=each.minor, currency=each.currency) for each in sums],
        )

    async def ListRecords(self, request: pb.ListRecordsRequest, context: Context) -> pb.ListRecordsResponse:
        business_id = person_of_this_call().business_id
        size = _page_size(request.page_size)
        where = _filter(business_id, request.filter)
        if request.page_token:
            before, _, before_id = _token(request.page_token).partition("|")
            where |= {"before": _parse_moment(before), "before_id": _uuid(before_id)}
        rows = await self._db.all("list_records", RecordRow, **where, limit=size + 1)
        more = len(rows) > size
        last = rows[size - 1] if more else None
        return pb.ListRecordsResponse(
            records=[_record(row) for row in rows[:size]],
            next_page_token=_to_token(f"{last.changed_at.isoformat()}|{last.id}") if last else "",
        )

    async def GetRecord(self, request: pb.GetRecordRequest, context: Context) -> pb.GetRecordResponse:
        business_id, record_id = person_of_this_call().business_id, _uuid(request.record_id)
        async with self._db.transaction() as tx:
            row = await tx.one("one_record", RecordRow, business_id=business_id, record_id=record_id)
            if row is None:
                raise NotFound(f"no record {record_id}")
            where = _filter(business_id, pb.RecordFilter())
            attempts = await tx.all(
                "list_attempts", AttemptRow, **{**where, "record_id": record_id, "before": None}, limit=_DEFAULT_ROWS
            )
            documents = await tx.all("documents_of", DocumentRow, record_id=record_id)
        proof = proof_over(row.kind, ((document.entity, document.proof) for document in documents))
        return pb.GetRecordResponse(
            record=_record(row),
            attempts=[_attempt(a) for a in attempts],
            proof=[_component(c) for c in proof],
            documents=[_document(document) for document in documents],
        )

    async def ListAttempts(self, request: pb.ListAttemptsRequest, context: Context) -> pb.ListAttemptsResponse:
        size = _page_size(request.page_size)
        where = _filter(person_of_this_call().business_id, request.filter)
        where |= {"record_id": None, "before": None}
        if request.page_token:
            token = _token(request.page_token)
            require(token.isdigit(), "This page does not exist.")
            where["before"] = int(token)
        rows = await self._db.all("list_attempts", AttemptRow, **where, limit=size + 1)
        more = len(rows) > size
        return pb.ListAttemptsResponse(
            attempts=[_attempt(row) for row in rows[:size]],
            next_page_token=_to_token(str(rows[size - 1].arrival)) if more else "",
        )

    async def RetryRecord(self, request: pb.RetryRecordRequest, context: Context) -> pb.RetryRecordResponse:
        row = await self._steer("retry_record", request.record_id, "This record is in QuickBooks already.")
        return pb.RetryRecordResponse(record=row)

    async def RetryAll(self, request: pb.RetryAllRequest, context: Context) -> pb.RetryAllResponse:
        retried = await self._db.run("retry_all", business_id=person_of_this_call().business_id)
        self._wake()
        return pb.RetryAllResponse(retried=retried)

    async def IgnoreRecord(self, request: pb.IgnoreRecordRequest, context: Context) -> pb.IgnoreRecordResponse:
        sentence = f"Ignored by {person_of_this_call().email}."
        say = "This record is in QuickBooks, or is being written right now."
        return pb.IgnoreRecordResponse(
            record=await self._steer("ignore_record", request.record_id, say, sentence=sentence)
        )

    async def _steer(self, query: str, record_id: str, say: str, **params: object) -> pb.RecordSummary:
        business_id, known_id = person_of_this_call().business_id, _uuid(record_id)
        async with self._db.transaction() as tx:
            row = await tx.one("one_record", RecordRow, business_id=business_id, record_id=known_id)
            if row is None:
                raise NotFound(f"no record {record_id}")
            if not await tx.run(query, business_id=business_id, record_id=known_id, **params):
                raise Refused(say, say=say, reason="NOT_IN_THIS_STATE")
            row = await tx.one("one_record", RecordRow, business_id=business_id, record_id=known_id)
        self._wake()
        return _record(row) if row else pb.RecordSummary()


def _page_size(asked: int) -> int:
    require(0 <= asked <= _MOST_ROWS, f"A page holds at most {_MOST_ROWS} rows.")
    return asked or _DEFAULT_ROWS


def _filter(business_id: str, asked: pb.RecordFilter) -> dict[str, Any]:
    text = asked.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {
        "business_id": business_id,
        "status": _word(record_pb2.RecordStatus.Name(asked.status), "RECORD_STATUS_"),
        "kind": _word(record_pb2.RecordKind.Name(asked.kind), "RECORD_KIND_"),
        "text": f"%{text}%" if text else None,
        "since": getattr(asked, "from").ToDatetime(tzinfo=UTC) if asked.HasField("from") else None,
        "until": asked.to.ToDatetime(tzinfo=UTC) if asked.HasField("to") else None,
        "before": None,
        "before_id": None,
    }


def _word(name: str, prefix: str) -> str | None:
    return None if name == f"{prefix}UNSPECIFIED" else name.removeprefix(prefix).lower()


def _to_token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def _token(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text.encode()).decode()
    except (binascii.Error, ValueError):
        require(False, "This page does not exist.")
        raise


def _parse_moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        require(False, "This page does not exist.")
        raise


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"{text!r} is no record id") from error


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def _money(minor: int | None, currency: str | None) -> money_pb2.Money | None:
    return money_pb2.Money(minor=minor, currency=currency) if minor is not None and currency else None


def _record(row: RecordRow) -> pb.RecordSummary:
    return pb.RecordSummary(
        record_id=str(row.id),
        kind=kind_to_proto(row.kind),
        status=status_to_proto(row.status),
        reference=row.reference,
        source_id=row.source_id,
        reason=row.reason,
        sentence=row.sentence,
        total=_money(row.total_minor, row.currency),
        changed_at=_timestamp(row.changed_at),
        document_type=row.entity,
        document_id=row.qbo_id,
        document_number=row.number,
    )


def _attempt(row: AttemptRow) -> pb.Attempt:
    return pb.Attempt(
        attempt_id=str(row.id),
        record_id=str(row.record_id),
        kind=kind_to_proto(row.kind),
        outcome=status_to_proto(row.outcome),
        reference=row.reference,
        at=_timestamp(row.at),
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


def _document(row: DocumentRow) -> pb.PostedDocument:
    return pb.PostedDocument(
        type=row.entity,
        id=row.qbo_id,
        number=row.number,
        total=_money(row.total_minor, row.currency),
        date=row.txn_date,
        voided=row.voided,
    )


def _component(row: dict[str, Any]) -> pb.Component:
    return pb.Component(
        name=row["name"],
        shopify=_money(row["shopify"], row["currency"]),
        quickbooks=_money(row["quickbooks"], row["currency"]),
    )
