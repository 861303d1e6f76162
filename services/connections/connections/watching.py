"""The feed of changes: the current state first, then each change as it is committed, resumed by version."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from connections.register import Row
from ledgerport_libs.database import Database
from ledgerport_libs.errors import PassingTrouble


class Watching:
    """One look at the counter serves all watchers of this process. A stream lives for `life` seconds."""

    def __init__(self, db: Database, life: float, most: int) -> None:
        self._db, self._life, self._most = db, life, most
        self._version, self._watchers, self._closed = -1, 0, False
        self._changed = asyncio.Event()

    async def look(self) -> None:
        """Wake the watchers where something has changed."""
        version = await self._db.value("watch_version")
        if version != self._version:
            self._version = version
            self._wake()

    def close(self) -> None:
        """Every stream ends now: its caller resumes elsewhere."""
        self._closed = True
        self._wake()

    async def stream(self, businesses: Sequence[str], after: int) -> AsyncIterator[tuple[list[Row], int]]:
        """What changed after a version (0: everything), then what changes. PassingTrouble where too many watch."""
        if self._watchers >= self._most:
            raise PassingTrouble("too many watchers")
        self._watchers += 1
        try:
            async for answer in self._answers(list(businesses), after):
                yield answer
        finally:
            self._watchers -= 1

    async def _answers(self, businesses: list[str], after: int) -> AsyncIterator[tuple[list[Row], int]]:
        loop = asyncio.get_running_loop()
        ends, first = loop.time() + self._life, True
        # The first time: everything, also for a version from the future, as after the restore of a database.
        known = after if 0 < after <= await self._db.value("watch_version") else -1
        while not self._closed:
            changed = self._changed
            rows, known = await self._after(businesses, known)
            if first or rows:
                yield rows, known
            first = False
            try:
                async with asyncio.timeout_at(ends):
                    await changed.wait()
            except TimeoutError:
                return

    async def _after(self, businesses: list[str], after: int) -> tuple[list[Row], int]:
        async with self._db.transaction() as tx:
            upto = await tx.value("watch_version")
            rows = await tx.all("watched_after", Row, businesses=businesses, after=after)
        return rows, max([upto, *(row.watch_version for row in rows)])

    def _wake(self) -> None:
        woken, self._changed = self._changed, asyncio.Event()
        woken.set()
