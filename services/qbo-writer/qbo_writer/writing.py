"""One record's way into QuickBooks: claim -> send -> settle, each step safe to repeat after a crash at any point."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import fields, replace
from enum import Enum
from typing import Any

from ledgerport_libs.access_tokens import AccessToken
from qbo_writer import answers
from qbo_writer.answers import Action, Reading
from qbo_writer.desk import CompanyTrouble, Desk, GateClosed
from qbo_writer.figures import Expected
from qbo_writer.finding import find_ours
from qbo_writer.ledger_rows import Claim, Outcome, Runnable, hold_lease, posted_of, retry_later, settle
from qbo_writer.outcomes import needs_a_person, outcome_of, with_answer
from qbo_writer.planning import plan_record
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.verdicts import Document, Needs, Operation, Problem, Status
from qbo_writer.quickbooks import Target
from qbo_writer.settling import settle_done, settle_without_writing
from qbo_writer.waiting import wait_for

# Documents of one record and forms that QuickBooks refused, in one go; an order with more goes on in the next.
_MOST_STEPS = 12
_MOST_REFUSALS = 4
_CLAIM_COLUMNS = tuple(each.name for each in fields(Claim) if each.name not in ("tries", "age"))


async def deliver(desk: Desk, record: Runnable) -> None:
    """Bring one record as far as it can go now. GateClosed, LeaseLost and CompanyTrouble concern the whole company."""
    claim = await desk.db.one("claim_of", Claim, record_id=record.id)
    refusals = 0
    for _ in range(_MOST_STEPS):
        if claim is None:
            verdict = plan_record(desk, record, await posted_of(desk.db, record))
            if isinstance(verdict, Needs):
                await wait_for(desk.db, desk.lease, record, verdict)
                return
            if not isinstance(verdict, Document):
                await settle_without_writing(desk, record, verdict)
                return
            claim = await _claim(desk, record, verdict)
        match await _send_and_settle(desk, record, claim):
            case _Next.DONE:
                return
            case _Next.REFUSED:
                refusals += 1
        if refusals == _MOST_REFUSALS:
            await settle_without_writing(desk, record, _endless())
            return
        claim = None


class _Next(Enum):
    """How one write left its record."""

    DONE = "done"  # as far as it can go now
    MORE = "more"  # booked, and another document follows
    REFUSED = "refused"  # refused for good, the claim is dropped: plan again


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
        what = f"{document.operation.value}|{document.part}"
        seed = f"{record.business_id}|{desk.company.realm_id}|{record.id}|{what}|{refused}|{body_hash.hex()}"
        claim = Claim(
            record_id=record.id,
            part=document.part,
            operation=document.operation.value,
            entity=document.entity,
            qbo_id=str(document.body.get("Id", "")),
            request_id=hashlib.sha256(seed.encode()).hexdigest()[:32],
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
        row = {name: getattr(claim, name) for name in _CLAIM_COLUMNS}
        stored = {name: json.dumps(row[name]) for name in ("expected", "covers", "applies")}
        await tx.run("claim_add", business_id=record.business_id, **{**row, **stored})
    return claim


# --- step 2: send ---------------------------------------------------------------------------------


async def _send_and_settle(desk: Desk, record: Runnable, claim: Claim) -> _Next:
    refused: AccessToken | None = None
    while True:
        access = await desk.tokens.access(record.business_id, refused)
        started = time.perf_counter()
        if claim.age > desk.look_first_after:
            found = await find_ours(desk, access, record, claim)
            if found is not None:
                return await _done(desk, record, claim, found, Outcome(Status.SYNCED, "find"))
        target = Target(claim.entity, void=claim.operation == Operation.VOID)
        answer = await desk.quickbooks.write(access, target, claim.body, claim.request_id, lambda: _pass_the_gate(desk))
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


async def _done(desk: Desk, record: Runnable, claim: Claim, made: Mapping[str, Any], outcome: Outcome) -> _Next:
    return _Next.MORE if await settle_done(desk, record, claim, made, outcome) else _Next.DONE


async def _act(
    desk: Desk,
    record: Runnable,
    claim: Claim,
    reading: Reading,
    outcome: Outcome,
    access: AccessToken,
) -> _Next:
    """What the table of answers says is done."""
    match reading.action:
        case Action.DONE:
            return await _done(desk, record, claim, reading.document, outcome)
        case Action.SAME_AGAIN:
            await _later(desk, record, reading, outcome)
            return _Next.DONE
        case Action.COMPANY:
            await _later(desk, record, reading, outcome)
            raise CompanyTrouble(reading.fault.message)
        case Action.NAME_TAKEN | Action.NUMBER_TAKEN | Action.STALE:
            found = await find_ours(desk, access, record, claim)
            if found is not None:
                return await _done(desk, record, claim, found, outcome)
            if reading.action is Action.NAME_TAKEN:
                return await _drop_claim(desk, record)
        case Action.RELOAD:
            desk.company = await desk.books.load(record.business_id, access, afresh=True)
            again = plan_record(desk, record, await posted_of(desk.db, record))
            if not isinstance(again, Document) or to_bytes(again.body) != claim.body:
                return await _drop_claim(desk, record)
        case Action.HOLD_PERIOD:
            held = Outcome(
                Status.ON_HOLD,
                outcome.operation,
                "CLOSED_PERIOD",
                f"{claim.txn_date} lies in a closed period of the books.",
                reading.fault.message,
                "Reopen the period in QuickBooks, or choose “first open day” in Sync Config.",
            )
            await settle(desk.db, desk.lease, record, claim.revision, with_answer(held, outcome))
            return _Next.DONE
        case _:
            pass
    await settle(desk.db, desk.lease, record, claim.revision, with_answer(needs_a_person(reading, claim), outcome))
    return _Next.DONE


async def _later(desk: Desk, record: Runnable, reading: Reading, outcome: Outcome) -> None:
    wait = desk.retry_waits[min(record.failures, len(desk.retry_waits) - 1)]
    sentence = "QuickBooks did not answer usably; it is tried again by itself."
    passing = replace(
        outcome, status=Status.PENDING, reason="QUICKBOOKS_UNAVAILABLE", sentence=sentence, cause=reading.fault.message
    )
    await retry_later(desk.db, desk.lease, record, wait, passing)


async def _drop_claim(desk: Desk, record: Runnable) -> _Next:
    """QuickBooks refused for good and made nothing: the next claim needs a request id of its own."""
    async with desk.db.transaction() as tx:
        await hold_lease(tx, desk.lease)
        await tx.run("claim_drop", record_id=record.id)
    return _Next.REFUSED
