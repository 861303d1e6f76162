"""How long one order takes from its webhook to QuickBooks, and what the services hold and need to start."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator

import psycopg
from tests.bench.ceiling import fill
from tests.bench.figures import Figure, alone, quantile
from tests.bench.merchants import Merchant, door, wait
from tests.bench.processes import resident_mib
from tests.bench.shopify_sender import Sender

from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.wiring import SERVICES

# So far apart that the company's own limits hold nothing up: an order may need a customer and some products first.
_ORDERS, _EVERY = 30, 1.5
# The first orders bring the store's products into the company.
_WARM_UP = 12
_OTHERS_BACKLOG = 3000


def measure() -> Iterator[Figure]:
    """One merchant sells now and then: alone first, then while another one's history goes into its own company.

    With the settings as they are in production: at all that Intuit allows, a probe in the same second is one too many.
    """
    with temporary_home() as home, LocalPlatform(home) as platform:
        selling, other = Merchant(platform, 0), Merchant(platform, 1)
        selling.connect_store(0)
        wait(lambda: _subscribed(platform, selling.shop), "the store is subscribed")
        yield from _memory(platform)
        _taken(platform, selling, range(1000, 1000 + _WARM_UP))
        yield from _latency(platform, selling, "idle")
        fill(platform, other, _OTHERS_BACKLOG)
        other.resume()
        yield from _latency(platform, selling, "beside_a_backlog")
        other.pause()
        yield from _starts(platform)


def _subscribed(platform: LocalPlatform, shop: str) -> bool:
    with psycopg.connect(platform.environment("shopify-sync")["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT count(*) FROM store WHERE shop_domain = %s AND cardinality(subscribed_topics) > 0", (shop,)
        ).fetchone()
    return bool(row and row[0])


def _latency(platform: LocalPlatform, merchant: Merchant, when: str) -> Iterator[Figure]:
    taken = sorted(_taken(platform, merchant, range(_ORDERS)))
    yield alone(f"webhook_to_posted_p50_ms_{when}", quantile(taken, 0.5), "ms")
    yield alone(f"webhook_to_posted_p99_ms_{when}", quantile(taken, 0.99), "ms")


def _taken(platform: LocalPlatform, merchant: Merchant, seeds: Iterable[int]) -> list[float]:
    """Milliseconds of each order. The webhooks come from the bench, so nothing of the stand-in's queue is measured."""
    door(platform, "shopify-sandbox", "webhooks/faults", drop_rate=1.0)
    sender, begun = Sender.to(platform), dict[str, float]()
    for seed in seeds:
        asked = {"shop": merchant.shop, "count": 1, "mix": "sale", "seed": seed}
        [order] = door(platform, "shopify-sandbox", "orders", **asked)["ids"]
        begun[order] = time.time()
        asyncio.run(sender.send_all([sender.webhook(merchant.shop, "orders/create", order)]))
        threading.Event().wait(_EVERY)
    wait(lambda: len(_posted(platform, list(begun))) == len(begun), "every order is posted", seconds=120)
    posted = _posted(platform, list(begun))
    return [(posted[order] - begun[order]) * 1000 for order in begun]


def _posted(platform: LocalPlatform, orders: list[str]) -> dict[str, float]:
    """When each order was settled, by PostgreSQL's clock, which is this machine's."""
    asked = """
        SELECT r.source_id, extract(epoch FROM d.posted_at)::float8
          FROM document d JOIN record r ON r.id = d.record_id WHERE r.source_id = ANY(%s) AND d.part = 1
    """
    with psycopg.connect(platform.environment("qbo-writer")["DATABASE_URL"]) as connection:
        return dict(connection.execute(asked, (orders,)).fetchall())


def _memory(platform: LocalPlatform) -> Iterator[Figure]:
    for name, mib in resident_mib(platform, SERVICES).items():
        yield alone(f"rss_{name}", mib, "MiB")


def _starts(platform: LocalPlatform) -> Iterator[Figure]:
    """From the start of the process to ready, with its migrations done before."""
    for name in SERVICES:
        platform.halt(name)
        began = time.monotonic()
        platform.start_again(name)
        platform.wait_ready(name)
        yield alone(f"start_{name}", time.monotonic() - began, "s")
