"""Blocking HTTP calls with time-outs, on threads of their own, so that a slow provider never stops the event loop."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from opentelemetry.trace import SpanKind

from ledgerport_libs import telemetry

T = TypeVar("T")
LARGEST_ANSWER = 1024 * 1024
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class AnswerTooLarge(requests.RequestException):
    """More than any answer of these services can be."""


@dataclass(frozen=True, slots=True)
class HttpCalls:
    """How long to wait, and where to wait."""

    threads: ThreadPoolExecutor
    connect_timeout: float
    timeout: float

    async def off_loop(self, work: Callable[[], T]) -> T:
        """What goes on now is what the work's spans belong to."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self.threads, lambda: context.run(work))

    def send(self, session: requests.Session, method: str, url: str, **arguments: object) -> requests.Response:
        """One request: no redirect is followed, no proxy is asked for this machine, and the answer is bounded."""
        if urlsplit(url).hostname in _LOOPBACK:
            session.trust_env = False
        options: dict[str, object] = {
            "timeout": (self.connect_timeout, self.timeout),
            "allow_redirects": False,
            "stream": True,
        }
        name = f"{method} {urlsplit(url).hostname}"  # no path: some carry codes
        with telemetry.tracer().start_as_current_span(name, kind=SpanKind.CLIENT, record_exception=False) as span:
            response = requests.Session.request(session, method, url, **{**arguments, **options})  # type: ignore[arg-type]
            span.set_attribute("http.response.status_code", response.status_code)
            with response:
                content = self._read(response)
        kept = requests.Response()
        kept.status_code, kept.headers, kept.url = response.status_code, response.headers, response.url
        kept._content = content
        return kept

    def _read(self, response: requests.Response) -> bytes:
        ends, parts, size = time.monotonic() + self.timeout, [], 0
        for part in response.iter_content(65536):
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER:
                raise AnswerTooLarge(f"more than {LARGEST_ANSWER} bytes")
            if time.monotonic() > ends:
                raise requests.Timeout("the answer trickles")
        return b"".join(parts)


def trace_id_of(response: requests.Response) -> str:
    """Intuit's trace id under either of its names; Shopify's request id."""
    for name in ("intuit_tid", "intuit-tid", "x-request-id"):
        if found := response.headers.get(name):
            return str(found)[:100]
    return ""
