"""The JSON API under /api: what the pages show and do, for the same session, or for programs with an API token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway import audit_log, connecting, dashboard, notices, pushes, record_filters, settings_views, views
from gateway.cards import list_connections
from gateway.desk import Desk, one
from gateway.history_import_api import HistoryImportApi
from gateway.neighbours import ask
from gateway.sessions import Visitor
from ledgerport.connections.v1 import connections_pb2
from ledgerport.qbo_writer.v1 import mapping_pb2, push_pb2, records_pb2
from ledgerport.shopify_sync.v1 import intake_pb2
from ledgerport_libs.errors import InvalidRequest, NotAllowed, NotSignedIn

Read = Callable[[Request, Visitor], Awaitable[Mapping[str, Any]]]
Act = Callable[[Request, Visitor, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
_MOST_ROWS = 200


class Api:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._near = desk, desk.neighbours
        self._history = HistoryImportApi(desk.neighbours)

    def routes(self) -> list[Route]:
        reads: dict[str, Read] = {
            "me": self.me,
            "summary": self.summary,
            "connections": self.connections,
            "records": self.records,
            "records/{record_id}": self.record,
            "records/{record_id}/preview": self.preview,
            "attempts": self.attempts,
            "pushes": self.pushes,
            "pushes/{run_id}": self.one_push,
            "pushes/{run_id}/records": self.pushed_records,
            "intake": self.intake,
            "notices": self.notices,
            "quickbooks/search": self.search_quickbooks,
            **self._history.reads(),
        }
        acts: dict[str, Act] = {
            "sync-now": self.sync_now,
            "connections/quickbooks/pause": self.pause,
            "connections/quickbooks/resume": self.resume,
            "connections/{provider}/disconnect": self.disconnect,
            "records/retry-all": self.retry_all,
            "records/ignore": self.ignore_several,
            "pushes": self.push,
            "pushes/{run_id}/cancel": self.cancel_push,
            "records/{record_id}/retry": self.retry,
            "records/{record_id}/ignore": self.ignore,
            "notices/{notice_id}/dismiss": self.dismiss_notice,
            **self._history.acts(),
        }
        return [
            *(Route(f"/api/{path}", self._acting(act), methods=["POST"]) for path, act in acts.items()),
            *(Route(f"/api/{path}", self._reading(read), methods=["GET"]) for path, read in reads.items()),
        ]

    def _reading(self, read: Read) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            visitor = await self._program(request) or await self._desk.sessions.visitor(request)
            _require_business(visitor)
            return JSONResponse(await read(request, visitor))

        return endpoint

    def _acting(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            visitor = await self._program(request)
            if visitor is not None:  # no cookie was looked at, so no other site can have sent it
                content = await self._desk.forms.read_programs_json(request)
            else:
                visitor = await self._desk.sessions.visitor(request)
                content = await self._desk.forms.read_json(request, visitor.session_id)
                self._desk.limits.person(visitor.user_id)
            _require_business(visitor)
            return JSONResponse(await act(request, visitor, content))

        return endpoint

    async def _program(self, request: Request) -> Visitor | None:
        """Whom an `Authorization` header speaks for; None without one. A wrong one is never passed over."""
        header = request.headers.get("authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        try:
            visitor = await self._desk.sessions.program(token.strip() if scheme.lower() == "bearer" else "")
        except NotSignedIn:
            self._desk.limits.stranger(request)
            raise
        self._desk.limits.program(visitor.session_id)
        return visitor

    async def me(self, _request: Request, visitor: Visitor) -> Mapping[str, Any]:
        token = {} if visitor.program else {"csrf_token": self._desk.forms.token(visitor.session_id)}
        return views.me(visitor) | token

    async def summary(self, _request: Request, visitor: Visitor) -> Mapping[str, Any]:
        request = records_pb2.GetSummaryRequest()
        return views.summary(await ask(self._near.records.GetSummary(request, metadata=visitor.proof)))

    async def connections(self, _request: Request, visitor: Visitor) -> Mapping[str, Any]:
        past = connections_pb2.ListHistoryRequest()
        connections, history = await asyncio.gather(
            list_connections(self._near, visitor),
            ask(self._near.connections.ListHistory(past, metadata=visitor.proof)),
        )
        return {
            "connections": list(connections.values()),
            "history": [views.history(each) for each in history.entries],
        }

    async def records(self, request: Request, visitor: Visitor) -> Mapping[str, Any]:
        wanted = records_pb2.ListRecordsRequest(
            filter=record_filters.asked_for(request), page_size=_page_size(request), page_token=one(request, "page")
        )
        found = await ask(self._near.records.ListRecords(wanted, metadata=visitor.proof))
        return {"records": [views.record(each) for each in found.records], "next_page": found.next_page_token}

    async def record(self, request: Request, visitor: Visitor) -> Mapping[str, Any]:
        return await audit_log.get_record(self._near, visitor, request.path_params["record_id"])

    async def preview(self, request: Request, visitor: Visitor) -> Mapping[str, Any]:
        return await audit_log.get_preview(self._near, visitor, request.path_params["record_id"])

    async def attempts(self, request: Request, visitor: Visitor) -> Mapping[str, Any]:
        wanted = records_pb2.ListAttemptsRequest(
            filter=record_filters.asked_for(request), page_size=_page_size(request), page_token=one(request, "page")
        )
        found = await ask(self._near.records.ListAttempts(wanted, metadata=visitor.proof))
        return {"attempts": [views.attempt(each) for each in found.attempts], "next_page": found.next_page_token}

    async def intake(self, _request: Request, visitor: Visitor) -> Mapping[str, Any]:
        request = intake_pb2.GetIntakeStatusRequest()
        return views.intake(await ask(self._near.intake.GetIntakeStatus(request, metadata=visitor.proof)))

    async def notices(self, request: Request, visitor: Visitor) -> Mapping[str, Any]:
        wanted = connections_pb2.ListNoticesRequest(page_size=_page_size(request), page_token=one(request, "page"))
        found = await ask(self._near.connections.ListNotices(wanted, metadata=visitor.proof))
        return {"notices": [views.notice(each) for each in found.notices], "next_page": found.next_page_token}

    async def search_quickbooks(self, request: Request, visitor: Visitor) -> Mapping[str, Any]:
        """Names in a list of the company's, best match first."""
        wanted = mapping_pb2.SearchQuickBooksRequest(
            list=settings_views.list_of(one(request, "list", 20)), text=one(request, "q", 100)
        )
        found = await ask(self._near.mapping.SearchQuickBooks(wanted, metadata=visitor.proof))
        return {"found": [settings_views.name(each) for each in found.found]}

    async def sync_now(self, _request: Request, visitor: Visitor, _content: Mapping[str, Any]) -> Mapping[str, Any]:
        await dashboard.sync_now(self._near, visitor)
        return {}

    async def pause(self, _request: Request, visitor: Visitor, _content: Mapping[str, Any]) -> Mapping[str, Any]:
        await connecting.pause(self._near, visitor)
        return {}

    async def resume(self, _request: Request, visitor: Visitor, _content: Mapping[str, Any]) -> Mapping[str, Any]:
        await connecting.resume(self._near, visitor)
        return {}

    async def disconnect(self, request: Request, visitor: Visitor, content: Mapping[str, Any]) -> Mapping[str, Any]:
        provider = connecting.known_provider(request.path_params["provider"])
        _confirmed(content)
        return {"revoked_at_provider": await connecting.disconnect(self._near, visitor, provider)}

    async def retry(self, request: Request, visitor: Visitor, _content: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"record": await audit_log.retry(self._near, visitor, request.path_params["record_id"])}

    async def retry_all(self, _request: Request, visitor: Visitor, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """Every record in Error, or those that {"q": …, "kind": …, "from": …, "to": …} finds."""
        words = record_filters.words_in(content, strict=True)
        return {"retried": await audit_log.retry_all(self._near, visitor, words, await self._desk.zones.of(visitor))}

    async def pushes(self, request: Request, visitor: Visitor) -> Mapping[str, Any]:
        return await pushes.runs(self._near, visitor, one(request, "page"))

    async def one_push(self, request: Request, visitor: Visitor) -> Mapping[str, Any]:
        return await pushes.run(self._near, visitor, request.path_params["run_id"])

    async def pushed_records(self, request: Request, visitor: Visitor) -> Mapping[str, Any]:
        """`?outcome=error` alone, or all."""
        run_id, outcome = request.path_params["run_id"], one(request, "outcome", 20)
        return await pushes.records_of(self._near, visitor, run_id, outcome, one(request, "page"))

    async def push(self, _request: Request, visitor: Visitor, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """{"record_ids": […]}, or {"all": true} with a filter: status, kind, q, from, to."""
        if content.get("all") is True:
            words = record_filters.words_in(content, strict=True)
            asked = record_filters.filter_of(words, await self._desk.zones.of(visitor))
            chosen = push_pb2.Chosen(all_of=asked)
        else:
            chosen = push_pb2.Chosen(ids=push_pb2.RecordIds(record_ids=_record_ids(content)))
        return {"push": await pushes.start(self._near, visitor, chosen)}

    async def cancel_push(self, request: Request, visitor: Visitor, _content: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"push": await pushes.cancel(self._near, visitor, request.path_params["run_id"])}

    async def ignore_several(
        self, _request: Request, visitor: Visitor, content: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        _confirmed(content)
        return await pushes.ignore(self._near, visitor, _record_ids(content))

    async def ignore(self, request: Request, visitor: Visitor, content: Mapping[str, Any]) -> Mapping[str, Any]:
        _confirmed(content)
        return {"record": await audit_log.ignore(self._near, visitor, request.path_params["record_id"])}

    async def dismiss_notice(
        self, request: Request, visitor: Visitor, _content: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        await notices.dismiss(self._near, visitor, request.path_params["notice_id"])
        return {}


def _require_business(visitor: Visitor) -> None:
    if not visitor.business_id:
        raise NotAllowed("no business", reason="NO_BUSINESS", say="You belong to no business. Create or join one.")


def _confirmed(content: Mapping[str, Any]) -> None:
    if content.get("confirmed") is not True:
        raise InvalidRequest("not confirmed", say='Send {"confirmed": true} to say that you mean it.')


def _record_ids(content: Mapping[str, Any]) -> list[str]:
    found = content.get("record_ids")
    if not isinstance(found, list) or not all(isinstance(each, str) and each.isascii() for each in found):
        raise InvalidRequest("record_ids", say='Send {"record_ids": […]} with the ids of records.')
    return found


def _page_size(request: Request) -> int:
    text = one(request, "page_size", 6)
    if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_ROWS):
        raise InvalidRequest("page_size", say=f"page_size is a number from 1 to {_MOST_ROWS}.")
    return int(text or 0)
