"""The third step: what became of a record is committed, and its total is compared to the cent before it counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ledgerport_libs.money import Money
from qbo_writer.company_books import name_of
from qbo_writer.desk import Desk
from qbo_writer.figures import Expected, difference_of, minor, proof_of, shopify_side
from qbo_writer.ledger_rows import Claim, Outcome, Posted, Runnable, settle
from qbo_writer.posting.verdicts import Adopt, Document, Needs, Problem, Status
from qbo_writer.waiting import wait_for


async def settle_done(desk: Desk, record: Runnable, claim: Claim, made: Mapping[str, Any], outcome: Outcome) -> None:
    """The document stands in QuickBooks. Its total is compared to the cent before anybody calls it synced."""
    name = name_of(claim.entity, made)
    expected = Expected.read(claim.expected)
    difference = difference_of(expected, made)
    proof = proof_of(expected, made)
    worth = expected.total
    done = replace(
        outcome,
        status=Status.ERROR if difference else Status.SYNCED,
        entity=claim.entity,
        qbo_id=name.qbo_id,
        number=str(made.get("DocNumber") or ""),
        total=worth.to_proto() if worth else None,
        document=_document_row(record, claim, made, worth, proof, ours=True),
        reason="TOTALS_DIFFER" if difference else "",
        sentence=difference,
        cause="QuickBooks computed the tax by itself instead of taking Shopify's." if difference else "",
        cure="Compare the tax of both documents and correct it in QuickBooks." if difference else "",
    )
    await settle(desk.db, desk.lease, record, claim.revision, done)
    if claim.entity in ("Customer", "Item", "Account"):
        desk.mapped[(record.kind, record.source_id)] = name.qbo_id
        desk.company.names.add(name)
        await desk.books.remember(record.business_id, [name])


async def settle_without_writing(desk: Desk, record: Runnable, verdict: Adopt | Problem | Needs | Document) -> None:
    if isinstance(verdict, Needs):
        await wait_for(desk.db, desk.lease, record, verdict)
    elif isinstance(verdict, Adopt):
        await _link(desk, record, verdict)
    elif isinstance(verdict, Problem):
        audited = verdict.status in (Status.ERROR, Status.SKIPPED)
        outcome = Outcome(
            verdict.status,
            "plan",
            verdict.reason,
            verdict.sentence,
            verdict.cause,
            verdict.cure,
            verdict.waits_for,
            audited=audited,
        )
        await settle(desk.db, desk.lease, record, record.revision, outcome)


async def _link(desk: Desk, record: Runnable, verdict: Adopt) -> None:
    """It was in the company before us: linked, never changed."""
    row = {
        "record_id": record.id,
        "business_id": record.business_id,
        "entity": verdict.entity,
        "qbo_id": verdict.qbo_id,
        "sync_token": "",
        "number": "",
        "total_minor": None,
        "currency": None,
        "body_hash": b"",
        "ours": False,
        "proof": "[]",
    }
    sentence = "Matched to what the company has already; nothing was written."
    outcome = Outcome(
        Status.SYNCED, "link", sentence=sentence, entity=verdict.entity, qbo_id=verdict.qbo_id, document=row
    )
    await settle(desk.db, desk.lease, record, record.revision, outcome)
    desk.mapped[(record.kind, record.source_id)] = verdict.qbo_id


async def settle_posted(
    desk: Desk, record: Runnable, posted: Posted, verdict: Document | Adopt | Problem | Needs
) -> None:
    """It stands in QuickBooks. The same books again change nothing; other books are never written over silently."""
    same = record.kind in ("customer", "product", "setup") or (
        isinstance(verdict, Document) and shopify_side(posted.proof) == shopify_side(proof_of(Expected.of(verdict), {}))
    )
    common: dict[str, Any] = {"entity": posted.entity, "qbo_id": posted.qbo_id, "number": posted.number}
    if same:
        outcome = Outcome(Status.SYNCED, "compare", audited=False, **common)
    else:
        outcome = Outcome(
            Status.ERROR,
            "compare",
            "CHANGED_AFTER_POSTING",
            f"It changed in Shopify after it was booked as {posted.entity} {posted.number or posted.qbo_id}.",
            "What stands in QuickBooks was left as it is: a booked document is never rewritten silently.",
            "Compare both, book the difference in QuickBooks by hand, then choose Ignore here.",
            **common,
        )
    await settle(desk.db, desk.lease, record, record.revision, outcome)


def _document_row(
    record: Runnable,
    claim: Claim,
    made: Mapping[str, Any],
    worth: Money | None,
    proof: list[dict[str, Any]],
    *,
    ours: bool,
) -> dict[str, object]:
    return {
        "record_id": record.id,
        "business_id": record.business_id,
        "entity": claim.entity,
        "qbo_id": str(made["Id"]),
        "sync_token": str(made.get("SyncToken", "")),
        "number": str(made.get("DocNumber") or ""),
        "total_minor": minor(made.get("TotalAmt", 0), worth.currency) if worth else None,
        "currency": worth.currency if worth else None,
        "body_hash": claim.body_hash,
        "ours": ours,
        "proof": json.dumps(proof),
    }
