"""What of one company may be tried now, in order, and which lane takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from ledgerport_libs.database import Database

# What customers, items and accounts are to the documents that refer to them: these go first, and are waited for.
_SALES_RANK = 3
# So few are faster one by one; from five on a batch is.
_WORTH_A_BATCH = 5
# A backlog of so many batches is more than the batch lane works off soon: singles help.
_BACKLOG_BATCHES = 4


@dataclass(frozen=True, slots=True)
class Waiting:
    """The key of a record that may be tried."""

    id: UUID
    family: UUID
    history: bool
    rank: int
    # It was sent before and is not settled, or its next document is no new one: never in a batch.
    alone: bool

    @property
    def group(self) -> tuple[bool, int]:
        """Those of an earlier group are in QuickBooks before any of a later one is planned."""
        return self.history, min(self.rank, _SALES_RANK)


class Line:
    """Hands out records, one of a family at a time: what one books, the next one must see."""

    def __init__(self, db: Database, business_id: str, payloads: int, batches_may: Callable[[], bool]) -> None:
        self._db, self._business_id, self._payloads, self._batches_may = db, business_id, payloads, batches_may
        self._ready: list[Waiting] = []
        self._under_way: dict[UUID, Waiting] = {}
        self._in_batches: set[UUID] = set()
        self._alone: set[UUID] = set()
        self._stale = True
        self._news = asyncio.Event()
        self._filling = asyncio.Lock()

    @property
    def idle(self) -> bool:
        """Nothing is ready or under way, as far as is known."""
        return not self._ready and not self._under_way and not self._stale

    def came(self) -> None:
        """Something may have become ready: look again before the next one is handed out."""
        self._stale = True
        self._tell()

    def done(self, taken: Iterable[Waiting], *, alone: Iterable[UUID] = ()) -> None:
        """They are settled, held or pending again; those of `alone` go by themselves the next time."""
        for each in taken:
            self._under_way.pop(each.id, None)
            self._in_batches.discard(each.id)
            self._alone.discard(each.id)
        self._alone.update(alone)
        # What they let go on can wait while there is enough else to do.
        self._stale = self._stale or len(self._ready) <= self._payloads
        self._tell()

    async def take_single(self) -> Waiting:
        """Waits until one is to go by itself."""
        while True:
            await self._fill()
            if (one := self._single()) is not None:
                self._take([one])
                return one
            await self._news_come()

    async def take_batch(self) -> list[Waiting]:
        """Waits until there are enough for a batch; at most as many as it may hold."""
        while True:
            await self._fill()
            if many := self._batch():
                self._take(many)
                self._in_batches.update(each.id for each in many)
                return many
            await self._news_come()

    # --- choosing ---------------------------------------------------------------------------------

    def _single(self) -> Waiting | None:
        free = self._free()
        if not free:
            return None
        behind = len(self._ready) > _BACKLOG_BATCHES * self._payloads
        if not self._batches_may() or behind or (len(free) < _WORTH_A_BATCH and not self._another_batch(free[0])):
            return free[0]
        return next((each for each in free if self._goes_alone(each)), None)

    def _another_batch(self, first: Waiting) -> bool:
        """A batch of its kind is under way: what comes meanwhile may become the next one. Nothing waits for history."""
        return any(self._under_way[each].history == first.history for each in self._in_batches)

    def _batch(self) -> list[Waiting]:
        if not self._batches_may():
            return []
        many = [each for each in self._free() if not self._goes_alone(each)]
        return many[: self._payloads] if len(many) >= _WORTH_A_BATCH else []

    def _free(self) -> list[Waiting]:
        """The ready ones of the first group, unless an earlier group is still under way."""
        if not self._ready:
            return []
        group = self._ready[0].group
        if any(each.group < group for each in self._under_way.values()):
            return []
        return [each for each in self._ready if each.group == group]

    def _goes_alone(self, one: Waiting) -> bool:
        return one.alone or one.id in self._alone

    def _take(self, taken: list[Waiting]) -> None:
        ids = {each.id for each in taken}
        self._ready = [each for each in self._ready if each.id not in ids]
        self._under_way.update((each.id, each) for each in taken)

    # --- looking ----------------------------------------------------------------------------------

    async def _fill(self) -> None:
        """Keys only: what they say is read when they are taken."""
        async with self._filling:
            if not self._stale:
                return
            self._stale = False
            most = (_BACKLOG_BATCHES + 1) * self._payloads
            under_way = list(self._under_way)
            rows = await self._db.all(
                "runnable", Waiting, business_id=self._business_id, most=most + 1, under_way=under_way
            )
            families = {each.family for each in self._under_way.values()}
            ready = []
            for row in rows:
                if row.family not in families and row.id not in self._under_way:
                    families.add(row.family)
                    ready.append(row)
            self._ready = ready
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _news_come(self) -> None:
        if not self._stale:
            await self._news.wait()
