"""Transfers: money moved between two accounts of the company."""

from __future__ import annotations

from typing import Any

from intuit_sandbox import currencies, faults
from intuit_sandbox.books import Books, Draft, Row
from intuit_sandbox.money import amount, minor

Json = dict[str, Any]


def draw_up(books: Books, given: Json, _former: Row | None) -> Draft:
    """The Transfer; both accounts are assets, and the amount is above zero."""
    cents = minor(given["Amount"])
    if given["Amount"] < 0:
        raise faults.negative_amount(given["Amount"])
    if not cents:
        raise faults.no_amount()
    source, target = given["FromAccountRef"]["value"], given["ToAccountRef"]["value"]
    if source == target:
        raise faults.business("You cannot transfer from an account to itself.", "ToAccountRef")
    for name, account in (("FromAccountRef", source), ("ToAccountRef", target)):
        body = books.rows["Account"][account].body
        if body["Classification"] != "Asset" or body["AccountType"] == "Accounts Receivable":
            raise faults.invalid_account("an asset account is needed.", name)
    body = {**given, "Amount": amount(cents)}
    home, foreign = currencies.booked(books, body, ((target, cents), (source, -cents)))
    return Draft(body, home, foreign)


def currency_of(books: Books, given: Json) -> str:
    """The foreign currency of the two accounts, if one of them has one."""
    home = books.profile.currency
    codes = [currencies.currency_of(books, given[name]["value"]) for name in ("FromAccountRef", "ToAccountRef")]
    return next((code for code in codes if code != home), home)
