"""What a company has: read once from QuickBooks, kept in our database, read again when it is old or was wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ledgerport_libs import telemetry
from ledgerport_libs.access_tokens import AccessToken
from ledgerport_libs.database import Database
from qbo_writer.answers import Answer
from qbo_writer.posting.company import Company, Name, Names, TaxCode, tax_world
from qbo_writer.posting.verdicts import Key
from qbo_writer.quickbooks import QuickBooks, Unreachable

log = telemetry.logger("company_books")
_LISTS = ("Customer", "Vendor", "Employee", "Item", "Account")
# Kept only where the company uses them: others may not have these lists at all.
_CLASSES, _LOCATIONS = "Class", "Department"
# Clocks differ, and what changed while we read must not fall between two looks.
_OVERLAP = timedelta(minutes=5)
# Seconds. Intuit looks back 30 days.
_LONGEST_LOOK_BACK = 25 * 86_400.0
_ALSO_INACTIVE = "where Active in (true, false)"


@dataclass(frozen=True, slots=True)
class _Stored:
    realm_id: str
    info: dict[str, Any]
    preferences: dict[str, Any]
    tax_codes: list[dict[str, Any]]
    tax_rates: list[dict[str, Any]]
    age: float


@dataclass(frozen=True, slots=True)
class _Mapped:
    kind: str
    source_id: str
    qbo_id: str


class CompanyBooks:
    """Loads companies, and remembers each name that is created or met."""

    def __init__(self, db: Database, quickbooks: QuickBooks, refresh_seconds: float) -> None:
        self._db, self._quickbooks, self._refresh_seconds = db, quickbooks, refresh_seconds

    async def load(self, business_id: str, access: AccessToken, *, afresh: bool = False) -> Company:
        """The company, from our copy where that is young. Unreachable where QuickBooks must be asked and fails."""
        stored = await self._db.one("company", _Stored, business_id=business_id)
        stale = stored is None or stored.realm_id != access.account or stored.age > self._refresh_seconds
        if stale or afresh:
            await self._read(business_id, access, stored)
        company = await self.known(business_id)
        if company is None:
            raise LookupError(f"no company for {business_id}")
        return company

    async def known(self, business_id: str) -> Company | None:
        """The company from our own copy, however old; None where it was never read."""
        stored = await self._db.one("company", _Stored, business_id=business_id)
        if stored is None:
            return None
        names = Names(await self._db.all("names", Name, business_id=business_id))
        return company_of(stored.realm_id, stored.info, stored.preferences, stored.tax_codes, stored.tax_rates, names)

    async def read_at(self, business_id: str) -> datetime | None:
        """When the company was last read from QuickBooks."""
        moment: datetime | None = await self._db.value("company_read_at", business_id=business_id)
        return moment

    async def mapped(self, business_id: str) -> dict[Key, str]:
        """What was matched or made in the company, by the keys of posting."""
        rows = await self._db.all("mapped", _Mapped, business_id=business_id)
        return {(row.kind, row.source_id): row.qbo_id for row in rows}

    async def remember(self, business_id: str, names: list[Name]) -> None:
        async with self._db.transaction() as tx:
            await tx.many("name_put", [_name_row(business_id, name) for name in names])

    async def _read(self, business_id: str, access: AccessToken, stored: _Stored | None) -> None:
        """What is small is read whole; of the long lists only what changed since the last time, in one read."""
        info = _single(await self._quickbooks.read(access, f"companyinfo/{access.account}"), "CompanyInfo")
        preferences = _single(await self._quickbooks.read(access, "preferences"), "Preferences")
        codes = await self._quickbooks.query(access, "TaxCode")
        rates = await self._quickbooks.query(access, "TaxRate")
        lists = lists_of(preferences)
        changed = await self._changes(access, stored, lists)
        names = changed if changed is not None else await self._all_names(access, lists)
        async with self._db.transaction() as tx:
            if changed is None:
                await tx.run("names_forget", business_id=business_id)
            await tx.many("name_put", [_name_row(business_id, name) for name in names])
            await tx.run(
                "company_put",
                business_id=business_id,
                realm_id=access.account,
                info=_json(info),
                preferences=_json(preferences),
                tax_codes=_json(codes),
                tax_rates=_json(rates),
            )
            await tx.run("wake_closed_period", business_id=business_id)
        log.info("company_read", business=business_id, realm=access.account, names=len(names), whole=changed is None)

    async def _changes(self, access: AccessToken, stored: _Stored | None, lists: Sequence[str]) -> list[Name] | None:
        """None where everything has to be read: the first time, other lists, too long ago, too much."""
        same = stored is not None and stored.realm_id == access.account and lists_of(stored.preferences) == lists
        if stored is None or not same or stored.age > _LONGEST_LOOK_BACK:
            return None
        since = datetime.now(UTC) - timedelta(seconds=stored.age) - _OVERLAP
        changed = await self._quickbooks.changes(access, lists, since)
        if changed is None:
            return None
        return [name_of(each, row) for each, rows in changed.items() for row in rows if row.get("status") != "Deleted"]

    async def _all_names(self, access: AccessToken, lists: Sequence[str]) -> list[Name]:
        return [
            name_of(each, row) for each in lists for row in await self._quickbooks.query(access, each, _ALSO_INACTIVE)
        ]


def lists_of(preferences: Mapping[str, Any]) -> list[str]:
    """The lists whose names are kept of a company."""
    classes = [_CLASSES] if tracks_classes(preferences) else []
    return [*_LISTS, *classes, *([_LOCATIONS] if tracks_locations(preferences) else [])]


def tracks_classes(preferences: Mapping[str, Any]) -> bool:
    """A company tracks classes by transaction or by line, never both."""
    accounting = preferences.get("AccountingInfoPrefs", {})
    return bool(accounting.get("ClassTrackingPerTxn") or accounting.get("ClassTrackingPerTxnLine"))


def tracks_locations(preferences: Mapping[str, Any]) -> bool:
    return bool(preferences.get("AccountingInfoPrefs", {}).get("TrackDepartments"))


def name_of(list_name: str, row: Mapping[str, Any]) -> Name:
    """A row of QuickBooks' as we keep it. A class or location bears its parents' names too."""
    whole = row.get("FullyQualifiedName") if list_name in (_CLASSES, _LOCATIONS) else ""
    return Name(
        list=list_name,
        qbo_id=str(row["Id"]),
        name=str(whole or row.get("DisplayName") or row.get("Name") or ""),
        active=bool(row.get("Active", True)),
        email=str((row.get("PrimaryEmailAddr") or {}).get("Address", "")),
        sku=str(row.get("Sku", "")),
        type=str(row.get("AccountType") or row.get("Type") or ""),
        subtype=str(row.get("AccountSubType", "")),
        account=str((row.get("IncomeAccountRef") or {}).get("value", "")),
    )


def company_of(
    realm_id: str,
    info: Mapping[str, Any],
    preferences: Mapping[str, Any],
    tax_codes: Sequence[Mapping[str, Any]],
    tax_rates: Sequence[Mapping[str, Any]],
    names: Names,
) -> Company:
    """QuickBooks' own objects as posting reads them."""
    country = str(info.get("Country", ""))
    accounting = preferences.get("AccountingInfoPrefs", {})
    currency = preferences.get("CurrencyPrefs", {})
    tax = preferences.get("TaxPrefs", {})
    return Company(
        realm_id=realm_id,
        country="US" if country in ("US", "USA") else country,
        home_currency=str((currency.get("HomeCurrency") or {}).get("value", "USD")),
        multicurrency=bool(currency.get("MultiCurrencyEnabled")),
        tax_world=tax_world(country, preferences),
        custom_numbers=bool(preferences.get("SalesFormsPrefs", {}).get("CustomTxnNumbers")),
        book_close_date=str(accounting.get("BookCloseDate", "")),
        default_tax_code=str((tax.get("TaxGroupCodeRef") or {}).get("value", "")),
        names=names,
        tax_codes=_tax_codes(tax_codes, tax_rates),
    )


def _tax_codes(tax_codes: Sequence[Mapping[str, Any]], tax_rates: Sequence[Mapping[str, Any]]) -> tuple[TaxCode, ...]:
    percents = {str(rate["Id"]): str(rate.get("RateValue", 0)) for rate in tax_rates}
    codes = []
    for code in tax_codes:
        details = (code.get("SalesTaxRateList") or {}).get("TaxRateDetail", [])
        ids = [str(detail["TaxRateRef"]["value"]) for detail in details]
        rates = tuple((rate_id, percents.get(rate_id, "0")) for rate_id in ids)
        if code.get("Active", True):
            codes.append(TaxCode(str(code["Id"]), str(code.get("Name", "")), rates))
    return tuple(codes)


def _single(answer: Answer, entity: str) -> Mapping[str, Any]:
    try:
        found = json.loads(answer.body, parse_float=Decimal)[entity]
    except (ValueError, KeyError, TypeError) as cause:
        raise Unreachable(answer) from cause
    if not isinstance(found, dict):
        raise Unreachable(answer)
    return found


def _json(value: object) -> str:
    return json.dumps(value, default=str)


def _name_row(business_id: str, name: Name) -> dict[str, object]:
    return {
        "business_id": business_id,
        "list": name.list,
        "qbo_id": name.qbo_id,
        "name": name.name,
        "email": name.email,
        "sku": name.sku,
        "type": name.type,
        "subtype": name.subtype,
        "account": name.account,
        "active": name.active,
    }
