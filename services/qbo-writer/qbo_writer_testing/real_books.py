"""A company of the Intuit stand-in that posting's documents are really posted to, with all they refer to."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from intuit_sandbox.harness import Company as Connected
from ledgerport.events.v1 import entity_pb2
from qbo_writer.company_books import company_of, name_of
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.company import Company, Names
from qbo_writer.posting.plan import plan
from qbo_writer.posting.verdicts import Adopt, Document, Key, Needs, Verdict

LISTS = ("Customer", "Vendor", "Employee", "Item", "Account")


class RealBooks:
    """Makes in QuickBooks whatever a document needs, by the same rules, then the document itself."""

    def __init__(self, connected: Connected) -> None:
        self.connected = connected
        self.mapped: dict[Key, str] = {}
        self.company = self.read()

    def read(self) -> Company:
        """The company as delivery reads it."""
        names = [name_of(each, row) for each in LISTS for row in self._rows(each)]
        return company_of(
            self.connected.realm,
            self.connected.get(f"companyinfo/{self.connected.realm}")["CompanyInfo"],
            self.connected.get("preferences")["Preferences"],
            self._rows("TaxCode"),
            self._rows("TaxRate"),
            Names(names),
        )

    def plan(self, kind: str, source_id: str, entity: entity_pb2.EntityEvent, record: str = "") -> Verdict:
        """The verdict once everything that it asks for is there."""
        record = record or str(uuid4())
        while True:
            verdict = plan(kind, record, source_id, entity, self.company, self.mapped)
            if not isinstance(verdict, Needs):
                return verdict
            for key in verdict.keys:
                self._provide(key, entity)

    def post(self, document: Document) -> dict[str, Any]:
        """What QuickBooks made of it; fails where it refuses."""
        made: dict[str, Any] = self.connected.post(document.entity.lower(), to_bytes(document.body))
        return made

    def _provide(self, key: Key, about: entity_pb2.EntityEvent) -> None:
        kind, source_id = key
        if kind == "order":
            self.mapped[key] = "posted"
            return
        verdict = self.plan(kind, source_id, self._entity(kind, source_id, about))
        if isinstance(verdict, Adopt):
            self.mapped[key] = verdict.qbo_id
            return
        if not isinstance(verdict, Document):
            raise AssertionError(f"{key} cannot be made: {verdict}")
        made = self.post(verdict)
        self.mapped[key] = made["Id"]
        self.company.names.add(name_of(verdict.entity, made))

    def _entity(self, kind: str, source_id: str, about: entity_pb2.EntityEvent) -> entity_pb2.EntityEvent:
        if kind == "customer":
            return entity_pb2.EntityEvent(source_id=source_id, customer=about.order.customer)
        if kind == "product":
            line = next(line for line in about.order.lines if line.variant_id == source_id)
            variant = entity_pb2.Variant(product_title=line.title, sku=line.sku, price=line.unit_price)
            return entity_pb2.EntityEvent(source_id=source_id, variant=variant)
        return entity_pb2.EntityEvent(source_id=source_id)

    def _rows(self, entity: str) -> list[dict[str, Any]]:
        where = "where Active in (true, false)" if entity in LISTS else ""
        statement = " ".join(("select * from", entity, where, "maxresults 1000"))
        rows: list[dict[str, Any]] = self.connected.query(statement).get(entity, [])
        return rows
