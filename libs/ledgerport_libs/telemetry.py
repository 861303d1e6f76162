"""Logs, traces and metrics: names kept here once, secrets kept out."""

from __future__ import annotations

import logging
import re
import sys
from collections import OrderedDict
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import Counter, Gauge, Histogram

RPC_SECONDS = Histogram("ledgerport_rpc_seconds", "Time to answer a gRPC call", ["method", "code"])
STREAMS_ENDED = Counter("ledgerport_rpc_streams_ended_total", "Answers by stream that ended", ["method", "code"])
OUTBOX_WAITING = Gauge("ledgerport_outbox_waiting", "Events committed and not published yet")
EVENTS_PUBLISHED = Counter("ledgerport_events_published_total", "Events handed to JetStream", ["stream"])
EVENTS_HANDLED = Counter("ledgerport_events_handled_total", "Events handled", ["consumer", "outcome"])
PROVIDER_READS = Counter("ledgerport_provider_reads_total", "Reads that only ask whether we have access", ["provider"])
PROBES = Counter("ledgerport_probes_total", "Probes by what they found", ["provider", "outcome"])
NOTICES = Counter("ledgerport_notices_total", "Notices raised for people", ["kind"])
NOTICES_SENT = Counter("ledgerport_notices_sent_total", "Tries to deliver a notice", ["channel", "outcome"])
LOOP_FAILURES = Counter("ledgerport_loop_failures_total", "Background work that failed and is tried again", ["loop"])

# Stands for whatever provider is set up later.
_TRACER = trace.get_tracer("ledgerport")
_SECRET_KEYS = re.compile(r"token|secret|password|authorization|cookie|hmac|api_key|code$", re.IGNORECASE)
_SECRET_SHAPES = re.compile(
    r"(?:shpat_|shprt_|shpss_|RT1-|AB11|eyJ)[A-Za-z0-9._\-]{8,}|(?i:bearer|basic)\s+[A-Za-z0-9._\-+/=]{8,}"
)
_MASK = "•••"


class Redactor:
    """Masks secrets by value (every one it was shown), by shape, and by the name of their field."""

    def __init__(self, keep: int = 20_000) -> None:
        self._values: OrderedDict[str, None] = OrderedDict()
        self._keep = keep

    def remember(self, secret: str) -> None:
        """From now on this value appears in no log line, attempt or error."""
        if len(secret) >= 8:
            self._values[secret] = None
            self._values.move_to_end(secret)
            if len(self._values) > self._keep:
                self._values.popitem(last=False)

    def text(self, text: str) -> str:
        for value in self._values:
            if value in text:
                text = text.replace(value, _MASK)
        return _SECRET_SHAPES.sub(_MASK, text)

    def log_processor(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in event.items():
            if _SECRET_KEYS.search(key) and not isinstance(value, (int, bool)):
                event[key] = _MASK
            elif isinstance(value, str):
                event[key] = self.text(value)
            elif isinstance(value, (dict, list, tuple)):
                event[key] = self.text(str(value))
        return event


redactor = Redactor()


def _with_trace(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
    return event


def set_up(service: str, *, log_format: str, log_level: str, otlp_endpoint: str = "") -> None:
    """Called once, first thing in main."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
    trace.set_tracer_provider(provider)
    renderer: Any = structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_trace,
            structlog.processors.format_exc_info,
            redactor.log_processor,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(log_level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def logger(name: str) -> structlog.stdlib.BoundLogger:
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(component=name)
    return bound


def tracer() -> trace.Tracer:
    return _TRACER


def current_traceparent() -> str:
    """The W3C trace context of what is going on now, to ride in an event; empty outside of a trace."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent", "")


def link_to(traceparent: str) -> list[trace.Link]:
    """A link back to the trace that caused an event: a consumer may run hours later, so it is no parent."""
    context = trace.get_current_span(propagate.extract({"traceparent": traceparent})).get_span_context()
    return [trace.Link(context)] if context.is_valid else []
