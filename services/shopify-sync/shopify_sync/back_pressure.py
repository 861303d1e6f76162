"""History is read no faster than it is taken up: another store's new order never waits behind it."""

from __future__ import annotations

import asyncio
import time

import nats.errors
from nats.js.errors import APIError, NotFoundError

from ledgerport_libs.bus import ENTITIES, Bus
from ledgerport_libs.database import Database

_READER = "qbo-writer"
_LOOK = 0.25


class BackPressure:
    """How many events wait, in our outbox and at their reader; looked at a few times a second for all imports."""

    def __init__(self, db: Database, bus: Bus, most: int) -> None:
        self._db, self._bus, self._most = db, bus, most
        self._looked, self._full = 0.0, False
        self._lock = asyncio.Lock()

    async def full(self) -> bool:
        """Whether as many wait as may."""
        async with self._lock:
            if time.monotonic() - self._looked >= _LOOK:
                self._full = await self._unsent() >= self._most or await self._unread() >= self._most
                self._looked = time.monotonic()
            return self._full

    async def _unsent(self) -> int:
        return int(await self._db.value("outbox_waiting_up_to", most=self._most))

    async def _unread(self) -> int:
        """A reader that never read anything holds nothing up; a bus that does not answer holds up everything."""
        try:
            info = await self._bus.jetstream.consumer_info(ENTITIES.name, _READER)
        except NotFoundError:
            return 0
        except (nats.errors.Error, APIError, TimeoutError):
            return self._most
        return (info.num_pending or 0) + (info.num_ack_pending or 0)
