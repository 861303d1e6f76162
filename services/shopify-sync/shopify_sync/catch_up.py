"""What webhooks lost is found by asking for everything updated since the last look, with an overlap."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.errors import AppError
from shopify_sync.documents import query
from shopify_sync.patience import Patience
from shopify_sync.settings import Settings
from shopify_sync.shopify_admin import ShopifyAdmin, ShopifyTrouble
from shopify_sync.stores import Store

log = telemetry.logger("catch_up")
# Shopify ends a list after 25,000 objects: long before that the list is asked for anew, from the last one seen.
_MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class _Look:
    """How one kind of object is listed by its last change."""

    kind: str
    text: str
    field: str
    moment: str


# Customers can be searched by whole days only; what is older than asked for is left out here.
_LOOKS = (
    _Look("product", query("changed_products"), "products", "%Y-%m-%dT%H:%M:%SZ"),
    _Look("customer", query("changed_customers"), "customers", "%Y-%m-%d"),
    _Look("order", query("changed_orders"), "orders", "%Y-%m-%dT%H:%M:%SZ"),
)


@dataclass(frozen=True, slots=True)
class _Changed:
    """An object and when it last changed. Of a product its variants are said: one of them tells which version."""

    source_id: str
    known_by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class _Unknown:
    source_id: str
    untold: bool


class CatchUp:
    """One pass a store when it is due: hourly, after a connect, or when a person asks for it."""

    def __init__(self, db: Database, admin: ShopifyAdmin, settings: Settings, on_new: Callable[[], None]) -> None:
        self._db, self._admin, self._settings, self._on_new = db, admin, settings, on_new
        self._patience = Patience()

    async def pass_over_due_stores(self) -> None:
        for store in await self._db.all("catch_up_due", Store, every=self._settings.catch_up_every):
            if self._admin.rests(store.business_id) or not self._patience.may(store.business_id):
                continue
            try:
                with telemetry.tracer().start_as_current_span("catch up", attributes={"shop": store.shop_domain}):
                    await self._pass(store)
                self._patience.worked(store.business_id)
            except (ShopifyTrouble, AppError) as trouble:
                self._patience.failed(store.business_id)
                log.warning("catch_up_later", shop=store.shop_domain, why=str(trouble))
                await self._db.run("catch_up_wanted", business_id=store.business_id)

    async def _pass(self, store: Store) -> None:
        """Hints at all that changed since the last pass. The place is moved only when all of it is hinted at."""
        await self._db.run("catch_up_begins", shop_domain=store.shop_domain)
        began = datetime.now(UTC)
        since = await self._db.value("caught_up_to", shop_domain=store.shop_domain)
        from_then = since - timedelta(seconds=self._settings.catch_up_overlap)
        looked_at = found = 0
        for look in _LOOKS:
            async for page in self._pages(store, look, from_then):
                looked_at += len(page)
                found += await self._hint(store, look, page, began)
        await self._db.run("catch_up_done", shop_domain=store.shop_domain, caught_up_to=began, found=found)
        say = log.warning if found else log.info
        say("caught_up", shop=store.shop_domain, looked_at=looked_at, found_that_no_webhook_brought=found)
        self._on_new()

    async def _pages(self, store: Store, look: _Look, since: datetime) -> AsyncIterator[list[_Changed]]:
        after, pages = None, 0
        while True:
            search = f"updated_at:>='{since.strftime(look.moment)}'"
            answer = await self._admin.ask(store.business_id, look.text, {"query": search, "after": after})
            page, pages = answer[look.field], pages + 1
            found = [_changed(node) for node in page["nodes"]]
            yield [each for each in found if each.updated_at >= since]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]
            if pages >= _MOST_PAGES and found and found[-1].updated_at > since:
                since, after, pages = found[-1].updated_at, None, 0

    async def _hint(self, store: Store, look: _Look, changed: Sequence[_Changed], began: datetime) -> int:
        """How many changed without anything that told us. What changed just now may still be told."""
        trace = telemetry.current_traceparent()
        young = began - timedelta(seconds=self._settings.webhook_grace)
        times = {each.source_id: each.updated_at for each in changed}
        async with self._db.transaction() as tx:
            unknown = await tx.all(
                "versions_unknown",
                _Unknown,
                shop_domain=store.shop_domain,
                kind=look.kind,
                source_ids=[each.source_id for each in changed],
                known_by=[each.known_by for each in changed],
                times=[each.updated_at for each in changed],
            )
            rows: list[dict[str, object]] = [
                {
                    "shop_domain": store.shop_domain,
                    "kind": look.kind,
                    "source_id": source_id,
                    "gone": False,
                    "hinted_at": began,
                    "traceparent": trace,
                }
                for source_id in sorted(_to_fetch(look, changed, unknown))
            ]
            await tx.many("hint_found", rows)
        return sum(1 for each in unknown if each.untold and times[each.source_id] <= young)


def _to_fetch(look: _Look, changed: Sequence[_Changed], unknown: Sequence[_Unknown]) -> set[str]:
    """Times are whole seconds, and much may happen to an order in one: those of the overlap are read once more."""
    if look.kind == "order":
        return {each.source_id for each in changed}
    return {each.source_id for each in unknown}


def _changed(node: dict[str, Any]) -> _Changed:
    variants = node.get("variants", {}).get("nodes") or []
    known_by = variants[0]["id"] if variants else node["id"]
    return _Changed(node["id"], known_by, datetime.fromisoformat(node["updatedAt"]))
