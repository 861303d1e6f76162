"""The writers, as operators see them, and the rest that a writer is given."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ledgerport.qbo_writer.v1 import writers_pb2 as pb
from ledgerport.qbo_writer.v1 import writers_pb2_grpc
from ledgerport_libs import telemetry
from ledgerport_libs.database import Database
from ledgerport_libs.operations import done_by
from ledgerport_libs.rpc import require

log = telemetry.logger("writers")
Context = Any
_LONGEST_REST = 86400.0


@dataclass(frozen=True, slots=True)
class _Writer:
    holder: str
    name: str
    rests: float
    companies: int


class WritersServicer(writers_pb2_grpc.WritersServiceServicer):
    """Any replica answers for all of them: a writer reads in the database whether it is to rest."""

    def __init__(self, db: Database, lease_seconds: float) -> None:
        self._db, self._lease_seconds = db, lease_seconds

    async def ListWriters(self, request: pb.ListWritersRequest, context: Context) -> pb.ListWritersResponse:
        rows = await self._db.all("writers", _Writer, seconds=self._lease_seconds)
        return pb.ListWritersResponse(
            writers=[
                pb.Writer(holder=row.holder, name=row.name, companies=row.companies, rests=row.rests) for row in rows
            ]
        )

    async def RestWriter(self, request: pb.RestWriterRequest, context: Context) -> pb.RestWriterResponse:
        by, holders = done_by(request.done_by), list(request.holders)
        require(0 <= request.seconds <= _LONGEST_REST, "A writer rests for at most a day.")
        require(holders, "Name a writer.")
        async with self._db.transaction() as tx:
            found = await tx.run("writer_rest", holders=holders, seconds=request.seconds)
            detail = {"holders": holders, "seconds": request.seconds}
            await tx.run("operation_add", done_by=by, what="drain", detail=json.dumps(detail))
        log.info("writers_rest", done_by=by, **detail)
        return pb.RestWriterResponse(writers=found)
