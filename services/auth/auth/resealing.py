"""`python -m auth rotate-keys`: everything that is sealed is sealed anew with the active key, while auth runs."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from auth.sealing import BrokenSeal, KeyRing, Place
from ledgerport_libs.database import Database, Queries, Transaction

QUERIES = Queries.of("auth", "resealing.sql")
# Shelf of the database -> the field its values are sealed for.
_SHELVES = {"access": "access", "refresh": "refresh", "spare": "refresh", "revocation": "revocation"}


class Settings(BaseSettings):
    """What the command needs of auth's own settings."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr
    sealing_keys_file: Path
    reseal_batch: int = Field(200, ge=1, description="rows in one transaction, locked for milliseconds")


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

    async def work(self, tell: Callable[[int], None], most: float = math.inf) -> Tally:
        """One pass over all, or until so many are done; `tell` hears after each batch how many are.

        Safe to stop and to repeat at any moment.
        """
        tally = Tally()
        for shelf, sealed_for in _SHELVES.items():
            after = ""
            while tally.done < most and (rows := await self._one_batch(shelf, sealed_for, after, tally)):
                after = rows[-1].key
                tell(tally.done)
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


async def rotate(settings: Settings, say: Callable[[str], None]) -> int:
    """The command. 0: the former keys can be removed. 1: some values were sealed by a key that is not on the ring."""
    ring = KeyRing.load(settings.sealing_keys_file)
    db = Database(settings.database_url.get_secret_value(), QUERIES, pool_size=2)
    await db.open()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(db.close)
        resealing = Resealing(db, ring, settings.reseal_batch)
        total = await resealing.waiting()
        say(f"{total} values to seal anew with {ring.active}")
        tally = await resealing.work(lambda done: say(f"{done} of {total}"))
        for row in tally.broken:
            say(f"cannot be opened by any key on the ring: {row}")
        left = await resealing.waiting()
        if left:
            say(f"{left} values are sealed by another key still: does every auth process have {ring.active} active?")
            return 1
    former = [name for name in ring.names if name != ring.active]
    say(f"everything is sealed with {ring.active}" + (f"; can be removed now: {', '.join(former)}" if former else ""))
    return 0


def run(settings: Settings, say: Callable[[str], None]) -> int:
    return asyncio.run(rotate(settings, say))
