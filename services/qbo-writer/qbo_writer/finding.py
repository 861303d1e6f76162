"""Looking in QuickBooks for a document of ours whose answer was lost, before anything is sent again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ledgerport_libs.access_tokens import AccessToken
from qbo_writer.company_books import name_of
from qbo_writer.desk import Desk
from qbo_writer.ledger_rows import Claim, Runnable, posted_of
from qbo_writer.posting.marks import marker
from qbo_writer.posting.verdicts import Operation
from qbo_writer.quickbooks import quoted

_TRANSACTIONS = ("SalesReceipt", "RefundReceipt", "Invoice", "CreditMemo", "Payment", "JournalEntry")
# What was paid at once when it was booked, and what was not.
_OTHER_FORM = {
    "SalesReceipt": "Invoice",
    "Invoice": "SalesReceipt",
    "RefundReceipt": "CreditMemo",
    "CreditMemo": "RefundReceipt",
}


async def find_ours(desk: Desk, access: AccessToken, record: Runnable, claim: Claim) -> Mapping[str, Any] | None:
    """What a try made whose answer was lost; None where it is not there or is a person's."""
    if claim.operation != Operation.CREATE:
        return await _changed_by_us(desk, access, record, claim)
    if claim.entity in _TRANSACTIONS:
        return await _unknown_of(desk, access, record, claim, claim.entity)
    body = json.loads(claim.body)
    ours = f"shopify:{record.source_id}"
    field_name = "DisplayName" if claim.entity == "Customer" else "Name"
    where = f"where {field_name} = {quoted(str(body[field_name]))}"
    lists = ("Customer", "Vendor", "Employee") if claim.entity == "Customer" else (claim.entity,)
    mine: Mapping[str, Any] | None = None
    for each in lists:
        for row in await desk.quickbooks.query(access, each, where):
            desk.company.names.add(name_of(each, row))
            if each == claim.entity and _is_ours(claim.entity, row, body, ours):
                mine = row
    return mine


async def find_in_other_form(desk: Desk, access: AccessToken, record: Runnable, claim: Claim) -> str:
    """After a restore: what of this number the record was given before, where it was paid at another time; else ""."""
    other = _OTHER_FORM.get(claim.entity, "")
    if not other or claim.operation != Operation.CREATE or not claim.number:
        return ""
    return f"{other} {claim.number}" if await _unknown_of(desk, access, record, claim, other) else ""


async def _unknown_of(
    desk: Desk, access: AccessToken, record: Runnable, claim: Claim, entity: str
) -> Mapping[str, Any] | None:
    """A document with the record's mark that we do not know of."""
    rows = await desk.quickbooks.query(access, entity, _where(claim))
    marked = [row for row in rows if marker(str(record.id)) in str(row.get("PrivateNote", ""))]
    # A record may have several documents of one kind and day: another part of it has another number or amount.
    known = {(d.entity, d.qbo_id) for d in (await posted_of(desk.db, record)).documents}
    return next((row for row in marked if (entity, str(row["Id"])) not in known), None)


async def _changed_by_us(desk: Desk, access: AccessToken, record: Runnable, claim: Claim) -> Mapping[str, Any] | None:
    """The document as it is now, where it bears the mark of exactly this change."""
    body = json.loads(claim.body)
    rows = await desk.quickbooks.query(access, claim.entity, f"where Id = {quoted(claim.qbo_id)}")
    for row in rows:
        note = str(row.get("PrivateNote", ""))
        if claim.operation == Operation.VOID:
            if marker(str(record.id)) in note and note.startswith("Voided"):
                return row
        elif str(body["PrivateNote"]).rpartition(" ")[2] in note:
            return row
    return None


def _where(claim: Claim) -> str:
    """Sales by their number; what bears none, or one that it shares with others, by its day."""
    if claim.number and claim.entity not in ("Payment", "JournalEntry"):
        return f"where DocNumber = {quoted(claim.number)}"
    return f"where TxnDate = '{claim.txn_date}'"


def _is_ours(entity: str, row: Mapping[str, Any], body: Mapping[str, Any], note: str) -> bool:
    """Customers carry our note; items and accounts have no room for one, so what we would have made is ours."""
    if entity == "Customer":
        return str(row.get("Notes", "")) == note
    told = ("Type", "Sku", "AccountType", "AccountSubType")
    return all(row.get(key) == body.get(key) for key in told)
