"""Several writers share the companies, take over from one another, and keep each company's limits between them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import pytest

from intuit_sandbox.harness import US
from ledgerport.events.v2 import entity_pb2
from ledgerport.qbo_writer.v1 import sync_config_pb2
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.supervise import Patience
from qbo_writer_testing.shop import Tax, line, order, paid
from qbo_writer_testing.stage import QUICK, SERVICES, Business, second_writer, until

MERIDIAN = "9341450000000004"
NUMBERS = itertools.count(50_001)
THING = line(1, "10.00", taxes=[Tax("0.80", "0.08")])
MANY = 240


@pytest.fixture(scope="module")
def businesses() -> Iterator[list[Business]]:
    """Two merchants with a company each, in a world that enforces Intuit's limits."""
    small_batches = {**QUICK["qbo-writer"], "QBO_BATCH_PAYLOADS": "10"}
    overrides = {**QUICK, "qbo-writer": small_batches, "intuit-sandbox": {}}
    killed_often = Patience(longest=0.25, deaths=1000)
    with (
        temporary_home() as home,
        LocalPlatform(home, services=SERVICES, overrides=overrides, durable=False, patience=killed_often) as platform,
    ):
        found = [Business(platform, realm) for realm in (US, MERIDIAN)]
        for each in found:
            each.connect()
            each.configure(unmapped_products=sync_config_pb2.UNMAPPED_PRODUCT_POLICY_CREATE)
            first = sold(1)
            each.happens(*first)
            each.becomes(first[0].name, "SYNCED")
        yield found
        for each in found:
            each.close()


def sold(count: int) -> list[entity_pb2.Order]:
    numbers = [next(NUMBERS) for _ in range(count)]
    return [order(THING, number=number, paid_by=[paid("10.80", number=number)]) for number in numbers]


def in_line(business: Business, count: int) -> list[entity_pb2.Order]:
    """A backlog that nobody works off yet."""
    orders = sold(count)
    business.pause()
    business.happens(*orders)
    until(lambda: pending(business) == count, "all of them are in line", seconds=30)
    return orders


def pending(business: Business) -> int:
    with business.database() as database:
        row = database.execute(
            "SELECT count(*) FROM record WHERE business_id = %s AND status = 'pending'", (business.business_id,)
        ).fetchone()
    return int(row[0]) if row else 0


def all_synced(business: Business, orders: Sequence[entity_pb2.Order]) -> None:
    until(lambda: not pending(business), "nothing is in line any more", seconds=90)
    numbers = sorted(each.name[1:] for each in orders)
    booked = sorted(row["DocNumber"] for row in business.listed("SalesReceipt") if row["DocNumber"] in numbers)
    assert booked == numbers


def holders(businesses: Sequence[Business]) -> set[str]:
    """Who holds leases now."""
    with businesses[0].database() as database:
        return {row[0] for row in database.execute("SELECT holder FROM company_lease WHERE until > now()")}


def said_to_have_sent(business: Business) -> int:
    """How many requests of the last minute the holder has left word of, for the one after it."""
    with business.database() as database:
        row = database.execute(
            "SELECT jsonb_array_length(spent) FROM company_lease WHERE business_id = %s", (business.business_id,)
        ).fetchone()
    return int(row[0]) if row else 0


def test_a_second_writer_takes_its_share_of_the_companies_and_nothing_is_written_twice(
    businesses: list[Business],
) -> None:
    backlogs = [in_line(each, MANY) for each in businesses]
    for each in businesses:
        each.resume()
    until(lambda: len(holders(businesses)) == 1, "one writer has both companies", seconds=20)
    with second_writer(businesses[0].platform):
        until(lambda: len(holders(businesses)) == 2, "each writer has one of them", seconds=20)
        for each, orders in zip(businesses, backlogs, strict=True):
            all_synced(each, orders)


@pytest.mark.parametrize("ends", ["halt", "kill"])
def test_the_companies_of_a_writer_that_ends_move_and_each_order_is_written_once(
    businesses: list[Business], ends: str
) -> None:
    platform = businesses[0].platform
    backlogs = [in_line(each, MANY) for each in businesses]
    with second_writer(platform):
        for each in businesses:
            each.resume()
        until(lambda: len(holders(businesses)) == 2, "each writer has a company", seconds=20)
        until(lambda: all(said_to_have_sent(each) for each in businesses), "each leaves word of what it sent")
        getattr(platform, ends)("qbo-writer")
        for each, orders in zip(businesses, backlogs, strict=True):
            all_synced(each, orders)
    if ends == "halt":
        platform.start_again("qbo-writer")
    platform.wait_ready("qbo-writer")
