"""Tries, counted before they are looked at: a few are free, then each has to wait twice as long as the one before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ledgerport_libs.database import Database
from ledgerport_libs.errors import TooManyTries


@dataclass(frozen=True, slots=True)
class Patience:
    """How many tries are free, and how the waits grow. Seconds."""

    free: int
    first_wait: float
    longest_wait: float
    forgotten: float


class Tries:
    """Counted in the database, so over all replicas. What is counted is kept as a hash only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def wait(self, patience: Patience, *what: str) -> int:
        """Take a try: 0, or the seconds to wait for the next one. A try that has to wait is not counted."""
        async with self._db.transaction() as tx:
            number = await tx.value(
                "try_take",
                key=_key(what),
                free=patience.free,
                first=patience.first_wait,
                longest=patience.longest_wait,
                forgotten=patience.forgotten,
            )
            return 0 if number else max(1, int(await tx.value("try_wait", key=_key(what)) or 0))

    async def take(self, patience: Patience, *what: str) -> None:
        """TooManyTries while one has to wait."""
        seconds = await self.wait(patience, *what)
        if seconds:
            raise TooManyTries(f"{what[0]}: wait {seconds} s", say=f"Too many tries. Please wait {in_words(seconds)}.")

    async def forgive(self, *what: str) -> None:
        """It went well: nothing is counted any more."""
        await self._db.run("try_forgive", key=_key(what))

    async def prune(self, forgotten: float) -> None:
        await self._db.run("tries_prune", forgotten=forgotten)


def in_words(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds" if seconds > 1 else "a second"
    return f"{-(-seconds // 60)} minutes"


def _key(what: tuple[str, ...]) -> bytes:
    return hashlib.sha256("\0".join(what).encode("utf-8", "replace")).digest()
