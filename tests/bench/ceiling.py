"""One company with a backlog and Intuit's limits enforced: how near delivery comes to what the limits let through."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Queue
from typing import Any

from tests.bench import backlog
from tests.bench.careful_client import CarefulClient
from tests.bench.consent import company_token
from tests.bench.figures import Figure, against, alone, share
from tests.bench.limits import QUICK, SLOW, WHOLE, Latency, ceiling
from tests.bench.merchants import Merchant, door, publish, records, wait
from tests.bench.processes import clock
from tests.bench.profiling import profiled

from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from qbo_writer_testing.stage import SERVICES

MINUTES = 2
BACKLOG = 6000
_SETTLING_IN = 5.0
_PROCESSES = ("qbo-writer", "postgres", "nats", "intuit-sandbox")


@dataclass(frozen=True, slots=True)
class Window:
    """What happened in the measured time."""

    documents: int
    orders: int
    floor: int
    calls: int
    batches: int
    in_batches: int
    refused: int
    cpu: dict[str, float]


def measure() -> Iterator[Figure]:
    """At no latency and at a real one, two minutes each."""
    with temporary_home() as home, LocalPlatform(home, services=SERVICES, overrides={"qbo-writer": WHOLE}) as platform:
        for number, latency in enumerate((QUICK, SLOW)):
            yield from _figures(latency, _run(platform, Merchant(platform, number), latency))


def fill(platform: LocalPlatform, merchant: Merchant, count: int = BACKLOG) -> None:
    """Pause, and put a backlog before the closed gate; returns when qbo-writer knows all of it."""
    merchant.pause()
    before = records(platform)
    asyncio.run(publish(platform, [merchant.complete(event) for event in backlog.orders(count)]))
    wait(lambda: records(platform) == before + count, "the backlog is known")


def counts(platform: LocalPlatform, realm: str) -> dict[str, int]:
    """How many objects of each kind stand in a company."""
    found: dict[str, int] = door(platform, "intuit-sandbox", f"companies/{realm}/counts", "GET")
    return found


def _run(platform: LocalPlatform, merchant: Merchant, latency: Latency) -> Window:
    door(platform, "intuit-sandbox", "knobs", **QUICK.knobs())
    beside = str(int(merchant.realm) + 500)
    door(platform, "intuit-sandbox", "companies", like=merchant.realm, realm_id=beside, name="Beside")
    fill(platform, merchant)
    door(platform, "intuit-sandbox", "knobs", **latency.knobs())
    client = CarefulClient(platform.urls["intuit-sandbox"], beside, company_token(platform, beside))
    merchant.resume()
    with _running(client):
        wait(lambda: "SalesReceipt" in merchant.counts(), "orders are being written")
        threading.Event().wait(_SETTLING_IN)
        window = _watch(platform, merchant, beside)
    merchant.pause()
    return window


def _watch(platform: LocalPlatform, merchant: Merchant, beside: str) -> Window:
    with profiled(platform, "ceiling"):
        used, before, floor = clock(platform), merchant.counts(), counts(platform, beside)
        door(platform, "intuit-sandbox", "requests", "DELETE")
        threading.Event().wait(60.0 * MINUTES)
        seen: Any = door(platform, "intuit-sandbox", f"requests?realm={merchant.realm}", "GET")
        after, floor_after, cpu = merchant.counts(), counts(platform, beside), clock(platform).since(used)
    writes = [each for each in seen["writes"] if each["status"] == 200]
    batches = [each for each in writes if each["resource"] == "batch"]
    return Window(
        documents=sum(after.values()) - sum(before.values()),
        orders=after.get("SalesReceipt", 0) - before.get("SalesReceipt", 0),
        floor=sum(floor_after.values()) - sum(floor.values()),
        calls=seen["by_realm"].get(merchant.realm, 0),
        batches=len(batches),
        in_batches=sum(each["items"] for each in batches),
        refused=sum(each["status"] == 429 for each in seen["writes"]),
        cpu=cpu,
    )


@contextmanager
def _running(client: CarefulClient) -> Iterator[None]:
    """The floor runs at the same time beside the product, in a company of its own: limits are for one company."""
    ended, trouble = threading.Event(), Queue[BaseException]()

    def send() -> None:
        try:
            asyncio.run(client.run_until(ended))
        except BaseException as error:
            trouble.put(error)

    thread = threading.Thread(target=send, name="careful client")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if not trouble.empty():
        raise trouble.get()


def _figures(latency: Latency, seen: Window) -> Iterator[Figure]:
    most, a_minute = ceiling(latency), seen.documents / MINUTES
    yield share(f"ceiling_share_one_company{latency.name}", a_minute / most, goal=0.95)
    yield against(f"documents_per_minute_one_company{latency.name}", a_minute, "documents/min", floor=most)
    bare = seen.floor / MINUTES
    yield against(f"documents_per_minute_beside_a_bare_client{latency.name}", a_minute, "documents/min", floor=bare)
    yield alone(f"refused_with_429_one_company{latency.name}", seen.refused, "calls", goal=0)
    orders = max(1, seen.orders)
    yield against(
        f"calls_per_order_both_lanes{latency.name}", seen.calls / orders, "calls", floor=500 / ceiling(latency)
    )
    if seen.in_batches:
        batch_lane = seen.batches / seen.in_batches
        yield against(f"calls_per_order_backlog{latency.name}", batch_lane, "calls", floor=1 / 30, goal=0.05)
    for name in _PROCESSES:
        yield alone(f"cpu_per_order_one_company_{name}{latency.name}", seen.cpu[name] * 1000 / orders, "ms CPU")
