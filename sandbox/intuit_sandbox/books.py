"""The books of one company in memory: rows by kind, and the indexes that keep every check cheap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from intuit_sandbox import clock, faults
from intuit_sandbox.entities import ENTITIES, NAMES, TRANSACTIONS
from intuit_sandbox.money import amount, minor
from intuit_sandbox.open_items import OPEN_BY_LINE, open_item
from intuit_sandbox.profile import CompanyProfile
from intuit_sandbox.rows import Draft, Entry, Row
from intuit_sandbox.shapes import PARTIES

__all__ = ["Books", "Draft", "Entry", "Row", "UnbalancedBooks", "folded", "refuse_unbalanced"]

Json = dict[str, Any]
FIRST_IDS = {NAMES: 56, TRANSACTIONS: 150, "Class": 5_000_000_000_000_007_280}
OWED_BY_TOTAL = {"Invoice": 1, "CreditMemo": -1, "Payment": -1}
FAMILIES = {
    "Customer": "Names",
    "Vendor": "Names",
    "Account": "Accounts",
    "Item": "Items",
    "Class": "Klasses",
    "Department": "Depts",
}


class UnbalancedBooks(AssertionError):
    """A document whose debits and credits differ was about to be stored; the stand-in is wrong, not the caller."""


def refuse_unbalanced(row: Row) -> None:
    if sum(cents for _, cents in row.journal):
        raise UnbalancedBooks(f"{row.kind} {row.id}: {row.journal}")


def folded(name: str) -> str:
    """How names are compared for uniqueness: trimmed, blanks collapsed, case folded."""
    return " ".join(name.split()).casefold()


class Books:
    """All that one company holds. `put` is the only way in; a stored body is never changed in place."""

    def __init__(self, profile: CompanyProfile) -> None:
        self.profile = profile
        self.rows: dict[str, dict[str, Row]] = {kind: {} for kind in ENTITIES}
        self.balances: defaultdict[str, int] = defaultdict(int)
        self.foreign_balances: defaultdict[str, int] = defaultdict(int)
        self.owed: defaultdict[str, int] = defaultdict(int)
        self.applied: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.receivables: dict[str, str] = {}
        self.changes: dict[tuple[str, str], Row] = {}
        self._last_id: dict[str, int] = {}
        self._names: dict[tuple[str, str], tuple[str, str]] = {}
        self._numbers: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)

    def put(self, row: Row) -> None:
        """Store a row in place of its former self."""
        refuse_unbalanced(row)
        kind_rows = self.rows[row.kind]
        former = kind_rows.get(row.id)
        if former is not None:
            self._forget(former)
        kind_rows[row.id] = row
        if row.kind == "Account" and row.body["AccountType"] == "Accounts Receivable":
            self.receivables[row.body["CurrencyRef"]["value"]] = row.id
        self._count(row, 1)
        entity = ENTITIES[row.kind]
        if not row.deleted:
            if (name := row.body.get(entity.name_field)) is not None:
                self._names[(self._namespace(row), folded(name))] = (row.kind, row.id)
            if number := row.body.get("DocNumber"):
                self._numbers[(row.kind, number)][row.id] = None
        if row.id.isdigit():
            self._last_id[entity.sequence] = max(self._last_id.get(entity.sequence, 0), int(row.id))
        self.changes.pop((row.kind, row.id), None)
        self.changes[(row.kind, row.id)] = row

    def in_order_of_id(self) -> None:
        """Put the rows of each kind in the order of their creation, and all in that of their changes, after loading."""
        self.changes = dict(sorted(self.changes.items(), key=lambda pair: pair[1].changed))
        for kind, rows in self.rows.items():
            self.rows[kind] = dict(sorted(rows.items(), key=lambda pair: (len(pair[0]), pair[0])))

    def _count(self, row: Row, sign: int) -> None:
        """Add a row to the balances, or take it out again."""
        for account, cents in row.journal:
            self.balances[account] += sign * cents
        for account, cents in row.foreign:
            self.foreign_balances[account] += sign * cents
        if row.deleted:
            return
        if (direction := OWED_BY_TOTAL.get(row.kind)) is not None:
            self.owed[row.body["CustomerRef"]["value"]] += sign * direction * minor(row.body["TotalAmt"])
            if row.kind == "Payment":
                for line in row.body["Line"]:
                    link = line["LinkedTxn"][0]
                    self.applied[(link["TxnType"], link["TxnId"])] += sign * minor(line["Amount"])
        elif row.kind in OPEN_BY_LINE and (item := open_item(row, self.receivables.values())):
            self.owed[item.customer] += sign * item.cents

    def _forget(self, former: Row) -> None:
        self._count(former, -1)
        if (name := former.body.get(ENTITIES[former.kind].name_field)) is not None:
            self._names.pop((self._namespace(former), folded(name)), None)
        if number := former.body.get("DocNumber"):
            self._numbers[(former.kind, number)].pop(former.id, None)

    @staticmethod
    def _namespace(row: Row) -> str:
        parent = row.body.get("ParentRef", {}).get("value", "")
        return f"{ENTITIES[row.kind].sequence}/{parent}"

    def holder_of_name(self, sequence: str, parent: str, name: str) -> tuple[str, str] | None:
        """Kind and id of whoever has this name in its list, compared without case."""
        return self._names.get((f"{sequence}/{parent}", folded(name)))

    def holders_of_number(self, kind: str, number: str) -> list[str]:
        return list(self._numbers.get((kind, number), ()))

    def next_id(self, sequence: str) -> str:
        """An id never given before in this sequence; kept only if the row is then stored."""
        return str(max(self._last_id.get(sequence, 0) + 1, FIRST_IDS.get(sequence, 1)))

    def find(self, kind: str, row_id: str) -> Row:
        """The row for a read or a write; 610 if it was deleted or never was."""
        row = self.rows[kind].get(row_id)
        if row is None:
            raise faults.made_inactive()
        if row.deleted:
            raise faults.deleted_transaction()
        return row

    def referred(self, kind: str, row_id: str, element: str = "") -> Row:
        """The target of a reference; 2500 if there is none, 610 or 2500 by setting if it has been made inactive."""
        row = self.rows[kind].get(row_id)
        if row is None or row.deleted:
            raise faults.invalid_reference(FAMILIES.get(kind, kind), row_id, element)
        if row.body.get("Active") is False:
            raise faults.made_inactive(element, self.profile.inactive_code)
        return row

    def party(self, reference: Json, element: str) -> Json:
        """The customer, vendor or employee of a reference with its type beside it; 2500 if there is none."""
        kinds = (reference["type"],) if "type" in reference else PARTIES
        found = next((kind for kind in kinds if reference["value"] in self.rows[kind]), kinds[0])
        row = self.referred(found, reference["value"], element)
        return {**self.named(found, row.id), "type": found}

    def named(self, kind: str, row_id: str) -> Json:
        """A reference with its label, as it is shown on reads."""
        row = self.rows[kind].get(row_id)
        if row is None:
            return {"value": row_id}
        return {"value": row_id, "name": row.body.get("FullyQualifiedName") or row.body[ENTITIES[kind].name_field]}

    def of_kind(self, kind: str) -> Iterator[Row]:
        """Living rows in the order of their creation."""
        return (row for row in self.rows[kind].values() if not row.deleted)

    def shown(self, row: Row) -> Json:
        """The object as a read gives it, with the balances that follow from the documents."""
        if row.kind == "Account":
            sign = -1 if row.body["Classification"] in ("Liability", "Equity", "Revenue") else 1
            foreign = row.body["CurrencyRef"]["value"] != self.profile.currency
            balance = amount(sign * (self.foreign_balances if foreign else self.balances)[row.id])
            return {**row.body, "CurrentBalance": balance, "CurrentBalanceWithSubAccounts": balance}
        if row.kind == "Customer":
            owed = amount(self.owed[row.id])
            return {**row.body, "Balance": owed, "BalanceWithJobs": owed}
        return row.body

    def changed_since(self, moment: float, kinds: set[str]) -> list[Row]:
        """Rows changed at or after a moment, deleted ones too, oldest first."""
        found = []
        for row in reversed(self.changes.values()):
            if row.changed < moment:
                break
            if row.kind in kinds:
                found.append(row)
        found.reverse()
        return found

    def metadata(self, former: Row | None, at: float) -> Json:
        created = former.body["MetaData"]["CreateTime"] if former else clock.stamp(at)
        return {"CreateTime": created, "LastUpdatedTime": clock.stamp(at)}
