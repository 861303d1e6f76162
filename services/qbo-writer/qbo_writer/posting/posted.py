"""What stands in QuickBooks for one order and its refunds and payments, and what of it is still open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from qbo_writer.posting.pieces import Cells, Covers, add_covers
from qbo_writer.posting.verdicts import Key

# Documents of goods and services, and those of them that take a sale back.
GIVES_BACK = ("RefundReceipt", "CreditMemo")
SALES = ("SalesReceipt", "Invoice", *GIVES_BACK)


@dataclass(frozen=True, slots=True)
class Applied:
    """An amount that a payment takes from an open document."""

    entity: str
    qbo_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class PostedDocument:
    """One document of ours. `in_flight`: it was sent and its answer is not known yet, so it counts as booked."""

    owner: Key
    part: int
    entity: str
    qbo_id: str
    sync_token: str
    number: str
    # Minor units, as we asked for it.
    total: int
    covers: Covers
    applies: tuple[Applied, ...] = ()
    in_flight: bool = False
    voided: bool = False
    # The day it bears.
    date: str = ""
    # QuickBooks changed the tax that it was given.
    tax_shifted: bool = False
    currency: str = ""
    # The Id of the customer it is booked on.
    customer_id: str = ""


class Posted:
    """All documents of one order, its refunds and its payments."""

    def __init__(self, documents: Sequence[PostedDocument] = ()) -> None:
        self.documents = tuple(documents)

    @cached_property
    def covers(self) -> dict[str, Cells]:
        """What is booked of every piece and every movement."""
        return add_covers(*(document.covers for document in self.documents))

    def of(self, owner: Key) -> list[PostedDocument]:
        return sorted((d for d in self.documents if d.owner == owner), key=lambda d: d.part)

    def open(self, *entities: str) -> list[tuple[PostedDocument, int]]:
        """Documents of these kinds with something left to be settled, with what is left, oldest first.

        Left of an invoice is what the buyer owes, of a credit memo what the store owes, of a journal entry what was
        paid back to the buyer and is not yet set against a credit.
        """
        applied: dict[tuple[str, str], int] = {}
        for document in self.documents:
            for each in document.applies:
                key = (each.entity, each.qbo_id)
                applied[key] = applied.get(key, 0) + each.amount
        left = []
        for document in self.documents:
            if document.entity in entities and not document.voided and not document.in_flight:
                rest = document.total - applied.get((document.entity, document.qbo_id), 0)
                if rest > 0:
                    left.append((document, rest))
        return left

    @property
    def first(self) -> PostedDocument | None:
        """The oldest one: what comes later is booked in its currency and on its customer."""
        return next((document for document in self.documents if not document.in_flight), None)
