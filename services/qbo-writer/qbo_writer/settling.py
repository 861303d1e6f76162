"""The third step: what became of a record is committed, and its total is compared to the cent before it counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qbo_writer.company_books import name_of
from qbo_writer.desk import Desk
from qbo_writer.figures import Expected, difference_of, proof_of, total_of
from qbo_writer.ledger_rows import Claim, FamilyRow, Outcome, Runnable, posted_document, posted_of, settle
from qbo_writer.planning import planned_after
from qbo_writer.posting.config import TaxFallback
from qbo_writer.posting.posted import PostedDocument
from qbo_writer.posting.verdicts import Adopt, Booked, Operation, Problem, Status
from qbo_writer.spawning import payment_row

_NAMED = ("Customer", "Item", "Account")


async def settle_done(desk: Desk, record: Runnable, claim: Claim, made: Mapping[str, Any], outcome: Outcome) -> bool:
    """It stands in QuickBooks. Its total is compared to the cent before anybody calls it synced. True: more to book."""
    if claim.entity in _NAMED:
        await _settle_name(desk, record, claim, made, outcome)
        return False
    expected = Expected.read(claim.expected)
    difference = difference_of(expected, made)
    mends_itself = (
        bool(difference)
        and claim.operation == Operation.CREATE
        and desk.settings.config.tax_fallback is TaxFallback.LIABILITY_LINE
    )
    row = _document_row(record, claim, made, shifted=bool(difference))
    done = replace(
        outcome,
        status=Status.SYNCED,
        qbo_id=str(made["Id"]),
        number=str(made.get("DocNumber") or claim.number),
        total=expected.total.to_proto() if expected.total else None,
        document=row,
        sentence=difference,
    )
    if difference and not mends_itself:
        done = replace(
            done,
            status=Status.ERROR,
            reason="TOTALS_DIFFER",
            cause="QuickBooks computed the tax by itself instead of taking Shopify's.",
            cure="Correct the tax in QuickBooks and choose Ignore, or let Sync Config book tax as a line of its own.",
        )
        await settle(desk.db, desk.lease, record, claim.revision, done)
        return False
    posted = await posted_of(desk.db, record)
    following = planned_after(desk, record, posted, _as_read_back(record, claim, row))
    if isinstance(following, Booked):
        spawn = tuple(payment_row(record, key) for key in following.spawn)
        await settle(desk.db, desk.lease, record, claim.revision, replace(done, spawn=spawn))
        return False
    await settle(desk.db, desk.lease, record, claim.revision, replace(done, more=True))
    return True


async def _settle_name(desk: Desk, record: Runnable, claim: Claim, made: Mapping[str, Any], outcome: Outcome) -> None:
    name = name_of(claim.entity, made)
    row = _document_row(record, claim, made, shifted=False)
    done = replace(outcome, status=Status.SYNCED, qbo_id=name.qbo_id, document=row)
    await settle(desk.db, desk.lease, record, claim.revision, done)
    desk.mapped[(record.kind, record.source_id)] = name.qbo_id
    desk.company.names.add(name)
    await desk.books.remember(record.business_id, [name])


async def settle_without_writing(desk: Desk, record: Runnable, verdict: Adopt | Booked | Problem) -> None:
    """Linked, booked already, held, skipped or refused: nothing goes to QuickBooks."""
    match verdict:
        case Adopt():
            await _link(desk, record, verdict)
        case Booked():
            spawn = tuple(payment_row(record, key) for key in verdict.spawn)
            outcome = Outcome(Status.SYNCED, "compare", audited=False, spawn=spawn)
            await settle(desk.db, desk.lease, record, record.revision, outcome)
        case Problem():
            outcome = Outcome(
                verdict.status,
                "plan",
                verdict.reason,
                verdict.sentence,
                verdict.cause,
                verdict.cure,
                verdict.waits_for,
                audited=verdict.status in (Status.ERROR, Status.SKIPPED),
            )
            await settle(desk.db, desk.lease, record, record.revision, outcome)


async def _link(desk: Desk, record: Runnable, verdict: Adopt) -> None:
    """It was in the company before us: linked, never changed."""
    row = {
        **_nothing_booked(record),
        "entity": verdict.entity,
        "qbo_id": verdict.qbo_id,
        "sync_token": "",
        "number": "",
        "txn_date": "",
        "body_hash": b"",
        "ours": False,
    }
    sentence = "Matched to what the company has already; nothing was written."
    outcome = Outcome(
        Status.SYNCED, "link", sentence=sentence, entity=verdict.entity, qbo_id=verdict.qbo_id, document=row
    )
    await settle(desk.db, desk.lease, record, record.revision, outcome)
    desk.mapped[(record.kind, record.source_id)] = verdict.qbo_id


def _nothing_booked(record: Runnable) -> dict[str, object]:
    return {
        "record_id": record.id,
        "part": 1,
        "business_id": record.business_id,
        "total_minor": None,
        "currency": None,
        "covers": "{}",
        "applies": "[]",
        "voided": False,
        "tax_shifted": False,
        "customer_id": "",
        "proof": "[]",
    }


def _document_row(record: Runnable, claim: Claim, made: Mapping[str, Any], *, shifted: bool) -> dict[str, object]:
    """The row of what QuickBooks answered; for money, with both sides of its equation."""
    expected = Expected.read(claim.expected)
    row = {
        **_nothing_booked(record),
        "part": claim.part,
        "entity": claim.entity,
        "qbo_id": str(made["Id"]),
        "sync_token": str(made.get("SyncToken", "")),
        "number": str(made.get("DocNumber") or claim.number),
        "txn_date": claim.txn_date,
        "body_hash": claim.body_hash,
        "ours": True,
        "covers": json.dumps(claim.covers),
        "applies": json.dumps(claim.applies),
    }
    if expected.total is not None:
        currency = expected.total.currency
        row |= {
            "total_minor": total_of(made, currency),
            "currency": currency,
            "voided": claim.operation == Operation.VOID,
            "tax_shifted": shifted,
            "customer_id": str((made.get("CustomerRef") or {}).get("value", "")),
            "proof": json.dumps(proof_of(expected, made)),
        }
    return row


def _as_read_back(record: Runnable, claim: Claim, row: Mapping[str, Any]) -> PostedDocument:
    """The document as planning will find it once its row is committed."""
    return posted_document(
        FamilyRow(
            kind=record.kind,
            source_id=record.source_id,
            part=row["part"],
            entity=row["entity"],
            qbo_id=row["qbo_id"],
            sync_token=row["sync_token"],
            number=row["number"],
            total=row["total_minor"] or 0,
            covers=claim.covers,
            applies=claim.applies,
            in_flight=False,
            voided=row["voided"],
            date=row["txn_date"],
            tax_shifted=row["tax_shifted"],
            currency=row["currency"] or "",
            customer_id=row["customer_id"],
        )
    )
