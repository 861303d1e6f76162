"""Claim, send, settle: whatever dies or lies in between, QuickBooks ends with exactly one document."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import pytest

from intuit_sandbox.harness import US
from ledgerport.events.v1 import connection_pb2
from ledgerport.events.v2 import entity_pb2
from ledgerport.qbo_writer.v1 import sync_config_pb2
from ledgerport_local.home import temporary_home
from qbo_writer_testing.shop import LATER, Tax, agreed, happened, line, order, paid, refund, shop_money
from qbo_writer_testing.stage import Business, running, second_writer, until

NUMBERS = itertools.count(7001)
THING = line(1, "10.00", taxes=[Tax("0.80", "0.08")])


@pytest.fixture(scope="module")
def shared() -> Iterator[Business]:
    with temporary_home() as home, running(home) as platform:
        business = Business(platform, US)
        business.connect()
        business.configure(unmapped_products=sync_config_pb2.UNMAPPED_PRODUCT_POLICY_CREATE)
        yield business
        business.close()


@pytest.fixture
def business(shared: Business) -> Iterator[Business]:
    """Connected, not paused, and Intuit in good health."""
    yield shared
    shared.intuit("DELETE", "faults")
    shared.intuit("POST", f"companies/{US}/settings", book_close_date=None)
    shared.resume()


def sold(**members: object) -> entity_pb2.Order:
    """An order of 10.80 with a number of its own."""
    number = next(NUMBERS)
    return order(THING, number=number, paid_by=[paid("10.80", number=number)], **members)  # type: ignore[arg-type]


def sent_back(bought: entity_pb2.Order) -> entity_pb2.Order:
    """The order after all of it was refunded."""
    number = next(NUMBERS)
    money = paid("10.80", kind="REFUND", at=LATER, number=number)
    agreement = agreed(number, THING.back(), reason="REFUND", refund=number, at=LATER)
    return happened(bought, agreement, money=[money], refunds=[refund(number, money)])


def test_an_order_arrives_with_its_customer_its_goods_and_its_proof(business: Business) -> None:
    bought = sold()
    business.happens(bought)
    record = business.becomes(bought.name, "SYNCED")
    [document] = business.documents("SalesReceipt", bought.name[1:])
    assert document["TotalAmt"] == 10.8
    assert record.document_number == bought.name[1:]
    details = business.details(record.record_id)
    assert {c.name: (c.shopify.minor, c.quickbooks.minor) for c in details.proof} == {
        "goods": (1000, 1000),
        "tax": (80, 80),
        "total": (1080, 1080),
    }
    assert details.attempts[0].intuit_tid


def test_the_same_order_said_again_is_written_once(business: Business) -> None:
    bought = sold()
    business.happens(bought)
    business.becomes(bought.name, "SYNCED")
    business.happens(bought)
    later = sold()
    business.happens(later)
    business.becomes(later.name, "SYNCED")
    assert len(business.documents("SalesReceipt", bought.name[1:])) == 1


def test_a_writer_killed_after_the_claim_and_before_anything_was_done_writes_once(business: Business) -> None:
    bought = sold()
    business.spoil("cut_before")
    business.spoil("xml_429")
    business.happens(bought)
    until(business.spoiled, "the write was refused")
    business.kill()
    business.becomes(bought.name, "SYNCED")
    assert len(business.documents("SalesReceipt", bought.name[1:])) == 1


def test_a_writer_killed_between_send_and_answer_writes_once(business: Business) -> None:
    bought = sold()
    business.spoil("delay_then_cut_after", seconds=1)
    business.happens(bought)
    until(business.spoiled, "the write is on its way")
    business.kill()
    business.becomes(bought.name, "SYNCED")
    assert len(business.documents("SalesReceipt", bought.name[1:])) == 1


def test_a_writer_killed_between_answer_and_settle_writes_once(business: Business) -> None:
    bought = sold()
    business.pause()
    business.happens(bought)
    business.becomes(bought.name, "PENDING")
    with business.database() as blocker:
        # A claim needs nothing of this table; settling has to wait for us.
        blocker.execute("LOCK TABLE document IN SHARE MODE")
        business.resume()
        until(lambda: business.documents("SalesReceipt", bought.name[1:]), "the document is in QuickBooks")
        business.platform.kill("qbo-writer")
    business.platform.wait_ready("qbo-writer")
    business.becomes(bought.name, "SYNCED")
    assert len(business.documents("SalesReceipt", bought.name[1:])) == 1


def test_a_writer_that_is_told_to_stop_settles_what_it_has_sent(business: Business) -> None:
    bought = sold()
    since = time.time()
    business.spoil("delay", seconds=2)
    business.happens(bought)
    until(business.spoiled, "the write is on its way")
    business.platform.halt("qbo-writer")
    with business.database() as database:
        [status] = database.execute("SELECT status FROM record WHERE reference = %s", (bought.name,)).fetchone() or [""]
    business.platform.start_again("qbo-writer")
    business.platform.wait_ready("qbo-writer")
    assert status == "synced", "the answer was waited for"
    assert len(business.writes(since=since)) == 1


def test_two_writers_share_one_company_and_write_nothing_twice(business: Business) -> None:
    with second_writer(business.platform):
        sales = [sold() for _ in range(12)]
        for bought in sales:
            business.happens(bought)
        business.becomes(sales[0].name, "SYNCED")
        business.kill()
        for bought in sales:
            business.becomes(bought.name, "SYNCED", seconds=30)
        for bought in sales:
            assert len(business.documents("SalesReceipt", bought.name[1:])) == 1


@pytest.mark.parametrize("answers", [("cut_before", "cut_after"), ("html_503", "status_500")])
def test_every_retry_of_a_write_carries_the_same_request_id(business: Business, answers: tuple[str, str]) -> None:
    bought = sold()
    since = time.time()
    for answer in answers:
        business.spoil(answer)
    business.happens(bought)
    record = business.becomes(bought.name, "SYNCED")
    writes = business.writes(since=since)
    assert len(writes) == 3
    assert len({write["requestid"] for write in writes}) == 1
    assert len(business.documents("SalesReceipt", bought.name[1:])) == 1
    assert len(business.attempts(record.record_id)) == 3


def test_a_lost_answer_and_a_forgotten_request_id_are_met_by_looking_first(business: Business) -> None:
    bought = sold()
    business.spoil("cut_after")
    business.spoil("html_503", times=8)  # until looking is due
    business.happens(bought)
    until(lambda: business.documents("SalesReceipt", bought.name[1:]), "the document is in QuickBooks")
    business.intuit("POST", "forget-request-ids")
    record = business.becomes(bought.name, "SYNCED")
    assert len(business.documents("SalesReceipt", bought.name[1:])) == 1
    assert business.attempts(record.record_id)[0].operation == "find"


def test_a_number_that_a_person_has_used_is_an_error_and_ours_is_adopted(business: Business) -> None:
    taken, ours = sold(), sold()
    business.spoil("fault_400", code="6140", contains=f'"{taken.name[1:]}"')
    business.happens(taken)
    record = business.becomes(taken.name, "ERROR")
    assert record.reason == "DUPLICATE_NUMBER"
    business.retry(record.record_id)
    business.becomes(taken.name, "SYNCED")
    business.happens(ours)
    business.becomes(ours.name, "SYNCED")


def test_a_request_id_that_quickbooks_has_seen_is_looked_for_and_tried_again_while_it_may_be_at_work(
    business: Business,
) -> None:
    bought = sold()
    business.spoil("fault_400", code="600")
    business.happens(bought)
    business.becomes(bought.name, "SYNCED")
    assert len(business.documents("SalesReceipt", bought.name[1:])) == 1


def test_a_request_id_that_stays_refused_goes_to_a_person_whose_retry_has_one_of_its_own(business: Business) -> None:
    bought, since = sold(), time.time()
    business.spoil("fault_400", code="600", times=1000, contains=f'"{bought.name[1:]}"')
    business.happens(bought)
    record = business.becomes(bought.name, "ERROR", seconds=20)
    assert record.reason == "SEEN_BEFORE"
    business.intuit("DELETE", "faults")
    business.retry(record.record_id)
    business.becomes(bought.name, "SYNCED")
    assert len(business.documents("SalesReceipt", bought.name[1:])) == 1
    *refused, last = [write["requestid"] for write in business.writes(since=since)]
    assert len(set(refused)) == 1
    assert last != refused[0]


def test_nothing_starts_after_pause_has_answered_and_all_arrives_after_resume(business: Business) -> None:
    orders = [sold() for _ in range(12)]
    business.happens(*orders)
    business.pause()
    paused = time.time()
    more = [sold() for _ in range(3)]
    business.happens(*more)
    business.becomes(more[-1].name, "PENDING")
    time.sleep(0.6)
    assert [write for write in business.writes(since=paused) if write["at"] > paused] == []
    business.resume()
    for each in (*orders, *more):
        business.becomes(each.name, "SYNCED")
        assert len(business.documents("SalesReceipt", each.name[1:])) == 1


def test_an_expired_access_token_is_renewed_without_anybody_noticing(business: Business) -> None:
    business.intuit("POST", f"companies/{US}/tokens", action="expire_access")
    bought = sold()
    business.happens(bought)
    business.becomes(bought.name, "SYNCED")
    assert business.connection().status == connection_pb2.CONNECTION_STATUS_CONNECTED


def test_a_429_waits_and_then_goes_on(business: Business) -> None:
    bought = sold()
    business.spoil("xml_429", times=2)
    business.happens(bought)
    record = business.becomes(bought.name, "SYNCED")
    assert len(business.attempts(record.record_id)) == 1


def test_a_closed_period_holds_the_order_until_it_is_reopened(business: Business) -> None:
    business.intuit("POST", f"companies/{US}/settings", book_close_date="2026-11-30")
    bought = sold()
    business.happens(bought)
    record = business.becomes(bought.name, "ON_HOLD")
    assert record.reason == "CLOSED_PERIOD"
    business.intuit("POST", f"companies/{US}/settings", book_close_date=None)
    with business.database() as database:
        database.execute("UPDATE company SET loaded_at = loaded_at - interval '1 minute'")
    business.read_company()
    business.becomes(bought.name, "SYNCED")


def test_orders_are_booked_without_reading_quickbooks(business: Business) -> None:
    """Intuit meters reads: what is created is remembered from its answer, and no order asks for anything."""
    business.happens(warm := sold())
    business.becomes(warm.name, "SYNCED")
    before = business.reads()
    number = next(NUMBERS)
    strangers = [order(line(number * 10 + n, "3.00"), number=number * 10 + n) for n in range(3)]
    for n, each in enumerate(strangers):
        each.customer_id = f"gid://shopify/Customer/{number}{n}"
        each.customer.CopyFrom(entity_pb2.Customer(first_name="New", last_name=f"Face {number}{n}"))
    business.happens(*strangers)
    for each in strangers:
        business.becomes(each.name, "SYNCED")
    assert business.reads() == before


def test_what_people_change_in_quickbooks_is_known_by_one_read_of_the_changes(business: Business) -> None:
    business.happens(warm := sold())
    business.becomes(warm.name, "SYNCED")
    [ada] = [row for row in business.listed("Customer") if row["DisplayName"] == "Ada"]
    renamed = {"entity": "Customer", "id": ada["Id"], "action": "change", "changes": {"DisplayName": "Ada Renamed"}}
    business.intuit("POST", f"companies/{US}/edit", **renamed)
    before = business.reads()
    with business.database() as database:
        database.execute("UPDATE company SET loaded_at = loaded_at - interval '1 minute'")
    business.read_company()
    after = business.reads()
    assert after["cdc"] == before.get("cdc", 0) + 1
    assert after["query"] == before["query"] + 2, "tax codes and rates, which change data capture leaves out"
    with business.database() as database:
        [name] = database.execute(
            "SELECT name FROM company_name WHERE qbo_id = %s AND list = 'Customer'", (ada["Id"],)
        ).fetchone() or [""]
    assert name == "Ada Renamed"


def test_what_quickbooks_refuses_for_good_says_its_words_and_does_not_stop_the_others(business: Business) -> None:
    bad, good = sold(), sold()
    business.spoil("fault_400", code="77777", message="No such thing", contains=f'"{bad.name[1:]}"')
    business.happens(bad, good)
    business.becomes(good.name, "SYNCED")
    record = business.becomes(bad.name, "ERROR")
    assert record.reason == "QUICKBOOKS_77777"
    assert "No such thing" in record.sentence


def test_an_order_that_makes_no_sense_is_one_error_and_the_others_go_on(business: Business) -> None:
    odd, good = sold(store_zone="Atlantis/Nowhere"), sold()
    business.happens(odd, good)
    business.becomes(good.name, "SYNCED")
    assert business.becomes(odd.name, "ERROR").reason == "NOT_UNDERSTOOD"


def test_a_refund_follows_its_order(business: Business) -> None:
    bought = sent_back(sold())
    business.happens(bought)
    business.becomes(f"{bought.name}-R1", "SYNCED")
    assert len(business.documents("SalesReceipt", bought.name[1:])) == 1
    [document] = business.documents("RefundReceipt", f"{bought.name[1:]}-R1")
    assert document["TotalAmt"] == 10.8


def test_a_refund_of_an_order_that_is_not_booked_is_not_booked_either(business: Business) -> None:
    bought = sent_back(sold())
    bought.currency = "EUR"
    business.happens(bought)
    business.becomes(bought.name, "ERROR")
    held = business.becomes(f"{bought.name}-R1", "ON_HOLD")
    assert bought.name in held.sentence
    assert business.documents("RefundReceipt", f"{bought.name[1:]}-R1") == []


def test_an_ignored_order_stays_out_of_the_books_when_it_changes(business: Business) -> None:
    bought = sold(currency="EUR")
    business.happens(bought)
    business.ignore(business.becomes(bought.name, "ERROR").record_id)
    bought.currency = "USD"
    later = sold()
    business.happens(bought, later)
    business.becomes(later.name, "SYNCED")
    assert business.becomes(bought.name, "SKIPPED").reason == "IGNORED"
    assert business.documents("SalesReceipt", bought.name[1:]) == []


def test_an_order_that_changed_after_it_was_booked_is_shown_and_never_written_over(business: Business) -> None:
    bought = sold()
    business.happens(bought)
    business.becomes(bought.name, "SYNCED")
    bought.agreements[0].sales[0].total.CopyFrom(shop_money(980))
    bought.totals.current_total.CopyFrom(shop_money(980))
    business.happens(bought)
    assert business.becomes(bought.name, "ERROR").reason == "CHANGED_AFTER_POSTING"
    assert [each["TotalAmt"] for each in business.documents("SalesReceipt", bought.name[1:])] == [10.8]


def test_customers_of_one_name_get_names_of_their_own(business: Business) -> None:
    people = [
        entity_pb2.EntityEvent(
            source_id=f"gid://shopify/Customer/{number}",
            customer=entity_pb2.Customer(first_name="Pat", last_name="Twin", email=f"pat{number}@twin.test"),
        )
        for number in (901, 902, 903)
    ]
    business.say(*people)
    until(
        lambda: sum("Pat Twin" in row["DisplayName"] for row in business.listed("Customer")) == 3,
        "all three are in QuickBooks",
    )
    names = sorted(row["DisplayName"] for row in business.listed("Customer") if "Pat Twin" in row["DisplayName"])
    assert "Pat Twin" in names
    assert len(set(names)) == 3


def test_a_name_that_somebody_took_meanwhile_leads_to_the_next_one(business: Business) -> None:
    business.spoil("fault_400", code="6240", resource="customer", contains="Quick Taken")
    business.say(
        entity_pb2.EntityEvent(
            source_id="gid://shopify/Customer/911",
            customer=entity_pb2.Customer(first_name="Quick", last_name="Taken", email="q@taken.test"),
        )
    )
    record = business.becomes("Quick Taken", "SYNCED")
    assert record.document_type == "Customer"


def test_access_revoked_inside_quickbooks_waits_and_all_arrives_once_after_reconnect(business: Business) -> None:
    business.intuit("POST", f"companies/{US}/tokens", action="disconnect")
    orders = [sold() for _ in range(3)]
    business.happens(*orders)
    until(
        lambda: business.connection().status == connection_pb2.CONNECTION_STATUS_UNHEALTHY,
        "the connection is unhealthy",
    )
    for each in orders:
        business.becomes(each.name, "PENDING")
    business.connect()
    for each in orders:
        business.becomes(each.name, "SYNCED")
        assert len(business.documents("SalesReceipt", each.name[1:])) == 1
