"""From records to claims: each planned, the exact bytes and a request id that is the same on every retry."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from qbo_writer import ledger
from qbo_writer.desk import Desk
from qbo_writer.figures import Expected
from qbo_writer.ledger import Claimed
from qbo_writer.ledger_rows import Claim, Runnable, posted_of_all
from qbo_writer.planning import plan_record
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.verdicts import Document, Verdict


@dataclass(frozen=True, slots=True)
class _Count:
    id: UUID
    count: int


async def plan_all(desk: Desk, records: Sequence[Runnable]) -> list[tuple[Runnable, Verdict]]:
    """Each record's next document or why there is none. A name that one chooses is taken for those after it."""
    posted = await posted_of_all(desk.db, records)
    planned = []
    for record in records:
        verdict = plan_record(desk, record, posted[record.family])
        if isinstance(verdict, Document) and (name := verdict.body.get("DisplayName") or verdict.body.get("Name")):
            desk.company.names.reserve(verdict.entity, str(name))
        planned.append((record, verdict))
    return planned


async def claim_all(desk: Desk, planned: Sequence[tuple[Runnable, Document]], *, batch: bool) -> list[Claimed]:
    """Committed before anything is sent. Records that changed since they were planned are left out."""
    ids = [record.id for record, _ in planned]
    refused = {row.id: row.count for row in await desk.db.all("refused_writes", _Count, ids=ids)}
    claims = [_claim(desk, record, document, refused.get(record.id, 0)) for record, document in planned]
    batch_id = _digest("|".join(sorted(each.request_id for each in claims))) if batch else ""
    return await ledger.claim(
        desk.db,
        desk.lease,
        [(record, replace(each, batch=batch_id)) for (record, _), each in zip(planned, claims, strict=True)],
    )


def _claim(desk: Desk, record: Runnable, document: Document, refused: int) -> Claim:
    """What QuickBooks refused for good before is part of the request id: the next write needs one of its own."""
    body = to_bytes(document.body)
    body_hash = hashlib.sha256(body).digest()
    what = f"{document.operation.value}|{document.part}"
    seed = f"{record.business_id}|{desk.company.realm_id}|{record.id}|{what}|{refused}|{body_hash.hex()}"
    return Claim(
        record_id=record.id,
        part=document.part,
        operation=document.operation.value,
        entity=document.entity,
        qbo_id=str(document.body.get("Id", "")),
        request_id=_digest(seed),
        batch="",
        body=body,
        body_hash=body_hash,
        number=document.number,
        txn_date=document.date,
        expected=Expected.of(document).stored(),
        covers={piece: list(cells) for piece, cells in document.covers.items()},
        applies=[[each.entity, each.qbo_id, each.amount] for each in document.applies],
        revision=record.revision,
        tries=0,
        age=0.0,
    )


def _digest(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()[:32]
