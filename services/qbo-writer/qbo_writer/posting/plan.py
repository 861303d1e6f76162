"""From a record to its verdict: which rule decides for which kind."""

from __future__ import annotations

from dataclasses import dataclass, field

from ledgerport.events.v2 import entity_pb2
from qbo_writer.posting.account import OrderAccount
from qbo_writer.posting.company import Company, Mapped
from qbo_writer.posting.config import SyncConfig, TaxFallback
from qbo_writer.posting.customers import customer_document
from qbo_writer.posting.items import item_document
from qbo_writer.posting.orders import next_of_order
from qbo_writer.posting.papers import rewrite
from qbo_writer.posting.payments import next_of_payment
from qbo_writer.posting.pieces import ChangedAfterBooking
from qbo_writer.posting.posted import Posted, PostedDocument
from qbo_writer.posting.refunds import next_of_refund
from qbo_writer.posting.setup import setup_document
from qbo_writer.posting.verdicts import Booked, Verdict, refuse, skip


@dataclass(frozen=True, slots=True)
class Subject:
    """The record that is planned. `entity` is the order itself for a refund and a payment."""

    kind: str
    record_id: str
    source_id: str
    entity: entity_pb2.EntityEvent
    # What stands in QuickBooks for the order, its refunds and its payments; for another kind, for the record.
    posted: Posted = field(default_factory=Posted)
    # A person pushed it by hand: no trigger holds it.
    pushed: bool = False


def plan(subject: Subject, company: Company, config: SyncConfig, mapped: Mapped) -> Verdict:
    """The next document of a record, Booked when there is none left, or why there is none. No I/O, clock or chance."""
    if subject.entity.HasField("gone"):
        return _gone(subject)
    if subject.kind in ("order", "refund", "payment"):
        return _of_order(subject, company, config, mapped)
    if subject.posted.documents:
        return Booked()
    match subject.kind:
        case "setup":
            return setup_document(subject.source_id, company, mapped)
        case "customer":
            return customer_document(subject.source_id, subject.entity.customer, company, config, mapped)
        case "product":
            return item_document(subject.source_id, subject.entity.variant, company, config, mapped)
    raise ValueError(f"no rule for the kind {subject.kind}")


def _of_order(subject: Subject, company: Company, config: SyncConfig, mapped: Mapped) -> Verdict:
    account = OrderAccount(
        order_id=subject.entity.source_id,
        owner=(subject.kind, subject.source_id),
        record_id=subject.record_id,
        order=subject.entity.order,
        posted=subject.posted,
        company=company,
        config=config,
        mapped=mapped,
        pushed=subject.pushed,
    )
    shifted = next((each for each in account.posted.of(account.owner) if each.tax_shifted), None)
    if shifted is not None:
        return _tax_was_shifted(account, shifted)
    try:
        match subject.kind:
            case "order":
                return next_of_order(account)
            case "refund":
                return next_of_refund(account, subject.source_id)
        return next_of_payment(account, subject.source_id)
    except ChangedAfterBooking as changed:
        return refuse(
            "CHANGED_AFTER_POSTING",
            "What is booked in QuickBooks has other amounts in Shopify now.",
            f"Shopify's ledger of an order only grows; this part of it changed: {changed}.",
            "Compare both, book the difference in QuickBooks by hand, then choose Ignore here.",
        )


def _tax_was_shifted(account: OrderAccount, document: PostedDocument) -> Verdict:
    """Never "a cent is fine": the tax becomes a line that QuickBooks cannot change, or a person decides."""
    if account.config.tax_fallback is TaxFallback.LIABILITY_LINE:
        return rewrite(account, document, account.pieces_in(document), tax_as_line=True)
    return refuse(
        "TOTALS_DIFFER",
        f"QuickBooks changed the tax of {document.entity} {document.number or document.qbo_id}.",
        "QuickBooks computed the tax by itself instead of taking Shopify's.",
        "Correct the tax in QuickBooks and choose Ignore, or let Sync Config book tax as a line of its own.",
    )


def _gone(subject: Subject) -> Verdict:
    if subject.posted.documents:
        return refuse(
            "DELETED_IN_SHOPIFY",
            "It was deleted in Shopify after it was booked.",
            "What stands in QuickBooks was left as it is.",
            "Decide what the books need: void the document in QuickBooks, or choose Ignore here.",
        )
    return skip("GONE", "It was deleted in Shopify before it reached QuickBooks.")
