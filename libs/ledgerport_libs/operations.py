"""What operators ask of a service with a database, over gRPC: its health, and what it gave up or said once more."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledgerport.operations.v1 import operations_pb2 as pb
from ledgerport.operations.v1 import operations_pb2_grpc
from ledgerport_libs import dead_letters, telemetry
from ledgerport_libs.bus import Consumer
from ledgerport_libs.database import Database
from ledgerport_libs.errors import NotFound
from ledgerport_libs.looking import Stored
from ledgerport_libs.ops import Readiness
from ledgerport_libs.rpc import require

log = telemetry.logger("operations")
Context = Any
SERVICE = pb.DESCRIPTOR.services_by_name["OperationsService"]
_PAGE, _REPLAYED_AT_ONCE = 200, 50
_BUSINESS = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True)
class _Letter:
    id: int
    consumer: str
    subject: str
    error: str
    received_at: datetime


class OperationsServicer(operations_pb2_grpc.OperationsServiceServicer):
    """Answered by every service that stands on a floor."""

    def __init__(self, db: Database, readiness: Readiness, consumers: Sequence[Consumer]) -> None:
        self._db, self._readiness = db, readiness
        self._consumers = {consumer.durable: consumer for consumer in consumers}

    async def GetHealth(self, request: pb.GetHealthRequest, context: Context) -> pb.GetHealthResponse:
        troubles = await self._readiness.troubles()
        stored = None if "postgres" in troubles else await self._db.one("figures_read", Stored)
        return pb.GetHealthResponse(
            troubles=troubles,
            figures=[
                pb.Figure(metric=each["metric"], labels=each["labels"], value=each["value"])
                for each in (stored.figures if stored else ())
            ],
            figures_age=max(time.time() - stored.looked_at, 0.0) if stored else -1.0,
        )

    async def ListDeadLetters(self, request: pb.ListDeadLettersRequest, context: Context) -> pb.ListDeadLettersResponse:
        rows = await self._db.all(
            "dead_letters", _Letter, consumer=request.consumer, after=request.after_id, size=_PAGE
        )
        return pb.ListDeadLettersResponse(
            letters=[
                pb.DeadLetter(
                    id=row.id,
                    consumer=row.consumer,
                    subject=row.subject,
                    error=row.error,
                    received_at=row.received_at.isoformat(),
                )
                for row in rows
            ]
        )

    async def ReplayDeadLetters(
        self, request: pb.ReplayDeadLettersRequest, context: Context
    ) -> pb.ReplayDeadLettersResponse:
        by = done_by(request.done_by)
        consumer = self._consumers.get(request.consumer)
        if consumer is None:
            say = f"There is no consumer {request.consumer} here."
            raise NotFound(say, say=say)
        chosen = dead_letters.Chosen(tuple(request.ids), request.after_id, _REPLAYED_AT_ONCE)
        replayed = await dead_letters.replay(self._db, consumer, chosen, by)
        return pb.ReplayDeadLettersResponse(done=replayed.done, failed=replayed.failed, last_id=replayed.last)

    async def ReplayEvents(self, request: pb.ReplayEventsRequest, context: Context) -> pb.ReplayEventsResponse:
        by = done_by(request.done_by)
        require(_BUSINESS.fullmatch(request.business_id), "This is not the id of a Business.")
        business = {"business": request.business_id}
        if request.dry_run:
            return pb.ReplayEventsResponse(events=await self._db.value("outbox_of_one", **business))
        async with self._db.transaction() as tx:
            events = await tx.run("outbox_again", **business)
            detail = {**business, "events": events}
            await tx.run("operation_add", done_by=by, what="replay events", detail=json.dumps(detail))
        log.info("events_replayed", done_by=by, **detail)
        return pb.ReplayEventsResponse(events=events)


def done_by(name: str) -> str:
    """Whoever asks, as it goes on record; InvalidRequest for nobody."""
    require(name.strip() and len(name) <= 200, "Say who does this.")
    return name.strip()
