"""Whether an order may go by itself: what Sync Config asks of it before its first document."""

from __future__ import annotations

from ledgerport_libs.money import Money
from qbo_writer.posting.account import OrderAccount
from qbo_writer.posting.marks import day
from qbo_writer.posting.pieces import ChangedAfterBooking
from qbo_writer.posting.verdicts import Problem, hold, refuse, skip

_FULFILLED = {
    "FULFILLED": "FULFILLED",
    "FULFILLMENT_NOT_REQUIRED": "FULFILLED",
    "PARTIALLY_FULFILLED": "PARTIAL",
}
_PUSH = "It goes on by itself when Shopify says so; or push it by hand under Manual Sync."
_ALSO = {"VOIDED": "PENDING", "EXPIRED": "PENDING"}


def fulfillment_class(status: str) -> str:
    """Shopify's eleven statuses in the three classes of Sync Config."""
    return _FULFILLED.get(status, "UNFULFILLED")


def not_yet(account: OrderAccount) -> Problem | None:
    """Held or skipped by Sync Config; None where the order may be booked. It never concerns what is booked already.

    A push by hand stands for Auto-Sync and for the triggers on payment and fulfilment; orders that are switched off, or
    lie before the start date, stay out all the same.
    """
    order, config = account.order, account.config
    if "order" not in config.entities:
        return hold(
            "ENTITY_OFF", "Orders are switched off in Sync Config.", "Switch them on; it then goes on by itself."
        )
    if config.start_date and day(order.processed_at, order.store_zone) < config.start_date:
        return skip("BEFORE_START_DATE", f"It was placed before {config.start_date}, the start date in Sync Config.")
    return None if account.pushed else _not_by_itself(account)


def _not_by_itself(account: OrderAccount) -> Problem | None:
    """The triggers: what must hold before an order syncs by itself."""
    order, config = account.order, account.config
    if not config.auto_sync:
        cure = "Switch Auto-Sync on in Sync Config, or push it by hand."
        return hold("AUTO_SYNC_OFF", "Auto-Sync is off: nothing goes by itself.", cure)
    paid = _ALSO.get(order.financial_status, order.financial_status) or "PENDING"
    if paid not in config.payment_triggers:
        ticked = _words(config.payment_triggers)
        said = f"Waits for a payment status of {ticked}: Shopify says {_word(paid)}."
        return hold("TRIGGER", said, _PUSH)
    fulfilled = fulfillment_class(order.fulfillment_status)
    if fulfilled not in config.fulfillment_triggers:
        ticked = _words(config.fulfillment_triggers)
        said = f"Waits for a fulfilment status of {ticked}: Shopify says {_word(fulfilled)}."
        return hold("TRIGGER", said, _PUSH)
    return None


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
    """Shopify's identities: agreements add up to the current total, transactions to the net payment."""
    facts, totals = account.facts, account.order.totals
    if abs(account.missing) > (account.rounding_bound if facts.converted else 0):
        stated = totals.current_total.presentment if facts.exchange_rate is not None else totals.current_total.shop
        return _differs("is worth", stated, stated - account.missing, facts.currency)
    stated = totals.net_payment.presentment if facts.exchange_rate is not None else totals.net_payment.shop
    moved = sum(move.amount for move in facts.movements)
    if abs(stated - moved) > (len(facts.movements) if facts.converted else 0):
        return _differs("was paid net", stated, moved, facts.currency)
    return None


def _differs(what: str, stated: int, added: int, currency: str) -> Problem:
    said, found = Money(stated, currency), Money(added, currency)
    return refuse(
        "AMOUNTS_DO_NOT_ADD_UP",
        f"Shopify says that the order {what} {said} {currency}; its parts add up to {found}.",
        "Shopify's own figures for this order disagree.",
        "Look at the order in Shopify; tell support if all its figures look right.",
    )


def _words(statuses: frozenset[str]) -> str:
    return " or ".join(sorted(_word(status) for status in statuses))


def _word(status: str) -> str:
    return status.replace("_", " ").lower()
