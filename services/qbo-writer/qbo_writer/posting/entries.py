"""Debits and credits of a document by account, as QuickBooks will book it: what a preview shows a bookkeeper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledgerport_libs.money import EXPONENT
from qbo_writer.posting.company import Company
from qbo_writer.posting.posted import GIVES_BACK, SALES
from qbo_writer.posting.verdicts import Document, Operation

RECEIVABLE = "Accounts Receivable"
SALES_TAX = "Sales tax payable"
_UNDEPOSITED = "Undeposited Funds"


@dataclass(frozen=True, slots=True)
class Entry:
    """One account's share of a document in minor units of its currency: positive is a debit."""

    account: str
    amount: int


# The accounts of items that are not in the company yet: item id -> account id.
ItemAccounts = Mapping[str, str]


def entries(document: Document, company: Company, made: ItemAccounts) -> list[Entry]:
    """One entry an account, debits first; they add up to zero. None for a void, which takes all entries back."""
    if document.total is None or document.operation is Operation.VOID:
        return []
    currency = document.total.currency
    if document.entity == "JournalEntry":
        found = _of_journal(document.body, company, currency)
    elif document.entity == "Payment":
        found = _of_payment(document.body, company, currency)
    elif document.entity in SALES:
        found = _of_sale(document, company, made, currency)
    else:
        return []
    sums: dict[str, int] = {}
    for entry in found:
        sums[entry.account] = sums.get(entry.account, 0) + entry.amount
    return sorted((Entry(account, amount) for account, amount in sums.items() if amount), key=lambda e: e.amount < 0)


def _of_sale(document: Document, company: Company, made: ItemAccounts, currency: str) -> list[Entry]:
    body = document.body
    sign = -1 if document.entity in GIVES_BACK else 1
    money = RECEIVABLE
    if document.entity in ("SalesReceipt", "RefundReceipt"):
        money = _account(company, body.get("DepositToAccountRef"), _UNDEPOSITED)
    found = []
    for line in body["Line"]:
        item = line["SalesItemLineDetail"]["ItemRef"]["value"]
        known = company.names.by_id("Item", item)
        account = made.get(item) or (known.account if known else "")
        found.append(Entry(_account(company, {"value": account}, account), -sign * _minor(line["Amount"], currency)))
    tax = (body.get("TxnTaxDetail") or {}).get("TotalTax", 0)
    found.append(Entry(SALES_TAX, -sign * _minor(tax, currency)))
    return [Entry(money, -sum(entry.amount for entry in found)), *found]


def _of_payment(body: Mapping[str, Any], company: Company, currency: str) -> list[Entry]:
    amount = _minor(body["TotalAmt"], currency)
    money = _account(company, body.get("DepositToAccountRef"), _UNDEPOSITED)
    return [Entry(money, amount), Entry(RECEIVABLE, -amount)]


def _of_journal(body: Mapping[str, Any], company: Company, currency: str) -> list[Entry]:
    found = []
    for line in body["Line"]:
        detail = line["JournalEntryLineDetail"]
        sign = 1 if detail["PostingType"] == "Debit" else -1
        found.append(Entry(_account(company, detail["AccountRef"], "?"), sign * _minor(line["Amount"], currency)))
    return found


def _account(company: Company, ref: Mapping[str, Any] | None, otherwise: str) -> str:
    """How people call the account; its Id where it is not made yet."""
    if not ref or not ref.get("value"):
        return otherwise
    known = company.names.by_id("Account", str(ref["value"]))
    if known is None:
        return str(ref["value"]).strip("<>")
    return RECEIVABLE if known.type == RECEIVABLE else known.name


def _minor(amount: Decimal | int, currency: str) -> int:
    return int(Decimal(amount).scaleb(EXPONENT[currency]))
