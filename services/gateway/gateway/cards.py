"""The two connections of a visitor's Business, as both the Connections page and the way back from consent need them."""

from __future__ import annotations

from gateway import views
from gateway.neighbours import Neighbours, ask
from gateway.sessions import Visitor
from gateway.views import View
from ledgerport.connections.v1 import connections_pb2


async def list_connections(neighbours: Neighbours, visitor: Visitor) -> dict[str, View]:
    """Both connections by provider."""
    request = connections_pb2.ListConnectionsRequest()
    return views.connections(await ask(neighbours.connections.ListConnections(request, metadata=visitor.proof)))
