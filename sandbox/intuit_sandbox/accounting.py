"""The verbs of the accounting service on one company: create, read, update, delete, void, inactivate."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from intuit_sandbox import (
    clock,
    currencies,
    deposits,
    estimates,
    exchange_rates,
    faults,
    journal_entries,
    lists,
    numbering,
    purchases,
    receivables,
    sales,
    shapes,
    taxservice,
    transfers,
)
from intuit_sandbox.books import Books, Draft, Row, refuse_unbalanced
from intuit_sandbox.entities import SALES_KINDS, Entity
from intuit_sandbox.money import amount
from intuit_sandbox.profile import CompanyProfile
from intuit_sandbox.shapes import identity
from intuit_sandbox.store import Store

Json = dict[str, Any]
NUMBERED = SALES_KINDS | {"JournalEntry", "Purchase"}
TAXED_BY = frozenset({"Line", "GlobalTaxCalculation", "ApplyTaxAfterDiscount"})
OTHER_RULES: dict[str, Callable[[Books, Json, Row | None], Draft]] = {
    "Payment": receivables.draw_up,
    "Deposit": deposits.draw_up,
    "JournalEntry": journal_entries.draw_up,
    "Transfer": transfers.draw_up,
    "Purchase": purchases.draw_up,
}


class Accounting:
    """One company's accounting service. Every write is checked whole, then stored in one transaction."""

    def __init__(self, books: Books, store: Store) -> None:
        self.books = books
        self._store = store

    def submit(self, entity: Entity, payload: Json, operation: str = "", include: Iterable[str] = ()) -> Json:
        """Do what a POST to this entity asks for; the object as it is afterwards."""
        if self.books.profile.read_only:
            raise faults.lapsed_subscription()
        if self.books.profile.latin1_only:
            shapes.refuse_beyond_latin1(payload)
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

    def set_rate(self, payload: Json) -> Json:
        """Set an exchange rate for a day."""
        if self.books.profile.read_only:
            raise faults.lapsed_subscription()
        row = exchange_rates.draw_up(self.books, payload, clock.now())
        self._store_rows([row])
        return row.body

    def open_to_currencies(self) -> None:
        """Make the account that multicurrency needs, if it is not there yet."""
        self._store_rows(currencies.gain_or_loss_made(self.books, clock.now()))

    def mark_deposited(self, entity: Entity, row_id: str, deposited: bool) -> None:
        """Lock or unlock a transaction as a Deposit would."""
        self._store_rows([replace(self.books.find(entity.name, row_id), deposited=deposited)])

    def _write(self, entity: Entity, payload: Json, include: frozenset[str], at: float) -> Json:
        given = entity.shape.clean(payload)
        former = self._former(entity, given) if "Id" in given else None
        self._allowed(entity, "update" if former else "create")
        sparse = bool(former and given.get("sparse"))
        _refuse_other_fixed(entity, given, former)
        merged = _merged(entity, given, former)
        if former and former.deposited:
            raise faults.deposited()
        if entity.is_transaction:
            _drop_untracked(self.books.profile, merged)
        self._resolve(entity, merged, former)
        for name in entity.required:
            if merged.get(name) in (None, [], {}, ""):
                raise faults.missing(name)
        if not entity.is_transaction:
            row = self._finished(entity, Draft(lists.draw_up(self.books, entity, merged, former)), former, at)
            self._store_rows([row, *self._companions(row, former, at)])
            return self.books.shown(row)
        keep_tax = sparse and entity.name in SALES_KINDS and _settle_tax(given, merged)
        counted, draft = self._transaction(entity, merged, former, include, keep_tax=keep_tax)
        row = self._finished(entity, draft, former, at)
        if former:
            receivables.refuse_below_applied(self.books, row, former)
        self._store_rows([row, *self._companions(row, former, at)], counted=counted)
        return self.books.shown(row)

    def _transaction(
        self, entity: Entity, merged: Json, former: Row | None, include: frozenset[str], *, keep_tax: bool
    ) -> tuple[bool, Draft]:
        """The document drawn up, and whether QuickBooks counted its number."""
        books, kind = self.books, entity.name
        merged.setdefault("TxnDate", former.body["TxnDate"] if former else clock.today(clock.now()))
        self._refuse_closed(merged["TxnDate"], former)
        currencies.settle(books, merged, _own_currency(books, kind, merged), required=kind in SALES_KINDS)
        if kind == "Invoice":
            merged["LinkedTxn"] = estimates.link(books, merged, former)
        elif former and "LinkedTxn" in former.body:
            merged["LinkedTxn"] = former.body["LinkedTxn"]
        counted = numbering.settle(books, kind, merged, former, include) if kind in NUMBERED else False
        if kind in SALES_KINDS:
            return counted, sales.draw_up(books, kind, merged, former, keep_tax=keep_tax)
        return counted, OTHER_RULES[kind](books, merged, former)

    def _companions(self, row: Row, former: Row | None, at: float) -> list[Row]:
        """The rows that change along with one that is created or updated."""
        match row.kind:
            case "Payment":
                return receivables.relink(self.books, row, former, at)
            case "Deposit":
                return deposits.relink(self.books, row, former, at)
            case "Invoice":
                return estimates.relink(self.books, row, former, at)
            case "CompanyCurrency":
                return currencies.receivable_made_for(self.books, row.body["Code"], at)
        return []

    def _finished(self, entity: Entity, draft: Draft, former: Row | None, at: float) -> Row:
        """The row with its identity: Id, grown SyncToken and times."""
        row_id = former.id if former else self.books.next_id(entity.sequence)
        token = int(former.body["SyncToken"]) + 1 if former else 0
        whole = {
            **draft.body,
            "domain": "QBO",
            "sparse": False,
            "Id": row_id,
            "SyncToken": str(token),
            "MetaData": self.books.metadata(former, at),
        }
        return Row(entity.name, row_id, whole, draft.journal, draft.foreign, at)

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
        if entity.name == "Estimate":
            estimates.refuse_delete(row)
        stub = {"domain": "QBO", "status": "Deleted", "Id": row.id}
        gone = replace(
            row,
            body={**row.body, **stub, "MetaData": self.books.metadata(row, at)},
            journal=(),
            foreign=(),
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
            body |= currencies.home_figures(self.books, body)
        voided = self._finished(entity, Draft(body), row, at)
        self._store_rows([voided, *self._released(row, voided, at)])
        return voided.body

    def _released(self, former: Row, after: Row, at: float) -> list[Row]:
        """The transactions that were linked with one that is gone."""
        match former.kind:
            case "Payment":
                return receivables.relink(self.books, after, former, at)
            case "Deposit":
                return deposits.relink(self.books, after, former, at)
            case "Invoice":
                estimates_again = estimates.relink(self.books, after, former, at)
                return [*estimates_again, *receivables.unlink_from(self.books, former, at)]
        return receivables.unlink_from(self.books, former, at)

    def _allowed(self, entity: Entity, verb: str) -> None:
        if verb not in entity.verbs:
            raise faults.unsupported_operation(f"{verb} of {entity.name}")

    def _refuse_closed(self, date: str, former: Row | None) -> None:
        closed = self.books.profile.book_close_date
        if closed and (date <= closed or (former is not None and former.body["TxnDate"] <= closed)):
            raise faults.closed_books(with_password=self.books.profile.book_close_password)

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

    def _store_rows(self, rows: list[Row], *, counted: bool = False) -> None:
        for row in rows:
            refuse_unbalanced(row)
        with self._store.transaction():
            if counted:
                numbering.count_on(self.books, rows[0].kind)
                self._store.save_company(self.books.profile)
            self._store.save_rows(self.books.profile.realm_id, rows)
            for row in rows:
                self.books.put(row)


def _refuse_other_fixed(entity: Entity, given: Json, former: Row | None) -> None:
    """6000 if an update gives another value to what is fixed at creation."""
    for name in entity.fixed:
        if former and name in given and _value(given[name]) != _value(former.body.get(name)):
            raise faults.business(f"{name} cannot be changed once it is set.", name)


def _value(given: Any) -> Any:
    return given.get("value") if isinstance(given, dict) else given


def _drop_untracked(profile: CompanyProfile, merged: Json) -> None:
    """Class and location of a whole document are kept only where the company tracks them."""
    if not profile.class_per_txn:
        merged.pop("ClassRef", None)
    if not profile.track_departments:
        merged.pop("DepartmentRef", None)


def _settle_tax(given: Json, merged: Json) -> bool:
    """For a sparse update: whether the tax stays as it is; new lines without tax details have it reckoned afresh."""
    if "TxnTaxDetail" in given:
        return False
    if not TAXED_BY.isdisjoint(given):
        code = merged.pop("TxnTaxDetail", {}).get("TxnTaxCodeRef")
        if code:
            merged["TxnTaxDetail"] = {"TxnTaxCodeRef": code}
        return False
    return True


def _own_currency(books: Books, kind: str, merged: Json) -> str | None:
    """The currency that a document's customer or account binds it to."""
    home = books.profile.currency
    if not books.profile.multicurrency and "CustomerRef" not in merged:
        return None
    if kind == "Transfer":
        return transfers.currency_of(books, merged)
    if kind in ("Deposit", "Purchase"):
        account = merged["DepositToAccountRef" if kind == "Deposit" else "AccountRef"]["value"]
        code = currencies.currency_of(books, account)
        return code if code != home else None
    if "CustomerRef" in merged:
        return str(books.rows["Customer"][merged["CustomerRef"]["value"]].body["CurrencyRef"]["value"])
    return None


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
