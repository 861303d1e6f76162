"""An order's sale and its later changes: the next document that is still to be booked for them."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from qbo_writer.posting.account import OrderAccount
from qbo_writer.posting.config import Method, PostingDate, ZeroOrders
from qbo_writer.posting.consistency import not_understood, only_a_test
from qbo_writer.posting.facts import Movement
from qbo_writer.posting.lines import comes_to_nothing, says_nothing
from qbo_writer.posting.papers import Wanted, rewrite, sales_document, settlement, void
from qbo_writer.posting.pieces import Piece, total_of
from qbo_writer.posting.posted import PostedDocument
from qbo_writer.posting.triggers import not_yet
from qbo_writer.posting.verdicts import Booked, Key, Verdict, skip


def next_of_order(account: OrderAccount) -> Verdict:
    """The next document of the order itself, or Booked when sale and changes stand in QuickBooks."""
    if problem := only_a_test(account) or not_understood(account):
        return problem
    posted = account.posted.of(account.owner)
    if not posted and (verdict := _first(account)) is not None:
        return verdict
    if posted and (verdict := _on_the_sale(account, posted[0])) is not None:
        return verdict
    for change in account.facts.changes:
        left = account.left(change.pieces)
        if not comes_to_nothing(left) and not (total_of(left) < 0 and paid_back_beyond_own(account)):
            return _change(account, change.at, left)
    if not posted:
        return skip("NOTHING_LEFT", "Everything was taken out of it again: there is nothing to book.")
    return settlement(account) or Booked(_payments(account))


def _first(account: OrderAccount) -> Verdict | None:
    """The sale: a sales receipt where one payment made it whole, else an invoice. None where nothing is left of it."""
    facts = account.facts
    if facts.cancelled_unpaid:
        return skip("CANCELLED_UNPAID", "Cancelled before anything was paid: there is nothing to book.")
    if problem := not_yet(account):
        return problem
    pieces = [*facts.sale.pieces, *account.rounding()]
    if not any(any(piece.cells) for piece in pieces) and account.config.zero_orders is ZeroOrders.SKIP:
        return skip("ZERO_ORDER", "Its total is zero, and Sync Config says that such orders are left out.")
    if says_nothing(pieces):
        return None
    return _sale(account, pieces, _first_payments(account))


def _on_the_sale(account: OrderAccount, sale: PostedDocument) -> Verdict | None:
    """What an edit before the first payment, or a cancellation, does to the sale's own document."""
    untouched = sale.entity == "Invoice" and not _settled_in_part(account, sale)
    if account.facts.cancelled_unpaid and untouched:
        return _cancel(account, sale)
    left = account.left(account.facts.sale.pieces)
    if sale.voided or comes_to_nothing(left):
        return None
    pieces = [*account.pieces_in(sale), *left, *account.rounding()]
    if untouched and total_of(pieces) >= 0 and not says_nothing(pieces):
        return rewrite(account, sale, pieces, tax_as_line=False)
    return _change(account, account.order.processed_at, left)


def _sale(account: OrderAccount, pieces: list[Piece], payments: list[Movement]) -> Verdict:
    """These pieces with the payments made for them so far. Gift cards and store credit are lines of the document."""
    pieces = [*pieces, *_tenders(payments)]
    money = [move for move in payments if move.tender is None]
    due, sentence = total_of(pieces), f"Shopify order {account.order.name}"
    by_payment = account.config.posting_date is PostingDate.PAYMENT and payments
    at = payments[0].at if by_payment else account.order.processed_at
    whole = account.config.method is Method.SALES_RECEIPT and _makes_whole(account, money, pieces)
    if whole or (not due and not money):
        held = {move.id: (move.amount,) for move in money}
        pieces = [*pieces, *_roundings(account, money, due)]
        gateway = money[0].label if money else ""
        return sales_document(account, Wanted("SalesReceipt", pieces, sentence, at, money=held, gateway=gateway))
    return sales_document(account, Wanted("Invoice", pieces, sentence, at))


def _change(account: OrderAccount, at: Timestamp, left: list[Piece]) -> Verdict:
    """A further document for the difference, dated when it happened: never a rewrite of what is paid."""
    suffix = f"-E{account.next_part - 1}" if account.next_part > 1 else ""
    worth = total_of(left)
    left = [*left, *account.rounding()]
    sentence = f"Change of Shopify order {account.order.name}"
    if worth < 0:
        return sales_document(account, Wanted("CreditMemo", left, sentence, at, suffix))
    payments = [move for move in _unbooked_money(account) if move.amount == worth and move.tender is None]
    if account.config.method is Method.SALES_RECEIPT and len(payments) == 1 and not account.posted.open("Invoice"):
        held = {payments[0].id: (payments[0].amount,)}
        wanted = Wanted("SalesReceipt", left, sentence, at, suffix, held, payments[0].label)
        return sales_document(account, wanted)
    if not worth:
        return sales_document(account, Wanted("SalesReceipt", left, sentence, at, suffix))
    return sales_document(account, Wanted("Invoice", left, sentence, at, suffix))


def _cancel(account: OrderAccount, sale: PostedDocument) -> Verdict:
    """Voided where it is not yet; whatever Shopify lists as taken back by the cancellation came to nothing with it."""
    if sale.voided:
        return Booked()
    facts = account.facts
    returned = [piece for refund in facts.refunds.values() for piece in refund.pieces]
    changed = [piece for change in facts.changes for piece in change.pieces]
    left = account.left((*facts.sale.pieces, *changed, *returned))
    covers = {**sale.covers, **{piece.id: _sum_cells(account, piece) for piece in left}}
    return void(account, sale, covers)


def _sum_cells(account: OrderAccount, piece: Piece) -> tuple[int, ...]:
    booked = account.posted.covers.get(piece.id)
    return piece.cells if booked is None else tuple(a + b for a, b in zip(piece.cells, booked, strict=True))


def _settled_in_part(account: OrderAccount, sale: PostedDocument) -> bool:
    """Whether a payment or a credit was set against it: from then on it is not rewritten."""
    applied = (each for document in account.posted.documents for each in document.applies)
    return any(each.entity == sale.entity and each.qbo_id == sale.qbo_id for each in applied)


def _first_payments(account: OrderAccount) -> list[Movement]:
    """Money that came in before the first later change: what the sale was paid with."""
    changes = [change.at for change in account.facts.changes]
    until = min(((at.seconds, at.nanos) for at in changes), default=None)
    received = account.facts.received
    if until is None:
        return list(received)
    return [move for move in received if (move.at.seconds, move.at.nanos) <= until]


def _tenders(payments: list[Movement]) -> list[Piece]:
    return [piece for move in payments if (piece := move.tender_piece) is not None]


def _makes_whole(account: OrderAccount, money: list[Movement], pieces: list[Piece]) -> bool:
    """One payment, equal to what is due with its cash rounding, or with what conversion may lose."""
    if len(money) != 1:
        return False
    off = money[0].amount - money[0].rounding - total_of(pieces)
    return abs(off) <= (account.rounding_bound if account.facts.converted else 0)


def _roundings(account: OrderAccount, money: list[Movement], due: int) -> list[Piece]:
    """Lines that bring the document to what was received: cash rounding, and what conversion lost."""
    pieces = [piece for move in money if (piece := move.rounding_piece) is not None]
    off = sum(move.amount for move in money) - due - total_of(pieces)
    if off:
        pieces.append(account.converted_payment(money[0], off))
    return pieces


def _unbooked_money(account: OrderAccount) -> list[Movement]:
    return [move for move in account.facts.received if account.is_unbooked(move)]


def _payments(account: OrderAccount) -> tuple[Key, ...]:
    """Payments that no sales receipt holds get records of their own."""
    return tuple(("payment", move.id) for move in _unbooked_money(account))


def paid_back_beyond_own(account: OrderAccount) -> bool:
    """Whether a refund sent back more than it took back itself: it then belongs to an earlier change downwards."""
    for refund_id, refund in account.facts.refunds.items():
        back = sum(account.left_of(move.id, move.amount) for move in account.money_back(refund_id))
        if back and -back > -total_of(account.left(refund.pieces)):
            return True
    return False
