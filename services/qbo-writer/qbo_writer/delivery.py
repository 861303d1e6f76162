"""Companies are leased to this writer, a fair share of them; each leased company's records are delivered."""

from __future__ import annotations

import asyncio
import json
import math
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from ledgerport_libs import metrics, telemetry
from ledgerport_libs.access_tokens import AccessTokens
from ledgerport_libs.database import Database
from ledgerport_libs.ending import end
from ledgerport_libs.errors import AppError
from ledgerport_libs.resting import rest
from qbo_writer.company_books import CompanyBooks
from qbo_writer.company_run import CompanyRun
from qbo_writer.desk import CompanyTrouble, Desk, GateClosed
from qbo_writer.gate import Gate
from qbo_writer.ledger_rows import Lease, LeaseLost
from qbo_writer.operators_view import show_limits
from qbo_writer.quickbooks import QuickBooks, Unreachable
from qbo_writer.settings import Settings
from qbo_writer.sync_config import load_settings, settings_stamp
from qbo_writer.throttle import LIMITS, Spent, Throttle

log = telemetry.logger("delivery")
_TOKEN_REFUSED = (401, 403)
_AFTER_TROUBLE = 2.0
_ALSO_IDLE = 1.0


@dataclass(frozen=True, slots=True)
class _Company:
    business_id: str
    with_another: bool


@dataclass(frozen=True, slots=True)
class _SpentBefore:
    spent: list[dict[str, Any]]
    age: float


@dataclass
class _Held:
    """A company that is ours: its run, once there is one, and until when our lease surely holds (loop seconds)."""

    good_until: float = 0.0
    task: asyncio.Task[None] | None = None
    run: CompanyRun | None = None
    # What the holder before us had started, where it was another; and what keeps the limits since.
    before: _SpentBefore | None = None
    throttle: Throttle | None = None

    @property
    def over(self) -> bool:
        return self.task is None or self.task.done()


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
        self._holder, self._name = str(uuid4()), socket.gethostname()
        self._held: dict[str, _Held] = {}
        self._fences: dict[str, int] = {}
        self._draining = False

    async def run(self) -> None:
        """Until cancelled: start a run for each company with work. On the way out, give the leases back."""
        try:
            while True:
                await self._share_out()
                await self._rest()
        finally:
            await self._stop_all()

    async def drain(self, seconds: float) -> None:
        """No further send starts; what has been sent has this long to be answered and settled."""
        self._draining = True
        for held in self._held.values():
            if held.run is not None:
                held.run.stop()
        under_way = [held.task for held in self._held.values() if held.task is not None and not held.over]
        if under_way:
            await asyncio.wait(under_way, timeout=seconds)

    async def show_limits(self) -> None:
        """How close the companies that are ours are to their limits."""
        uses = {business_id: held.throttle.use() for business_id, held in self._held.items() if held.throttle}
        show_limits({limit: {each: use[limit] for each, use in uses.items() if use[limit]} for limit in LIMITS})

    # --- whose companies --------------------------------------------------------------------------

    async def _share_out(self) -> None:
        """Each writer takes its share of the companies that have work, and gives back what is more."""
        seconds = self._settings.lease_seconds
        rests = await self._db.value("writer_alive", holder=self._holder, name=self._name)
        await self._db.run("writers_gone", holder="", seconds=seconds)
        writers = await self._db.value("writers_alive")
        companies = [
            each
            for each in await self._db.all("companies_with_work", _Company, holder=self._holder)
            if not self._why_closed(each.business_id)
        ]
        share = 0 if rests else math.ceil(len(companies) / max(writers, 1))
        ours = [each.business_id for each in companies if not self._held.setdefault(each.business_id, _Held()).over]
        metrics.COMPANIES_HELD.set(len(ours))
        for business_id in ours[:share]:
            self._came(business_id)
        for business_id in ours[share:]:
            self._give_back(business_id)
        free = [each.business_id for each in companies if each.business_id not in ours and not each.with_another]
        for business_id in free[: max(0, share - len(ours))]:
            self._start(business_id)

    def _came(self, business_id: str) -> None:
        if (run := self._held[business_id].run) is not None:
            run.line.came()

    def _give_back(self, business_id: str) -> None:
        if (run := self._held[business_id].run) is not None:
            log.info("company_given_back", business=business_id)
            run.stop()

    def _start(self, business_id: str) -> None:
        task = asyncio.create_task(self._company(business_id), name=f"company {business_id}")
        self._held[business_id] = _Held(task=task)

    def _why_closed(self, business_id: str) -> str:
        return "DRAINING" if self._draining else self._gate.why_closed(business_id)

    def _why_not_sent(self, business_id: str) -> str:
        """A writer that was held up past the end of its lease sends nothing: another may be at work already."""
        if asyncio.get_running_loop().time() >= self._held[business_id].good_until:
            return "LEASE_OVER"
        return self._why_closed(business_id)

    async def _rest(self) -> None:
        self._wake.clear()
        await rest(self._wake, _ALSO_IDLE)

    async def _stop_all(self) -> None:
        tasks = [held.task for held in self._held.values() if held.task is not None]
        await end(*tasks)
        await self._db.run("writers_gone", holder=self._holder, seconds=self._settings.lease_seconds)

    # --- one company ------------------------------------------------------------------------------

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
            await end(work, keeper)
            await self._release(lease)

    async def _take_lease(self, business_id: str) -> Lease | None:
        asked_at, seconds = asyncio.get_running_loop().time(), self._settings.lease_seconds
        async with self._db.transaction() as tx:
            before = await tx.one("lease_spent", _SpentBefore, business_id=business_id)
            fence = await tx.value("lease_take", business_id=business_id, holder=self._holder, seconds=seconds)
        if fence is None:
            return None
        moved = fence != self._fences.get(business_id)
        if moved:
            self._held[business_id].before = before
        metrics.LEASES_TAKEN.labels("yes" if moved and before is not None else "no").inc()
        self._fences[business_id] = fence
        self._held[business_id].good_until = asked_at + seconds
        return Lease(business_id, self._holder, fence)

    async def _keep_lease(self, lease: Lease) -> None:
        """Renew well before the end; when it is lost, this ends, and with it the work."""
        seconds, clock = self._settings.lease_seconds, asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(seconds / 4)
            asked_at = clock()
            try:
                renewed = await self._db.run("lease_renew", **self._of(lease), seconds=seconds)
            except Exception as error:
                log.warning("lease_not_renewed", business=lease.business_id, error=repr(error))
                continue  # the fence refuses whatever we would settle after its end
            if not renewed:
                return
            self._held[lease.business_id].good_until = asked_at + seconds

    async def _release(self, lease: Lease) -> None:
        try:
            await self._db.run("lease_release", **self._of(lease))
        except Exception as error:
            log.warning("lease_not_released", business=lease.business_id, error=repr(error))

    def _of(self, lease: Lease) -> dict[str, object]:
        throttle = self._held[lease.business_id].throttle
        spent = json.dumps([asdict(each) for each in throttle.spent()] if throttle is not None else [])
        return {"business_id": lease.business_id, "holder": lease.holder, "fence": lease.fence, "spent": spent}

    def _keep_limits(self, lease: Lease, realm_id: str) -> None:
        """Inside the limits together with the holder before us; of the time since it last said, the most is assumed."""
        held, throttle = self._held[lease.business_id], self._quickbooks.throttle(realm_id)
        if held.before is not None:
            spent = [Spent(each["age"] + held.before.age, each["batch"]) for each in held.before.spent]
            throttle.inherit(spent, unknown_seconds=min(held.before.age, self._settings.lease_seconds))
        held.before, held.throttle = None, throttle

    async def _work(self, lease: Lease) -> None:
        try:
            desk = await self._desk(lease)
            run = CompanyRun(desk, self._settings.qbo_in_flight, self._settings.qbo_batch_payloads, self._tell)
            self._held[lease.business_id].run = run
            await run.work()
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

    async def _desk(self, lease: Lease) -> Desk:
        settings = self._settings
        access = await self._tokens.access(lease.business_id)
        self._keep_limits(lease, access.account)
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
            why_closed=lambda: self._why_not_sent(lease.business_id),
            retry_waits=settings.retry_waits,
            look_first_after=settings.look_first_after,
            look_first_always=settings.look_first_always,
            write_over_after=settings.write_over_after,
        )
