"""Sends webhooks: signed, bounded, repeated with growing gaps, surviving a restart; faults on demand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import time
import uuid
from collections import Counter, OrderedDict
from collections.abc import Mapping
from contextlib import suppress

import aiohttp
import msgspec

from shopify_sandbox.clock import Clock
from shopify_sandbox.journal import Journal
from shopify_sandbox.settings import Client, Settings
from shopify_sandbox.signing import sign_body
from shopify_sandbox.subscriptions import REALM, Subscription, Subscriptions

API_VERSION = "2026-10"
REMEMBERED = 5000


class Delivery(msgspec.Struct, kw_only=True):
    """One webhook on its way to one address; the id stays the same on every try."""

    webhook_id: str
    subscription_id: int
    uri: str
    client_id: str
    shop: str
    topic: str
    event_id: str
    triggered_at: str
    name: str | None
    body: bytes
    tries: int = 0
    state: str = "pending"
    last_answer: str | None = None


class Faults(msgspec.Struct, kw_only=True):
    """What goes wrong on purpose; rates between 0 and 1."""

    duplicate_rate: float = 0.0
    drop_rate: float = 0.0
    delay_seconds: float = 0.0
    reorder: bool = False
    """Hold pairs back so that later ones overtake earlier ones."""


class Dispatcher:
    """Takes deliveries, sends them when due and keeps the last thousands for a look and for replay."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        journal: Journal,
        subscriptions: Subscriptions,
        clients: Mapping[str, Client],
    ) -> None:
        self._settings, self._clock, self._journal = settings, clock, journal
        self._subscriptions, self._clients = subscriptions, clients
        self._chance = random.Random(settings.webhook_seed)  # noqa: S311
        self.faults = Faults(
            duplicate_rate=settings.webhook_duplicate_rate, delay_seconds=settings.webhook_delay_seconds
        )
        self.counters: Counter[str] = Counter()
        self.log: OrderedDict[str, Delivery] = OrderedDict()
        self._due: list[tuple[float, int, Delivery]] = []
        self._order = itertools.count()
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(settings.webhook_concurrency)
        for body in journal.read(REALM, "delivery"):
            self._plan(msgspec.json.decode(body, type=Delivery), 0.0)

    @property
    def waiting(self) -> int:
        """Deliveries not yet answered with a 2xx nor given up."""
        return len(self._due) + len(self._running)

    def announce(self, shop: str, topic: str, body: bytes, event_id: str) -> list[Delivery]:
        """Queue one delivery for each subscription to the topic; durable with the journal's next commit."""
        return [self.queue(s, body, event_id) for s in self._subscriptions.hearing(shop, topic)]

    def queue(self, subscription: Subscription, body: bytes, event_id: str) -> Delivery:
        """Queue a delivery to one subscription under the present faults."""
        if subscription.include_fields:
            fields = msgspec.json.decode(body)
            body = msgspec.json.encode({k: v for k, v in fields.items() if k in subscription.include_fields})
        delivery = Delivery(
            webhook_id=str(uuid.uuid4()),
            subscription_id=subscription.id,
            uri=subscription.uri,
            client_id=subscription.client_id,
            shop=subscription.shop,
            topic=subscription.topic,
            event_id=event_id,
            triggered_at=self._clock.precise().isoformat().replace("+00:00", "Z"),
            name=subscription.name,
            body=body,
        )
        self.counters["queued"] += 1
        if self._chance.random() < self.faults.drop_rate:
            delivery.state = "dropped"
            self.counters["dropped"] += 1
            self._remember(delivery)
            return delivery
        self._journal.put(REALM, "delivery", delivery.webhook_id, msgspec.json.encode(delivery))
        wait = self._chance.random() * self.faults.delay_seconds
        if self.faults.reorder and self._chance.random() < 0.5:
            wait += 0.25 + self._chance.random() / 4
        self._plan(delivery, wait)
        if self._chance.random() < self.faults.duplicate_rate:
            self.counters["duplicated"] += 1
            self._plan(msgspec.structs.replace(delivery), wait + self._chance.random() / 4)
        return delivery

    def replay(self, webhook_id: str) -> bool:
        """Send a remembered webhook once more, under its own id; False when it is not remembered."""
        known = self.log.get(webhook_id)
        if known is None:
            return False
        self._plan(msgspec.structs.replace(known, tries=0, state="pending"), 0.0)
        return True

    async def run(self) -> None:
        """Send until cancelled; what is pending then is sent after the next start."""
        timeout = aiohttp.ClientTimeout(
            total=self._settings.webhook_timeout_seconds, sock_connect=min(1.0, self._settings.webhook_timeout_seconds)
        )
        async with aiohttp.ClientSession(timeout=timeout) as http:
            try:
                while True:
                    await self._slots.acquire()
                    delivery = await self._next()
                    task = asyncio.create_task(self._attempt(http, delivery))
                    self._running.add(task)
                    task.add_done_callback(self._done)
            finally:
                for task in list(self._running):
                    task.cancel()
                await asyncio.gather(*self._running, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._slots.release()

    async def _next(self) -> Delivery:
        while True:
            wait = self._due[0][0] - time.monotonic() if self._due else None
            if wait is not None and wait <= 0:
                return heapq.heappop(self._due)[2]
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    def _plan(self, delivery: Delivery, wait: float) -> None:
        heapq.heappush(self._due, (time.monotonic() + wait, next(self._order), delivery))
        self._remember(delivery)
        self._wake.set()

    def _remember(self, delivery: Delivery) -> None:
        self.log[delivery.webhook_id] = delivery
        while len(self.log) > REMEMBERED:
            self.log.popitem(last=False)

    async def _attempt(self, http: aiohttp.ClientSession, delivery: Delivery) -> None:
        delivery.tries += 1
        self.counters["tries"] += 1
        secret = self._clients[delivery.client_id].client_secret if delivery.client_id in self._clients else ""
        try:
            good = await self.send(http, delivery, secret)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as cause:
            good, delivery.last_answer = False, f"{type(cause).__name__}: {cause}"[:200]
        if good:
            self._finish(delivery, "delivered")
        elif delivery.tries > self._settings.webhook_retries:
            self._give_up(delivery)
        else:
            self.counters["failed_tries"] += 1
            self._journal.put(REALM, "delivery", delivery.webhook_id, msgspec.json.encode(delivery))
            self._journal.commit()
            self._plan(delivery, self._settings.webhook_retry_base_seconds * 2 ** (delivery.tries - 1))

    async def send(self, http: aiohttp.ClientSession, delivery: Delivery, secret: str) -> bool:
        """One POST with Shopify's headers; True for a 2xx within the time allowed."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": delivery.topic,
            "X-Shopify-Hmac-Sha256": sign_body(delivery.body, secret),
            "X-Shopify-Shop-Domain": delivery.shop,
            "X-Shopify-API-Version": API_VERSION,
            "X-Shopify-Webhook-Id": delivery.webhook_id,
            "X-Shopify-Event-Id": delivery.event_id,
            "X-Shopify-Triggered-At": delivery.triggered_at,
        }
        if delivery.name:
            headers["X-Shopify-Name"] = delivery.name
        async with http.post(delivery.uri, data=delivery.body, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            delivery.last_answer = f"HTTP {answer.status}"
            return 200 <= answer.status < 300

    def _finish(self, delivery: Delivery, state: str) -> None:
        delivery.state = state
        self.counters[state] += 1
        self._journal.drop(REALM, "delivery", delivery.webhook_id)
        self._journal.commit()

    def _give_up(self, delivery: Delivery) -> None:
        self._finish(delivery, "given_up")
        if self._subscriptions.remove(delivery.subscription_id):
            self.counters["subscriptions_removed"] += 1
