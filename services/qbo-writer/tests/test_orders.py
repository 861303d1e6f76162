"""Orders become documents that QuickBooks accepts at Shopify's total, or a named reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledgerport.events.v2 import entity_pb2
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.company import TaxWorld
from qbo_writer.posting.config import Discounts, Method, PostingDate, SyncConfig, TaxFallback, ZeroOrders
from qbo_writer.posting.plan import Subject, plan
from qbo_writer.posting.verdicts import Adopt, Booked, Document, Needs, Problem, Status, Verdict
from qbo_writer_testing.real_books import CONFIG, RealBooks
from qbo_writer_testing.shop import (
    RECORD,
    Everything,
    Tax,
    company,
    duty,
    event,
    fee,
    line,
    money_kept,
    order,
    paid,
    shipping,
    stamp,
    tip,
)

ORDER = "gid://shopify/Order/1"
Open = Callable[..., RealBooks]

US_ORDERS: dict[str, entity_pb2.Order] = {
    "tax added, order discount with a cent of rounding, taxed shipping, a custom line": order(
        line(1, "9.99", quantity=2, off="2.00", taxes=[Tax("1.48")]),
        line(2, "9.55", off="0.95", taxes=[Tax("0.71")]),
        line(3, "6.00", off="0.60", taxes=[Tax("0.45")], variant=None, title="Gift wrap"),
        shipping("5.90", Tax("0.41")),
    ),
    "no tax at all": order(line(1, "10.00", quantity=3)),
    "a guest": order(line(1, "10.00", taxes=[Tax("0.83")]), guest=True),
    "the same SKU twice": order(
        line(4, "10.00", variant=44, sku="TWIN"), line(5, "20.00", variant=44, sku="TWIN", taxes=[Tax("1.65")])
    ),
    "a discount of everything": order(line(1, "12.00", off="12.00")),
    "a free order": order(line(1, "0")),
    "taxed and untaxed lines, both discounted": order(
        line(1, "20.00", off="10.00", taxes=[Tax("0.83")]), line(2, "20.00", off="3.00")
    ),
    "three of one thing": order(line(6, "3.33", quantity=3)),
    "emoji, control characters and a very long title": order(
        line(7, "5.00", title="Mug \U0001f600\x07 " + "very long " * 60)
    ),
    "a title with a colon": order(line(8, "5.00", title="Tea: green")),
    "a name that fits no document number": order(line(1, "5.00"), name="#" + "9" * 22),
    "several rates of tax": order(
        line(1, "100.00", taxes=[Tax("6.25", "0.0625", "State"), Tax("3.00", "0.03", "City")])
    ),
    "cash with change": order(
        line(1, "6.00", taxes=[Tax("0.50")]),
        guest=True,
        paid_by=[
            paid("10.00", gateway="cash", number=1),
            paid("3.50", kind="CHANGE", gateway="cash", parent_id="gid://shopify/OrderTransaction/1SALEcash"),
        ],
    ),
    "cash rounded down": order(
        line(1, "10.02"), guest=True, paid_by=[paid("10.00", gateway="cash", rounding="-0.02")], financial_status="PAID"
    ),
    "a quantity of a thousand": order(line(9, "1.23", quantity=1000)),
    "shipping alone": order(line(1, "0"), shipping("7.00")),
    "a tip, a duty and a fee": order(line(1, "10.00"), tip("2.50"), duty("3.00"), fee("1.25")),
    "a gift card sold": order(line(1, "50.00", gift_card=True, variant=None)),
    "tax that a marketplace remits": order(line(1, "100.00", taxes=[Tax("8.25", channel=True)])),
    "a gift card beside a card": order(
        line(1, "80.00", taxes=[Tax("6.60")]), paid_by=[paid("50.00", gateway="gift_card"), paid("36.60")]
    ),
    "a gift card alone": order(line(1, "80.00"), paid_by=[paid("80.00", gateway="gift_card")]),
    "three hundred lines": order(*(line(n, "1.01", taxes=[Tax("0.08")]) for n in range(1, 301))),
}
VAT = {"title": "VAT", "rate": "0.2"}


def vat(amount: str, rate: str = "0.2") -> Tax:
    return Tax(amount, rate, "VAT")


def british(*parts: Any, **members: Any) -> entity_pb2.Order:
    return order(*parts, currency="GBP", taxes_included=True, **members)


BRITISH_ORDERS: dict[str, entity_pb2.Order] = {
    "VAT inside the prices, a zero rated line": british(
        line(1, "42.50", quantity=2, taxes=[vat("17.00")]),
        line(2, "7.99", taxes=[vat("0", "0")]),
        shipping("3.29", vat("0.66")),
    ),
    "three cheap lines whose VAT rounds line by line": british(
        *(line(n, "0.82", taxes=[vat("0.17")]) for n in (1, 2, 3))
    ),
    "reduced and standard rate, a guest": british(
        line(1, "10.00", taxes=[vat("0.50", "0.05")]), line(2, "4.37", taxes=[vat("0.88")]), guest=True
    ),
    "prices without VAT": order(line(1, "20.00", taxes=[vat("4.00")]), currency="GBP"),
    "everything given away": british(line(1, "9.00", off="9.00")),
    "a gift card sold and one used": british(
        line(1, "25.00", gift_card=True, variant=None),
        line(2, "10.00", taxes=[vat("2.00")]),
        paid_by=[paid("7.00", gateway="gift_card"), paid("30.00")],
    ),
}

ACCEPTED = [
    *((world, name) for world in (TaxWorld.US_MANUAL, TaxWorld.US_AUTOMATED) for name in US_ORDERS),
    *((TaxWorld.GLOBAL, name) for name in BRITISH_ORDERS),
]


def sold(made: entity_pb2.Order) -> entity_pb2.EntityEvent:
    return event(order=made)


def first(made: entity_pb2.Order, config: SyncConfig = CONFIG, world: TaxWorld = TaxWorld.US_MANUAL) -> Verdict:
    """What posting says of an order whose references are all there."""
    subject = Subject("order", RECORD, ORDER, sold(made))
    return plan(subject, company(world), config, Everything())


def document(made: entity_pb2.Order, config: SyncConfig = CONFIG, world: TaxWorld = TaxWorld.US_MANUAL) -> Document:
    verdict = first(made, config, world)
    assert isinstance(verdict, Document), verdict
    return verdict


@pytest.mark.parametrize(("world", "name"), ACCEPTED, ids=[f"{world}: {name}" for world, name in ACCEPTED])
@pytest.mark.parametrize("method", Method)
def test_quickbooks_accepts_the_documents_at_shopifys_total(
    opened: Open, world: TaxWorld, name: str, method: Method
) -> None:
    made = (BRITISH_ORDERS if world is TaxWorld.GLOBAL else US_ORDERS)[name]
    books = opened(world, config=replace(CONFIG, method=method))
    verdicts = books.book(sold(made))
    assert all(isinstance(verdict, Booked) for verdict in verdicts.values()), verdicts
    assert books.owed() == 0
    assert books.cleared() == money_kept(made)
    assert {written.document.date for written in books.written} == {"2026-11-01"}


def test_the_taxable_amount_in_quickbooks_is_net_of_the_discount(opened: Open) -> None:
    books = opened()
    books.book(sold(order(line(1, "20.00", off="10.00", taxes=[Tax("0.83")]))))
    [written] = books.written
    assert written.made["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] == 10


def test_money_lands_in_the_clearing_account_of_its_gateway(opened: Open) -> None:
    books = opened()
    books.book(sold(order(line(1, "8.00"), paid_by=[paid("8.00", gateway="paypal")])))
    account = books.written[0].made["DepositToAccountRef"]
    assert account["name"] == "PayPal Clearing"
    assert books.ledger.balances()[account["value"]] == 800


def test_old_spellings_of_a_gateway_are_the_same_gateway() -> None:
    spelled = [paid("4.00", gateway="Gift Card"), paid("4.00", gateway="gift_card", number=2)]
    made = document(order(line(1, "8.00"), paid_by=spelled))
    assert (made.entity, str(made.total)) == ("SalesReceipt", "0.00")


def test_a_company_without_sales_tax_gets_the_tax_as_a_line() -> None:
    made = document(order(line(1, "10.00", taxes=[Tax("0.83")])), world=TaxWorld.NONE)
    assert "TxnTaxDetail" not in made.body
    assert [str(each["Amount"]) for each in made.body["Line"]] == ["10.00", "0.83"]
    assert {each["SalesItemLineDetail"]["TaxCodeRef"]["value"] for each in made.body["Line"]} == {"NON"}


def test_tax_that_quickbooks_changes_is_an_error_by_default(opened: Open) -> None:
    books = opened(TaxWorld.US_AUTOMATED, automated_total="shifted", automated_shift_minor=3)
    verdicts = books.book(sold(order(line(1, "10.00", taxes=[Tax("0.83")]))))
    verdict = verdicts[("order", ORDER)]
    assert isinstance(verdict, Problem)
    assert verdict.reason == "TOTALS_DIFFER"


def test_tax_that_quickbooks_changes_becomes_a_line_where_the_config_says_so(opened: Open) -> None:
    config = replace(CONFIG, tax_fallback=TaxFallback.LIABILITY_LINE)
    books = opened(TaxWorld.US_AUTOMATED, config=config, automated_total="shifted", automated_shift_minor=3)
    verdicts = books.book(sold(order(line(1, "10.00", taxes=[Tax("0.83")]))))
    assert isinstance(verdicts[("order", ORDER)], Booked)
    assert [written.made["TotalAmt"] for written in books.written][-1] * 100 == 1083


SAID: dict[str, tuple[entity_pb2.Order, Status, str]] = {
    "a test order": (order(line(1, "5.00"), test=True), Status.SKIPPED, "TEST_ORDER"),
    "paid with a test card": (order(line(1, "5.00"), paid_by=[paid("5.00", test=True)]), Status.SKIPPED, "TEST_ORDER"),
    "cancelled before any payment": (
        order(line(1, "5.00"), paid_by=[], cancelled_at=stamp("2026-11-03T00:00:00+00:00")),
        Status.SKIPPED,
        "CANCELLED_UNPAID",
    ),
    "a bank transfer that has not come": (
        order(line(1, "5.00"), paid_by=[paid("5.00", status="PENDING", gateway="bank")]),
        Status.ON_HOLD,
        "TRIGGER",
    ),
    "only authorised": (
        order(line(1, "5.00"), paid_by=[paid("5.00", kind="AUTHORIZATION")], financial_status="AUTHORIZED"),
        Status.ON_HOLD,
        "TRIGGER",
    ),
    "paid in part": (
        order(line(1, "5.00"), paid_by=[paid("4.99")], financial_status="PARTIALLY_PAID"),
        Status.ON_HOLD,
        "TRIGGER",
    ),
    "in another currency than the books": (
        order(line(1, "5.00"), currency="EUR"),
        Status.ERROR,
        "CURRENCY_NOT_ENABLED",
    ),
    "whose amounts do not add up": (
        order(line(1, "5.00"), totals=entity_pb2.OrderTotals(current_total=entity_pb2.Amount(shop=501))),
        Status.ERROR,
        "AMOUNTS_DO_NOT_ADD_UP",
    ),
    "whose payments do not add up": (
        order(line(1, "5.00"), totals=entity_pb2.OrderTotals(net_payment=entity_pb2.Amount(shop=499))),
        Status.ERROR,
        "AMOUNTS_DO_NOT_ADD_UP",
    ),
    "whose cash was rounded otherwise than its payments say": (
        order(
            line(1, "5.02"),
            paid_by=[paid("5.00", gateway="cash", rounding="-0.02")],
            totals=entity_pb2.OrderTotals(cash_rounding_payment=entity_pb2.Amount(shop=-5)),
        ),
        Status.ERROR,
        "AMOUNTS_DO_NOT_ADD_UP",
    ),
    "converted, and further off than rounding explains": (
        order(
            line(1, "5.00"),
            presentment_currency="CAD",
            totals=entity_pb2.OrderTotals(current_total=entity_pb2.Amount(shop=510)),
        ),
        Status.ERROR,
        "AMOUNTS_DO_NOT_ADD_UP",
    ),
    "with a part of a kind that Shopify invented later": (
        order(fee("5.00", "MYSTERY")),
        Status.ERROR,
        "NO_BOOKING_RULE",
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_not_booked_says_why(name: str) -> None:
    made, status, reason = SAID[name]
    verdict = first(made)
    assert isinstance(verdict, Problem)
    assert (verdict.status, verdict.reason) == (status, reason)
    assert verdict.sentence


UNPAID = order(line(1, "5.00"), paid_by=[])
CONFIGURED: dict[str, tuple[SyncConfig, entity_pb2.Order, Status, str]] = {
    "orders are switched off": (
        replace(CONFIG, entities=CONFIG.entities - {"order"}),
        order(line(1, "5.00")),
        Status.ON_HOLD,
        "ENTITY_OFF",
    ),
    "nothing goes by itself": (
        replace(CONFIG, auto_sync=False),
        order(line(1, "5.00")),
        Status.ON_HOLD,
        "AUTO_SYNC_OFF",
    ),
    "placed before the start": (
        replace(CONFIG, start_date="2026-11-02"),
        order(line(1, "5.00")),
        Status.SKIPPED,
        "BEFORE_START_DATE",
    ),
    "not fulfilled yet": (
        replace(CONFIG, fulfillment_triggers=frozenset({"FULFILLED"})),
        order(line(1, "5.00"), fulfillment_status="PARTIALLY_FULFILLED"),
        Status.ON_HOLD,
        "TRIGGER",
    ),
    "of no worth": (replace(CONFIG, zero_orders=ZeroOrders.SKIP), order(line(1, "0")), Status.SKIPPED, "ZERO_ORDER"),
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_sync_config_holds_or_skips_and_says_so(name: str) -> None:
    config, made, status, reason = CONFIGURED[name]
    verdict = first(made, config)
    assert isinstance(verdict, Problem)
    assert (verdict.status, verdict.reason) == (status, reason)


@pytest.mark.parametrize("name", CONFIGURED)
def test_a_push_stands_for_auto_sync_and_triggers_and_for_nothing_else(name: str) -> None:
    config, made, _, reason = CONFIGURED[name]
    verdict = plan(
        Subject("order", RECORD, ORDER, sold(made), pushed=True), company(TaxWorld.US_MANUAL), config, Everything()
    )
    if reason in ("AUTO_SYNC_OFF", "TRIGGER"):
        assert isinstance(verdict, Document)
    else:
        assert isinstance(verdict, Problem)
        assert verdict.reason == reason


@pytest.mark.parametrize("status", ["FULFILLED", "FULFILLMENT_NOT_REQUIRED"])
def test_what_needs_no_fulfilment_counts_as_fulfilled(status: str) -> None:
    config = replace(CONFIG, fulfillment_triggers=frozenset({"FULFILLED"}))
    assert document(order(line(1, "5.00"), fulfillment_status=status), config)


def test_an_unpaid_order_is_an_invoice_where_its_status_is_ticked(opened: Open) -> None:
    books = opened(config=replace(CONFIG, payment_triggers=frozenset({"PENDING", "PAID"})))
    books.book(sold(UNPAID))
    assert [written.document.entity for written in books.written] == ["Invoice"]
    assert books.owed() == 500


def test_discounts_stand_inside_their_lines_where_the_config_says_so() -> None:
    made = document(order(line(1, "20.00", quantity=2, off="5.00")), replace(CONFIG, discounts=Discounts.INSIDE))
    assert [str(each["Amount"]) for each in made.body["Line"]] == ["35.00"]


def test_the_posting_date_may_be_that_of_the_payment() -> None:
    bought = order(line(1, "5.00"), paid_by=[paid("5.00", at="2026-11-09T18:00:00+00:00")])
    assert document(bought).date == "2026-11-01"
    assert document(bought, replace(CONFIG, posting_date=PostingDate.PAYMENT)).date == "2026-11-09"


def test_memo_class_and_location_of_the_config_stand_in_the_document() -> None:
    config = replace(CONFIG, customer_memo="Thank you!", class_id="5000000000000007280", location_id="3")
    body = document(order(line(1, "5.00")), config).body
    assert body["CustomerMemo"] == {"value": "Thank you!"}
    assert (body["ClassRef"]["value"], body["DepartmentRef"]["value"]) == ("5000000000000007280", "3")


def test_a_rate_that_no_tax_code_has_is_named() -> None:
    made = order(line(1, "10.00", taxes=[Tax("1.75", "0.175", "VAT")]), currency="GBP")
    verdict = first(made, world=TaxWorld.GLOBAL)
    assert isinstance(verdict, Problem)
    assert verdict.reason == "TAX_CODE_NOT_MAPPED"
    assert "VAT 17.5 %" in verdict.sentence


def test_a_tax_code_chosen_by_hand_wins() -> None:
    made = order(line(1, "10.00", taxes=[Tax("1.75", "0.175", "VAT")]), currency="GBP")
    mapped = Everything({("tax", "VAT 17.5 %"): "6"})
    mapped_plan = plan(Subject("order", RECORD, ORDER, sold(made)), company(TaxWorld.GLOBAL), CONFIG, _with_tax(mapped))
    assert isinstance(mapped_plan, Document)
    assert mapped_plan.body["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"]["value"] == "6"


def _with_tax(mapped: Everything) -> Everything:
    class Chosen(Everything):
        def __contains__(self, key: object) -> bool:
            return dict.__contains__(self, key) or super().__contains__(key)

    return Chosen(mapped)


def test_whatever_is_missing_is_asked_for_at_once() -> None:
    subject = Subject("order", RECORD, ORDER, sold(order(line(1, "10.00", taxes=[Tax("0.83")]))))
    assert plan(subject, company(), CONFIG, {}) == Needs(
        (
            ("customer", "gid://shopify/Customer/1"),
            ("setup", "account:clearing:Shopify Payments"),
            ("product", "gid://shopify/ProductVariant/1"),
        )
    )


def test_a_business_order_is_booked_on_the_business_with_its_due_day() -> None:
    made = order(
        line(1, "5.00"),
        paid_by=[],
        company=entity_pb2.Company(id="gid://shopify/Company/9", name="Acme"),
        payment_terms=entity_pb2.PaymentTerms(name="Net 30", due_at=stamp("2026-12-01T12:00:00+00:00")),
    )
    config = replace(CONFIG, payment_triggers=frozenset({"PENDING"}))
    asked = plan(Subject("order", RECORD, ORDER, sold(made)), company(), config, {})
    assert isinstance(asked, Needs)
    assert ("customer", "gid://shopify/Company/9") in asked.keys
    assert document(made, config).body["DueDate"] == "2026-12-01"


@pytest.mark.parametrize("name", US_ORDERS)
def test_the_same_plan_is_always_the_same_bytes(name: str) -> None:
    assert to_bytes(document(US_ORDERS[name]).body) == to_bytes(document(US_ORDERS[name]).body)


def test_the_marker_and_the_number_stand_in_the_document() -> None:
    made = document(order(line(1, "5.00"), name="#1001"))
    assert made.body["PrivateNote"] == f"Shopify order #1001 [ledgerport:{RECORD}]"
    assert made.body["DocNumber"] == "1001"


def test_a_prefix_stands_before_the_number() -> None:
    assert document(order(line(1, "5.00")), replace(CONFIG, number_prefix="SH-")).number == "SH-1"


def test_no_number_where_it_does_not_fit_or_the_company_numbers_by_itself() -> None:
    assert "DocNumber" not in document(order(line(1, "5.00"), name="#" + "1" * 22)).body
    subject = Subject("order", RECORD, ORDER, sold(order(line(1, "5.00"))))
    numbered = plan(subject, company(custom_numbers=False), CONFIG, Everything())
    assert isinstance(numbered, Document)
    assert "DocNumber" not in numbered.body


def test_a_deleted_order_is_skipped() -> None:
    gone = event(gone=entity_pb2.Gone(kind="order"))
    verdict = plan(Subject("order", RECORD, ORDER, gone), company(), CONFIG, {})
    assert isinstance(verdict, Problem)
    assert (verdict.status, verdict.reason) == (Status.SKIPPED, "GONE")


def test_an_account_that_the_company_has_is_adopted(opened: Open) -> None:
    assert opened().plan(("setup", "account:sales"), entity_pb2.EntityEvent()) == Adopt("Account", "79")
