"""Journal entries: debits and credits by hand, which must be equal."""

from __future__ import annotations

from typing import Any

from intuit_sandbox import currencies, faults
from intuit_sandbox.accounts import by_hand, needs_party
from intuit_sandbox.books import Books, Draft, Entry, Row
from intuit_sandbox.line_ids import LineIds
from intuit_sandbox.money import amount, minor

Json = dict[str, Any]
PARTY_ACCOUNTS = ("Accounts Receivable", "Accounts Payable")


def draw_up(books: Books, given: Json, former: Row | None) -> Draft:
    """The JournalEntry; 2250 without lines that post, 2300 if the two sides differ."""
    shown: list[Json] = []
    entries: list[Entry] = []
    for raw in given["Line"]:
        line, entry = _line(books, raw)
        shown.append(line)
        if entry:
            entries.append(entry)
    if not entries:
        raise faults.missing_lines("A journal entry needs a debit and a credit line.")
    if sum(cents for _, cents in entries):
        raise faults.unbalanced()
    if sum(books.rows["Account"][account].body["AccountType"] in PARTY_ACCOUNTS for account, _ in entries) > 1:
        raise faults.business("A journal entry has at most one line on accounts receivable or payable.", "Line")
    LineIds(former, first=0).assign(shown)
    body = {
        **given,
        "Adjustment": given.get("Adjustment", False),
        "Line": shown,
        "TxnTaxDetail": {},
        "TotalAmt": amount(0),
        **({"HomeTotalAmt": amount(0)} if books.profile.multicurrency else {}),
    }
    total = sum(cents for _, cents in entries if cents > 0)
    home, foreign = currencies.booked(books, body, tuple(sorted(entries, key=lambda entry: entry[1] != total)))
    return Draft(body, home, foreign)


def _line(books: Books, raw: Json) -> tuple[Json, Entry | None]:
    if "DetailType" not in raw:
        raise faults.missing("Line.DetailType")
    if raw["DetailType"] == "DescriptionOnly":
        return {**raw, "DescriptionLineDetail": {}}, None
    detail = raw.get("JournalEntryLineDetail") or {}
    if "PostingType" not in detail:
        raise faults.missing_posting_type()
    if not detail.get("AccountRef"):
        raise faults.detail_required("A journal line needs its account.")
    if "Amount" not in raw:
        raise faults.missing("Line.Amount")
    cents = minor(raw["Amount"])
    if raw["Amount"] < 0:
        raise faults.negative_amount(raw["Amount"])
    if not cents:
        raise faults.no_amount()
    if "TaxCodeRef" in detail:
        raise faults.feature_not_supported("tax on the lines of a journal entry.")
    account = by_hand(books, detail["AccountRef"]["value"])
    shown = {**detail, "AccountRef": books.named("Account", account.id), **_entity(books, detail)}
    needs_party(account, shown.get("Entity", {}).get("Type"))
    _name(books, shown)
    sign = 1 if detail["PostingType"] == "Debit" else -1
    return {**raw, "Amount": amount(cents), "JournalEntryLineDetail": shown}, (account.id, sign * cents)


def _entity(books: Books, detail: Json) -> Json:
    """The customer, vendor or employee of a line, under its right type."""
    given = detail.get("Entity")
    if not given:
        return {}
    if not given.get("EntityRef"):
        raise faults.missing("Entity.EntityRef")
    kind = {"Job": "Customer", "Other": "Customer"}.get(given.get("Type", ""), given.get("Type"))
    typed = {"type": kind} if kind else {}
    found = books.party({"value": given["EntityRef"]["value"], **typed}, "EntityRef")
    return {"Entity": {"Type": found.pop("type"), "EntityRef": found}}


def _name(books: Books, shown: Json) -> None:
    for name, kind, tracked in (
        ("ClassRef", "Class", books.profile.class_per_line or books.profile.class_per_txn),
        ("DepartmentRef", "Department", books.profile.track_departments),
    ):
        if target := shown.pop(name, None):
            row = books.referred(kind, target["value"], name)
            if tracked:
                shown[name] = books.named(kind, row.id)
