"""Sends webhooks as Shopify does: signed, each under an id of its own, and again where the answer was no 200."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
import uuid
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field

import aiohttp

from ledgerport_local.local_platform import LocalPlatform

# About as long as the body of an order is.
_FILLING = "x" * 5800
_AT_ONCE = 64
_PATIENCE = 5.0
_MOST_TRIES = 100


@dataclass(frozen=True, slots=True)
class Webhook:
    """One delivery, ready to be sent."""

    webhook_id: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What one try came to: status 0 where no answer came; seconds until it came."""

    webhook_id: str
    status: int
    seconds: float
    # Seconds since the sender was made.
    at: float


@dataclass
class Sender:
    """Sends to one address; `answers` holds every try."""

    url: str
    secret: bytes
    again_after: float = 1.0
    answers: list[Answer] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def to(cls, platform: LocalPlatform, *, again_after: float = 1.0) -> Sender:
        """To shopify-sync, signed with the app's own secret."""
        secret = platform.environment("shopify-sync")["SHOPIFY_CLIENT_SECRET"].encode()
        return cls(f"{platform.urls['shopify-sync']}/webhooks/shopify", secret, again_after)

    def webhook(self, shop: str, topic: str, order_id: str) -> Webhook:
        """A delivery about an order; of its body only the id says anything."""
        number = int(order_id.rpartition("/")[2])
        content = {"id": number, "admin_graphql_api_id": order_id, "note": _FILLING}
        body = json.dumps(content).encode()
        webhook_id = str(uuid.uuid4())
        signature = b64encode(hmac.digest(self.secret, body, "sha256")).decode()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Shop-Domain": shop,
            "X-Shopify-Webhook-Id": webhook_id,
        }
        return Webhook(webhook_id, headers, body)

    async def send_all(self, webhooks: Iterable[Webhook], *, per_second: float = 0.0) -> None:
        """Returns when each was answered with 200. At most 64 are under way, unless they are sent by the clock."""
        timeout = aiohttp.ClientTimeout(total=_PATIENCE)
        connections = aiohttp.TCPConnector(limit=0 if per_second else _AT_ONCE)
        async with aiohttp.ClientSession(timeout=timeout, connector=connections) as session:
            if per_second:
                await self._by_the_clock(session, webhooks, per_second)
                return
            waiting = iter(webhooks)
            await asyncio.gather(*(self._one_after_the_other(session, waiting) for _ in range(_AT_ONCE)))

    async def _one_after_the_other(self, session: aiohttp.ClientSession, webhooks: Iterable[Webhook]) -> None:
        for webhook in webhooks:
            await self._until_taken(session, webhook)

    async def _by_the_clock(
        self, session: aiohttp.ClientSession, webhooks: Iterable[Webhook], per_second: float
    ) -> None:
        """Sent when its time has come, whether or not those before it were answered."""
        clock, sending = asyncio.get_running_loop().time, []
        began = clock()
        for place, webhook in enumerate(webhooks):
            await asyncio.sleep(max(0.0, began + place / per_second - clock()))
            sending.append(asyncio.create_task(self._until_taken(session, webhook)))
        await asyncio.gather(*sending)

    async def _until_taken(self, session: aiohttp.ClientSession, webhook: Webhook) -> None:
        for _ in range(_MOST_TRIES):
            if await self._try(session, webhook) == 200:
                return
            await asyncio.sleep(self.again_after)
        raise TimeoutError(f"webhook {webhook.webhook_id} was refused {_MOST_TRIES} times")

    async def _try(self, session: aiohttp.ClientSession, webhook: Webhook) -> int:
        started = time.monotonic()
        try:
            async with session.post(self.url, data=webhook.body, headers=webhook.headers) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        ended = time.monotonic()
        self.answers.append(Answer(webhook.webhook_id, status, ended - started, started - self.began))
        return status
