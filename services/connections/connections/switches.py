"""What a person does to a connection: pause, resume, disconnect. Each answers when it is true everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import grpc

from connections import moves
from connections.gates import Gates
from connections.moves import QUICKBOOKS
from connections.register import NUMBERS, Register, Row
from ledgerport.auth.v1 import credentials_pb2, credentials_pb2_grpc
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database

log = telemetry.logger("switches")

# Less than a person's request has, so that they hear that the rest goes on in the background.
_PATIENCE = 6.0


@dataclass(frozen=True, slots=True)
class _Owed:
    business_id: str
    provider: str
    asked_at: datetime
    asked_by: str


class Switches:
    """`actor` is the e-mail of the person who asked."""

    def __init__(
        self,
        db: Database,
        register: Register,
        gates: Gates,
        auth: credentials_pb2_grpc.CredentialsServiceAsyncStub,
        retry_seconds: float,
    ) -> None:
        self._db, self._register, self._gates, self._auth = db, register, gates, auth
        self._retry_seconds = retry_seconds

    async def pause(self, business_id: str, actor: str) -> Row:
        """When this returns, no new write to QuickBooks can start. So it is for a repeated call."""
        row = await self._register.move(business_id, QUICKBOOKS, lambda row: moves.pause(row.state, actor, row.read_at))
        await self._gates.until_closed_everywhere(business_id)
        return row

    async def resume(self, business_id: str, actor: str) -> Row:
        return await self._register.move(business_id, QUICKBOOKS, lambda row: moves.resume(row.state, actor))

    async def disconnect(self, business_id: str, provider: str, actor: str) -> tuple[Row, bool]:
        """The gate first, then the tokens. False: revoking at the provider goes on in the background."""
        row = await self._register.move(business_id, provider, lambda row: moves.disconnect(row.state, actor))
        await self._db.run(
            "revoke_ask",
            business_id=business_id,
            provider=provider,
            at=row.read_at,
            by=actor,
            wait=self._retry_seconds,
        )
        if provider == QUICKBOOKS:
            await self._gates.until_closed_everywhere(business_id)
        revoked = await self._revoke(_Owed(business_id, provider, row.read_at, actor))
        return await self._register.read(business_id, provider), revoked

    async def pay_what_is_owed(self) -> None:
        """Ask auth again for every revocation that it has not confirmed."""
        for owed in await self._db.all("revokes_take", _Owed, wait=self._retry_seconds):
            await self._revoke(owed)

    async def _revoke(self, owed: _Owed) -> bool:
        request = credentials_pb2.RevokeTokensRequest(
            business_id=owed.business_id, provider=NUMBERS[owed.provider], by=owed.asked_by
        )
        request.asked_at.FromDatetime(owed.asked_at)
        try:
            await self._auth.RevokeTokens(request, timeout=_PATIENCE)
        except grpc.aio.AioRpcError as failure:
            log.warning(
                "revoking_is_owed", business=owed.business_id, provider=owed.provider, status=failure.code().name
            )
            return False
        await self._db.run("revoke_done", business_id=owed.business_id, provider=owed.provider, at=owed.asked_at)
        return True
