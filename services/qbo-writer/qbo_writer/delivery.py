"""Companies are leased to this writer; each leased company's runnable records are delivered in dependency order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID, uuid4

from opentelemetry.trace import SpanKind

from ledgerport_libs import telemetry
from ledgerport_libs.access_tokens import AccessTokens
from ledgerport_libs.database import Database
from ledgerport_libs.errors import AppError
from qbo_writer.company_books import CompanyBooks
from qbo_writer.desk import CompanyTrouble, Desk, GateClosed
from qbo_writer.gate import Gate
from qbo_writer.ledger_rows import Lease, LeaseLost, Runnable
from qbo_writer.quickbooks import QuickBooks, Unreachable
from qbo_writer.settings import Settings
from qbo_writer.sync_config import load_settings, settings_stamp
from qbo_writer.writing import deliver

log = telemetry.logger("delivery")
_BATCH = 60
_TOKEN_REFUSED = (401, 403)
_AFTER_TROUBLE = 2.0
_ALSO_IDLE = 1.0
# Seconds that a desk waits for more work, and after which what it knows of the company is read again.
_KEEP_DESK = 20.0
_DESK_LIFE = 300.0


@dataclass(frozen=True, slots=True)
class _Business:
    business_id: str


class Delivery:
    """Keeps one run going for each company that has work, an open gate, and a lease of ours."""

    def __init__(
        self,
        db: Database,
        gate: Gate,
        tokens: AccessTokens,
        quickbooks: QuickBooks,
        books: CompanyBooks,
        settings: Settings,
        wake: asyncio.Event,
        tell: Callable[[], None],
    ) -> None:
        self._db, self._gate, self._tokens, self._quickbooks, self._books = db, gate, tokens, quickbooks, books
        self._settings, self._wake, self._tell = settings, wake, tell
        self._holder = str(uuid4())
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._more: dict[str, asyncio.Event] = {}
        self._draining = False

    async def run(self) -> None:
        """Until cancelled: start a run for each company with work. On the way out, give the leases back."""
        try:
            while True:
                for company in await self._db.all("companies_with_work", _Business):
                    self._start(company.business_id)
                await self._rest()
        finally:
            await self._stop_all()

    async def drain(self, seconds: float) -> None:
        """No further send starts; what has been sent has this long to be answered and settled."""
        self._draining = True
        for more in self._more.values():
            more.set()
        under_way = [run for run in self._runs.values() if not run.done()]
        if under_way:
            await asyncio.wait(under_way, timeout=seconds)

    def _why_closed(self, business_id: str) -> str:
        return "DRAINING" if self._draining else self._gate.why_closed(business_id)

    def _start(self, business_id: str) -> None:
        running = self._runs.get(business_id)
        if running is not None and not running.done():
            self._more[business_id].set()
        elif not self._why_closed(business_id):
            self._more[business_id] = asyncio.Event()
            self._runs[business_id] = asyncio.create_task(self._company(business_id), name=f"company {business_id}")

    async def _rest(self) -> None:
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), _ALSO_IDLE)
        except TimeoutError:
            return

    async def _stop_all(self) -> None:
        for run in self._runs.values():
            run.cancel()
        await asyncio.gather(*self._runs.values(), return_exceptions=True)

    async def _company(self, business_id: str) -> None:
        """One company, from taking its lease to having nothing left to do. Trouble ends it; the next look retries."""
        lease = await self._take_lease(business_id)
        if lease is None:
            return
        keeper = asyncio.create_task(self._keep_lease(lease), name=f"lease {business_id}")
        work = asyncio.create_task(self._work(lease), name=f"work {business_id}")
        try:
            await asyncio.wait((keeper, work), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, keeper):
                task.cancel()
            await asyncio.gather(work, keeper, return_exceptions=True)
            await self._db.run("lease_release", business_id=business_id, holder=self._holder)

    async def _take_lease(self, business_id: str) -> Lease | None:
        seconds = self._settings.lease_seconds
        fence = await self._db.value("lease_take", business_id=business_id, holder=self._holder, seconds=seconds)
        return Lease(business_id, self._holder, fence) if fence is not None else None

    async def _keep_lease(self, lease: Lease) -> None:
        """Renew well before the end; when it is lost, this ends, and with it the work."""
        while True:
            await asyncio.sleep(self._settings.lease_seconds / 4)
            try:
                renewed = await self._take_lease(lease.business_id)
            except Exception as error:
                log.warning("lease_not_renewed", business=lease.business_id, error=repr(error))
                continue  # the fence refuses whatever we would settle after its end
            if renewed != lease:
                return

    async def _work(self, lease: Lease) -> None:
        try:
            desk, ends = await self._desk(lease), asyncio.get_running_loop().time() + _DESK_LIFE
            while asyncio.get_running_loop().time() < ends:
                if batch := await self._runnable(lease.business_id):
                    await self._heed_changes(desk)
                    await self._deliver(desk, batch)
                    self._tell()
                elif not await self._more_comes(lease.business_id):
                    return
        except (GateClosed, LeaseLost) as stopped:
            log.info("company_stopped", business=lease.business_id, why=repr(stopped))
        except Unreachable as trouble:
            log.warning("company_not_read", business=lease.business_id, why=str(trouble))
            if trouble.answer.status in _TOKEN_REFUSED:
                self._tokens.was_refused(lease.business_id)
            await asyncio.sleep(_AFTER_TROUBLE)
        except (AppError, CompanyTrouble) as trouble:
            log.warning("company_in_trouble", business=lease.business_id, why=repr(trouble))
            await asyncio.sleep(_AFTER_TROUBLE)
        except Exception:
            log.error("company_failed", business=lease.business_id, exc_info=True)
            await asyncio.sleep(_AFTER_TROUBLE)

    async def _more_comes(self, business_id: str) -> bool:
        """The desk is kept for a while: the next order needs none of what a new one reads."""
        more = self._more[business_id]
        more.clear()
        try:
            await asyncio.wait_for(more.wait(), _KEEP_DESK)
        except TimeoutError:
            return False
        return not self._draining

    async def _heed_changes(self, desk: Desk) -> None:
        """Settings and mappings hold from the next record on, and so does what was read of the company meanwhile."""
        business_id = desk.lease.business_id
        stamp = await settings_stamp(self._db, business_id)
        if stamp != desk.settings_stamp:
            desk.settings, desk.settings_stamp = await load_settings(self._db, business_id), stamp
        read_at = await self._books.read_at(business_id)
        if read_at != desk.read_at and (company := await self._books.known(business_id)) is not None:
            desk.company, desk.read_at = company, read_at

    async def _runnable(self, business_id: str) -> list[Runnable]:
        """One record of an order's family at a time: what one books, the next one must see."""
        rows = await self._db.all("runnable", Runnable, business_id=business_id, batch=_BATCH)
        first_of: dict[UUID, Runnable] = {}
        for row in rows:
            first_of.setdefault(row.family, row)
        return list(first_of.values())

    async def _desk(self, lease: Lease) -> Desk:
        settings = self._settings
        access = await self._tokens.access(lease.business_id)
        company = await self._books.load(lease.business_id, access)
        stamp = await settings_stamp(self._db, lease.business_id)
        read_at = await self._books.read_at(lease.business_id)
        return Desk(
            db=self._db,
            lease=lease,
            company=company,
            mapped=await self._books.mapped(lease.business_id),
            settings=await load_settings(self._db, lease.business_id),
            settings_stamp=stamp,
            read_at=read_at,
            quickbooks=self._quickbooks,
            books=self._books,
            tokens=self._tokens,
            why_closed=lambda: self._why_closed(lease.business_id),
            retry_waits=settings.retry_waits,
            look_first_after=settings.look_first_after,
        )

    async def _deliver(self, desk: Desk, batch: Sequence[Runnable]) -> None:
        """Kind by kind: what others refer to is settled before they are planned."""
        for _, group in groupby(batch, key=lambda record: record.kind):
            tasks = [asyncio.create_task(self._traced(desk, record)) for record in group]
            try:
                await asyncio.wait(tasks)
            finally:
                for task in tasks:
                    task.cancel()
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _traced(self, desk: Desk, record: Runnable) -> None:
        """The trace goes back, by a link, to the webhook or click that caused the record."""
        links = telemetry.link_to(record.traceparent)
        name = f"deliver {record.kind}"
        with telemetry.tracer().start_as_current_span(name, kind=SpanKind.CONSUMER, links=links):
            try:
                await deliver(desk, record)
            except Exception as trouble:
                # What is on its way to QuickBooks finishes and is settled; nothing new is sent.
                desk.stopped = desk.stopped or type(trouble).__name__
                raise
