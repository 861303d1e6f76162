"""Events that a handler gave up, handed to it once more: when a version runs that can use them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import psycopg

from ledgerport_libs import telemetry
from ledgerport_libs.bus import Consumer, IncomingEvent
from ledgerport_libs.database import Database

log = telemetry.logger("dead_letters")


@dataclass(frozen=True, slots=True)
class Chosen:
    """These, or all where none are named; after this id, and at most so many."""

    ids: tuple[int, ...] = ()
    after: int = 0
    most: int = 50


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many were taken this time, how many failed again, and the id to go on after; 0: that was all."""

    done: int
    failed: int
    last: int = 0


@dataclass(frozen=True, slots=True)
class _DeadLetter:
    id: int
    event_id: str
    subject: str
    payload: bytes
    traceparent: str


async def replay(db: Database, consumer: Consumer, chosen: Chosen, done_by: str) -> Replayed:
    """The chosen dead letters of a consumer, oldest first.

    One that is taken is no dead letter any more; one that fails stays, with its new error. Safe to stop and to repeat:
    handlers take repetitions. Raises where the database is away.
    """
    done, failed, after = 0, 0, chosen.after
    while done + failed < chosen.most:
        async with db.transaction() as tx:
            letter = await tx.one(
                "dead_letter_next", _DeadLetter, consumer=consumer.durable, after=after, ids=list(chosen.ids)
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
    return Replayed(done, failed, after)


def _event(consumer: Consumer, letter: _DeadLetter) -> IncomingEvent:
    """One that was kept without its id gets one all the same: a handler tells events apart by it."""
    event_id = letter.event_id or f"dead-{consumer.durable}-{letter.id}"
    return IncomingEvent(event_id, letter.subject, letter.payload, letter.traceparent)
