"""Many records' way into QuickBooks at once: the same three steps as one record's, with one request between them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from opentelemetry.trace import SpanKind

from ledgerport_libs import telemetry
from ledgerport_libs.access_tokens import AccessToken
from ledgerport_libs.errors import AppError
from qbo_writer import answers, ledger
from qbo_writer.answers import Action, Answer, Reading
from qbo_writer.claiming import claim_all, plan_all
from qbo_writer.desk import CompanyTrouble, Desk, GateClosed
from qbo_writer.ledger import Claimed
from qbo_writer.ledger_rows import Claim, Runnable
from qbo_writer.outcomes import outcome_of
from qbo_writer.posting.verdicts import Adopt, Booked, Document, Needs, Operation, Problem, Status
from qbo_writer.quickbooks import BatchItem
from qbo_writer.settling import Done, settle_done, settle_unwritten
from qbo_writer.waiting import wait_for
from qbo_writer.writing import Next, act, go_on

log = telemetry.logger("batching")


async def deliver_batch(desk: Desk, records: Sequence[Runnable]) -> list[UUID]:
    """Bring these records one document further in one request. Those that must go alone are given back.

    GateClosed, LeaseLost and CompanyTrouble concern the whole company.
    """
    links = telemetry.links_to(record.traceparent for record in records)
    with (
        telemetry.of_business(desk.lease.business_id),
        telemetry.tracer().start_as_current_span("deliver batch", kind=SpanKind.CONSUMER, links=links) as span,
    ):
        span.set_attribute("records", len(records))
        planned = await plan_all(desk, records)
        await _settle_others(desk, planned)
        new = [(r, v) for r, v in planned if isinstance(v, Document) and v.operation is Operation.CREATE]
        alone = [r.id for r, v in planned if isinstance(v, Document) and v.operation is not Operation.CREATE]
        # Nobody to go with: by itself its request id protects it. Nor does a batch look for what it makes.
        if len(new) == 1 or desk.look_first_always:
            return [*alone, *(record.id for record, _ in new)]
        if new:
            await _write(desk, new)
    return alone


async def _settle_others(desk: Desk, planned: Sequence[tuple[Runnable, object]]) -> None:
    """What has no document now: waiting for others, held, skipped, refused or booked already."""
    for record, verdict in planned:
        if isinstance(verdict, Needs):
            await wait_for(desk.db, desk.lease, record, verdict)
    settled = [(record, verdict) for record, verdict in planned if isinstance(verdict, Adopt | Booked | Problem)]
    if settled:
        await settle_unwritten(desk, settled)


async def _write(desk: Desk, new: Sequence[tuple[Runnable, Document]]) -> None:
    """Claimed when the batch's turn has come, so that no claim waits unsent. What a limit refused was not executed."""
    claims: Sequence[Claimed] = ()
    try:
        while True:
            async with desk.quickbooks.batch_turn(desk.company.realm_id, desk.pass_the_gate):
                if not (claims or desk.breaker.closed):
                    return  # into an outage goes no batch: back in line
                claims = claims or await claim_all(desk, new, batch=True)
                if not claims:
                    return
                started = time.perf_counter()
                access, answer = await _send(desk, claims)
            if not answers.over_a_limit(answer):
                break
    except (GateClosed, CompanyTrouble, AppError):
        # Stopped before a send that would have been executed: that there is nothing to look for is known only now.
        await ledger.drop_claims(desk.db, desk.lease, [record for record, _ in claims])
        raise
    parts = answers.split_batch(answer)
    if parts is None:
        await _unanswered(desk, claims, answer, started)
    else:
        desk.breaker.answered()
        read = [_read(parts.get(str(n)), record, claim, answer, started) for n, (record, claim) in enumerate(claims, 1)]
        await _settle_each(desk, read, access)


async def _settle_each(desk: Desk, read: Sequence[tuple[Done, Reading]], access: AccessToken) -> None:
    """What was made, in one commit; what was refused, each by the table of answers."""
    if done := [each for each, reading in read if reading.action is Action.DONE]:
        await settle_done(desk, done)
    for each, reading in read:
        if reading.action is Action.DONE:
            continue
        if await act(desk, each.record, each.claim, reading, each.outcome, access) is not Next.DONE:
            await go_on(desk, each.record, None, refusals=1)


def _read(part: Answer | None, record: Runnable, claim: Claim, answer: Answer, started: float) -> tuple[Done, Reading]:
    """An item that the answer leaves out is as unknown as one without any answer."""
    part = part or replace(answer, status=0, body=b"", trouble="left out of the batch's answer")
    reading = answers.read(part, claim.entity)
    return Done(record, claim, reading.document, outcome_of(claim, part, started)), reading


async def _send(desk: Desk, claims: Sequence[Claimed]) -> tuple[AccessToken, Answer]:
    """A refused token is renewed once; then it is the company that is in trouble."""
    items = [BatchItem(claim.entity, claim.body) for _, claim in claims]
    business_id, refused = desk.lease.business_id, None
    while True:
        access = await desk.tokens.access(business_id, refused)
        answer = await desk.quickbooks.write_batch(access, items, claims[0][1].batch, desk.pass_the_gate)
        reading = answers.read(answer, "BatchItemResponse")
        if reading.action is not Action.REFRESH:
            return access, answer
        if refused is not None:
            await desk.tokens.access(business_id, access)
            raise CompanyTrouble(reading.fault.message or "refused twice")
        refused = access


async def _unanswered(desk: Desk, claims: Sequence[Claimed], answer: Answer, started: float) -> None:
    """Nobody knows what it made: each is looked for when the batch is surely over, and then goes by itself."""
    reading = answers.read(answer, "BatchItemResponse")
    desk.heard(reading)
    log.warning("batch_unanswered", business=desk.lease.business_id, records=len(claims), why=reading.fault.message)
    sentence = "QuickBooks did not answer usably; it is looked for, and tried again by itself."
    tries = [
        (
            record,
            replace(
                outcome_of(claim, answer, started),
                status=Status.PENDING,
                reason="QUICKBOOKS_UNAVAILABLE",
                sentence=sentence,
                cause=reading.fault.message,
            ),
        )
        for record, claim in claims
    ]
    waits: Mapping[UUID, float] = dict.fromkeys((record.id for record, _ in claims), desk.write_over_after)
    await ledger.retry_later(desk.db, desk.lease, tries, waits)
    if reading.action is Action.COMPANY:
        raise CompanyTrouble(reading.fault.message)
