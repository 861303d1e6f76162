"""Runs of records that people push: started in one transaction, watched by counting, cancelled where nothing began."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from ledgerport_libs.database import Database, Transaction
from ledgerport_libs.errors import NotFound, Refused
from qbo_writer.record_protos import RecordRow
from qbo_writer.steering import in_one_go, trace_of_now

_MOST_REASONS = 20
# More than these in one push would hold up the orders that come in meanwhile.
_MANY = 100
Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a push would take, and what it leaves as it is."""

    to_push: int
    in_books: int
    on_their_way: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run with what became of its records so far."""

    id: UUID
    started_by: str
    started_at: datetime
    asked: dict[str, Any]
    in_books: int
    on_their_way: int
    left_out: int
    cancelled_by: str
    cancelled_at: datetime | None
    number: int
    pending: int
    synced: int
    on_hold: int
    # Of those on hold: for a record that is on its way itself.
    for_moments: int
    error: int
    skipped: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class Reason:
    outcome: str
    reason: str
    count: int
    example: UUID


async def count(db: Database, where: Params) -> Found:
    """`where`: a filter, and ids of records or None for all of the filter's."""
    async with db.transaction() as tx:
        return await _count(tx, where)


async def start(db: Database, where: Params, asked: Params, by: str) -> UUID:
    """The id of the run. Refused where nothing is left to be pushed; NotFound where nothing fits.

    Records in QuickBooks, and those that an earlier push has on their way, stay as they are: two presses push once.
    """

    async def push(tx: Transaction) -> UUID:
        await tx.run("push_patience")
        found, run_id = await _count(tx, where), uuid4()
        told = {name: number for name, number in asdict(found).items() if name != "to_push"}
        business_id = where["business_id"]
        await tx.run(
            "push_run_add", run_id=run_id, business_id=business_id, started_by=by, asked=json.dumps(asked), **told
        )
        said = {"sentence": f"Pushed by {by}.", "trace_id": trace_of_now()}
        if not await tx.run("push_records", **where, run_id=run_id, many=_MANY, **said):
            raise _nothing(found)
        return run_id

    return await in_one_go(db, push)


def _nothing(found: Found) -> NotFound | Refused:
    if found.on_their_way or found.to_push:  # what was to be pushed a moment ago, somebody else pushed meanwhile
        say = "They are on their way to QuickBooks already. Nothing was pushed twice."
    elif found.in_books:
        say = "They are in QuickBooks already. Nothing was pushed."
    elif found.left_out:
        say = "All of them were ignored by a person. Select one by itself to push it all the same."
    else:
        return NotFound("nothing fits", say="There is nothing to push here.")
    return Refused("nothing to push", say=say, reason="NOTHING_TO_PUSH")


async def _count(tx: Transaction, where: Params) -> Found:
    return await tx.one("push_count", Found, **where) or Found(0, 0, 0, 0)


async def run_of(db: Database, business_id: str, run_id: UUID) -> Run:
    """NotFound for a run of nobody's or another Business."""
    run = await db.one("push_run", Run, business_id=business_id, run_id=run_id, before=None, limit=1)
    if run is None:
        raise NotFound(f"no push {run_id}")
    return run


async def runs(db: Database, business_id: str, before: int | None, limit: int) -> list[Run]:
    """Newest first."""
    return await db.all("push_run", Run, business_id=business_id, run_id=None, before=before, limit=limit)


async def reasons(db: Database, business_id: str, run_id: UUID) -> list[tuple[Reason, RecordRow]]:
    """Why records of a run are not in QuickBooks, each with one of them as it stands now."""
    async with db.transaction() as tx:
        found = await tx.all("push_reasons", Reason, business_id=business_id, run_id=run_id, limit=_MOST_REASONS)
        examples = [
            await tx.one("one_record", RecordRow, business_id=business_id, record_id=each.example) for each in found
        ]
    return [(reason, example) for reason, example in zip(found, examples, strict=True) if example is not None]


async def pushed(
    db: Database, business_id: str, run_id: UUID, outcome: str | None, after: UUID | None, limit: int
) -> list[RecordRow]:
    """Records of a run as they stand now, by their ids."""
    told = {"run_id": run_id, "outcome": outcome, "after": after, "limit": limit}
    return await db.all("pushed_records", RecordRow, business_id=business_id, **told)


async def cancel(db: Database, business_id: str, run_id: UUID, by: str) -> None:
    """What nobody began to write is taken back; first locked, then looked at, so that a claim is seen. Repeatable."""

    async def take_back(tx: Transaction) -> None:
        if not await tx.run("push_cancel_run", business_id=business_id, run_id=run_id, cancelled_by=by):
            return
        await tx.run("push_patience")
        await tx.run("push_hold_waiting", run_id=run_id)
        said = {"sentence": f"Its push was cancelled by {by}.", "trace_id": trace_of_now()}
        await tx.run("push_take_back", business_id=business_id, run_id=run_id, **said)

    await run_of(db, business_id, run_id)
    await in_one_go(db, take_back)
