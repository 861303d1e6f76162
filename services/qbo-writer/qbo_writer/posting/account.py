"""All that planning may look at for one order, its refunds and its payments: the order's account, so to say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ledgerport.events.v2 import entity_pb2
from qbo_writer.posting import setup
from qbo_writer.posting.company import Company, Mapped
from qbo_writer.posting.config import Customers, SyncConfig
from qbo_writer.posting.facts import Movement, OrderFacts, read_facts
from qbo_writer.posting.pieces import Component, Piece, uncovered
from qbo_writer.posting.posted import Posted, PostedDocument
from qbo_writer.posting.verdicts import Key

# The piece of what conversion lost between Shopify's total and its parts.
_ROUNDING = "rounding"


@dataclass(frozen=True)
class OrderAccount:
    """One order with what is booked of it. `owner` is the record that is being planned, `record_id` its id."""

    order_id: str
    owner: Key
    record_id: str
    order: entity_pb2.Order
    posted: Posted
    company: Company
    config: SyncConfig
    mapped: Mapped
    # A person pushed it by hand.
    pushed: bool = False

    @cached_property
    def facts(self) -> OrderFacts:
        return read_facts(self.order, presentment=self.in_presentment)

    @property
    def in_presentment(self) -> bool:
        """As Sync Config says; but an order stays in the currency that its first document has."""
        if (first := self.posted.first) is not None and first.currency:
            return first.currency == self.order.presentment_currency
        return self.config.presentment_currency and self.company.multicurrency

    @property
    def customer_id(self) -> str | None:
        """The Id of the buyer in QuickBooks, that of the first document for good; None while there is none."""
        if (first := self.posted.first) is not None and first.customer_id:
            return first.customer_id
        return self.mapped.get(self.customer)

    @property
    def customer(self) -> Key:
        """The record of the buyer: the business, the person, or the one customer of guests and nameless buyers."""
        suffix = f"|{self.facts.currency}" if self.facts.exchange_rate is not None else ""
        buyer = self.order.company.id or self.order.customer_id
        key = ("customer", buyer + suffix)
        generic = self.config.customers is Customers.GENERIC or "customer" not in self.config.entities
        if buyer and (not generic or key in self.mapped):
            return key
        return setup.guests(self.facts.currency) if suffix else setup.GUESTS

    @property
    def next_part(self) -> int:
        """Which document of this record comes next."""
        return 1 + max((document.part for document in self.posted.of(self.owner)), default=0)

    @property
    def sale_is_posted(self) -> bool:
        return bool(self.posted.of(("order", self.order_id)))

    def left(self, pieces: tuple[Piece, ...]) -> list[Piece]:
        return uncovered(pieces, self.posted.covers)

    def left_of(self, movement_id: str, amount: int) -> int:
        """What of a movement no document holds yet."""
        return amount - sum(self.posted.covers.get(movement_id, (0,)))

    def is_unbooked(self, move: Movement) -> bool:
        """Whether no document holds this movement yet. A tender is booked as a piece, money as itself."""
        piece = move.tender_piece
        return bool(self.left((piece,)) if piece is not None else self.left_of(move.id, move.amount))

    @property
    def money_to_book(self) -> int:
        """What came in at gateways and no document holds yet."""
        return sum(self.left_of(move.id, move.amount) for move in self.facts.received if move.tender is None)

    def money_back(self, refund_id: str) -> list[Movement]:
        """Money that a refund sent back, tenders apart; oldest first."""
        return [move for move in self.facts.movements if move.refund_id == refund_id and move.tender is None]

    def pieces_in(self, document: PostedDocument) -> list[Piece]:
        """The pieces a document of ours was made of."""
        covers = document.covers
        booked = [piece.with_cells(covers[piece.id]) for piece in self._pieces if piece.id in covers]
        if _ROUNDING in document.covers:
            booked.append(_rounding_piece(_ROUNDING, document.covers[_ROUNDING][0]))
        return booked

    @cached_property
    def _pieces(self) -> list[Piece]:
        """Everything that Shopify lists of this order now."""
        facts = self.facts
        return [
            *facts.sale.pieces,
            *(piece for change in facts.changes for piece in change.pieces),
            *(piece for refund in facts.refunds.values() for piece in refund.pieces),
            *(piece for move in facts.movements for piece in (move.tender_piece, move.rounding_piece) if piece),
        ]

    @property
    def vanished(self) -> str:
        """What is booked and not listed any more, by its id; empty where there is none.

        What is listed in its stead would be booked a second time: a ledger with other ids is another ledger.
        """
        listed = {_ROUNDING, *(piece.id for piece in self._pieces)}
        for move in self.facts.movements:
            listed |= {move.id, f"{move.id}/converted"}
        booked = self.posted.covers.items()
        return next((each for each, cells in booked if any(cells) and each not in listed), "")

    def converted_payment(self, move: Movement, off: int) -> Piece:
        """What conversion lost between a payment and what it paid."""
        return _rounding_piece(f"{move.id}/converted", off)

    def rounding(self) -> list[Piece]:
        """What conversion lost between Shopify's total and its parts, as far as no document holds it yet."""
        left = self.missing - sum(self.posted.covers.get(_ROUNDING, (0,)))
        return [_rounding_piece(_ROUNDING, left)] if left else []

    @property
    def missing(self) -> int:
        """Shopify's current total less the sum of its agreements. What a refund adjusts stands beside both."""
        return self.stated(self.order.totals.current_total) - self.facts.agreed

    def stated(self, amount: entity_pb2.Amount) -> int:
        """In the currency that the order is booked in."""
        return amount.presentment if self.facts.exchange_rate is not None else amount.shop

    @property
    def rounding_bound(self) -> int:
        """How many minor units conversion may lose: one for each amount."""
        return max(1, sum(2 + len(sale.taxes) for agreement in self.order.agreements for sale in agreement.sales))


def _rounding_piece(piece_id: str, amount: int) -> Piece:
    return Piece(piece_id, Component.ROUNDING, "", "Rounding of converted amounts", 1, amount)
