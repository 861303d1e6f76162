"""What people do with imports: count, start, pause, resume, cancel, look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import psycopg

from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.errors import AppError, InvalidRequest, NotFound, PassingTrouble, Refused
from shopify_sync.bulk_export import BulkExports
from shopify_sync.documents import query
from shopify_sync.import_jobs import Days, ImportJob, Status, Way, before, search
from shopify_sync.settings import Settings
from shopify_sync.shopify_admin import ShopifyAdmin, ShopifyTrouble

log = telemetry.logger("import_desk")
_COUNT = query("orders_count")
# Shopify was founded in that year: whatever is older was brought there from elsewhere, and is no history of a store.
_OLDEST = date(2006, 1, 1)


@dataclass(frozen=True, slots=True)
class _Store:
    shop_domain: str
    zone: str
    scopes: list[str]


@dataclass(frozen=True, slots=True)
class Counted:
    """What an import of some days would read. Names and times are of the first and the last order, if there is one."""

    count: int
    oldest: tuple[str, datetime] | None
    newest: tuple[str, datetime] | None
    seconds_at_quickbooks: int
    recent_orders_only: bool


class ImportDesk:
    """All of one Business at a time. `wake` starts what was asked for."""

    def __init__(
        self,
        db: Database,
        admin: ShopifyAdmin,
        exports: BulkExports,
        settings: Settings,
        wake: Callable[[], None],
    ) -> None:
        self._db, self._admin, self._exports, self._settings, self._wake = db, admin, exports, settings, wake

    async def count(self, business_id: str, first: str, last: str) -> Counted:
        store = await self._store(business_id)
        days = _days(first, last, store.zone)
        asked = {"query": search(days.from_at, days.before_at)}
        try:
            answer = await self._admin.ask(business_id, _COUNT, asked)
        except ShopifyTrouble as trouble:
            say = "Shopify does not answer at the moment. Please try again shortly."
            raise PassingTrouble(str(trouble), say=say) from trouble
        count = int(answer["ordersCount"]["count"])
        return Counted(
            count,
            _named(answer["oldest"]["nodes"]),
            _named(answer["newest"]["nodes"]),
            -(-count * 60 // self._settings.import_orders_per_minute),
            bool(store.scopes) and "read_all_orders" not in store.scopes,
        )

    async def start(self, business_id: str, email: str, request_id: str, first: str, last: str) -> ImportJob:
        """The same request starts it once."""
        if not 0 < len(request_id) <= 100:
            raise InvalidRequest("request id", say="An import needs an id of its request.")
        store = await self._store(business_id)
        days = _days(first, last, store.zone)
        wanted = {"business_id": business_id, "request_id": request_id}
        try:
            found = await self._db.value("import_requested", **wanted) or await self._db.value(
                "import_start",
                **wanted,
                shop_domain=store.shop_domain,
                started_by=email,
                first_day=days.first,
                last_day=days.last,
                from_at=days.from_at,
                before_at=days.before_at,
            )
        except psycopg.errors.UniqueViolation as taken:
            say = "Another import is not over yet. Wait for its end, or cancel it."
            raise Refused(say, say=say, reason="IMPORT_RUNNING") from taken
        self._wake()
        return await self.get(business_id, str(found or await self._db.value("import_requested", **wanted)))

    async def get(self, business_id: str, import_id: str) -> ImportJob:
        """NotFound for one of another Business, too."""
        number = int(import_id) if import_id.isascii() and import_id.isdecimal() and len(import_id) <= 18 else 0
        job = await self._db.one("import_of", ImportJob, business_id=business_id, id=number)
        if job is None:
            raise NotFound(import_id, say="There is no such import.")
        return job

    async def page(self, business_id: str, older_than: int, size: int) -> Sequence[ImportJob]:
        return await self._db.all("import_page", ImportJob, business_id=business_id, before=older_than, size=size)

    async def today(self, business_id: str) -> date:
        """The day that it is in the store's zone; in UTC while no store is connected."""
        store = await self._db.one("store_for_import", _Store, business_id=business_id)
        return _today(store.zone if store else "UTC")

    async def pause(self, business_id: str, import_id: str) -> ImportJob:
        return await self._move(business_id, import_id, Status.PAUSED)

    async def resume(self, business_id: str, import_id: str) -> ImportJob:
        job = await self.get(business_id, import_id)
        if not await self._db.run("import_resume", business_id=business_id, id=job.id):
            now = await self.get(business_id, import_id)
            if now.status in (Status.CANCELLED, Status.DONE, Status.FAILED):
                raise _over(now)
        self._wake()
        return await self.get(business_id, import_id)

    async def cancel(self, business_id: str, import_id: str) -> ImportJob:
        """The export that Shopify may still be gathering is called off, too, as far as Shopify answers."""
        job = await self._move(business_id, import_id, Status.CANCELLED)
        if job.way == Way.BULK and job.listed is None:
            try:
                await self._exports.cancel(business_id, job.bulk_id)
            except (ShopifyTrouble, AppError) as trouble:
                log.info("export_goes_on_for_nobody", job=job.id, why=str(trouble))
        return job

    async def _move(self, business_id: str, import_id: str, to: Status) -> ImportJob:
        job = await self.get(business_id, import_id)
        moved = await self._db.run(
            "import_move", business_id=business_id, id=job.id, status=to.value, before=before(to)
        )
        now = await self.get(business_id, import_id)
        if not moved and now.status != to:
            raise _over(now)
        return now

    async def _store(self, business_id: str) -> _Store:
        store = await self._db.one("store_for_import", _Store, business_id=business_id)
        if store is None:
            say = "Connect your Shopify store first."
            raise Refused(say, say=say, reason="NOT_CONNECTED")
        return store


def _over(job: ImportJob) -> Refused:
    say = f"This import is {job.status} already."
    return Refused(say, say=say, reason="IMPORT_OVER")


def _days(first: str, last: str, zone: str) -> Days:
    """InvalidRequest names what is wrong with them."""
    try:
        days = Days(date.fromisoformat(first), date.fromisoformat(last), zone)
    except ValueError as wrong:
        raise InvalidRequest("no days", say="Choose the first and the last day.") from wrong
    if days.first > days.last:
        raise InvalidRequest("turned round", say="The first day is after the last one.")
    if days.first < _OLDEST:
        raise InvalidRequest("too old", say=f"The first day cannot be before {_OLDEST.isoformat()}.")
    if days.first > _today(zone):
        raise InvalidRequest("in the future", say="The first day is in the future.")
    return Days(days.first, min(days.last, date(9998, 12, 31)), zone)


def _today(zone: str) -> date:
    return datetime.now(ZoneInfo(zone)).date()


def _named(nodes: Sequence[dict[str, str]]) -> tuple[str, datetime] | None:
    return (nodes[0]["name"], datetime.fromisoformat(nodes[0]["processedAt"])) if nodes else None
