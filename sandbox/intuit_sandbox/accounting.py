"""The verbs of the accounting service on one company: create, read, update, delete, void, inactivate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from intuit_sandbox import clock, faults, lists, receivables, sales, taxservice
from intuit_sandbox.books import Books, Row, refuse_unbalanced
from intuit_sandbox.entities import SALES_KINDS, Entity
from intuit_sandbox.money import amount
from intuit_sandbox.shapes import identity
from intuit_sandbox.store import Store

Json = dict[str, Any]
ALLOW_DUPLICATE_NUMBER = "allowduplicatedocnum"


class Accounting:
    """One company's accounting service. Every write is checked whole, then stored in one transaction."""

    def __init__(self, books: Books, store: Store) -> None:
        self.books = books
        self._store = store

    def submit(self, entity: Entity, payload: Json, operation: str = "", include: Iterable[str] = ()) -> Json:
        """Do what a POST to this entity asks for; the object as it is afterwards."""
        if self.books.profile.read_only:
            raise faults.lapsed_subscription()
        at = clock.now()
        match operation:
            case "delete":
                return self._delete(entity, payload, at)
            case "void":
                return self._void(entity, payload, at)
            case "" | "create" | "update":
                return self._write(entity, payload, frozenset(include), at)
            case _:
                raise faults.unsupported_operation(operation)

    def read(self, entity: Entity, row_id: str) -> Json:
        """The object as stored; 610 if deleted or unknown, 2030 if the id is none."""
        if row_id not in ("TAX", "NON"):
            identity("Id", row_id)
        return self.books.shown(self.books.find(entity.name, row_id))

    def tax_service(self, payload: Any) -> Json:
        """Make a tax code with its rates."""
        if self.books.profile.read_only:
            raise faults.lapsed_subscription()
        rows, answer = taxservice.draw_up(self.books, payload, clock.now())
        self._store_rows(rows)
        return answer

    def mark_deposited(self, entity: Entity, row_id: str, deposited: bool) -> None:
        """Lock or unlock a transaction as a Deposit would."""
        self._store_rows([replace(self.books.find(entity.name, row_id), deposited=deposited)])

    def _write(self, entity: Entity, payload: Json, include: frozenset[str], at: float) -> Json:
        given = entity.shape.clean(payload)
        former = self._former(entity, given) if "Id" in given else None
        self._allowed(entity, "update" if former else "create")
        merged = _merged(entity, given, former)
        if former and former.deposited:
            raise faults.deposited()
        self._resolve(entity, merged, former)
        for name in entity.required:
            if merged.get(name) in (None, [], {}, ""):
                raise faults.missing(name)
        if entity.is_transaction:
            row = self._transaction(entity, merged, former, include, at)
        else:
            row = self._finished(entity, lists.draw_up(self.books, entity, merged, former), (), former, at)
        others = receivables.relink(self.books, row, former, at) if entity.name == "Payment" else []
        self._store_rows([row, *others])
        return self.books.shown(row)

    def _transaction(self, entity: Entity, merged: Json, former: Row | None, include: frozenset[str], at: float) -> Row:
        books = self.books
        merged.setdefault("TxnDate", former.body["TxnDate"] if former else clock.today(at))
        self._refuse_closed(merged["TxnDate"], former)
        currency = merged.get("CurrencyRef", {}).get("value", books.profile.currency)
        if currency != books.profile.currency:
            raise faults.invalid_currency(currency)
        merged["CurrencyRef"] = books.profile.currency_ref()
        if former and "LinkedTxn" in former.body:
            merged["LinkedTxn"] = former.body["LinkedTxn"]
        if entity.name in SALES_KINDS:
            self._number(entity, merged, former, include)
            body, journal = sales.draw_up(books, entity.name, merged, former)
        else:
            body, journal = receivables.draw_up(books, merged)
        row = self._finished(entity, body, journal, former, at)
        self._count_number(entity, merged, former)
        return row

    def _number(self, entity: Entity, merged: Json, former: Row | None, include: frozenset[str]) -> None:
        """The DocNumber rule: own numbers if the company says so, else QuickBooks counts."""
        profile = self.books.profile
        own = former.body.get("DocNumber") if former else None
        number = merged.get("DocNumber")
        if number in (None, "") and not profile.custom_txn_numbers:
            number = merged["DocNumber"] = own or str(profile.next_doc_number)
        if not number or number == own or not profile.warn_duplicate_numbers or ALLOW_DUPLICATE_NUMBER in include:
            return
        holders = self.books.holders_of_number(entity.name, number)
        if holders and (former is None or holders != [former.id]):
            raise faults.duplicate_number(number, entity.name, holders[0])

    def _count_number(self, entity: Entity, merged: Json, former: Row | None) -> None:
        profile = self.books.profile
        counted = former is None and entity.name in SALES_KINDS and not profile.custom_txn_numbers
        if counted and merged.get("DocNumber") == str(profile.next_doc_number):
            profile.next_doc_number += 1
            self._store.save_company(profile)

    def _finished(
        self, entity: Entity, body: Json, journal: tuple[tuple[str, int], ...], former: Row | None, at: float
    ) -> Row:
        """The row with its identity: Id, grown SyncToken and times."""
        row_id = former.id if former else self.books.next_id(entity.sequence)
        token = int(former.body["SyncToken"]) + 1 if former else 0
        whole = {
            **body,
            "domain": "QBO",
            "sparse": False,
            "Id": row_id,
            "SyncToken": str(token),
            "MetaData": self.books.metadata(former, at),
        }
        return Row(entity.name, row_id, whole, journal, at)

    def _former(self, entity: Entity, given: Json) -> Row:
        """The row that a write means to change; 5010 if the caller saw an older one."""
        if "SyncToken" not in given:
            raise faults.missing("SyncToken")
        row = self.books.find(entity.name, given["Id"])
        if given["SyncToken"] != row.body["SyncToken"]:
            raise faults.stale()
        return row

    def _removable(self, entity: Entity, payload: Json, verb: str) -> Row:
        self._allowed(entity, verb)
        if "Id" not in payload:
            raise faults.missing("Id")
        identity("Id", payload["Id"])
        token = {"SyncToken": str(payload["SyncToken"])} if "SyncToken" in payload else {}
        row = self._former(entity, {"Id": str(payload["Id"]), **token})
        if row.deposited:
            raise faults.deposited()
        self._refuse_closed(row.body["TxnDate"], None)
        return row

    def _delete(self, entity: Entity, payload: Json, at: float) -> Json:
        row = self._removable(entity, payload, "delete")
        stub = {"domain": "QBO", "status": "Deleted", "Id": row.id}
        gone = replace(
            row,
            body={**row.body, **stub, "MetaData": self.books.metadata(row, at)},
            journal=(),
            deleted=True,
            changed=at,
        )
        gone = replace(gone, body={**stub, "MetaData": {"LastUpdatedTime": gone.body["MetaData"]["LastUpdatedTime"]}})
        self._store_rows([gone, *self._released(row, replace(row, deleted=True), at)])
        return stub

    def _void(self, entity: Entity, payload: Json, at: float) -> Json:
        """All amounts to zero, the number kept, the memo says so."""
        row = self._removable(entity, payload, "void")
        note = row.body.get("PrivateNote")
        body = {
            **row.body,
            "Line": [] if entity.name == "Payment" else [_zeroed(line) for line in row.body["Line"]],
            "TotalAmt": amount(0),
            "LinkedTxn": [],
            "PrivateNote": f"Voided - {note}" if note else "Voided",
        }
        if entity.name == "Payment":
            body["UnappliedAmt"] = amount(0)
        else:
            body |= {"TxnTaxDetail": {"TotalTax": amount(0)}, "Balance": amount(0)}
        voided = self._finished(entity, body, (), row, at)
        self._store_rows([voided, *self._released(row, voided, at)])
        return voided.body

    def _released(self, former: Row, after: Row, at: float) -> list[Row]:
        """The transactions that were linked with one that is gone."""
        if former.kind == "Payment":
            return receivables.relink(self.books, after, former, at)
        return receivables.unlink_from(self.books, former, at)

    def _allowed(self, entity: Entity, verb: str) -> None:
        if verb not in entity.verbs:
            raise faults.unsupported_operation(f"{verb} of {entity.name}")

    def _refuse_closed(self, date: str, former: Row | None) -> None:
        closed = self.books.profile.book_close_date
        if closed and (date <= closed or (former is not None and former.body["TxnDate"] <= closed)):
            raise faults.closed_books()

    def _resolve(self, entity: Entity, merged: Json, former: Row | None) -> None:
        """Check every reference at the top of the object and put the names beside the ids."""
        for name, field in entity.shape.fields.items():
            if not field.refers_to or name not in merged:
                continue
            if not merged[name]:
                del merged[name]
                continue
            target = merged[name]["value"]
            unchanged = former is not None and former.body.get(name, {}).get("value") == target
            if not unchanged:
                self.books.referred(field.refers_to, target, name)
            merged[name] = self.books.named(field.refers_to, target)

    def _store_rows(self, rows: list[Row]) -> None:
        for row in rows:
            refuse_unbalanced(row)
        with self._store.transaction():
            self._store.save_rows(self.books.profile.realm_id, rows)
            for row in rows:
                self.books.put(row)


def _merged(entity: Entity, given: Json, former: Row | None) -> Json:
    """A create or full update is what was given; a sparse one lies over what is stored, "" clears."""
    sparse = given.pop("sparse", False)
    given = {name: value for name, value in given.items() if name not in ("Id", "SyncToken")}
    if former is None:
        return given
    kept = {name: former.body[name] for name in entity.fixed if name in former.body}
    if entity.name_field in former.body:
        kept[entity.name_field] = former.body[entity.name_field]
    if sparse:
        writable = {name for name, field in entity.shape.fields.items() if not field.read_only}
        kept = {
            name: value for name, value in former.body.items() if name in writable or name in entity.shape.tolerated
        }
        kept.pop("Id", None)
        kept.pop("SyncToken", None)
        kept.pop("sparse", None)
    return {name: value for name, value in {**kept, **given}.items() if value != ""}


def _zeroed(line: Json) -> Json:
    zero = {**line}
    if "Amount" in zero:
        zero["Amount"] = amount(0)
    if detail := zero.get("SalesItemLineDetail"):
        zero["SalesItemLineDetail"] = {
            name: 0 if name in ("Qty", "UnitPrice", "TaxInclusiveAmt") else value for name, value in detail.items()
        }
    return zero
