"""Webhooks while PostgreSQL restarts under load: what was answered 200 is kept, all else is sent again."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import threading
import uuid
from collections import Counter
from collections.abc import Iterator

import aiohttp
import pytest

from ledgerport_local.home import temporary_home
from shopify_sync_testing.stage import Shop, running, until

SENDERS, EACH = 24, 80
MOST_TRIES = 400


@pytest.fixture
def shop() -> Iterator[Shop]:
    with temporary_home() as home, running(home, durable=True) as platform:
        shop = Shop(platform)
        shop.rests()
        yield shop
        shop.close()


class Storm:
    """Many senders at once; each sends what was refused again, under the same id, until it is taken."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.answers: Counter[int] = Counter()
        self.taken: list[str] = []

    async def blow(self) -> None:
        async with aiohttp.ClientSession() as http:
            await asyncio.gather(*(self._sender(http, number) for number in range(SENDERS)))

    async def _sender(self, http: aiohttp.ClientSession, number: int) -> None:
        for index in range(EACH):
            body = json.dumps({"id": 900_000_000 + number * EACH + index}).encode()
            await self._until_taken(http, body, str(uuid.uuid4()))

    async def _until_taken(self, http: aiohttp.ClientSession, body: bytes, webhook_id: str) -> None:
        headers = {
            "X-Shopify-Hmac-Sha256": self._shop.signature(body),
            "X-Shopify-Topic": "orders/updated",
            "X-Shopify-Shop-Domain": self._shop.domain,
            "X-Shopify-Webhook-Id": webhook_id,
        }
        for _ in range(MOST_TRIES):
            async with http.post(self._shop.webhook_url, data=body, headers=headers) as answer:
                self.answers[answer.status] += 1
                if answer.status == 200:
                    self.taken.append(webhook_id)
                    return
        raise AssertionError(f"{webhook_id} was never taken")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["restarted", "killed"])
def test_nothing_is_lost_while_the_database_restarts(shop: Shop, how: signal.Signals) -> None:
    storm = Storm(shop)
    blowing = threading.Thread(target=lambda: asyncio.run(storm.blow()))
    blowing.start()
    until(lambda: len(storm.taken) > SENDERS * EACH // 5, "the storm is up")
    shop.platform.halt("postgres", how)
    shop.platform.start_again("postgres")
    shop.platform.wait_ready("postgres")
    blowing.join(120)
    assert not blowing.is_alive()
    assert set(storm.answers) <= {200, 503}
    assert kept(shop, storm.taken) == len(storm.taken) == SENDERS * EACH


def kept(shop: Shop, ids: list[str]) -> int:
    with shop.database() as connection:
        row = connection.execute("SELECT count(*) FROM webhook WHERE webhook_id = ANY(%s)", (ids,)).fetchone()
    return int(row[0]) if row else 0


def test_a_store_known_at_the_start_is_believed_without_the_database(shop: Shop) -> None:
    """Where it is asked for, an unknown store is 404; while nobody can be asked, a known one is never called so."""
    shop.platform.halt("shopify-sync")
    shop.platform.start_again("shopify-sync")
    shop.platform.wait_ready("shopify-sync")
    shop.platform.halt("postgres", signal.SIGINT)
    try:
        assert shop.deliver({"id": 1}).text == "not durable yet: the database is away\n"
    finally:
        shop.platform.start_again("postgres")
        shop.platform.wait_ready("postgres")
    until(lambda: shop.deliver({"id": 1}).status_code == 200, "it is taken again")


@pytest.fixture
def narrow_shop() -> Iterator[Shop]:
    """It keeps no more than three deliveries waiting, and one large body."""
    limits = {"WEBHOOK_QUEUE": "3", "WEBHOOK_MEMORY": str(6 * 1024 * 1024), "WEBHOOK_ANSWER_WITHIN": "3.5"}
    with temporary_home() as home, running(home, limits) as platform:
        shop = Shop(platform)
        yield shop
        shop.close()


def test_beyond_what_may_wait_it_says_so_at_once_and_holds_no_more(narrow_shop: Shop) -> None:
    shop = narrow_shop
    shop.rests()
    shop.platform.halt("postgres", signal.SIGINT)
    large = b'{"id": 5, "note": "' + b"x" * (4 * 1024 * 1024) + b'"}'
    try:
        told = asyncio.run(at_once(shop, [b'{"id": 5}'] * 6))
        assert (
            sorted(told)
            == ["not durable yet: the database is away\n"] * 3 + ["not durable yet: too many are waiting\n"] * 3
        )
        told = asyncio.run(at_once(shop, [large] * 2))
        assert "not durable yet: too much at once\n" in told
    finally:
        shop.platform.start_again("postgres")
        shop.platform.wait_ready("postgres")
    until(lambda: shop.deliver(large).status_code == 200, "a large one is taken again")


async def at_once(shop: Shop, bodies: list[bytes]) -> list[str]:
    async def send(http: aiohttp.ClientSession, body: bytes) -> str:
        headers = {
            "X-Shopify-Hmac-Sha256": shop.signature(body),
            "X-Shopify-Topic": "orders/updated",
            "X-Shopify-Shop-Domain": shop.domain,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
        }
        async with http.post(shop.webhook_url, data=io.BytesIO(body), headers=headers) as answer:
            return await answer.text()

    async with aiohttp.ClientSession() as http:
        return list(await asyncio.gather(*(send(http, body) for body in bodies)))
