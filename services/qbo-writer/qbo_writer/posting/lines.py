"""From pieces of an order to lines of a document: what each is booked on, gross with a discount line or net."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ledgerport.events.v2 import entity_pb2
from qbo_writer.posting import setup, texts
from qbo_writer.posting.company import Company, TaxWorld
from qbo_writer.posting.config import Discounts, SyncConfig
from qbo_writer.posting.facts import OrderFacts
from qbo_writer.posting.pieces import Component, Piece, Tax
from qbo_writer.posting.verdicts import Key

_ITEMS = {
    Component.GIFT_CARD_SOLD: setup.GIFT_CARD_ITEM,
    Component.SHIPPING: setup.SHIPPING_ITEM,
    Component.TIP: setup.TIP_ITEM,
    Component.DUTY: setup.DUTY_ITEM,
    Component.FEE: setup.FEE_ITEM,
    Component.ADJUSTMENT: setup.REFUND_ITEM,
    Component.GIFT_CARD_USED: setup.GIFT_CARD_USED_ITEM,
    Component.STORE_CREDIT_USED: setup.STORE_CREDIT_USED_ITEM,
    Component.ROUNDING: setup.ROUNDING_ITEM,
}
_WORDS = {
    Component.SHIPPING: "Shipping",
    Component.TIP: "Tip",
    Component.DUTY: "Duty",
    Component.FEE: "Fee",
    Component.ADJUSTMENT: "Refund adjustment",
}


@dataclass(frozen=True, slots=True)
class BookLine:
    """One line to be booked, in minor units. `amount` is without tax; the taxes are Shopify's own, never computed."""

    component: Component
    item: Key
    description: str
    amount: int
    quantity: int = 1
    taxes: tuple[Tax, ...] = ()
    # A discount holds no tax of its own, yet takes from the amount that tax is due on.
    lowers_taxed: bool = False

    @property
    def tax(self) -> int:
        return sum(tax.amount for tax in self.taxes)

    @property
    def taxed(self) -> bool:
        return self.tax != 0 or self.lowers_taxed


def book_lines(
    pieces: Sequence[Piece], facts: OrderFacts, company: Company, config: SyncConfig, *, sign: int = 1
) -> list[BookLine]:
    """The lines of one document. `sign` -1: a document that gives back, whose lines are positive again."""
    separate = sign > 0 and _discounts_apart(facts, company, config)
    lines: list[BookLine] = []
    off = {True: 0, False: 0}
    channel = 0
    for piece in _merged(pieces):
        channel += sign * piece.channel_tax
        taxes = tuple(replace(tax, amount=sign * tax.amount) for tax in piece.taxes)
        amount, quantity = sign * piece.net, sign * piece.quantity
        apart = piece.discount if separate and piece.whole and piece.component is Component.GOODS else 0
        if apart > 0 and amount >= 0:
            amount += apart
            off[any(tax.amount for tax in taxes)] += apart
        item, words = _item_of(piece, facts), _describe(piece, facts)
        lines.append(BookLine(piece.component, item, words, amount, max(quantity, 1) if piece.whole else 1, taxes))
    for taxed, discount in off.items():
        if discount:
            words = "Discount" if taxed else "Discount (not taxed)"
            lines.append(BookLine(Component.DISCOUNT, setup.DISCOUNT_ITEM, words, -discount, lowers_taxed=taxed))
    if channel:
        words = "Sales tax that the marketplace remits"
        lines.append(BookLine(Component.MARKETPLACE_TAX, setup.MARKETPLACE_TAX_ITEM, words, channel))
    return lines


def says_nothing(pieces: Sequence[Piece]) -> bool:
    """Whether a document of these pieces would have no line at all: what was added was taken away again."""
    return not _merged(pieces)


def comes_to_nothing(pieces: Sequence[Piece]) -> bool:
    """Whether a document of these pieces would be of no worth line by line: free things, or added and taken away."""
    return not any(any(piece.cells) for piece in _merged(pieces))


def total_of_lines(lines: Iterable[BookLine]) -> int:
    return sum(line.amount + line.tax for line in lines)


def _discounts_apart(facts: OrderFacts, company: Company, config: SyncConfig) -> bool:
    """A discount line holds no tax code of its own rate, so it needs prices without tax and a company without codes."""
    codes = company.tax_world is TaxWorld.GLOBAL
    return config.discounts is Discounts.SEPARATE and not facts.order.taxes_included and not codes


def _merged(pieces: Iterable[Piece]) -> list[Piece]:
    """An edit before the first payment changes a line of the sale; in one document they are one line."""
    merged: dict[object, Piece] = {}
    for piece in pieces:
        key: object = piece.id
        if piece.component is Component.ROUNDING:
            key = piece.component
        elif piece.line_id and piece.whole:
            key = (piece.component, piece.line_id, tuple((tax.title, tax.rate) for tax in piece.taxes))
        before = merged.get(key)
        merged[key] = piece if before is None else _sum(before, piece)
    return [piece for piece in merged.values() if any(piece.cells) or _was_sold(piece)]


def _was_sold(piece: Piece) -> bool:
    """A free thing is worth a line, a rounding of nothing is not."""
    return piece.quantity != 0 and piece.component is not Component.ROUNDING


def _sum(one: Piece, other: Piece) -> Piece:
    cells = tuple(a + b for a, b in zip(one.cells, other.cells, strict=True))
    quantity, discount = one.quantity + other.quantity, one.discount + other.discount
    return replace(one.with_cells(cells), quantity=quantity, discount=discount, whole=True)


def _item_of(piece: Piece, facts: OrderFacts) -> Key:
    if piece.component is not Component.GOODS:
        return _ITEMS[piece.component]
    line = facts.lines.get(piece.line_id)
    return ("product", line.variant_id) if line is not None and line.variant_id else setup.CUSTOM_ITEM


def _describe(piece: Piece, facts: OrderFacts) -> str:
    line = facts.lines.get(piece.line_id)
    if line is not None and piece.component is not Component.DUTY:
        return _line_title(line)
    shipping = next((each for each in facts.order.shipping_lines if each.id == piece.line_id), None)
    title = texts.clean(shipping.title if shipping is not None else piece.title, 1000)
    words = _WORDS.get(piece.component, "")
    if not title:
        return words or texts.clean(piece.component.value.capitalize(), 100)
    return f"{words}: {title}" if words and not title.startswith(words) else title


def _line_title(line: entity_pb2.OrderLine) -> str:
    parts = [texts.clean(line.title, 300), texts.clean(line.variant_title, 200)]
    return " / ".join(part for part in parts if part)
