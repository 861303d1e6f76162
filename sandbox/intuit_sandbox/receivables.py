"""Payments, and what they do to the invoices and credit memos they are applied to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from intuit_sandbox import faults
from intuit_sandbox.books import Books, Entry, Row
from intuit_sandbox.money import amount, minor
from intuit_sandbox.sales import money_account

Json = dict[str, Any]
Target = tuple[str, str]
APPLICABLE = ("Invoice", "CreditMemo")


def draw_up(books: Books, given: Json) -> tuple[Json, tuple[Entry, ...]]:
    """The stored Payment and its journal: money in, receivable down."""
    total = minor(given["TotalAmt"])
    if total < 0:
        raise faults.business("Payment amount must be 0 or greater.", "TotalAmt")
    lines = [_shown_line(line) for line in given.get("Line", [])]
    used = _used(applications({"Line": lines}))
    if used > total:
        raise faults.business("The amount applied is more than the payment.", "TotalAmt")
    account = money_account(books, given)
    body = {
        **given,
        "TotalAmt": amount(total),
        "UnappliedAmt": amount(total - used),
        "Line": lines,
        "DepositToAccountRef": account,
        "ProcessPayment": False,
        "LinkedTxn": [link for line in lines for link in line["LinkedTxn"]],
    }
    journal = ((account["value"], total), (books.profile.receivable_account, -total)) if total else ()
    return body, journal


def _shown_line(line: Json) -> Json:
    if "Amount" not in line:
        raise faults.missing("Line.Amount")
    links = line.get("LinkedTxn") or []
    if len(links) != 1 or links[0].get("TxnType") not in APPLICABLE:
        raise faults.Fault("620", "Transaction cannot be linked", "Transaction can't be linked to this payment.")
    return {
        "Amount": amount(minor(line["Amount"])),
        "LinkedTxn": [{"TxnId": links[0].get("TxnId", ""), "TxnType": links[0]["TxnType"]}],
    }


def applications(payment: Json) -> dict[Target, int]:
    """Cents that a payment applies to each target."""
    sums: defaultdict[Target, int] = defaultdict(int)
    for line in payment.get("Line", []):
        link = line["LinkedTxn"][0]
        sums[(link["TxnType"], link["TxnId"])] += minor(line["Amount"])
    return sums


def _used(applied: dict[Target, int]) -> int:
    return sum(cents if kind == "Invoice" else -cents for (kind, _), cents in applied.items())


def relink(books: Books, payment: Row, former: Row | None, at: float) -> list[Row]:
    """The invoices and credit memos as they stand after this payment was created, changed, voided or deleted."""
    old = applications(former.body) if former else {}
    new = {} if payment.deleted else applications(payment.body)
    customer = payment.body["CustomerRef"]["value"]
    changed = []
    for kind, row_id in sorted({*old, *new}):
        target = books.find(kind, row_id)
        if (kind, row_id) in new and target.body["CustomerRef"]["value"] != customer:
            raise faults.business("The transaction belongs to another customer.", "LinkedTxn")
        open_cents = minor(target.body["Balance"]) + old.get((kind, row_id), 0) - new.get((kind, row_id), 0)
        if open_cents < 0:
            raise faults.business("The amount applied is more than the balance of the transaction.", "Line")
        changed.append(_with_balance(books, target, open_cents, payment.id, (kind, row_id) in new, at))
    return changed


def _with_balance(books: Books, target: Row, cents: int, payment: str, linked: bool, at: float) -> Row:
    links = [link for link in target.body.get("LinkedTxn", []) if link["TxnId"] != payment]
    if linked:
        links.append({"TxnId": payment, "TxnType": "Payment"})
    body = {**target.body, "Balance": amount(cents), "LinkedTxn": links}
    if target.kind == "CreditMemo":
        body["RemainingCredit"] = amount(cents)
    return touched(books, target, body, at)


def unlink_from(books: Books, gone: Row, at: float) -> list[Row]:
    """The payments of a deleted or voided invoice or credit memo: they stay, unapplied."""
    changed = []
    for link in gone.body.get("LinkedTxn", []):
        payment = books.rows["Payment"].get(link["TxnId"])
        if payment is None or payment.deleted:
            continue
        lines = [line for line in payment.body["Line"] if line["LinkedTxn"][0]["TxnId"] != gone.id]
        unapplied = minor(payment.body["TotalAmt"]) - _used(applications({"Line": lines}))
        body = {
            **payment.body,
            "Line": lines,
            "UnappliedAmt": amount(unapplied),
            "LinkedTxn": [one for line in lines for one in line["LinkedTxn"]],
        }
        changed.append(touched(books, payment, body, at))
    return changed


def touched(books: Books, row: Row, body: Json, at: float) -> Row:
    """A row changed by QuickBooks itself: the SyncToken grows as for any other change."""
    body["SyncToken"] = str(int(row.body["SyncToken"]) + 1)
    body["MetaData"] = books.metadata(row, at)
    return replace(row, body=body, changed=at)
