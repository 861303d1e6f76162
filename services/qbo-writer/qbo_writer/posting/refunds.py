"""A refund: what was paid back is a refund receipt for each gateway, the rest a credit memo against what is open."""

from __future__ import annotations

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.money import Money
from qbo_writer.posting.account import OrderAccount
from qbo_writer.posting.consistency import not_understood, only_a_test
from qbo_writer.posting.facts import Change, Movement
from qbo_writer.posting.lines import comes_to_nothing
from qbo_writer.posting.papers import Wanted, payback, sales_document, settlement
from qbo_writer.posting.pieces import Piece, share, total_of
from qbo_writer.posting.triggers import switched_off
from qbo_writer.posting.verdicts import Booked, Needs, Problem, Verdict, hold, refuse, skip


def next_of_refund(account: OrderAccount, refund_id: str) -> Verdict:
    """The next document of this refund, or Booked. Its order is booked first."""
    refund = next((each for each in account.order.refunds if each.id == refund_id), None)
    if refund is None:
        return skip("REFUND_GONE", "Shopify does not list this refund any more.")
    if problem := only_a_test(account) or _not_to_be_booked(account, refund):
        return problem
    if not account.sale_is_posted:
        return Needs((("order", account.order_id),))
    if problem := not_understood(account):
        return problem
    change = account.facts.refunds[refund_id]
    money = [move for move in account.money_back(refund_id) if account.left_of(move.id, move.amount)]
    pieces = [*account.left(change.pieces), *_beside_money(account, refund_id)]
    suffix = _suffix(account, refund)
    if money:
        return _paid_back(account, refund, money, pieces, suffix)
    if not comes_to_nothing(pieces):
        return _without_money(account, refund, change, pieces, suffix)
    return settlement(account) or (Booked() if account.posted.of(account.owner) else _nothing(change))


def refund_reference(order: entity_pb2.Order, refund_id: str) -> str:
    """How people call it: #1001-R1."""
    return f"{order.name}-R{_ordinal(order, refund_id)}"


def _paid_back(
    account: OrderAccount, refund: entity_pb2.Refund, money: list[Movement], pieces: list[Piece], suffix: str
) -> Verdict:
    """One gateway's money at a time. What it gives back is taken from the refund itself, then from earlier changes."""
    wanted = -sum(account.left_of(move.id, move.amount) for move in money)
    if -total_of(pieces) < wanted:
        pieces += _changes_downwards(account)
    pieces += account.rounding()
    worth = -total_of(pieces)
    label = money[0].label
    same = [move for move in money if move.label == label]
    back = -sum(account.left_of(move.id, move.amount) for move in same)
    off = worth - wanted
    if len(same) == len(money) and off and abs(off) <= _may_round(account):
        pieces.append(account.converted_payment(same[0], off))
        worth = back
    given = min(worth, back)
    if given > 0:
        held, sentence = _held(account, same, given), _sentence(account, refund)
        part = share(pieces, -given)
        return sales_document(account, Wanted("RefundReceipt", part, sentence, same[-1].at, suffix, held, label))
    if _explained(account):
        return payback(account, back, label, same[-1].at, suffix, _held(account, same, back))
    return _unexplained(account, back)


def _without_money(
    account: OrderAccount, refund: entity_pb2.Refund, change: Change, pieces: list[Piece], suffix: str
) -> Verdict:
    """Goods taken back on account, or all of it back onto a gift card: no clearing account is touched."""
    entity = "Invoice" if total_of(pieces) > 0 else "CreditMemo"
    return sales_document(account, Wanted(entity, pieces, _sentence(account, refund), change.at, suffix))


def _not_to_be_booked(account: OrderAccount, refund: entity_pb2.Refund) -> Problem | None:
    if problem := switched_off(account, "refund"):
        return problem
    ids = set(refund.transaction_ids)
    waiting = [t for t in account.order.transactions if t.id in ids and t.kind == "REFUND"]
    if any(each.status in ("PENDING", "AWAITING_RESPONSE") for each in waiting):
        return hold("REFUND_PENDING", "Waits until the money has left: the gateway has not confirmed the refund.")
    if account.facts.cancelled_unpaid and not account.sale_is_posted:
        return skip("NO_MONEY", "Its order was cancelled before anything was paid: there is nothing to book.")
    return None


def _nothing(change: Change) -> Verdict:
    if any(any(piece.cells) for piece in change.pieces):
        return Booked()  # another document holds it: the voided invoice, or the receipt of a later refund
    return skip("NO_MONEY", "No money moved and nothing came back: there is nothing to book.")


def _beside_money(account: OrderAccount, refund_id: str) -> list[Piece]:
    """What went back onto gift cards and into store credit, and what cash was rounded by: not paid back in money."""
    moves = [move for move in account.facts.movements if move.refund_id == refund_id]
    beside = [piece for move in moves for piece in (move.tender_piece, move.rounding_piece) if piece is not None]
    return account.left(tuple(beside))


def _changes_downwards(account: OrderAccount) -> list[Piece]:
    """Edits that lowered the order and are not booked yet: this money pays them back."""
    lowered = (account.left(change.pieces) for change in account.facts.changes)
    return [piece for pieces in lowered if total_of(pieces) < 0 for piece in pieces]


def _explained(account: OrderAccount) -> bool:
    """Whether what went back in all is no more than what was taken back in all and what had been paid too much."""
    facts = account.facts
    changes = [facts.sale.total, *(change.total for change in (*facts.changes, *facts.refunds.values()))]
    changes += [move.rounding for move in facts.movements]
    charged, taken_back = sum(each for each in changes if each > 0), -sum(each for each in changes if each < 0)
    received = sum(move.amount for move in facts.received)
    sent_back = sum(-move.amount for move in facts.movements if move.amount < 0)
    return sent_back <= taken_back + max(0, received - charged) + _may_round(account)


def _held(account: OrderAccount, moves: list[Movement], amount: int) -> dict[str, tuple[int]]:
    """`amount` of these movements' money, first come first."""
    held: dict[str, tuple[int]] = {}
    for move in moves:
        part = min(amount, -account.left_of(move.id, move.amount))
        if part:
            held[move.id] = (-part,)
        amount -= part
    return held


def _may_round(account: OrderAccount) -> int:
    return account.rounding_bound if account.facts.converted else 0


def _unexplained(account: OrderAccount, back: int) -> Problem:
    amount = Money(back, account.facts.currency)
    return refuse(
        "AMOUNTS_DO_NOT_ADD_UP",
        f"{amount} {amount.currency} was sent back that no returned line, adjustment or earlier change explains.",
        "Shopify's figures for this refund disagree.",
        "Look at the refund in Shopify; tell support if all its figures look right.",
    )


def _sentence(account: OrderAccount, refund: entity_pb2.Refund) -> str:
    ordinal = _ordinal(account.order, refund.id)
    return f"Refund {ordinal} of Shopify order {account.order.name}. {refund.note}".strip()


def _ordinal(order: entity_pb2.Order, refund_id: str) -> int:
    return 1 + [each.id for each in order.refunds].index(refund_id)


def _suffix(account: OrderAccount, refund: entity_pb2.Refund) -> str:
    """-R1; a refund that needs several documents goes on with -R1-2."""
    suffix = f"-R{_ordinal(account.order, refund.id)}"
    return suffix if account.next_part == 1 else f"{suffix}-{account.next_part}"
