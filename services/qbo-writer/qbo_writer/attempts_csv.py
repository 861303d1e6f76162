"""The audit log as a CSV, page after page, so that its length does not matter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from qbo_writer.mapping_csv import written

_PAGE = 500
_COLUMNS = (
    "at_utc",
    "kind",
    "reference",
    "shopify_id",
    "status",
    "tried",
    "document",
    "document_number",
    "quickbooks_id",
    "code",
    "sentence",
    "cause",
    "cure",
    "http_status",
    "intuit_tid",
    "trace_id",
)


@dataclass(frozen=True, slots=True)
class _Line:
    at: datetime
    kind: str
    reference: str
    source_id: str
    outcome: str
    operation: str
    entity: str
    number: str
    qbo_id: str
    reason: str
    sentence: str
    cause: str
    cure: str
    http_status: int
    intuit_tid: str
    trace_id: str
    arrival: int


async def attempts_csv(db: Database, where: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """In UTF-8 with a mark that spreadsheets need. No secret is in it, and no cell is a formula."""
    yield b"\xef\xbb\xbf" + written([_COLUMNS])
    before: int | None = None
    while lines := await db.all("attempts_to_export", _Line, **where, before=before, limit=_PAGE):
        yield written(_cells(line) for line in lines)
        before = lines[-1].arrival


def _cells(line: _Line) -> list[str]:
    at, *rest = astuple(line)[:-1]
    told = [telemetry.redactor.text(str(each)) if each else "" for each in rest]
    return [f"{at:%Y-%m-%d %H:%M:%S}", *told]
