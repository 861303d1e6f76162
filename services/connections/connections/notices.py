"""What people are told about their connections: raised with the change itself, shown until dismissed, sent besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connections.moves import NAMES, Change, State, Status
from ledgerport_libs import metrics
from ledgerport_libs.database import Database, Transaction

UNHEALTHY, RECOVERED, EXPIRING = "unhealthy", "recovered", "expiring"
_ACTOR = "expiry"


@dataclass(frozen=True, slots=True)
class Notice:
    id: int
    provider: str
    kind: str
    sentence: str
    raised_at: datetime
    over: bool


@dataclass(frozen=True, slots=True)
class _Ending:
    business_id: str
    provider: str
    account_name: str
    refresh_expires_at: datetime
    status: int
    paused: bool
    read_at: datetime


@dataclass(frozen=True, slots=True)
class _Renewed:
    business_id: str
    provider: str


class Notices:
    """`channels` are the ways besides the page by which notices go out: recipients (e-mail), webhook."""

    def __init__(self, channels: Sequence[str]) -> None:
        self._channels = tuple(channels)

    async def of_move(self, tx: Transaction, business_id: str, before: State, change: Change) -> None:
        """What a move means for people, in the move's own transaction."""
        after, where = change.state, {"business_id": business_id, "provider": before.provider}
        if after.status is Status.UNHEALTHY:
            if (before.status, before.reason) != (after.status, after.reason):
                await tx.run("notices_over", **where, kind=UNHEALTHY)
                await self.raise_one(tx, business_id, before.provider, UNHEALTHY, change.sentence)
            return
        if before.status is Status.UNHEALTHY:
            await tx.run("notices_over", **where, kind=UNHEALTHY)
            if after.status is Status.CONNECTED:
                await self.raise_one(tx, business_id, before.provider, RECOVERED, change.sentence)
        if after.connected_at != before.connected_at or after.status is Status.DISCONNECTED:
            await tx.run("notices_over", **where, kind=EXPIRING)
            await tx.run("expiring_forget", **where)

    async def raise_one(self, tx: Transaction, business_id: str, provider: str, kind: str, sentence: str) -> None:
        notice_id = await tx.value(
            "notice_add", business_id=business_id, provider=provider, kind=kind, sentence=sentence
        )
        for channel in self._channels:
            await tx.run("delivery_add", notice_id=notice_id, channel=channel, recipient="")
        metrics.NOTICES.labels(kind).inc()


class Expiry:
    """Announces the end of a consent 30, 14 and 3 days before, each once, by one replica."""

    def __init__(self, db: Database, notices: Notices) -> None:
        self._db, self._notices = db, notices

    async def look(self) -> None:
        async with self._db.transaction() as tx:
            for renewed in await tx.all("expiring_renewed", _Renewed):
                await tx.run("notices_over", business_id=renewed.business_id, provider=renewed.provider, kind=EXPIRING)
            for ending in await tx.all("expiring_take", _Ending):
                await self._announce(tx, ending)

    async def _announce(self, tx: Transaction, ending: _Ending) -> None:
        where: dict[str, Any] = {"business_id": ending.business_id, "provider": ending.provider}
        sentence = words(ending.provider, ending.account_name, ending.refresh_expires_at, ending.read_at)
        await tx.run("notices_over", **where, kind=EXPIRING)
        await self._notices.raise_one(tx, ending.business_id, ending.provider, EXPIRING, sentence)
        await tx.run(
            "history_add", **where, actor=_ACTOR, sentence=sentence, status=ending.status, paused=ending.paused
        )


def words(provider: str, account_name: str, ends: datetime, now: datetime) -> str:
    """The day is counted in UTC."""
    name = f"{NAMES[provider]} ({account_name})" if account_name else NAMES[provider]
    days = max(0, (ends - now).days)
    left = "within a day" if days < 1 else "in 1 day" if days == 1 else f"in {days} days"
    day = f"{ends.day} {ends:%B %Y}"
    return f"Access to {name} ends on {day} ({left}). Reconnect it before then, and nothing is interrupted."
