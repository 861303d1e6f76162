"""Purchases: money spent out of a bank account or put on a card, by account."""

from __future__ import annotations

from typing import Any

from intuit_sandbox import currencies, faults, taxes
from intuit_sandbox.accounts import by_hand, needs_party, of_type
from intuit_sandbox.books import Books, Draft, Entry, Row
from intuit_sandbox.line_ids import LineIds
from intuit_sandbox.money import amount, minor

Json = dict[str, Any]
PAID_FROM = {"Cash": "Bank", "Check": "Bank", "CreditCard": "Credit Card"}
DETAIL = "AccountBasedExpenseLineDetail"


def draw_up(books: Books, given: Json, former: Row | None) -> Draft:
    """The Purchase and its journal: expenses up, money down; the reverse for a credit on a card."""
    account, kind = given["AccountRef"]["value"], given["PaymentType"]
    of_type(books, account, (PAID_FROM[kind],), "AccountRef")
    if given.get("Credit") and kind != "CreditCard":
        raise faults.business("Only a credit card takes a credit.", "Credit")
    entity = {"EntityRef": books.party(given["EntityRef"], "EntityRef")} if given.get("EntityRef") else {}
    lines = [_line(books, {**given, **entity}, raw) for raw in given["Line"]]
    posting = [line for line in lines if line["DetailType"] == DETAIL]
    if not posting:
        raise faults.missing_lines("A purchase needs a line that posts.")
    tax = _tax(books, given, posting)
    LineIds(former).assign(lines)
    total = sum(minor(line["Amount"]) for line in posting) + tax.total
    if not total:
        raise faults.no_amount()
    body = {
        **given,
        **entity,
        "Line": lines,
        "AccountRef": books.named("Account", account),
        "PrintStatus": given.get("PrintStatus", "NotSet"),
        "TotalAmt": amount(total),
        **({"TxnTaxDetail": tax.detail} if tax.entries else {}),
    }
    sign = -1 if given.get("Credit") else 1
    entries: list[Entry] = [(account, -sign * total)]
    entries += ((line[DETAIL]["AccountRef"]["value"], sign * minor(line["Amount"])) for line in posting)
    entries += ((liability, sign * cents) for liability, cents in tax.entries)
    home, foreign = currencies.booked(books, body, tuple(entries))
    return Draft(body, home, foreign)


def _line(books: Books, given: Json, raw: Json) -> Json:
    if "DetailType" not in raw:
        raise faults.missing("Line.DetailType")
    if raw["DetailType"] == "DescriptionOnly":
        return {**raw, "DescriptionLineDetail": {}}
    detail = raw.get(DETAIL) or {}
    if not detail.get("AccountRef"):
        raise faults.detail_required("A line of a purchase needs its account.")
    if "Amount" not in raw:
        raise faults.missing("Line.Amount")
    if raw["Amount"] < 0:
        raise faults.negative_amount(raw["Amount"])
    account = by_hand(books, detail["AccountRef"]["value"])
    needs_party(account, given.get("EntityRef", {}).get("type"))
    shown = {
        **detail,
        "AccountRef": books.named("Account", account.id),
        "BillableStatus": detail.get("BillableStatus", "NotBillable"),
    }
    if target := shown.pop("CustomerRef", None):
        shown["CustomerRef"] = books.named("Customer", books.referred("Customer", target["value"], "CustomerRef").id)
    elif shown["BillableStatus"] != "NotBillable":
        raise faults.missing_customer("A billable line needs a customer.")
    if target := shown.pop("ClassRef", None):
        row = books.referred("Class", target["value"], "ClassRef")
        if books.profile.class_per_line:
            shown["ClassRef"] = books.named("Class", row.id)
    if books.profile.tax_world != "global":
        shown["TaxCodeRef"] = {"value": taxes.us_line_code(detail.get("TaxCodeRef", {}).get("value", "NON"), None)}
    return {**raw, "Amount": amount(minor(raw["Amount"])), DETAIL: shown}


def _tax(books: Books, given: Json, posting: list[Json]) -> taxes.Tax:
    """Tax on purchases: none in the US; elsewhere that of the codes' purchase rates."""
    if books.profile.tax_world != "global":
        return taxes.Tax()
    mode = given.get("GlobalTaxCalculation", "TaxExcluded")
    codes = [line[DETAIL].get("TaxCodeRef", {}).get("value") for line in posting]
    if mode == "NotApplicable" and any(codes):
        raise faults.tax_detail_not_allowed()
    lines = [taxes.GlobalLine(minor(line["Amount"]), code) for line, code in zip(posting, codes, strict=True)]
    tax = taxes.global_tax(books, mode, None, lines, "Purchase")
    for line, reckoned in zip(posting, lines, strict=True):
        line["Amount"] = amount(reckoned.cents)
    return tax
