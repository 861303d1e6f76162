"""History imports at work: each is leased to one process, goes on where it was, and gives way to what happens now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import psycopg

from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.ending import end
from ledgerport_libs.errors import AppError
from ledgerport_libs.resting import rest
from shopify_sync.back_pressure import BackPressure
from shopify_sync.bulk_export import Broken, BulkExports, Busy, Expired, Export, Listed, Refused
from shopify_sync.documents import query
from shopify_sync.import_jobs import ImportJob, Status, Way, WhyPaging
from shopify_sync.import_reading import ImportReading, Stopped
from shopify_sync.objects import Objects
from shopify_sync.paged_orders import page
from shopify_sync.settings import Settings
from shopify_sync.shopify_admin import Denied, ShopifyAdmin, ShopifyTrouble
from shopify_sync.stores import Store

log = telemetry.logger("imports")
_LOOK = 0.5
_COUNT = query("orders_count")
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 300.0
_GATHERING_LOOKS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_BUSY_TRIES = 8
# Of ours, and not of Shopify's or the database's, which are waited for without end.
_MOST_FAILURES = 5
_PORTION = 2000


class Later(Exception):
    """Nothing to do for so many seconds, and nothing went wrong."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:.0f} s")
        self.seconds = seconds


class Imports:
    """`admin` and `objects` ask in the lane of history; `tell` is called when something was said."""

    def __init__(
        self,
        db: Database,
        admin: ShopifyAdmin,
        exports: BulkExports,
        pressure: BackPressure,
        settings: Settings,
        tell: Callable[[], None],
    ) -> None:
        self._db, self._admin, self._exports, self._pressure = db, admin, exports, pressure
        self._objects, self._settings, self._tell = Objects(admin), settings, tell
        self._tasks: set[asyncio.Task[None]] = set()
        self._looks: dict[int, int] = {}
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something may be due now."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. Raises on trouble of ours; the caller runs it again."""
        try:
            while True:
                self._wake.clear()
                free = self._settings.imports_at_once - len(self._tasks)
                for job in await self._claim(free) if free > 0 else []:
                    task = asyncio.create_task(self._work(job), name=f"import {job.id}")
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                await rest(self._wake, _LOOK)
        finally:
            await end(*self._tasks)

    async def _claim(self, most: int) -> list[ImportJob]:
        lease = self._settings.import_lease
        return await self._db.all("imports_claim", ImportJob, lease=lease, most=most)

    async def _work(self, job: ImportJob) -> None:
        """As far as it goes now. Trouble of any kind leaves the job where it was, for a later try."""
        wait, failures = 0.0, 0
        try:
            with telemetry.tracer().start_as_current_span("history import", attributes={"shop": job.shop_domain}):
                await self._steps(job)
        except Stopped:
            return
        except Later as later:
            wait = later.seconds
        except (ShopifyTrouble, AppError, psycopg.OperationalError, OSError) as trouble:
            failures = job.failures + 1
            wait = min(_FIRST_WAIT * 2**failures, _LONGEST_WAIT)
            log.warning("import_later", job=job.id, shop=job.shop_domain, why=str(trouble), wait=wait)
        except Exception:
            failures = job.failures + 1
            wait = _LONGEST_WAIT
            log.exception("import_went_wrong", job=job.id, shop=job.shop_domain, failures=failures)
            if failures >= _MOST_FAILURES:
                await self._db.run("import_failed", id=job.id, holder=job.holder)
        await self._leave(job, wait, failures)

    async def _leave(self, job: ImportJob, wait: float, failures: int) -> None:
        try:
            await self._db.run("import_leave", id=job.id, holder=job.holder, seconds=wait, failures=failures)
        except (psycopg.OperationalError, OSError, TimeoutError):
            log.warning("import_lease_runs_out", job=job.id)  # and then somebody takes it up
        if not wait:
            self.wake()

    async def _steps(self, job: ImportJob) -> None:
        if job.status in (Status.QUEUED, Status.COUNTING):
            async with self._held(job, None):
                await self._count_and_begin(job)
            raise Later(0)
        store = await self._db.one("store_of_shop", Store, shop_domain=job.shop_domain)
        if store is None:
            raise Stopped
        if job.way == Way.BULK:
            await self._bulk(store, job)
        else:
            await self._pages(store, job)
        log.info("import_done", job=job.id, shop=job.shop_domain)

    async def _count_and_begin(self, job: ImportJob) -> None:
        if job.status == Status.QUEUED:
            await self._ours("import_counting", job)
        if job.counted is None:
            answer = await self._admin.ask(job.business_id, _COUNT, {"query": job.search})
            await self._ours("import_counted", job, counted=int(answer["ordersCount"]["count"]))
        try:
            bulk_id = await self._exports.start(job.business_id, job.search)
        except Busy:
            if job.failures < _BUSY_TRIES:
                raise
            await self._instead(job, WhyPaging.BUSY)
        except (Denied, Refused) as refusal:
            log.warning("bulk_refused", job=job.id, why=str(refusal))
            await self._instead(job, WhyPaging.REFUSED)
        else:
            await self._ours("import_exports", job, bulk_id=bulk_id)

    async def _bulk(self, store: Store, job: ImportJob) -> None:
        """Waits for the export, then reads it; pages instead where it failed, ended, or does not hold what it says."""
        try:
            export = await self._exports.look(job.business_id, job.bulk_id)
        except Expired:
            await self._instead(job, WhyPaging.EXPIRED)
            raise Later(0) from None
        listed = export.orders if export.complete else None
        await self._ours("import_gathered", job, gathered=export.orders, listed=listed)
        if export.gathering:
            looks = self._looks[job.id] = self._looks.get(job.id, -1) + 1
            raise Later(_GATHERING_LOOKS[min(looks, len(_GATHERING_LOOKS) - 1)])
        self._looks.pop(job.id, None)
        why = await self._read_export(store, job, export) if export.complete else WhyPaging.FAILED
        if why is not None:
            await self._instead(job, why)
            raise Later(0)
        await self._done(job)

    async def _read_export(self, store: Store, job: ImportJob, export: Export) -> WhyPaging | None:
        """None: every line that Shopify counted was read."""
        reading, lines = self._reading(store, job), job.place
        async with self._held(job, reading):
            try:
                while export.url and (
                    portion := await self._exports.portion(export.url, reading.place_bytes, _PORTION)
                ):
                    await self._take(reading, portion)
                    lines += len(portion)
            except Expired:
                return WhyPaging.EXPIRED
            except Broken:
                return WhyPaging.SHORT
        if lines != export.lines or export.lines != export.orders:
            log.warning("export_is_short", job=job.id, lines=lines, counted=export.lines, orders=export.orders)
            return WhyPaging.SHORT
        return None

    async def _pages(self, store: Store, job: ImportJob) -> None:
        reading = self._reading(store, job)
        async with self._held(job, reading):
            while listed := await page(self._admin, job.business_id, job.search, reading.after_id):
                await self._take(reading, listed)
        await self._done(job)

    async def _take(self, reading: ImportReading, listed: Sequence[Listed]) -> None:
        await reading.take(listed)
        self._tell()

    def _reading(self, store: Store, job: ImportJob) -> ImportReading:
        most = self._settings.fetch_batch
        return ImportReading(self._db, self._objects, self._pressure, store, job, most)

    async def _instead(self, job: ImportJob, why: WhyPaging) -> None:
        log.warning("import_pages_instead", job=job.id, shop=job.shop_domain, why=why.value)
        await self._ours("import_pages", job, reason=why.value)

    async def _done(self, job: ImportJob) -> None:
        await self._ours("import_done", job)

    async def _ours(self, statement: str, job: ImportJob, **values: object) -> None:
        """Stopped where the job is no longer ours, or no longer where it was."""
        if not await self._db.run(statement, id=job.id, holder=job.holder, **values):
            raise Stopped

    @asynccontextmanager
    async def _held(self, job: ImportJob, reading: ImportReading | None) -> AsyncIterator[None]:
        """The lease, for as long as this takes; a pause is noticed by it even where nothing is read."""
        own = asyncio.current_task()

        async def hold() -> None:
            lease = self._settings.import_lease
            while True:
                await asyncio.sleep(min(lease / 3, 1.0))
                held_back = reading is not None and reading.held_back
                where = {"id": job.id, "holder": job.holder}
                try:
                    if not await self._db.run("import_hold", **where, lease=lease, held_back=held_back) and own:
                        own.cancel()
                except (psycopg.OperationalError, OSError, TimeoutError):
                    continue

        holding = asyncio.create_task(hold())
        try:
            yield
        finally:
            await end(holding)
