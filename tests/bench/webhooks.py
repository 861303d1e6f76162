"""Webhooks: how many a second become durable beside a bare handler, and the answers while PostgreSQL restarts."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from tests.bench.figures import Figure, against, alone, quantile
from tests.bench.merchants import Merchant, door
from tests.bench.profiling import profiled
from tests.bench.shopify_sender import Answer, Sender, Webhook

from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from qbo_writer_testing.stage import free_port

_MANY = 6000
_PER_SECOND, _SECONDS = 200, 30
_GOAL_MS = 500.0
_OUT_OF_THE_WAY = {"shopify-sandbox": {"SHOPIFY_SANDBOX_BUCKET_SIZE": "20000", "SHOPIFY_SANDBOX_RESTORE_RATE": "1000"}}


def measure() -> Iterator[Figure]:
    """Every order of the webhooks is unknown to the store: fetching costs one query for many and finds nothing."""
    with temporary_home() as home, LocalPlatform(home, overrides=_OUT_OF_THE_WAY) as platform:
        merchant = Merchant(platform, 0)
        merchant.connect_store(0)
        door(platform, "shopify-sandbox", "webhooks/faults", drop_rate=1.0)
        yield from _durable(platform, merchant.shop)
        yield from _restart(platform, merchant.shop)


def _webhooks(sender: Sender, shop: str, count: int, first: int) -> list[Webhook]:
    numbers = itertools.count(first)
    return [sender.webhook(shop, "orders/updated", f"gid://shopify/Order/{next(numbers)}") for _ in range(count)]


# --- as many as possible ------------------------------------------------------------------------------


def _durable(platform: LocalPlatform, shop: str) -> Iterator[Figure]:
    with profiled(platform, "webhooks"):
        ours = _rate(Sender.to(platform), shop)
    with _bare_handler(platform) as bare:
        floor = _rate(bare, shop)
    yield against("webhooks_durable_per_second", ours, "webhooks/s", floor=floor)
    yield against("bare_handler_per_second", floor, "webhooks/s", floor=floor)


def _rate(sender: Sender, shop: str) -> float:
    webhooks = _webhooks(sender, shop, _MANY, 1)
    began = time.monotonic()
    asyncio.run(sender.send_all(webhooks))
    return _MANY / (time.monotonic() - began)


@contextmanager
def _bare_handler(platform: LocalPlatform) -> Iterator[Sender]:
    """A process that checks the signature, keeps nothing and says 200."""
    sender, port = Sender.to(platform), free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.webhooks", str(port), sender.secret.decode()])
    sender.url = f"http://127.0.0.1:{port}/"
    try:
        probe = sender.webhook("any", "orders/updated", "gid://shopify/Order/1")
        asyncio.run(sender.send_all([probe]))
        yield sender
    finally:
        process.kill()
        process.wait()


async def _serve(port: int, secret: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
            names = {name.lower(): value for name, value in fields.items()}
            body = await reader.readexactly(int(names["content-length"]))
            wanted = b64encode(hmac.digest(secret, body, "sha256")).decode()
            right = hmac.compare_digest(wanted, names["x-shopify-hmac-sha256"])
            said = b"HTTP/1.1 200 OK" if right else b"HTTP/1.1 401 Unauthorized"
            writer.write(said + b"\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


# --- while PostgreSQL restarts ------------------------------------------------------------------------


def _restart(platform: LocalPlatform, shop: str) -> Iterator[Figure]:
    sender = Sender.to(platform)
    webhooks = _webhooks(sender, shop, _PER_SECOND * _SECONDS, 1_000_000)
    restarted = threading.Timer(_SECONDS / 2, lambda: platform.kill("postgres", 2))
    restarted.start()
    sender.began = time.monotonic()
    asyncio.run(sender.send_all(webhooks, per_second=_PER_SECOND))
    restarted.join()
    platform.wait_ready("shopify-sync")
    answers = sender.answers
    milliseconds = sorted(answer.seconds * 1000 for answer in answers)
    yield alone("webhook_p99_ms_database_restart", quantile(milliseconds, 0.99), "ms", goal=_GOAL_MS)
    yield alone("webhook_p50_ms_database_restart", quantile(milliseconds, 0.5), "ms")
    yield alone("webhook_max_ms_database_restart", milliseconds[-1], "ms")
    calm = sorted(answer.seconds * 1000 for answer in answers if answer.at < _SECONDS / 2 - 1)
    yield alone("webhook_p99_ms_at_200_a_second", quantile(calm, 0.99), "ms")
    for status in sorted({answer.status for answer in answers}):
        name = f"webhooks_answered_{status}" if status else "webhooks_without_an_answer"
        yield alone(name, sum(answer.status == status for answer in answers), "answers")
    yield alone("webhooks_lost", _lost(platform, webhooks, answers), "webhooks", goal=0)


def _lost(platform: LocalPlatform, webhooks: list[Webhook], answers: list[Answer]) -> int:
    """Those that were answered with 200 and are not in the database."""
    taken = {answer.webhook_id for answer in answers if answer.status == 200}
    if taken != {webhook.webhook_id for webhook in webhooks}:
        raise AssertionError("not every webhook was taken in the end")
    with psycopg.connect(platform.environment("shopify-sync")["DATABASE_URL"]) as connection:
        known = {row[0] for row in connection.execute("SELECT webhook_id FROM webhook").fetchall()}
    return len(taken - known)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2].encode()))
