"""The page of history imports: choose days, see what they hold, start, and watch, pause, resume or cancel."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import wording
from gateway.desk import Desk, one
from gateway.edge import status_of
from gateway.forms import Form
from gateway.neighbours import ask
from gateway.pages import Message
from gateway.sessions import Visitor
from gateway.signing import new_nonce
from gateway.views import View
from ledgerport.common.v1 import access_pb2
from ledgerport.shopify_sync.v1 import history_import_pb2 as pb
from ledgerport_libs.errors import AppError, InvalidRequest, PassingTrouble, Refused

PATH = "/history-import"
_ROWS = 20
_PROPOSED = timedelta(days=30)
STATUS_LABELS = {
    "QUEUED": "Queued",
    "COUNTING": "Counting",
    "RUNNING": "Running",
    "PAUSED": "Paused",
    "DONE": "Done",
    "CANCELLED": "Cancelled",
    "FAILED": "Failed",
}
_GOING = frozenset({"QUEUED", "COUNTING", "RUNNING", "PAUSED"})
_STAGES = {
    pb.IMPORT_STAGE_GATHERING: "Shopify is making the list of orders.",
    pb.IMPORT_STAGE_READING: "Orders are being read from Shopify.",
    pb.IMPORT_STAGE_HELD_BACK: "What was read is being taken up first; it goes on by itself.",
    pb.IMPORT_STAGE_TROUBLE: "Shopify does not answer, or the store is not connected. It is tried again by itself.",
}
_WHY = {
    pb.WHY_PAGING_REFUSED: "Shopify does not let this app make exports, so orders are listed page by page.",
    pb.WHY_PAGING_BUSY: "Shopify was busy with other exports, so orders are listed page by page.",
    pb.WHY_PAGING_FAILED: "Shopify's export failed, so orders are listed page by page.",
    pb.WHY_PAGING_EXPIRED: "Shopify's export had run out, so orders are listed page by page.",
    pb.WHY_PAGING_SHORT: "Shopify's export was not complete, so orders are listed page by page.",
}
_TOLD = {
    "pause": "The import is paused. What was read stays.",
    "resume": "The import goes on where it was.",
    "cancel": "The import is cancelled. What was brought in stays.",
}


class HistoryImports:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._imports = desk, desk.neighbours.imports

    def routes(self) -> list[Route]:
        posted = self._desk.posted
        return [
            Route(PATH, self._desk.seen(self.page), methods=["GET"]),
            Route(f"{PATH}/start", posted(self.start), methods=["POST"]),
            Route(f"{PATH}/{{import_id}}/pause", posted(self.pause), methods=["POST"]),
            Route(f"{PATH}/{{import_id}}/resume", posted(self.resume), methods=["POST"]),
            Route(f"{PATH}/{{import_id}}/cancel", posted(self.cancel), methods=["POST"]),
        ]

    async def page(self, request: Request, visitor: Visitor) -> Response:
        days = {"first_day": one(request, "first_day", 10), "last_day": one(request, "last_day", 10)}
        return await self._show(request, visitor, days)

    async def start(self, request: Request, visitor: Visitor, form: Form) -> Response:
        visitor.require(access_pb2.ROLE_ADMIN)
        days = {name: form.get(name, "")[:10] for name in ("first_day", "last_day")}
        wanted = pb.StartImportRequest(request_id=form.get("request_id", "")[:100], **days)
        try:
            await ask(self._imports.StartImport(wanted, metadata=visitor.proof))
        except (InvalidRequest, Refused) as error:
            return await self._show(request, visitor, days, error)
        return self._desk.pages.go(PATH, Message("good", "The import is started. It goes on when you leave this page."))

    async def pause(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        wanted = pb.PauseImportRequest(import_id=request.path_params["import_id"][:20])
        visitor.require(access_pb2.ROLE_ADMIN)
        return await self._moved("pause", self._imports.PauseImport(wanted, metadata=visitor.proof))

    async def resume(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        wanted = pb.ResumeImportRequest(import_id=request.path_params["import_id"][:20])
        visitor.require(access_pb2.ROLE_ADMIN)
        return await self._moved("resume", self._imports.ResumeImport(wanted, metadata=visitor.proof))

    async def cancel(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        wanted = pb.CancelImportRequest(import_id=request.path_params["import_id"][:20])
        visitor.require(access_pb2.ROLE_ADMIN)
        return await self._moved("cancel", self._imports.CancelImport(wanted, metadata=visitor.proof))

    async def _moved(self, what: str, call: object) -> Response:
        try:
            await ask(call)  # type: ignore[arg-type]
        except Refused as error:
            return self._desk.pages.go(PATH, Message("bad", error.say))
        return self._desk.pages.go(PATH, Message("good", _TOLD[what]))

    async def _show(
        self, request: Request, visitor: Visitor, days: Mapping[str, str], error: AppError | None = None
    ) -> Response:
        listing = self._imports.ListImports(pb.ListImportsRequest(page_size=_ROWS), metadata=visitor.proof)
        found, (counted, trouble) = await asyncio.gather(ask(listing), self._counted(visitor, days))
        listed = [shown(each) for each in found.imports]
        trouble = error or trouble
        # A shopify-sync of the version before says no day.
        today = date.fromisoformat(found.today) if found.today else datetime.now(UTC).date()
        return self._desk.pages.show(
            request,
            "history_import.html",
            visitor,
            status=status_of(error) if error else 200,
            going=next((each for each in listed if each["status"] in _GOING), None),
            imports=[each for each in listed if each["status"] not in _GOING],
            counted=counted,
            trouble=trouble.say if trouble else "",
            first_day=days["first_day"] or (today - _PROPOSED).isoformat(),
            last_day=days["last_day"] or today.isoformat(),
            request_id=new_nonce(),
        )

    async def _counted(self, visitor: Visitor, days: Mapping[str, str]) -> tuple[View | None, AppError | None]:
        """What the chosen days hold; nothing before somebody chose them."""
        if not visitor.can_manage or not any(days.values()):
            return None, None
        wanted = pb.CountOrdersRequest(first_day=days["first_day"], last_day=days["last_day"])
        try:
            return preview(await ask(self._imports.CountOrders(wanted, metadata=visitor.proof))), None
        except (InvalidRequest, Refused, PassingTrouble) as error:
            return None, error


def preview(message: pb.CountOrdersResponse) -> View:
    return {
        "count": message.count,
        "count_text": f"{message.count:,}",
        "oldest": {"name": message.oldest_name, "at": wording.moment(message.oldest_at)},
        "newest": {"name": message.newest_name, "at": wording.moment(message.newest_at)},
        "takes": duration(message.seconds_at_quickbooks),
        "recent_orders_only": message.recent_orders_only,
    }


def shown(message: pb.HistoryImport) -> View:
    status = pb.ImportStatus.Name(message.status).removeprefix("IMPORT_STATUS_")
    of = message.counted if message.HasField("counted") else 0
    return {
        "id": message.import_id,
        "status": status,
        "label": STATUS_LABELS.get(status, status),
        "days": f"{day(message.first_day)} to {day(message.last_day)}",
        "started_by": message.started_by,
        "created_at": wording.moment(message.created_at),
        "ended_at": wording.moment(message.ended_at),
        "known": message.HasField("counted"),
        "of": max(of, message.read),
        "of_text": f"{max(of, message.read):,}",
        "read": message.read,
        "read_text": f"{message.read:,}",
        "gathered_text": f"{message.gathered:,}" if message.stage == pb.IMPORT_STAGE_GATHERING else "",
        "brought_in_text": f"{message.brought_in:,}",
        "fewer": max(of - message.read, 0) if status == "DONE" else 0,
        "not_there": message.not_there,
        "set_aside": message.set_aside,
        "rate_text": f"{message.orders_per_minute:,}" if message.orders_per_minute else "",
        "left": duration(message.seconds_left) if message.HasField("seconds_left") else "",
        "stage": _STAGES.get(message.stage, "") if status in ("QUEUED", "COUNTING", "RUNNING") else "",
        "why": _WHY.get(message.why_paging, ""),
    }


def day(iso: str) -> str:
    """31 Jan 2026."""
    found = date.fromisoformat(iso)
    return f"{found.day} {found:%b %Y}"


def duration(seconds: int) -> str:
    """About how long, as one says it."""
    if seconds < 60:
        return "less than a minute"
    if seconds < 90 * 60:
        minutes = round(seconds / 60)
        return f"about {minutes} minute{'' if minutes == 1 else 's'}"
    if seconds < 36 * 3600:
        return f"about {round(seconds / 3600)} hours"
    return f"about {round(seconds / 86_400)} days"
