"""What a person decides about records: retry them, or leave them out. Each decision stands in the audit log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4

from opentelemetry import trace
from psycopg.errors import DeadlockDetected

from ledgerport.events.v1 import record_pb2
from ledgerport_libs.bus import OutgoingEvent, put_all
from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import NotFound, Refused
from qbo_writer.ledger_rows import kind_to_proto, status_to_proto
from qbo_writer.record_protos import RecordRow

T = TypeVar("T")
# Delivery and intake lock records in orders of their own; one of two that wait for each other begins again.
_TIMES = 4


@dataclass(frozen=True, slots=True)
class Ignored:
    """How many are left out now, and why the others cannot be."""

    ignored: int
    being_written: int
    in_quickbooks: int


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _NotToBe:
    in_quickbooks: int
    being_written: int


async def retry(db: Database, business_id: str, wanted: UUID, by: str) -> RecordRow:
    """NotFound for a record of nobody's or another Business; Refused where there is nothing to retry."""

    async def decide(tx: Transaction) -> RecordRow:
        await _known(tx, business_id, wanted)
        if not await tx.run("retry_record", business_id=business_id, record_id=wanted):
            raise Refused("it is synced", say="This record is in QuickBooks already.", reason="NOT_IN_THIS_STATE")
        await _write_down(tx, business_id, [wanted], "retry", "pending", f"Retried by {by}.")
        return await _known(tx, business_id, wanted)

    return await in_one_go(db, decide)


async def retry_all(db: Database, where: Mapping[str, Any], by: str) -> int:
    """Of what the filter finds, all that is in Error; how many that were."""
    told = {"sentence": f"Retried by {by}.", "trace_id": trace_of_now()}
    return await in_one_go(db, lambda tx: tx.run("retry_all", **where, **told))


async def ignore(db: Database, business_id: str, wanted: UUID, by: str) -> RecordRow:
    """NotFound as for retry; Refused for what is in QuickBooks, or being written right now."""

    async def decide(tx: Transaction) -> RecordRow:
        await _known(tx, business_id, wanted)
        left = await _ignored(tx, business_id, [wanted], by)
        if left.being_written:
            say = "It is being written to QuickBooks right now. Wait for what becomes of it, then decide."
            raise Refused("a claim stands", say=say, reason="IN_FLIGHT")
        if left.in_quickbooks:
            say = "This record is in QuickBooks already. Void or delete it there if it is not to be in the books."
            raise Refused("it is synced", say=say, reason="NOT_IN_THIS_STATE")
        return await _known(tx, business_id, wanted)

    return await in_one_go(db, decide)


async def ignore_several(db: Database, business_id: str, wanted: Sequence[UUID], by: str) -> Ignored:
    """Those that can be; ids of nobody's or another Business are passed over."""
    return await in_one_go(db, lambda tx: _ignored(tx, business_id, wanted, by))


async def _ignored(tx: Transaction, business_id: str, wanted: Sequence[UUID], by: str) -> Ignored:
    """First locked, then looked at: a claim that was being committed is seen."""
    chosen = {"business_id": business_id, "record_ids": list(wanted)}
    sentence = f"Ignored by {by}."
    await tx.run("hold_records", **chosen)
    done = await tx.all("ignore_records", _Id, **chosen, sentence=sentence)
    await _write_down(tx, business_id, [each.id for each in done], "ignore", "skipped", sentence, "IGNORED")
    left = await tx.one("not_to_be_ignored", _NotToBe, **chosen)
    return Ignored(len(done), left.being_written if left else 0, left.in_quickbooks if left else 0)


async def _known(tx: Transaction, business_id: str, wanted: UUID) -> RecordRow:
    row = await tx.one("one_record", RecordRow, business_id=business_id, record_id=wanted)
    if row is None:
        raise NotFound(f"no record {wanted}")
    return row


async def _write_down(
    tx: Transaction,
    business_id: str,
    records: Sequence[UUID],
    operation: str,
    outcome: str,
    sentence: str,
    reason: str = "",
) -> None:
    """To the audit log and, in the outbox, to the pages that are open."""
    await tx.run(
        "steered_add",
        business_id=business_id,
        record_ids=list(records),
        operation=operation,
        outcome=outcome,
        reason=reason,
        sentence=sentence,
        trace_id=trace_of_now(),
    )
    rows = await tx.all("records_by_id", RecordRow, business_id=business_id, record_ids=list(records))
    await put_all(tx, [_event(business_id, row) for row in rows])


def _event(business_id: str, row: RecordRow) -> OutgoingEvent:
    event = record_pb2.RecordEvent(
        event_id=str(uuid4()),
        business_id=business_id,
        record_id=str(row.id),
        kind=kind_to_proto(row.kind),
        status=status_to_proto(row.status),
        reference=row.reference,
        reason=row.reason,
        sentence=row.sentence,
    )
    event.at.GetCurrentTime()
    return OutgoingEvent(event.event_id, f"records.v1.{business_id}.{row.status}", event.SerializeToString())


async def in_one_go(db: Database, decide: Callable[[Transaction], Awaitable[T]]) -> T:
    """All of it in one transaction, begun again where others held the same records the other way round."""
    for _ in range(_TIMES - 1):
        try:
            async with db.transaction() as tx:
                return await decide(tx)
        except DeadlockDetected:
            continue
    async with db.transaction() as tx:
        return await decide(tx)


def trace_of_now() -> str:
    """The trace of the person's own request."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""
