"""Which account may stand where: money is held in few, tax and receivables are not posted to by hand."""

from __future__ import annotations

from typing import Any

from intuit_sandbox import faults
from intuit_sandbox.books import Books, Row

Json = dict[str, Any]
HOLDS_MONEY = ("Bank", "Other Current Asset")


def of_type(books: Books, account: str, types: tuple[str, ...], element: str) -> Row:
    """The account, if it is of one of these types; 2500 if there is none, 6430 if it is of another."""
    row = books.referred("Account", account, element)
    if row.body["AccountType"] not in types:
        raise faults.invalid_account(f"an account of type {' or '.join(types)} is needed.", element)
    return row


def money_account(books: Books, given: Json) -> Json:
    """The account money goes to or comes from, Undeposited Funds by default; 6430 for any other type."""
    account = given.get("DepositToAccountRef", {}).get("value") or books.profile.undeposited_account
    of_type(books, account, HOLDS_MONEY, "DepositToAccountRef")
    return books.named("Account", account)


def by_hand(books: Books, account: str, element: str = "AccountRef") -> Row:
    """An account that a line names itself; the liability of automated sales tax belongs to QuickBooks alone."""
    row = books.referred("Account", account, element)
    profile = books.profile
    if profile.tax_world == "automated" and account in profile.agency_accounts.values():
        raise faults.invalid_tax_rate("The liability account of automated sales tax takes no postings by hand.")
    if row.body["AccountType"] == "Non-Posting":
        raise faults.invalid_account("a posting account is needed.", element)
    return row


def needs_party(row: Row, kind: str | None) -> None:
    """A line on receivables names a customer, one on payables a vendor."""
    needed = {"Accounts Receivable": "Customer", "Accounts Payable": "Vendor"}.get(row.body["AccountType"])
    if needed and kind != needed:
        raise faults.business(
            f"When you use {row.body['AccountType']}, you must choose a {needed.lower()} in the Name field.", "Entity"
        )
