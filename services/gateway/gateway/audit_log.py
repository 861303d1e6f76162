"""The Audit Log, the records behind it, and what a bookkeeper can do about one."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway import views
from gateway.csv_answers import csv_answer
from gateway.desk import Desk, one
from gateway.forms import Form
from gateway.manual_sync import PUSH_TABS
from gateway.neighbours import Neighbours, ask, ask_or_none
from gateway.pages import Message
from gateway.record_filters import Words, asked_for, filter_of, shown_filter, words_in
from gateway.sessions import Visitor
from gateway.views import View
from ledgerport.common.v1 import access_pb2
from ledgerport.events.v1 import record_pb2
from ledgerport.qbo_writer.v1 import preview_pb2, records_pb2
from ledgerport_libs.errors import Refused

_ROWS = 50
_LONG = 600.0


class AuditLog:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._records = desk, desk.neighbours.records

    def routes(self) -> list[Route]:
        seen, posted = self._desk.seen, self._desk.posted
        return [
            Route("/audit-log", seen(self.page), methods=["GET"]),
            Route("/audit-log/export.csv", seen(self.export), methods=["GET"]),
            Route("/records", seen(self.records), methods=["GET"]),
            Route("/records/retry-all", posted(self.retry_all), methods=["POST"]),
            Route("/records/{record_id}", seen(self.record), methods=["GET"]),
            Route("/records/{record_id}/preview", seen(self.preview), methods=["GET"]),
            Route("/records/{record_id}/retry", posted(self.retry), methods=["POST"]),
            Route("/records/{record_id}/ignore", seen(self.ask_ignore), methods=["GET"]),
            Route("/records/{record_id}/ignore", posted(self.ignore), methods=["POST"]),
        ]

    async def page(self, request: Request, visitor: Visitor) -> Response:
        asked = asked_for(request)
        ask_attempts = records_pb2.ListAttemptsRequest(filter=asked, page_size=_ROWS, page_token=one(request, "page"))
        found, failed = await asyncio.gather(
            ask(self._records.ListAttempts(ask_attempts, metadata=visitor.proof)), self._failed(visitor, asked)
        )
        return self._desk.pages.show(
            request,
            "audit_log.html",
            visitor,
            attempts=[views.attempt(each) for each in found.attempts],
            failed=failed,
            **shown_filter(request, found.next_page_token, "/audit-log"),
        )

    async def _failed(self, visitor: Visitor, asked: records_pb2.RecordFilter) -> int:
        """How many records Retry all would retry: those in Error that the filter finds."""
        if asked.status not in (record_pb2.RECORD_STATUS_UNSPECIFIED, record_pb2.RECORD_STATUS_ERROR):
            return 0
        wanted = records_pb2.CountRecordsRequest(filter=asked)
        wanted.filter.status = record_pb2.RECORD_STATUS_ERROR
        found = await ask_or_none(self._records.CountRecords(wanted, metadata=visitor.proof))
        return sum(each.count for each in found.counts) if found else 0

    async def export(self, request: Request, visitor: Visitor) -> Response:
        wanted = records_pb2.ExportAttemptsRequest(filter=asked_for(request))
        parts = self._records.ExportAttempts(wanted, metadata=visitor.proof, timeout=_LONG)
        return await csv_answer("ledgerport-audit-log.csv", (part.csv async for part in parts))

    async def records(self, request: Request, visitor: Visitor) -> Response:
        ask_records = records_pb2.ListRecordsRequest(
            filter=asked_for(request), page_size=_ROWS, page_token=one(request, "page")
        )
        found = await ask(self._records.ListRecords(ask_records, metadata=visitor.proof))
        return self._desk.pages.show(
            request,
            "records.html",
            visitor,
            records=[views.record(each) for each in found.records],
            **shown_filter(request, found.next_page_token, "/records"),
        )

    async def record(self, request: Request, visitor: Visitor) -> Response:
        found = await get_record(self._desk.neighbours, visitor, request.path_params["record_id"])
        return self._desk.pages.show(
            request, "record.html", visitor, **found, push_tab=PUSH_TABS.get(found["record"]["kind"], "")
        )

    async def preview(self, request: Request, visitor: Visitor) -> Response:
        record_id, pushed = request.path_params["record_id"], one(request, "pushed") == "yes"
        found, shown = await asyncio.gather(
            get_record(self._desk.neighbours, visitor, record_id),
            get_preview(self._desk.neighbours, visitor, record_id, pushed=pushed),
        )
        return self._desk.pages.show(
            request, "preview.html", visitor, record=found["record"], preview=shown, pushed=pushed
        )

    async def retry(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        record_id = request.path_params["record_id"]
        try:
            record = await retry(self._desk.neighbours, visitor, record_id)
        except Refused as refusal:
            return self._desk.pages.go(f"/records/{record_id}", Message("bad", refusal.say))
        return self._desk.pages.go(f"/records/{record['id']}", Message("good", "It is queued and is tried again now."))

    async def retry_all(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Of the filter that the page showed; a word in it that means nothing retries nothing."""
        words = words_in(form, strict=True)
        count = await retry_all(self._desk.neighbours, visitor, words, request.state.zone)
        told = f"{count:,} {'record is' if count == 1 else 'records are'} queued and tried again now."
        return self._desk.pages.go("/audit-log", Message("good", told))

    async def ask_ignore(self, request: Request, visitor: Visitor) -> Response:
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        found = await get_record(self._desk.neighbours, visitor, request.path_params["record_id"])
        return self._desk.pages.show(request, "ignore.html", visitor, record=found["record"])

    async def ignore(self, request: Request, visitor: Visitor, form: Form) -> Response:
        record_id = request.path_params["record_id"]
        if form.get("confirmed") != "yes":
            visitor.require(access_pb2.ROLE_BOOKKEEPER)
            return RedirectResponse(f"/records/{record_id}/ignore", 303)
        try:
            record = await ignore(self._desk.neighbours, visitor, record_id)
        except Refused as refusal:
            return self._desk.pages.go(f"/records/{record_id}", Message("bad", refusal.say))
        return self._desk.pages.go(
            f"/records/{record['id']}", Message("good", "It is skipped. It will not be sent to QuickBooks.")
        )


async def get_record(neighbours: Neighbours, visitor: Visitor, record_id: str) -> View:
    """A record of the visitor's own Business with its attempts and its proof; NotFound otherwise."""
    request = records_pb2.GetRecordRequest(record_id=record_id[:64])
    found = await ask(neighbours.records.GetRecord(request, metadata=visitor.proof))
    return {
        "record": views.record(found.record),
        "attempts": [views.attempt(each) for each in found.attempts],
        "proof": views.proof(found),
        "documents": [views.posted(each) for each in found.documents],
    }


async def get_preview(neighbours: Neighbours, visitor: Visitor, record_id: str, *, pushed: bool = False) -> View:
    """What this record still needs in QuickBooks, or would if it were pushed; nothing is written."""
    request = preview_pb2.PreviewRecordRequest(record_id=record_id[:64], pushed=pushed)
    return views.preview(await ask(neighbours.preview.PreviewRecord(request, metadata=visitor.proof)))


async def retry(neighbours: Neighbours, visitor: Visitor, record_id: str) -> View:
    visitor.require(access_pb2.ROLE_BOOKKEEPER)
    request = records_pb2.RetryRecordRequest(record_id=record_id[:64])
    return views.record((await ask(neighbours.records.RetryRecord(request, metadata=visitor.proof))).record)


async def retry_all(neighbours: Neighbours, visitor: Visitor, words: Words, zone: str) -> int:
    visitor.require(access_pb2.ROLE_BOOKKEEPER)
    request = records_pb2.RetryAllRequest(filter=filter_of(words, zone))
    return (await ask(neighbours.records.RetryAll(request, metadata=visitor.proof, timeout=_LONG))).retried


async def ignore(neighbours: Neighbours, visitor: Visitor, record_id: str) -> View:
    visitor.require(access_pb2.ROLE_BOOKKEEPER)
    request = records_pb2.IgnoreRecordRequest(record_id=record_id[:64])
    return views.record((await ask(neighbours.records.IgnoreRecord(request, metadata=visitor.proof))).record)
