"""An order as facts: what was agreed and what money moved, dated and signed, in the one currency it is booked in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from google.protobuf.timestamp_pb2 import Timestamp

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.money import EXPONENT
from qbo_writer.posting.pieces import Component, Piece, Tax, total_of

_KINDS = {
    "PRODUCT": Component.GOODS,
    "GIFT_CARD": Component.GIFT_CARD_SOLD,
    "TIP": Component.TIP,
    "SHIPPING": Component.SHIPPING,
    "DUTY": Component.DUTY,
    "ADDITIONAL_FEE": Component.FEE,
    "FEE": Component.FEE,
    "ADJUSTMENT": Component.ADJUSTMENT,
}
_MONEY_IN = ("SALE", "CAPTURE")
# Reasons of agreements that sell, or change what was sold (Shopify: OrderActionType of a SalesAgreement).
_SELLING = ("ORDER", "ORDER_EDIT")
_GIFT_CARD, _STORE_CREDIT = "gift_card", "shopify_store_credit"
_TENDERS = {_GIFT_CARD: Component.GIFT_CARD_USED, _STORE_CREDIT: Component.STORE_CREDIT_USED}
# An exchange takes something back and sells something else: the sale is booked apart from the return.
_SOLD_IN_EXCHANGE = ("PRODUCT", "GIFT_CARD", "TIP", "SHIPPING", "DUTY", "ADDITIONAL_FEE")
_RATE_DECIMALS = Decimal("0.0000001")
Moment = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """Pieces that came into being together: the sale itself, a later edit, the goods of an exchange, a refund."""

    id: str
    at: Timestamp
    pieces: tuple[Piece, ...]

    @property
    def total(self) -> int:
        return total_of(self.pieces)


@dataclass(frozen=True, slots=True)
class Movement:
    """Money, or a tender that is none, that came in (positive) or went back (negative). Change given is taken off."""

    id: str
    amount: int
    # What cash rounding added to it.
    rounding: int
    gateway: str
    label: str
    at: Timestamp
    refund_id: str = ""

    @property
    def tender(self) -> Component | None:
        """What it draws on where it is no money: a liability of the store."""
        return _TENDERS.get(self.gateway)

    @property
    def tender_piece(self) -> Piece | None:
        """A tender as a piece: it settles what the buyer owes, and lowers what the store owes the card's holder."""
        if self.tender is None:
            return None
        title = "Gift card" if self.gateway == _GIFT_CARD else "Store credit"
        return Piece(self.id, self.tender, "", title, 1, -self.amount)

    @property
    def rounding_piece(self) -> Piece | None:
        if not self.rounding:
            return None
        return Piece(f"{self.id}/rounding", Component.ROUNDING, "", "Cash rounding", 1, self.rounding)


@dataclass(frozen=True)
class OrderFacts:
    """Everything that posting books of one order. Amounts are minor units of `currency`."""

    order: entity_pb2.Order
    currency: str
    # Home units for one unit of `currency`; None where they are the same.
    exchange_rate: Decimal | None
    # What all agreements come to together.
    agreed: int
    sale: Change
    # Edits after the first payment and the goods of exchanges, oldest first.
    changes: tuple[Change, ...]
    refunds: dict[str, Change]
    movements: tuple[Movement, ...]
    # Parts of a kind that Shopify did not have when the rules were written.
    unknown: tuple[str, ...]

    @cached_property
    def lines(self) -> dict[str, entity_pb2.OrderLine]:
        return {line.id: line for line in self.order.lines}

    @property
    def received(self) -> tuple[Movement, ...]:
        return tuple(move for move in self.movements if move.amount > 0)

    @property
    def converted(self) -> bool:
        """Shopify converted value by value, so that sums may miss a cent for each of them."""
        return self.order.presentment_currency != self.order.currency

    @property
    def cancelled_unpaid(self) -> bool:
        return self.order.HasField("cancelled_at") and not self.movements


def read_facts(order: entity_pb2.Order, *, presentment: bool) -> OrderFacts:
    """`presentment`: book in the buyer's currency; else in the shop's."""
    other = presentment and order.presentment_currency != order.currency
    reader = _Reader(order, other)
    movements = reader.movements()
    first_paid = min((_moment(move.at) for move in movements if move.amount > 0), default=None)
    sale, changes, refunds = reader.changes(first_paid)
    return OrderFacts(
        order=order,
        currency=order.presentment_currency if other else order.currency,
        exchange_rate=_exchange_rate(order) if other else None,
        agreed=reader.agreed(),
        sale=sale,
        changes=changes,
        refunds=refunds,
        movements=movements,
        unknown=tuple(reader.unknown),
    )


class _Reader:
    """Reads one order's protobuf in one of its two currencies."""

    def __init__(self, order: entity_pb2.Order, presentment: bool) -> None:
        self._order, self._presentment = order, presentment
        self._gift_cards = {line.id for line in order.lines if line.gift_card}
        self.unknown: list[str] = []

    def amount(self, amount: entity_pb2.Amount) -> int:
        return amount.presentment if self._presentment else amount.shop

    def agreed(self) -> int:
        return sum(self.amount(sale.total) for each in self._order.agreements for sale in each.sales)

    def movements(self) -> tuple[Movement, ...]:
        """SUCCESS only: nothing else moved money (Shopify: OrderTransaction)."""
        order = self._order
        refund_of = {each: refund.id for refund in order.refunds for each in refund.transaction_ids}
        change_given: dict[str, int] = {}
        for each in order.transactions:
            if each.kind == "CHANGE" and each.status == "SUCCESS":
                change_given[each.parent_id] = change_given.get(each.parent_id, 0) + self.amount(each.amount)
        roundings = self._roundings()
        moves = []
        for each in order.transactions:
            sign = 1 if each.kind in _MONEY_IN else -1 if each.kind == "REFUND" else 0
            amount = sign * self.amount(each.amount) - change_given.get(each.id, 0)
            if not sign or each.status != "SUCCESS" or not amount:
                continue
            gateway = gateway_key(each.gateway)
            refund_id = refund_of.get(each.id, "")
            rounding = roundings[each.id]
            moves.append(
                Movement(each.id, amount, rounding, gateway, gateway_label(each), each.processed_at, refund_id)
            )
        return tuple(sorted(moves, key=lambda move: (_moment(move.at), move.id)))

    def _roundings(self) -> dict[str, int]:
        """What each movement's rounding adds to the order's worth, so that worth and money agree.

        Shopify states what all of them added to what was received, and to what was refunded (CashRoundingAdjustment).
        """
        totals = self._order.totals
        sides = ((_MONEY_IN, 1, totals.cash_rounding_payment), (("REFUND",), -1, totals.cash_rounding_refund))
        added: dict[str, int] = {}
        for kinds, sign, stated in sides:
            moved = (each for each in self._order.transactions if each.kind in kinds and each.status == "SUCCESS")
            given = {each.id: self.amount(each.rounding) for each in moved}
            added |= {key: sign * amount for key, amount in _signed(given, self.amount(stated)).items()}
        return added

    def changes(self, first_paid: Moment | None) -> tuple[Change, tuple[Change, ...], dict[str, Change]]:
        order, until = self._order, self._sale_until(first_paid)
        sale: list[Piece] = []
        changes: list[Change] = []
        returned: dict[str, list[Piece]] = {refund.id: [] for refund in order.refunds}
        for agreement in order.agreements:
            pieces = self._pieces(agreement.sales)
            if agreement.refund_id in returned:
                sold = [piece for piece in pieces if piece[1]]
                returned[agreement.refund_id] += [piece for piece, exchanged in pieces if not exchanged]
                self._add(changes, agreement, [piece for piece, _ in sold])
            elif self._is_sale(agreement, until):
                sale += [piece for piece, _ in pieces]
            elif agreement.reason == "RETURN":
                self._add(changes, agreement, [piece for piece, exchanged in pieces if not exchanged])
                self._add(changes, agreement, [piece for piece, exchanged in pieces if exchanged])
            else:
                self._add(changes, agreement, [piece for piece, _ in pieces])
        refunds = {
            refund.id: Change(refund.id, refund.created_at, self._with_adjustments(refund, returned[refund.id]))
            for refund in order.refunds
        }
        return Change("sale", order.processed_at, tuple(sale)), tuple(changes), refunds

    def _sale_until(self, first_paid: Moment | None) -> Moment | None:
        """When money moved or something came back for the first time; None while there was neither."""
        moments = [_moment(each.happened_at) for each in self._order.agreements if each.reason not in _SELLING]
        if first_paid is not None:
            moments.append(first_paid)
        return min(moments, default=None)

    @staticmethod
    def _is_sale(agreement: entity_pb2.Agreement, until: Moment | None) -> bool:
        """An edit before `until` is part of the sale itself."""
        if agreement.reason == "ORDER_EDIT":
            return until is None or _moment(agreement.happened_at) < until
        return agreement.reason == "ORDER"

    @staticmethod
    def _add(changes: list[Change], agreement: entity_pb2.Agreement, pieces: list[Piece]) -> None:
        if pieces:
            changes.append(Change(f"{agreement.id}#{len(changes) + 1}", agreement.happened_at, tuple(pieces)))

    def _pieces(self, sales: Iterable[entity_pb2.Sale]) -> list[tuple[Piece, bool]]:
        """Each part that has a worth or a quantity, and whether it is the sale inside an exchange."""
        pieces = []
        for sale in sales:
            piece = self._piece(sale)
            if piece is not None and (any(piece.cells) or piece.quantity):
                pieces.append(
                    (piece, piece.total >= 0 and sale.action == "ORDER" and sale.line_type in _SOLD_IN_EXCHANGE)
                )
        return pieces

    def _piece(self, sale: entity_pb2.Sale) -> Piece | None:
        component = _KINDS.get(sale.line_type)
        if component is None:
            if self.amount(sale.total):
                self.unknown.append(f"{sale.line_type or 'unnamed'} of {self.amount(sale.total)}")
            return None
        if component is Component.GOODS and sale.line_id in self._gift_cards:
            component = Component.GIFT_CARD_SOLD
        ours = sorted(
            (Tax(tax.title, tax.rate, self.amount(tax.amount)) for tax in sale.taxes if not tax.channel_liable),
            key=lambda tax: (tax.title, tax.rate),
        )
        channel = sum(self.amount(tax.amount) for tax in sale.taxes if tax.channel_liable)
        tax = self.amount(sale.tax)
        unlisted = tax - channel - sum(each.amount for each in ours)
        if unlisted:
            # The sale's own figure is the truth; a share that no tax line names is tax all the same.
            ours.append(Tax("Tax", "", unlisted))
        return Piece(
            id=sale.id,
            component=component,
            line_id=sale.line_id,
            title=sale.title,
            quantity=sale.quantity,
            net=self.amount(sale.total) - tax,
            taxes=tuple(ours),
            channel_tax=channel,
            discount=self.amount(sale.discount),
        )

    def _with_adjustments(self, refund: entity_pb2.Refund, agreed: list[Piece]) -> tuple[Piece, ...]:
        """What was given beyond the calculated refund (Shopify: a negative adjustment), or kept from it.

        The same difference may be told twice: as an adjustment of the refund and as a sale of its agreement.
        """
        if any(piece.component is Component.ADJUSTMENT for piece in agreed):
            return tuple(agreed)
        pieces = []
        for number, each in enumerate(refund.adjustments, 1):
            amount = self.amount(each.amount) + self.amount(each.tax)
            if amount:
                title = "Kept from the refund" if amount > 0 else "Goodwill"
                pieces.append(Piece(f"{refund.id}/adjustment/{number}", Component.ADJUSTMENT, "", title, 1, amount))
        return (*pieces, *agreed)


def _signed(roundings: Mapping[str, int], stated: int) -> dict[str, int]:
    """With signs that make them come to what is stated: nobody says whether one transaction's bears its sign."""
    added = sum(roundings.values())
    if abs(added) == abs(stated):
        return {key: amount if added == stated else -amount for key, amount in roundings.items()}
    return {key: -abs(amount) if stated < 0 else abs(amount) for key, amount in roundings.items()}


def gateway_key(gateway: str) -> str:
    """Gateways are compared without regard to case and blanks: old orders spell them in several ways."""
    return "_".join(gateway.casefold().replace("_", " ").split())


def gateway_label(transaction: entity_pb2.Transaction) -> str:
    """How a person calls the gateway."""
    return transaction.gateway_label or transaction.gateway.replace("_", " ").title() or "Shopify"


def _moment(stamp: Timestamp) -> Moment:
    return (stamp.seconds, stamp.nanos)


def _exchange_rate(order: entity_pb2.Order) -> Decimal:
    """Home units for one unit of the buyer's currency, as Shopify converted this order's total."""
    total = order.totals.total
    if not total.presentment:
        return Decimal(1)
    home = Decimal(total.shop).scaleb(-EXPONENT[order.currency])
    foreign = Decimal(total.presentment).scaleb(-EXPONENT[order.presentment_currency])
    return (home / foreign).quantize(_RATE_DECIMALS)
