"""Reading the ledger: journal lines by document, and the trial balance that must come out even."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from intuit_sandbox.books import Books, Entry
from intuit_sandbox.entities import ENTITIES

Json = dict[str, Any]


def trial_balance(books: Books) -> Json:
    """Every account with a balance, in minor units of the home currency; both columns have the same total."""
    accounts = []
    for row in books.of_kind("Account"):
        cents = books.balances[row.id]
        if cents:
            accounts.append(
                {
                    "id": row.id,
                    "name": row.body["FullyQualifiedName"],
                    "type": row.body["AccountType"],
                    "debit_minor": max(cents, 0),
                    "credit_minor": max(-cents, 0),
                }
            )
    return {
        "currency": books.profile.currency,
        "accounts": accounts,
        "debit_minor": sum(one["debit_minor"] for one in accounts),
        "credit_minor": sum(one["credit_minor"] for one in accounts),
    }


def journal(books: Books, document: str | None = None, account: str | None = None) -> list[Json]:
    """Documents with their journal lines, all or one, optionally only those that touch an account."""
    entries = []
    for kind in (name for name, entity in ENTITIES.items() if entity.is_transaction):
        for row in books.of_kind(kind):
            if document not in (None, row.id):
                continue
            lines = [_line(books, number, cents) for number, cents in _by_account(row.journal)]
            if account is None or any(line["account"] == account for line in lines):
                entries.append(
                    {
                        "entity": kind,
                        "id": row.id,
                        "doc_number": row.body.get("DocNumber"),
                        "date": row.body["TxnDate"],
                        "lines": lines,
                    }
                )
    return entries


def _by_account(entries: Iterable[Entry]) -> list[Entry]:
    sums: defaultdict[str, int] = defaultdict(int)
    for account, cents in entries:
        sums[account] += cents
    return [(account, cents) for account, cents in sums.items() if cents]


def _line(books: Books, account: str, cents: int) -> Json:
    return {
        "account": account,
        "name": books.named("Account", account).get("name", ""),
        "debit_minor": max(cents, 0),
        "credit_minor": max(-cents, 0),
    }
