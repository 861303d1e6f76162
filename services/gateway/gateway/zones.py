"""The zone of a Business's store, in which its pages show times."""

from __future__ import annotations

import time
from collections import OrderedDict

from gateway.neighbours import Neighbours, ask_or_none
from gateway.sessions import Visitor
from ledgerport.connections.v1 import connections_pb2
from ledgerport_libs.errors import AppError

_KEPT, _KEPT_UNKNOWN, _MOST = 60.0, 5.0, 5000


class Zones:
    """Asked of connections and kept for a minute: a store seldom moves."""

    def __init__(self, neighbours: Neighbours) -> None:
        self._connections = neighbours.connections
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()

    async def of(self, visitor: Visitor) -> str:
        """An IANA name; empty where no store has told one yet, or connections does not answer."""
        zone, until = self._known.get(visitor.business_id, ("", 0.0))
        if time.monotonic() < until or not visitor.business_id:
            return zone
        request = connections_pb2.ListConnectionsRequest()
        try:
            found = await ask_or_none(self._connections.ListConnections(request, metadata=visitor.proof))
        except AppError:
            found = None
        zone = next((each.store_zone for each in found.connections if each.store_zone), "") if found else zone
        self._known[visitor.business_id] = (zone, time.monotonic() + (_KEPT if zone else _KEPT_UNKNOWN))
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return zone
