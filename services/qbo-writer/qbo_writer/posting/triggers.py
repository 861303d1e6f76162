"""Whether an order may go by itself: what Sync Config asks of it before its first document."""

from __future__ import annotations

from qbo_writer.posting.account import OrderAccount
from qbo_writer.posting.marks import day
from qbo_writer.posting.verdicts import Problem, hold, skip

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


def switched_off(account: OrderAccount, kind: str) -> Problem | None:
    """Held where Sync Config leaves this kind of record out: order, payment or refund."""
    if kind in account.config.entities:
        return None
    said = f"{kind.capitalize()}s are switched off in Sync Config."
    return hold("ENTITY_OFF", said, "Switch them on; it then goes on by itself.")


def not_yet(account: OrderAccount) -> Problem | None:
    """Held or skipped by Sync Config; None where the order may be booked. It never concerns what is booked already.

    A push by hand stands for Auto-Sync and for the triggers on payment and fulfilment; orders that are switched off, or
    lie before the start date, stay out all the same.
    """
    order, config = account.order, account.config
    if problem := switched_off(account, "order"):
        return problem
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


def _words(statuses: frozenset[str]) -> str:
    return " or ".join(sorted(_word(status) for status in statuses))


def _word(status: str) -> str:
    return status.replace("_", " ").lower()
