"""Everything that is sealed is sealed anew with the active key, while auth runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from auth.sealing import BrokenSeal, KeyRing, Place
from ledgerport_libs.database import Database, Transaction

# Shelf of the database -> the field its values are sealed for.
_SHELVES = {"access": "access", "refresh": "refresh", "spare": "refresh", "revocation": "revocation"}


@dataclass(frozen=True, slots=True)
class _Sealed:
    key: str
    business_id: str
    provider: str
    sealed: bytes = field(repr=False)


@dataclass(slots=True)
class Tally:
    """What a pass did, and which rows no key on the ring opens."""

    done: int = 0
    broken: list[str] = field(default_factory=list)


class Resealing:
    """Works through all shelves in batches. A row is locked while it is sealed anew, so no refresh is overwritten."""

    def __init__(self, db: Database, ring: KeyRing, batch: int) -> None:
        self._db, self._ring, self._batch = db, ring, batch

    async def waiting(self) -> int:
        """How many values another key than the active one has sealed."""
        return int(await self._db.value("sealed_otherwise", head=self._ring.head()))

    async def work(self, most: float = math.inf) -> Tally:
        """One pass over all, or until so many are done. Safe to stop and to repeat at any moment."""
        tally = Tally()
        for shelf, sealed_for in _SHELVES.items():
            after = ""
            while tally.done < most and (rows := await self._one_batch(shelf, sealed_for, after, tally)):
                after = rows[-1].key
        return tally

    async def _one_batch(self, shelf: str, sealed_for: str, after: str, tally: Tally) -> list[_Sealed]:
        async with self._db.transaction() as tx:
            rows = await tx.all(f"{shelf}_to_reseal", _Sealed, head=self._ring.head(), after=after, batch=self._batch)
            for row in rows:
                await self._one(tx, shelf, sealed_for, row, tally)
        return rows

    async def _one(self, tx: Transaction, shelf: str, sealed_for: str, row: _Sealed, tally: Tally) -> None:
        place = Place(row.business_id, row.provider, sealed_for)
        try:
            secret = self._ring.open(row.sealed, place)
        except BrokenSeal:
            tally.broken.append(f"{shelf} {row.key}")
            return
        await tx.run(f"{shelf}_resealed", key=row.key, sealed=self._ring.seal(secret, place))
        tally.done += 1
