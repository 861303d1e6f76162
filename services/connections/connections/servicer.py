"""The gRPC doorway: translates, asks who the caller is, and calls the desks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connections.gates import Gates
from connections.moves import QUICKBOOKS
from connections.notices import EXPIRING, RECOVERED, UNHEALTHY, Notice
from connections.register import NUMBERS, PROVIDERS, Register, Row
from connections.switches import Switches
from connections.watching import Watching
from ledgerport.connections.v1 import connections_pb2 as pb
from ledgerport.connections.v1 import connections_pb2_grpc
from ledgerport.events.v1 import connection_pb2
from ledgerport_libs.database import Database
from ledgerport_libs.errors import InvalidRequest, NotFound
from ledgerport_libs.identity import caller_of_this_call, person_of_this_call
from ledgerport_libs.paging import number_in, page_size, to_token
from ledgerport_libs.rpc import require
from ledgerport_libs.timestamps import timestamp

Context = Any
MOST_WATCHED = 1000
_NEWEST = 2**63 - 1
_KINDS = {
    UNHEALTHY: pb.NOTICE_KIND_UNHEALTHY,
    RECOVERED: pb.NOTICE_KIND_RECOVERED,
    EXPIRING: pb.NOTICE_KIND_EXPIRING,
}


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
    def __init__(self, db: Database, register: Register, gates: Gates, switches: Switches, watching: Watching) -> None:
        self._db, self._register, self._gates = db, register, gates
        self._switches, self._watching = switches, watching

    async def ListConnections(self, request: pb.ListConnectionsRequest, context: Context) -> pb.ListConnectionsResponse:
        rows = await self._register.both(person_of_this_call().business_id)
        return pb.ListConnectionsResponse(connections=[to_proto(row) for row in rows])

    async def ListHistory(self, request: pb.ListHistoryRequest, context: Context) -> pb.ListHistoryResponse:
        size, before = _page(request)
        entries = await self._db.all(
            "history_page", _Entry, business_id=person_of_this_call().business_id, before=before, size=size + 1
        )
        more = len(entries) > size
        return pb.ListHistoryResponse(
            entries=[_entry(each) for each in entries[:size]],
            next_page_token=to_token(str(entries[size - 1].id)) if more else "",
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

    async def WatchConnections(
        self, request: pb.WatchConnectionsRequest, context: Context
    ) -> AsyncIterator[pb.WatchConnectionsResponse]:
        person = caller_of_this_call().person
        wanted = [person.business_id] if person else list(request.only_businesses)
        require(len(wanted) <= MOST_WATCHED, "Too many Businesses to watch in one stream.")
        if person:
            await self._register.both(person.business_id)
        async for rows, version in self._watching.stream(wanted, request.after_version):
            changed = [pb.WatchedConnection(business_id=row.business_id, connection=to_proto(row)) for row in rows]
            yield pb.WatchConnectionsResponse(connections=changed, version=version)

    async def ListNotices(self, request: pb.ListNoticesRequest, context: Context) -> pb.ListNoticesResponse:
        size, before = _page(request)
        found = await self._db.all(
            "notices_page", Notice, business_id=person_of_this_call().business_id, before=before, size=size + 1
        )
        return pb.ListNoticesResponse(
            notices=[_notice(each) for each in found[:size]],
            next_page_token=to_token(str(found[size - 1].id)) if len(found) > size else "",
        )

    async def DismissNotice(self, request: pb.DismissNoticeRequest, context: Context) -> pb.DismissNoticeResponse:
        person = person_of_this_call()
        require(_is_number(request.notice_id), "This is no notice.")
        if not await self._db.run(
            "notice_dismiss", business_id=person.business_id, id=int(request.notice_id), by=person.email
        ):
            raise NotFound("no such notice")
        return pb.DismissNoticeResponse()


def _page(request: pb.ListHistoryRequest | pb.ListNoticesRequest) -> tuple[int, int]:
    """How many, and before which id."""
    return page_size(request.page_size), number_in(request.page_token) or _NEWEST


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18


def _notice(each: Notice) -> pb.Notice:
    return pb.Notice(
        notice_id=str(each.id),
        provider=NUMBERS[each.provider],
        kind=_KINDS[each.kind],
        raised_at=timestamp(each.raised_at),
        sentence=each.sentence,
        over=each.over,
    )


def to_proto(row: Row) -> pb.Connection:
    return pb.Connection(
        provider=NUMBERS[row.provider],
        status=connection_pb2.ConnectionStatus.ValueType(row.status),
        status_since=timestamp(row.status_since),
        reason=row.reason,
        explanation=row.explanation,
        paused=row.paused,
        paused_since=timestamp(row.paused_since),
        paused_by=row.paused_by,
        account_id=row.account_id,
        account_name=row.account_name,
        shop_domain=row.shop_domain,
        connected_by=row.connected_by,
        connected_at=timestamp(row.connected_at),
        refresh_expires_at=timestamp(row.refresh_expires_at),
        scopes=row.scopes,
        last_write_at=timestamp(row.last_write_at),
        # Once a company was connected, the binding to it is for good.
        locked=row.provider == QUICKBOOKS and bool(row.account_id),
        version=row.version,
        last_probe_at=timestamp(row.last_probe_at),
        store_zone=row.store_zone,
        hard_expires_at=timestamp(row.hard_expires_at),
    )


def _entry(each: _Entry) -> pb.HistoryEntry:
    return pb.HistoryEntry(
        provider=NUMBERS[each.provider],
        at=timestamp(each.at),
        actor=each.actor,
        sentence=each.sentence,
        status=connection_pb2.ConnectionStatus.ValueType(each.status),
        paused=each.paused,
    )
