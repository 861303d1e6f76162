"""What settings are held against: the company's country, tax, numbering, closed period, and its small lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledgerport_libs.database import Transaction
from qbo_writer.company_books import company_of, tracks_classes, tracks_locations
from qbo_writer.posting.company import Name, Names, TaxCode, TaxWorld

ACCOUNT, ITEM, CUSTOMER, CLASS, LOCATION = "Account", "Item", "Customer", "Class", "Department"
SETTINGS_LISTS = (ACCOUNT, CLASS, LOCATION)


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """The company as it was when last read, with the names of some of its lists."""

    realm_id: str
    name: str
    country: str
    home_currency: str
    tax_world: TaxWorld
    custom_numbers: bool
    multicurrency: bool
    closed_until: str
    class_tracking: bool
    location_tracking: bool
    # The account that QuickBooks itself books discounts to; empty: none.
    discount_account: str
    tax_codes: tuple[TaxCode, ...]
    read_at: datetime
    names: tuple[Name, ...] = ()

    def named(self, list_name: str) -> list[Name]:
        """Every name of a list, inactive ones too, in alphabetical order."""
        return [name for name in self.names if name.list == list_name]

    def find(self, list_name: str, qbo_id: str) -> Name | None:
        return next((name for name in self.names if name.list == list_name and name.qbo_id == qbo_id), None)

    def sales_tax_codes(self) -> list[TaxCode]:
        """Those that can stand on a sale: a code without a rate for sales is one for purchases, or no code at all."""
        return [code for code in self.tax_codes if code.rates]


@dataclass(frozen=True, slots=True)
class _Row:
    realm_id: str
    info: dict[str, Any]
    preferences: dict[str, Any]
    tax_codes: list[dict[str, Any]]
    tax_rates: list[dict[str, Any]]
    loaded_at: datetime


async def company_facts(tx: Transaction, business_id: str, lists: Sequence[str] = ()) -> CompanyFacts | None:
    """None until the company was read."""
    row = await tx.one("company_facts", _Row, business_id=business_id)
    if row is None:
        return None
    names = await tx.all("names_of_lists", Name, business_id=business_id, lists=list(lists)) if lists else []
    return facts_of(row.realm_id, row.info, row.preferences, row.tax_codes, row.tax_rates, row.loaded_at, names)


def facts_of(
    realm_id: str,
    info: Mapping[str, Any],
    preferences: Mapping[str, Any],
    tax_codes: Sequence[Mapping[str, Any]],
    tax_rates: Sequence[Mapping[str, Any]],
    read_at: datetime,
    names: Iterable[Name],
) -> CompanyFacts:
    """QuickBooks' own objects as settings read them (Intuit: Preferences)."""
    company = company_of(realm_id, info, preferences, tax_codes, tax_rates, Names(()))
    sales_forms = preferences.get("SalesFormsPrefs", {})
    return CompanyFacts(
        realm_id=realm_id,
        name=str(info.get("CompanyName", "")),
        country=company.country,
        home_currency=company.home_currency,
        tax_world=company.tax_world,
        custom_numbers=company.custom_numbers,
        multicurrency=company.multicurrency,
        closed_until=company.book_close_date,
        class_tracking=tracks_classes(preferences),
        location_tracking=tracks_locations(preferences),
        discount_account=str(sales_forms.get("DefaultDiscountAccount") or ""),
        tax_codes=company.tax_codes,
        read_at=read_at,
        names=tuple(names),
    )
