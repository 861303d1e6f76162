"""Payments, and what they do to the invoices, credits, journal entries and expenses they are applied to.

The journal of a payment is ordered: money in, then one entry for each line, then what stays unapplied, then the
exchange difference. So taking a line away takes its entry away, at the value it was settled at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from intuit_sandbox import currencies, faults
from intuit_sandbox.accounts import money_account, of_type
from intuit_sandbox.books import Books, Draft, Entry, Row
from intuit_sandbox.money import amount, minor
from intuit_sandbox.open_items import open_item

Json = dict[str, Any]
Target = tuple[str, str]
KIND_OF = {
    "Invoice": "Invoice",
    "CreditMemo": "CreditMemo",
    "JournalEntry": "JournalEntry",
    "Expense": "Purchase",
    "Check": "Purchase",
    "CreditCardCredit": "Purchase",
}
OPEN_BY_BALANCE = ("Invoice", "CreditMemo")


@dataclass(frozen=True, slots=True)
class Open:
    """What a payment may be applied to: cents still open, in the currency and at the rate of its document."""

    row: Row
    customer: str
    cents: int
    is_credit: bool

    def settled(self, cents: int) -> int:
        """Home cents that the receivable falls by; the last part takes whatever rounding has left."""
        body = self.row.body
        return currencies.to_home(self.cents, body) - currencies.to_home(self.cents - cents, body)


def draw_up(books: Books, given: Json, former: Row | None) -> Draft:
    """The Payment and its journal: money in, receivable down."""
    total = minor(given["TotalAmt"])
    if total < 0:
        raise faults.business("Payment amount must be 0 or greater.", "TotalAmt")
    lines = [_shown_line(line) for line in given.get("Line", [])]
    if not total and not lines and not _is_empty(former):
        raise faults.no_amount()
    old = applications(former.body) if former else {}
    opens = {target: _opened(books, given, target, old) for target in applications({"Line": lines})}
    used = _used(opens, lines)
    if used > total:
        raise faults.business("The amount applied is more than the payment.", "TotalAmt")
    account = money_account(books, given)
    if receivable := given.get("ARAccountRef"):
        of_type(books, receivable["value"], ("Accounts Receivable",), "ARAccountRef")
    body = {
        **given,
        "TotalAmt": amount(total),
        "UnappliedAmt": amount(total - used),
        "Line": [_with_open_balance(line, opens) for line in lines],
        "DepositToAccountRef": account,
        "ProcessPayment": False,
        "LinkedTxn": [link for line in lines for link in line["LinkedTxn"]],
    }
    currencies.refuse_other_currencies(books, body, [account["value"]])
    return _posted(books, body, [_settled(opens, line) for line in lines], total - used)


def _is_empty(former: Row | None) -> bool:
    """A payment that was voided, or lost all that it applied, stays at zero and may still be annotated."""
    return former is not None and not former.body["Line"] and not minor(former.body["TotalAmt"])


def _shown_line(line: Json) -> Json:
    if "Amount" not in line:
        raise faults.missing("Line.Amount")
    if line["Amount"] < 0:
        raise faults.negative_amount(line["Amount"])
    links = line.get("LinkedTxn") or []
    if len(links) != 1 or links[0].get("TxnType") not in KIND_OF:
        raise faults.not_linkable("a payment line names one transaction that can be paid.")
    return {
        "Amount": amount(minor(line["Amount"])),
        "LinkedTxn": [{"TxnId": links[0].get("TxnId", ""), "TxnType": links[0]["TxnType"]}],
    }


def _target(line: Json) -> Target:
    link = line["LinkedTxn"][0]
    return link["TxnType"], link["TxnId"]


def applications(payment: Json) -> dict[Target, int]:
    """Cents that a payment applies to each target."""
    sums: defaultdict[Target, int] = defaultdict(int)
    for line in payment.get("Line", []):
        sums[_target(line)] += minor(line["Amount"])
    return sums


def _opened(books: Books, given: Json, target: Target, old: dict[Target, int]) -> Open:
    """The target of a line, with what this payment had applied to it before put back."""
    kind, row_id = target
    row = books.find(KIND_OF[kind], row_id)
    found = _open(books, kind, row)
    if not _pays_for(books, given["CustomerRef"]["value"], found.customer):
        raise faults.business("The transaction belongs to another customer.", "LinkedTxn")
    if row.body["CurrencyRef"]["value"] != given["CurrencyRef"]["value"]:
        raise faults.business("The transaction has another currency.", "LinkedTxn")
    return replace(found, cents=found.cents + old.get(target, 0))


def _open(books: Books, kind: str, row: Row) -> Open:
    if row.kind in OPEN_BY_BALANCE:
        customer = row.body["CustomerRef"]["value"]
        return Open(row, customer, minor(row.body["Balance"]), row.kind == "CreditMemo")
    item = open_item(row, books.receivables.values())
    if item is None or kind != _type_of(row):
        raise faults.not_linkable("it has no line on accounts receivable of that type.")
    return Open(row, item.customer, abs(item.cents) - books.applied[(kind, row.id)], item.cents < 0)


def _type_of(row: Row) -> str:
    """The TxnType under which links name this transaction."""
    if row.kind == "JournalEntry" or row.body["PaymentType"] == "Check":
        return "JournalEntry" if row.kind == "JournalEntry" else "Check"
    return "CreditCardCredit" if row.body.get("Credit") else "Expense"


def _pays_for(books: Books, payer: str, customer: str) -> bool:
    """A customer pays for itself and for those below it."""
    above: str | None = customer
    while above is not None and above != payer:
        above = books.rows["Customer"][above].body.get("ParentRef", {}).get("value")
    return above == payer


def _used(opens: dict[Target, Open], lines: list[Json]) -> int:
    """Cents of the payment itself that its lines use up; 6000 if a line takes more than is open."""
    for target, cents in applications({"Line": lines}).items():
        if cents > opens[target].cents:
            raise faults.business("The amount applied is more than the balance of the transaction.", "Line")
    used = sum((-1 if opens[_target(line)].is_credit else 1) * minor(line["Amount"]) for line in lines)
    if used < 0:
        raise faults.business("The credits applied are more than what they are applied to.", "Line")
    return used


def _with_open_balance(line: Json, opens: dict[Target, Open]) -> Json:
    value = {"Name": "txnOpenBalance", "Value": f"{amount(opens[_target(line)].cents)}"}
    return {**line, "LineEx": {"any": [{"name": "{http://schema.intuit.com/finance/v3}NameValue", "value": value}]}}


def _settled(opens: dict[Target, Open], line: Json) -> int:
    """Home cents by which a line changes the receivable; the item is open for less afterwards."""
    target, cents = _target(line), minor(line["Amount"])
    item = opens[target]
    opens[target] = replace(item, cents=item.cents - cents)
    return item.settled(cents) if item.is_credit else -item.settled(cents)


def _posted(books: Books, body: Json, settled: list[int], unapplied: int) -> Draft:
    receivable, account = currencies.receivable(books, body), body["DepositToAccountRef"]["value"]
    money = currencies.to_home(minor(body["TotalAmt"]), body)
    left = -currencies.to_home(unapplied, body)
    journal: list[Entry] = [(account, money), *((receivable, cents) for cents in settled), (receivable, left)]
    if difference := money + sum(settled) + left:
        journal.append((currencies.gain_or_loss(books) or "", -difference))
    total = minor(body["TotalAmt"])
    foreign = currencies.foreign_part(books, [(account, total), (receivable, -total)])
    return Draft(body, tuple(journal), foreign if currencies.is_foreign(books, body) else ())


def relink(books: Books, payment: Row, former: Row | None, at: float, pending: Mapping[Target, Row] = {}) -> list[Row]:
    """What a payment was or is applied to, as it stands afterwards; `pending` are rows that are about to be stored."""
    old = applications(former.body) if former else {}
    new = {} if payment.deleted else applications(payment.body)
    changed = []
    for target in sorted({*old, *new}):
        kind, row_id = target
        if old.get(target) == new.get(target):
            continue
        row = pending.get((KIND_OF[kind], row_id)) or books.find(KIND_OF[kind], row_id)
        links = [link for link in row.body.get("LinkedTxn", []) if link["TxnId"] != payment.id]
        if target in new:
            links.append({"TxnId": payment.id, "TxnType": "Payment"})
        body = {**row.body, "LinkedTxn": links}
        if row.kind in OPEN_BY_BALANCE:
            body["Balance"] = amount(minor(row.body["Balance"]) + old.get(target, 0) - new.get(target, 0))
            if row.kind == "CreditMemo":
                body["RemainingCredit"] = body["Balance"]
            body |= currencies.home_figures(books, body)
        changed.append(touched(books, row, body, at))
    return changed


def refuse_below_applied(books: Books, row: Row, former: Row) -> None:
    """6000 if a change would take from under a payment what it was applied to: customer, rate, side or amount."""
    if not any(link["TxnType"] == "Payment" for link in former.body.get("LinkedTxn", [])):
        return
    kept = all(row.body.get(name) == former.body.get(name) for name in ("CustomerRef", "ExchangeRate"))
    if row.kind in ("JournalEntry", "Purchase") and kept:
        before, after = (open_item(one, books.receivables.values()) for one in (former, row))
        kept = (
            before is not None
            and after is not None
            and after.customer == before.customer
            and (after.cents > 0) == (before.cents > 0)
            and abs(after.cents) >= sum(books.applied[(kind, row.id)] for kind in KIND_OF if KIND_OF[kind] == row.kind)
        )
    if not kept:
        raise faults.business("Payments are applied to this transaction: remove them first.", "LinkedTxn")


def unlink_from(books: Books, gone: Row, at: float) -> list[Row]:
    """The payments of a deleted or voided document: they stay, unapplied, and so do credits they no longer use."""
    changed: dict[tuple[str, str], Row] = {(gone.kind, gone.id): gone}
    for link in gone.body.get("LinkedTxn", []):
        payment = books.rows["Payment"].get(link["TxnId"]) if link["TxnType"] == "Payment" else None
        if payment is None or payment.deleted:
            continue
        if payment.deposited:
            raise faults.deposited()
        after = _without(books, payment, gone, at)
        for row in (after, *relink(books, after, payment, at, changed)):
            changed[(row.kind, row.id)] = row
    del changed[(gone.kind, gone.id)]
    return list(changed.values())


def _without(books: Books, payment: Row, gone: Row, at: float) -> Row:
    """The payment without its lines on a document, and without the credits that then exceed what is left."""
    parts = list(zip(payment.body["Line"], payment.journal[1:], strict=False))
    parts = [part for part in parts if _target(part[0])[1] != gone.id]
    used = sum(_own_cents(books, line) for line, _ in parts)
    while used < 0:
        last = max(at for at, (line, _) in enumerate(parts) if _own_cents(books, line) < 0)
        used -= _own_cents(books, parts.pop(last)[0])
    lines = [line for line, _ in parts]
    unapplied = minor(payment.body["TotalAmt"]) - used
    body = {
        **payment.body,
        "Line": lines,
        "UnappliedAmt": amount(unapplied),
        "LinkedTxn": [link for line in lines for link in line["LinkedTxn"]],
    }
    draft = _posted(books, body, [cents for _, (_, cents) in parts], unapplied)
    return replace(touched(books, payment, body, at), journal=draft.journal)


def _own_cents(books: Books, line: Json) -> int:
    """What a stored line uses of its payment: more for a receivable, less for a credit."""
    kind, row_id = _target(line)
    row = books.rows[KIND_OF[kind]][row_id]
    return (-1 if _open(books, kind, row).is_credit else 1) * minor(line["Amount"])


def touched(books: Books, row: Row, body: Json, at: float) -> Row:
    """A row changed by QuickBooks itself: the SyncToken grows as for any other change."""
    body["SyncToken"] = str(int(row.body["SyncToken"]) + 1)
    body["MetaData"] = books.metadata(row, at)
    return replace(row, body=body, changed=at)
