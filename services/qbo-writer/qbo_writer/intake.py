"""Entity events are folded into records: newest version wins, in batches, acked after the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from ledgerport.common.v1 import money_pb2
from ledgerport.events.v2 import entity_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.bus import BadEvent, IncomingEvent
from ledgerport_libs.database import Database
from ledgerport_libs.money import Money
from qbo_writer.forgetting import forget_in_records
from qbo_writer.posting.customers import display_name
from qbo_writer.posting.facts import read_facts
from qbo_writer.posting.items import item_name
from qbo_writer.posting.refunds import refund_reference
from qbo_writer.posting.render import tax_key

log = telemetry.logger("intake")
_SUBJECTS = "entities.v2."
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
        seen: list[tuple[str, Row]] = []
        for event in events:
            entity = _decode(event)
            if entity.WhichOneof("entity") == "redacted":
                redacted.append(entity)
            folds += _folds(entity, event.traceparent or entity.traceparent)
            if entity.WhichOneof("entity") == "order":
                hints += _hints(entity, event.traceparent or entity.traceparent)
                seen += _seen(entity)
        async with self._db.transaction() as tx:
            await tx.many("fold_record", folds)
            await tx.many("fold_version", folds)
            await tx.many("add_record_if_missing", hints)
            for name in ("seen_tax_put", "seen_gateway_put"):
                await tx.many(name, [row for statement, row in seen if statement == name])
            for each in redacted:
                await forget_in_records(tx, each)
        self._on_new()


def _decode(event: IncomingEvent) -> entity_pb2.EntityEvent:
    if not event.subject.startswith(_SUBJECTS):
        raise BadEvent(f"{event.subject} is of another version of the contract")
    try:
        entity = entity_pb2.EntityEvent.FromString(event.payload)
    except DecodeError as error:
        raise BadEvent("this is no entity event") from error
    if not entity.business_id or not entity.source_id or entity.WhichOneof("entity") is None:
        raise BadEvent("this entity event names no business, source or entity")
    return entity


def _folds(entity: entity_pb2.EntityEvent, traceparent: str) -> Iterator[Row]:
    """The record of the entity itself, and one for each refund of an order."""
    match entity.WhichOneof("entity"):
        case "order":
            worth = Money(entity.order.totals.current_total.shop, entity.order.currency)
            order_row = _row(entity, "order", entity.order.name, traceparent, worth)
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
        "history": entity.history,
    }


def _refund_row(entity: entity_pb2.EntityEvent, refund: entity_pb2.Refund, order_row: Row, traceparent: str) -> Row:
    """A refund is looked at again whenever its order changed: its worth stands in the order's agreements."""
    ids = set(refund.transaction_ids)
    back = sum(t.amount.shop for t in entity.order.transactions if t.id in ids and t.status == "SUCCESS")
    worth = Money(back, entity.order.currency)
    return {
        **_row(entity, "refund", refund_reference(entity.order, refund.id), traceparent, worth),
        "id": record_id(entity.business_id, "refund", refund.id),
        "source_id": refund.id,
        "parent_id": order_row["id"],
        "payload": b"",
    }


def _hints(entity: entity_pb2.EntityEvent, traceparent: str) -> Iterator[Row]:
    """The buyer and the goods as the order shows them, for records that no event of their own has made yet."""
    order = entity.order
    buyer = order.company.id or order.customer_id
    if buyer:
        known = entity_pb2.EntityEvent(
            business_id=entity.business_id, source_id=buyer, customer=buyer_of(order), history=entity.history
        )
        yield _hint(known, "customer", display_name(buyer, known.customer), traceparent)
    for line in order.lines:
        if line.variant_id and not line.gift_card:
            variant = entity_pb2.Variant(
                product_id=line.product_id,
                product_title=line.title,
                variant_title=line.variant_title,
                sku=line.sku,
                price=money_pb2.Money(minor=line.unit_price.shop, currency=order.currency),
                taxable=line.taxable,
                gift_card=line.gift_card,
            )
            known = entity_pb2.EntityEvent(
                business_id=entity.business_id, source_id=line.variant_id, variant=variant, history=entity.history
            )
            yield _hint(known, "product", item_name(line.variant_id, variant), traceparent)


def buyer_of(order: entity_pb2.Order) -> entity_pb2.Customer:
    """Whom the order is booked on: the business that bought, else the person."""
    if not order.company.id:
        return order.customer
    return entity_pb2.Customer(
        display_name=order.company.name,
        company=order.company.name,
        email=order.email,
        default_address=order.billing_address,
    )


def _seen(entity: entity_pb2.EntityEvent) -> Iterator[tuple[str, Row]]:
    """Taxes and gateways that can be mapped, as orders bring them."""
    facts = read_facts(entity.order, presentment=False)
    pieces = [*facts.sale.pieces, *(piece for change in facts.changes for piece in change.pieces)]
    for key in sorted({tax_key(piece.taxes) for piece in pieces}):
        yield "seen_tax_put", {"business_id": entity.business_id, "tax_key": key}
    for label in sorted({move.label for move in facts.movements if move.tender is None}):
        yield "seen_gateway_put", {"business_id": entity.business_id, "label": label}


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
        "history": entity.history,
    }


def _moment(timestamp: Timestamp) -> datetime:
    return timestamp.ToDatetime(tzinfo=UTC)
