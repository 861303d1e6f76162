"""The gRPC doorway: translates, asks who the caller is, and calls the desks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from connections.gates import Gates
from connections.moves import QUICKBOOKS
from connections.register import NUMBERS, PROVIDERS, Register, Row
from connections.switches import Switches
from ledgerport.connections.v1 import connections_pb2 as pb
from ledgerport.connections.v1 import connections_pb2_grpc
from ledgerport.events.v1 import connection_pb2
from ledgerport_libs.database import Database
from ledgerport_libs.errors import InvalidRequest
from ledgerport_libs.identity import person_of_this_call
from ledgerport_libs.rpc import require

Context = Any
PAGE, LARGEST_PAGE = 50, 200
_NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Entry:
    id: int
    provider: str
    at: datetime
    actor: str
    sentence: str
    status: int
    paused: bool


class ConnectionsServicer(connections_pb2_grpc.ConnectionsServiceServicer):
    def __init__(self, db: Database, register: Register, gates: Gates, switches: Switches) -> None:
        self._db, self._register, self._gates, self._switches = db, register, gates, switches

    async def ListConnections(self, request: pb.ListConnectionsRequest, context: Context) -> pb.ListConnectionsResponse:
        rows = await self._register.both(person_of_this_call().business_id)
        return pb.ListConnectionsResponse(connections=[to_proto(row) for row in rows])

    async def ListHistory(self, request: pb.ListHistoryRequest, context: Context) -> pb.ListHistoryResponse:
        size = min(request.page_size or PAGE, LARGEST_PAGE)
        require(size > 0, "A page has at least one entry.")
        require(not request.page_token or request.page_token.isdecimal(), "This page token is none of ours.")
        before = min(int(request.page_token or _NEWEST), _NEWEST)
        entries = await self._db.all(
            "history_page", _Entry, business_id=person_of_this_call().business_id, before=before, size=size + 1
        )
        more = len(entries) > size
        return pb.ListHistoryResponse(
            entries=[_entry(each) for each in entries[:size]],
            next_page_token=str(entries[size - 1].id) if more else "",
        )

    async def PauseSync(self, request: pb.PauseSyncRequest, context: Context) -> pb.PauseSyncResponse:
        person = person_of_this_call()
        row = await self._switches.pause(person.business_id, person.email)
        return pb.PauseSyncResponse(connection=to_proto(row))

    async def ResumeSync(self, request: pb.ResumeSyncRequest, context: Context) -> pb.ResumeSyncResponse:
        person = person_of_this_call()
        row = await self._switches.resume(person.business_id, person.email)
        return pb.ResumeSyncResponse(connection=to_proto(row))

    async def Disconnect(self, request: pb.DisconnectRequest, context: Context) -> pb.DisconnectResponse:
        person = person_of_this_call()
        if request.provider not in PROVIDERS:
            raise InvalidRequest("no provider")
        row, revoked = await self._switches.disconnect(person.business_id, PROVIDERS[request.provider], person.email)
        return pb.DisconnectResponse(connection=to_proto(row), revoked_at_provider=revoked)

    async def ReadGates(self, request: pb.ReadGatesRequest, context: Context) -> pb.ReadGatesResponse:
        gates, version = await self._gates.after(request.after_version)
        return pb.ReadGatesResponse(
            gates=[pb.Gate(business_id=g.business_id, open=not g.reason, reason=g.reason) for g in gates],
            version=version,
            lease_ms=self._gates.lease_ms,
        )


def to_proto(row: Row) -> pb.Connection:
    return pb.Connection(
        provider=NUMBERS[row.provider],
        status=connection_pb2.ConnectionStatus.ValueType(row.status),
        status_since=_stamp(row.status_since),
        reason=row.reason,
        explanation=row.explanation,
        paused=row.paused,
        paused_since=_stamp(row.paused_since),
        paused_by=row.paused_by,
        account_id=row.account_id,
        account_name=row.account_name,
        shop_domain=row.shop_domain,
        connected_by=row.connected_by,
        connected_at=_stamp(row.connected_at),
        refresh_expires_at=_stamp(row.refresh_expires_at),
        scopes=row.scopes,
        last_write_at=_stamp(row.last_write_at),
        # Once a company was connected, the binding to it is for good.
        locked=row.provider == QUICKBOOKS and bool(row.account_id),
        version=row.version,
        last_probe_at=_stamp(row.last_probe_at),
    )


def _entry(each: _Entry) -> pb.HistoryEntry:
    return pb.HistoryEntry(
        provider=NUMBERS[each.provider],
        at=_stamp(each.at),
        actor=each.actor,
        sentence=each.sentence,
        status=connection_pb2.ConnectionStatus.ValueType(each.status),
        paused=each.paused,
    )


def _stamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    answer = Timestamp()
    answer.FromDatetime(moment)
    return answer
