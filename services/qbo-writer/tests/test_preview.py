"""A preview is what delivery then sends, byte for byte, with debits and credits that balance; and it sends nothing."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import grpc
import pytest

from intuit_sandbox.harness import US
from ledgerport.events.v1 import record_pb2
from ledgerport.events.v2 import entity_pb2
from ledgerport.qbo_writer.v1 import preview_pb2, sync_config_pb2
from ledgerport_local.home import temporary_home
from qbo_writer_testing.shop import LATER, Tax, agreed, happened, line, order, paid, refund, shipping
from qbo_writer_testing.stage import Business, running

NUMBERS = itertools.count(8001)
THING = line(1, "20.00", off="2.00", taxes=[Tax("1.44", "0.08")])


@pytest.fixture(scope="module")
def business() -> Iterator[Business]:
    with temporary_home() as home, running(home) as platform:
        made = Business(platform, US)
        made.connect()
        made.configure(unmapped_products=sync_config_pb2.UNMAPPED_PRODUCT_POLICY_CREATE)
        yield made
        made.close()


def sold(*gateways: str) -> entity_pb2.Order:
    """24.44 paid through these gateways, refunded by a line."""
    number = next(NUMBERS)
    shares = ["24.44"] if len(gateways) == 1 else ["20.00", "4.44"]
    payments = [
        paid(share, gateway=gateway, number=number * 10 + place)
        for place, (share, gateway) in enumerate(zip(shares, gateways, strict=True))
    ]
    placed = order(THING, shipping("5.00"), number=number, paid_by=payments)
    money = paid("19.44", kind="REFUND", gateway=gateways[0], at=LATER, number=number)
    back = agreed(number, THING.back(), reason="REFUND", refund=number, at=LATER)
    return happened(placed, back, money=[money], refunds=[refund(number, money)])


def shown(business: Business, reference: str) -> preview_pb2.PreviewRecordResponse:
    record = business.record(reference)
    assert record is not None
    return business.preview(record.record_id)


def sent(business: Business, reference: str) -> list[str]:
    """Bodies that went out for a record, oldest first."""
    record = business.record(reference)
    assert record is not None
    attempts = reversed(business.attempts(record.record_id))
    return [attempt.request for attempt in attempts if attempt.operation in ("create", "update", "void")]


def previewed_then_delivered(business: Business, *states: entity_pb2.Order) -> list[preview_pb2.PreviewedDocument]:
    """What the preview of the order said while nothing could go out; then everything goes out."""
    business.pause()
    since = time.time()
    business.happens(*states)
    name = states[-1].name
    business.becomes(name, "PENDING")
    documents = list(shown(business, name).documents)
    assert business.writes("salesreceipt", since) == [], "nothing was sent"
    business.resume()
    business.becomes(name, "SYNCED", seconds=30)
    return documents


def test_what_was_previewed_is_what_was_sent(business: Business) -> None:
    first = sold("shopify_payments")
    previewed_then_delivered(business, first)
    business.becomes(f"{first.name}-R1", "SYNCED")
    documents = previewed_then_delivered(business, again := sold("shopify_payments"))
    assert [(each.type, each.exact) for each in documents] == [("SalesReceipt", True)]
    assert [each.body.decode() for each in documents] == sent(business, again.name)


def test_a_refund_is_previewed_byte_for_byte_once_its_order_is_booked(business: Business) -> None:
    whole = sold("shopify_payments")
    without = entity_pb2.Order()
    without.CopyFrom(whole)
    del without.refunds[:], without.agreements[1:], without.transactions[1:]
    without.totals.current_total.shop = without.totals.net_payment.shop = 2444
    business.happens(without)
    business.becomes(without.name, "SYNCED")
    business.pause()
    business.happens(whole)
    reference = f"{whole.name}-R1"
    business.becomes(reference, "PENDING")
    [document] = shown(business, reference).documents
    business.resume()
    business.becomes(reference, "SYNCED", seconds=30)
    assert (document.exact, [document.body.decode()]) == (True, sent(business, reference))


def test_what_is_made_first_is_shown_first_under_its_name(business: Business) -> None:
    business.pause()
    stranger = sold("paypal", "manual")
    stranger.customer_id = "gid://shopify/Customer/4711"
    stranger.customer.CopyFrom(entity_pb2.Customer(first_name="Grace", last_name="Newcomer"))
    business.happens(stranger)
    business.becomes(stranger.name, "PENDING")
    answer = shown(business, stranger.name)
    business.resume()
    assert answer.outcome == record_pb2.RECORD_STATUS_SYNCED
    assert answer.documents[0].type == "Customer"
    invoice = answer.documents[-1]
    assert (invoice.type, invoice.exact) == ("Invoice", False)
    assert b'"CustomerRef":{"value":"<Customer Grace Newcomer>"}' in invoice.body
    business.becomes(stranger.name, "SYNCED", seconds=30)


def test_debits_and_credits_balance_and_name_the_accounts(business: Business) -> None:
    [document] = previewed_then_delivered(business, sold("shopify_payments"))
    amounts = {entry.account: (entry.debit.minor, entry.credit.minor) for entry in document.entries}
    assert sum(debit for debit, _ in amounts.values()) == sum(credit for _, credit in amounts.values())
    assert amounts["Shopify Payments Clearing"] == (2444, 0)
    assert amounts["Sales tax payable"] == (0, 144)
    assert amounts["Sales of Product Income"] == (0, 2000)


def test_a_preview_says_why_a_record_would_stop(business: Business) -> None:
    waiting = order(THING, number=next(NUMBERS), paid_by=[])
    business.happens(waiting)
    business.becomes(waiting.name, "ON_HOLD")
    answer = shown(business, waiting.name)
    assert (list(answer.documents), answer.reason) == ([], "TRIGGER")
    assert "paid" in answer.sentence


def test_a_record_of_nobodys_is_not_found(business: Business) -> None:
    for wrong in ("11111111-1111-4111-8111-111111111111", "x"):
        with pytest.raises(grpc.RpcError) as refused:
            business.preview(wrong)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
