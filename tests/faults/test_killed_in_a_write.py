"""The writer dies at each await of a write, by itself and in a batch: claim, send, settle, outbox. Each stands once.

Nothing in the product knows of this: PostgreSQL holds a statement by a lock of the test's own, Intuit holds an answer,
auth is stopped, NATS is down. The writer is killed while it hangs there.
"""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import requests

from intuit_sandbox.harness import US
from ledgerport.events.v2 import entity_pb2
from ledgerport.qbo_writer.v1 import sync_config_pb2
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.supervise import Patience
from ledgerport_local.wiring import CLIENT_ID
from qbo_writer_testing.shop import Tax, line, order, paid
from qbo_writer_testing.stage import QUICK, SERVICES, Business, until

NUMBERS, REALMS = itertools.count(30_001), itertools.count(30_001)
THING = line(1, "10.00", taxes=[Tax("0.80", "0.08")])
# A few orders go one by one, many go in one request.
LANES = {"single": 3, "batch": 12}
RESOURCES = {"single": "salesreceipt", "batch": "batch"}
_PATIENCE = 30.0


@pytest.fixture(scope="module")
def platform() -> Iterator[LocalPlatform]:
    killed_often = Patience(longest=0.25, deaths=1000)
    with (
        temporary_home() as home,
        LocalPlatform(home, services=SERVICES, overrides=QUICK, durable=False, patience=killed_often) as running,
    ):
        yield running


@pytest.fixture
def business(platform: LocalPlatform) -> Iterator[Business]:
    """A company of its own for each test: a writer that follows a killed one starts as if much had been sent."""
    realm = f"93414500000{next(REALMS)}"
    founded = {"like": US, "realm_id": realm, "name": f"Company {realm}"}
    url = f"{platform.urls['intuit-sandbox']}/_sandbox/companies"
    requests.post(url, json=founded, timeout=10).raise_for_status()
    made = Business(platform, realm)
    made.connect()
    made.configure(unmapped_products=sync_config_pb2.UNMAPPED_PRODUCT_POLICY_CREATE)
    first = sold(1)  # its customer and its goods are there from now on
    made.happens(*first)
    made.becomes(first[0].name, "SYNCED", seconds=_PATIENCE)
    yield made
    made.intuit("DELETE", "faults")
    made.close()


@pytest.fixture(params=LANES)
def lane(request: pytest.FixtureRequest) -> str:
    """One write a document, or one for many."""
    name: str = request.param
    return name


def sold(count: int) -> list[entity_pb2.Order]:
    """Orders of 10.80, each with a number of its own."""
    numbers = [next(NUMBERS) for _ in range(count)]
    return [order(THING, number=number, paid_by=[paid("10.80", number=number)]) for number in numbers]


def in_line(business: Business, lane: str) -> list[entity_pb2.Order]:
    """Orders that wait behind the closed gate."""
    orders = sold(LANES[lane])
    business.pause()
    business.happens(*orders)
    for each in orders:
        business.becomes(each.name, "PENDING")
    return orders


def die(business: Business) -> None:
    """SIGKILL; the writer is back at some moment later."""
    business.platform.kill("qbo-writer")


def each_stands_once(business: Business, orders: Sequence[entity_pb2.Order]) -> None:
    business.platform.wait_ready("qbo-writer")
    for each in orders:
        business.becomes(each.name, "SYNCED", seconds=_PATIENCE)
    numbers = sorted(each.name[1:] for each in orders)
    assert sorted(row["DocNumber"] for row in business.listed("SalesReceipt") if row["DocNumber"] in numbers) == numbers


@contextmanager
def held(business: Business, table: str) -> Iterator[None]:
    """Whoever writes to the table hangs until we are done; returns once the writer hangs there, after `resume`."""
    with business.database() as blocker:
        blocker.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
        business.resume()
        until(lambda: hangs(business, table), f"a write to {table} waits for us", _PATIENCE)
        yield


def hangs(business: Business, table: str) -> bool:
    asked = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
    with business.database() as looking:
        return looking.execute(asked, (f"%INSERT INTO {table} %",)).fetchone() is not None


def claims(business: Business) -> int:
    with business.database() as looking:
        row = looking.execute("SELECT count(*) FROM claim").fetchone()
    return int(row[0]) if row else 0


def test_killed_before_the_claim_is_committed(business: Business, lane: str) -> None:
    orders, since = in_line(business, lane), time.time()
    with held(business, "claim"):
        die(business)
    assert not business.writes(RESOURCES[lane], since)
    each_stands_once(business, orders)


def test_killed_between_the_claim_and_the_send_that_counts(business: Business, lane: str) -> None:
    """Intuit takes the token no longer, and auth, which should get another, hangs."""
    orders, since = in_line(business, lane), time.time()
    business.intuit("POST", f"companies/{business.realm}/tokens", action="expire_access", client_id=CLIENT_ID)
    with business.database() as blocker:
        blocker.execute("LOCK TABLE claim IN SHARE MODE")
        business.resume()
        until(lambda: hangs(business, "claim"), "the writer is about to claim", _PATIENCE)
        business.platform.kill("auth", signal.SIGSTOP)
    try:
        until(lambda: business.writes(RESOURCES[lane], since), "a write was refused", _PATIENCE)
        assert claims(business)
        die(business)
    finally:
        business.platform.kill("auth", signal.SIGCONT)
    assert {write["status"] for write in business.writes(RESOURCES[lane], since)} == {401}
    each_stands_once(business, orders)


def test_killed_while_the_write_is_on_its_way(business: Business, lane: str) -> None:
    """It is done all the same, after the death of who sent it."""
    orders = in_line(business, lane)
    business.spoil("delay", resource=RESOURCES[lane], seconds=2)
    business.resume()
    until(business.spoiled, "a write is on its way", _PATIENCE)
    die(business)
    each_stands_once(business, orders)


def test_killed_while_the_answer_is_on_its_way(business: Business, lane: str) -> None:
    """It is done, and nobody hears of it."""
    orders = in_line(business, lane)
    business.spoil("delay_then_cut_after", resource=RESOURCES[lane], seconds=1)
    business.resume()
    until(business.spoiled, "a write is on its way", _PATIENCE)
    die(business)
    each_stands_once(business, orders)


def test_killed_between_the_answer_and_the_settle(business: Business, lane: str) -> None:
    orders = in_line(business, lane)
    with held(business, "document"):
        die(business)
    each_stands_once(business, orders)


def test_killed_in_the_settle_before_its_commit(business: Business, lane: str) -> None:
    """Document and record are written, the event is not: nothing of it is committed."""
    orders = in_line(business, lane)
    with held(business, "outbox"):
        die(business)
    each_stands_once(business, orders)


def test_killed_after_the_settle_before_anybody_was_told(business: Business, lane: str) -> None:
    orders = in_line(business, lane)
    business.platform.halt("nats")
    business.resume()
    for each in orders:
        business.becomes(each.name, "SYNCED", seconds=_PATIENCE)
    die(business)
    business.platform.start_again("nats")
    each_stands_once(business, orders)
    until(lambda: not untold(business), "every outcome was told", _PATIENCE)


def untold(business: Business) -> int:
    with business.database() as looking:
        row = looking.execute("SELECT count(*) FROM outbox WHERE published_at IS NULL").fetchone()
    return int(row[0]) if row else 0
