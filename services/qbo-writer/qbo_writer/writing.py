"""One record's way into QuickBooks: claim -> send -> settle, each step safe to repeat after a crash at any point."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

from ledgerport_libs.access_tokens import AccessToken
from qbo_writer import answers, ledger
from qbo_writer.answers import Action, Reading
from qbo_writer.claiming import claim_all, plan_all
from qbo_writer.desk import CompanyTrouble, Desk
from qbo_writer.finding import find_in_other_form, find_ours
from qbo_writer.ledger import Settlement
from qbo_writer.ledger_rows import Claim, Outcome, Runnable, posted_of
from qbo_writer.outcomes import booked_in_other_form, needs_a_person, outcome_of, with_answer
from qbo_writer.planning import plan_record
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.verdicts import Document, Needs, Operation, Problem, Status
from qbo_writer.quickbooks import Target
from qbo_writer.settling import Done, settle_done, settle_unwritten
from qbo_writer.waiting import wait_for

# Documents of one record and forms that QuickBooks refused, in one go; an order with more goes on in the next.
_MOST_STEPS = 12
_MOST_REFUSALS = 4


class Next(Enum):
    """How one write left its record."""

    DONE = "done"  # as far as it can go now
    MORE = "more"  # booked, and another document follows
    REFUSED = "refused"  # refused for good, the claim is dropped: plan again


async def deliver(desk: Desk, record: Runnable) -> None:
    """Bring one record as far as it can go now. GateClosed, LeaseLost and CompanyTrouble concern the whole company."""
    await go_on(desk, record, await desk.db.one("claim_of", Claim, record_id=record.id), refusals=0)


async def go_on(desk: Desk, record: Runnable, claim: Claim | None, *, refusals: int) -> None:
    """From the claim that stands, or from a new plan, after so many refusals."""
    for _ in range(_MOST_STEPS):
        claim = claim or await _claimed(desk, record)
        if claim is None:
            return
        match await _send_and_settle(desk, record, claim):
            case Next.DONE:
                return
            case Next.REFUSED:
                refusals += 1
        if refusals == _MOST_REFUSALS:
            await settle_unwritten(desk, [(record, _endless())])
            return
        claim = None


async def _claimed(desk: Desk, record: Runnable) -> Claim | None:
    """The claim of the record's next document; None where there is none now: what is known instead is settled."""
    [(_, verdict)] = await plan_all(desk, [record])
    if isinstance(verdict, Needs):
        await wait_for(desk.db, desk.lease, record, verdict)
        return None
    if not isinstance(verdict, Document):
        await settle_unwritten(desk, [(record, verdict)])
        return None
    desk.pass_the_gate()  # what may not be sent now is not claimed
    claimed = await claim_all(desk, [(record, verdict)], batch=False)
    return claimed[0][1] if claimed else None


def _endless() -> Problem:
    return Problem(
        Status.ERROR,
        "REFUSED_AGAIN_AND_AGAIN",
        "QuickBooks refused each form that we tried.",
        "Names or references in the company change while we write.",
        "Retry; tell support if it comes back.",
    )


async def _send_and_settle(desk: Desk, record: Runnable, claim: Claim) -> Next:
    if claim.batch and claim.age < desk.write_over_after:
        # Its batch may still be at work, under another request id: whether it made this one is known only later.
        await ledger.wait_out(desk.db, desk.lease, record, desk.write_over_after - claim.age)
        return Next.DONE
    refused: AccessToken | None = None
    while True:
        access = await desk.tokens.access(record.business_id, refused)
        started = time.perf_counter()
        if claim.batch or claim.age > desk.look_first_after or desk.look_first_always:
            found = await find_ours(desk, access, record, claim)
            if found is not None:
                return await _done(desk, record, claim, found, Outcome(Status.SYNCED, "find"))
        if desk.look_first_always and (other := await find_in_other_form(desk, access, record, claim)):
            return await _settle(desk, record, claim, booked_in_other_form(claim, other))
        target = Target(claim.entity, void=claim.operation == Operation.VOID)
        answer = await desk.quickbooks.write(access, target, claim.body, claim.request_id, desk.pass_the_gate)
        reading = answers.read(answer, claim.entity)
        desk.heard(reading)
        if reading.action is Action.REFRESH:
            if refused is not None:
                await desk.tokens.access(record.business_id, access)
                raise CompanyTrouble(reading.fault.message or "refused twice")
            refused = access
            continue
        return await act(desk, record, claim, reading, outcome_of(claim, answer, started), access)


async def _done(desk: Desk, record: Runnable, claim: Claim, made: Mapping[str, Any], outcome: Outcome) -> Next:
    [settled] = await settle_done(desk, [Done(record, claim, made, outcome)])
    return Next.MORE if settled.more else Next.DONE


async def act(
    desk: Desk, record: Runnable, claim: Claim, reading: Reading, outcome: Outcome, access: AccessToken
) -> Next:
    """What the table of answers says is done."""
    match reading.action:
        case Action.DONE:
            return await _done(desk, record, claim, reading.document, outcome)
        case Action.SAME_AGAIN | Action.WAIT | Action.REFRESH:
            await try_later(desk, record, reading, outcome)
            return Next.DONE
        case Action.COMPANY:
            await try_later(desk, record, reading, outcome)
            raise CompanyTrouble(reading.fault.message)
        case Action.NAME_TAKEN | Action.NUMBER_TAKEN | Action.STALE | Action.SEEN_BEFORE:
            found = await find_ours(desk, access, record, claim)
            if found is not None:
                return await _done(desk, record, claim, found, outcome)
            if reading.action is Action.NAME_TAKEN:
                return await _drop_claim(desk, record)
            if reading.action is Action.SEEN_BEFORE and claim.age < desk.write_over_after:
                await try_later(desk, record, reading, outcome)  # it may still be at work
                return Next.DONE
        case Action.RELOAD:
            await desk.read_company_again(access)
            again = plan_record(desk, record, await posted_of(desk.db, record))
            if not isinstance(again, Document) or to_bytes(again.body) != claim.body:
                return await _drop_claim(desk, record)
        case Action.HOLD_PERIOD:
            return await _settle(desk, record, claim, _closed_period(claim, reading, outcome))
        case _:
            pass
    return await _settle(desk, record, claim, with_answer(needs_a_person(reading, claim), outcome))


async def _settle(desk: Desk, record: Runnable, claim: Claim, outcome: Outcome) -> Next:
    await ledger.settle(desk.db, desk.lease, [Settlement(record, claim.revision, outcome)])
    return Next.DONE


def _closed_period(claim: Claim, reading: Reading, outcome: Outcome) -> Outcome:
    held = Outcome(
        Status.ON_HOLD,
        outcome.operation,
        "CLOSED_PERIOD",
        f"{claim.txn_date} lies in a closed period of the books.",
        reading.fault.message,
        "Reopen the period in QuickBooks, or choose “first open day” in Sync Config.",
    )
    return with_answer(held, outcome)


async def try_later(desk: Desk, record: Runnable, reading: Reading, outcome: Outcome) -> None:
    """The claim stands; the waits grow from try to try."""
    wait = desk.retry_waits[min(record.failures, len(desk.retry_waits) - 1)]
    sentence = "QuickBooks did not answer usably; it is tried again by itself."
    passing = replace(
        outcome, status=Status.PENDING, reason="QUICKBOOKS_UNAVAILABLE", sentence=sentence, cause=reading.fault.message
    )
    await ledger.retry_later(desk.db, desk.lease, [(record, passing)], {record.id: wait})


async def _drop_claim(desk: Desk, record: Runnable) -> Next:
    await ledger.drop_claims(desk.db, desk.lease, [record])
    return Next.REFUSED
