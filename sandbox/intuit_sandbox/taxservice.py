"""TaxService: a tax code made together with its rates."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from intuit_sandbox import clock, faults
from intuit_sandbox.books import Books, Row, folded

Json = dict[str, Any]


def draw_up(books: Books, payload: Any, at: float) -> tuple[list[Row], Json]:
    """The rows of a new code and its rates, and the answer, which has no envelope."""
    if not isinstance(payload, dict):
        raise faults.unreadable_body("the body is not an object and")
    for name in ("TaxCode", "TaxRateDetails"):
        if not payload.get(name):
            raise faults.missing(name)
    details = payload["TaxRateDetails"]
    listed = isinstance(details, list) and all(isinstance(given, dict) for given in details)
    if not isinstance(payload["TaxCode"], str) or not listed:
        raise faults.unreadable_body("TaxCode or TaxRateDetails")
    if books.holder_of_name("TaxCode", "", payload["TaxCode"]):
        raise faults.duplicate_name("tax code")
    rows: list[Row] = []
    answers = []
    next_rate = int(books.next_id("TaxRate"))
    for given in details:
        if rate_id := given.get("TaxRateId"):
            rate = books.referred("TaxRate", str(rate_id), "TaxRateId")
        else:
            rate = _rate(books, given, str(next_rate), at)
            next_rate += 1
            rows.append(rate)
        answers.append(
            {
                "TaxRateName": rate.body["Name"],
                "TaxRateId": rate.id,
                "RateValue": rate.body["RateValue"],
                "TaxAgencyId": rate.body["AgencyRef"]["value"],
                "TaxApplicableOn": given.get("TaxApplicableOn", "Sales"),
            }
        )
    code_id = str(max(int(books.next_id("TaxCode")), 2))
    members = [
        {
            "TaxRateRef": {"value": a["TaxRateId"], "name": a["TaxRateName"]},
            "TaxTypeApplicable": "TaxOnAmount",
            "TaxOrder": 0,
        }
        for a in answers
    ]
    code = Row("TaxCode", code_id, tax_code(code_id, payload["TaxCode"], members, at), changed=at)
    return [*rows, code], {"TaxCode": payload["TaxCode"], "TaxCodeId": code_id, "TaxRateDetails": answers}


def _rate(books: Books, given: Json, rate_id: str, at: float) -> Row:
    for name in ("TaxRateName", "RateValue", "TaxAgencyId"):
        if given.get(name) in (None, ""):
            raise faults.missing(name)
    name = str(given["TaxRateName"])
    if any(folded(row.body["Name"]) == folded(name) for row in books.of_kind("TaxRate")):
        raise faults.duplicate_name("tax rate")
    agency = books.referred("TaxAgency", str(given["TaxAgencyId"]), "TaxAgencyId")
    try:
        value = Decimal(given["RateValue"])
    except (InvalidOperation, TypeError, ValueError):
        raise faults.invalid_number("RateValue", given["RateValue"]) from None
    return Row("TaxRate", rate_id, tax_rate(rate_id, name, value, agency.id, at), changed=at)


def tax_code(code_id: str, name: str, details: list[Json], at: float) -> Json:
    """A TaxCode object over its rates."""
    return {
        "Name": name,
        "Description": name,
        "Active": True,
        "Hidden": False,
        "Taxable": True,
        "TaxGroup": True,
        "SalesTaxRateList": {"TaxRateDetail": details},
        "PurchaseTaxRateList": {"TaxRateDetail": []},
        "TaxCodeConfigType": "USER_DEFINED",
        "domain": "QBO",
        "sparse": False,
        "Id": code_id,
        "SyncToken": "0",
        "MetaData": {"CreateTime": clock.stamp(at), "LastUpdatedTime": clock.stamp(at)},
    }


def tax_rate(rate_id: str, name: str, value: Decimal, agency: str, at: float) -> Json:
    """A TaxRate object in percent."""
    return {
        "Name": name,
        "Description": name,
        "Active": True,
        "RateValue": value,
        "AgencyRef": {"value": agency},
        "SpecialTaxType": "NONE",
        "DisplayType": "ReadOnly",
        "domain": "QBO",
        "sparse": False,
        "Id": rate_id,
        "SyncToken": "0",
        "MetaData": {"CreateTime": clock.stamp(at), "LastUpdatedTime": clock.stamp(at)},
    }
