"""The gRPC edge: proto in, proto out. The Business is always the caller's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from ledgerport.common.v1 import money_pb2
from ledgerport.qbo_writer.v1 import records_pb2 as pb
from ledgerport.qbo_writer.v1 import records_pb2_grpc
from ledgerport_libs.database import Database
from ledgerport_libs.errors import NotFound
from ledgerport_libs.identity import person_of_this_call
from ledgerport_libs.paging import DEFAULT_ROWS, from_token, moment_in, number_in, page_size, to_token
from ledgerport_libs.timestamps import timestamp
from qbo_writer import steering
from qbo_writer.attempts_csv import attempts_csv
from qbo_writer.figures import proof_over
from qbo_writer.ledger_rows import kind_to_proto, status_to_proto
from qbo_writer.record_filter import filter_params, record_uuid, record_uuids
from qbo_writer.record_protos import (
    AttemptRow,
    DocumentRow,
    RecordRow,
    attempt_to_proto,
    component_to_proto,
    document_to_proto,
    record_to_proto,
)

_MOST_CHOSEN = 10_000
_FIRST_PAGE = {"before": None, "before_id": None}
Context = Any


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
    """Reads and steers the records of the caller's Business. `wake` is called after each decision."""

    def __init__(self, db: Database, wake: Callable[[], None]) -> None:
        self._db, self._wake = db, wake

    async def GetSummary(self, request: pb.GetSummaryRequest, context: Context) -> pb.GetSummaryResponse:
        business_id = person_of_this_call().business_id
        async with self._db.transaction() as tx:
            counts = await tx.all("summary_counts", _Count, business_id=business_id)
            last = await tx.value("last_synced", business_id=business_id)
            sums = await tx.all("synced_money", _Sum, business_id=business_id)
            recent = await tx.all("list_records", RecordRow, **_everything(business_id), limit=12)
        return pb.GetSummaryResponse(
            counts=[_count(each) for each in counts],
            last_synced_at=timestamp(last),
            recent=[record_to_proto(row) for row in recent],
            synced=[money_pb2.Money(minor=each.minor, currency=each.currency) for each in sums],
        )

    async def ListRecords(self, request: pb.ListRecordsRequest, context: Context) -> pb.ListRecordsResponse:
        business_id = person_of_this_call().business_id
        size = page_size(request.page_size)
        where = filter_params(business_id, request.filter) | _FIRST_PAGE
        if request.page_token:
            before, _, before_id = from_token(request.page_token).partition("|")
            where |= {"before": moment_in(before), "before_id": record_uuid(before_id)}
        rows = await self._db.all("list_records", RecordRow, **where, limit=size + 1)
        more = len(rows) > size
        last = rows[size - 1] if more else None
        return pb.ListRecordsResponse(
            records=[record_to_proto(row) for row in rows[:size]],
            next_page_token=to_token(f"{last.changed_at.isoformat()}|{last.id}") if last else "",
        )

    async def GetRecord(self, request: pb.GetRecordRequest, context: Context) -> pb.GetRecordResponse:
        business_id, record_id = person_of_this_call().business_id, record_uuid(request.record_id)
        async with self._db.transaction() as tx:
            row = await tx.one("one_record", RecordRow, business_id=business_id, record_id=record_id)
            if row is None:
                raise NotFound(f"no record {record_id}")
            only = {**_everything(business_id), "record_id": record_id}
            attempts = await tx.all("list_attempts", AttemptRow, **only, limit=DEFAULT_ROWS)
            documents = await tx.all("documents_of", DocumentRow, record_id=record_id)
        proof = proof_over(row.kind, ((document.entity, document.proof) for document in documents))
        return pb.GetRecordResponse(
            record=record_to_proto(row),
            attempts=[attempt_to_proto(a) for a in attempts],
            proof=[component_to_proto(c) for c in proof],
            documents=[document_to_proto(document) for document in documents],
        )

    async def ListAttempts(self, request: pb.ListAttemptsRequest, context: Context) -> pb.ListAttemptsResponse:
        size = page_size(request.page_size)
        where = filter_params(person_of_this_call().business_id, request.filter)
        where |= {"record_id": None, "before": number_in(request.page_token)}
        rows = await self._db.all("list_attempts", AttemptRow, **where, limit=size + 1)
        more = len(rows) > size
        return pb.ListAttemptsResponse(
            attempts=[attempt_to_proto(row) for row in rows[:size]],
            next_page_token=to_token(str(rows[size - 1].arrival)) if more else "",
        )

    async def CountRecords(self, request: pb.CountRecordsRequest, context: Context) -> pb.CountRecordsResponse:
        where = filter_params(person_of_this_call().business_id, request.filter)
        counts = await self._db.all("count_records", _Count, **where)
        return pb.CountRecordsResponse(counts=[_count(each) for each in counts])

    async def ExportAttempts(
        self, request: pb.ExportAttemptsRequest, context: Context
    ) -> AsyncIterator[pb.ExportAttemptsResponse]:
        where = filter_params(person_of_this_call().business_id, request.filter)
        async for part in attempts_csv(self._db, where):
            yield pb.ExportAttemptsResponse(csv=part)

    async def RetryRecord(self, request: pb.RetryRecordRequest, context: Context) -> pb.RetryRecordResponse:
        person = person_of_this_call()
        row = await steering.retry(self._db, person.business_id, record_uuid(request.record_id), person.email)
        self._wake()
        return pb.RetryRecordResponse(record=record_to_proto(row))

    async def RetryAll(self, request: pb.RetryAllRequest, context: Context) -> pb.RetryAllResponse:
        person = person_of_this_call()
        retried = await steering.retry_all(self._db, filter_params(person.business_id, request.filter), person.email)
        self._wake()
        return pb.RetryAllResponse(retried=retried)

    async def IgnoreRecord(self, request: pb.IgnoreRecordRequest, context: Context) -> pb.IgnoreRecordResponse:
        person = person_of_this_call()
        row = await steering.ignore(self._db, person.business_id, record_uuid(request.record_id), person.email)
        self._wake()
        return pb.IgnoreRecordResponse(record=record_to_proto(row))

    async def IgnoreRecords(self, request: pb.IgnoreRecordsRequest, context: Context) -> pb.IgnoreRecordsResponse:
        person, chosen = person_of_this_call(), record_uuids(list(request.record_ids), _MOST_CHOSEN)
        done = await steering.ignore_several(self._db, person.business_id, chosen, person.email)
        self._wake()
        return pb.IgnoreRecordsResponse(
            ignored=done.ignored, being_written=done.being_written, in_quickbooks=done.in_quickbooks
        )


def _everything(business_id: str) -> dict[str, Any]:
    """The first page of all."""
    return filter_params(business_id, pb.RecordFilter()) | _FIRST_PAGE


def _count(row: _Count) -> pb.StatusCount:
    return pb.StatusCount(kind=kind_to_proto(row.kind), status=status_to_proto(row.status), count=row.count)
