"""Planning a record with all that delivery knows. A record that breaks a rule of ours is one record in Error."""

from __future__ import annotations

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs import telemetry
from qbo_writer.desk import Desk
from qbo_writer.ledger_rows import Runnable
from qbo_writer.posting.plan import Subject, plan
from qbo_writer.posting.posted import Posted, PostedDocument
from qbo_writer.posting.verdicts import Verdict, refuse

log = telemetry.logger("planning")


def plan_record(desk: Desk, record: Runnable, posted: Posted) -> Verdict:
    """The next document of this record, or why there is none. Never an exception: no record stops its company."""
    try:
        entity = entity_pb2.EntityEvent.FromString(record.payload)
        subject = Subject(record.kind, str(record.id), record.source_id, entity, posted, record.pushed)
        return plan(subject, desk.company, desk.settings.config, desk.known)
    except Exception as error:
        log.error("record_not_planned", business=record.business_id, record=str(record.id), exc_info=True)
        return refuse(
            "NOT_UNDERSTOOD",
            f"LedgerPort cannot make sense of this {record.kind}.",
            f"{type(error).__name__} while its document was drawn up.",
            "Tell support which one it is; the others go on.",
        )


def planned_after(desk: Desk, record: Runnable, posted: Posted, made: PostedDocument) -> Verdict:
    """What comes next once this document stands in QuickBooks, too."""
    others = [d for d in posted.documents if (d.owner, d.part) != (made.owner, made.part)]
    return plan_record(desk, record, Posted([*others, made]))
