"""What a person pushes goes to QuickBooks without triggers, once however often it is pushed, and is told about."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from intuit_sandbox.harness import US
from ledgerport.events.v1 import record_pb2
from ledgerport.events.v2 import entity_pb2
from ledgerport.qbo_writer.v1 import push_pb2, records_pb2, sync_config_pb2
from ledgerport_local.home import temporary_home
from qbo_writer_testing.shop import Tax, line, order, paid
from qbo_writer_testing.stage import Business, running, until

NUMBERS = itertools.count(6001)
THING = line(1, "10.00", taxes=[Tax("0.80", "0.08")])


@pytest.fixture(scope="module")
def business() -> Iterator[Business]:
    with temporary_home() as home, running(home) as platform:
        made = Business(platform, US)
        made.connect()
        made.configure(
            "payment_triggers",
            unmapped_products=sync_config_pb2.UNMAPPED_PRODUCT_POLICY_CREATE,
            payment_triggers=[sync_config_pb2.PAYMENT_TRIGGER_PARTIALLY_PAID],
        )
        yield made
        made.close()


def sold(**members: object) -> entity_pb2.Order:
    """A paid order, which waits here for a trigger that it never meets."""
    number = next(NUMBERS)
    return order(THING, number=number, paid_by=[paid("10.80", number=number)], **members)  # type: ignore[arg-type]


def held(business: Business, *orders: entity_pb2.Order) -> list[str]:
    """The ids of these orders' records once a trigger holds them."""
    business.happens(*orders)
    return [business.becomes(each.name, "ON_HOLD").record_id for each in orders]


def ended(business: Business, run: push_pb2.PushRun) -> push_pb2.PushRun:
    def over() -> push_pb2.PushRun | None:
        now = business.pushed(run.run_id)
        return None if now.pending or now.on_hold_for_moments else now

    return until(over, "every record of the push is decided", 30)


def test_a_held_order_goes_when_it_is_pushed_and_the_report_says_so(business: Business) -> None:
    first, second = sold(), sold()
    ids = held(business, first, second)
    assert business.preview(ids[0]).reason == "TRIGGER"
    assert not business.preview(ids[0], pushed=True).reason, "the preview of a push shows what the push sends"
    done = ended(business, business.push(*ids))
    assert (done.synced, done.error, done.on_hold) == (2, 0, 0)
    for each in (first, second):
        assert len(business.documents("SalesReceipt", each.name[1:])) == 1
    operations = [each.operation for each in business.attempts(ids[0])]
    assert operations[-1] == "push"
    assert business.attempts(ids[0])[-1].sentence == f"Pushed by owner{US}@example.test."


def test_pushed_twice_and_by_filter_it_is_in_the_books_once(business: Business) -> None:
    bought = sold()
    [record_id] = held(business, bought)
    business.pause()
    run = business.push(record_id)
    with pytest.raises(Exception, match="on their way to QuickBooks already"):
        business.push(record_id)
    business.resume()
    ended(business, run)
    with pytest.raises(Exception, match="in QuickBooks already"):
        business.push(all_of=records_pb2.RecordFilter(text=bought.name, kind=record_pb2.RECORD_KIND_ORDER))
    assert len(business.documents("SalesReceipt", bought.name[1:])) == 1


def test_a_push_survives_the_death_of_the_writer(business: Business) -> None:
    orders = [sold() for _ in range(5)]
    ids = held(business, *orders)
    run = business.push(*ids)
    business.kill()
    assert ended(business, run).synced == len(orders)
    assert all(len(business.documents("SalesReceipt", each.name[1:])) == 1 for each in orders)


def test_a_switched_off_kind_holds_even_what_is_pushed(business: Business) -> None:
    bought = sold()
    held(business, bought)
    kept = [sync_config_pb2.SYNCED_ENTITY_CUSTOMER, sync_config_pb2.SYNCED_ENTITY_PRODUCT]
    business.configure("entities", entities=kept)

    def off() -> records_pb2.RecordSummary | None:
        found = business.record(bought.name)
        return found if found is not None and found.reason == "ENTITY_OFF" else None

    record = until(off, "the order is held because orders are off")
    assert ended(business, business.push(record.record_id)).on_hold == 1
    assert business.documents("SalesReceipt", bought.name[1:]) == []
