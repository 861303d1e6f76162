"""25 merchants at once with Intuit's limits enforced: orders a minute from webhook, and from event, to synced."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from tests.bench import backlog
from tests.bench.figures import Figure, against, alone
from tests.bench.limits import QUICK, WHOLE, ceiling
from tests.bench.merchants import Merchant, door, publish, records, wait
from tests.bench.processes import clock
from tests.bench.profiling import profiled
from tests.bench.shopify_sender import Sender

from ledgerport.events.v2 import entity_pb2
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform

_MERCHANTS = 25
_ORDERS = int(os.environ.get("ORDERS_EACH", "160"))
# Shopify tells of one paid order by several topics; two of them name the order itself again.
_TOPICS = ("orders/create", "orders/paid", "orders/updated")
_GOAL = 10_000.0
# One order in a hundred is a test order, which is left out of the books.
_DONE = ("synced", "skipped")
# The middle of a run: before it some companies have not begun, after it some are ready.
_FROM, _TO = 0.15, 0.85
OVERRIDES = {
    "qbo-writer": WHOLE,
    "shopify-sandbox": {"SHOPIFY_SANDBOX_BUCKET_SIZE": "20000", "SHOPIFY_SANDBOX_RESTORE_RATE": "1000"},
}


@dataclass
class Course:
    """How many orders were synced when, and what that cost."""

    seen: list[tuple[float, int]] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)

    def per_minute(self) -> float:
        """In the middle of the run."""
        first, last = self.seen[0][1], self.seen[-1][1]
        wanted = [first + (last - first) * part for part in (_FROM, _TO)]
        begins, ends = (next(each for each in self.seen if each[1] >= count) for count in wanted)
        return (ends[1] - begins[1]) * 60 / (ends[0] - begins[0])

    def orders(self) -> int:
        return self.seen[-1][1] - self.seen[0][1]


def measure() -> Iterator[Figure]:
    """Webhooks first, then events alone, with the same merchants."""
    with temporary_home() as home, LocalPlatform(home, overrides=OVERRIDES) as platform:
        merchants = [Merchant(platform, number) for number in range(_MERCHANTS)]
        yield from _figures("orders_per_minute_25_companies", _from_webhooks(platform, merchants), _GOAL)
        yield from _figures("events_per_minute_25_companies", _from_events(platform, merchants), None)


def _from_webhooks(platform: LocalPlatform, merchants: list[Merchant]) -> Course:
    for number, merchant in enumerate(merchants):
        merchant.connect_store(number)
    wait(lambda: _first_look_is_over(platform), "every store was looked at once")
    door(platform, "shopify-sandbox", "webhooks/faults", drop_rate=1.0)
    sender = Sender.to(platform)
    webhooks = []
    for number, merchant in enumerate(merchants):
        asked = {"shop": merchant.shop, "count": _ORDERS, "seed": number, "mix": "basic"}
        placed = door(platform, "shopify-sandbox", "orders", **asked)["ids"]
        webhooks += [[sender.webhook(merchant.shop, topic, order) for topic in _TOPICS] for order in placed]
    mixed = [webhook for place in range(_ORDERS) for orders in webhooks[place::_ORDERS] for webhook in orders]
    return _course(platform, "companies", partial(sender.send_all, mixed), len(webhooks))


def _first_look_is_over(platform: LocalPlatform) -> bool:
    """A store that was just connected is subscribed and looked through: nothing of that is to be measured."""
    health = door(platform, "shopify-sandbox", "health", "GET")
    time.sleep(3)
    later = door(platform, "shopify-sandbox", "health", "GET")
    return bool(health["graphql_calls"] == later["graphql_calls"])


def _from_events(platform: LocalPlatform, merchants: list[Merchant]) -> Course:
    events: list[entity_pb2.EntityEvent] = []
    made = [[merchant.complete(event) for event in backlog.orders(_ORDERS)] for merchant in merchants]
    for place in range(_ORDERS):
        events += [each[place] for each in made]
    return _course(platform, "events", partial(publish, platform, events), len(events))


def _course(
    platform: LocalPlatform, part: str, begin: Callable[[], Coroutine[None, None, None]], orders: int
) -> Course:
    course, before = Course(), records(platform, *_DONE)
    wanted = before + orders

    def look() -> bool:
        count = records(platform, *_DONE)
        course.seen.append((time.monotonic(), count))
        return count >= wanted

    with profiled(platform, part):
        used = clock(platform)
        look()
        with _beside(begin):
            wait(look, f"{orders} orders are synced", seconds=900)
        course.cpu = clock(platform).since(used)
    return course


@contextmanager
def _beside(begin: Callable[[], Coroutine[None, None, None]]) -> Iterator[None]:
    """The senders run in a thread of their own."""

    def run() -> None:
        asyncio.run(begin())

    thread = threading.Thread(target=run, name="senders")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _figures(name: str, course: Course, goal: float | None) -> Iterator[Figure]:
    most = _MERCHANTS * ceiling(QUICK)
    rate = course.per_minute()
    yield Figure(name, rate, "orders/min", goal, most, rate / most)
    ended = course.seen[-1][0] - course.seen[0][0]
    yield against(f"{name}_cores_busy", sum(course.cpu.values()) / ended, "cores", floor=float(os.cpu_count() or 1))
    for process, seconds in sorted(course.cpu.items(), key=lambda each: -each[1]):
        yield alone(f"{name}_cpu_{process}", seconds * 1000 / course.orders(), "ms CPU/order")
