"""Reading QuickBooks' answers: what a fault says in all its shapes, and the one table of what we do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any
from xml.etree import ElementTree

import msgspec


class Action(StrEnum):
    """What delivery does next."""

    DONE = "done"
    REFRESH = "refresh"  # the access token was refused: ask auth for another, then once more
    WAIT = "wait"  # over a limit: nothing was executed, the whole company waits
    SAME_AGAIN = "same_again"  # unknown or passing: the same request id, later
    NAME_TAKEN = "name_taken"  # somebody has this name: look who, then adopt or choose another
    NUMBER_TAKEN = "number_taken"  # this document number exists: ours, whose answer was lost, or a person's
    SEEN_BEFORE = "seen_before"  # this request id was used: the document is there, is being made, or it is a person's
    RELOAD = "reload"  # a reference is gone or inactive: read the company's lists again, then once more
    HOLD_PERIOD = "hold_period"
    STALE = "stale"  # somebody changed the document since we wrote it: ours, whose answer was lost, or a person's
    COMPANY = "company"  # the connection itself: nothing of this company can go on
    ASK = "ask"  # a person must act


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request; status 0: nothing did."""

    status: int
    body: bytes
    tid: str = ""
    retry_after: float | None = None
    trouble: str = ""


class _BatchAnswer(msgspec.Struct):
    """Intuit: batch. Each item has its bId and one member more, an entity or a Fault."""

    BatchItemResponse: list[dict[str, msgspec.Raw]]


_batch = msgspec.json.Decoder(_BatchAnswer)
# Numbers stay exact decimals.
_object = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Fault:
    code: str
    message: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer understood."""

    action: Action
    document: Mapping[str, Any]
    faults: tuple[Fault, ...] = ()

    @property
    def fault(self) -> Fault:
        return self.faults[0] if self.faults else Fault("", "", "")


# Intuit: error codes of the Accounting API. What is not here goes to a person.
BY_CODE: Mapping[str, Action] = {
    "100": Action.REFRESH,
    "110": Action.REFRESH,
    "120": Action.COMPANY,
    "130": Action.SAME_AGAIN,
    "140": Action.COMPANY,
    "150": Action.SAME_AGAIN,
    "600": Action.SEEN_BEFORE,
    "610": Action.RELOAD,
    "2500": Action.RELOAD,
    "3001": Action.WAIT,
    "3100": Action.REFRESH,
    "3200": Action.REFRESH,
    "5010": Action.STALE,
    "6140": Action.NUMBER_TAKEN,
    "6190": Action.COMPANY,
    "6200": Action.HOLD_PERIOD,
    "6210": Action.HOLD_PERIOD,
    "6240": Action.NAME_TAKEN,
    "6250": Action.RELOAD,
    "10000": Action.SAME_AGAIN,
    "10200": Action.COMPANY,
}


def read(answer: Answer, entity: str) -> Reading:
    """What to do about an answer to a write. A fault counts whatever the status; a 200 without our entity is none."""
    parsed = _parse(answer.body)
    faults = _faults(parsed) if parsed is not None else _xml_faults(answer.body)
    if faults:
        return Reading(_action(answer.status, faults), {}, faults)
    if answer.status == 200 and parsed is not None and isinstance(parsed.get(entity), dict):
        return Reading(Action.DONE, parsed[entity])
    if answer.status == 429:
        return Reading(Action.WAIT, {})
    if answer.status == 401:
        return Reading(Action.REFRESH, {})
    if answer.status in (403, 404):
        return Reading(Action.COMPANY, {}, (Fault(str(answer.status), f"HTTP {answer.status}", ""),))
    if 400 <= answer.status < 500:
        return Reading(Action.ASK, {}, (Fault(str(answer.status), f"HTTP {answer.status}", _start(answer.body)),))
    return Reading(Action.SAME_AGAIN, {}, (Fault("", answer.trouble or f"HTTP {answer.status}", ""),))


def split_batch(answer: Answer) -> dict[str, Answer] | None:
    """The answers in the answer to a batch, by bId, each as if it had come alone; None where it is none of a batch.

    A refused item comes with HTTP 200 like the others: here it has the 400 that it would have had by itself.
    """
    if answer.status != 200:
        return None
    try:
        items = _batch.decode(answer.body).BatchItemResponse
    except msgspec.MsgspecError:
        return None
    found: dict[str, Answer] = {}
    for item in items:
        members = {name: bytes(raw) for name, raw in item.items()}
        number = members.pop("bId", b"").decode(errors="replace").strip('"')
        status = 400 if "Fault" in members else 200
        body = b",".join(b'"%s":%s' % (name.encode(), raw) for name, raw in members.items())
        found[number] = replace(answer, status=status, body=b"{%s}" % body)
    return found


def over_a_limit(answer: Answer) -> bool:
    """A limit was reached, so nothing was executed. It has come with 429 and with 403, in XML and in JSON."""
    return answer.status in (403, 429) and read(answer, "").action is Action.WAIT


def read_rows(answer: Answer, entity: str) -> list[Mapping[str, Any]] | None:
    """The rows of a query; None where the answer is none (ask again later)."""
    parsed = _parse(answer.body)
    if answer.status != 200 or parsed is None or not isinstance(parsed.get("QueryResponse"), dict):
        return None
    rows: list[Mapping[str, Any]] = parsed["QueryResponse"].get(entity, [])
    return rows


def read_changes(answer: Answer) -> dict[str, list[Mapping[str, Any]]] | None:
    """The changed objects by kind; None where the answer is none."""
    parsed = _parse(answer.body)
    if answer.status != 200 or parsed is None or not isinstance(parsed.get("CDCResponse"), list):
        return None
    found: dict[str, list[Mapping[str, Any]]] = {}
    for response in parsed["CDCResponse"]:
        for each in response.get("QueryResponse", []):
            for entity, rows in each.items():
                if isinstance(rows, list):
                    found.setdefault(entity, []).extend(rows)
    return found


def _action(status: int, faults: tuple[Fault, ...]) -> Action:
    for fault in faults:
        if fault.code in BY_CODE:
            return BY_CODE[fault.code]
    if status == 401:
        return Action.REFRESH
    if status == 429:
        return Action.WAIT
    return Action.SAME_AGAIN if status >= 500 else Action.ASK


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        return _object.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _faults(parsed: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Both spellings: the service says Fault/Error/Message, the gateway fault/error/message."""
    fault = parsed.get("Fault") or parsed.get("fault")
    if not isinstance(fault, dict):
        return ()
    errors = fault.get("Error") or fault.get("error") or []
    found = errors if isinstance(errors, list) else [errors]
    return tuple(
        Fault(
            _code(str(error.get("code", ""))),
            str(error.get("Message") or error.get("message") or ""),
            str(error.get("Detail") or error.get("detail") or ""),
        )
        for error in found
        if isinstance(error, dict)
    ) or (Fault("", str(fault.get("type", "Fault")), ""),)


def _xml_faults(body: bytes) -> tuple[Fault, ...]:
    """The gateway answers limits in XML even to those who ask for JSON. Nothing with a DTD is read."""
    if b"<Fault" not in body or b"<!" in body:
        return ()
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - no DTD, so no entities to expand
    except ElementTree.ParseError:
        return ()
    return tuple(
        Fault(_code(error.get("code", "")), error.findtext("{*}Message", ""), error.findtext("{*}Detail", ""))
        for error in root.iter()
        if error.tag.rpartition("}")[2] == "Error"
    )


def _code(text: str) -> str:
    return text.lstrip("0") or text


def _start(body: bytes) -> str:
    return body[:500].decode(errors="replace")
