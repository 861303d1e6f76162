"""What the accounting service promises about names and lists."""

from __future__ import annotations

from typing import Any

import pytest

from intuit_sandbox.harness import Company, sale


@pytest.mark.parametrize("holder", ["amy's bird sanctuary", "Tania's Nursery", "John  JOHNSON"])
def test_a_name_is_taken_across_customers_vendors_and_employees(us: Company, holder: str) -> None:
    assert us.refused("customer", {"DisplayName": holder})[0] == "6240"
    assert us.refused("vendor", {"DisplayName": holder})[0] == "6240"


def test_a_display_name_is_built_from_the_parts(us: Company) -> None:
    made = us.post("customer", {"GivenName": "Parts", "FamilyName": "Only"})
    assert (made["DisplayName"], made["PrintOnCheckName"]) == ("Parts Only", "Parts Only")
    assert us.refused("customer", {"Notes": "nobody"})[0] == "6080"


def test_an_inactive_name_is_freed_and_cannot_be_used(us: Company) -> None:
    made = us.post("customer", {"DisplayName": "Gone Soon"})
    gone = us.post("customer", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Active": False})
    assert gone["DisplayName"] == "Gone Soon (deleted)"
    assert us.refused("salesreceipt", sale(("1", 1), CustomerRef={"value": made["Id"]}))[0] == "610"
    assert us.query("select * from Customer where DisplayName like 'Gone Soon%'") == {}
    found = us.query("select * from Customer where Active in (true, false) and DisplayName like 'Gone Soon%'")
    assert found["Customer"][0]["Id"] == made["Id"]
    us.post("customer", {"DisplayName": "Gone Soon"})
    back = {"Id": made["Id"], "SyncToken": "1", "sparse": True, "Active": True}
    assert us.refused("customer", back)[0] == "6240"


def test_names_cannot_be_deleted(us: Company) -> None:
    assert us.refused("customer", {"Id": "1", "SyncToken": "0"}, operation="delete")[0] == "500"


def test_illegal_characters_in_a_name_are_refused(us: Company) -> None:
    assert us.refused("customer", {"DisplayName": "A:B"})[0] == "2040"
    assert us.refused("item", {"Name": "A\tB", "Type": "Service", "IncomeAccountRef": {"value": "1"}})[0] == "2040"


ITEMS: list[tuple[str, dict[str, Any]]] = [
    ("2020", {"Name": "No type"}),
    ("2020", {"Name": "No account", "Type": "Service"}),
    ("2020", {"Name": "No stock", "Type": "Inventory", "IncomeAccountRef": {"value": "79"}}),
    ("2500", {"Name": "Lost", "Type": "Service", "IncomeAccountRef": {"value": "9999"}}),
    ("6240", {"Name": "ROCKS", "Type": "Service", "IncomeAccountRef": {"value": "79"}}),
    ("6430", {"Name": "Receivable", "Type": "Service", "IncomeAccountRef": {"value": "84"}}),
    ("2050", {"Name": "x" * 101, "Type": "Service", "IncomeAccountRef": {"value": "79"}}),
]


@pytest.mark.parametrize(("code", "payload"), ITEMS, ids=[payload["Name"][:10] for _, payload in ITEMS])
def test_items_are_checked(us: Company, code: str, payload: dict[str, Any]) -> None:
    assert us.refused("item", payload)[0] == code


def test_an_account_gets_its_type_from_the_subtype_and_shows_its_balance(us: Company) -> None:
    made = us.post("account", {"Name": "Shopify Clearing", "AccountSubType": "CashOnHand"})
    assert (made["AccountType"], made["Classification"], made["CurrentBalance"]) == ("Bank", "Asset", 0)
    us.post("salesreceipt", sale(("1", 12.34), DepositToAccountRef={"value": made["Id"]}))
    shown = us.get(f"account/{made['Id']}")["Account"]
    assert str(shown["CurrentBalance"]) == "12.34"
    assert us.refused("account", {"Name": "Shopify clearing", "AccountType": "Bank"})[0] == "6240"
    assert us.refused("account", {"Name": "Nothing"})[0] == "6010"


def test_small_lists_can_be_made(us: Company) -> None:
    method = us.post("paymentmethod", {"Name": "Shopify Payments"})
    assert method["Type"] == "NON_CREDIT_CARD"
    assert us.post("term", {"Name": "Net 10", "DueDays": 10})["Type"] == "STANDARD"
    assert int(us.post("class", {"Name": "Online"})["Id"]) > 2**53, "too large for a number in a browser"


def test_the_tax_service_makes_a_code_with_rates(us: Company) -> None:
    rate = {"TaxRateName": "ShopCA9", "RateValue": "9", "TaxAgencyId": "1", "TaxApplicableOn": "Sales"}
    body = us.call("POST", "taxservice/taxcode", {"TaxCode": "Shopify CA", "TaxRateDetails": [rate]}).json()
    detail = {"TxnTaxCodeRef": {"value": body["TaxCodeId"]}}
    assert us.post("salesreceipt", sale(("1", 10, "TAX"), TxnTaxDetail=detail))["TotalAmt"] * 100 == 1090
    assert us.refused("taxservice/taxcode", {"TaxCode": "Other", "TaxRateDetails": [rate]})[0] == "6240"
