"""Spans leave the process with every secret masked, whatever carried it there."""

from __future__ import annotations

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ledgerport_libs import telemetry
from ledgerport_libs.telemetry import Redactor

SECRET = "a refresh token that was shown 4711"


def exported(*, attribute: str, failure: str) -> ReadableSpan:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(telemetry.Masking(kept)))
    try:
        with provider.get_tracer("tests").start_as_current_span(f"call {attribute}") as span:
            span.set_attribute("told", attribute)
            span.set_attribute("count", 3)
            raise ValueError(failure)
    except ValueError:
        [done] = kept.get_finished_spans()
        return done


def test_a_secret_is_masked_in_names_attributes_exceptions_and_status() -> None:
    telemetry.redactor.remember(SECRET)
    span = exported(attribute=SECRET, failure=f"refused: {SECRET}")
    assert SECRET not in span.to_json()
    assert "•••" in span.name
    assert span.attributes is not None
    assert span.attributes["count"] == 3
    assert span.events[0].name == "exception"


def test_a_span_keeps_its_place_and_its_times() -> None:
    span = exported(attribute="nothing", failure="nothing")
    assert span.context.is_valid
    assert (span.end_time or 0) >= (span.start_time or 1)


def test_a_link_leads_to_what_is_named_and_to_nothing_else() -> None:
    good = f"00-{'a' * 32}-{'b' * 16}-01"
    links = telemetry.links_to([good, good, "", "nonsense", f"00-{'0' * 32}-{'b' * 16}-01"])
    assert [(f"{link.context.trace_id:x}", f"{link.context.span_id:x}") for link in links] == [("a" * 32, "b" * 16)]


def test_a_secret_among_thousands_is_found() -> None:
    redactor = Redactor()
    for number in range(2000):
        redactor.remember(f"secret number {number:06d}")
    assert redactor.text("x secret number 001234 y") == "x ••• y"
    assert redactor.text("x secret number 999999 y") == "x secret number 999999 y"
