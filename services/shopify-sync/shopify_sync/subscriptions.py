"""Webhook subscriptions: made after a connect, looked at every hour, made again where Shopify dropped them.

What happened while one was not there told nobody: whenever one was made, changes are looked for once more. The same
look reads what the store itself is: its zone and currency, and what it grants.
"""

from __future__ import annotations

from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.errors import AppError
from shopify_sync.documents import query
from shopify_sync.hints import subscription_topic, wanted_topics
from shopify_sync.patience import Patience
from shopify_sync.settings import Settings
from shopify_sync.shopify_admin import ShopifyAdmin, ShopifyTrouble
from shopify_sync.stores import Store

log = telemetry.logger("subscriptions")
_ITSELF, _LIST, _MAKE = query("store"), query("subscriptions"), query("subscribe")


class Subscriptions:
    """Keeps one subscription a topic in each connected store."""

    def __init__(self, db: Database, admin: ShopifyAdmin, settings: Settings) -> None:
        self._db, self._admin, self._settings = db, admin, settings
        self._patience = Patience()
        self._uri = f"{str(settings.webhook_url).rstrip('/')}/webhooks/shopify"

    async def look_after_due_stores(self) -> None:
        for store in await self._db.all("subscriptions_due", Store, every=self._settings.subscriptions_every):
            if self._admin.rests(store.business_id) or not self._patience.may(store.business_id):
                continue
            try:
                await self._look_after(store)
                self._patience.worked(store.business_id)
            except (ShopifyTrouble, AppError) as trouble:
                self._patience.failed(store.business_id)
                log.warning("subscriptions_later", shop=store.shop_domain, why=str(trouble))

    async def _look_after(self, store: Store) -> None:
        wanted = wanted_topics(await self._itself(store))
        present = await self._present(store)
        before = set(present)
        for topic in wanted:
            if subscription_topic(topic) not in present and await self._make(store, subscription_topic(topic)):
                present.add(subscription_topic(topic))
        ours = sorted(topic for topic in wanted if subscription_topic(topic) in present)
        await self._db.run("subscriptions_seen", shop_domain=store.shop_domain, topics=ours)
        if present != before:
            await self._db.run("catch_up_wanted", business_id=store.business_id)
        if len(ours) < len(wanted):
            log.warning("subscriptions_missing", shop=store.shop_domain, topics=sorted(set(wanted) - set(ours)))

    async def _itself(self, store: Store) -> list[str]:
        """What it grants; kept with its zone and currency."""
        answer = await self._admin.ask(store.business_id, _ITSELF, {})
        scopes = [str(each["handle"]) for each in answer["currentAppInstallation"]["accessScopes"]]
        await self._db.run(
            "store_itself",
            shop_domain=store.shop_domain,
            zone=answer["shop"]["ianaTimezone"],
            currency=answer["shop"]["currencyCode"],
            scopes=sorted(scopes),
        )
        return scopes

    async def _present(self, store: Store) -> set[str]:
        found: set[str] = set()
        after = None
        while True:
            answer = await self._admin.ask(store.business_id, _LIST, {"after": after})
            page = answer["webhookSubscriptions"]
            found |= {node["topic"] for node in page["nodes"] if node["uri"] == self._uri}
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    async def _make(self, store: Store, topic: str) -> bool:
        """Already there counts as made (Shopify: "address for this topic has already been taken")."""
        variables = {"topic": topic, "sub": {"uri": self._uri, "format": "JSON"}}
        made = (await self._admin.ask(store.business_id, _MAKE, variables))["webhookSubscriptionCreate"]
        errors = [str(error["message"]) for error in made["userErrors"]]
        if errors and not any("already been taken" in error for error in errors):
            log.warning("subscription_refused", shop=store.shop_domain, topic=topic, why="; ".join(errors))
            return False
        return True
