"""The documents themselves: sales receipts, invoices, refund receipts, credit memos, payments and what ties them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from ledgerport_libs.money import Money
from qbo_writer.posting import setup, texts
from qbo_writer.posting.account import OrderAccount
from qbo_writer.posting.amounts import number
from qbo_writer.posting.config import ClosedPeriod
from qbo_writer.posting.customers import address_body
from qbo_writer.posting.lines import BookLine, book_lines, total_of_lines
from qbo_writer.posting.marks import day, document_number, private_note
from qbo_writer.posting.pieces import Component, Covers, Piece, covers_of
from qbo_writer.posting.posted import GIVES_BACK, Applied, PostedDocument
from qbo_writer.posting.render import render
from qbo_writer.posting.triggers import switched_off
from qbo_writer.posting.verdicts import Document, Key, Needs, Operation, Problem, hold

# Where a sales document's money goes to, or a refund's comes from.
_WITH_MONEY = ("SalesReceipt", "RefundReceipt")
_LONGEST_REFERENCE = 21
Made = Document | Needs | Problem


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sales document is to say: its kind, its pieces, the movements of money it holds, its day and number."""

    entity: str
    pieces: Sequence[Piece]
    sentence: str
    at: Timestamp
    suffix: str = ""
    # id -> minor units, for the money that is part of the document itself.
    money: Covers | None = None
    # Whose clearing account the money goes to or comes from.
    gateway: str = ""


def sales_document(account: OrderAccount, wanted: Wanted) -> Made:
    """A sales receipt, invoice, refund receipt or credit memo of these pieces."""
    currency = account.facts.currency
    lines = _lines(account, wanted.entity, wanted.pieces)
    header = _header(account, wanted.at, wanted.sentence)
    if isinstance(header, Problem):
        return header
    rendered = render(lines, account.company, account.mapped, currency, tax_as_line=False)
    if isinstance(rendered, Problem):
        return rendered
    accounts = [setup.clearing(wanted.gateway)] if wanted.entity in _WITH_MONEY and wanted.gateway else []
    missing = _missing(account, accounts)
    if missing or isinstance(rendered, Needs):
        return Needs((*missing, *(rendered.keys if isinstance(rendered, Needs) else ())))
    doc_number = document_number(account.order.name, wanted.suffix, account.company, account.config)
    body: dict[str, Any] = {**rendered.body, **header.body, **_addresses(account), **_shown(account)}
    if doc_number:
        body["DocNumber"] = doc_number
    if accounts:
        body["DepositToAccountRef"] = {"value": account.mapped[accounts[0]]}
    if wanted.entity == "Invoice" and account.order.payment_terms.HasField("due_at"):
        body["DueDate"] = max(header.date, day(account.order.payment_terms.due_at, account.order.store_zone))
    return Document(
        entity=wanted.entity,
        body=body,
        part=account.next_part,
        number=doc_number,
        date=header.date,
        total=Money(total_of_lines(lines), currency),
        components=_components(lines, currency),
        component_of_item=rendered.component_of_item,
        covers={**covers_of(wanted.pieces), **(wanted.money or {})},
    )


def rewrite(account: OrderAccount, posted: PostedDocument, pieces: Sequence[Piece], *, tax_as_line: bool) -> Made:
    """An earlier document with other lines; the SyncToken keeps a person's own edit from being written over."""
    currency = account.facts.currency
    lines = _lines(account, posted.entity, pieces)
    rendered = render(lines, account.company, account.mapped, currency, tax_as_line=tax_as_line)
    if isinstance(rendered, Needs | Problem):
        return rendered
    if missing := _missing(account, []):
        return Needs(missing)
    revision = f"{posted.part}.{int(posted.sync_token or 0) + 1}"
    body: dict[str, Any] = {
        **rendered.body,
        "Id": posted.qbo_id,
        "SyncToken": posted.sync_token,
        "sparse": True,
        "CustomerRef": {"value": account.customer_id},
        "PrivateNote": private_note(f"Shopify order {account.order.name}", account.record_id, revision),
    }
    if tax_as_line and "TxnTaxDetail" not in body:
        body["TxnTaxDetail"] = {"TotalTax": number(0, currency)}
    money = {key: cells for key, cells in posted.covers.items() if key not in covers_of(pieces)}
    return Document(
        entity=posted.entity,
        body=body,
        operation=Operation.UPDATE,
        part=posted.part,
        number=posted.number,
        date=posted.date,
        total=Money(total_of_lines(lines), currency),
        components=_components(lines, currency),
        component_of_item=rendered.component_of_item,
        covers={**money, **covers_of(pieces)},
    )


def void(account: OrderAccount, posted: PostedDocument, covers: Covers) -> Document:
    """Amounts to zero, number kept: a sale that came to nothing before anything was paid."""
    return Document(
        entity=posted.entity,
        body={"Id": posted.qbo_id, "SyncToken": posted.sync_token},
        operation=Operation.VOID,
        part=posted.part,
        number=posted.number,
        date=posted.date,
        total=Money.zero(account.facts.currency),
        covers=covers,
    )


def payment(
    account: OrderAccount, amount: int, at: Timestamp, label: str, applies: Sequence[Applied], money: Covers
) -> Made:
    """Money that came in, set against what is open; what is too much stays on the customer."""
    header = _header(account, at, f"Payment of Shopify order {account.order.name} through {label}")
    return _payment(account, header, amount, label, applies, money)


def _payment(
    account: OrderAccount,
    header: _Header | Problem,
    amount: int,
    label: str,
    applies: Sequence[Applied],
    money: Covers,
) -> Made:
    if isinstance(header, Problem):
        return header
    accounts = [setup.clearing(label)] if amount else []
    if missing := _missing(account, accounts):
        return Needs(missing)
    currency = account.facts.currency
    reference = texts.clean(account.order.name.lstrip("#"), 100)
    body: dict[str, Any] = {**header.body, "TotalAmt": number(amount, currency), "Line": _linked(applies, currency)}
    if len(reference) <= _LONGEST_REFERENCE:
        body["PaymentRefNum"] = reference
    if accounts:
        body["DepositToAccountRef"] = {"value": account.mapped[accounts[0]]}
    return Document(
        entity="Payment",
        body=body,
        part=account.next_part,
        number=str(body.get("PaymentRefNum", "")),
        date=header.date,
        total=Money(amount, currency),
        covers=money,
        applies=tuple(applies),
    )


def settlement(account: OrderAccount) -> Made | None:
    """A payment of nothing that sets open credits against what is open; None where there is nothing to set off.

    What money that came in already will pay is left to it: a credit beside it is the buyer's, and goes back later.
    """
    credits = account.posted.open("CreditMemo")
    debits = _beyond_payments(account)
    amount = min(sum(left for _, left in credits), sum(left for _, left in debits))
    if not amount:
        return None
    newest = max(document.date for document, _ in (*credits, *debits))
    header = _header_of(account, newest, f"Credit of Shopify order {account.order.name} set off")
    return _payment(account, header, 0, "", [*take(debits, amount), *take(credits, amount)], {})


def _beyond_payments(account: OrderAccount) -> list[tuple[PostedDocument, int]]:
    """What is owed and no payment on its way to the books will settle; payments take invoices oldest first."""
    coming = 0 if switched_off(account, "payment") else account.money_to_book
    left = []
    for document, owed in account.posted.open("Invoice", "JournalEntry"):
        paid = min(owed, coming) if document.entity == "Invoice" else 0
        coming -= paid
        if owed > paid:
            left.append((document, owed - paid))
    return left


def payback(account: OrderAccount, amount: int, label: str, at: Timestamp, suffix: str, money: Covers) -> Made:
    """Money that went back against a credit which is booked already: out of clearing, onto the customer's account."""
    sentence = f"Paid back for Shopify order {account.order.name} through {label}"
    header = _header(account, at, sentence)
    if isinstance(header, Problem):
        return header
    needed = [setup.RECEIVABLE_ACCOUNT, setup.clearing(label)]
    if missing := _missing(account, needed):
        return Needs(missing)
    receivable, clearing = (account.mapped[key] for key in needed)
    entity = {"Type": "Customer", "EntityRef": {"value": account.customer_id}}
    currency = account.facts.currency
    body = {key: value for key, value in header.body.items() if key != "CustomerRef"}
    doc_number = document_number(account.order.name, suffix, account.company, account.config)
    if doc_number:
        body["DocNumber"] = doc_number
    body["Line"] = [
        _posting("Debit", receivable, amount, sentence, currency, {"Entity": entity}),
        _posting("Credit", clearing, amount, sentence, currency, {}),
    ]
    return Document(
        entity="JournalEntry",
        body=body,
        part=account.next_part,
        number=doc_number,
        date=header.date,
        total=Money(amount, currency),
        covers=money,
    )


def take(open_documents: Sequence[tuple[PostedDocument, int]], amount: int) -> list[Applied]:
    """`amount` out of what is open, oldest first."""
    taken = []
    for document, left in open_documents:
        part = min(left, amount)
        if part > 0:
            taken.append(Applied(document.entity, document.qbo_id, part))
            amount -= part
    return taken


# --- what documents share -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Header:
    body: dict[str, Any]
    date: str


def _header(account: OrderAccount, at: Timestamp, sentence: str) -> _Header | Problem:
    """Customer, day, note, currency, class and location; held where the day lies in a closed period."""
    return _header_of(account, day(at, account.order.store_zone), sentence)


def _header_of(account: OrderAccount, true_day: str, sentence: str) -> _Header | Problem:
    booked_day, note = true_day, sentence
    closed = account.company.book_close_date
    if closed and true_day <= closed:
        if account.config.closed_period is ClosedPeriod.HOLD:
            return hold(
                "CLOSED_PERIOD",
                f"{true_day} lies in a closed period: the books are closed up to {closed}.",
                "Reopen the period in QuickBooks, or choose “first open day” in Sync Config.",
            )
        booked_day = (date.fromisoformat(closed) + timedelta(days=1)).isoformat()
        note = f"{sentence} (of {true_day}, booked on the first open day)"
    body: dict[str, Any] = {"TxnDate": booked_day, "PrivateNote": private_note(note, account.record_id)}
    if account.customer_id is not None:
        body["CustomerRef"] = {"value": account.customer_id}
    if account.company.multicurrency:
        body["CurrencyRef"] = {"value": account.facts.currency}
    if account.facts.exchange_rate is not None:
        body["ExchangeRate"] = account.facts.exchange_rate
    return _Header(body, booked_day)


def _shown(account: OrderAccount) -> dict[str, Any]:
    config = account.config
    shown: dict[str, Any] = {}
    if config.customer_memo:
        shown["CustomerMemo"] = {"value": texts.clean(config.customer_memo, 1000)}
    if config.class_id:
        shown["ClassRef"] = {"value": config.class_id}
    if config.location_id:
        shown["DepartmentRef"] = {"value": config.location_id}
    return shown


def _addresses(account: OrderAccount) -> dict[str, Any]:
    order = account.order
    named = (("BillAddr", order.billing_address), ("ShipAddr", order.shipping_address))
    return {member: parts for member, address in named if (parts := address_body(address))}


def _lines(account: OrderAccount, entity: str, pieces: Sequence[Piece]) -> list[BookLine]:
    """The lines of a document that gives back are positive again."""
    sign = -1 if entity in GIVES_BACK else 1
    return book_lines(pieces, account.facts, account.company, account.config, sign=sign)


def _missing(account: OrderAccount, keys: Sequence[Key]) -> tuple[Key, ...]:
    """The customer, and whichever of these, that are not in QuickBooks yet."""
    customer = [account.customer] if account.customer_id is None else []
    return tuple(dict.fromkeys((*customer, *(key for key in keys if key not in account.mapped))))


def _components(lines: Sequence[BookLine], currency: str) -> dict[str, Money]:
    """The equation's left side: what each component is worth at Shopify."""
    side: dict[str, int] = {}
    for line in lines:
        side[line.component.value] = side.get(line.component.value, 0) + line.amount
        side[Component.TAX.value] = side.get(Component.TAX.value, 0) + line.tax
    named = {name: Money(amount, currency) for name, amount in side.items()}
    return {**named, "total": Money(total_of_lines(lines), currency)}


def _linked(applies: Sequence[Applied], currency: str) -> list[dict[str, Any]]:
    return [
        {"Amount": number(each.amount, currency), "LinkedTxn": [{"TxnId": each.qbo_id, "TxnType": each.entity}]}
        for each in applies
    ]


def _posting(side: str, account_id: str, amount: int, text: str, currency: str, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "Amount": number(amount, currency),
        "DetailType": "JournalEntryLineDetail",
        "Description": text,
        "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account_id}, **more},
    }
