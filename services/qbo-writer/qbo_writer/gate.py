"""The gate: may this company be written to right now? A leased copy of what connections says; past the lease, no."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ledgerport.connections.v1 import connections_pb2, connections_pb2_grpc
from ledgerport_libs import telemetry

log = telemetry.logger("gate")


class Gate:
    """Asked right before each send. The lease runs from before the question was sent, so a pause cannot slip by."""

    def __init__(
        self, connections: connections_pb2_grpc.ConnectionsServiceAsyncStub, on_change: Callable[[], None]
    ) -> None:
        self._connections, self._on_change = connections, on_change
        self._closed: dict[str, str] = {}
        self._open: set[str] = set()
        self._version = 0
        self._good_until = 0.0

    def why_closed(self, business_id: str) -> str:
        """Empty when open; otherwise PAUSED, UNHEALTHY, DISCONNECTED, NOT_CONNECTED or UNKNOWN."""
        if time.monotonic() >= self._good_until:
            return "UNKNOWN"
        if business_id in self._open:
            return ""
        return self._closed.get(business_id, "NOT_CONNECTED")

    @property
    def open_companies(self) -> frozenset[str]:
        """The Businesses whose gate was open at the last question."""
        return frozenset(self._open)

    async def poll(self) -> None:
        """Ask once what has changed."""
        asked_at = time.monotonic()
        answer = await self._connections.ReadGates(
            connections_pb2.ReadGatesRequest(after_version=self._version), timeout=2
        )
        for gate in answer.gates:
            self._set(gate)
        self._version = answer.version
        self._good_until = asked_at + answer.lease_ms / 1000
        if answer.gates:
            self._on_change()

    def _set(self, gate: connections_pb2.Gate) -> None:
        if gate.open:
            self._open.add(gate.business_id)
            self._closed.pop(gate.business_id, None)
        else:
            self._open.discard(gate.business_id)
            self._closed[gate.business_id] = gate.reason
        log.info("gate_changed", business=gate.business_id, open=gate.open, reason=gate.reason)

    async def watch(self, every: float) -> None:
        """Until cancelled. Raises when connections does not answer; the copy then runs out by itself."""
        while True:
            await self.poll()
            await asyncio.sleep(every)
