"""What may stand for what, and which matches are clear enough to be proposed. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from qbo_writer.account_roles import CLEARING_TYPES, unfit_account
from qbo_writer.posting.company import Name, TaxCode, fold
from qbo_writer.sync_config_rules import NOT_SOLD

PRODUCT, CUSTOMER, GATEWAY, TAX = "product", "customer", "gateway", "tax"
KINDS = (PRODUCT, CUSTOMER, GATEWAY, TAX)
# In which list of the company each kind is looked for. Tax codes are kept apart from the lists of names.
LIST_OF = {PRODUCT: "Item", CUSTOMER: "Customer", GATEWAY: "Account", TAX: "TaxCode"}
Index = Mapping[str, list[Name]]
_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")


@dataclass(frozen=True, slots=True)
class Source:
    """A thing of the store's: `detail` is its SKU or e-mail address."""

    source_id: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Two that are the same, and why."""

    source: Source
    name: Name
    because: str


def unfit(kind: str, name: Name | None) -> str:
    """Why this cannot stand for a thing of this kind, in a sentence; empty where it can."""
    if name is None:
        return f"This {_WORDS[kind]} is not in QuickBooks any longer. Choose another one."
    if kind == GATEWAY:
        return unfit_account(name, "a clearing account", CLEARING_TYPES)
    if not name.active:
        return (
            f"The {_WORDS[kind]} “{name.name}” is inactive in QuickBooks. Choose another one, or make it active there."
        )
    if kind == PRODUCT and name.type in NOT_SOLD:
        what = "category" if name.type == "Category" else "bundle"
        return f"“{name.name}” is a {what}, which cannot be sold by itself. Choose a product or service."
    return ""


def as_names(codes: Iterable[TaxCode]) -> list[Name]:
    """Sales tax codes as rows of a list; the rate stands where an item has its SKU."""
    return [Name(LIST_OF[TAX], code.qbo_id, code.name, True, sku=f"{rate_of(code)} %") for code in codes]


def rate_of(code: TaxCode) -> Decimal:
    """The percents of all rates of a code together."""
    return sum((Decimal(percent) for _, percent in code.rates), Decimal(0)).normalize() + 0


def clear_matches(kind: str, sources: Sequence[Source], names: Sequence[Name]) -> list[Match]:
    """One match at most for each source, and none where two would do."""
    usable = [name for name in names if not unfit(kind, name)]
    by_name, by_detail = _index(usable, lambda n: [n.name]), _index(usable, _details)
    rules = {PRODUCT: _product, CUSTOMER: _customer, GATEWAY: _gateway, TAX: _tax}
    found = (rules[kind](source, by_name, by_detail) for source in sources)
    return [match for match in found if match]


def _index(names: Iterable[Name], texts: Callable[[Name], list[str]]) -> Index:
    found: defaultdict[str, list[Name]] = defaultdict(list)
    for name in names:
        for text in texts(name):
            if fold(text):
                found[fold(text)].append(name)
    return found


def _details(name: Name) -> list[str]:
    return name.email.split(",") if name.list == "Customer" else [name.sku]


def _product(source: Source, by_name: Index, by_sku: Index) -> Match | None:
    same_sku = by_sku.get(fold(source.detail), []) if source.detail else []
    if same_sku:
        return Match(source, same_sku[0], "Same SKU") if len(same_sku) == 1 else None
    same_name = by_name.get(fold(source.name), [])
    if len(same_name) == 1 and not (source.detail and same_name[0].sku):
        return Match(source, same_name[0], "Same name")
    return None


def _customer(source: Source, by_name: Index, by_email: Index) -> Match | None:
    same_email = by_email.get(fold(source.detail), []) if source.detail else []
    both = [name for name in same_email if fold(name.name) == fold(source.name)]
    if len(both) == 1:
        return Match(source, both[0], "Same e-mail and name")
    if same_email:
        return Match(source, same_email[0], "Same e-mail") if len(same_email) == 1 else None
    same_name = by_name.get(fold(source.name), [])
    if len(same_name) == 1 and not (source.detail and same_name[0].email):
        return Match(source, same_name[0], "Same name")
    return None


def _gateway(source: Source, by_name: Index, _: Index) -> Match | None:
    for wanted in (f"{source.name} Clearing", source.name):
        found = by_name.get(fold(wanted), [])
        if len(found) == 1:
            return Match(source, found[0], "Same name")
    return None


def _tax(source: Source, by_name: Index, by_rate: Index) -> Match | None:
    found = by_name.get(fold(source.name), [])
    if len(found) == 1:
        return Match(source, found[0], "Same name")
    rate = _RATE.search(source.name)
    same_rate = by_rate.get(f"{Decimal(rate[1]).normalize() + 0} %", []) if rate else []
    return Match(source, same_rate[0], "The only code of this rate") if len(same_rate) == 1 else None


_WORDS = {PRODUCT: "item", CUSTOMER: "customer", GATEWAY: "account", TAX: "tax code"}
