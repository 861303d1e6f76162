"""Document numbers: the caller's own where the company says so, else QuickBooks counts; duplicates are 6140."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from intuit_sandbox import faults
from intuit_sandbox.books import Books, Row
from intuit_sandbox.entities import SALES_KINDS

Json = dict[str, Any]
ALLOW_DUPLICATE = "allowduplicatedocnum"
ALLOW_AUTOMATIC = "allowautodocnum"


def settle(books: Books, kind: str, merged: Json, former: Row | None, include: Collection[str]) -> bool:
    """Fix the DocNumber of a document; whether QuickBooks counted it itself."""
    own = former.body.get("DocNumber") if former else None
    if merged.get("DocNumber") in (None, ""):
        if former is not None and own and not books.profile.custom_txn_numbers and kind in SALES_KINDS:
            merged["DocNumber"] = own
            return False
        counted = _next(books, kind, include) if former is None or kind in SALES_KINDS else None
        if counted is not None:
            merged["DocNumber"] = counted
        return counted is not None
    if merged["DocNumber"] != own and _warns(books, kind, merged) and ALLOW_DUPLICATE not in include:
        _refuse_taken(books, kind, merged["DocNumber"], former)
    return False


def count_on(books: Books, kind: str) -> None:
    """The number that was counted is used up."""
    if kind in SALES_KINDS:
        books.profile.next_doc_number += 1
    else:
        books.profile.next_journal_number += 1


def _next(books: Books, kind: str, include: Collection[str]) -> str | None:
    profile = books.profile
    if kind in SALES_KINDS and not profile.custom_txn_numbers:
        return str(profile.next_doc_number)
    if kind == "JournalEntry" and ALLOW_AUTOMATIC in include:
        return str(profile.next_journal_number)
    return None


def _warns(books: Books, kind: str, merged: Json) -> bool:
    profile = books.profile
    if kind in SALES_KINDS:
        return profile.warn_duplicate_numbers
    if kind == "JournalEntry":
        return profile.warn_duplicate_journal_numbers
    return kind == "Purchase" and merged.get("PaymentType") == "Check" and profile.warn_duplicate_check_numbers


def _refuse_taken(books: Books, kind: str, number: str, former: Row | None) -> None:
    holders = [one for one in books.holders_of_number(kind, number) if former is None or one != former.id]
    if kind == "Purchase":
        holders = [one for one in holders if books.rows[kind][one].body["PaymentType"] == "Check"]
    if holders:
        raise faults.duplicate_number(number, kind, holders[0])
