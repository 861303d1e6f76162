"""For any history of an order, seen at any moments and tried in any order: the books are Shopify's, to the cent."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgerport.events.v2 import entity_pb2
from qbo_writer.posting.company import TaxWorld
from qbo_writer.posting.config import Discounts, Method
from qbo_writer.posting.verdicts import Booked, Key
from qbo_writer_testing.histories import Story, tell
from qbo_writer_testing.paper import AUTOMATED, BRITISH, US, PaperCompany
from qbo_writer_testing.real_books import CONFIG, RealBooks
from qbo_writer_testing.shop import money_kept

NUMBERS = itertools.count(1)
EVERY_STATUS = replace(
    CONFIG, payment_triggers=frozenset({"PAID", "PENDING", "PARTIALLY_PAID", "REFUNDED", "PARTIALLY_REFUNDED"})
)
GIVES_BACK = ("RefundReceipt", "CreditMemo")
SALES = ("SalesReceipt", "Invoice", *GIVES_BACK)
TENDERS = {"gift_card": "gift card used", "shopify_store_credit": "store credit used"}
NAMED = {
    "PRODUCT": "goods",
    "GIFT_CARD": "gift card sold",
    "SHIPPING": "shipping",
    "TIP": "tip",
    "DUTY": "duty",
    "ADDITIONAL_FEE": "fee",
    "FEE": "fee",
}


@pytest.fixture(scope="module")
def ledgers() -> Iterator[dict[TaxWorld, PaperCompany]]:
    with PaperCompany(US) as manual, PaperCompany(AUTOMATED) as automated, PaperCompany(BRITISH) as british:
        yield {TaxWorld.US_MANUAL: manual, TaxWorld.US_AUTOMATED: automated, TaxWorld.GLOBAL: british}


@dataclass
class Booking:
    """How one story reached the books: which of its states were seen, and which records were tried first."""

    story: Story
    books: RealBooks
    owed: int
    cleared: int

    @property
    def documents(self) -> list[tuple[str, dict[str, int]]]:
        """The standing documents, by the side of the equation that Shopify says."""
        standing = {(w.record, w.document.part): w.document for w in self.books.written if w.record[0] in _ORDER_KINDS}
        return [
            (document.entity, {name: amount.minor for name, amount in document.components.items()})
            for document in standing.values()
        ]


_ORDER_KINDS = ("order", "payment", "refund")


def book(ledger: PaperCompany, seed: int, steps: int, method: Method, discounts: Discounts) -> Booking:
    number = next(NUMBERS)
    story = tell(seed, number, steps, british=ledger.realm == BRITISH)
    books = RealBooks(ledger, replace(EVERY_STATUS, method=method, discounts=discounts))
    before = books.owed(), _bank(books)
    chance = Random(seed + 1)  # noqa: S311
    seen = [state for state in story.states[:-1] if chance.random() < 0.6] + [story.now]
    for state in seen:
        event = entity_pb2.EntityEvent(source_id=f"gid://shopify/Order/{number}", order=state)
        keys: list[Key] = [("order", event.source_id), *(("refund", each.id) for each in state.refunds)]
        chance.shuffle(keys)
        verdicts = books.book(event, first=tuple(keys))
        stuck = {key: verdict for key, verdict in verdicts.items() if not _ends_well(verdict)}
        assert not stuck, (seed, stuck)
    written = len(books.written)
    books.book(event)
    assert len(books.written) == written, "posting twice is posting once"
    return Booking(story, books, books.owed() - before[0], _bank(books) - before[1])


def _ends_well(verdict: object) -> bool:
    return isinstance(verdict, Booked) or getattr(verdict, "reason", "") in ("NO_MONEY", "NOTHING_LEFT")


def _bank(books: RealBooks) -> int:
    return books._balance("Bank")


def shopify_says(state: entity_pb2.Order) -> dict[str, int]:
    """Every component by Shopify's agreements, adjustments, tenders and cash rounding; discounts are inside goods."""
    said: dict[str, int] = {}

    def add(name: str, amount: int) -> None:
        said[name] = said.get(name, 0) + amount

    for agreement in state.agreements:
        for sale in agreement.sales:
            channel = sum(tax.amount.shop for tax in sale.taxes if tax.channel_liable)
            add(NAMED[sale.line_type], sale.total.shop - sale.tax.shop)
            add("tax", sale.tax.shop - channel)
            add("marketplace tax", channel)
    for refund in state.refunds:
        for adjustment in refund.adjustments:
            add("adjustment", adjustment.amount.shop)
    for each in state.transactions:
        sign = 1 if each.kind == "SALE" else -1
        if each.gateway in TENDERS:
            add(TENDERS[each.gateway], -sign * each.amount.shop)
        add("rounding", sign * each.rounding.shop)
    return {name: amount for name, amount in said.items() if amount}


def books_say(booking: Booking) -> dict[str, int]:
    """The same components, summed over all documents."""
    said: dict[str, int] = {}
    for entity, components in booking.documents:
        sign = -1 if entity in GIVES_BACK else 1
        for name, amount in components.items():
            if entity in SALES and name != "total":
                into = "goods" if name == "discount" else name
                said[into] = said.get(into, 0) + sign * amount
    return {name: amount for name, amount in said.items() if amount}


@settings(max_examples=500, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    steps=st.integers(0, 8),
    method=st.sampled_from(Method),
    discounts=st.sampled_from(Discounts),
    world=st.sampled_from([TaxWorld.US_MANUAL, TaxWorld.US_AUTOMATED, TaxWorld.GLOBAL]),
)
def test_the_books_are_shopifys_to_the_cent(
    ledgers: dict[TaxWorld, PaperCompany], seed: int, steps: int, method: Method, discounts: Discounts, world: TaxWorld
) -> None:
    booking = book(ledgers[world], seed, steps, method, discounts)
    state = booking.story.now
    assert books_say(booking) == shopify_says(state)
    assert booking.cleared == money_kept(state), "the clearing accounts hold what was not paid out"
    assert booking.owed == booking.story.outstanding, "customers owe what Shopify says is outstanding"
