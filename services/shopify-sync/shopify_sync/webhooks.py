"""Where Shopify's webhooks arrive: proved, durable, then answered; many in one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ledgerport_libs import telemetry
from ledgerport_libs.database import Database, Transaction
from shopify_sync.hints import PRIVACY, Hint, NoHint, hint_of
from shopify_sync.settings import Settings
from shopify_sync.signature import verified

log = telemetry.logger("webhooks")
_MOST_IN_ONE_COMMIT = 200
_LONGEST_HEADER = 256


@dataclass(frozen=True, slots=True)
class Delivery:
    """A proved delivery: what is kept of it."""

    shop_domain: str
    webhook_id: str
    topic: str
    triggered_at: datetime | None
    hint: Hint | None
    private_body: bytes | None
    traceparent: str


@dataclass(frozen=True, slots=True)
class _Seen:
    shop_domain: str
    webhook_id: str


@dataclass(frozen=True, slots=True)
class _Known:
    shop_domain: str


class Inbox:
    """Makes deliveries durable, as many in one commit as have come in the meantime."""

    def __init__(self, db: Database, longest_queue: int, on_new: Callable[[], None]) -> None:
        self._db, self._on_new = db, on_new
        self._queue: asyncio.Queue[tuple[Delivery, asyncio.Future[None]]] = asyncio.Queue(longest_queue)

    async def keep(self, delivery: Delivery, timeout: float) -> None:
        """Returns when it is committed. TimeoutError or QueueFull: it is not; Shopify tries again."""
        kept = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((delivery, kept))
        async with asyncio.timeout(timeout):
            await kept

    async def run(self) -> None:
        """Until cancelled. Raises on trouble; the caller runs it again."""
        while True:
            waiting = [await self._queue.get()]
            while len(waiting) < _MOST_IN_ONE_COMMIT and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            waiting = [each for each in waiting if not each[1].done()]  # nobody waits for these any more
            try:
                await self._commit([delivery for delivery, _ in waiting])
            except Exception as error:
                for _, kept in waiting:
                    if not kept.done():
                        kept.set_exception(error)
                raise
            for _, kept in waiting:
                if not kept.done():
                    kept.set_result(None)
            self._on_new()

    async def _commit(self, deliveries: Sequence[Delivery]) -> None:
        async with self._db.transaction() as tx:
            seen = await tx.all(
                "webhooks_add",
                _Seen,
                shops=[each.shop_domain for each in deliveries],
                ids=[each.webhook_id for each in deliveries],
                topics=[each.topic for each in deliveries],
                times=[each.triggered_at for each in deliveries],
            )
            new = {(each.shop_domain, each.webhook_id) for each in seen}
            await tx.run("stores_heard", shops=sorted({each.shop_domain for each in deliveries}))
            fresh = [each for each in deliveries if (each.shop_domain, each.webhook_id) in new]
            await _keep_hints(tx, fresh)
            for each in fresh:
                if each.private_body is not None:
                    await tx.run(
                        "privacy_add",
                        shop_domain=each.shop_domain,
                        webhook_id=each.webhook_id,
                        topic=each.topic,
                        body=each.private_body,
                    )


async def _keep_hints(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    """In one order for every replica, so that two commits never wait for each other in a circle."""
    now = datetime.now(UTC)
    rows: list[dict[str, object]] = [
        {
            "shop_domain": each.shop_domain,
            "kind": each.hint.kind,
            "source_id": each.hint.source_id,
            "gone": each.hint.gone,
            "hinted_at": each.triggered_at or now,
            "traceparent": each.traceparent,
        }
        for each in deliveries
        if each.hint is not None
    ]
    rows.sort(key=lambda row: (str(row["shop_domain"]), str(row["kind"]), str(row["source_id"])))
    await tx.many("hint_add", rows)


class WebhookEdge:
    """POST /webhooks/shopify. 401: not signed by Shopify. 400: broken. 404: no such store here. 413: too large.

    503: not durable yet, so Shopify sends it again. 200: kept, or kept before.
    """

    def __init__(self, db: Database, inbox: Inbox, settings: Settings) -> None:
        self._db, self._inbox, self._settings = db, inbox, settings
        secrets = (settings.shopify_client_secret, *settings.shopify_former_secrets)
        self._secrets = [secret.get_secret_value().encode() for secret in secrets]
        self._known: set[str] = set()

    def route(self) -> Route:
        return Route("/webhooks/shopify", self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        topic = request.headers.get("x-shopify-topic", "")[:_LONGEST_HEADER]
        shop = request.headers.get("x-shopify-shop-domain", "")[:_LONGEST_HEADER].lower()
        with telemetry.tracer().start_as_current_span("webhook", attributes={"topic": topic, "shop": shop}):
            body = await self._body(request)
            if body is None:
                return _refuse(413, "too large", topic, shop)
            if not verified(body, request.headers.get("x-shopify-hmac-sha256"), self._secrets):
                return _refuse(401, "not signed by Shopify", topic, shop)
            return await self._keep(request, topic, shop, body)

    async def _keep(self, request: Request, topic: str, shop: str, body: bytes) -> Response:
        webhook_id = request.headers.get("x-shopify-webhook-id", "")
        if not webhook_id or len(webhook_id) > _LONGEST_HEADER:
            return _refuse(400, "no webhook id", topic, shop)
        try:
            hint = hint_of(topic, shop, body)
        except NoHint as error:
            return _refuse(400, str(error), topic, shop)
        delivery = Delivery(
            shop,
            webhook_id,
            topic,
            _moment(request.headers.get("x-shopify-triggered-at", "")),
            hint,
            body if topic in PRIVACY else None,
            telemetry.current_traceparent(),
        )
        try:
            if topic not in PRIVACY and not await self._is_known(shop):
                return _refuse(404, "no business has connected this store", topic, shop)
            await self._inbox.keep(delivery, self._settings.webhook_commit_timeout)
        except Exception as error:
            return _refuse(503, f"not durable yet: {type(error).__name__}", topic, shop)
        return Response(status_code=200)

    async def _body(self, request: Request) -> bytes | None:
        """The raw bytes; None as soon as there are more than we take."""
        longest = self._settings.webhook_longest_body
        declared = request.headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > longest:
            return None
        chunks, size = [], 0
        try:
            async for chunk in request.stream():
                size += len(chunk)
                if size > longest:
                    return None
                chunks.append(chunk)
        except ClientDisconnect:
            return b""
        return b"".join(chunks)

    async def _is_known(self, shop: str) -> bool:
        """A store once known stays known: a disconnected one is still collected for."""
        if shop not in self._known:
            async with asyncio.timeout(self._settings.webhook_commit_timeout):
                if await self._db.one("store_known", _Known, shop_domain=shop) is None:
                    return False
            self._known.add(shop)
        return True


def _refuse(status: int, why: str, topic: str, shop: str) -> Response:
    log.warning("webhook_refused", status=status, why=why, topic=topic, shop=shop)
    return PlainTextResponse(f"{why}\n", status)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
