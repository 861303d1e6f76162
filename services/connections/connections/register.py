"""Where connections are kept: one UPDATE a move, with its history, its event and its gate in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from connections.moves import QUICKBOOKS, SHOPIFY, Change, State, Status, why_closed
from connections.notices import Notices
from ledgerport.common.v1 import provider_pb2
from ledgerport.events.v1 import connection_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.bus import OutgoingEvent
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import PassingTrouble

log = telemetry.logger("register")

PROVIDERS = {
    provider_pb2.PROVIDER_QUICKBOOKS: QUICKBOOKS,
    provider_pb2.PROVIDER_SHOPIFY: SHOPIFY,
}
NUMBERS = {name: number for number, name in PROVIDERS.items()}
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Row:
    """A connection as it is stored; `read_at` is the database's own time."""

    business_id: str
    provider: str
    status: int
    status_since: datetime
    reason: str
    explanation: str
    paused: bool
    paused_since: datetime | None
    paused_by: str
    account_id: str
    account_name: str
    shop_domain: str
    connected_by: str
    connected_at: datetime | None
    refresh_expires_at: datetime | None
    scopes: str
    last_write_at: datetime | None
    version: int
    credential_version: int
    last_probe_at: datetime | None
    unreachable_since: datetime | None
    revoke_asked_at: datetime | None
    store_zone: str
    hard_expires_at: datetime | None
    watch_version: int
    read_at: datetime

    @property
    def state(self) -> State:
        return State(
            provider=self.provider,
            status=Status(self.status),
            reason=self.reason,
            explanation=self.explanation,
            paused=self.paused,
            paused_since=self.paused_since,
            paused_by=self.paused_by,
            account_id=self.account_id,
            account_name=self.account_name,
            shop_domain=self.shop_domain,
            connected_by=self.connected_by,
            connected_at=self.connected_at,
            scopes=self.scopes,
            refresh_expires_at=self.refresh_expires_at,
            hard_expires_at=self.hard_expires_at,
            store_zone=self.store_zone,
        )


Move = Callable[[Row], Change | None]


class Register:
    """Reads and moves connections."""

    def __init__(self, db: Database, on_commit: Callable[[], None], notices: Notices | None = None) -> None:
        self._db, self._on_commit, self._notices = db, on_commit, notices or Notices(())

    async def both(self, business_id: str) -> list[Row]:
        """QuickBooks first; also where neither was ever made."""
        rows = await self._db.all("connections_of", Row, business_id=business_id)
        if len(rows) < len(NUMBERS):
            async with self._db.transaction() as tx:
                for provider in NUMBERS:
                    await tx.run("connection_make", business_id=business_id, provider=provider)
                rows = await tx.all("connections_of", Row, business_id=business_id)
        return sorted(rows, key=lambda row: NUMBERS[row.provider])

    async def read(self, business_id: str, provider: str) -> Row:
        async with self._db.transaction() as tx:
            return await self._read(tx, business_id, provider)

    async def _read(self, tx: Transaction, business_id: str, provider: str) -> Row:
        row = await tx.one("connection_of", Row, business_id=business_id, provider=provider)
        if row is None:
            await tx.run("connection_make", business_id=business_id, provider=provider)
            row = await tx.one("connection_of", Row, business_id=business_id, provider=provider)
        if row is None:
            raise LookupError("a connection that was just made is not there")
        return row

    async def refreshed(
        self, business_id: str, provider: str, version: int, rolling: datetime | None, hard: datetime | None
    ) -> None:
        """A token was refreshed: no move, only another end. An older word changes nothing."""
        async with self._db.transaction() as tx:
            await self._read(tx, business_id, provider)
            where = {"business_id": business_id, "provider": provider}
            if await tx.run(
                "refresh_end_seen", **where, version=version, refresh_expires_at=rolling, hard_expires_at=hard
            ):
                await tx.run("watch_changed", **where)

    async def move(self, business_id: str, provider: str, decide: Move, credential_version: int = 0) -> Row:
        """Let `decide` look at the connection and say what it becomes; None leaves it as it is.

        Decided anew each time someone else moved it first. Answers the connection as it is afterwards.
        """
        for _ in range(_TRIES):
            async with self._db.transaction() as tx:
                row = await self._read(tx, business_id, provider)
                change = decide(row)
                if change is None:
                    if credential_version > row.credential_version:
                        await tx.run(
                            "credential_seen", business_id=business_id, provider=provider, version=credential_version
                        )
                    return row
                moved = await self._write(tx, row, change, credential_version)
                after = await self._read(tx, business_id, provider)
            if moved:
                self._on_commit()
                log.info("connection_moved", business=business_id, provider=provider, status=change.state.status.name)
                return after
        raise PassingTrouble("the connection changes all the time")

    async def _write(self, tx: Transaction, row: Row, change: Change, credential_version: int) -> bool:
        state = change.state
        version = await tx.value(
            "connection_move",
            business_id=row.business_id,
            provider=row.provider,
            seen=row.version,
            credential_version=credential_version,
            status=int(state.status),
            reason=state.reason,
            explanation=state.explanation,
            paused=state.paused,
            paused_since=state.paused_since,
            paused_by=state.paused_by,
            account_id=state.account_id,
            account_name=state.account_name,
            shop_domain=state.shop_domain,
            connected_by=state.connected_by,
            connected_at=state.connected_at,
            scopes=state.scopes,
            refresh_expires_at=state.refresh_expires_at,
            hard_expires_at=state.hard_expires_at,
            store_zone=state.store_zone,
        )
        if version is None:
            return False
        await self._record(tx, row, change)
        await self._tell(tx, row, change, version)
        await self._notices.of_move(tx, row.business_id, row.state, change)
        # Last, as the counters hold everyone else's changes back until the commit; in one order everywhere.
        await tx.run("watch_changed", business_id=row.business_id, provider=row.provider)
        before = why_closed(Status(row.status), row.paused)
        if row.provider == QUICKBOOKS and before != why_closed(state.status, state.paused):
            await tx.run("gate_changed", business_id=row.business_id)
        return True

    async def _record(self, tx: Transaction, row: Row, change: Change) -> None:
        await tx.run(
            "history_add",
            business_id=row.business_id,
            provider=row.provider,
            actor=change.actor,
            sentence=change.sentence,
            status=int(change.state.status),
            paused=change.state.paused,
        )

    async def _tell(self, tx: Transaction, row: Row, change: Change, version: int) -> None:
        event = connection_pb2.ConnectionEvent(
            event_id=f"connection-{row.business_id}-{row.provider}-{version}",
            business_id=row.business_id,
            provider=NUMBERS[row.provider],
            version=version,
            status=connection_pb2.ConnectionStatus.ValueType(change.state.status),
            paused=change.state.paused,
            reason=change.state.reason,
            actor=change.actor,
            sentence=change.sentence,
        )
        event.at.FromDatetime(datetime.now(UTC))
        subject = f"connections.v1.{row.business_id}.{row.provider}"
        await OutgoingEvent(event.event_id, subject, event.SerializeToString()).put(tx)
