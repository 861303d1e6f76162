"""Pushes as both the pages and the JSON API show them."""

from __future__ import annotations

from typing import Any

from gateway import views, wording
from ledgerport.qbo_writer.v1 import push_pb2, records_pb2

View = dict[str, Any]


def found(message: push_pb2.PushCount) -> View:
    return {
        "to_push": message.to_push,
        "in_quickbooks_already": message.in_quickbooks_already,
        "on_their_way_already": message.on_their_way_already,
        "ignored": message.ignored,
    }


def run(message: push_pb2.PushRun) -> View:
    """RUNNING until every record is decided; then DONE, or CANCELLED where a person stopped it."""
    under_way = message.pending + message.on_hold_for_moments
    total = message.found.to_push
    return {
        "id": message.run_id,
        "state": "RUNNING" if under_way else "CANCELLED" if message.cancelled_by else "DONE",
        "started_by": message.started_by,
        "started_at": wording.moment(message.started_at),
        "asked": _asked(message),
        "found": found(message.found),
        "total": total,
        "decided": total - under_way,
        "percent": (total - under_way) * 100 // total if total else 100,
        "counts": {
            "SYNCED": message.synced,
            "PENDING": under_way,
            "ON_HOLD": message.on_hold - message.on_hold_for_moments,
            "ERROR": message.error,
            "SKIPPED": message.skipped,
        },
        "cancelled": message.cancelled,
        "cancelled_by": message.cancelled_by,
        "cancelled_at": wording.moment(message.cancelled_at),
    }


def reason(message: push_pb2.ReasonCount) -> View:
    return {
        "status": wording.status_word(message.status),
        "reason": message.reason,
        "count": message.count,
        "example": views.record(message.example),
    }


def _asked(message: push_pb2.PushRun) -> str:
    """What was pushed, in words."""
    if message.picked:
        return "Selected by hand"
    return in_words(message.all_of)


def in_words(asked: records_pb2.RecordFilter) -> str:
    """All orders · On Hold · “#1001”"""
    kind = wording.KIND_LABELS.get(wording.kind_word(asked.kind), "Record").lower()
    parts = [f"All {kind}s"]
    if asked.status:
        parts.append(wording.STATUS_LABELS[wording.status_word(asked.status)])
    if asked.text:
        parts.append(f"“{asked.text}”")
    if asked.HasField("from") or asked.HasField("to"):
        parts.append("of the chosen days")
    return " · ".join(parts)
