"""Which stores we collect for: held in memory, so that a webhook of one is believed while PostgreSQL is away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ledgerport_libs.database import Database


@dataclass(frozen=True, slots=True)
class _Known:
    shop_domain: str


class KnownStores:
    """A store once known stays known: a disconnected one is still collected for."""

    def __init__(self, db: Database, timeout: float) -> None:
        self._db, self._timeout = db, timeout
        self._known: set[str] = set()

    async def load(self) -> None:
        self._known.update(row.shop_domain for row in await self._db.all("stores_known", _Known))

    def add(self, shop_domain: str) -> None:
        """As auth's event tells it; another process may have heard that event, so an unknown one is asked for."""
        self._known.add(shop_domain)

    async def knows(self, shop_domain: str) -> bool:
        """Asks the database only about a store never seen before, raising its trouble; TimeoutError after a while."""
        if shop_domain not in self._known:
            async with asyncio.timeout(self._timeout):
                if await self._db.one("store_known", _Known, shop_domain=shop_domain) is None:
                    return False
            self._known.add(shop_domain)
        return True
