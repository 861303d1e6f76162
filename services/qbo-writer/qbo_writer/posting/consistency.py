"""Whether an order makes sense: real, in a currency that we book, and adding up by Shopify's own figures."""

from __future__ import annotations

from ledgerport_libs.money import Money
from qbo_writer.posting.account import OrderAccount
from qbo_writer.posting.pieces import ChangedAfterBooking
from qbo_writer.posting.verdicts import Problem, refuse, skip


def only_a_test(account: OrderAccount) -> Problem | None:
    if account.order.test or any(each.test for each in account.order.transactions):
        return skip("TEST_ORDER", "Test orders never reach the books.")
    return None


def not_understood(account: OrderAccount) -> Problem | None:
    """Why an order cannot be booked at all, or not any further: currencies, unknown parts, amounts that disagree.

    ChangedAfterBooking where something is booked that Shopify does not list any more.
    """
    if account.vanished:
        raise ChangedAfterBooking(account.vanished)
    order, facts = account.order, account.facts
    if order.currency != account.company.home_currency:
        home = account.company.home_currency
        return refuse(
            "CURRENCY_NOT_ENABLED",
            f"The store sells in {order.currency}, the QuickBooks company keeps its books in {home}.",
            "Amounts are booked in the store's currency.",
            "Connect a store whose currency is that of the company.",
        )
    if facts.unknown:
        return refuse(
            "NO_BOOKING_RULE",
            f"Shopify lists a part that has no booking rule: {', '.join(facts.unknown)} (smallest unit).",
            "It was not guessed at, and the order was not booked in part.",
            "Book this one order in QuickBooks by hand, then choose Ignore here; tell support.",
        )
    return _does_not_add_up(account)


def _does_not_add_up(account: OrderAccount) -> Problem | None:
    """Shopify's identities: agreements add up to the current total, transactions to net payment and cash rounding."""
    facts, totals = account.facts, account.order.totals
    worth = account.stated(totals.current_total)
    if abs(account.missing) > (account.rounding_bound if facts.converted else 0):
        return _differs("is worth", worth, worth - account.missing, facts.currency)
    may_round = len(facts.movements) if facts.converted else 0
    paid, moved = account.stated(totals.net_payment), sum(move.amount for move in facts.movements)
    if abs(paid - moved) > may_round:
        return _differs("was paid net", paid, moved, facts.currency)
    cash = account.stated(totals.cash_rounding_payment) - account.stated(totals.cash_rounding_refund)
    rounded = sum(move.rounding for move in facts.movements)
    if abs(cash - rounded) > may_round:
        return _differs("was rounded in cash by", cash, rounded, facts.currency)
    return None


def _differs(what: str, stated: int, added: int, currency: str) -> Problem:
    said, found = Money(stated, currency), Money(added, currency)
    return refuse(
        "AMOUNTS_DO_NOT_ADD_UP",
        f"Shopify says that the order {what} {said} {currency}; its parts add up to {found}.",
        "Shopify's own figures for this order disagree.",
        "Look at the order in Shopify; tell support if all its figures look right.",
    )
