"""Pieces of an order: the smallest parts that are booked, and what of each is still to be booked.

A piece is a signed part of an agreement, or a tender that is no money (gift card, store credit, cash rounding). Its
cells are minor units of the order's booking currency. What documents already hold is subtracted cell by cell, so a
piece may be booked in several documents and is never booked twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum


class Component(StrEnum):
    """The parts of the equation that stands on every record."""

    GOODS = "goods"
    DISCOUNT = "discount"
    SHIPPING = "shipping"
    TAX = "tax"
    MARKETPLACE_TAX = "marketplace tax"
    TIP = "tip"
    DUTY = "duty"
    FEE = "fee"
    GIFT_CARD_SOLD = "gift card sold"
    GIFT_CARD_USED = "gift card used"
    STORE_CREDIT_USED = "store credit used"
    ADJUSTMENT = "adjustment"
    ROUNDING = "rounding"


# What documents hold of each piece, and of each movement of money: its id -> cells in minor units.
Cells = tuple[int, ...]
Covers = Mapping[str, Cells]


class ChangedAfterBooking(Exception):
    """A piece that is booked has other amounts now: Shopify's ledger only ever grows, so a person must look."""


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax of a piece. The rate chooses a tax code; it never computes money."""

    title: str
    rate: str
    amount: int

    @property
    def percent(self) -> Decimal:
        """NaN where Shopify's text is no number, which no tax code matches."""
        try:
            return Decimal(self.rate or "0") * 100
        except InvalidOperation:
            return Decimal("NaN")


@dataclass(frozen=True, slots=True)
class Piece:
    """`net` is after discounts and without tax; all amounts are signed: negative lowers what the buyer owes."""

    id: str
    component: Component
    line_id: str
    title: str
    quantity: int
    net: int
    taxes: tuple[Tax, ...] = ()
    channel_tax: int = 0
    discount: int = 0
    # False once a part of it is booked elsewhere: quantity and discount then tell nothing about the rest.
    whole: bool = True

    @property
    def cells(self) -> Cells:
        return (self.net, self.channel_tax, *(tax.amount for tax in self.taxes))

    @property
    def total(self) -> int:
        return sum(self.cells)

    def with_cells(self, cells: Sequence[int]) -> Piece:
        """The same piece with other amounts: a part of it."""
        if tuple(cells) == self.cells:
            return self
        taxes = tuple(replace(tax, amount=amount) for tax, amount in zip(self.taxes, cells[2:], strict=True))
        return replace(self, net=cells[0], channel_tax=cells[1], taxes=taxes, whole=False)


def uncovered(pieces: Iterable[Piece], covers: Covers) -> list[Piece]:
    """What is left to be booked, in the same order; ChangedAfterBooking where more is booked than there is."""
    left = []
    for piece in pieces:
        booked = covers.get(piece.id)
        if booked is None:
            left.append(piece)
            continue
        if len(booked) != len(piece.cells):
            raise ChangedAfterBooking(piece.id)
        rest = tuple(cell - done for cell, done in zip(piece.cells, booked, strict=True))
        if any(_beyond(cell, done) for cell, done in zip(piece.cells, booked, strict=True)):
            raise ChangedAfterBooking(piece.id)
        if any(rest):
            left.append(piece.with_cells(rest))
    return left


def _beyond(cell: int, done: int) -> bool:
    return done != 0 and (cell == 0 or (cell > 0) != (done > 0) or abs(done) > abs(cell))


def total_of(pieces: Iterable[Piece]) -> int:
    return sum(piece.total for piece in pieces)


def share(pieces: Sequence[Piece], wanted: int) -> list[Piece]:
    """The part of `pieces` that comes to exactly `wanted` minor units, each cell by its share, largest remainder first.

    `wanted` lies between zero and the pieces' total, with the same sign.
    """
    whole = total_of(pieces)
    if wanted == whole:
        return list(pieces)
    cells = [cell for piece in pieces for cell in piece.cells]
    parts = [cell * wanted // whole for cell in cells]
    remainders = [cell * wanted - part * whole for cell, part in zip(cells, parts, strict=True)]
    short = wanted - sum(parts)
    # Floor division leaves remainders of the sign of the whole; the largest of them are owed one unit each.
    owed = sorted(range(len(cells)), key=lambda i: -abs(remainders[i]))
    for index in owed[:short]:
        parts[index] += 1
    shared, at = [], 0
    for piece in pieces:
        taken = parts[at : at + len(piece.cells)]
        at += len(piece.cells)
        if any(taken):
            shared.append(piece.with_cells(taken))
    return shared


def covers_of(pieces: Iterable[Piece]) -> dict[str, Cells]:
    """What a document made of these pieces holds. A piece may come in several parts."""
    return add_covers(*({piece.id: piece.cells} for piece in pieces))


def add_covers(*several: Covers) -> dict[str, Cells]:
    """All that several documents hold together."""
    booked: dict[str, Cells] = {}
    for covers in several:
        for piece_id, cells in covers.items():
            before = booked.get(piece_id)
            booked[piece_id] = (
                tuple(cells) if before is None else tuple(one + other for one, other in zip(before, cells, strict=True))
            )
    return booked
