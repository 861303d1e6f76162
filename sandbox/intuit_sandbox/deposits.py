"""Deposits: what lay in Undeposited Funds goes to the bank together, and is locked while it is part of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from intuit_sandbox import currencies, faults
from intuit_sandbox.accounts import HOLDS_MONEY, by_hand, of_type
from intuit_sandbox.books import Books, Draft, Entry, Row
from intuit_sandbox.line_ids import LineIds
from intuit_sandbox.money import amount, minor
from intuit_sandbox.receivables import touched

Json = dict[str, Any]
DEPOSITABLE = frozenset({"Payment", "SalesReceipt", "RefundReceipt", "JournalEntry", "Transfer"})
DIRECT_TYPES = (
    "Income",
    "Other Income",
    "Expense",
    "Other Expense",
    "Other Current Asset",
    "Equity",
    "Cost of Goods Sold",
)
DETAIL = "DepositLineDetail"


def draw_up(books: Books, given: Json, former: Row | None) -> Draft:
    """The Deposit and its journal: the bank up, Undeposited Funds and the accounts of direct lines down."""
    account = given["DepositToAccountRef"]["value"]
    of_type(books, account, HOLDS_MONEY, "DepositToAccountRef")
    _refuse_undeposited(books, account)
    held = {link["TxnId"] for link in linked(former.body)} if former else set()
    lines: list[Json] = []
    taken: list[Entry] = []
    for raw in given["Line"]:
        line, entry = _linked_line(books, given, raw, held) if raw.get("LinkedTxn") else _direct_line(books, given, raw)
        lines.append(line)
        taken.append(entry)
    _refuse_twice(lines)
    LineIds(former).assign([line for line in lines if DETAIL in line])
    back = _cash_back(books, given)
    total = sum(minor(line["Amount"]) for line in lines) - (minor(back["Amount"]) if back else 0)
    if total < 0:
        raise faults.business("The total of a deposit must be 0 or greater.", "Line")
    body = {**given, "Line": lines, "TotalAmt": amount(total), **({"CashBack": back} if back else {})}
    body |= currencies.home_figures(books, body)
    return _posted(books, body, account, taken)


def linked(deposit: Json) -> list[Json]:
    """The links of a deposit's lines."""
    return [line["LinkedTxn"][0] for line in deposit.get("Line", []) if line.get("LinkedTxn")]


def _refuse_undeposited(books: Books, account: str) -> None:
    if account == books.profile.undeposited_account:
        raise faults.business("Select a bank account for this deposit.", "DepositToAccountRef")


def _refuse_twice(lines: list[Json]) -> None:
    ids = [line["LinkedTxn"][0]["TxnId"] for line in lines if line.get("LinkedTxn")]
    if len(ids) != len(set(ids)):
        raise faults.not_linkable("a transaction is deposited once.")


def _linked_line(books: Books, given: Json, raw: Json, held: set[str]) -> tuple[Json, Entry]:
    if "DetailType" in raw or DETAIL in raw:
        if not (raw.get(DETAIL) or {}).get("AccountRef"):
            raise faults.missing("Line.DepositLineDetail.AccountRef")
        raise faults.conflicting("A line of a deposit is linked or names its account, not both.")
    link = raw["LinkedTxn"][0]
    kind, row_id = link.get("TxnType", ""), link.get("TxnId", "")
    if len(raw["LinkedTxn"]) != 1 or kind not in DEPOSITABLE:
        raise faults.not_linkable("a deposit line names one transaction that can be deposited.")
    if link.get("TxnLineId") != "0":
        raise faults.missing("Line.LinkedTxn.TxnLineId")
    row = books.find(kind, row_id)
    undeposited = books.profile.undeposited_account
    cents = sum(one for account, one in row.journal if account == undeposited)
    if (row.deposited and row.id not in held) or not cents:
        raise faults.not_linkable("it is not in Undeposited Funds.")
    if row.body["CurrencyRef"]["value"] != given["CurrencyRef"]["value"]:
        raise faults.business("The transaction has another currency than the deposit.", "LinkedTxn")
    if "Amount" not in raw:
        raise faults.missing("Line.Amount")
    own = _amount_held(books, row)
    if minor(raw["Amount"]) != own:
        raise faults.business("A deposit takes the whole amount of a transaction.", "Line")
    return {"Amount": amount(own), "LinkedTxn": [{"TxnId": row_id, "TxnType": kind, "TxnLineId": "0"}]}, (
        undeposited,
        -cents,
    )


def _amount_held(books: Books, row: Row) -> int:
    """Cents of the transaction's own currency in Undeposited Funds."""
    undeposited, body = books.profile.undeposited_account, row.body
    if not currencies.is_foreign(books, body):
        return sum(cents for account, cents in row.journal if account == undeposited)
    match row.kind:
        case "RefundReceipt":
            return -minor(body["TotalAmt"])
        case "Transfer":
            return (1 if body["ToAccountRef"]["value"] == undeposited else -1) * minor(body["Amount"])
        case "JournalEntry":
            details = [(line.get("JournalEntryLineDetail") or {}, line) for line in body["Line"]]
            return sum(
                (1 if detail["PostingType"] == "Debit" else -1) * minor(line["Amount"])
                for detail, line in details
                if detail and detail["AccountRef"]["value"] == undeposited
            )
        case _:
            return minor(body["TotalAmt"])


def _direct_line(books: Books, given: Json, raw: Json) -> tuple[Json, Entry]:
    detail = raw.get(DETAIL) or {}
    if not detail.get("AccountRef"):
        raise faults.missing("Line.DepositLineDetail.AccountRef")
    if "Amount" not in raw:
        raise faults.missing("Line.Amount")
    if raw["Amount"] < 0 and not books.profile.negative_deposit_lines:
        raise faults.negative_amount(raw["Amount"])
    account = by_hand(books, detail["AccountRef"]["value"])
    _refuse_undeposited(books, account.id)
    of_type(books, account.id, DIRECT_TYPES, "AccountRef")
    if "TaxCodeRef" in detail:
        raise faults.feature_not_supported("tax on the lines of a deposit.")
    shown = {**detail, "AccountRef": books.named("Account", account.id)}
    if detail.get("Entity"):
        party = books.party(detail["Entity"], "Entity")
        shown["Entity"] = {**party, "type": party["type"].upper()}
    if detail.get("PaymentMethodRef"):
        method = books.referred("PaymentMethod", detail["PaymentMethodRef"]["value"], "PaymentMethodRef")
        shown["PaymentMethodRef"] = books.named("PaymentMethod", method.id)
    if target := shown.pop("ClassRef", None):
        row = books.referred("Class", target["value"], "ClassRef")
        if books.profile.class_per_line:
            shown["ClassRef"] = books.named("Class", row.id)
    cents = minor(raw["Amount"])
    line = {name: value for name, value in raw.items() if name != "LinkedTxn"}
    line |= {"Amount": amount(cents), "DetailType": DETAIL, DETAIL: shown}
    return line, (account.id, -currencies.to_home(cents, given))


def _cash_back(books: Books, given: Json) -> Json | None:
    back = given.get("CashBack")
    if not back:
        return None
    for name in ("AccountRef", "Amount"):
        if not back.get(name):
            raise faults.missing(f"CashBack.{name}")
    if back["Amount"] < 0:
        raise faults.negative_amount(back["Amount"])
    account = of_type(books, back["AccountRef"]["value"], HOLDS_MONEY, "CashBack.AccountRef")
    return {**back, "AccountRef": books.named("Account", account.id), "Amount": amount(minor(back["Amount"]))}


def _posted(books: Books, body: Json, account: str, taken: list[Entry]) -> Draft:
    """The journal: what is taken out leaves at the value it came in with, the difference is an exchange gain."""
    total = minor(body["TotalAmt"])
    entries: list[Entry] = [(account, currencies.to_home(total, body))]
    own: list[Entry] = [(account, total)]
    if back := body.get("CashBack"):
        cents = minor(back["Amount"])
        entries.append((back["AccountRef"]["value"], currencies.to_home(cents, body)))
        own.append((back["AccountRef"]["value"], cents))
    entries += taken
    currencies.refuse_other_currencies(books, body, (one for one, _ in entries))
    if difference := sum(cents for _, cents in entries):
        entries.append((currencies.gain_or_loss(books) or "", -difference))
    foreign = currencies.foreign_part(books, own) if currencies.is_foreign(books, body) else ()
    return Draft(body, tuple(entries), foreign)


def relink(books: Books, deposit: Row, former: Row | None, at: float) -> list[Row]:
    """The transactions that a deposit locks, and those that it lets go."""
    old = {(one["TxnType"], one["TxnId"]) for one in linked(former.body)} if former else set()
    new = set() if deposit.deleted else {(one["TxnType"], one["TxnId"]) for one in linked(deposit.body)}
    changed = []
    for kind, row_id in sorted(old ^ new):
        row = books.find(kind, row_id)
        links = [link for link in row.body.get("LinkedTxn", []) if link["TxnId"] != deposit.id]
        if (kind, row_id) in new:
            links.append({"TxnId": deposit.id, "TxnType": "Deposit"})
        locked = replace(row, deposited=(kind, row_id) in new)
        changed.append(touched(books, locked, {**row.body, "LinkedTxn": links}, at))
    return changed
