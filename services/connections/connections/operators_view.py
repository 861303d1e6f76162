"""What operators are shown of the connections: how many stand how, and which notices have not been delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledgerport.events.v1 import connection_pb2
from ledgerport_libs import metrics
from ledgerport_libs.database import Transaction
from ledgerport_libs.looking import Behind, Figure, waiting

_PREFIX = "CONNECTION_STATUS_"


@dataclass(frozen=True, slots=True)
class _Connections:
    provider: str
    status: int
    paused: bool
    count: int


async def look(tx: Transaction) -> Sequence[Figure]:
    """The look of connections."""
    found = [
        Figure(
            metrics.CONNECTIONS,
            each.count,
            {
                "provider": each.provider,
                "status": connection_pb2.ConnectionStatus.Name(connection_pb2.ConnectionStatus.ValueType(each.status))
                .removeprefix(_PREFIX)
                .lower(),
                "paused": "yes" if each.paused else "no",
            },
        )
        for each in await tx.all("connections_by_status", _Connections)
    ]
    row = await tx.one("notices_behind", Behind)
    return [*found, *(waiting("notices", row.waiting, row.oldest) if row else [])]
