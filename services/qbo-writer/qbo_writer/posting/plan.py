"""From a record to its verdict: which rule decides for which kind."""

from __future__ import annotations

from ledgerport.events.v1 import entity_pb2
from qbo_writer.posting.company import Company, Mapped
from qbo_writer.posting.customers import customer_document
from qbo_writer.posting.items import item_document
from qbo_writer.posting.orders import sales_receipt
from qbo_writer.posting.refunds import refund_receipt
from qbo_writer.posting.setup import setup_document
from qbo_writer.posting.verdicts import Verdict, skip


def plan(
    kind: str, record_id: str, source_id: str, entity: entity_pb2.EntityEvent, company: Company, mapped: Mapped
) -> Verdict:
    """The exact document for a record, or why there is none. `entity` is the order itself for a refund."""
    if entity.HasField("gone"):
        return skip("GONE", "It was deleted in Shopify before it reached QuickBooks.")
    match kind:
        case "setup":
            return setup_document(source_id, company, mapped)
        case "customer":
            return customer_document(source_id, entity.customer, company)
        case "product":
            return item_document(source_id, entity.variant, company, mapped)
        case "order":
            return sales_receipt(record_id, entity.order, company, mapped)
        case "refund":
            return refund_receipt(record_id, entity.source_id, entity.order, source_id, company, mapped)
    raise ValueError(f"no rule for the kind {kind}")
