"""The ExchangeRate resource, which has no Id: a rate belongs to a currency and a day."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from intuit_sandbox import clock, currencies, faults
from intuit_sandbox.books import Books, Row
from intuit_sandbox.entities import ENTITIES

Json = dict[str, Any]
RATE = ENTITIES["ExchangeRate"]


def read(books: Books, params: Mapping[str, str]) -> Json:
    """The rate of ?sourcecurrencycode= on ?asofdate=, today by default: the company's own or the table's."""
    code = _foreign(books, params.get("sourcecurrencycode", ""))
    date = RATE.shape.clean({"AsOfDate": params.get("asofdate") or clock.today(clock.now())})["AsOfDate"]
    stored = books.rows["ExchangeRate"].get(f"{code}/{date}")
    return stored.body if stored else _body(books, code, date, currencies.rate_on(books, code, date), "0")


def draw_up(books: Books, payload: Json, at: float) -> Row:
    """A rate set for a day; the SyncToken is that of the last read, 5010 for an older one."""
    given = RATE.shape.clean(payload)
    for name in (*RATE.required, "SyncToken"):
        if name not in given:
            raise faults.missing(name)
    code, date = _foreign(books, given["SourceCurrencyCode"]), given["AsOfDate"]
    if given.get("TargetCurrencyCode", books.profile.currency) != books.profile.currency:
        raise faults.invalid_currency(given["TargetCurrencyCode"])
    if given["Rate"] <= 0:
        raise faults.invalid_number("Rate", given["Rate"])
    key = f"{code}/{date}"
    former = books.rows["ExchangeRate"].get(key)
    token = former.body["SyncToken"] if former else "0"
    if given["SyncToken"] != token:
        raise faults.stale()
    body = _body(books, code, date, given["Rate"], str(int(token) + 1))
    return Row("ExchangeRate", key, {**body, "MetaData": books.metadata(former, at)}, changed=at)


def _foreign(books: Books, code: str) -> str:
    if not books.profile.multicurrency:
        raise faults.feature_not_supported("multicurrency is off.")
    if not code:
        raise faults.missing("SourceCurrencyCode")
    if code == books.profile.currency:
        raise faults.business("The home currency has no exchange rate.", "SourceCurrencyCode")
    return currencies.usable(books, code)


def _body(books: Books, code: str, date: str, rate: Decimal, token: str) -> Json:
    return {
        "SyncToken": token,
        "SourceCurrencyCode": code,
        "TargetCurrencyCode": books.profile.currency,
        "Rate": rate,
        "AsOfDate": date,
        "domain": "QBO",
        "sparse": False,
    }
