"""What a journal entry or an expense leaves open on a customer: its line on accounts receivable."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from intuit_sandbox.money import minor
from intuit_sandbox.rows import Row

Json = dict[str, Any]
OPEN_BY_LINE = frozenset({"JournalEntry", "Purchase"})


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Whose receivable it is, and by how many cents of the document's currency it grew (credits are negative)."""

    customer: str
    cents: int


def open_item(row: Row, receivables: Collection[str]) -> OpenItem | None:
    """The receivable of a stored journal entry or expense, if one of its lines is on such an account."""
    read = _of_journal_line if row.kind == "JournalEntry" else _of_expense_line
    items = [item for line in row.body["Line"] if (item := read(row.body, line, receivables))]
    return OpenItem(items[0].customer, sum(item.cents for item in items)) if items else None


def _of_journal_line(_body: Json, line: Json, receivables: Collection[str]) -> OpenItem | None:
    detail = line.get("JournalEntryLineDetail")
    if not detail or detail["AccountRef"]["value"] not in receivables:
        return None
    sign = 1 if detail["PostingType"] == "Debit" else -1
    return OpenItem(detail["Entity"]["EntityRef"]["value"], sign * minor(line["Amount"]))


def _of_expense_line(body: Json, line: Json, receivables: Collection[str]) -> OpenItem | None:
    detail = line.get("AccountBasedExpenseLineDetail")
    if not detail or detail["AccountRef"]["value"] not in receivables:
        return None
    return OpenItem(body["EntityRef"]["value"], (-1 if body.get("Credit") else 1) * minor(line["Amount"]))
