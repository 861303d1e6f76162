"""Customers and items are matched where that is clear, and made under a name that is free where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledgerport.common.v1 import money_pb2
from ledgerport.events.v2 import entity_pb2
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.company import Name
from qbo_writer.posting.config import Customers, SyncConfig, UnmappedProducts
from qbo_writer.posting.customers import customer_document
from qbo_writer.posting.items import item_document
from qbo_writer.posting.setup import SALES_ACCOUNT, setup_document
from qbo_writer.posting.verdicts import Adopt, Document, Needs, Problem
from qbo_writer_testing.real_books import CONFIG, RealBooks
from qbo_writer_testing.shop import company

ANN = "gid://shopify/Customer/77"
MUG = "gid://shopify/ProductVariant/88"


def customer(qbo_id: str, name: str, email: str = "", *, active: bool = True) -> Name:
    return Name("Customer", qbo_id, name, active, email=email)


def item(qbo_id: str, name: str, sku: str = "", type: str = "NonInventory") -> Name:
    return Name("Item", qbo_id, name, True, sku=sku, type=type)


def ann(**members: Any) -> entity_pb2.Customer:
    return entity_pb2.Customer(**{"first_name": "Ann", "last_name": "Lee", "email": "ann@lee.test", **members})


def wanted(who: entity_pb2.Customer, *names: Name) -> Any:
    return customer_document(ANN, who, company(names=names), CONFIG, {})


def named(who: entity_pb2.Customer, *names: Name) -> str:
    verdict = wanted(who, *names)
    assert isinstance(verdict, Document), verdict
    return str(verdict.body["DisplayName"])


def test_the_one_customer_with_the_email_is_adopted() -> None:
    assert wanted(ann(), customer("5", "A. Lee", "Other@x.test, ANN@LEE.test")) == Adopt("Customer", "5")


def test_of_two_with_the_email_the_one_with_the_name_is_adopted() -> None:
    both = (customer("5", "Office", "ann@lee.test"), customer("6", "ann  LEE", "ann@lee.test"))
    assert wanted(ann(), *both) == Adopt("Customer", "6")


def test_a_customer_of_the_same_name_without_an_email_is_adopted() -> None:
    assert wanted(ann(), customer("5", "Ann Lee")) == Adopt("Customer", "5")


def test_a_namesake_with_another_email_is_somebody_else() -> None:
    assert named(ann(), customer("5", "Ann Lee", "other@lee.test")) == "Ann Lee (ann@lee.test)"


def test_a_name_that_a_vendor_has_gets_a_telling_suffix() -> None:
    assert named(ann(), Name("Vendor", "9", "ann lee", True)) == "Ann Lee (ann@lee.test)"
    assert named(ann(email=""), Name("Vendor", "9", "ann lee", True)) == "Ann Lee #77"


def test_an_inactive_namesake_is_not_adopted() -> None:
    assert named(ann(), customer("5", "Ann Lee", active=False)) == "Ann Lee (ann@lee.test)"


def test_a_name_being_made_right_now_is_taken() -> None:
    books = company()
    books.names.reserve("Customer", "Ann Lee")
    verdict = customer_document(ANN, ann(), books, CONFIG, {})
    assert isinstance(verdict, Document)
    assert verdict.body["DisplayName"] == "Ann Lee (ann@lee.test)"


def test_when_every_name_is_taken_a_person_is_asked() -> None:
    taken = [
        Name("Vendor", str(n), name, True)
        for n, name in enumerate(["Ann Lee", "Ann Lee (ann@lee.test)", "Ann Lee #77"])
    ]
    verdict = wanted(ann(), *taken)
    assert isinstance(verdict, Problem)
    assert verdict.reason == "DUPLICATE_NAME"


@pytest.mark.parametrize(
    ("who", "name"),
    [
        (entity_pb2.Customer(company="Lee: Partners", first_name="Ann"), "Lee- Partners"),
        (entity_pb2.Customer(first_name="Ann \U0001f600", last_name="Lee\t"), "Ann Lee"),
        (entity_pb2.Customer(display_name="Ann"), "Ann"),
        (entity_pb2.Customer(email="ann@lee.test"), "ann@lee.test"),
        (entity_pb2.Customer(first_name="\U0001f600"), "Shopify customer 77"),
        (entity_pb2.Customer(first_name="n" * 150), "n" * 100),
    ],
)
def test_the_name_is_the_one_a_bookkeeper_expects(who: entity_pb2.Customer, name: str) -> None:
    assert named(who) == name


@pytest.mark.parametrize("length", [5, 60, 95, 120])
def test_a_suffix_is_never_cut_and_the_name_is_never_too_long(length: int) -> None:
    email = "a" * length + "@lee.test"
    name = named(ann(email=email), Name("Vendor", "9", "Ann Lee", True))
    assert len(name) <= 100
    assert name in (f"Ann Lee ({email})", "Ann Lee #77")


def test_the_odd_customer_is_accepted_by_quickbooks(opened: Callable[..., RealBooks]) -> None:
    odd = entity_pb2.Customer(
        first_name="Zoë\u0007 \U0001f600",
        last_name='O\'Neil: the "second"',
        email="not an address",
        phone="+44 " + "1" * 60,
        default_address=entity_pb2.Address(line1="1 High\nStreet", city="Leeds", country_code="GB"),
    )
    us = opened()
    document = customer_document("gid://shopify/Customer/123", odd, us.company, CONFIG, {})
    assert isinstance(document, Document)
    made = us.ledger.post(document.entity.lower(), to_bytes(document.body))
    assert made["DisplayName"] == 'Zoë O\'Neil- the "second"'
    assert "PrimaryEmailAddr" not in made


def variant(**members: Any) -> entity_pb2.Variant:
    return entity_pb2.Variant(
        **{"product_title": "Mug", "sku": "MUG-1", "price": money_pb2.Money(minor=999, currency="USD"), **members}
    )


def made_of(what: entity_pb2.Variant, *names: Name) -> Any:
    return item_document(MUG, what, company(names=names), CONFIG, {SALES_ACCOUNT: "79"})


def test_an_item_is_matched_by_sku_before_name() -> None:
    both = (item("1", "Mug"), item("2", "Cup", "mug-1"))
    assert made_of(variant(), *both) == Adopt("Item", "2")


def test_an_item_of_the_same_name_is_adopted_unless_its_sku_says_otherwise() -> None:
    assert made_of(variant(), item("1", "mug")) == Adopt("Item", "1")
    verdict = made_of(variant(), item("1", "mug", "OTHER"))
    assert isinstance(verdict, Document)
    assert verdict.body["Name"] == "Mug [MUG-1]"


def test_a_category_is_never_sold() -> None:
    verdict = made_of(variant(), item("1", "Mug", type="Category"))
    assert isinstance(verdict, Document)
    assert verdict.body["Name"] == "Mug [MUG-1]"


def test_a_sku_longer_than_any_name_leaves_shopifys_number() -> None:
    verdict = made_of(variant(sku="S" * 200), item("1", "Mug", "OTHER"))
    assert isinstance(verdict, Document)
    assert verdict.body["Name"] == "Mug #88"


def test_an_item_waits_for_its_income_account() -> None:
    assert item_document(MUG, variant(), company(), CONFIG, {}) == Needs((SALES_ACCOUNT,))


def test_the_odd_item_is_accepted_by_quickbooks(opened: Callable[..., RealBooks]) -> None:
    us = opened()
    what = variant(product_title='Tea: "green" \U0001f375\n', variant_title="x" * 200, sku="ODD")
    document = item_document("gid://shopify/ProductVariant/9", what, us.company, CONFIG, {SALES_ACCOUNT: "79"})
    assert isinstance(document, Document)
    made = us.ledger.post(document.entity.lower(), to_bytes(document.body))
    assert made["Name"].startswith('Tea- "green" / xxx')
    assert len(made["Name"]) == 100


def test_guests_are_one_customer_even_where_a_vendor_has_its_name() -> None:
    free = setup_document("customer:guests", company(), {})
    assert isinstance(free, Document)
    assert free.body["DisplayName"] == "Shopify customer"
    taken = setup_document("customer:guests", company(names=[Name("Vendor", "1", "Shopify customer", True)]), {})
    assert isinstance(taken, Document)
    assert taken.body["DisplayName"] == "Shopify customer (guests)"
    known = company(names=[customer("3", "Shopify customer")])
    assert setup_document("customer:guests", known, {}) == Adopt("Customer", "3")


def test_an_account_of_our_name_but_another_type_is_never_booked_to() -> None:
    books = company(names=[Name("Account", "1", "PayPal Clearing", True, type="Expense")])
    verdict = setup_document("account:clearing:PayPal", books, {})
    assert isinstance(verdict, Problem)
    assert verdict.reason == "ACCOUNT_OF_WRONG_TYPE"


def test_what_a_person_chose_wins_over_every_match() -> None:
    books = company(names=[customer("5", "Ann Lee", "ann@lee.test"), item("1", "Mug", "MUG-1")])
    chosen = {("customer", ANN): "70", ("product", MUG): "71"}
    assert customer_document(ANN, ann(), books, CONFIG, chosen) == Adopt("Customer", "70")
    assert item_document(MUG, variant(), books, CONFIG, chosen) == Adopt("Item", "71")


def test_with_one_generic_customer_nobody_else_is_made() -> None:
    verdict = customer_document(ANN, ann(), company(), replace(CONFIG, customers=Customers.GENERIC), {})
    assert isinstance(verdict, Problem)
    assert verdict.reason == "GENERIC_CUSTOMER"


def test_a_product_without_an_item_is_an_error_unless_the_config_says_otherwise() -> None:
    verdict = item_document(MUG, variant(), company(), SyncConfig(), {})
    assert isinstance(verdict, Problem)
    assert verdict.reason == "PRODUCT_NOT_MAPPED"
    assert "Mapping" in verdict.cure
    fallback = SyncConfig(unmapped_products=UnmappedProducts.FALLBACK, fallback_item_id="31")
    assert item_document(MUG, variant(), company(), fallback, {}) == Adopt("Item", "31")


def test_a_person_may_have_one_item_made_although_the_config_makes_none() -> None:
    wanted_once = {("create", f"product|{MUG}"): "1", SALES_ACCOUNT: "79"}
    verdict = item_document(MUG, variant(), company(), SyncConfig(), wanted_once)
    assert isinstance(verdict, Document)
    assert verdict.body["Name"] == "Mug"


def test_a_buyer_in_another_currency_is_a_second_customer() -> None:
    books = company(names=[customer("5", "Ann Lee", "ann@lee.test")])
    verdict = customer_document(f"{ANN}|EUR", ann(), books, CONFIG, {})
    assert isinstance(verdict, Document)
    assert (verdict.body["DisplayName"], verdict.body["CurrencyRef"]) == ("Ann Lee (EUR)", {"value": "EUR"})
