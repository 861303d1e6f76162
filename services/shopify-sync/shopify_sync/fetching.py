"""Hints become events: the objects as they are now, many a query, normalised, said only where something changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import grpc
from opentelemetry.trace import SpanKind

from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc
from ledgerport.events.v2 import entity_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.ending import end
from ledgerport_libs.errors import AppError
from ledgerport_libs.money import BadAmount
from ledgerport_libs.resting import rest
from ledgerport_libs.timestamps import timestamp
from shopify_sync.batch_size import BatchSize
from shopify_sync.objects import Fetched, Objects
from shopify_sync.saying import say
from shopify_sync.settings import Settings
from shopify_sync.shopify_admin import ShopifyTrouble, StoreRefuses, TooDear
from shopify_sync.store_watch import StoreWatch
from shopify_sync.stores import Store

log = telemetry.logger("fetching")
_KINDS = ("product", "customer", "order")
_LONGEST_WAIT = 300.0
_GONE_KIND = {"order": "order", "customer": "customer"}


@dataclass(frozen=True, slots=True)
class ClaimedHint:
    """A hint that is ours to fetch for a while. `hinted` tells whether more came meanwhile."""

    kind: str
    source_id: str
    gone: bool
    hinted: int
    hinted_at: datetime
    traceparent: str
    failures: int


class Fetching:
    """Takes the due hints of every connected store. `tell` is called after each commit that has something to say."""

    def __init__(
        self,
        db: Database,
        objects: Objects,
        auth: credentials_pb2_grpc.CredentialsServiceAsyncStub,
        watch: StoreWatch,
        settings: Settings,
        tell: Callable[[], None],
    ) -> None:
        self._db, self._objects, self._auth, self._settings, self._tell = db, objects, auth, settings, tell
        self._watch = watch
        self._wake = asyncio.Event()
        self._batches: dict[tuple[str, str], BatchSize] = {}

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. Raises on trouble of ours; the caller runs it again."""
        busy: set[str] = set()
        async with asyncio.TaskGroup() as stores:
            while True:
                self._wake.clear()
                for store in await self._db.all("stores_with_news", Store):
                    # A store that makes us wait holds up no other.
                    if store.shop_domain not in busy and not self._watch.rests(store.business_id):
                        busy.add(store.shop_domain)
                        stores.create_task(self._store(store, busy), name=f"fetch {store.shop_domain}")
                for store in await self._db.all("uninstalled_stores", Store):
                    await self._uninstalled(store)
                await self._rest()

    async def _rest(self) -> None:
        await rest(self._wake, 0.5)

    async def _store(self, store: Store, busy: set[str]) -> None:
        """Until nothing of it is due, or it makes trouble."""
        going_on = True
        while going_on:
            going_on = False
            for kind in _KINDS:
                rounds = (self._round(store, kind) for _ in range(self._settings.fetch_in_flight))
                going_on = any(await asyncio.gather(*rounds)) or going_on
        busy.discard(store.shop_domain)
        self._wake.set()  # what came since its last claim was left to us

    async def _round(self, store: Store, kind: str) -> bool:
        batch = self._batches.setdefault((store.shop_domain, kind), BatchSize(self._settings.fetch_batch))
        hints = await self._claim(store, kind, batch.now)
        if not hints:
            return False
        try:
            async with self._held(store, kind, hints):
                await self._fetch(store, kind, hints)
        except TooDear:
            if not batch.too_dear(len(hints)):
                await self._later(store, kind, hints, "one object alone is too dear")
                return False
            await self._give_back(store, kind, hints)
            return True
        except StoreRefuses as refusal:
            log.warning("store_refuses", shop=store.shop_domain, why=str(refusal))
            await self._give_back(store, kind, hints)
            return False
        except (ShopifyTrouble, AppError) as trouble:
            await self._later(store, kind, hints, str(trouble))
            return False
        except (KeyError, TypeError, ValueError, BadAmount) as unreadable:
            await self._apart(store, kind, hints, unreadable)
            return False
        batch.answered(len(hints))
        return True

    async def _claim(self, store: Store, kind: str, batch: int) -> list[ClaimedHint]:
        return await self._db.all(
            "hints_claim",
            ClaimedHint,
            shop_domain=store.shop_domain,
            kind=kind,
            batch=batch,
            lease=self._settings.fetch_lease,
        )

    @asynccontextmanager
    async def _held(self, store: Store, kind: str, hints: Sequence[ClaimedHint]) -> AsyncIterator[None]:
        """Ours for as long as we fetch, however long the store's bucket makes us wait."""

        async def hold() -> None:
            ids, lease = [hint.source_id for hint in hints], self._settings.fetch_lease
            while True:
                await asyncio.sleep(lease / 3)
                await self._db.run("hints_hold", shop_domain=store.shop_domain, kind=kind, source_ids=ids, lease=lease)

        holding = asyncio.create_task(hold())
        try:
            yield
        finally:
            await end(holding)

    async def _fetch(self, store: Store, kind: str, hints: Sequence[ClaimedHint]) -> None:
        links = telemetry.links_to(hint.traceparent for hint in hints)
        with telemetry.tracer().start_as_current_span(f"fetch {kind}", kind=SpanKind.CONSUMER, links=links) as span:
            span.set_attribute("objects", len(hints))
            await self._fetch_and_say(store, kind, hints)

    async def _fetch_and_say(self, store: Store, kind: str, hints: Sequence[ClaimedHint]) -> None:
        observed = datetime.now(UTC)
        wanted = [hint.source_id for hint in hints if not hint.gone]
        fetched = await self._objects.fetch(store, kind, wanted) if wanted else []
        async with self._db.transaction() as tx:
            traces = {hint.source_id: hint.traceparent for hint in hints}
            said = await say(tx, store, [*fetched, *_gone(kind, hints)], observed, traces)
            for hint in sorted(hints, key=lambda each: each.source_id):
                where = {"shop_domain": store.shop_domain, "kind": hint.kind, "source_id": hint.source_id}
                if not await tx.run("hint_done", **where, hinted=hint.hinted):
                    await tx.run("hint_again", **where, hinted=hint.hinted)
        if said:
            self._tell()

    async def _later(self, store: Store, kind: str, hints: Sequence[ClaimedHint], why: str) -> None:
        wait = min(2.0 ** (1 + max(hint.failures for hint in hints)), _LONGEST_WAIT)
        log.warning("fetch_later", shop=store.shop_domain, kind=kind, objects=len(hints), why=why, wait=wait)
        ids = [hint.source_id for hint in hints]
        await self._db.run("hints_later", shop_domain=store.shop_domain, kind=kind, source_ids=ids, seconds=wait)

    async def _give_back(self, store: Store, kind: str, hints: Sequence[ClaimedHint]) -> None:
        ids = [hint.source_id for hint in hints]
        await self._db.run("hints_back", shop_domain=store.shop_domain, kind=kind, source_ids=ids)

    async def _apart(self, store: Store, kind: str, hints: Sequence[ClaimedHint], unreadable: Exception) -> None:
        """One object that we cannot read must not hold up the others: each is fetched alone from here on."""
        if len(hints) > 1:
            for hint in hints:
                try:
                    await self._fetch(store, kind, [hint])
                except (ShopifyTrouble, AppError, KeyError, TypeError, ValueError) as trouble:
                    await self._later(store, kind, [hint], repr(trouble))
            return
        log.error("object_not_readable", shop=store.shop_domain, object=hints[0].source_id, error=repr(unreadable))
        await self._later(store, kind, hints, repr(unreadable))

    async def _uninstalled(self, store: Store) -> None:
        """The store removed our app: auth is told, and decides by the time whether that still holds."""
        hints = await self._claim(store, "uninstalled", 1)
        for hint in hints:
            triggered = timestamp(hint.hinted_at)
            report = credentials_pb2.ReportUninstalledRequest(business_id=store.business_id, triggered_at=triggered)
            try:
                await self._auth.ReportUninstalled(report)
            except grpc.aio.AioRpcError as failure:
                await self._later(store, "uninstalled", hints, failure.code().name)
                continue
            where = {"shop_domain": store.shop_domain, "kind": hint.kind, "source_id": hint.source_id}
            await self._db.run("hint_done", **where, hinted=hint.hinted)


def _gone(kind: str, hints: Sequence[ClaimedHint]) -> list[Fetched]:
    """Deleted objects cannot be fetched; a deleted product says nothing of orders that sold it."""
    if kind not in _GONE_KIND:
        return []
    return [
        Fetched(
            hint.source_id,
            hint.hinted_at,
            entity_pb2.EntityEvent(gone=entity_pb2.Gone(kind=_GONE_KIND[kind])),
            kind,
            hint.source_id,
        )
        for hint in hints
        if hint.gone
    ]
