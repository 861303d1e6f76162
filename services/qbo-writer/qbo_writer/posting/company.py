"""What posting knows of a QuickBooks company: its lists, its preferences, and the accounts each role books to."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class TaxWorld(StrEnum):
    """Intuit's three ways with sales tax, and none (Intuit: sales tax in the US, global tax model)."""

    US_MANUAL = "us_manual"
    US_AUTOMATED = "us_automated"
    GLOBAL = "global"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Name:
    """One row of a company's list. `type` and `subtype` are those of an account or item."""

    list: str
    qbo_id: str
    name: str
    active: bool
    email: str = ""
    sku: str = ""
    type: str = ""
    subtype: str = ""
    # The income account of an item.
    account: str = ""


def fold(text: str) -> str:
    """How names are compared: QuickBooks takes names that differ in case or blanks for the same."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


class Names:
    """A company's names by list, for matching without a query."""

    def __init__(self, names: Iterable[Name]) -> None:
        self._by_id: dict[tuple[str, str], Name] = {}
        self._by_name: dict[tuple[str, str], Name] = {}
        self._by_email: dict[str, dict[str, Name]] = {}
        self._by_sku: dict[str, dict[str, Name]] = {}
        for name in names:
            self.add(name)

    def add(self, name: Name) -> None:
        before = self._by_id.get((name.list, name.qbo_id))
        if before is not None:
            self._forget(before)
        self._by_id[(name.list, name.qbo_id)] = name
        self._by_name[(name.list, fold(name.name))] = name
        if name.list == "Customer":
            for address in name.email.split(","):
                if address.strip():
                    self._by_email.setdefault(fold(address), {})[name.qbo_id] = name
        if name.list == "Item" and name.sku:
            self._by_sku.setdefault(fold(name.sku), {})[name.qbo_id] = name

    def reserve(self, list_name: str, name: str) -> None:
        """This name is being created right now: nobody else may choose it, and nobody may be linked to it."""
        self._by_name.setdefault((list_name, fold(name)), Name(list_name, "", name, active=False))

    def _forget(self, name: Name) -> None:
        self._by_name.pop((name.list, fold(name.name)), None)
        for address in name.email.split(","):
            self._by_email.get(fold(address), {}).pop(name.qbo_id, None)
        self._by_sku.get(fold(name.sku), {}).pop(name.qbo_id, None)

    def by_id(self, list_name: str, qbo_id: str) -> Name | None:
        return self._by_id.get((list_name, qbo_id))

    def named(self, list_name: str, name: str) -> Name | None:
        return self._by_name.get((list_name, fold(name)))

    def taken(self, display_name: str) -> bool:
        """DisplayName is unique over customers, vendors and employees together (Intuit: duplicate name, 6240)."""
        return any(self.named(kind, display_name) for kind in ("Customer", "Vendor", "Employee"))

    def with_email(self, email: str) -> list[Name]:
        return [name for name in self._by_email.get(fold(email), {}).values() if name.active]

    def with_sku(self, sku: str) -> list[Name]:
        return [name for name in self._by_sku.get(fold(sku), {}).values() if name.active]

    def accounts(self, subtype: str) -> list[Name]:
        found = (n for (kind, _), n in self._by_id.items() if kind == "Account" and n.subtype == subtype and n.active)
        return sorted(found, key=lambda name: int(name.qbo_id))


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A sales tax code of a company outside the US: its rate ids and percents as text."""

    qbo_id: str
    name: str
    rates: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Company:
    """The bound company as it was when last read."""

    realm_id: str
    country: str
    home_currency: str
    multicurrency: bool
    tax_world: TaxWorld
    custom_numbers: bool
    book_close_date: str
    default_tax_code: str
    names: Names
    tax_codes: tuple[TaxCode, ...] = ()

    def tax_code(self, qbo_id: str) -> TaxCode | None:
        return next((code for code in self.tax_codes if code.qbo_id == qbo_id), None)


# What is in QuickBooks already: (kind, source id) -> Id.
Mapped = Mapping[tuple[str, str], str]


def tax_world(country: str, preferences: Mapping[str, Any]) -> TaxWorld:
    """Intuit: Preferences.TaxPrefs. PartnerTaxEnabled true = automated; absent = manual; UsingSalesTax false = none."""
    tax = preferences.get("TaxPrefs", {})
    if not tax.get("UsingSalesTax"):
        return TaxWorld.NONE
    if country not in ("US", "USA"):
        return TaxWorld.GLOBAL
    return TaxWorld.US_AUTOMATED if tax.get("PartnerTaxEnabled") else TaxWorld.US_MANUAL
