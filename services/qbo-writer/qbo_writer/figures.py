"""Reading figures out of QuickBooks' answers, and holding them against Shopify's to the cent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledgerport_libs.money import EXPONENT, Money
from qbo_writer.posting.posted import GIVES_BACK, SALES
from qbo_writer.posting.verdicts import Document

Proof = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a claimed document must come to; all empty for one that holds no money."""

    total: Money | None = None
    components: Mapping[str, Money] = field(default_factory=dict)
    component_of_item: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Document) -> Expected:
        return cls(document.total, document.components, document.component_of_item)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Expected:
        """What `stored` wrote."""
        if not stored:
            return cls()
        currency = stored["currency"]
        components = {name: Money(amount, currency) for name, amount in stored["components"].items()}
        return cls(Money(stored["total"], currency), components, stored["items"])

    def stored(self) -> dict[str, Any]:
        if self.total is None:
            return {}
        components = {name: amount.minor for name, amount in self.components.items()}
        return {
            "total": self.total.minor,
            "currency": self.total.currency,
            "components": components,
            "items": dict(self.component_of_item),
        }


def minor(value: object, currency: str) -> int:
    """A figure of QuickBooks' in the smallest unit of the currency."""
    return int(Decimal(str(value)).scaleb(EXPONENT[currency]).to_integral_value())


def total_of(made: Mapping[str, Any], currency: str) -> int:
    """What a document comes to. QuickBooks states 0 for every journal entry: there it is the sum of its debits."""
    debits = [
        minor(line.get("Amount", 0), currency)
        for line in made.get("Line", [])
        if (line.get("JournalEntryLineDetail") or {}).get("PostingType") == "Debit"
    ]
    return sum(debits) if debits else minor(made.get("TotalAmt", 0), currency)


def proof_of(expected: Expected, made: Mapping[str, Any]) -> Proof:
    """The equation: each component at Shopify, and in the document as QuickBooks answered it."""
    if expected.total is None:
        return []
    currency = expected.total.currency
    if not expected.components:
        row = {"name": "total", "shopify": expected.total.minor, "quickbooks": total_of(made, currency)}
        return [{**row, "currency": currency}]
    booked = dict.fromkeys(expected.components, 0)
    for line in made.get("Line", []):
        item = ((line.get("SalesItemLineDetail") or {}).get("ItemRef") or {}).get("value")
        component = expected.component_of_item.get(str(item))
        if component is not None:
            booked[component] = booked.get(component, 0) + minor(line.get("Amount", 0), currency)
    tax = (made.get("TxnTaxDetail") or {}).get("TotalTax", 0)
    booked["tax"] = booked.get("tax", 0) + minor(tax, currency)
    booked["total"] = total_of(made, currency)
    zero = Money.zero(currency)
    return [
        {"name": name, "shopify": expected.components.get(name, zero).minor, "quickbooks": amount, "currency": currency}
        for name, amount in booked.items()
    ]


def difference_of(expected: Expected, made: Mapping[str, Any]) -> str:
    """Never "a cent is fine": the difference in a sentence, or empty when the answer's total is Shopify's."""
    if expected.total is None:
        return ""
    booked = Money(total_of(made, expected.total.currency), expected.total.currency)
    if booked == expected.total:
        return ""
    return f"QuickBooks made it {booked}, Shopify says {expected.total} {expected.total.currency}."


def proof_over(kind: str, documents: Iterable[tuple[str, Proof]]) -> Proof:
    """The equation over all documents (entity, proof) of one record.

    What gives back counts against a sale, and the other way round in a refund. What only settles (payments of nothing,
    journal entries) is no part of it, but for a payment's own record.
    """
    whole: dict[str, dict[str, Any]] = {}
    for entity, proof in documents:
        if kind != "payment" and entity not in SALES:
            continue
        sign = -1 if kind != "payment" and (entity in GIVES_BACK) != (kind == "refund") else 1
        for row in proof:
            into = whole.setdefault(row["name"], {**row, "shopify": 0, "quickbooks": 0})
            into["shopify"] += sign * row["shopify"]
            into["quickbooks"] += sign * row["quickbooks"]
    return list(whole.values())
