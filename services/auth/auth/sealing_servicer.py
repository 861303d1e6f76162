"""Rotating the sealing keys over gRPC: some values a call, until nothing is sealed by a former key."""

from __future__ import annotations

import json
from typing import Any

from auth.resealing import Resealing
from auth.sealing import KeyRing
from ledgerport.auth.v1 import sealing_pb2 as pb
from ledgerport.auth.v1 import sealing_pb2_grpc
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.operations import done_by

log = telemetry.logger("sealing")
Context = Any
_BATCH, _ROUNDS = 50, 4


class SealingServicer(sealing_pb2_grpc.SealingServiceServicer):
    """Answers with names of keys and counts; never with a key or a token."""

    def __init__(self, db: Database, ring: KeyRing) -> None:
        self._db, self._ring = db, ring

    async def Reseal(self, request: pb.ResealRequest, context: Context) -> pb.ResealResponse:
        by, resealing = done_by(request.done_by), Resealing(self._db, self._ring, _BATCH)
        answer = pb.ResealResponse(
            active_key=self._ring.active, other_keys=[name for name in self._ring.names if name != self._ring.active]
        )
        if not request.dry_run:
            tally = await resealing.work(most=_BATCH * _ROUNDS)
            answer.done, answer.broken[:] = tally.done, tally.broken
            detail = {"key": self._ring.active, "done": tally.done, "broken": len(tally.broken)}
            await self._db.run("operation_add", done_by=by, what="rotate keys", detail=json.dumps(detail))
            log.info("resealed", done_by=by, **detail)
        answer.waiting = await resealing.waiting()
        return answer
