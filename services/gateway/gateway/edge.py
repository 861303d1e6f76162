"""The outermost layer: a reference number, one log line and safe headers for every answer; plain error pages."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping

from opentelemetry import trace
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.pages import Pages
from gateway.settings import Settings
from gateway.uploads import TooLarge, WrongKind
from ledgerport_libs import metrics, telemetry
from ledgerport_libs.errors import AppError

log = telemetry.logger("edge")
_OPERATORS = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "HEAD", "POST"})

_STATUS_OF_CODE: Mapping[str, int] = {
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "FAILED_PRECONDITION": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 503,
}
_TITLES: Mapping[int, str] = {
    400: "This cannot be understood",
    401: "Please sign in",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Not possible now",
    413: "Too large",
    415: "Wrong kind of content",
    429: "Too many tries",
    503: "One moment, please",
}
_SENTENCES: Mapping[int, str] = {
    404: "There is no page at this address, or it belongs to another business.",
    405: "This address cannot be used in this way.",
}


def status_of(error: AppError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, TooLarge):
        return 413
    if isinstance(error, WrongKind):
        return 415
    return _STATUS_OF_CODE.get(error.code.name, 500)


def reference() -> str:
    """The number that a person can quote: the trace of this request, as it stands in every log line of it."""
    return f"{trace.get_current_span().get_span_context().trace_id:032x}"


class Errors:
    """Each failure as a page with a plain sentence, or as JSON below /api."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def explained(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, AppError):
            return await self.unexplained(request)
        status = status_of(error)
        log.info("request_refused", path=request.url.path, reason=error.reason, detail=str(error)[:200])
        response = self._answer(request, status, error.reason, error.say)
        if status == 429:
            response.headers["retry-after"] = "60"
        return response

    async def of_http(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        response = self._answer(request, status, f"HTTP_{status}", _SENTENCES.get(status, AppError.say))
        if isinstance(error, HTTPException):
            response.headers.update(error.headers or {})
        return response

    async def unexplained(self, request: Request) -> Response:
        return self._answer(request, 500, "INTERNAL", AppError.say)

    def _answer(self, request: Request, status: int, reason: str, sentence: str) -> Response:
        if request.url.path.startswith("/api/"):
            problem = {"reason": reason, "sentence": sentence, "reference": reference()}
            return JSONResponse({"error": problem}, status)
        return self._pages.show_error(request, status, _TITLES.get(status, "Something failed"), sentence, reference())


class Edge:
    """ASGI middleware around everything; errors that nobody explained end here."""

    def __init__(self, app: ASGIApp, settings: Settings, errors: Errors) -> None:
        self._app, self._settings, self._errors = app, settings, errors
        self._headers = _safe_headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _OPERATORS:
            await self._app(scope, receive, send)
            return
        with telemetry.tracer().start_as_current_span(f"gateway {scope['method']}", kind=trace.SpanKind.SERVER):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status = time.perf_counter(), 0

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(scope["path"], MutableHeaders(scope=message))
            await send(message)

        try:
            app = self._elsewhere(scope) or self._app
            await app(scope, receive, send_safely)
        except ClientDisconnect:
            status = status or 499
        except Exception:
            log.error("request_failed", path=scope["path"], exc_info=True)
            if not status:
                failed = await self._errors.unexplained(Request(scope))
                await failed(scope, receive, send_safely)
        finally:
            took = time.perf_counter() - started
            method = scope["method"] if scope["method"] in _METHODS else "other"
            metrics.PAGE_SECONDS.labels(method, str(status)).observe(took)
            if not scope["path"].startswith("/static/"):
                # The query string stays out: callbacks carry codes in it.
                log.info("request", method=scope["method"], path=scope["path"], status=status, ms=round(took * 1000))

    def _elsewhere(self, scope: Scope) -> Response | None:
        """This machine has several names; cookies and form tokens belong to the one in PUBLIC_URL."""
        host = Headers(scope=scope).get("host", "").rsplit(":", 1)[0].strip("[]")
        public = self._settings.public_url.host or ""
        if scope["method"] != "GET" or host == public or not (_loopback(host) and _loopback(public)):
            return None
        query = scope["query_string"].decode("latin-1")
        path = scope["path"] if scope["path"].startswith("/") and not scope["path"].startswith("//") else "/"
        return RedirectResponse(f"{self._settings.origin}{path}{'?' + query if query else ''}", 307)

    def _add_headers(self, path: str, headers: MutableHeaders) -> None:
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if not path.startswith("/static/"):
            headers["cache-control"] = "no-store"
        headers["x-request-id"] = reference()


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _safe_headers(settings: Settings) -> dict[str, str]:
    policy = (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        # A browser holds the redirect to a consent page against this list, too.
        f"form-action 'self' {' '.join(settings.form_targets)}",
    )
    headers = {
        "content-security-policy": "; ".join(policy),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
    }
    if settings.https:
        headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    return headers
