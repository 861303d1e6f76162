"""Names and lists: customers, vendors, items, accounts, terms and the like, with their uniqueness and defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from intuit_sandbox import currencies, faults
from intuit_sandbox.account_types import CLASSIFICATION, OTHER_SUBTYPES, SUBTYPES, TYPE_OF_SUBTYPE
from intuit_sandbox.books import Books, Row
from intuit_sandbox.entities import ENTITIES, NAMES, Entity
from intuit_sandbox.profile import CURRENCY_NAMES

Json = dict[str, Any]
WITHOUT_INCOME = ("Accounts Receivable", "Accounts Payable")
NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")


def draw_up(books: Books, entity: Entity, given: Json, former: Row | None) -> Json:
    """The stored list entry for what the caller gave: defaults filled in, names checked."""
    rule = RULES.get(entity.name)
    body = {**given, **(rule(books, given, former) if rule else {})}
    body.setdefault("Active", True)
    _inactivate(books, entity, body, former)
    _name(books, entity, body, former)
    return body


def _inactivate(books: Books, entity: Entity, body: Json, former: Row | None) -> None:
    """An inactive name gets a suffix and frees its own; an active one loses it."""
    field = entity.name_field
    bare = body[field]
    if former and former.body.get("Active") is False and " (deleted" in bare:
        bare = bare[: bare.rindex(" (deleted")]
    if body["Active"]:
        body[field] = bare
        return
    if former and entity.name == "Customer" and books.owed[former.id]:
        raise faults.has_balance()
    parent = body.get("ParentRef", {}).get("value", "")
    suffix, number = " (deleted)", 0
    while (holder := books.holder_of_name(entity.sequence, parent, bare + suffix)) and (
        former is None or holder != (former.kind, former.id)
    ):
        number += 1
        suffix = f" (deleted-{number})"
    body[field] = bare + suffix


def _name(books: Books, entity: Entity, body: Json, former: Row | None) -> None:
    name = body[entity.name_field]
    parent = body.get("ParentRef", {}).get("value", "")
    holder = books.holder_of_name(entity.sequence, parent, name)
    if holder and (former is None or holder != (former.kind, former.id)):
        raise faults.duplicate_name("customer, vendor or employee" if entity.sequence == NAMES else entity.name.lower())
    if "FullyQualifiedName" not in entity.shape.fields:
        return
    above = books.rows[entity.name].get(parent)
    body["FullyQualifiedName"] = f"{above.body['FullyQualifiedName']}:{name}" if above else name


def _level(books: Books, kind: str, given: Json, own_id: str) -> int:
    """How deep below its parents a name stands; 6180 below the fifth, 900 for a circle."""
    level, parent = 0, given.get("ParentRef", {}).get("value")
    while parent:
        level += 1
        if parent == own_id:
            raise faults.Fault("900", "Parent cannot be child", "A name cannot be below itself.")
        if level > 4:
            raise faults.Fault("6180", "Too many levels", "A name has at most 5 levels.")
        parent = books.rows[kind][parent].body.get("ParentRef", {}).get("value")
    return level


def _person(books: Books, given: Json, former: Row | None) -> Json:
    name = given.get("DisplayName") or " ".join(given[part] for part in NAME_PARTS if given.get(part))
    if not name and former:
        name = former.body["DisplayName"]
    if not name:
        raise faults.no_name()
    return {
        "DisplayName": name,
        "PrintOnCheckName": given.get("PrintOnCheckName") or name,
        "CurrencyRef": _currency(books, given),
    }


def _customer(books: Books, given: Json, former: Row | None) -> Json:
    level = _level(books, "Customer", given, former.id if former else "")
    body = {
        **_person(books, given, former),
        "Taxable": given.get("Taxable", True),
        "Job": level > 0 and given.get("Job", False),
        "BillWithParent": given.get("BillWithParent", False),
        "PreferredDeliveryMethod": given.get("PreferredDeliveryMethod", "Print"),
    }
    if level:
        body["Level"] = level
    if books.profile.tax_world != "global" and "DefaultTaxCodeRef" not in given:
        body["DefaultTaxCodeRef"] = {"value": books.profile.default_tax_code}
    return body


def _currency(books: Books, given: Json) -> Json:
    code = given.get("CurrencyRef", {}).get("value", books.profile.currency)
    return currencies.reference(currencies.usable(books, code))


def _item(books: Books, given: Json, former: Row | None) -> Json:
    kind = given["Type"]
    if kind == "Group":
        raise faults.unsupported_operation("create of a bundle")
    if former and former.body["Type"] == "Inventory" and kind != "Inventory":
        raise faults.business("The type of an inventory item cannot be changed.", "Type")
    needed = {
        "Inventory": ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef", "QtyOnHand", "InvStartDate"),
        "Category": (),
    }.get(kind, ("IncomeAccountRef",))
    for field in needed:
        if field not in given:
            raise faults.missing(field)
    income = given.get("IncomeAccountRef", {}).get("value")
    if income and books.rows["Account"][income].body["AccountType"] in WITHOUT_INCOME:
        raise faults.invalid_account("an income account is needed.", "IncomeAccountRef")
    if kind == "Inventory":
        _tracked_accounts(books, given)
    _level(books, "Item", given, former.id if former else "")
    shown = {"TrackQtyOnHand": kind == "Inventory", "SubItem": "ParentRef" in given}
    if kind != "Category":
        shown |= {
            "Taxable": given.get("Taxable", False),
            "UnitPrice": given.get("UnitPrice", 0),
            "PurchaseCost": given.get("PurchaseCost", 0),
        }
    return shown


def _tracked_accounts(books: Books, given: Json) -> None:
    if not given.get("TrackQtyOnHand"):
        raise faults.missing("TrackQtyOnHand")
    for field, kind in (("ExpenseAccountRef", "Cost of Goods Sold"), ("AssetAccountRef", "Other Current Asset")):
        if books.rows["Account"][given[field]["value"]].body["AccountType"] != kind:
            raise faults.invalid_account(f"an account of type {kind} is needed.", field)


def _account(books: Books, given: Json, former: Row | None) -> Json:
    if '"' in given["Name"]:
        raise faults.invalid_string("Name")
    kind, subtype = given.get("AccountType"), given.get("AccountSubType")
    if subtype:
        kind = _type_of(subtype, kind)
    elif kind in SUBTYPES:
        subtype = SUBTYPES[kind].split()[0]
    else:
        raise faults.invalid_account_type("AccountType or AccountSubType is required.")
    _one_undeposited(books, subtype, former)
    currency = _account_currency(books, given, kind, former)
    parent = given.get("ParentRef", {}).get("value")
    if parent and books.rows["Account"][parent].body["AccountType"] != kind:
        raise faults.Fault("700", "Parent reference is invalid", "The parent account has another type.")
    return {
        "AccountType": kind,
        "AccountSubType": subtype,
        "Classification": CLASSIFICATION[kind],
        "SubAccount": bool(parent),
        "CurrencyRef": currency,
    }


def _account_currency(books: Books, given: Json, kind: str, former: Row | None) -> Json:
    if kind == "Accounts Receivable" and former is None:
        raise faults.invalid_account_type("Accounts receivable are made by QuickBooks, one for each currency.")
    currency = _currency(books, given)
    if currency["value"] != books.profile.currency and kind not in currencies.MAY_BE_FOREIGN:
        raise faults.business(f"An account of type {kind} is kept in the home currency.", "CurrencyRef")
    return currency


def _type_of(subtype: str, kind: str | None) -> str:
    """The type that a subtype belongs to; for the rarer ones the caller must name it."""
    if subtype in OTHER_SUBTYPES and kind in CLASSIFICATION:
        return kind
    if subtype not in TYPE_OF_SUBTYPE:
        raise faults.invalid_account_type(f"Unknown AccountSubType {subtype}.")
    if kind and kind != TYPE_OF_SUBTYPE[subtype]:
        raise faults.invalid_account_type(f"AccountSubType {subtype} is not one of {kind}.")
    return TYPE_OF_SUBTYPE[subtype]


def _one_undeposited(books: Books, subtype: str, former: Row | None) -> None:
    if (
        subtype == "UndepositedFunds"
        and former is None
        and any(row.body["AccountSubType"] == subtype for row in books.of_kind("Account"))
    ):
        raise faults.invalid_account_type("There is one account for undeposited funds only.")


def _term(books: Books, given: Json, former: Row | None) -> Json:
    del books, former
    dated = "DayOfMonthDue" in given
    return {"Type": "DATE_DRIVEN" if dated else "STANDARD", "DiscountPercent": given.get("DiscountPercent", 0)}


def _method(books: Books, given: Json, former: Row | None) -> Json:
    del books, former
    return {"Type": given.get("Type", "NON_CREDIT_CARD")}


def _company_currency(books: Books, given: Json, former: Row | None) -> Json:
    if not books.profile.multicurrency:
        raise faults.feature_not_supported("multicurrency is off.")
    code = given["Code"]
    if code not in currencies.IN_DOLLARS or code == books.profile.currency:
        raise faults.invalid_currency(code)
    if former is None and any(row.body["Code"] == code for row in books.of_kind("CompanyCurrency")):
        raise faults.duplicate_name("currency")
    return {"Name": given.get("Name", CURRENCY_NAMES[code])}


RULES: dict[str, Callable[[Books, Json, Row | None], Json]] = {
    "Customer": _customer,
    "Vendor": _person,
    "Item": _item,
    "Account": _account,
    "Term": _term,
    "PaymentMethod": _method,
    "CompanyCurrency": _company_currency,
}
LISTED_KINDS = frozenset(name for name, entity in ENTITIES.items() if not entity.is_transaction)
