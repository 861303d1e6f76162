"""The Audit Log, the records behind it, and what a bookkeeper can do about one."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway import views, wording
from gateway.desk import Desk, one
from gateway.forms import Form
from gateway.neighbours import Neighbours, ask, ask_or_none
from gateway.pages import Message
from gateway.sessions import Visitor
from gateway.views import View
from ledgerport.common.v1 import access_pb2
from ledgerport.qbo_writer.v1 import preview_pb2, records_pb2

_ROWS = 50


class AuditLog:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._records = desk, desk.neighbours.records

    def routes(self) -> list[Route]:
        seen, posted = self._desk.seen, self._desk.posted
        return [
            Route("/audit-log", seen(self.page), methods=["GET"]),
            Route("/records", seen(self.records), methods=["GET"]),
            Route("/records/retry-all", posted(self.retry_all), methods=["POST"]),
            Route("/records/{record_id}", seen(self.record), methods=["GET"]),
            Route("/records/{record_id}/preview", seen(self.preview), methods=["GET"]),
            Route("/records/{record_id}/retry", posted(self.retry), methods=["POST"]),
            Route("/records/{record_id}/ignore", seen(self.ask_ignore), methods=["GET"]),
            Route("/records/{record_id}/ignore", posted(self.ignore), methods=["POST"]),
        ]

    async def page(self, request: Request, visitor: Visitor) -> Response:
        ask_attempts = records_pb2.ListAttemptsRequest(
            filter=filter_of(request), page_size=_ROWS, page_token=one(request, "page")
        )
        found, summary = await asyncio.gather(
            ask(self._records.ListAttempts(ask_attempts, metadata=visitor.proof)),
            ask_or_none(self._records.GetSummary(records_pb2.GetSummaryRequest(), metadata=visitor.proof)),
        )
        return self._desk.pages.show(
            request,
            "audit_log.html",
            visitor,
            attempts=[views.attempt(each) for each in found.attempts],
            failed=views.summary(summary)["by_status"]["ERROR"] if summary else 0,
            **_shown_filter(request, found.next_page_token, "/audit-log"),
        )

    async def records(self, request: Request, visitor: Visitor) -> Response:
        ask_records = records_pb2.ListRecordsRequest(
            filter=filter_of(request), page_size=_ROWS, page_token=one(request, "page")
        )
        found = await ask(self._records.ListRecords(ask_records, metadata=visitor.proof))
        return self._desk.pages.show(
            request,
            "records.html",
            visitor,
            records=[views.record(each) for each in found.records],
            **_shown_filter(request, found.next_page_token, "/records"),
        )

    async def record(self, request: Request, visitor: Visitor) -> Response:
        found = await get_record(self._desk.neighbours, visitor, request.path_params["record_id"])
        return self._desk.pages.show(request, "record.html", visitor, **found)

    async def preview(self, request: Request, visitor: Visitor) -> Response:
        record_id = request.path_params["record_id"]
        found, shown = await asyncio.gather(
            get_record(self._desk.neighbours, visitor, record_id),
            get_preview(self._desk.neighbours, visitor, record_id),
        )
        return self._desk.pages.show(request, "preview.html", visitor, record=found["record"], preview=shown)

    async def retry(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        record = await retry(self._desk.neighbours, visitor, request.path_params["record_id"])
        return self._desk.pages.go(f"/records/{record['id']}", Message("good", "It is queued and is tried again now."))

    async def retry_all(self, _request: Request, visitor: Visitor, _form: Form) -> Response:
        count = await retry_all(self._desk.neighbours, visitor)
        told = f"{count} {'record is' if count == 1 else 'records are'} queued and tried again now."
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
        record = await ignore(self._desk.neighbours, visitor, record_id)
        return self._desk.pages.go(
            f"/records/{record['id']}", Message("good", "It is skipped. It will not be sent to QuickBooks.")
        )


def filter_of(request: Request) -> records_pb2.RecordFilter:
    """What is asked for in the address; a word that we do not know filters nothing."""
    return records_pb2.RecordFilter(
        status=wording.status_of(one(request, "status")),
        kind=wording.kind_of(one(request, "kind")),
        text=one(request, "q", 100).strip(),
    )


def _shown_filter(request: Request, next_token: str, path: str) -> View:
    chosen = {name: one(request, name, 100).lower() for name in ("status", "kind")} | {"q": one(request, "q", 100)}
    kept = {name: value for name, value in chosen.items() if value}
    return {
        "chosen": chosen,
        "filtered": bool(kept),
        "later_page": bool(one(request, "page")),
        "first_page": f"{path}?{urlencode(kept)}" if kept else path,
        "next_page": f"{path}?{urlencode({**kept, 'page': next_token})}" if next_token else "",
    }


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


async def get_preview(neighbours: Neighbours, visitor: Visitor, record_id: str) -> View:
    """What this record still needs in QuickBooks; nothing is written."""
    request = preview_pb2.PreviewRecordRequest(record_id=record_id[:64])
    return views.preview(await ask(neighbours.preview.PreviewRecord(request, metadata=visitor.proof)))


async def retry(neighbours: Neighbours, visitor: Visitor, record_id: str) -> View:
    visitor.require(access_pb2.ROLE_BOOKKEEPER)
    request = records_pb2.RetryRecordRequest(record_id=record_id[:64])
    return views.record((await ask(neighbours.records.RetryRecord(request, metadata=visitor.proof))).record)


async def retry_all(neighbours: Neighbours, visitor: Visitor) -> int:
    visitor.require(access_pb2.ROLE_BOOKKEEPER)
    answer = await ask(neighbours.records.RetryAll(records_pb2.RetryAllRequest(), metadata=visitor.proof))
    return answer.retried


async def ignore(neighbours: Neighbours, visitor: Visitor, record_id: str) -> View:
    visitor.require(access_pb2.ROLE_BOOKKEEPER)
    request = records_pb2.IgnoreRecordRequest(record_id=record_id[:64])
    return views.record((await ask(neighbours.records.IgnoreRecord(request, metadata=visitor.proof))).record)
