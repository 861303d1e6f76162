"""What happens to an order later is booked as what it is, when it happens; what stands in the books is left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ledgerport_local.audit import Comparison
from ledgerport_local.audit_facts import BookedDocument
from ledgerport_local.demo import SHOP, Stage

BecomeRight = Callable[[], Comparison]
DocumentsOf = Callable[[str], list[BookedDocument]]
Eventually = Callable[[Callable[[], object], str], None]


@pytest.fixture(scope="module", autouse=True)
def unpaid_orders_flow_too(stage: Stage) -> None:
    statuses = ("AUTHORIZED", "PARTIALLY_PAID", "PENDING")
    stage.visitor.configure({f"payment_triggers.{each}": "yes" for each in statuses})


@pytest.fixture
def placed(stage: Stage, documents_of: DocumentsOf, eventually: Eventually) -> Callable[..., Any]:
    """An order of two lamps and a shade, once it is in the books."""

    def place(**cart: object) -> Any:
        lines = [{"title": "Lamp", "price": 2000, "quantity": 2}, {"title": "Shade", "price": 750}]
        order = stage.shopify("order", shop=SHOP, cart={"lines": lines, "shipping": 500, **cart})
        eventually(lambda: documents_of(order["name"]), f"{order['name']} is in the books")
        return order

    return place


def kinds(documents: list[BookedDocument]) -> Counter[str]:
    return Counter(each.kind for each in documents)


def numbered(documents: list[BookedDocument], number: str) -> BookedDocument | None:
    return next((each for each in documents if each.number == number), None)


def test_two_gateways_make_an_invoice_with_a_payment_into_each_clearing_account(
    stage: Stage, placed: Callable[..., Any], documents_of: DocumentsOf, books_become_right: BecomeRight
) -> None:
    order = placed(tender="two_gateways")
    books_become_right()
    documents = documents_of(order["name"])
    assert kinds(documents) == {"Invoice": 1, "Payment": 2}
    assert len({each.account for each in documents if each.kind == "Payment"}) == 2
    assert not any(each.open for each in documents)


def test_an_edit_after_payment_is_a_further_document_and_leaves_the_first_alone(
    stage: Stage,
    placed: Callable[..., Any],
    documents_of: DocumentsOf,
    eventually: Eventually,
    books_become_right: BecomeRight,
) -> None:
    order = placed()
    [sale] = documents_of(order["name"])
    stage.shopify("edit", shop=SHOP, order=order["id"], add={"title": "Bulb", "price": 300})
    stage.shopify("collect", shop=SHOP, order=order["id"], gateway="shopify_payments")
    number = order["name"].lstrip("#")
    eventually(lambda: numbered(documents_of(order["name"]), f"{number}-E1"), "the edit is in the books")
    books_become_right()
    assert numbered(documents_of(order["name"]), number) == sale


def test_an_edit_before_any_payment_changes_the_invoice_itself(
    stage: Stage, placed: Callable[..., Any], documents_of: DocumentsOf, eventually: Eventually
) -> None:
    order = placed(tender="manual")
    [before] = documents_of(order["name"])
    stage.shopify("edit", shop=SHOP, order=order["id"], add={"title": "Bulb", "price": 300, "taxable": False})
    eventually(lambda: documents_of(order["name"])[0].total != before.total, "the invoice has changed")
    [after] = documents_of(order["name"])
    assert (after.qbo_id, after.number) == (before.qbo_id, before.number)
    assert after.total == before.total + Decimal("3.00")


def test_a_refund_is_a_receipt_out_of_the_account_that_the_money_came_into(
    stage: Stage, placed: Callable[..., Any], documents_of: DocumentsOf, eventually: Eventually
) -> None:
    order = placed(gateway="paypal")
    stage.shopify("refund", shop=SHOP, order=order["id"], lines={order["lines"][1]["id"]: 1})
    number = order["name"].lstrip("#")
    eventually(lambda: numbered(documents_of(order["name"]), f"{number}-R1"), "the refund is in the books")
    sale, refund = documents_of(order["name"])
    assert (refund.kind, refund.parts["goods"]) == ("RefundReceipt", Decimal("7.50"))
    assert refund.account == sale.account != ""


def test_an_unpaid_order_that_is_cancelled_is_voided_and_keeps_its_number(
    stage: Stage, placed: Callable[..., Any], documents_of: DocumentsOf, eventually: Eventually
) -> None:
    order = placed(tender="manual")
    stage.shopify("cancel", shop=SHOP, order=order["id"])
    eventually(lambda: not documents_of(order["name"])[0].total, "the invoice is voided")
    [voided] = documents_of(order["name"])
    assert (voided.kind, voided.number) == ("Invoice", order["name"].lstrip("#"))
    assert not voided.open


def test_an_exchange_is_a_return_and_a_sale_and_nothing_is_netted_inside_a_line(
    stage: Stage,
    placed: Callable[..., Any],
    documents_of: DocumentsOf,
    eventually: Eventually,
    books_become_right: BecomeRight,
) -> None:
    order = placed()
    stage.shopify(
        "return",
        shop=SHOP,
        order=order["id"],
        lines={order["lines"][0]["id"]: 1},
        exchange=[{"title": "Bigger lamp", "price": 4500}],
        charge="shopify_payments",
    )
    eventually(lambda: len(documents_of(order["name"])) > 2, "the exchange is in the books")
    books_become_right()
    documents = documents_of(order["name"])
    back = [each for each in documents if each.sign < 0]
    assert sum(each.parts["goods"] for each in back) == Decimal("20.00")
    assert Decimal("45.00") in [each.parts["goods"] for each in documents if each.sign > 0 and "goods" in each.parts]


def test_paid_after_all_of_it_was_on_account_leaves_nothing_open(
    stage: Stage, placed: Callable[..., Any], documents_of: DocumentsOf, books_become_right: BecomeRight
) -> None:
    order = placed(tender="manual")
    stage.shopify("collect", shop=SHOP, order=order["id"], amount=1000)
    stage.shopify("refund", shop=SHOP, order=order["id"], lines={order["lines"][1]["id"]: 1}, money=False)
    stage.shopify("collect", shop=SHOP, order=order["id"])
    books_become_right()
    assert not any(each.open for each in documents_of(order["name"]))
