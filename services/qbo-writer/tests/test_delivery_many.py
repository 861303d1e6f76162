"""One order, several documents: whatever dies between them or in the middle of one, each stands in QuickBooks once."""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from intuit_sandbox.harness import US
from ledgerport.events.v2 import entity_pb2
from ledgerport.qbo_writer.v1 import sync_config_pb2 as pb
from ledgerport_local.home import temporary_home
from ledgerport_local.local_platform import LocalPlatform
from ledgerport_local.supervise import Patience
from qbo_writer_testing.shop import LATER, Tax, agreed, happened, line, order, paid, refund, stamp
from qbo_writer_testing.stage import QUICK, SERVICES, Business, until

NUMBERS = itertools.count(8001)
THING = line(1, "10.00", taxes=[Tax("0.80", "0.08")])
ANOTHER = line(2, "3.00")
KINDS = ("SalesReceipt", "Invoice", "RefundReceipt", "CreditMemo", "Payment", "JournalEntry")
Steps = tuple[entity_pb2.Order | None, entity_pb2.Order]


@pytest.fixture(scope="module")
def shared() -> Iterator[Business]:
    killed_often = Patience(longest=0.25, deaths=1000)
    with (
        temporary_home() as home,
        LocalPlatform(home, services=SERVICES, overrides=QUICK, durable=False, patience=killed_often) as platform,
    ):
        business = Business(platform, US)
        business.connect()
        business.configure(
            unmapped_products=pb.UNMAPPED_PRODUCT_POLICY_CREATE,
            payment_triggers=[pb.PAYMENT_TRIGGER_PENDING, pb.PAYMENT_TRIGGER_PARTIALLY_PAID],
        )
        yield business
        business.close()


@pytest.fixture
def business(shared: Business) -> Iterator[Business]:
    """Intuit in good health afterwards."""
    yield shared
    shared.intuit("DELETE", "faults")


# --- what happens to orders -----------------------------------------------------------------------


def unpaid() -> entity_pb2.Order:
    return order(THING, number=next(NUMBERS), paid_by=[])


def sold() -> entity_pb2.Order:
    number = next(NUMBERS)
    return order(THING, number=number, paid_by=[paid("10.80", number=number)])


def by_two_gateways() -> Steps:
    number = next(NUMBERS)
    money = [paid("5.80", number=number), paid("5.00", gateway="paypal", number=number)]
    return None, order(THING, number=number, paid_by=money)


def taken_back(before: entity_pb2.Order, **members: Any) -> entity_pb2.Order:
    """The thing came back, and no money moved."""
    number = next(NUMBERS)
    agreement = agreed(number, THING.back(), reason="REFUND", refund=number, at=LATER)
    return happened(before, agreement, refunds=[refund(number)], **members)


def returned_on_account() -> Steps:
    before = unpaid()
    return before, taken_back(before)


def paid_back_later() -> Steps:
    """What came back earlier is paid back now: money against a credit that is booked already."""
    before, number = taken_back(sold()), next(NUMBERS)
    money = paid("10.80", kind="REFUND", at=LATER, number=number)
    return before, happened(before, money=[money], refunds=[refund(number, money)])


def edited() -> Steps:
    before = unpaid()
    return before, happened(before, agreed(next(NUMBERS), ANOTHER, reason="ORDER_EDIT", at=LATER), parts=[ANOTHER])


def cancelled() -> Steps:
    before = unpaid()
    return before, taken_back(before, cancelled_at=stamp(LATER))


@dataclass(frozen=True)
class Case:
    """An order before and after, the kind of write that is disturbed, and what stands at the end."""

    resource: str
    steps: Callable[[], Steps]
    standing: dict[str, int]
    # Of the one invoice of the order: its total, and how often it was written.
    invoice: tuple[float, str] | None = None
    # What its records are called, beside the order's own name.
    records: tuple[str, ...] = field(default=())


CASES = {
    "an invoice's payments": Case(
        "payment", by_two_gateways, {"Invoice": 1, "Payment": 2}, None, (" PayPal", " Shopify Payments")
    ),
    "the credit memo of a return": Case(
        "creditmemo", returned_on_account, {"Invoice": 1, "CreditMemo": 1, "Payment": 1}, None, ("-R1",)
    ),
    "a credit that is set off": Case(
        "payment", returned_on_account, {"Invoice": 1, "CreditMemo": 1, "Payment": 1}, None, ("-R1",)
    ),
    "money that is paid back": Case(
        "journalentry",
        paid_back_later,
        {"SalesReceipt": 1, "CreditMemo": 1, "JournalEntry": 1, "Payment": 1},
        None,
        ("-R2",),
    ),
    "an update": Case("invoice", edited, {"Invoice": 1}, (13.80, "1")),
    "a void": Case("invoice", cancelled, {"Invoice": 1}, (0, "1")),
}


def of_order(business: Business, name: str) -> list[tuple[str, dict[str, Any]]]:
    named = re.compile(re.escape(name) + r"\b")
    rows = [(kind, row) for kind in KINDS for row in business.listed(kind)]
    return [(kind, row) for kind, row in rows if named.search(row.get("PrivateNote", ""))]


def standing(business: Business, name: str) -> Counter[str]:
    return Counter(kind for kind, _ in of_order(business, name))


def statuses(business: Business, case: Case, since: float) -> list[int]:
    return [write["status"] for write in business.writes(case.resource, since)]


def begin(business: Business, case: Case) -> entity_pb2.Order:
    """The order as it was is in the books; what happens next is not said yet."""
    before, after = case.steps()
    if before is not None:
        business.happens(before)
        business.becomes(before.name, "SYNCED")
        for each in before.refunds:
            until(lambda: standing(business, before.name)["CreditMemo"], f"{each.id} is in the books")
        until(lambda: not pending(business, before.name), "nothing is left to do")
    return after


def pending(business: Business, name: str) -> int:
    """Records of this order that are still to be tried, and writes that are not settled."""
    with business.database() as database:
        row = database.execute(
            "SELECT count(*) FROM record r LEFT JOIN record p ON p.id = r.parent_id LEFT JOIN claim c"
            " ON c.record_id = r.id WHERE coalesce(p.reference, r.reference) = %s"
            " AND (r.status = 'pending' OR c.record_id IS NOT NULL)",
            (name,),
        ).fetchone()
    return int(row[0]) if row else 0


def ends_well(business: Business, case: Case, after: entity_pb2.Order) -> None:
    """Everything is synced, each document stands once, and nothing is open that could be set off."""
    business.becomes(after.name, "SYNCED", seconds=20)
    for each in case.records:
        business.becomes(f"{after.name}{each}", "SYNCED", seconds=20)
    until(lambda: not pending(business, after.name), "nothing is left to do")
    assert standing(business, after.name) == case.standing
    documents = of_order(business, after.name)
    if case.invoice is not None:
        [(_, invoice)] = documents
        assert (invoice["TotalAmt"], invoice["SyncToken"]) == case.invoice
    else:
        assert not any(row.get("Balance") or row.get("UnappliedAmt") for _, row in documents)


# --- where it dies --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_a_writer_killed_before_it_was_answered_at_all_writes_each_once(business: Business, name: str) -> None:
    case = CASES[name]
    after = begin(business, case)
    since = time.time()
    business.spoil("html_503", resource=case.resource, times=1000)
    business.happens(after)
    until(lambda: 503 in statuses(business, case, since), "the write is refused again and again")
    business.kill()
    business.intuit("DELETE", "faults")
    ends_well(business, case, after)


@pytest.mark.parametrize("name", CASES)
def test_a_writer_killed_between_send_and_answer_writes_each_once(business: Business, name: str) -> None:
    case = CASES[name]
    after = begin(business, case)
    business.spoil("delay_then_cut_after", resource=case.resource, seconds=1)
    business.happens(after)
    until(business.spoiled, "the write is on its way")
    business.kill()
    ends_well(business, case, after)


@pytest.mark.parametrize("name", CASES)
def test_a_writer_killed_between_answer_and_settle_writes_each_once(business: Business, name: str) -> None:
    case = CASES[name]
    after = begin(business, case)
    since = time.time()
    business.spoil("html_503", resource=case.resource, times=1000)
    business.happens(after)
    until(lambda: 503 in statuses(business, case, since), "the write is refused again and again")
    with business.database() as blocker:
        # A claim needs nothing of this table; settling has to wait for us.
        blocker.execute("LOCK TABLE document IN SHARE MODE")
        business.intuit("DELETE", "faults")
        until(lambda: 200 in statuses(business, case, since), "the document is in QuickBooks")
        business.platform.kill("qbo-writer")
    business.platform.wait_ready("qbo-writer")
    ends_well(business, case, after)


@pytest.mark.parametrize("name", CASES)
def test_a_lost_answer_and_a_forgotten_request_id_are_met_by_looking_first(business: Business, name: str) -> None:
    case = CASES[name]
    after = begin(business, case)
    since = time.time()
    business.spoil("cut_after", resource=case.resource)
    business.spoil("html_503", resource=case.resource, times=1000)
    business.happens(after)
    until(lambda: 503 in statuses(business, case, since), "the answer was lost and is not repeated")
    business.intuit("POST", "forget-request-ids")
    until(lambda: looked_first(business, after.name), "it was looked for")
    business.intuit("DELETE", "faults")
    ends_well(business, case, after)


def looked_first(business: Business, name: str) -> bool:
    with business.database() as database:
        row = database.execute(
            "SELECT count(*) FROM attempt a JOIN record r ON r.id = a.record_id"
            " LEFT JOIN record p ON p.id = r.parent_id"
            " WHERE coalesce(p.reference, r.reference) = %s AND a.operation = 'find'",
            (name,),
        ).fetchone()
    return bool(row and row[0])


# --- a person in between --------------------------------------------------------------------------


def invoice_of(business: Business, name: str) -> dict[str, Any]:
    [invoice] = business.documents("Invoice", name[1:])
    return invoice


def somebody_edits(business: Business, name: str) -> dict[str, Any]:
    """A person changes the memo of the invoice inside QuickBooks."""
    changes = {"CustomerMemo": {"value": "Please pay soon"}}
    wanted = {"entity": "Invoice", "id": invoice_of(business, name)["Id"], "changes": changes}
    business.intuit("POST", f"companies/{US}/edit", **wanted)
    return invoice_of(business, name)


@pytest.mark.parametrize("steps", [edited, cancelled])
def test_what_a_person_edited_is_an_error_and_never_written_over(
    business: Business, steps: Callable[[], Steps]
) -> None:
    after = begin(business, Case("invoice", steps, {}))
    theirs = somebody_edits(business, after.name)
    business.happens(after)
    assert business.becomes(after.name, "ERROR").reason == "EDITED_IN_QUICKBOOKS"
    assert invoice_of(business, after.name) == theirs


@pytest.mark.parametrize("steps", [edited, cancelled])
def test_an_edit_between_claim_and_send_is_seen_too(business: Business, steps: Callable[[], Steps]) -> None:
    case = Case("invoice", steps, {})
    after = begin(business, case)
    since = time.time()
    business.spoil("html_503", resource="invoice", times=1000)
    business.happens(after)
    until(lambda: 503 in statuses(business, case, since), "the write is refused again and again")
    theirs = somebody_edits(business, after.name)
    business.intuit("DELETE", "faults")
    assert business.becomes(after.name, "ERROR").reason == "EDITED_IN_QUICKBOOKS"
    assert invoice_of(business, after.name) == theirs
