"""Probes: each connection is looked at now and then, by one replica at a time; a passing outage is no illness."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import grpc

from connections import moves
from connections.moves import COMPANY_SUSPENDED, NAMES, UNREACHABLE
from connections.register import NUMBERS, Register
from connections.settings import Settings
from ledgerport.auth.v1 import credentials_pb2 as auth_pb
from ledgerport.auth.v1 import credentials_pb2_grpc
from ledgerport_libs import metrics, telemetry
from ledgerport_libs.database import Database

log = telemetry.logger("probing")

ACTOR = "probe"


@dataclass(frozen=True, slots=True)
class _Due:
    business_id: str
    provider: str


class Probing:
    """Asks auth, which asks the provider."""

    def __init__(
        self,
        db: Database,
        register: Register,
        auth: credentials_pb2_grpc.CredentialsServiceAsyncStub,
        settings: Settings,
    ) -> None:
        self._db, self._register, self._auth, self._settings = db, register, auth, settings

    async def look(self) -> None:
        """Probe what is due."""
        due = await self._db.all(
            "probes_take", _Due, every=self._settings.probe_seconds, batch=self._settings.probes_at_once
        )
        await asyncio.gather(*(self._probe(each) for each in due))

    async def _probe(self, due: _Due) -> None:
        request = auth_pb.ProbeAccessRequest(business_id=due.business_id, provider=NUMBERS[due.provider])
        try:
            answer = await self._auth.ProbeAccess(request, timeout=self._settings.probe_timeout)
        except grpc.aio.AioRpcError as failure:
            # Trouble of our own says nothing about the provider.
            log.warning("probe_failed", business=due.business_id, provider=due.provider, status=failure.code().name)
            return
        outcome = auth_pb.ProbeOutcome.Name(answer.outcome).removeprefix("PROBE_OUTCOME_").lower()
        metrics.PROBES.labels(due.provider, outcome).inc()
        await self.heard(due.business_id, due.provider, answer.outcome, answer.explanation)

    async def heard(
        self, business_id: str, provider: str, outcome: auth_pb.ProbeOutcome.ValueType, explanation: str
    ) -> None:
        """What a probe's outcome does to the connection."""
        if outcome == auth_pb.PROBE_OUTCOME_UNREACHABLE:
            await self._unreachable(business_id, provider)
            return
        await self._db.run("probe_answered", business_id=business_id, provider=provider)
        if outcome == auth_pb.PROBE_OUTCOME_GOOD:
            await self._register.move(business_id, provider, lambda row: moves.recover(row.state, ACTOR))
        elif outcome == auth_pb.PROBE_OUTCOME_SUSPENDED:
            await self._fall_ill(business_id, provider, COMPANY_SUSPENDED, explanation)
        elif outcome == auth_pb.PROBE_OUTCOME_REFUSED:
            await self._refused(business_id, provider, explanation)

    async def _refused(self, business_id: str, provider: str, explanation: str) -> None:
        """Auth's own event brings the exact reason; whichever comes first makes it Unhealthy, and only once."""
        row = await self._register.read(business_id, provider)
        if row.status == moves.Status.CONNECTED or row.reason in moves.PASSING_REASONS:
            await self._fall_ill(business_id, provider, "ACCESS_REVOKED", explanation)

    async def _unreachable(self, business_id: str, provider: str) -> None:
        away = await self._db.value("probe_unanswered", business_id=business_id, provider=provider)
        if away is not None and away > self._settings.outage_seconds:
            minutes = max(1, round(away / 60))
            words = f"{NAMES[provider]} has not answered for {minutes} minutes. It is tried again by itself."
            await self._fall_ill(business_id, provider, UNREACHABLE, words)

    async def _fall_ill(self, business_id: str, provider: str, reason: str, words: str) -> None:
        await self._register.move(business_id, provider, lambda row: moves.fall_ill(row.state, reason, words, ACTOR))
