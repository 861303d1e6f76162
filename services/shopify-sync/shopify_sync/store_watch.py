"""What a store's answers say beside their data: refusals of the store as a whole, and which version served."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ledgerport_libs import telemetry
from ledgerport_libs.database import Database

log = telemetry.logger("store_watch")


class Refusal(StrEnum):
    """Why a store answers nothing at all. Each needs a person, or a long wait."""

    FROZEN = "frozen"
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"
    LOCKED = "locked"
    REJECTED = "rejected"


# HTTP status → what it means for the store as a whole. Everything else is trouble of the moment.
REFUSALS: Mapping[int, Refusal] = {
    402: Refusal.FROZEN,
    403: Refusal.FORBIDDEN,
    404: Refusal.UNKNOWN,
    423: Refusal.LOCKED,
    430: Refusal.REJECTED,
}


@dataclass(frozen=True, slots=True)
class Answered:
    """What the headers of an answer told. `deprecated`: Shopify's words about something it will stop to answer."""

    served: str
    deprecated: str = ""


class StoreWatch:
    """Writes down what changes. A store that refuses is left alone for `rest` seconds."""

    def __init__(self, db: Database, rest: float) -> None:
        self._db, self._rest = db, rest
        self._known: dict[str, tuple[Answered, Refusal | None]] = {}
        self._rests: dict[str, tuple[float, Refusal]] = {}

    def rests(self, business_id: str) -> Refusal | None:
        """Why its store is left alone at this moment."""
        until, refusal = self._rests.get(business_id, (0.0, Refusal.UNKNOWN))
        return refusal if time.monotonic() < until else None

    def try_again(self, business_id: str) -> None:
        """A person may have cured it."""
        self._rests.pop(business_id, None)

    async def answered(self, business_id: str, told: Answered) -> None:
        self._rests.pop(business_id, None)
        await self._note(business_id, told, None)

    async def refused(self, business_id: str, told: Answered, refusal: Refusal) -> None:
        self._rests[business_id] = (time.monotonic() + self._rest, refusal)
        await self._note(business_id, told, refusal)

    async def _note(self, business_id: str, told: Answered, refusal: Refusal | None) -> None:
        """A deprecation is of one query, and most are not: once told it stays until the version that serves changes."""
        before = self._known.get(business_id)
        if before and not told.deprecated and before[0].served == told.served:
            told = before[0]
        if before == (told, refusal):
            return
        say = log.warning if refusal or told.deprecated else log.info
        say("store_answers", business=business_id, served=told.served, deprecated=told.deprecated, refusal=refusal)
        await self._db.run(
            "store_answers",
            business_id=business_id,
            served=told.served,
            deprecated=told.deprecated,
            refusal=refusal or "",
        )
        self._known[business_id] = (told, refusal)
