"""What is to be said about a store that we do not hear well: in plain words, with the cure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway import wording
from gateway.views import View
from ledgerport.shopify_sync.v1 import intake_pb2 as pb

_AGAIN = "LedgerPort tries again every few minutes; Sync now on the Dashboard tries at once."
_REFUSALS: Mapping[int, str] = {
    pb.STORE_REFUSAL_FROZEN: (
        "Shopify has frozen this store, usually because its bill there is not paid. Settle it in the Shopify admin."
    ),
    pb.STORE_REFUSAL_FORBIDDEN: (
        "Shopify refuses our questions: a permission is missing, or the address of this server is not on the list that "
        "the app keeps at Shopify. Reconnect the store, and ask whoever runs this server to check that list."
    ),
    pb.STORE_REFUSAL_UNKNOWN: (
        "Shopify does not know this store any more. If it has moved to another address, connect it under that one."
    ),
    pb.STORE_REFUSAL_LOCKED: "Shopify has locked this store for a while. Nothing needs to be done unless it lasts.",
    pb.STORE_REFUSAL_REJECTED: (
        "Shopify's protection against attacks turns our questions away. If it lasts, whoever runs this server should "
        "ask Shopify's support."
    ),
}


def about(status: pb.GetIntakeStatusResponse) -> list[View]:
    """Nothing while all is well. Each has a tone, a lead, a text, and `since` where that is known."""
    found: list[View] = []
    if words := _REFUSALS.get(status.refusal):
        found.append(
            _notice("bad", "The store answers nothing.", f"{words} {_AGAIN}", wording.moment(status.refused_since))
        )
    if status.HasField("silent_since"):
        changes = f"{status.found_since_silent} change{'' if status.found_since_silent == 1 else 's'}"
        text = (
            f"Shopify has told us nothing for longer than usual, though {changes} happened in the store. LedgerPort "
            "finds them by looking every hour, so nothing is lost, only late. Disconnect the store and connect it "
            "again to set up its webhooks anew; if it goes on, Shopify may not reach the address of this server."
        )
        found.append(_notice("note", "The store is silent.", text, wording.moment(status.silent_since)))
    if status.api_version_served not in ("", status.api_version_asked):
        text = (
            f"Shopify answers with version {status.api_version_served} of its interface instead of "
            f"{status.api_version_asked}, which LedgerPort was made for. Update LedgerPort soon."
        )
        found.append(_notice("note", "LedgerPort is out of date.", text, ""))
    if status.api_deprecated_reason:
        text = f"Shopify will stop to answer something that LedgerPort asks: {status.api_deprecated_reason[:300]}"
        found.append(_notice("note", "An update will be needed.", text, ""))
    return found


def _notice(tone: str, lead: str, text: str, since: str) -> View:
    return {"tone": tone, "lead": lead, "text": text, "since": since}
