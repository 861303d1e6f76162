"""A whole platform whose spans go to a receiver of the tests' own."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

sys.path.append(str(Path(__file__).resolve().parents[2]))
from ledgerport_local.demo import Stage, set_the_stage
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.wiring import SERVICES


@dataclass(frozen=True)
class Said:
    """A span and the service that it is of."""

    service: str
    span: trace_pb2.Span


class Receiver(trace_service_pb2_grpc.TraceServiceServicer):
    """An OTLP receiver that keeps what it is sent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[Said] = []

    def Export(
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: Any
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        with self._lock:
            for resource in request.resource_spans:
                names = {each.key: each.value.string_value for each in resource.resource.attributes}
                for scope in resource.scope_spans:
                    self._spans += [Said(names["service.name"], span) for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()

    def spans(self) -> list[Said]:
        with self._lock:
            return list(self._spans)


@pytest.fixture(scope="session")
def receiver() -> Iterator[tuple[Receiver, int]]:
    kept = Receiver()
    server = grpc.server(ThreadPoolExecutor(4))
    register: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server  # generated without types
    register(kept, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield kept, port
    server.stop(1).wait()


@pytest.fixture(scope="session")
def stage(receiver: tuple[Receiver, int]) -> Iterator[Stage]:
    """The demo owner signed in, both connections made; figures are looked at often."""
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver[1]}", "OTEL_BSP_SCHEDULE_DELAY": "200"}
    told = {name: {**traced, "LOOK_SECONDS": "0.3", "LOG_LEVEL": "debug"} for name in SERVICES}
    told["shopify-sandbox"] = {"SHOPIFY_SANDBOX_WEBHOOK_RETRY_BASE_SECONDS": "0.3"}
    with temporary_home() as home, LocalPlatform(home, overrides=told, durable=False) as platform:
        made = set_the_stage(platform)
        yield made
        made.visitor.browser.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object], str], None]:
    def wait(true: Callable[[], object], what: str, seconds: float = 60.0) -> None:
        ends = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < ends, f"waited in vain until {what}"
            time.sleep(0.2)

    return wait
