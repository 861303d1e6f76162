"""A record that needs another one first is held, and goes on by itself when that one is in QuickBooks."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.database import Database
from qbo_writer.intake import buyer_of, record_id
from qbo_writer.ledger import hold_lease
from qbo_writer.ledger_rows import Lease, Runnable
from qbo_writer.posting import setup
from qbo_writer.posting.customers import display_name
from qbo_writer.posting.verdicts import Needs, Status


async def wait_for(db: Database, lease: Lease, record: Runnable, needs: Needs) -> None:
    """Held until the first missing one is there; what LedgerPort itself needs is put in line now."""
    kind, source_id = needs.keys[0]
    async with db.transaction() as tx:
        await hold_lease(tx, lease)
        for each_kind, each_id in sorted(needs.keys):  # in one order, so that two of us never wait in a circle
            if each_kind == setup.SETUP:
                await tx.run("add_record_if_missing", **_setup_row(record.business_id, each_id))
            elif each_kind == "customer" and "|" in each_id:
                await tx.run("add_record_if_missing", **_foreign_customer_row(record, each_id))
        dependency = await tx.one(
            "dependency", Dependency, business_id=record.business_id, kind=kind, source_id=source_id
        )
        if dependency is not None and dependency.status == Status.SYNCED:
            return  # it has just arrived: this record is still pending and is tried again at once
        needed = record_id(record.business_id, kind, source_id)
        if not record.history:
            await tx.run("goes_before_history", record_id=needed)
        await tx.run(
            "settle",
            ids=[record.id],
            revisions=[record.revision],
            statuses=[Status.ON_HOLD.value],
            reasons=["WAITS_FOR_MAPPING"],
            sentences=[_waits_sentence(kind, dependency)],
            waits_for=[needed],
        )


@dataclass(frozen=True, slots=True)
class Dependency:
    """The record that is waited for, as it is now."""

    id: UUID
    kind: str
    reference: str
    status: str
    sentence: str


def _waits_sentence(kind: str, dependency: Dependency | None) -> str:
    if dependency is None:
        return f"Waits for a {kind} that Shopify has not told us of."
    trouble = f": {dependency.sentence}" if dependency.status == Status.ERROR else "."
    return f"Waits for {dependency.kind} {dependency.reference}{trouble}"


def _setup_row(business_id: str, role: str) -> dict[str, object]:
    entity = entity_pb2.EntityEvent(business_id=business_id, source_id=role)
    return {
        "id": record_id(business_id, setup.SETUP, role),
        "business_id": business_id,
        "kind": setup.SETUP,
        "source_id": role,
        "reference": setup.setup_reference(role),
        "content_hash": b"",
        "payload": entity.SerializeToString(),
        "traceparent": "",
        "history": False,
    }


def buyer_in_currency(about: entity_pb2.EntityEvent, source_id: str) -> entity_pb2.EntityEvent:
    """The buyer of this order once more, for the orders that are paid in another currency."""
    return entity_pb2.EntityEvent(business_id=about.business_id, source_id=source_id, customer=buyer_of(about.order))


def _foreign_customer_row(record: Runnable, source_id: str) -> dict[str, object]:
    entity = buyer_in_currency(entity_pb2.EntityEvent.FromString(record.payload), source_id)
    currency = source_id.rpartition("|")[2]
    return {
        "id": record_id(record.business_id, "customer", source_id),
        "business_id": record.business_id,
        "kind": "customer",
        "source_id": source_id,
        "reference": f"{display_name(source_id, entity.customer)} ({currency})",
        "content_hash": b"",
        "payload": entity.SerializeToString(),
        "traceparent": record.traceparent,
        "history": False,
    }
