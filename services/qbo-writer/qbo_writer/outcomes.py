"""How a try is told: to the record, to the audit log, and to the person who has to act."""

from __future__ import annotations

import time
from dataclasses import replace

from opentelemetry import trace

from ledgerport_libs import telemetry
from qbo_writer.answers import Action, Answer, Reading
from qbo_writer.ledger_rows import Claim, Outcome
from qbo_writer.posting.verdicts import Status

_LONGEST_TEXT = 16_000
_LOCKED = "Take it out of the deposit, or undo the match, in QuickBooks; then retry."
# Intuit's code -> our reason, what happened, and the cure. Others are told in QuickBooks' own words.
_KNOWN = {
    "600": (
        "SEEN_BEFORE",
        "QuickBooks says that it was sent this before, but it is not there.",
        "Look for the document in QuickBooks; if it is not there, retry.",
    ),
    "2220": ("CURRENCY_NOT_ENABLED", "The company does not keep this currency.", "Switch it on in QuickBooks; retry."),
    "5010": (
        "EDITED_IN_QUICKBOOKS",
        "Somebody edited the document in QuickBooks meanwhile; it was not written over.",
        "Compare both, make the change in QuickBooks by hand, then choose Ignore here.",
    ),
    "6430": (
        "ACCOUNT_OF_WRONG_TYPE",
        "QuickBooks does not take the account that was chosen.",
        "Choose another account in Sync Config or under Mapping › Payment methods; it is then tried again.",
    ),
    "6450": ("LOCKED_IN_QUICKBOOKS", "The document is settled in QuickBooks and cannot change.", _LOCKED),
    "6480": ("LOCKED_IN_QUICKBOOKS", "The document is matched to a bank line and cannot change.", _LOCKED),
    "6540": ("LOCKED_IN_QUICKBOOKS", "The document is part of a deposit and cannot change.", _LOCKED),
}


def outcome_of(claim: Claim, answer: Answer, started: float) -> Outcome:
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


def booked_in_other_form(claim: Claim, other: str) -> Outcome:
    """Nothing was sent: what a restored database does not know of stands in QuickBooks."""
    return Outcome(
        status=Status.ERROR,
        operation=claim.operation,
        entity=claim.entity,
        number=claim.number,
        reason="BOOKED_IN_OTHER_FORM",
        sentence=f"QuickBooks holds {other} for this already, from before the database was restored.",
        cause="The order was booked in another form than it would be now.",
        cure="Compare the order with QuickBooks, change there what differs, then choose Ignore here.",
    )


def with_answer(outcome: Outcome, answered: Outcome) -> Outcome:
    """The outcome, with what was sent and what came back."""
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


def needs_a_person(reading: Reading, claim: Claim) -> Outcome:
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
    if (told := _KNOWN.get(fault.code)) is not None:
        reason, sentence, cure = told
        return Outcome(Status.ERROR, claim.operation, reason, sentence, fault.detail or fault.message, cure)
    words = telemetry.redactor.text(f"{fault.message} {fault.detail}".strip())
    return Outcome(
        Status.ERROR,
        claim.operation,
        f"QUICKBOOKS_{fault.code or 'REFUSED'}",
        f"QuickBooks refused this {claim.entity}: {fault.message or 'no reason was given'}.",
        words,
        "Mend what QuickBooks names, then retry.",
    )
