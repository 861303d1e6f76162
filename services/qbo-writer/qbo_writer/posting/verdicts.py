"""What posting can answer: a document, nothing more to do, or a named problem with its cause and its cure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ledgerport_libs.money import Money

if TYPE_CHECKING:
    from qbo_writer.posting.pieces import Covers
    from qbo_writer.posting.posted import Applied

Body = Mapping[str, Any]
Key = tuple[str, str]


class Status(StrEnum):
    PENDING = "pending"
    ON_HOLD = "on_hold"
    SYNCED = "synced"
    ERROR = "error"
    SKIPPED = "skipped"


class Operation(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Document:
    """One write to QuickBooks. `body` is serialised once and sent byte for byte."""

    entity: str
    body: Body
    operation: Operation = Operation.CREATE
    # Which document of its record this is: 1, 2, … An update or a void names an earlier one.
    part: int = 1
    number: str = ""
    date: str = ""
    total: Money | None = None
    # What Shopify says by component, and which component each item id books: the two sides of the equation.
    components: Mapping[str, Money] = field(default_factory=dict)
    component_of_item: Mapping[str, str] = field(default_factory=dict)
    # What of the order it books (minor units), and what of other documents it settles.
    covers: Covers = field(default_factory=dict)
    applies: tuple[Applied, ...] = ()


@dataclass(frozen=True, slots=True)
class Adopt:
    """The company has it already: link it, write nothing."""

    entity: str
    qbo_id: str


@dataclass(frozen=True, slots=True)
class Booked:
    """All of it stands in QuickBooks. `spawn`: records that are to be put in line now (payments of an invoice)."""

    spawn: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no document: a stable reason, a sentence, the cause and the cure."""

    status: Status
    reason: str
    sentence: str
    cause: str = ""
    cure: str = ""
    waits_for: UUID | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """These records must be in QuickBooks first: (kind, source id)."""

    keys: tuple[Key, ...]


Verdict = Document | Adopt | Booked | Problem | Needs


def hold(reason: str, sentence: str, cure: str = "", waits_for: UUID | None = None) -> Problem:
    return Problem(Status.ON_HOLD, reason, sentence, cure=cure, waits_for=waits_for)


def refuse(reason: str, sentence: str, cause: str, cure: str) -> Problem:
    return Problem(Status.ERROR, reason, sentence, cause, cure)


def skip(reason: str, sentence: str) -> Problem:
    return Problem(Status.SKIPPED, reason, sentence)
