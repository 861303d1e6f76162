"""Logs and traces, with secrets kept out of both."""

from __future__ import annotations

import logging
import re
import sys
from collections import OrderedDict
from collections.abc import Iterable, MutableMapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import structlog
from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import Attributes, AttributeValue

# Stands for whatever provider is set up later.
_TRACER = trace.get_tracer("ledgerport")
_SECRET_KEYS = re.compile(r"token|secret|password|authorization|cookie|hmac|api_key|code$", re.IGNORECASE)
_SECRET_SHAPES = re.compile(
    r"(?:shpat_|shprt_|shpss_|RT1-|AB11|eyJ)[A-Za-z0-9._\-]{8,}|(?i:bearer|basic)\s+[A-Za-z0-9._\-+/=]{8,}"
)
_MASK = "•••"
_SHORTEST = 8
# So many secrets are looked for one after the other; for more, the text is read once.
_FEW = 500
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
# A span keeps no more.
_MOST_LINKS = 128


class Redactor:
    """Masks secrets by value (every one it was shown), by shape, and by the name of their field."""

    def __init__(self, keep: int = 20_000) -> None:
        self._values: OrderedDict[str, None] = OrderedDict()
        self._keep = keep
        # By their beginnings, so that a text is read once however many secrets there are.
        self._beginnings: dict[str, dict[str, None]] = {}

    def remember(self, secret: str) -> None:
        """From now on this value appears in no log line, attempt or error."""
        if len(secret) >= _SHORTEST:
            self._values[secret] = None
            self._values.move_to_end(secret)
            self._beginnings.setdefault(secret[:_SHORTEST], {})[secret] = None
            if len(self._values) > self._keep:
                self._forget(self._values.popitem(last=False)[0])

    def text(self, text: str) -> str:
        for value in self._values if len(self._values) < _FEW else self._in(text):
            if value in text:
                text = text.replace(value, _MASK)
        return _SECRET_SHAPES.sub(_MASK, text)

    def _in(self, text: str) -> list[str]:
        """The secrets that may stand in the text."""
        beginnings = {text[at : at + _SHORTEST] for at in range(len(text) - _SHORTEST + 1)}
        return [value for each in beginnings & self._beginnings.keys() for value in self._beginnings[each]]

    def _forget(self, secret: str) -> None:
        of_its_kind = self._beginnings[secret[:_SHORTEST]]
        del of_its_kind[secret]
        if not of_its_kind:
            del self._beginnings[secret[:_SHORTEST]]

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


class Masking(SpanExporter):
    """Hands spans on with every secret masked: what an exception said, or an attribute, may carry one."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_masked(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _masked(span: ReadableSpan) -> ReadableSpan:
    events = [Event(each.name, _masked_values(each.attributes), each.timestamp) for each in span.events]
    told = span.status.description
    return ReadableSpan(
        name=redactor.text(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_masked_values(span.attributes),
        events=events,
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, redactor.text(told) if told else None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _masked_values(values: Attributes) -> dict[str, AttributeValue]:
    return {name: redactor.text(value) if isinstance(value, str) else value for name, value in (values or {}).items()}


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

        provider.add_span_processor(BatchSpanProcessor(Masking(OTLPSpanExporter(endpoint=otlp_endpoint))))
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


def of_business(business_id: str, **more: str) -> AbstractContextManager[object]:
    """Inside, every log line names this Business, and whatever else is given."""
    return structlog.contextvars.bound_contextvars(business=business_id, **more)


def tracer() -> trace.Tracer:
    return _TRACER


def current_traceparent() -> str:
    """The W3C trace context of what is going on now, to ride in an event; empty outside of a trace."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent", "")


def links_to(traceparents: Iterable[str]) -> list[trace.Link]:
    """Links back to the traces that caused events: a consumer may run hours later, so none of them is a parent."""
    found = []
    for told in dict.fromkeys(traceparents):
        context = _context(told)
        if context is not None:
            found.append(trace.Link(context))
            if len(found) == _MOST_LINKS:
                break
    return found


def link_to(traceparent: str) -> list[trace.Link]:
    """The link to one cause; none where it is unknown."""
    return links_to((traceparent,))


def _context(traceparent: str) -> trace.SpanContext | None:
    """Read by hand: the library's way takes fifty times as long, and every event comes through here."""
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None:
        return None
    context = trace.SpanContext(int(match[1], 16), int(match[2], 16), True, trace.TraceFlags(int(match[3], 16)))
    return context if context.is_valid else None
