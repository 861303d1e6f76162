"""The Dashboard: how the sync stands, what needs a person, and what happened lately."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import notices, trouble, views, wording
from gateway.desk import Desk
from gateway.forms import Form
from gateway.neighbours import Neighbours, ask, ask_or_none
from gateway.pages import Message
from gateway.sessions import Visitor
from gateway.views import View
from ledgerport.common.v1 import access_pb2
from ledgerport.connections.v1 import connections_pb2
from ledgerport.events.v1 import record_pb2
from ledgerport.qbo_writer.v1 import records_pb2
from ledgerport.shopify_sync.v1 import intake_pb2

_MOST_ACTIVITY = 14
_MOST_TROUBLES = 6


class Dashboard:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        return [
            Route("/", self._desk.seen(self.page), methods=["GET"]),
            Route("/sync-now", self._desk.posted(self.sync_now), methods=["POST"]),
        ]

    async def page(self, request: Request, visitor: Visitor) -> Response:
        return self._desk.pages.show(request, "dashboard.html", visitor, **await picture(self._desk, visitor))

    async def sync_now(self, _request: Request, visitor: Visitor, _form: Form) -> Response:
        await sync_now(self._desk.neighbours, visitor)
        told = "Looking for changes in your store now. What is found shows up here by itself."
        return self._desk.pages.go("/", Message("good", told))


async def sync_now(neighbours: Neighbours, visitor: Visitor) -> None:
    """Look for changes that no webhook told of."""
    visitor.require(access_pb2.ROLE_BOOKKEEPER)
    await ask(neighbours.intake.SyncNow(intake_pb2.SyncNowRequest(), metadata=visitor.proof))


async def picture(desk: Desk, visitor: Visitor) -> Mapping[str, Any]:
    """All that the Dashboard shows; None for a part whose service does not answer now."""
    near, proof = desk.neighbours, visitor.proof
    failed = records_pb2.RecordFilter(status=record_pb2.RECORD_STATUS_ERROR)
    summary, connections, history, intake, troubles, told = await asyncio.gather(
        ask_or_none(near.records.GetSummary(records_pb2.GetSummaryRequest(), metadata=proof)),
        ask_or_none(near.connections.ListConnections(connections_pb2.ListConnectionsRequest(), metadata=proof)),
        ask_or_none(near.connections.ListHistory(connections_pb2.ListHistoryRequest(page_size=8), metadata=proof)),
        ask_or_none(near.intake.GetIntakeStatus(intake_pb2.GetIntakeStatusRequest(), metadata=proof)),
        ask_or_none(
            near.records.ListRecords(
                records_pb2.ListRecordsRequest(filter=failed, page_size=_MOST_TROUBLES), metadata=proof
            )
        ),
        notices.told(near, visitor),
    )
    shown_summary = views.summary(summary) if summary else None
    shown_connections = views.connections(connections) if connections else None
    past = [views.history(each) for each in history.entries] if history else []
    return {
        "summary": shown_summary,
        "connections": shown_connections,
        "intake": views.intake(intake) if intake else None,
        "troubles": [views.record(each) for each in troubles.records] if troubles else [],
        "banners": banners(shown_connections or {}),
        "notices": notices.shown(told, shown_connections or {}, expiring_said=True),
        "checklist": checklist(shown_connections, shown_summary),
        "activity": activity(shown_summary["recent"] if shown_summary else [], past),
    }


def checklist(connections: Mapping[str, View] | None, summary: View | None) -> list[View]:
    """The steps of setting up, until all are done."""
    if connections is None:
        return []
    steps = [
        {
            "done": connections["shopify"]["status"] != "NOT_CONNECTED",
            "text": "Connect your Shopify store",
            "why": "Orders, customers, products and refunds are read from here.",
            "link": "/connections#shopify",
        },
        {
            "done": connections["quickbooks"]["status"] != "NOT_CONNECTED",
            "text": "Connect QuickBooks Online",
            "why": "The one company whose books are kept. It cannot be changed later.",
            "link": "/connections#quickbooks",
        },
        {
            "done": bool(summary and summary["by_status"]["SYNCED"]),
            "text": "See the first record arrive",
            "why": "Place or change an order in your store; it appears here by itself.",
            "link": "/audit-log",
        },
    ]
    return [] if all(step["done"] for step in steps) else steps


def banners(connections: Mapping[str, View]) -> list[View]:
    """What stands in the way of syncing, worst first."""
    found = []
    for provider, each in connections.items():
        label, link = wording.PROVIDER_LABELS[each["provider"]], f"/connections#{provider}"
        if wrong := trouble.of(each):
            text = f"{wrong['lead']} {wrong['text']}".strip()
            found.append({"tone": "bad", "text": text, "since": each["status_since"], "link": link, "do": wrong["do"]})
        if each["paused"]:
            text = f"Sync is paused by {each['paused_by'] or 'a member'}. Changes are collected, nothing is written."
            found.append({"tone": "note", "text": text, "since": each["paused_since"], "link": link, "do": "Review"})
        if each["expiring_soon"]:
            text = f"{label} must be connected again within {each['days_left']} days."
            found.append({"tone": "note", "text": text, "since": "", "link": link, "do": "Reconnect"})
    return found


def activity(records: Sequence[View], history: Sequence[View]) -> list[View]:
    """What happened lately, in sentences, newest first."""
    told = [
        {"at": each["changed_at"], "tone": each["status"], "text": sentence_of(each), "link": f"/records/{each['id']}"}
        for each in records
    ]
    told += [{"at": each["at"], "tone": "note", "text": each["sentence"], "link": ""} for each in history]
    return sorted(told, key=lambda each: each["at"], reverse=True)[:_MOST_ACTIVITY]


def sentence_of(record: View) -> str:
    """One record's state as somebody would say it."""
    name = f"{wording.KIND_LABELS.get(record['kind'], record['kind'])} {record['reference']}".strip()
    if record["kind"] == "SETUP" and record["reference"]:
        name = record["reference"]
        if record["status"] == "SYNCED":
            return f"{name} was set up in QuickBooks."
    if record["status"] == "SYNCED":
        as_document = f" as {record['document']}" if record["document"] else ""
        worth = f" for {record['total']['text']}" if record["total"] else ""
        return f"{name}{worth} is in QuickBooks{as_document}."
    label = {
        "PENDING": "is queued",
        "ON_HOLD": "is on hold",
        "ERROR": "could not be synced",
        "SKIPPED": "was skipped",
    }.get(record["status"], "changed")
    return f"{name} {label}: {record['sentence']}" if record["sentence"] else f"{name} {label}."
