"""A history import: its days, its state, and the moves that are allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Status(StrEnum):
    QUEUED = "queued"
    COUNTING = "counting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


MOVES: Mapping[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.COUNTING, Status.PAUSED, Status.CANCELLED}),
    Status.COUNTING: frozenset({Status.RUNNING, Status.PAUSED, Status.CANCELLED, Status.FAILED}),
    Status.RUNNING: frozenset({Status.PAUSED, Status.DONE, Status.CANCELLED, Status.FAILED}),
    Status.PAUSED: frozenset({Status.QUEUED, Status.RUNNING, Status.CANCELLED}),
    Status.DONE: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.FAILED: frozenset(),
}


def before(status: Status) -> list[str]:
    """The states from which a move leads there."""
    return [each.value for each, to in MOVES.items() if status in to]


class Way(StrEnum):
    """How the list of orders is had: an export that Shopify gathers, or page after page."""

    NONE = ""
    BULK = "bulk"
    PAGING = "paging"


class WhyPaging(StrEnum):
    """Why there is no export to read."""

    REFUSED = "bulk_refused"
    BUSY = "bulk_busy"
    FAILED = "bulk_failed"
    EXPIRED = "bulk_expired"
    SHORT = "bulk_short"


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days in the store's zone, both included."""

    first: date
    last: date
    zone: str

    @property
    def from_at(self) -> datetime:
        return datetime.combine(self.first, time(), ZoneInfo(self.zone))

    @property
    def before_at(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time(), ZoneInfo(self.zone))


def search(from_at: datetime, before_at: datetime) -> str:
    """Shopify's filter for the orders of these moments, by the date that the books go by."""
    return f"processed_at:>='{_utc(from_at)}' processed_at:<'{_utc(before_at)}'"


def _utc(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class ImportJob:
    """A row of import_job."""

    id: int
    business_id: str
    shop_domain: str
    started_by: str
    created_at: datetime
    ended_at: datetime | None
    first_day: date
    last_day: date
    from_at: datetime
    before_at: datetime
    status: str
    counted: int | None
    listed: int | None
    way: str
    bulk_id: str
    gathered: int
    reason: str
    place: int
    place_bytes: int
    after_id: int
    read: int
    said: int
    unchanged: int
    not_there: int
    set_aside: int
    orders_per_minute: int
    held_back: bool
    failures: int
    holder: str

    @property
    def search(self) -> str:
        return search(self.from_at, self.before_at)
