"""Entity events are folded into records: newest version wins, in batches, acked after the commit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from ledgerport.events.v1 import entity_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.bus import BadEvent, IncomingEvent
from ledgerport_libs.database import Database
from ledgerport_libs.money import Money, total
from qbo_writer.forgetting import forget_in_records
from qbo_writer.posting.customers import display_name
from qbo_writer.posting.items import item_name
from qbo_writer.posting.refunds import refund_reference

log = telemetry.logger("intake")
_NAMESPACE = uuid5(NAMESPACE_URL, "ledgerport/record")
Row = dict[str, object]


def record_id(business_id: str, kind: str, source_id: str) -> UUID:
    """The same thing of the same Business has the same record, whoever asks and however often."""
    return uuid5(_NAMESPACE, f"{business_id}|{kind}|{source_id}")


class EntityIntake:
    """The handler of entity events. `on_new` is called after each commit."""

    def __init__(self, db: Database, on_new: Callable[[], None]) -> None:
        self._db, self._on_new = db, on_new

    async def handle(self, events: Sequence[IncomingEvent]) -> None:
        folds: list[Row] = []
        hints: list[Row] = []
        redacted: list[entity_pb2.EntityEvent] = []
        for event in events:
            entity = _decode(event.payload)
            if entity.WhichOneof("entity") == "redacted":
                redacted.append(entity)
            folds += _folds(entity, event.traceparent or entity.traceparent)
            if entity.WhichOneof("entity") == "order":
                hints += _hints(entity, event.traceparent or entity.traceparent)
        async with self._db.transaction() as tx:
            await tx.many("fold_record", folds)
            await tx.many("fold_version", folds)
            await tx.many("add_record_if_missing", hints)
            for each in redacted:
                await forget_in_records(tx, each)
        self._on_new()


def _decode(payload: bytes) -> entity_pb2.EntityEvent:
    try:
        entity = entity_pb2.EntityEvent.FromString(payload)
    except DecodeError as error:
        raise BadEvent("this is no entity event") from error
    if not entity.business_id or not entity.source_id or entity.WhichOneof("entity") is None:
        raise BadEvent("this entity event names no business, source or entity")
    return entity


def _folds(entity: entity_pb2.EntityEvent, traceparent: str) -> Iterator[Row]:
    """The record of the entity itself, and one for each refund of an order."""
    match entity.WhichOneof("entity"):
        case "order":
            order_row = _row(
                entity, "order", entity.order.name, traceparent, Money.from_proto(entity.order.totals.total)
            )
            yield order_row
            for refund in entity.order.refunds:
                yield _refund_row(entity, refund, order_row, traceparent)
        case "customer":
            yield _row(entity, "customer", display_name(entity.source_id, entity.customer), traceparent)
        case "variant":
            yield _row(entity, "product", item_name(entity.source_id, entity.variant), traceparent)
        case "gone":
            yield _row(entity, entity.gone.kind, entity.source_id.rpartition("/")[2], traceparent)


def _row(
    entity: entity_pb2.EntityEvent, kind: str, reference: str, traceparent: str, worth: Money | None = None
) -> Row:
    return {
        "id": record_id(entity.business_id, kind, entity.source_id),
        "business_id": entity.business_id,
        "kind": kind,
        "source_id": entity.source_id,
        "parent_id": None,
        "reference": reference,
        "source_updated_at": _moment(entity.version.updated_at),
        "observed_at": _moment(entity.version.observed_at),
        "content_hash": entity.version.content_hash,
        "payload": entity.SerializeToString(),
        "total_minor": worth.minor if worth else None,
        "currency": worth.currency if worth else None,
        "traceparent": traceparent,
    }


def _refund_row(entity: entity_pb2.EntityEvent, refund: entity_pb2.Refund, order_row: Row, traceparent: str) -> Row:
    worth = total(
        (Money.from_proto(t.amount) for t in refund.transactions if t.status == "SUCCESS"), entity.order.currency
    )
    return {
        **_row(entity, "refund", refund_reference(entity.order, refund.id), traceparent, worth),
        "id": record_id(entity.business_id, "refund", refund.id),
        "source_id": refund.id,
        "parent_id": order_row["id"],
        "content_hash": hashlib.sha256(refund.SerializeToString(deterministic=True)).digest(),
        "payload": b"",
    }


def _hints(entity: entity_pb2.EntityEvent, traceparent: str) -> Iterator[Row]:
    """The buyer and the goods as the order shows them, for records that no event of their own has made yet."""
    order = entity.order
    if order.customer_id and order.HasField("customer"):
        name = display_name(order.customer_id, order.customer)
        known = entity_pb2.EntityEvent(
            business_id=entity.business_id, source_id=order.customer_id, customer=order.customer
        )
        yield _hint(known, "customer", name, traceparent)
    for line in order.lines:
        if line.variant_id:
            variant = entity_pb2.Variant(
                product_id=line.product_id,
                product_title=line.title,
                variant_title=line.variant_title,
                sku=line.sku,
                price=line.unit_price,
                taxable=line.taxable,
                gift_card=line.gift_card,
            )
            known = entity_pb2.EntityEvent(business_id=entity.business_id, source_id=line.variant_id, variant=variant)
            yield _hint(known, "product", item_name(line.variant_id, variant), traceparent)


def _hint(entity: entity_pb2.EntityEvent, kind: str, reference: str, traceparent: str) -> Row:
    return {
        "id": record_id(entity.business_id, kind, entity.source_id),
        "business_id": entity.business_id,
        "kind": kind,
        "source_id": entity.source_id,
        "reference": reference,
        "content_hash": b"",
        "payload": entity.SerializeToString(),
        "traceparent": traceparent,
    }


def _moment(timestamp: Timestamp) -> datetime:
    return timestamp.ToDatetime(tzinfo=UTC)
