"""The companies of a fresh stand-in: US by hand, US automated, British, US with currencies, Canadian."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from intuit_sandbox import clock, currencies, seed_lists, taxservice
from intuit_sandbox.account_types import CLASSIFICATION
from intuit_sandbox.books import Books, Row
from intuit_sandbox.profile import CURRENCY_NAMES, CompanyProfile
from intuit_sandbox.seed_lists import table
from intuit_sandbox.store import Store

Json = dict[str, Any]
FOUNDED = clock.read("2025-06-05T13:55:49-08:00")
LANDSCAPING, SURF, BRITISH = "9341450000000001", "9341450000000002", "9341450000000003"
TRADING, CANADIAN = "9341450000000004", "9341450000000005"

FOREIGN = {TRADING: ("EUR", "GBP", "CAD"), CANADIAN: ("USD", "EUR")}
PROFILES = [
    CompanyProfile(
        realm_id=LANDSCAPING,
        name="Craig's Design and Landscaping Services",
        agency_accounts={"1": "90", "2": "89"},
        address={"Line1": "123 Sierra Way", "City": "San Pablo", "CountrySubDivisionCode": "CA", "PostalCode": "87999"},
    ),
    CompanyProfile(
        realm_id=SURF,
        name="Harbor Surf Supply",
        tax_world="automated",
        custom_txn_numbers=False,
        agency_accounts={"1": "90"},
        address={
            "Line1": "8 Pier Avenue",
            "City": "Hermosa Beach",
            "CountrySubDivisionCode": "CA",
            "PostalCode": "90254",
        },
    ),
    CompanyProfile(
        realm_id=BRITISH,
        name="Thistle & Thread Ltd",
        country="GB",
        currency="GBP",
        tax_world="global",
        default_tax_code="6",
        agency_accounts={"1": "90"},
        address={"Line1": "12 Canal Street", "City": "Leeds", "PostalCode": "LS1 4AB", "Country": "GBR"},
    ),
    CompanyProfile(
        realm_id=TRADING,
        name="Meridian Trading Co.",
        multicurrency=True,
        agency_accounts={"1": "90", "2": "90"},
        address={"Line1": "40 Harbor Way", "City": "Oakland", "CountrySubDivisionCode": "CA", "PostalCode": "94607"},
    ),
    CompanyProfile(
        realm_id=CANADIAN,
        name="Maple & Pine Outfitters",
        country="CA",
        currency="CAD",
        multicurrency=True,
        tax_world="global",
        default_tax_code="2",
        agency_accounts={"1": "90", "2": "90"},
        address={
            "Line1": "77 Cedar Road",
            "City": "Vancouver",
            "CountrySubDivisionCode": "BC",
            "PostalCode": "V5K 0A1",
            "Country": "CAN",
        },
    ),
]


def plant(store: Store, companies: dict[str, Books]) -> None:
    """Store each seed company that is not there yet."""
    for profile in PROFILES:
        if profile.realm_id not in companies:
            companies[profile.realm_id] = found(store, profile.model_copy(deep=True))


def found(store: Store, profile: CompanyProfile) -> Books:
    """A new company with its lists; the landscaping one gets the whole sample content."""
    books = Books(profile)
    _accounts(books)
    _currencies(books)
    _taxes(books)
    for row_id, name, days in table(seed_lists.TERMS):
        _put(books, "Term", row_id, {"Name": name, "DueDays": int(days), "Type": "STANDARD", "DiscountPercent": 0})
    for row_id, name, kind in table(seed_lists.METHODS):
        _put(books, "PaymentMethod", row_id, {"Name": name, "Type": kind})
    whole = profile.realm_id == LANDSCAPING
    _people(books, whole)
    _items(books, whole)
    with store.transaction():
        store.save_company(profile)
        store.save_rows(profile.realm_id, (row for rows in books.rows.values() for row in rows.values()))
    return books


def _put(books: Books, kind: str, row_id: str, body: Json) -> None:
    whole = {
        "Active": True,
        **body,
        "domain": "QBO",
        "sparse": False,
        "Id": row_id,
        "SyncToken": "0",
        "MetaData": {"CreateTime": clock.stamp(FOUNDED), "LastUpdatedTime": clock.stamp(FOUNDED)},
    }
    books.put(Row(kind, row_id, whole, changed=FOUNDED))


def _accounts(books: Books) -> None:
    full: dict[str, str] = {}
    for row_id, name, kind, subtype, parent in table(seed_lists.ACCOUNTS):
        if row_id in ("89", "90"):
            name = _payable(books, row_id, name)
            if not name:
                continue
        full[row_id] = f"{full[parent]}:{name}" if parent else name
        body: Json = {
            "Name": name,
            "AccountType": kind,
            "AccountSubType": subtype,
            "FullyQualifiedName": full[row_id],
            "Classification": CLASSIFICATION[kind],
            "SubAccount": bool(parent),
            "CurrencyRef": books.profile.currency_ref(),
        }
        _put(books, "Account", row_id, {**body, "ParentRef": {"value": parent}} if parent else body)


def _currencies(books: Books) -> None:
    """The foreign currencies of a company that has them, each with its receivables, and the account for differences."""
    if not books.profile.multicurrency:
        return
    for made in currencies.gain_or_loss_made(books, FOUNDED):
        books.put(made)
    for number, code in enumerate(FOREIGN[books.profile.realm_id], 1):
        _put(books, "CompanyCurrency", str(number), {"Code": code, "Name": CURRENCY_NAMES[code]})
        for made in currencies.receivable_made_for(books, code, FOUNDED):
            books.put(made)


def _payable(books: Books, row_id: str, name: str) -> str:
    if books.profile.realm_id == LANDSCAPING:
        return name
    names = {"GB": "VAT Control", "CA": "GST/HST Payable"}
    return names.get(books.profile.country, "Sales Tax Payable") if row_id == "90" else ""


def _taxes(books: Books) -> None:
    agencies, rates, codes = {
        "manual": (seed_lists.US_AGENCIES, seed_lists.US_RATES, seed_lists.US_CODES),
        "automated": (seed_lists.AUTOMATED_AGENCIES, seed_lists.AUTOMATED_RATES, seed_lists.AUTOMATED_CODES),
        "global": (seed_lists.GB_AGENCIES, seed_lists.GB_RATES, seed_lists.GB_CODES),
        "CA": (seed_lists.CA_AGENCIES, seed_lists.CA_RATES, seed_lists.CA_CODES),
    }["CA" if books.profile.country == "CA" else books.profile.tax_world]
    for row_id, name in table(agencies):
        _put(books, "TaxAgency", row_id, {"DisplayName": name, "TaxTrackedOnSales": True})
    names = {}
    for row_id, name, percent, agency in table(rates):
        names[row_id] = name
        _put(books, "TaxRate", row_id, taxservice.tax_rate(row_id, name, Decimal(percent), agency, FOUNDED))
    if books.profile.country == "US":
        for pseudo, taxable in (("TAX", True), ("NON", False)):
            _put(
                books, "TaxCode", pseudo, {"Name": pseudo, "Description": pseudo, "Taxable": taxable, "TaxGroup": False}
            )
    for row_id, name, sold, *bought in table(codes):
        body = taxservice.tax_code(row_id, name, _rate_details(names, sold), FOUNDED)
        body["PurchaseTaxRateList"] = {"TaxRateDetail": _rate_details(names, *bought)}
        _put(books, "TaxCode", row_id, body)


def _rate_details(names: dict[str, str], members: str = "") -> list[Json]:
    return [
        {"TaxRateRef": {"value": rate, "name": names[rate]}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0}
        for rate in members.split()
    ]


def _person(books: Books, name: str, full: str) -> Json:
    return {
        "DisplayName": name,
        "PrintOnCheckName": name,
        "FullyQualifiedName": full,
        "CurrencyRef": books.profile.currency_ref(),
    }


def _people(books: Books, whole: bool) -> None:
    customers = table(seed_lists.CUSTOMERS) if whole else [["1", "Walk-in customer", "", ""]]
    names: dict[str, str] = {}
    for row_id, name, email, parent in customers:
        names[row_id] = f"{names[parent]}:{name}" if parent else name
        body = {
            **_person(books, name, names[row_id]),
            "Taxable": True,
            "Job": bool(parent),
            "BillWithParent": False,
            "PreferredDeliveryMethod": "Print",
        }
        if books.profile.country == "US":
            body["DefaultTaxCodeRef"] = {"value": books.profile.default_tax_code}
        if email:
            body["PrimaryEmailAddr"] = {"Address": email}
        if parent:
            body |= {"ParentRef": {"value": parent}, "Level": 1}
        _put(books, "Customer", row_id, body)
    for row_id, name in table(seed_lists.VENDORS) if whole else []:
        _put(books, "Vendor", row_id, {**_person(books, name, name), "Balance": 0})
    for row_id, given, family in table(seed_lists.EMPLOYEES) if whole else []:
        name = f"{given} {family}"
        _put(books, "Employee", row_id, {**_person(books, name, name), "GivenName": given, "FamilyName": family})


def _items(books: Books, whole: bool) -> None:
    for row_id, name, kind, account, price, cost in table(seed_lists.ITEMS)[: None if whole else 2]:
        body: Json = {
            "Name": name,
            "FullyQualifiedName": name,
            "Type": kind,
            "UnitPrice": Decimal(price or 0),
            "PurchaseCost": Decimal(cost or 0),
            "Taxable": kind == "Inventory",
            "TrackQtyOnHand": kind == "Inventory",
            "IncomeAccountRef": books.named("Account", account),
        }
        if kind == "Inventory":
            body |= {
                "QtyOnHand": 25,
                "InvStartDate": "2025-06-05",
                "AssetAccountRef": books.named("Account", "81"),
                "ExpenseAccountRef": books.named("Account", "80"),
            }
        _put(books, "Item", row_id, body)
