"""What the accounting service promises about tax on every form, about updates of it, and about special lines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from intuit_sandbox.harness import AUTOMATED, US, Company, moved, sale, token_of

CALIFORNIA = {"TxnTaxCodeRef": {"value": "2"}}
FORMS = ["salesreceipt", "invoice", "creditmemo", "refundreceipt", "estimate"]
MONEY_IN = {"salesreceipt": ("4", 1), "refundreceipt": ("35", -1), "invoice": ("84", 1), "creditmemo": ("84", -1)}


def form(kind: str, *lines: Any, **members: Any) -> dict[str, Any]:
    account = {"DepositToAccountRef": {"value": "35"}} if kind == "refundreceipt" else {}
    return sale(*lines, CustomerRef={"value": "1"}, **account, **members)


def discount(**members: Any) -> dict[str, Any]:
    return {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {}, **members}


@pytest.mark.parametrize("kind", FORMS)
def test_tax_by_hand_is_kept_on_every_form(us: Company, kind: str) -> None:
    made: dict[str, Any] = {}
    given = form(kind, ("1", 20, "TAX"), ("6", 5), TxnTaxDetail={**CALIFORNIA, "TotalTax": "1.61"})
    change = moved(us, lambda: made.update(us.post(kind, given)))
    assert (str(made["TotalAmt"]), str(made["TxnTaxDetail"]["TotalTax"])) == ("26.61", "1.61")
    if kind == "estimate":
        assert change == {}
    else:
        account, sign = MONEY_IN[kind]
        assert change == {account: sign * 2661, "1": -sign * 2000, "45": -sign * 500, "90": -sign * 161}


@pytest.mark.parametrize("kind", FORMS)
def test_automated_tax_is_shifted_on_every_form_and_on_updates(automated: Company, kind: str) -> None:
    automated.stand_in.profile(AUTOMATED, automated_total="shifted")
    made = automated.post(kind, form(kind, ("1", 100, "TAX"), TxnTaxDetail={"TotalTax": 7}))
    assert str(made["TxnTaxDetail"]["TotalTax"]) == "7.01"
    untouched = automated.post(kind, {**token_of(made), "sparse": True, "PrivateNote": "x"})
    assert str(untouched["TxnTaxDetail"]["TotalTax"]) == "7.01", "what is not sent is not reckoned again"
    mended = {**token_of(untouched), "sparse": True, "TxnTaxDetail": {"TotalTax": "6.99"}}
    after = automated.post(kind, mended)
    assert (str(after["TxnTaxDetail"]["TotalTax"]), after["TotalAmt"]) == ("7.00", 107)


@pytest.mark.parametrize("kind", FORMS)
def test_vat_is_kept_on_every_form_and_reckoned_again_with_new_lines(british: Company, kind: str) -> None:
    line = {"Amount": "4.18", "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": "12"}}}
    made = british.post(kind, form(kind, ("1", "20.83", "6"), TxnTaxDetail={"TotalTax": "4.18", "TaxLine": [line]}))
    assert str(made["TotalAmt"]) == "25.01"
    noted = british.post(kind, {**token_of(made), "sparse": True, "PrivateNote": "kept"})
    assert str(noted["TotalAmt"]) == "25.01"
    lines = {"Line": sale(("1", 10, "6"))["Line"]}
    assert british.post(kind, {**token_of(noted), "sparse": True, **lines})["TotalAmt"] == 12


def test_an_inclusive_receipt_keeps_its_amounts_when_only_its_memo_changes(british: Company) -> None:
    made = british.post("salesreceipt", sale(("1", "25.00", "6"), GlobalTaxCalculation="TaxInclusive"))
    noted = british.post("salesreceipt", {**token_of(made), "sparse": True, "PrivateNote": "x"})
    assert (noted["TotalAmt"], noted["Line"][0]) == (made["TotalAmt"], made["Line"][0])


def test_new_lines_without_tax_details_are_taxed_by_the_code_that_was_there(us: Company) -> None:
    made = us.post("invoice", form("invoice", ("1", 100, "TAX"), TxnTaxDetail={**CALIFORNIA, "TotalTax": 1}))
    lines = {"Line": sale(("1", 50, "TAX"))["Line"]}
    assert us.post("invoice", {**token_of(made), "sparse": True, **lines})["TxnTaxDetail"]["TotalTax"] == 4


def test_tax_details_that_do_not_fit_are_refused(us: Company, british: Company) -> None:
    def told(rate: str, money: Any, total: Any) -> dict[str, Any]:
        line = {"Amount": money, "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxRateRef": {"value": rate}}}
        return {"TotalTax": total, "TaxLine": [line]}

    assert us.refused("invoice", form("invoice", ("1", 9, "TAX"), TxnTaxDetail=told("1", 1, 1)))[0] == "6470"
    assert us.refused("invoice", form("invoice", ("1", 9, "TAX"), TxnTaxDetail=told("3", 1, 2)))[0] == "6000"
    assert british.refused("invoice", form("invoice", ("1", 9, "6"), TxnTaxDetail=told("13", 1, 1)))[0] == "6470"
    assert british.refused("invoice", form("invoice", ("1", 9, "6"), TxnTaxDetail=told("12", 99, 99)))[0] == "6000"
    assert british.refused("invoice", form("invoice", ("1", 9, "999")))[0] == "2500"


def test_a_discount_is_an_amount_or_a_percentage_within_the_subtotal(us: Company) -> None:
    def discounted(line: dict[str, Any]) -> dict[str, Any]:
        made = form("invoice", ("1", 50))
        made["Line"].append(line)
        return made

    percent = discount(DiscountLineDetail={"PercentBased": True, "DiscountPercent": 10})
    assert us.post("invoice", discounted(percent))["TotalAmt"] == 45
    assert us.refused("invoice", discounted(discount()))[0] == "6090"
    assert us.refused("invoice", discounted(discount(Amount=51)))[0] == "6000"
    elsewhere = discount(Amount=5, DiscountLineDetail={"DiscountAccountRef": {"value": "9999"}})
    assert us.refused("invoice", discounted(elsewhere))[0] == "2500"
    us.stand_in.profile(US, allow_discount=False)
    assert us.post("invoice", discounted(discount(Amount=5)))["TotalAmt"] == 50


def test_tax_before_or_after_the_discount(us: Company) -> None:
    made = form("invoice", ("1", 100, "TAX"), TxnTaxDetail=CALIFORNIA, ApplyTaxAfterDiscount=True)
    made["Line"].append(discount(Amount=50))
    assert us.post("invoice", made)["TxnTaxDetail"]["TotalTax"] == 4
    assert us.post("invoice", {**made, "ApplyTaxAfterDiscount": False})["TxnTaxDetail"]["TotalTax"] == 8


def test_a_subtotal_sent_is_ignored_and_words_are_kept(us: Company) -> None:
    made = form("invoice", ("1", 50))
    made["Line"] += [
        {"DetailType": "SubTotalLineDetail", "Amount": 999, "SubTotalLineDetail": {}},
        {"DetailType": "DescriptionOnly", "Description": "with thanks", "DescriptionLineDetail": {}},
    ]
    shown = us.post("invoice", made)
    assert shown["TotalAmt"] == 50
    assert [line["DetailType"] for line in shown["Line"]] == [
        "SalesItemLineDetail",
        "DescriptionOnly",
        "SubTotalLineDetail",
    ]


def test_class_and_location_are_kept_where_they_are_tracked(us: Company) -> None:
    sort = us.post("class", {"Name": "Kept where tracked"})
    place = us.post("department", {"Name": "Kept where tracked"})
    made = form("invoice", ("1", 5), ClassRef={"value": sort["Id"]}, DepartmentRef={"value": place["Id"]})
    made["Line"][0]["SalesItemLineDetail"]["ClassRef"] = {"value": sort["Id"]}
    plain = us.post("invoice", made)
    assert plain.keys().isdisjoint({"ClassRef", "DepartmentRef"})
    assert "ClassRef" not in plain["Line"][0]["SalesItemLineDetail"]
    us.stand_in.profile(US, class_per_line=True, track_departments=True)
    tracked = us.post("invoice", made)
    assert tracked["DepartmentRef"]["name"] == "Kept where tracked"
    assert tracked["Line"][0]["SalesItemLineDetail"]["ClassRef"]["name"] == "Kept where tracked"
    assert us.refused("invoice", {**made, "DepartmentRef": {"value": "999"}})[0] == "2500"


@pytest.mark.parametrize("kind", FORMS)
def test_negative_lines_stand_while_the_total_is_not_below_zero(us: Company, kind: str) -> None:
    assert us.post(kind, form(kind, ("1", 5), ("6", -5)))["TotalAmt"] == 0
    assert us.refused(kind, form(kind, ("1", 5), ("6", "-5.01")))[0] == "6000"


def test_negative_lines_on_money_back_depend_on_the_company(us: Company) -> None:
    us.stand_in.profile(US, negative_refund_lines=False)
    for kind in ("refundreceipt", "creditmemo"):
        assert us.refused(kind, form(kind, ("1", 5), ("6", -1)))[0] == "2290"
    us.post("invoice", form("invoice", ("1", 5), ("6", -1)))


def test_quantities_and_prices_multiply_to_the_amount(us: Company) -> None:
    def line(amount: Any, quantity: Any, price: Any) -> dict[str, Any]:
        made = form("invoice", ("1", amount))
        made["Line"][0]["SalesItemLineDetail"] |= {"Qty": quantity, "UnitPrice": price}
        return made

    assert us.post("invoice", line(10, 3, "3.3333333"))["TotalAmt"] == 10
    assert us.post("invoice", line(-10, -1, 10) | {"Line": [*line(-10, -1, 10)["Line"], *line(10, 1, 10)["Line"]]})
    assert us.refused("invoice", line(10, 3, "3.33"))[0] == "6070"


def test_a_cheque_that_is_printed_needs_its_number(us: Company) -> None:
    printed = form("refundreceipt", ("1", 5), PrintStatus="PrintComplete")
    assert us.refused("refundreceipt", printed)[0] == "2020"
    us.post("refundreceipt", {**printed, "PaymentRefNum": "101"})


@pytest.mark.parametrize("kind", FORMS)
def test_numbers_clash_within_a_kind_only(us: Company, kind: str) -> None:
    for other in FORMS:
        us.post(other, form(other, ("1", 1), DocNumber=f"ONE-{kind}"))
    code, detail = us.refused(kind, form(kind, ("1", 1), DocNumber=f"ONE-{kind}"))
    assert code == "6140"
    assert f"DocNumber=ONE-{kind}" in detail
    us.post(kind, form(kind, ("1", 1), DocNumber=f"ONE-{kind}"), include="allowduplicatedocnum")


def test_a_number_of_the_callers_does_not_move_quickbooks_own(automated: Company) -> None:
    first = int(automated.post("invoice", form("invoice", ("1", 1)))["DocNumber"])
    given = automated.post("invoice", form("invoice", ("1", 1), DocNumber=str(first + 1)))
    assert given["DocNumber"] == str(first + 1)
    counted = automated.post("invoice", form("invoice", ("1", 1)))
    assert counted["DocNumber"] == str(first + 1), "and so there are two of them"
    kept = automated.post("invoice", {**token_of(counted), **form("invoice", ("1", 2))})
    assert kept["DocNumber"] == counted["DocNumber"]


def test_inactive_references_are_610_or_2500_by_company(us: Company) -> None:
    made = us.post("item", {"Name": "Not for long", "Type": "Service", "IncomeAccountRef": {"value": "79"}})
    us.post("item", {**token_of(made), "sparse": True, "Active": False})
    assert us.refused("invoice", form("invoice", (made["Id"], 1)))[0] == "610"
    us.stand_in.profile(US, inactive_code="2500")
    code, detail = us.refused("invoice", form("invoice", (made["Id"], 1)))
    assert (code, "made inactive" in detail) == ("2500", True)


def test_a_company_may_hold_latin_letters_only(us: Company) -> None:
    party = {"DisplayName": "Zoë 🎉"}
    us.stand_in.profile(US, latin1_only=True)
    assert us.refused("customer", party)[0] == "2040"
    us.post("customer", {"DisplayName": "Zoë"})
    us.stand_in.profile(US, latin1_only=False)
    us.post("customer", party)


@pytest.mark.parametrize("money", ["10000000000", "0.000001", "1e400", "NaN"])
def test_an_amount_has_ten_digits_before_and_five_after_the_point(us: Company, money: str) -> None:
    assert us.refused("invoice", form("invoice", ("1", money)))[0] in ("2090", "2100")


def test_too_many_lines_are_refused(us: Company) -> None:
    untaxed = us.post("invoice", form("invoice", *[("1", 1)] * 751))
    assert untaxed["TotalAmt"] == Decimal(751)
    assert us.refused("invoice", form("invoice", *[("1", 1, "TAX")] * 751, TxnTaxDetail=CALIFORNIA))[0] == "6000"
