"""One import's reading: the listed orders, fetched as every order is, said as history; each step commits its place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ledgerport_libs import telemetry
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.money import BadAmount
from shopify_sync.back_pressure import BackPressure
from shopify_sync.batch_size import BatchSize
from shopify_sync.bulk_export import Listed
from shopify_sync.import_jobs import ImportJob
from shopify_sync.objects import Fetched, Objects
from shopify_sync.pace import Pace
from shopify_sync.paged_orders import number_of
from shopify_sync.saying import say
from shopify_sync.shopify_admin import TooDear
from shopify_sync.stores import Store

log = telemetry.logger("import_reading")
_LOOK = 0.25
_UNREADABLE = (KeyError, TypeError, ValueError, BadAmount)


class Stopped(Exception):
    """The import is no longer ours to go on with: paused, cancelled, or somebody else's. Nothing of the step stays."""


@dataclass(frozen=True, slots=True)
class _Unknown:
    source_id: str
    untold: bool


@dataclass(frozen=True, slots=True)
class _Fetch:
    """What became of some orders: read, not there any more, or not readable and left to be tried one by one."""

    fetched: list[Fetched]
    aside: list[str]


class ImportReading:
    """Goes on from where the job was when it was claimed."""

    def __init__(
        self,
        db: Database,
        objects: Objects,
        pressure: BackPressure,
        store: Store,
        job: ImportJob,
        most: int,
    ) -> None:
        self._db, self._objects, self._pressure = db, objects, pressure
        self._store, self._job = store, job
        self._batch, self._pace = BatchSize(most), Pace()
        self.place_bytes, self.after_id = job.place_bytes, job.after_id
        self.held_back = False

    async def take(self, listed: Sequence[Listed]) -> None:
        """All of these, in their order. Stopped, or Shopify's trouble: what was committed so far stays."""
        at = 0
        while at < len(listed):
            size = self._batch.now
            part = listed[at : at + size]
            try:
                await self._step(part)
            except TooDear:
                if self._batch.too_dear(len(part)):
                    continue
                await self._commit(part, _Fetch([], [part[0].source_id]), 0)
            else:
                self._batch.answered(len(part))
            at += len(part)

    async def _step(self, part: Sequence[Listed]) -> None:
        wanted = await self._not_known(part)
        observed = datetime.now(UTC)
        if wanted:
            await self._room()
        found = await self._fetch(wanted) if wanted else _Fetch([], [])
        await self._commit(part, found, len(wanted), observed)

    async def _not_known(self, part: Sequence[Listed]) -> list[str]:
        """Those that were not said yet, or changed since."""
        rows = await self._db.all(
            "versions_unknown",
            _Unknown,
            shop_domain=self._store.shop_domain,
            kind="order",
            source_ids=[each.source_id for each in part],
            known_by=[each.source_id for each in part],
            times=[each.updated_at for each in part],
        )
        return sorted(row.source_id for row in rows)

    async def _room(self) -> None:
        while await self._pressure.full():
            self.held_back = True
            await asyncio.sleep(_LOOK)
        self.held_back = False

    async def _fetch(self, ids: Sequence[str]) -> _Fetch:
        """Together; where one of them cannot be read, each alone."""
        try:
            return _Fetch(await self._objects.fetch(self._store, "order", ids), [])
        except _UNREADABLE as unreadable:
            if len(ids) == 1:
                log.error("order_not_readable", shop=self._store.shop_domain, object=ids[0], error=repr(unreadable))
                return _Fetch([], list(ids))
        alone = [await self._fetch([each]) for each in ids]
        return _Fetch([f for each in alone for f in each.fetched], [a for each in alone for a in each.aside])

    async def _commit(
        self, part: Sequence[Listed], found: _Fetch, wanted: int, observed: datetime | None = None
    ) -> None:
        """The events and the place they bring us to, together or not at all."""
        place_bytes = part[-1].end or self.place_bytes
        after_id = number_of(part[-1].source_id)
        async with self._db.transaction() as tx:
            said = await say(tx, self._store, found.fetched, observed or datetime.now(UTC), {}, history=True)
            await self._set_aside(tx, found.aside)
            moved = await tx.run(
                "import_advance",
                id=self._job.id,
                holder=self._job.holder,
                lines=len(part),
                place_bytes=place_bytes,
                after_id=after_id,
                said=said,
                unchanged=len(part) - wanted + len(found.fetched) - said,
                not_there=max(wanted - len(found.fetched) - len(found.aside), 0),
                set_aside=len(found.aside),
                orders_per_minute=self._pace.after(len(part)),
            )
            if not moved:
                raise Stopped
        self.place_bytes, self.after_id = place_bytes, after_id

    async def _set_aside(self, tx: Transaction, ids: Sequence[str]) -> None:
        """Each is tried again and again from here on, as what a webhook names would be; the import goes on."""
        now = datetime.now(UTC)
        rows: list[dict[str, object]] = [
            {
                "shop_domain": self._store.shop_domain,
                "kind": "order",
                "source_id": each,
                "gone": False,
                "hinted_at": now,
                "traceparent": telemetry.current_traceparent(),
            }
            for each in sorted(ids)
        ]
        await tx.many("hint_found", rows)
