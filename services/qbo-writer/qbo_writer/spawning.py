"""Payments of an invoice get records of their own, in the commit that settles their order."""

from __future__ import annotations

from ledgerport.events.v2 import entity_pb2
from qbo_writer.intake import record_id
from qbo_writer.ledger_rows import Runnable
from qbo_writer.posting.facts import gateway_label
from qbo_writer.posting.payments import payment_reference
from qbo_writer.posting.verdicts import Key


def payment_row(order: Runnable, key: Key) -> dict[str, object]:
    """A row of `record` for one transaction of this order."""
    entity = entity_pb2.EntityEvent.FromString(order.payload).order
    kind, source_id = key
    move = next(each for each in entity.transactions if each.id == source_id)
    return {
        "id": record_id(order.business_id, kind, source_id),
        "business_id": order.business_id,
        "kind": kind,
        "source_id": source_id,
        "parent_id": order.family,
        "reference": payment_reference(entity.name, gateway_label(move)),
        "total_minor": move.amount.shop,
        "currency": entity.currency,
        "traceparent": order.traceparent,
    }
