"""What webhooks lost is found by asking for everything updated since the last look, with an overlap."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.errors import AppError
from shopify_sync.documents import query
from shopify_sync.settings import Settings
from shopify_sync.shopify_admin import ShopifyAdmin, ShopifyTrouble
from shopify_sync.stores import Store

log = telemetry.logger("catch_up")
_CHANGED = query("changed_orders")


class CatchUp:
    """One pass a store when it is due: hourly, after a connect, or when a person asks for it."""

    def __init__(self, db: Database, admin: ShopifyAdmin, settings: Settings, on_new: Callable[[], None]) -> None:
        self._db, self._admin, self._settings, self._on_new = db, admin, settings, on_new

    async def pass_over_due_stores(self) -> None:
        for store in await self._db.all("catch_up_due", Store, every=self._settings.catch_up_every):
            try:
                await self._pass(store)
            except (ShopifyTrouble, AppError) as trouble:
                log.warning("catch_up_later", shop=store.shop_domain, why=str(trouble))
                await self._db.run("catch_up_wanted", business_id=store.business_id)

    async def _pass(self, store: Store) -> None:
        """Hints at every order updated since the last pass. The place is moved only when all of them are hinted at."""
        await self._db.run("catch_up_begins", shop_domain=store.shop_domain)
        began = datetime.now(UTC)
        since = await self._db.value("caught_up_to", shop_domain=store.shop_domain)
        from_then = since - timedelta(seconds=self._settings.catch_up_overlap)
        search = f"updated_at:>='{from_then.strftime('%Y-%m-%dT%H:%M:%SZ')}'"
        after, found = None, 0
        while True:
            page = (await self._admin.ask(store.business_id, _CHANGED, {"query": search, "after": after}))["orders"]
            found += await self._hint(store, [node["id"] for node in page["nodes"]], began)
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        await self._db.run("catch_up_done", shop_domain=store.shop_domain, caught_up_to=began)
        log.info("caught_up", shop=store.shop_domain, looked_at=found)
        self._on_new()

    async def _hint(self, store: Store, ids: list[str], began: datetime) -> int:
        trace = telemetry.current_traceparent()
        async with self._db.transaction() as tx:
            rows: list[dict[str, object]] = [
                {
                    "shop_domain": store.shop_domain,
                    "kind": "order",
                    "source_id": source_id,
                    "gone": False,
                    "hinted_at": began,
                    "traceparent": trace,
                }
                for source_id in sorted(ids)
            ]
            await tx.many("hint_add", rows)
        return len(ids)
