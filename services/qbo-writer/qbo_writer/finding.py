"""Looking in QuickBooks for a document of ours whose answer was lost, before anything is sent again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ledgerport_libs.access_tokens import AccessToken
from qbo_writer.company_books import name_of
from qbo_writer.desk import Desk
from qbo_writer.ledger_rows import Claim, Runnable
from qbo_writer.posting.marks import marker
from qbo_writer.quickbooks import quoted


async def find_ours(desk: Desk, access: AccessToken, record: Runnable, claim: Claim) -> Mapping[str, Any] | None:
    """Our own document, made by a try whose answer was lost; None where it is not there or is a person's."""
    body = json.loads(claim.body)
    ours = f"shopify:{record.source_id}"
    if claim.entity in ("SalesReceipt", "RefundReceipt"):
        where = f"where DocNumber = {quoted(claim.number)}" if claim.number else f"where TxnDate = '{claim.txn_date}'"
        rows = await desk.quickbooks.query(access, claim.entity, where)
        return next((row for row in rows if marker(str(record.id)) in str(row.get("PrivateNote", ""))), None)
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


def _is_ours(entity: str, row: Mapping[str, Any], body: Mapping[str, Any], note: str) -> bool:
    """Customers carry our note; items and accounts have no room for one, so what we would have made is ours."""
    if entity == "Customer":
        return str(row.get("Notes", "")) == note
    told = ("Type", "Sku", "AccountType", "AccountSubType")
    return all(row.get(key) == body.get(key) for key in told)
