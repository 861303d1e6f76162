"""What is wrong with a connection, in the words that its card and the banner say."""

from __future__ import annotations

from gateway import wording
from gateway.views import View

_SHORT = {"QUICKBOOKS": "QuickBooks", "SHOPIFY": "Shopify"}
# These end by themselves, or by what is done at the provider: signing in again changes nothing.
_PASSING = frozenset({"UNREACHABLE", "COMPANY_SUSPENDED"})
_UNINSTALLED = "The store removed LedgerPort, so nothing is read from it; connect it again to go on."


def of(connection: View) -> View | None:
    """None while a connection is not in trouble.

    `lead` says whom it needs, `text` what happened, `cure` what ends it, and `do` names the button of the banner.
    """
    if connection["status"] == "UNHEALTHY":
        return _unhealthy(connection)
    if connection["status"] == "DISCONNECTED":
        return _disconnected(connection)
    return None


def _unhealthy(connection: View) -> View:
    provider, passing = connection["provider"], connection["reason"] in _PASSING
    unreachable = connection["reason"] == "UNREACHABLE"
    if provider == "SHOPIFY":
        cure = "" if passing else "Connect the store again to go on; what was missed is caught up then."
    elif passing:
        again = ", once you resume" if connection["paused"] else ""
        cure = f"As soon as QuickBooks takes them again, they are sent{again}."
    else:
        cure = f"Reconnect to the same company{' and resume' if connection['paused'] else ''}, and they are sent."
    return {
        "lead": "" if unreachable else f"{_SHORT[provider]} needs you.",
        "text": connection["explanation"] or f"{wording.PROVIDER_LABELS[provider]} cannot be used right now.",
        "cure": cure,
        "do": "Review" if passing else "Reconnect",
    }


def _disconnected(connection: View) -> View:
    if connection["provider"] == "QUICKBOOKS":
        text = "Changes are collected, nothing is written."
        cure = "Reconnect to the same company to go on."
        return {"lead": "QuickBooks is disconnected.", "text": text, "cure": cure, "do": "Reconnect"}
    caught_up = "What was missed is caught up then."
    if connection["reason"] == "STORE_UNINSTALLED":
        return {"lead": "Shopify needs you.", "text": _UNINSTALLED, "cure": caught_up, "do": "Reconnect"}
    text = "Nothing is read from the store until you connect it again."
    return {"lead": "Shopify is disconnected.", "text": text, "cure": caught_up, "do": "Reconnect"}
