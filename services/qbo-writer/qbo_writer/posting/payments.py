"""A payment of an invoice: money into its gateway's clearing account, a tender onto its liability."""

from __future__ import annotations

from qbo_writer.posting.account import OrderAccount
from qbo_writer.posting.consistency import not_understood
from qbo_writer.posting.facts import Movement
from qbo_writer.posting.papers import Wanted, payment, sales_document, settlement, take
from qbo_writer.posting.pieces import Piece
from qbo_writer.posting.triggers import switched_off
from qbo_writer.posting.verdicts import Booked, Needs, Verdict, skip


def next_of_payment(account: OrderAccount, movement_id: str) -> Verdict:
    """The next document of this payment, or Booked. Its order is booked first."""
    move = next((each for each in account.facts.received if each.id == movement_id), None)
    if move is None:
        return skip("PAYMENT_GONE", "Shopify does not count this payment any more.")
    if problem := switched_off(account, "payment"):
        return problem
    if not account.sale_is_posted:
        return Needs((("order", account.order_id),))
    if problem := not_understood(account):
        return problem
    if (rounding := move.rounding_piece) is not None and account.left((rounding,)):
        return _settling_line(account, rounding, move)
    if not account.is_unbooked(move):
        return settlement(account) or Booked()
    if (tender := move.tender_piece) is not None:
        return _settling_line(account, tender, move)
    left = account.left_of(move.id, move.amount)
    applies = take(account.posted.open("Invoice"), left)
    return payment(account, left, move.at, move.label, applies, {move.id: (left,)})


def _settling_line(account: OrderAccount, piece: Piece, move: Movement) -> Verdict:
    """What settles an invoice without being money: a credit memo on its own account, or an invoice for rounding up."""
    entity = "CreditMemo" if piece.total < 0 else "Invoice"
    sentence = f"{piece.title} for Shopify order {account.order.name}"
    return sales_document(account, Wanted(entity, [piece], sentence, move.at, f"-P{_ordinal(account, move)}"))


def payment_reference(order_name: str, label: str) -> str:
    """How people call it: #1001 PayPal."""
    return f"{order_name} {label}".strip()


def _ordinal(account: OrderAccount, move: Movement) -> int:
    return 1 + [each.id for each in account.facts.received].index(move.id)
