"""Estimates and the invoices made from them: the invoice closes its estimate, and opens it again when it goes."""

from __future__ import annotations

from typing import Any

from intuit_sandbox import faults
from intuit_sandbox.books import Books, Row
from intuit_sandbox.receivables import touched

Json = dict[str, Any]


def estimates_of(body: Json) -> list[str]:
    """Ids of the estimates that an invoice is linked to."""
    return [link["TxnId"] for link in body.get("LinkedTxn", []) if link.get("TxnType") == "Estimate"]


def link(books: Books, merged: Json, former: Row | None) -> list[Json]:
    """The links of an invoice: the estimate that the caller names, and those that only QuickBooks writes."""
    for given in merged.get("LinkedTxn", []):
        if given.get("TxnType") not in ("Estimate", "Payment"):
            raise faults.not_linkable("an invoice is linked to an estimate only.")
    chosen = estimates_of(merged)
    if len(chosen) > 1:
        raise faults.not_linkable("an invoice is made from one estimate.")
    before = estimates_of(former.body) if former else []
    for estimate_id in chosen:
        row = books.referred("Estimate", estimate_id, "LinkedTxn")
        if estimate_id not in before and row.body["TxnStatus"] in ("Closed", "Converted", "Rejected"):
            raise faults.not_linkable("the estimate is closed.")
        if row.body["CustomerRef"]["value"] != merged.get("CustomerRef", {}).get("value"):
            raise faults.not_linkable("the estimate belongs to another customer.")
    own = [one for one in (former.body.get("LinkedTxn", []) if former else []) if one["TxnType"] != "Estimate"]
    return [*({"TxnId": one, "TxnType": "Estimate"} for one in chosen), *own]


def relink(books: Books, invoice: Row, former: Row | None, at: float) -> list[Row]:
    """The estimates as they stand after an invoice was created, changed, voided or deleted."""
    old = estimates_of(former.body) if former else []
    new = [] if invoice.deleted else estimates_of(invoice.body)
    closed = [_with(books, one, {"TxnId": invoice.id, "TxnType": "Invoice"}, at) for one in new if one not in old]
    return [*closed, *(_with(books, one, None, at) for one in old if one not in new)]


def _with(books: Books, estimate_id: str, invoice: Json | None, at: float) -> Row:
    row = books.find("Estimate", estimate_id)
    body = {
        **row.body,
        "TxnStatus": "Closed" if invoice else "Pending",
        "LinkedTxn": [invoice] if invoice else [],
    }
    return touched(books, row, body, at)


def refuse_delete(row: Row) -> None:
    if row.body.get("LinkedTxn"):
        raise faults.cannot_delete("An invoice was made from this estimate.")
