"""What connections hears: auth's word about credentials, and the writer's outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from connections import moves
from connections.moves import Account, Change
from connections.register import PROVIDERS, Register, Row
from ledgerport.events.v1 import auth_pb2, record_pb2
from ledgerport_libs.bus import BadEvent, IncomingEvent
from ledgerport_libs.database import Database

AUTH = "auth"
M = TypeVar("M", auth_pb2.CredentialEvent, record_pb2.RecordEvent)


class Hearing:
    """Handlers for two consumers; each may be called again with the same events."""

    def __init__(self, db: Database, register: Register) -> None:
        self._db, self._register = db, register

    async def credentials(self, events: Sequence[IncomingEvent]) -> None:
        """In order; an event that is not newer than the last one heard changes nothing."""
        for incoming in events:
            await self._credential(_parsed(auth_pb2.CredentialEvent(), incoming))

    async def _credential(self, event: auth_pb2.CredentialEvent) -> None:
        if event.provider not in PROVIDERS or not event.business_id:
            raise BadEvent("no business or provider")
        provider = PROVIDERS[event.provider]
        if event.WhichOneof("what") == "refreshed":
            await self._register.refreshed(
                event.business_id,
                provider,
                event.version,
                _moment(event.refreshed, "refresh_expires_at"),
                _moment(event.refreshed, "hard_expires_at"),
            )
            return

        def decide(row: Row) -> Change | None:
            return None if event.version <= row.credential_version else _change(row, event)

        await self._register.move(event.business_id, provider, decide, event.version)

    async def records(self, events: Sequence[IncomingEvent]) -> None:
        """The newest successful write of each Business, one UPDATE each."""
        newest: dict[str, datetime] = {}
        for incoming in events:
            event = _parsed(record_pb2.RecordEvent(), incoming)
            if event.status == record_pb2.RECORD_STATUS_SYNCED and event.HasField("at"):
                at = event.at.ToDatetime(UTC)
                newest[event.business_id] = max(at, newest.get(event.business_id, at))
        # In one order everywhere, so that replicas never wait for each other in a circle.
        for business_id, at in sorted(newest.items()):
            await self._db.run("wrote", business_id=business_id, at=at)


def _change(row: Row, event: auth_pb2.CredentialEvent) -> Change | None:
    match event.WhichOneof("what"):
        case "connected":
            said = event.connected
            account = Account(
                account_id=said.account_id,
                account_name=said.account_name,
                shop_domain=said.shop_domain,
                connected_by=said.connected_by,
                scopes=said.scopes,
                refresh_expires_at=_moment(said, "refresh_expires_at"),
                hard_expires_at=_moment(said, "hard_expires_at"),
                store_zone=said.store_zone,
            )
            return moves.connect(row.state, account, event.at.ToDatetime(UTC))
        case "refused":
            return moves.fall_ill(row.state, event.refused.reason, event.refused.explanation, AUTH)
        case "revoked":
            gone = event.revoked
            return moves.disconnect(row.state, gone.by or AUTH, gone.reason, gone.explanation)
        case other:
            raise BadEvent(f"unknown event {other}")


def _parsed(empty: M, incoming: IncomingEvent) -> M:
    try:
        empty.ParseFromString(incoming.payload)
    except DecodeError as cause:
        raise BadEvent("cannot be read") from cause
    return empty


def _moment(message: auth_pb2.Connected | auth_pb2.Refreshed, name: str) -> datetime | None:
    stamp: Timestamp = getattr(message, name)
    return stamp.ToDatetime(UTC) if stamp.seconds else None
