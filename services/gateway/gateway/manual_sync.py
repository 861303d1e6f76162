"""Manual Sync: records by kind, pushed or left out by a person, and the runs that this starts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway import push_views, pushes, views, wording
from gateway.cards import list_connections
from gateway.desk import Desk, one
from gateway.forms import Form
from gateway.neighbours import ask, ask_or_none
from gateway.pages import Message
from gateway.record_filters import Words, filter_of, shown_filter, words_in
from gateway.sessions import Visitor
from gateway.views import View
from ledgerport.common.v1 import access_pb2
from ledgerport.qbo_writer.v1 import push_pb2, records_pb2
from ledgerport_libs.errors import AppError, NotFound, PassingTrouble, Refused

_ROWS = 50
_RECENT = 3
OnTab = Callable[..., Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Tab:
    """One kind of record in the words of the page."""

    path: str
    kind: str
    label: str
    one: str

    @property
    def address(self) -> str:
        return f"/manual-sync/{self.path}"


TABS = (
    Tab("orders", "order", "Orders", "order"),
    Tab("customers", "customer", "Customers", "customer"),
    Tab("products", "product", "Products", "product"),
    Tab("payments", "payment", "Payments", "payment"),
    Tab("refunds", "refund", "Refunds", "refund"),
)
# Where records of a kind are pushed.
PUSH_TABS = {tab.kind.upper(): tab.path for tab in TABS}


class ManualSync:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._near = desk, desk.neighbours

    def routes(self) -> list[Route]:
        seen, posted = self._desk.seen, self._desk.posted
        found = [
            Route("/manual-sync", seen(self.first), methods=["GET"]),
            Route("/manual-sync/runs", seen(self.runs), methods=["GET"]),
            Route("/manual-sync/runs/{run_id}", seen(self.run), methods=["GET"]),
            Route("/manual-sync/runs/{run_id}/cancel", posted(self.cancel), methods=["POST"]),
        ]
        for tab in TABS:
            at: Callable[[OnTab], Any] = partial(partial, tab=tab)
            found += [
                Route(tab.address, seen(at(self.page)), methods=["GET"]),
                Route(f"{tab.address}/push", seen(at(self.ask_push)), methods=["GET"]),
                Route(f"{tab.address}/push", posted(at(self.push)), methods=["POST"]),
                Route(f"{tab.address}/ignore", seen(at(self.ask_ignore)), methods=["GET"]),
                Route(f"{tab.address}/ignore", posted(at(self.ignore)), methods=["POST"]),
            ]
        return found

    async def first(self, _request: Request, _visitor: Visitor) -> Response:
        return RedirectResponse(TABS[0].address, 303)

    async def page(self, request: Request, visitor: Visitor, *, tab: Tab) -> Response:
        near, proof, zone = self._near, visitor.proof, request.state.zone
        asked = filter_of({**words_in(request.query_params), "kind": tab.kind}, zone)
        of_kind = records_pb2.CountRecordsRequest(filter=filter_of({"kind": tab.kind}))
        wanted = records_pb2.ListRecordsRequest(filter=asked, page_size=_ROWS, page_token=one(request, "page"))
        recent = push_pb2.ListPushRunsRequest(page_size=_RECENT)
        found, counts, push, runs = await asyncio.gather(
            ask(near.records.ListRecords(wanted, metadata=proof)),
            ask_or_none(near.records.CountRecords(of_kind, metadata=proof)),
            pushes.count(near, visitor, push_pb2.Chosen(all_of=asked)),
            ask_or_none(near.pushes.ListPushRuns(recent, metadata=proof)),
        )
        by_status = {wording.status_word(each.status): each.count for each in counts.counts} if counts else {}
        return self._desk.pages.show(
            request,
            "manual_sync.html",
            visitor,
            tabs=TABS,
            tab=tab,
            records=[views.record(each) for each in found.records],
            by_status=by_status,
            total=sum(by_status.values()),
            push=push_views.found(push),
            runs=[push_views.run(each) for each in runs.runs] if runs else [],
            stopped=await self._why_stopped(visitor),
            **shown_filter(request, found.next_page_token, tab.address),
        )

    # --- pushing ----------------------------------------------------------------------------------

    async def ask_push(self, request: Request, visitor: Visitor, *, tab: Tab) -> Response:
        """What will happen, before it does: of what is ticked, or of all that the filter shows."""
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        picked, words = request.query_params.getlist("pick")[:_ROWS], words_in(request.query_params)
        all_of = one(request, "all") == "yes"
        if not picked and not all_of:
            return self._desk.pages.go(tab.address, Message("note", f"Tick at least one {tab.one} first."))
        chosen = self._chosen(tab, picked, words, request.state.zone, all_of=all_of)
        return self._desk.pages.show(
            request,
            "manual_sync_push.html",
            visitor,
            tab=tab,
            found=push_views.found(await pushes.count(self._near, visitor, chosen)),
            all_of=push_views.in_words(chosen.all_of) if all_of else "",
            picked=[] if all_of else picked,
            kept=words,
            stopped=await self._why_stopped(visitor),
        )

    async def push(self, request: Request, visitor: Visitor, form: Form, *, tab: Tab) -> Response:
        all_of = form.get("all") == "yes"
        chosen = self._chosen(tab, _picked(form), words_in(form, strict=True), request.state.zone, all_of=all_of)
        try:
            run = await pushes.start(self._near, visitor, chosen)
        except (Refused, NotFound) as refusal:
            return self._desk.pages.go(tab.address, Message("note", refusal.say))
        return self._desk.pages.go(f"/manual-sync/runs/{run['id']}")

    @staticmethod
    def _chosen(tab: Tab, picked: list[str], words: Words, zone: str, *, all_of: bool) -> push_pb2.Chosen:
        if all_of:
            return push_pb2.Chosen(all_of=filter_of({**words, "kind": tab.kind}, zone))
        return push_pb2.Chosen(ids=push_pb2.RecordIds(record_ids=[each[:64] for each in picked]))

    # --- leaving out ------------------------------------------------------------------------------

    async def ask_ignore(self, request: Request, visitor: Visitor, *, tab: Tab) -> Response:
        visitor.require(access_pb2.ROLE_BOOKKEEPER)
        picked = request.query_params.getlist("pick")[:_ROWS]
        if not picked:
            return self._desk.pages.go(tab.address, Message("note", f"Tick at least one {tab.one} first."))
        return self._desk.pages.show(request, "manual_sync_ignore.html", visitor, tab=tab, picked=picked)

    async def ignore(self, _request: Request, visitor: Visitor, form: Form, *, tab: Tab) -> Response:
        done = await pushes.ignore(self._near, visitor, _picked(form))
        told = [f"{_records(done['ignored'])} skipped."]
        if done["being_written"]:
            told.append(f"{_records(done['being_written'])} being written to QuickBooks right now and stayed.")
        if done["in_quickbooks"]:
            told.append(f"{_records(done['in_quickbooks'])} in QuickBooks already and stayed.")
        return self._desk.pages.go(tab.address, Message("good" if done["ignored"] else "note", " ".join(told)))

    # --- runs -------------------------------------------------------------------------------------

    async def runs(self, request: Request, visitor: Visitor) -> Response:
        wanted = push_pb2.ListPushRunsRequest(page_token=one(request, "page"))
        found = await ask(self._near.pushes.ListPushRuns(wanted, metadata=visitor.proof))
        next_token = found.next_page_token
        return self._desk.pages.show(
            request,
            "manual_sync_runs.html",
            visitor,
            runs=[push_views.run(each) for each in found.runs],
            later_page=bool(one(request, "page")),
            next_page=f"/manual-sync/runs?page={next_token}" if next_token else "",
        )

    async def run(self, request: Request, visitor: Visitor) -> Response:
        run_id, outcome = request.path_params["run_id"][:64], one(request, "outcome", 20)
        found = await pushes.run(self._near, visitor, run_id)
        listed = (
            await pushes.records_of(self._near, visitor, run_id, outcome, one(request, "page")) if outcome else None
        )
        address = f"/manual-sync/runs/{run_id}?outcome={outcome}"
        return self._desk.pages.show(
            request,
            "manual_sync_run.html",
            visitor,
            **found,
            outcome=outcome.upper() if outcome.upper() in wording.STATUS_LABELS else "",
            listed=listed["records"] if listed else [],
            first_page=address,
            later_page=bool(one(request, "page")),
            next_page=f"{address}&page={listed['next_page']}" if listed and listed["next_page"] else "",
            stopped=await self._why_stopped(visitor) if found["run"]["state"] == "RUNNING" else "",
        )

    async def cancel(self, request: Request, visitor: Visitor, _form: Form) -> Response:
        run = await pushes.cancel(self._near, visitor, request.path_params["run_id"])
        told = f"Cancelled. {_records(run['cancelled'])} taken back."
        if run["counts"]["PENDING"]:
            told += " What was being written is finished."
        return self._desk.pages.go(f"/manual-sync/runs/{run['id']}", Message("good", told))

    async def _why_stopped(self, visitor: Visitor) -> str:
        """Why nothing goes to QuickBooks for now; empty where it does, or nobody can tell."""
        try:
            card = (await list_connections(self._near, visitor))["quickbooks"]
        except PassingTrouble:
            return ""
        except AppError as error:
            if type(error) is not AppError:
                raise
            return ""
        return why_stopped(card)


def why_stopped(card: View) -> str:
    if card["paused"]:
        return "Sync is paused: what is pushed waits until it is resumed."
    if card["status"] == "CONNECTED":
        return ""
    return "QuickBooks is not connected: what is pushed waits until it is."


def _picked(form: Mapping[str, str]) -> list[str]:
    return [value for name, value in form.items() if name.startswith("pick.")]


def _records(count: int) -> str:
    return f"{count:,} {'record is' if count == 1 else 'records are'}"
