"""More than one currency: which one a document is in, at what rate, and its journal in home currency."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from intuit_sandbox import clock, faults
from intuit_sandbox.books import Books, Entry, Row
from intuit_sandbox.money import amount, minor
from intuit_sandbox.profile import CURRENCY_NAMES

Json = dict[str, Any]
ONE = Decimal(1)
# US dollars for one unit: the rate table that a company has before it sets rates of its own.
IN_DOLLARS = {
    "USD": ONE,
    "EUR": Decimal("1.0842"),
    "GBP": Decimal("1.2713"),
    "CAD": Decimal("0.7285"),
    "AUD": Decimal("0.6541"),
    "NZD": Decimal("0.6017"),
    "CHF": Decimal("1.1320"),
    "SEK": Decimal("0.0954"),
    "DKK": Decimal("0.1453"),
    "NOK": Decimal("0.0921"),
    "JPY": Decimal("0.0067"),
    "MXN": Decimal("0.0586"),
}
MAY_BE_FOREIGN = frozenset({"Bank", "Credit Card", "Accounts Receivable", "Accounts Payable"})


def reference(code: str) -> Json:
    return {"value": code, "name": CURRENCY_NAMES.get(code, code)}


def usable(books: Books, code: str) -> str:
    """A currency that this company works in; 2220 for any other."""
    profile = books.profile
    if code == profile.currency:
        return code
    if not profile.multicurrency or not any(
        row.body["Code"] == code and row.body["Active"] for row in books.of_kind("CompanyCurrency")
    ):
        raise faults.invalid_currency(code)
    return code


def rate_on(books: Books, code: str, date: str) -> Decimal:
    """Home units for one foreign unit: the company's newest rate up to a date, else its oldest, else the table's."""
    own = sorted(
        (row.body["AsOfDate"], Decimal(row.body["Rate"]))
        for row in books.of_kind("ExchangeRate")
        if row.body["SourceCurrencyCode"] == code
    )
    if own:
        return max((pair for pair in own if pair[0] <= date), default=own[0])[1]
    return (IN_DOLLARS[code] / IN_DOLLARS[books.profile.currency]).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def settle(books: Books, merged: Json, own: str | None, *, required: bool) -> None:
    """Fix CurrencyRef and ExchangeRate of a document; `own` is the currency its customer or account is bound to."""
    profile = books.profile
    code = merged.get("CurrencyRef", {}).get("value")
    if not profile.multicurrency:
        if code not in (None, profile.currency):
            raise faults.invalid_currency(code)
        if own not in (None, profile.currency):
            raise faults.business("Multicurrency is off: this name has another currency.", "CurrencyRef")
        _refuse_rate(merged)
        merged["CurrencyRef"] = profile.currency_ref()
        return
    if code is None:
        if required:
            raise faults.missing("CurrencyRef")
        code = own or profile.currency
    usable(books, code)
    if own is not None and code != own:
        raise faults.business("The currency of the transaction must be that of its name or account.", "CurrencyRef")
    merged["CurrencyRef"] = reference(code)
    if code == profile.currency:
        _refuse_rate(merged)
        merged["ExchangeRate"] = 1
        return
    rate = Decimal(merged.get("ExchangeRate") or rate_on(books, code, merged["TxnDate"]))
    if rate <= 0:
        raise faults.invalid_number("ExchangeRate", rate)
    merged["ExchangeRate"] = rate


def _refuse_rate(merged: Json) -> None:
    if merged.pop("ExchangeRate", None) not in (None, 1):
        raise faults.business("The exchange rate of the home currency is 1.", "ExchangeRate")


def is_foreign(books: Books, body: Json) -> bool:
    return bool(body["CurrencyRef"]["value"] != books.profile.currency)


def to_home(cents: int, body: Json) -> int:
    """Cents of a document in home currency at its rate, half up."""
    rate = Decimal(body.get("ExchangeRate", 1))
    return cents if rate == 1 else int((cents * rate).quantize(ONE, ROUND_HALF_UP))


def receivable(books: Books, body: Json) -> str:
    """The accounts receivable of the document's currency."""
    code = body["CurrencyRef"]["value"]
    return books.profile.receivable_account if code == books.profile.currency else books.receivables[code]


def booked(books: Books, body: Json, entries: tuple[Entry, ...]) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """The journal in home currency, and what of it stands in foreign accounts; the first entry is the total.

    Every entry is converted by itself; what rounding leaves over goes to the largest of the others.
    """
    if not books.profile.multicurrency:
        return entries, ()
    refuse_other_currencies(books, body, (account for account, _ in entries))
    if not is_foreign(books, body):
        return entries, ()
    home = [(account, to_home(cents, body)) for account, cents in entries]
    if rest := sum(cents for _, cents in home):
        largest = max(range(1, len(home)), key=lambda at: abs(home[at][1]))
        home[largest] = (home[largest][0], home[largest][1] - rest)
    return tuple(home), foreign_part(books, entries)


def refuse_other_currencies(books: Books, body: Json, accounts: Iterable[str]) -> None:
    """6000 if an account is kept in a currency that is neither the home one nor the document's."""
    allowed = (books.profile.currency, body["CurrencyRef"]["value"])
    for account in accounts:
        if currency_of(books, account) not in allowed:
            raise faults.business("The currency of the account must be that of the transaction or home.", "AccountRef")


def foreign_part(books: Books, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    home = books.profile.currency
    return tuple((account, cents) for account, cents in entries if currency_of(books, account) != home)


def currency_of(books: Books, account: str) -> str:
    return str(books.rows["Account"][account].body["CurrencyRef"]["value"])


def home_figures(books: Books, body: Json) -> Json:
    """What a document shows beside its own amounts where there is more than one currency."""
    if not books.profile.multicurrency:
        return {}
    shown = {"HomeTotalAmt": amount(to_home(minor(body["TotalAmt"]), body))}
    if "Balance" in body:
        shown["HomeBalance"] = amount(to_home(minor(body["Balance"]), body))
    return shown


def system_account(row_id: str, name: str, subtype: str, code: str, at: float) -> Row:
    """An account that QuickBooks makes by itself."""
    kind, classification = {
        "AccountsReceivable": ("Accounts Receivable", "Asset"),
        "ExchangeGainOrLoss": ("Other Expense", "Expense"),
    }[subtype]
    body = {
        "Name": name,
        "FullyQualifiedName": name,
        "AccountType": kind,
        "AccountSubType": subtype,
        "Classification": classification,
        "SubAccount": False,
        "CurrencyRef": reference(code),
        "Active": True,
        "domain": "QBO",
        "sparse": False,
        "Id": row_id,
        "SyncToken": "0",
        "MetaData": {"CreateTime": clock.stamp(at), "LastUpdatedTime": clock.stamp(at)},
    }
    return Row("Account", row_id, body, changed=at)


def receivable_made_for(books: Books, code: str, at: float) -> list[Row]:
    """The accounts receivable that a new currency brings with it."""
    if code in books.receivables:
        return []
    name = f"Accounts Receivable (A/R) - {code}"
    return [system_account(books.next_id("Account"), name, "AccountsReceivable", code, at)]


def gain_or_loss_made(books: Books, at: float) -> list[Row]:
    """The account for exchange differences that switching multicurrency on brings with it."""
    if gain_or_loss(books) is not None:
        return []
    return [
        system_account(
            books.next_id("Account"),
            "Exchange Gain or Loss",
            "ExchangeGainOrLoss",
            books.profile.currency,
            at,
        )
    ]


def gain_or_loss(books: Books) -> str | None:
    """The account for exchange differences, if multicurrency was ever on."""
    return next(
        (row.id for row in books.of_kind("Account") if row.body["AccountSubType"] == "ExchangeGainOrLoss"), None
    )
