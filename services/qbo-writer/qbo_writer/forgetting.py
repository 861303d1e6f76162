"""A privacy request reaches the records: what names a person is blanked, the ledger of what was posted stays."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.database import Transaction
from ledgerport_libs.personal_data import forget
from qbo_writer.posting.customers import display_name

log = telemetry.logger("forgetting")


@dataclass(frozen=True, slots=True)
class _Record:
    id: UUID
    kind: str
    source_id: str
    reference: str
    payload: bytes = field(repr=False)


async def forget_in_records(tx: Transaction, event: entity_pb2.EntityEvent) -> None:
    """Safe to repeat. No record changes its status: what is booked stays booked, and nothing is posted anew."""
    ids = set(event.redacted.source_ids)
    rows = await tx.all(
        "records_to_forget",
        _Record,
        business_id=event.business_id,
        source_ids=sorted(ids),
        mention=event.source_id.encode() if event.source_id.startswith("gid://") else b"",
    )
    touched = [row for row in rows if await _forget_one(tx, row, ids)]
    await tx.run("attempts_forget", record_ids=[row.id for row in touched])
    await tx.run("push_texts_forget", business_id=event.business_id)
    log.info("personal_data_forgotten", business=event.business_id, records=len(touched))


async def _forget_one(tx: Transaction, row: _Record, ids: set[str]) -> bool:
    """False for a record that only seemed to mention the customer."""
    entity = entity_pb2.EntityEvent.FromString(row.payload)
    if row.source_id not in ids and entity.order.customer_id not in ids:
        return False
    forget(entity)
    reference = row.reference
    if row.kind == "customer":
        reference = display_name(row.source_id, entity_pb2.Customer())
    await tx.run("record_forget", id=row.id, payload=entity.SerializeToString(), reference=reference)
    return True
