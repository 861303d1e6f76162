"""Books of a company of the stand-in: whatever posting plans is really posted there, with all it refers to."""

from __future__ import annotations

import json
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol
from uuid import NAMESPACE_URL, uuid5

from intuit_sandbox.problems import problems_of
from ledgerport.common.v1 import money_pb2
from ledgerport.events.v2 import entity_pb2
from qbo_writer.company_books import company_of, name_of
from qbo_writer.figures import Expected, difference_of, proof_of, total_of
from qbo_writer.intake import buyer_of
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.company import Company, Names
from qbo_writer.posting.config import SyncConfig, UnmappedProducts
from qbo_writer.posting.plan import Subject, plan
from qbo_writer.posting.posted import Posted, PostedDocument
from qbo_writer.posting.verdicts import Adopt, Booked, Document, Key, Needs, Operation, Verdict

LISTS = ("Customer", "Vendor", "Employee", "Item", "Account")
CONFIG = SyncConfig(unmapped_products=UnmappedProducts.CREATE)
_MOST_STEPS = 20


class Ledger(Protocol):
    """A company that can be asked and written to, over HTTP or in this process."""

    realm: str

    def get(self, resource: str, **params: str) -> Any: ...
    def post(self, resource: str, body: bytes, **params: str) -> Any: ...
    def query(self, statement: str) -> Any: ...
    def balances(self) -> dict[str, int]: ...


@dataclass
class Written:
    """One document as it was sent and as QuickBooks answered."""

    record: Key
    document: Document
    sent: bytes
    made: dict[str, Any]


@dataclass
class RealBooks:
    """Books that deliver like the product does: plan, post, compare to the cent, and plan what follows."""

    ledger: Ledger
    config: SyncConfig = CONFIG
    overlay: dict[Key, str] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mapped: dict[Key, str] = {}
        self.documents: dict[str, list[PostedDocument]] = {}
        self.company = self.read()

    def read(self) -> Company:
        """The company as delivery reads it."""
        names = [name_of(each, row) for each in LISTS for row in self._rows(each)]
        return company_of(
            self.ledger.realm,
            self.ledger.get(f"companyinfo/{self.ledger.realm}")["CompanyInfo"],
            self.ledger.get("preferences")["Preferences"],
            self._rows("TaxCode"),
            self._rows("TaxRate"),
            Names(names),
        )

    def book(self, event: entity_pb2.EntityEvent, *, first: tuple[Key, ...] = ()) -> dict[Key, Verdict]:
        """Deliver an order with its payments and refunds, as often as one of them still has something to book.

        `first`: the records that are tried before all others, in this order.
        """
        order_key = ("order", event.source_id)
        refunds = [("refund", refund.id) for refund in event.order.refunds]
        keys = [*first, *(key for key in (order_key, *refunds) if key not in first)]
        verdicts: dict[Key, Verdict] = {}
        for _ in range(_MOST_STEPS):
            before = (len(self.written), len(keys))
            for key in list(keys):
                verdicts[key] = verdict = self.deliver(key, event)
                if isinstance(verdict, Booked):
                    keys += [each for each in verdict.spawn if each not in keys]
            if (len(self.written), len(keys)) == before:
                return verdicts
        raise AssertionError(f"{event.order.name} is never done: {verdicts}")

    def deliver(self, key: Key, event: entity_pb2.EntityEvent) -> Verdict:
        """One record as far as it goes. The verdict that ended it."""
        while True:
            verdict = self.plan(key, event)
            if not isinstance(verdict, Document):
                return verdict
            self._write(key, event.source_id, verdict)

    def plan(self, key: Key, event: entity_pb2.EntityEvent) -> Verdict:
        """The next verdict once everything that it asks for is there."""
        while True:
            verdict = self._plan(key, event, Posted(self.documents.get(event.source_id, [])))
            if not isinstance(verdict, Needs) or any(kind == "order" for kind, _ in verdict.keys):
                return verdict
            for needed in verdict.keys:
                self._provide(needed, event)

    def owed(self) -> int:
        """What customers owe by the ledger, in minor units: all accounts of the type Accounts Receivable."""
        return self._balance("Accounts Receivable")

    def open_debits(self) -> int:
        """What is left of invoices and of what was paid back, in minor units."""
        return self._open("Invoice", "JournalEntry")

    def open_credits(self) -> int:
        """What is left of credits, and of payments that nothing asked for, in minor units."""
        paid = (each for documents in self.documents.values() for each in documents if each.entity == "Payment")
        unasked = sum(each.total - sum(part.amount for part in each.applies) for each in paid if each.total)
        return self._open("CreditMemo") + unasked

    def _open(self, *entities: str) -> int:
        return sum(left for each in self.documents.values() for _, left in Posted(each).open(*entities))

    def cleared(self) -> int:
        """What lies at the gateways and is not paid out yet."""
        ids = {qbo_id for (_, name), qbo_id in self.mapped.items() if name.startswith("account:clearing:")}
        return sum(amount for account, amount in self.ledger.balances().items() if account in ids)

    def balances_by_name(self) -> dict[str, int]:
        """Minor units by account name, those at zero left out; debits are positive."""
        names = {row["Id"]: row["FullyQualifiedName"] for row in self._rows("Account")}
        found = {names.get(account, account): amount for account, amount in self.ledger.balances().items() if amount}
        return dict(sorted(found.items()))

    def number_of(self, entity: str, qbo_id: str) -> str:
        """How a document of ours is called: "Invoice 1001"."""
        every = (each for documents in self.documents.values() for each in documents)
        found = next((each for each in every if (each.entity, each.qbo_id) == (entity, qbo_id)), None)
        return f"{entity} {found.number or found.part}" if found else qbo_id

    def _balance(self, account_type: str) -> int:
        ids = {row["Id"] for row in self._rows("Account") if row["AccountType"] == account_type}
        return sum(amount for account, amount in self.ledger.balances().items() if account in ids)

    def _plan(self, key: Key, event: entity_pb2.EntityEvent, posted: Posted) -> Verdict:
        kind, source_id = key
        record = str(uuid5(NAMESPACE_URL, f"{event.source_id}|{kind}|{source_id}"))
        known: Mapping[Key, str] = ChainMap(self.overlay, self.mapped)
        return plan(Subject(kind, record, source_id, event, posted), self.company, self.config, known)

    def _write(self, key: Key, family: str, document: Document) -> None:
        sent = to_bytes(document.body)
        if document.operation is Operation.CREATE and (wrong := problems_of(document.entity, _parsed(sent))):
            raise AssertionError(f"QuickBooks has no such property, or not so long: {wrong}")
        params = {"operation": "void"} if document.operation is Operation.VOID else {}
        made = self.ledger.post(document.entity.lower(), sent, **params)
        expected = Expected.of(document)
        difference = difference_of(expected, made)
        self.written.append(Written(key, document, sent, made))
        mends = document.operation is Operation.CREATE and difference
        if difference and not mends:
            raise AssertionError(difference)
        total = expected.total
        documents = self.documents.setdefault(family, [])
        documents[:] = [each for each in documents if (each.owner, each.part) != (key, document.part)]
        documents.append(
            PostedDocument(
                owner=key,
                part=document.part,
                entity=document.entity,
                qbo_id=made["Id"],
                sync_token=made["SyncToken"],
                number=str(made.get("DocNumber") or document.number),
                total=total_of(made, total.currency) if total else 0,
                covers=document.covers,
                applies=document.applies,
                voided=document.operation is Operation.VOID,
                date=document.date,
                tax_shifted=bool(difference),
                currency=total.currency if total else "",
                customer_id=str((made.get("CustomerRef") or {}).get("value", "")),
            )
        )
        if not difference:
            _check_proof(proof_of(expected, made), document)

    def _provide(self, key: Key, about: entity_pb2.EntityEvent) -> None:
        kind, source_id = key
        event = self._entity(kind, source_id, about)
        verdict: Verdict = Needs((key,))
        while isinstance(verdict, Needs):
            verdict = self._plan(key, event, Posted())
            for needed in verdict.keys if isinstance(verdict, Needs) else ():
                self._provide(needed, about)
        if isinstance(verdict, Adopt):
            self.mapped[key] = verdict.qbo_id
            return
        if not isinstance(verdict, Document):
            raise AssertionError(f"{key} cannot be made: {verdict}")
        made = self.ledger.post(verdict.entity.lower(), to_bytes(verdict.body))
        self.mapped[key] = made["Id"]
        self.company.names.add(name_of(verdict.entity, made))

    def _entity(self, kind: str, source_id: str, about: entity_pb2.EntityEvent) -> entity_pb2.EntityEvent:
        if kind == "customer":
            return entity_pb2.EntityEvent(source_id=source_id, customer=buyer_of(about.order))
        if kind == "product":
            line = next(line for line in about.order.lines if line.variant_id == source_id)
            price = money_pb2.Money(minor=line.unit_price.shop, currency=about.order.currency)
            variant = entity_pb2.Variant(
                product_title=line.title, variant_title=line.variant_title, sku=line.sku, price=price
            )
            return entity_pb2.EntityEvent(source_id=source_id, variant=variant)
        return entity_pb2.EntityEvent(source_id=source_id)

    def _rows(self, entity: str) -> list[dict[str, Any]]:
        where = "where Active in (true, false)" if entity in LISTS else ""
        statement = " ".join(("select * from", entity, where, "maxresults 1000"))
        rows: list[dict[str, Any]] = self.ledger.query(statement).get(entity, [])
        return rows


def _parsed(sent: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(sent, parse_float=Decimal)
    return body


def _check_proof(proof: list[dict[str, Any]], document: Document) -> None:
    """Every component, not only the total, stands in QuickBooks as Shopify says it."""
    wrong = [row for row in proof if row["shopify"] != row["quickbooks"]]
    if wrong:
        raise AssertionError(f"{document.entity} {document.number}: {wrong}")
