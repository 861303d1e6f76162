"""Where Shopify's webhooks arrive: proved, durable, then answered."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from opentelemetry.trace import SpanKind
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ledgerport_libs import metrics, telemetry
from shopify_sync.hints import PRIVACY, NoHint, hints_of
from shopify_sync.inbox import Delivery, Inbox
from shopify_sync.known_stores import KnownStores
from shopify_sync.settings import Settings
from shopify_sync.signature import verified

log = telemetry.logger("webhooks")
_LONGEST_HEADER = 256


class TooLarge(Exception):
    """A body longer than we take."""


class NoRoom(Exception):
    """The bodies that are held at this moment fill what may be held."""


class WebhookEdge:
    """POST /webhooks/shopify. 401: not signed by Shopify. 400: broken. 404: no such store here. 413: too large.

    503: not durable yet, so Shopify sends it again. 200: kept, or kept before.
    """

    def __init__(self, inbox: Inbox, stores: KnownStores, settings: Settings) -> None:
        self._inbox, self._stores, self._settings = inbox, stores, settings
        secrets = (settings.shopify_client_secret, *settings.shopify_former_secrets)
        self._secrets = [secret.get_secret_value().encode() for secret in secrets]
        self._held = 0

    def route(self) -> Route:
        return Route("/webhooks/shopify", self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        topic = request.headers.get("x-shopify-topic", "")[:_LONGEST_HEADER]
        shop = request.headers.get("x-shopify-shop-domain", "")[:_LONGEST_HEADER].lower()
        started = time.perf_counter()
        with telemetry.tracer().start_as_current_span(
            "webhook", kind=SpanKind.SERVER, attributes={"topic": topic, "shop": shop}
        ):
            answer = await self._received(request, topic, shop)
        metrics.WEBHOOKS.labels(str(answer.status_code)).inc()
        if answer.status_code == 200:
            metrics.WEBHOOK_SECONDS.observe(time.perf_counter() - started)
        return answer

    async def _received(self, request: Request, topic: str, shop: str) -> Response:
        try:
            async with self._body(request) as body:
                if not verified(body, request.headers.get("x-shopify-hmac-sha256"), self._secrets):
                    return _refuse(401, "not signed by Shopify", topic, shop)
                return await self._keep(request, topic, shop, body)
        except TooLarge:
            return _refuse(413, "too large", topic, shop)
        except NoRoom:
            return _refuse(503, "not durable yet: too much at once", topic, shop)

    async def _keep(self, request: Request, topic: str, shop: str, body: bytes) -> Response:
        webhook_id = request.headers.get("x-shopify-webhook-id", "")
        if not webhook_id or len(webhook_id) > _LONGEST_HEADER:
            return _refuse(400, "no webhook id", topic, shop)
        try:
            hints = hints_of(topic, shop, body)
        except NoHint as error:
            return _refuse(400, str(error), topic, shop)
        delivery = Delivery(
            shop,
            webhook_id,
            topic,
            _moment(request.headers.get("x-shopify-triggered-at", "")),
            hints,
            body if topic in PRIVACY else None,
            telemetry.current_traceparent(),
        )
        try:
            if topic not in PRIVACY and not await self._stores.knows(shop):
                return _refuse(404, "no business has connected this store", topic, shop)
            await self._inbox.keep(delivery)
        except Exception as error:
            return _refuse(503, f"not durable yet: {str(error) or type(error).__name__}", topic, shop)
        return Response(status_code=200)

    @asynccontextmanager
    async def _body(self, request: Request) -> AsyncIterator[bytes]:
        """The raw bytes. TooLarge as soon as there are more than we take; NoRoom where others fill what may be held."""
        longest = self._settings.webhook_longest_body
        declared = request.headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > longest:
            raise TooLarge
        size = 0

        def grown(by: int) -> None:
            nonlocal size
            size += by
            self._held += by
            if size > longest:
                raise TooLarge
            if self._held > self._settings.webhook_memory:
                raise NoRoom

        try:
            yield await _read(request, grown)
        finally:
            self._held -= size


async def _read(request: Request, grown: Callable[[int], None]) -> bytes:
    chunks = []
    try:
        async for chunk in request.stream():
            grown(len(chunk))
            chunks.append(chunk)
    except ClientDisconnect:
        return b""
    return b"".join(chunks)


def _refuse(status: int, why: str, topic: str, shop: str) -> Response:
    log.warning("webhook_refused", status=status, why=why, topic=topic, shop=shop)
    return PlainTextResponse(f"{why}\n", status)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
