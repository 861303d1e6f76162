"""Events that a handler gave up, handed to it once more: when a version runs that can use them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from ledgerport_libs import telemetry
from ledgerport_libs.bus import Consumer, IncomingEvent
from ledgerport_libs.database import Database

log = telemetry.logger("dead_letters")


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many were taken this time, and how many failed again."""

    done: int
    failed: int


@dataclass(frozen=True, slots=True)
class _DeadLetter:
    id: int
    event_id: str
    subject: str
    payload: bytes
    traceparent: str


async def replay(db: Database, consumer: Consumer, ids: Sequence[int], done_by: str) -> Replayed:
    """These dead letters of a consumer, or all of its where none are named; oldest first.

    One that is taken is no dead letter any more; one that fails stays, with its new error. Safe to stop and to repeat:
    handlers take repetitions. Raises where the database is away.
    """
    done, failed, after = 0, 0, 0
    while True:
        async with db.transaction() as tx:
            letter = await tx.one(
                "dead_letter_next", _DeadLetter, consumer=consumer.durable, after=after, ids=list(ids)
            )
            if letter is None:
                return Replayed(done, failed)
            after = letter.id
            try:
                await consumer.handler([_event(consumer, letter)])
            except (psycopg.OperationalError, OSError):
                raise
            except Exception as error:
                log.error("replay_failed", consumer=consumer.durable, dead_letter=letter.id, exc_info=True)
                await tx.run("dead_letter_failed", id=letter.id, error=telemetry.redactor.text(repr(error)))
                failed += 1
                continue
            await tx.run("dead_letter_done", id=letter.id)
            told = {"consumer": consumer.durable, "dead_letter": letter.id, "event_id": letter.event_id}
            await tx.run("operation_add", done_by=done_by, what="replay", detail=json.dumps(told))
            log.info("replayed", done_by=done_by, **told)
            done += 1


def _event(consumer: Consumer, letter: _DeadLetter) -> IncomingEvent:
    """One that was kept without its id gets one all the same: a handler tells events apart by it."""
    event_id = letter.event_id or f"dead-{consumer.durable}-{letter.id}"
    return IncomingEvent(event_id, letter.subject, letter.payload, letter.traceparent)
