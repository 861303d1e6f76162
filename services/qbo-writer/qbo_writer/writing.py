"""One record's way into QuickBooks: claim -> send -> settle, each step safe to repeat after a crash at any point."""

from __future__ import annotations

import hashlib
import json
import time
from collections import ChainMap
from dataclasses import replace

from ledgerport.events.v1 import entity_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.access_tokens import AccessToken
from qbo_writer import answers
from qbo_writer.answers import Action, Reading
from qbo_writer.desk import CompanyTrouble, Desk, GateClosed
from qbo_writer.figures import Expected
from qbo_writer.finding import find_ours
from qbo_writer.ledger_rows import Claim, Outcome, Posted, Runnable, hold_lease, retry_later, settle
from qbo_writer.outcomes import needs_a_person, outcome_of, with_answer
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.plan import plan
from qbo_writer.posting.verdicts import Adopt, Document, Needs, Problem, Status, refuse
from qbo_writer.settling import settle_done, settle_posted, settle_without_writing

log = telemetry.logger("writing")
_MOST_REPLANS = 4


async def deliver(desk: Desk, record: Runnable) -> None:
    """Bring one record as far as it can go now. GateClosed, LeaseLost and CompanyTrouble concern the whole company."""
    claim = await desk.db.one("claim_of", Claim, record_id=record.id)
    for _ in range(_MOST_REPLANS):
        if claim is None:
            posted = await desk.db.one("document_of", Posted, record_id=record.id)
            verdict = _plan(desk, record)
            if posted is not None:
                await settle_posted(desk, record, posted, verdict)
                return
            if not isinstance(verdict, Document):
                await settle_without_writing(desk, record, verdict)
                return
            claim = await _claim(desk, record, verdict)
        if not await _send_and_settle(desk, record, claim):
            return
        claim = None
    await settle_without_writing(desk, record, _endless())


def _plan(desk: Desk, record: Runnable) -> Document | Adopt | Problem | Needs:
    """A record that breaks a rule of ours is one record in Error, never a company that stands still."""
    try:
        entity = entity_pb2.EntityEvent.FromString(record.payload)
        parent = {("order", entity.source_id): record.parent_document} if record.parent_document else {}
        mapped = ChainMap(parent, desk.mapped)
        return plan(record.kind, str(record.id), record.source_id, entity, desk.company, mapped)
    except Exception as error:
        log.error("record_not_planned", business=record.business_id, record=str(record.id), exc_info=True)
        return refuse(
            "NOT_UNDERSTOOD",
            f"LedgerPort cannot make sense of this {record.kind}.",
            f"{type(error).__name__} while its document was drawn up.",
            "Tell support which one it is; the others go on.",
        )


def _endless() -> Problem:
    return Problem(
        Status.ERROR,
        "REFUSED_AGAIN_AND_AGAIN",
        "QuickBooks refused each form that we tried.",
        "Names or references in the company change while we write.",
        "Retry; tell support if it comes back.",
    )


# --- step 1: claim --------------------------------------------------------------------------------


async def _claim(desk: Desk, record: Runnable, document: Document) -> Claim:
    """Committed before anything is sent: the bytes, their hash, and a request id that is the same on every retry."""
    body = to_bytes(document.body)
    body_hash = hashlib.sha256(body).digest()
    if name := document.body.get("DisplayName") or document.body.get("Name"):
        desk.company.names.reserve(document.entity, str(name))
    async with desk.db.transaction() as tx:
        await hold_lease(tx, desk.lease)
        refused = await tx.value("refused_claims", record_id=record.id)
        seed = f"{record.business_id}|{desk.company.realm_id}|{record.id}|create|{refused}|{body_hash.hex()}"
        claim = Claim(
            record_id=record.id,
            operation="create",
            entity=document.entity,
            request_id=hashlib.sha256(seed.encode()).hexdigest()[:32],
            body=body,
            body_hash=body_hash,
            number=document.number,
            txn_date=document.date,
            expected=Expected.of(document).stored(),
            revision=record.revision,
            tries=0,
            age=0.0,
        )
        await tx.run(
            "claim_add",
            record_id=record.id,
            business_id=record.business_id,
            operation=claim.operation,
            entity=claim.entity,
            request_id=claim.request_id,
            body=claim.body,
            body_hash=claim.body_hash,
            number=claim.number,
            txn_date=claim.txn_date,
            expected=json.dumps(claim.expected),
            revision=claim.revision,
        )
    return claim


# --- step 2: send ---------------------------------------------------------------------------------


async def _send_and_settle(desk: Desk, record: Runnable, claim: Claim) -> bool:
    """True: the claim was refused for good and dropped, plan again."""
    refused: AccessToken | None = None
    while True:
        access = await desk.tokens.access(record.business_id, refused)
        started = time.perf_counter()
        if claim.age > desk.look_first_after:
            found = await find_ours(desk, access, record, claim)
            if found is not None:
                await settle_done(desk, record, claim, found, Outcome(Status.SYNCED, "find"))
                return False
        answer = await desk.quickbooks.create(
            access, claim.entity, claim.body, claim.request_id, lambda: _pass_the_gate(desk)
        )
        reading = answers.read(answer, claim.entity)
        outcome = outcome_of(claim, answer, started)
        if reading.action is Action.REFRESH:
            if refused is not None:
                await desk.tokens.access(record.business_id, access)
                raise CompanyTrouble(reading.fault.message or "refused twice")
            refused = access
            continue
        return await _act(desk, record, claim, reading, outcome, access)


def _pass_the_gate(desk: Desk) -> None:
    if closed := desk.stopped or desk.why_closed():
        raise GateClosed(closed)


async def _act(
    desk: Desk,
    record: Runnable,
    claim: Claim,
    reading: Reading,
    outcome: Outcome,
    access: AccessToken,
) -> bool:
    """What the table of answers says is done. True: plan again."""
    match reading.action:
        case Action.DONE:
            await settle_done(desk, record, claim, reading.document, outcome)
            return False
        case Action.SAME_AGAIN:
            await _later(desk, record, reading, outcome)
            return False
        case Action.COMPANY:
            await _later(desk, record, reading, outcome)
            raise CompanyTrouble(reading.fault.message)
        case Action.NAME_TAKEN | Action.NUMBER_TAKEN:
            found = await find_ours(desk, access, record, claim)
            if found is not None:
                await settle_done(desk, record, claim, found, outcome)
                return False
            if reading.action is Action.NAME_TAKEN:
                return await _drop_claim(desk, record)
        case Action.RELOAD:
            desk.company = await desk.books.load(record.business_id, access, afresh=True)
            again = _plan(desk, record)
            if not isinstance(again, Document) or to_bytes(again.body) != claim.body:
                return await _drop_claim(desk, record)
        case Action.HOLD_PERIOD:
            held = Outcome(
                Status.ON_HOLD,
                outcome.operation,
                "CLOSED_PERIOD",
                f"{claim.txn_date} lies in a closed period of the books.",
                reading.fault.message,
                "Reopen the period in QuickBooks and retry, or book it by hand and choose Ignore.",
            )
            await settle(desk.db, desk.lease, record, claim.revision, with_answer(held, outcome))
            return False
        case _:
            pass
    await settle(desk.db, desk.lease, record, claim.revision, with_answer(needs_a_person(reading, claim), outcome))
    return False


async def _later(desk: Desk, record: Runnable, reading: Reading, outcome: Outcome) -> None:
    wait = desk.retry_waits[min(record.failures, len(desk.retry_waits) - 1)]
    sentence = "QuickBooks did not answer usably; it is tried again by itself."
    passing = replace(
        outcome, status=Status.PENDING, reason="QUICKBOOKS_UNAVAILABLE", sentence=sentence, cause=reading.fault.message
    )
    await retry_later(desk.db, desk.lease, record, wait, passing)


async def _drop_claim(desk: Desk, record: Runnable) -> bool:
    """QuickBooks refused for good and made nothing: the next claim needs a request id of its own."""
    async with desk.db.transaction() as tx:
        await hold_lease(tx, desk.lease)
        await tx.run("claim_drop", record_id=record.id)
    return True
