"""Many records go in one request, and each still stands in QuickBooks once, whatever becomes of the request."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence

import pytest

from intuit_sandbox.harness import US
from ledgerport.events.v2 import entity_pb2
from ledgerport.qbo_writer.v1 import sync_config_pb2
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.supervise import Patience
from qbo_writer_testing.shop import Tax, line, order, paid
from qbo_writer_testing.stage import QUICK, SERVICES, STATUS, Business, until

NUMBERS = itertools.count(20_001)
MANY = 12
THING = line(1, "10.00", taxes=[Tax("0.80", "0.08")])


@pytest.fixture(scope="module")
def shared() -> Iterator[Business]:
    killed_often = Patience(longest=0.25, deaths=1000)
    with (
        temporary_home() as home,
        LocalPlatform(home, services=SERVICES, overrides=QUICK, durable=False, patience=killed_often) as platform,
    ):
        business = Business(platform, US)
        business.connect()
        business.configure(unmapped_products=sync_config_pb2.UNMAPPED_PRODUCT_POLICY_CREATE)
        first = sold(1)  # its customer and its goods are there from now on
        business.happens(*first)
        all_synced(business, first)
        yield business
        business.close()


@pytest.fixture
def business(shared: Business) -> Iterator[Business]:
    """Connected, not paused, and Intuit in good health."""
    yield shared
    shared.intuit("DELETE", "faults")
    shared.resume()


def sold(count: int) -> list[entity_pb2.Order]:
    """Orders of 10.80, each with a number of its own."""
    numbers = [next(NUMBERS) for _ in range(count)]
    return [order(THING, number=number, paid_by=[paid("10.80", number=number)]) for number in numbers]


def at_once(business: Business, orders: Sequence[entity_pb2.Order]) -> float:
    """All of them are in line before the first may go; since when."""
    business.pause()
    business.happens(*orders)
    for each in orders:
        business.becomes(each.name, "PENDING")
    since = time.time()
    business.resume()
    return since


def all_synced(business: Business, orders: Sequence[entity_pb2.Order], seconds: float = 30.0) -> None:
    for each in orders:
        business.becomes(each.name, "SYNCED", seconds=seconds)


def each_once(business: Business, orders: Sequence[entity_pb2.Order]) -> None:
    numbers = sorted(each.name[1:] for each in orders)
    assert sorted(row["DocNumber"] for row in business.listed("SalesReceipt") if row["DocNumber"] in numbers) == numbers


def requests_for(business: Business, since: float) -> list[str]:
    """What was sent for sales since then: batches, and documents by themselves."""
    return [*("batch" for _ in business.writes("batch", since)), *("single" for _ in business.writes(since=since))]


def test_many_orders_that_wait_go_in_one_request(business: Business) -> None:
    orders = sold(MANY)
    since = at_once(business, orders)
    all_synced(business, orders)
    each_once(business, orders)
    assert requests_for(business, since) == ["batch"]


def test_a_few_orders_do_not_wait_for_a_batch(business: Business) -> None:
    orders = sold(3)
    since = at_once(business, orders)
    all_synced(business, orders)
    assert requests_for(business, since) == ["single"] * 3


@pytest.mark.parametrize("fault", ["cut_after", "cut_before", "html_503", "status_500"])
def test_a_batch_whose_answer_is_lost_is_looked_up_before_anything_is_sent_again(
    business: Business, fault: str
) -> None:
    orders = sold(MANY)
    business.spoil(fault, resource="batch")
    since = at_once(business, orders)
    until(lambda: business.writes("batch", since), "the batch was sent")
    business.intuit("POST", "forget-request-ids")
    all_synced(business, orders)
    each_once(business, orders)
    sent = requests_for(business, since)
    assert sent.count("batch") == 1
    assert sent.count("single") == (0 if fault == "cut_after" else MANY)


def test_the_attempts_of_a_lost_batch_say_what_happens_next(business: Business) -> None:
    orders = sold(MANY)
    business.spoil("cut_after", resource="batch")
    at_once(business, orders)
    all_synced(business, orders)
    record = business.record(orders[0].name)
    assert record is not None
    found, lost = business.attempts(record.record_id)
    assert (found.operation, lost.reason) == ("find", "QUICKBOOKS_UNAVAILABLE")
    assert "looked for" in lost.sentence


def test_a_writer_killed_with_a_batch_on_its_way_writes_each_once(business: Business) -> None:
    orders = sold(MANY)
    business.spoil("delay_then_cut_after", resource="batch", seconds=1)
    at_once(business, orders)
    until(business.spoiled, "the batch is on its way")
    business.kill()
    business.intuit("POST", "forget-request-ids")
    all_synced(business, orders)
    each_once(business, orders)


def test_a_writer_killed_between_the_answer_to_a_batch_and_the_settle_writes_each_once(business: Business) -> None:
    orders = sold(MANY)
    with business.database() as blocker:
        # A claim needs nothing of this table; settling has to wait for us.
        blocker.execute("LOCK TABLE document IN SHARE MODE")
        at_once(business, orders)
        until(lambda: business.documents("SalesReceipt", orders[-1].name[1:]), "the documents are in QuickBooks")
        business.platform.kill("qbo-writer")
    business.platform.wait_ready("qbo-writer")
    business.intuit("POST", "forget-request-ids")
    all_synced(business, orders)
    each_once(business, orders)


def test_a_writer_killed_between_claim_and_send_of_a_batch_writes_each_once(business: Business) -> None:
    orders = sold(MANY)
    business.spoil("xml_429", resource="batch", times=1000)  # refused for a limit: claimed, and never executed
    since = at_once(business, orders)
    until(lambda: business.writes("batch", since), "the batch is claimed and refused")
    business.platform.kill("qbo-writer")
    business.intuit("DELETE", "faults")
    business.platform.wait_ready("qbo-writer")
    all_synced(business, orders)
    each_once(business, orders)


def test_what_quickbooks_refuses_in_a_batch_stops_none_of_the_others(business: Business) -> None:
    *others, taken = orders = sold(MANY)
    theirs = {"CustomerRef": {"value": "1"}, "DocNumber": taken.name[1:], "Line": []}
    business.intuit("POST", f"companies/{US}/settings", warn_duplicate_numbers=True)
    other = business.documents("SalesReceipt", business.listed("SalesReceipt")[0]["DocNumber"])[0]
    changed = {"entity": "SalesReceipt", "id": other["Id"], "changes": {"DocNumber": theirs["DocNumber"]}}
    business.intuit("POST", f"companies/{US}/edit", **changed, action="change")
    since = at_once(business, orders)
    all_synced(business, others)
    assert business.becomes(taken.name, "ERROR").reason == "DUPLICATE_NUMBER"
    assert requests_for(business, since) == ["batch"]


def test_no_batch_is_sent_into_an_outage(business: Business) -> None:
    orders = sold(4 * MANY)
    business.spoil("html_503", resource="batch", times=1000)
    business.spoil("html_503", times=1000)
    since = at_once(business, orders)
    until(lambda: requests_for(business, since).count("single") >= 3, "single writes ask whether it is back")
    last_batch = max(write["at"] for write in business.writes("batch", since))
    assert all(write["at"] > last_batch for write in business.writes(since=since))
    business.intuit("DELETE", "faults")
    all_synced(business, orders, seconds=60)
    each_once(business, orders)


def test_customers_of_one_name_in_one_batch_get_names_of_their_own(business: Business) -> None:
    people = [
        entity_pb2.EntityEvent(
            source_id=f"gid://shopify/Customer/{number}",
            customer=entity_pb2.Customer(first_name="Sam", last_name="Same", email=f"sam{number}@same.test"),
        )
        for number in range(30_001, 30_001 + MANY)
    ]
    business.pause()
    business.say(*people)
    until(lambda: business.record("Sam Same"), "they are in line")
    since = time.time()
    business.resume()
    until(
        lambda: (
            len({row["DisplayName"] for row in business.listed("Customer") if "Sam Same" in row["DisplayName"]}) == MANY
        ),
        "all are in QuickBooks under names of their own",
    )
    assert business.writes("batch", since)


def test_what_happens_now_goes_before_history(business: Business) -> None:
    past, now = sold(3 * MANY), sold(1)
    business.pause()
    business.say(
        *(
            entity_pb2.EntityEvent(source_id=f"gid://shopify/Order/{each.name[1:]}", order=each, history=True)
            for each in past
        )
    )
    for each in past:
        business.becomes(each.name, "PENDING")
    business.happens(*now)
    business.becomes(now[0].name, "PENDING")
    business.resume()
    all_synced(business, [*past, *now])
    [first] = [row["Id"] for row in business.documents("SalesReceipt", now[0].name[1:])]
    assert all(int(first) < int(business.documents("SalesReceipt", each.name[1:])[0]["Id"]) for each in past)


def test_nothing_leaves_after_pause_and_what_was_sent_is_settled(business: Business) -> None:
    orders = sold(3 * MANY)
    business.spoil("delay", resource="batch", seconds=1, times=2)
    since = at_once(business, orders)
    until(lambda: business.writes("batch", since), "the first batch is on its way")
    business.pause()
    sent = len(requests_for(business, since))
    until(lambda: any(synced(business, each) for each in orders), "what was sent is settled")
    assert len(requests_for(business, since)) == sent
    business.resume()
    all_synced(business, orders)
    each_once(business, orders)


def test_a_batch_that_was_stopped_before_it_was_executed_goes_out_again_as_a_batch(business: Business) -> None:
    orders = sold(MANY)
    business.spoil("xml_429", resource="batch")
    since = at_once(business, orders)
    until(lambda: business.writes("batch", since), "the batch was refused for a limit")
    business.pause()
    business.resume()
    all_synced(business, orders)
    each_once(business, orders)
    assert requests_for(business, since) == ["batch"] * 2


def synced(business: Business, bought: entity_pb2.Order) -> bool:
    record = business.record(bought.name)
    return record is not None and STATUS[record.status] == "SYNCED"
