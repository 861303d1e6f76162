"""The gRPC edge of previews. The Business is always the caller's own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ledgerport.common.v1 import money_pb2
from ledgerport.events.v1 import record_pb2
from ledgerport.qbo_writer.v1 import preview_pb2 as pb
from ledgerport.qbo_writer.v1 import preview_pb2_grpc
from ledgerport_libs.database import Database
from ledgerport_libs.errors import NotFound
from ledgerport_libs.identity import person_of_this_call
from qbo_writer.company_books import CompanyBooks
from qbo_writer.ledger_rows import status_to_proto
from qbo_writer.posting.entries import Entry
from qbo_writer.previewing import Previewed, preview

Context = Any


class PreviewServicer(preview_pb2_grpc.PreviewServiceServicer):
    """Plans from what is known here: QuickBooks is not asked, and nothing is written."""

    def __init__(self, db: Database, books: CompanyBooks) -> None:
        self._db, self._books = db, books

    async def PreviewRecord(self, request: pb.PreviewRecordRequest, context: Context) -> pb.PreviewRecordResponse:
        business_id = person_of_this_call().business_id
        shown = await preview(self._db, self._books, business_id, _uuid(request.record_id), pushed=request.pushed)
        answer = pb.PreviewRecordResponse(
            documents=[_document(each) for each in shown.documents],
            outcome=record_pb2.RECORD_STATUS_SYNCED,
        )
        if (problem := shown.outcome) is not None:
            answer.outcome = status_to_proto(problem.status.value)
            answer.reason, answer.sentence = problem.reason, problem.sentence
            answer.cause, answer.cure = problem.cause, problem.cure
        return answer


def _document(previewed: Previewed) -> pb.PreviewedDocument:
    document = previewed.document
    currency = document.total.currency if document.total else ""
    return pb.PreviewedDocument(
        operation=document.operation.value,
        type=document.entity,
        number=document.number,
        date=document.date,
        total=document.total.to_proto() if document.total else None,
        body=previewed.body,
        exact=previewed.exact,
        entries=[_entry(each, currency) for each in previewed.entries],
    )


def _entry(entry: Entry, currency: str) -> pb.LedgerEntry:
    amount = money_pb2.Money(minor=abs(entry.amount), currency=currency)
    if entry.amount > 0:
        return pb.LedgerEntry(account=entry.account, debit=amount)
    return pb.LedgerEntry(account=entry.account, credit=amount)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"{text!r} is no record id") from error
