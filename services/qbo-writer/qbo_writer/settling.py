"""The third step: what became of a record is committed, and its total is compared to the cent before it counts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qbo_writer.company_books import name_of
from qbo_writer.desk import Desk
from qbo_writer.figures import Expected, difference_of, proof_of, total_of
from qbo_writer.ledger import Settlement, settle
from qbo_writer.ledger_rows import Claim, FamilyRow, Outcome, Runnable, posted_document, posted_of_all
from qbo_writer.planning import planned_after
from qbo_writer.posting.config import TaxFallback
from qbo_writer.posting.posted import Posted, PostedDocument
from qbo_writer.posting.verdicts import Adopt, Booked, Operation, Problem, Status
from qbo_writer.spawning import payment_row

_NAMED = ("Customer", "Item", "Account")


@dataclass(frozen=True, slots=True)
class Done:
    """What QuickBooks made of a claim."""

    record: Runnable
    claim: Claim
    made: Mapping[str, Any]
    outcome: Outcome


async def settle_done(desk: Desk, done: Sequence[Done]) -> list[Outcome]:
    """They stand in QuickBooks. Totals are compared to the cent before anybody calls them synced."""
    posted = await posted_of_all(desk.db, [each.record for each in done])
    outcomes = [
        _named(each) if each.claim.entity in _NAMED else _booked(desk, each, posted[each.record.family])
        for each in done
    ]
    settlements = [
        Settlement(each.record, each.claim.revision, outcome) for each, outcome in zip(done, outcomes, strict=True)
    ]
    await settle(desk.db, desk.lease, settlements)
    await _remember(desk, [each for each in done if each.claim.entity in _NAMED])
    return outcomes


def _booked(desk: Desk, done: Done, posted: Posted) -> Outcome:
    """How a document that holds money leaves its record."""
    claim, made = done.claim, done.made
    expected = Expected.read(claim.expected)
    difference = difference_of(expected, made)
    row = _document_row(done, shifted=bool(difference))
    outcome = replace(
        done.outcome,
        status=Status.SYNCED,
        qbo_id=str(made["Id"]),
        number=str(made.get("DocNumber") or claim.number),
        total=expected.total.to_proto() if expected.total else None,
        document=row,
        sentence=difference,
    )
    mends_itself = (
        claim.operation == Operation.CREATE and desk.settings.config.tax_fallback is TaxFallback.LIABILITY_LINE
    )
    if difference and not mends_itself:
        return replace(
            outcome,
            status=Status.ERROR,
            reason="TOTALS_DIFFER",
            cause="QuickBooks computed the tax by itself instead of taking Shopify's.",
            cure="Correct the tax in QuickBooks and choose Ignore, or let Sync Config book tax as a line of its own.",
        )
    following = planned_after(desk, done.record, posted, _as_read_back(done, row))
    if isinstance(following, Booked):
        return replace(outcome, spawn=tuple(payment_row(done.record, key) for key in following.spawn))
    return replace(outcome, more=True)


def _named(done: Done) -> Outcome:
    """How a customer, an item or an account leaves its record."""
    row = _document_row(done, shifted=False)
    return replace(done.outcome, status=Status.SYNCED, qbo_id=str(done.made["Id"]), document=row)


async def _remember(desk: Desk, done: Sequence[Done]) -> None:
    names = [name_of(each.claim.entity, each.made) for each in done]
    for each, name in zip(done, names, strict=True):
        desk.mapped[(each.record.kind, each.record.source_id)] = name.qbo_id
        desk.company.names.add(name)
    if names:
        await desk.books.remember(desk.lease.business_id, names)


async def settle_unwritten(desk: Desk, verdicts: Sequence[tuple[Runnable, Adopt | Booked | Problem]]) -> None:
    """Linked, booked already, held, skipped or refused: nothing goes to QuickBooks."""
    settlements = [Settlement(record, record.revision, _unwritten(record, verdict)) for record, verdict in verdicts]
    await settle(desk.db, desk.lease, settlements)
    for record, verdict in verdicts:
        if isinstance(verdict, Adopt):
            desk.mapped[(record.kind, record.source_id)] = verdict.qbo_id


def _unwritten(record: Runnable, verdict: Adopt | Booked | Problem) -> Outcome:
    match verdict:
        case Adopt():
            return _linked(record, verdict)
        case Booked():
            spawn = tuple(payment_row(record, key) for key in verdict.spawn)
            return Outcome(Status.SYNCED, "compare", audited=False, spawn=spawn)
        case Problem():
            return Outcome(
                verdict.status,
                "plan",
                verdict.reason,
                verdict.sentence,
                verdict.cause,
                verdict.cure,
                verdict.waits_for,
                audited=verdict.status in (Status.ERROR, Status.SKIPPED),
            )


def _linked(record: Runnable, verdict: Adopt) -> Outcome:
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
    return Outcome(Status.SYNCED, "link", sentence=sentence, entity=verdict.entity, qbo_id=verdict.qbo_id, document=row)


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


def _document_row(done: Done, *, shifted: bool) -> dict[str, object]:
    """The row of what QuickBooks answered; for money, with both sides of its equation."""
    record, claim, made = done.record, done.claim, done.made
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


def _as_read_back(done: Done, row: Mapping[str, Any]) -> PostedDocument:
    """The document as planning will find it once its row is committed."""
    record, claim = done.record, done.claim
    return posted_document(
        FamilyRow(
            family=record.family,
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
