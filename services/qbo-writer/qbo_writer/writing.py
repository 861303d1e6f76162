"""One record's way into QuickBooks: claim -> send -> settle, each step safe to repeat after a crash at any point."""

from __future__ import annotations

import hashlib
import json
import time
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from opentelemetry import trace

from ledgerport.events.v1 import entity_pb2
from ledgerport_libs import telemetry
from ledgerport_libs.access_tokens import AccessToken, AccessTokens
from ledgerport_libs.database import Database
from ledgerport_libs.money import Money
from qbo_writer import answers
from qbo_writer.answers import Action, Answer, Reading
from qbo_writer.company_books import CompanyBooks, name_of
from qbo_writer.figures import Expected, difference_of, minor, proof_of, shopify_side
from qbo_writer.ledger_rows import Claim, Lease, Outcome, Posted, Runnable, hold_lease, retry_later, settle
from qbo_writer.posting.amounts import to_bytes
from qbo_writer.posting.company import Company
from qbo_writer.posting.marks import marker
from qbo_writer.posting.plan import plan
from qbo_writer.posting.verdicts import Adopt, Document, Key, Needs, Problem, Status, refuse
from qbo_writer.quickbooks import QuickBooks, quoted
from qbo_writer.waiting import wait_for

log = telemetry.logger("writing")
_LONGEST_TEXT = 16_000
_MOST_REPLANS = 4


class GateClosed(Exception):
    """Paused, unhealthy or disconnected: the claim stands, nothing was sent."""


class CompanyTrouble(Exception):
    """The connection itself is in trouble: no record of this company can go on for now."""


@dataclass
class Desk:
    """All that writing to one company needs, while its lease is ours."""

    db: Database
    lease: Lease
    company: Company
    mapped: dict[Key, str]
    quickbooks: QuickBooks
    books: CompanyBooks
    tokens: AccessTokens
    why_closed: Callable[[], str]
    retry_waits: tuple[float, ...]
    look_first_after: float
    # Why no further write may start, once one of them has met trouble that concerns all.
    stopped: str = ""


async def deliver(desk: Desk, record: Runnable) -> None:
    """Bring one record as far as it can go now. GateClosed, LeaseLost and CompanyTrouble concern the whole company."""
    claim = await desk.db.one("claim_of", Claim, record_id=record.id)
    for _ in range(_MOST_REPLANS):
        if claim is None:
            posted = await desk.db.one("document_of", Posted, record_id=record.id)
            verdict = _plan(desk, record)
            if posted is not None:
                await _already_posted(desk, record, posted, verdict)
                return
            if not isinstance(verdict, Document):
                await _settle_without_writing(desk, record, verdict)
                return
            claim = await _claim(desk, record, verdict)
        if not await _send_and_settle(desk, record, claim):
            return
        claim = None
    await _settle_without_writing(desk, record, _endless())


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
            found = await _look(desk, access, record, claim)
            if found is not None:
                await _settle_done(desk, record, claim, found, Outcome(Status.SYNCED, "find"))
                return False
        answer = await desk.quickbooks.create(
            access, claim.entity, claim.body, claim.request_id, lambda: _pass_the_gate(desk)
        )
        reading = answers.read(answer, claim.entity)
        outcome = _outcome(claim, answer, started)
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
            await _settle_done(desk, record, claim, reading.document, outcome)
            return False
        case Action.SAME_AGAIN:
            await _later(desk, record, reading, outcome)
            return False
        case Action.COMPANY:
            await _later(desk, record, reading, outcome)
            raise CompanyTrouble(reading.fault.message)
        case Action.NAME_TAKEN | Action.NUMBER_TAKEN:
            found = await _look(desk, access, record, claim)
            if found is not None:
                await _settle_done(desk, record, claim, found, outcome)
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
            await settle(desk.db, desk.lease, record, claim.revision, _with_answer(held, outcome))
            return False
        case _:
            pass
    await settle(desk.db, desk.lease, record, claim.revision, _with_answer(_asks(reading, claim), outcome))
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


async def _look(desk: Desk, access: AccessToken, record: Runnable, claim: Claim) -> Mapping[str, Any] | None:
    """Our own document, made by a try whose answer was lost; None where it is not there or is a person's."""
    body = json.loads(claim.body)
    ours = f"shopify:{record.source_id}"
    if claim.entity in ("SalesReceipt", "RefundReceipt"):
        where = f"where DocNumber = {quoted(claim.number)}" if claim.number else f"where TxnDate = '{claim.txn_date}'"
        rows = await desk.quickbooks.query(access, claim.entity, where)
        return next((row for row in rows if marker(str(record.id)) in str(row.get("PrivateNote", ""))), None)
    field_name = "DisplayName" if claim.entity == "Customer" else "Name"
    where = f"where {field_name} = {quoted(str(body[field_name]))}"
    lists = ("Customer", "Vendor", "Employee") if claim.entity == "Customer" else (claim.entity,)
    mine: Mapping[str, Any] | None = None
    for each in lists:
        for row in await desk.quickbooks.query(access, each, where):
            desk.company.names.add(name_of(each, row))
            if each == claim.entity and _is_ours(claim.entity, row, body, ours):
                mine = row
    return mine


def _is_ours(entity: str, row: Mapping[str, Any], body: Mapping[str, Any], note: str) -> bool:
    """Customers carry our note; items and accounts have no room for one, so what we would have made is ours."""
    if entity == "Customer":
        return str(row.get("Notes", "")) == note
    told = ("Type", "Sku", "AccountType", "AccountSubType")
    return all(row.get(key) == body.get(key) for key in told)


# --- step 3: settle -------------------------------------------------------------------------------


async def _settle_done(desk: Desk, record: Runnable, claim: Claim, made: Mapping[str, Any], outcome: Outcome) -> None:
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
        await _now_mapped(desk, record, name.qbo_id)
        desk.company.names.add(name)
        await desk.books.remember(record.business_id, [name])


async def _settle_without_writing(desk: Desk, record: Runnable, verdict: Adopt | Problem | Needs | Document) -> None:
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
    await _now_mapped(desk, record, verdict.qbo_id)


async def _now_mapped(desk: Desk, record: Runnable, qbo_id: str) -> None:
    desk.mapped[(record.kind, record.source_id)] = qbo_id


async def _already_posted(
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


def _outcome(claim: Claim, answer: Answer, started: float) -> Outcome:
    context = trace.get_current_span().get_span_context()
    return Outcome(
        status=Status.ERROR,
        operation=claim.operation,
        entity=claim.entity,
        number=claim.number,
        request=telemetry.redactor.text(claim.body.decode(errors="replace")[:_LONGEST_TEXT]),
        response=telemetry.redactor.text(answer.body.decode(errors="replace")[:_LONGEST_TEXT]),
        http_status=answer.status,
        intuit_tid=answer.tid,
        trace_id=f"{context.trace_id:032x}" if context.is_valid else "",
        duration_ms=int((time.perf_counter() - started) * 1000),
    )


def _with_answer(outcome: Outcome, answered: Outcome) -> Outcome:
    return replace(
        outcome,
        entity=answered.entity,
        number=answered.number,
        request=answered.request,
        response=answered.response,
        http_status=answered.http_status,
        intuit_tid=answered.intuit_tid,
        trace_id=answered.trace_id,
        duration_ms=answered.duration_ms,
    )


def _asks(reading: Reading, claim: Claim) -> Outcome:
    """A refusal that only a person can mend, with QuickBooks' own words as the cause."""
    fault = reading.fault
    if reading.action is Action.NUMBER_TAKEN:
        return Outcome(
            Status.ERROR,
            claim.operation,
            "DUPLICATE_NUMBER",
            f"Another document in QuickBooks has the number {claim.number} already.",
            fault.detail or fault.message,
            "Change the other document's number in QuickBooks, then retry.",
        )
    words = telemetry.redactor.text(f"{fault.message} {fault.detail}".strip())
    return Outcome(
        Status.ERROR,
        claim.operation,
        f"QUICKBOOKS_{fault.code or 'REFUSED'}",
        f"QuickBooks refused this {claim.entity}: {fault.message or 'no reason was given'}.",
        words,
        "Mend what QuickBooks names, then retry.",
    )
