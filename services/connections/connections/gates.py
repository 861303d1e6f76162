"""The gates before QuickBooks: read afresh by every writer, and never closed behind a writer's back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from connections.moves import Status, why_closed
from ledgerport_libs.database import Database

# No commit takes longer than this: the statement time-out is shorter.
_SURELY_COMMITTED = 60.0


@dataclass(frozen=True, slots=True)
class Gate:
    """Open while `reason` is empty."""

    business_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Row:
    upto: int
    business_id: str | None
    status: int | None
    paused: bool | None


class Gates:
    """An answer may be acted on for `lease_ms` after its question was sent."""

    def __init__(self, db: Database, lease_ms: int, margin_ms: int) -> None:
        self._db, self.lease_ms = db, lease_ms
        self._wait = (lease_ms + margin_ms) / 1000

    async def after(self, version: int) -> tuple[list[Gate], int]:
        """The gates that changed after a version, and the version this answer brings a copy to."""
        rows = await self._db.all("gates_after", _Row, after=version)
        gates = [
            Gate(row.business_id, why_closed(Status(row.status), bool(row.paused)))
            for row in rows
            if row.business_id is not None and row.status is not None
        ]
        return gates, rows[0].upto

    async def until_closed_everywhere(self, business_id: str) -> None:
        """Returns when every answer from before the gate's last change has run out: no write can start any more."""
        passed = await self._db.value("seconds_since_gate_change", business_id=business_id)
        if passed is not None and passed < _SURELY_COMMITTED + self._wait:
            # The change was stamped before its commit, so the whole wait is counted from now, which is after it.
            await asyncio.sleep(self._wait)
