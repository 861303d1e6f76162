"""Lines that both sales and refunds are made of, and how they become a document in each tax world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ledgerport.events.v1 import entity_pb2
from ledgerport_libs.money import Money, total
from qbo_writer.posting import setup, texts
from qbo_writer.posting.amounts import number, unit_price
from qbo_writer.posting.company import Company, Mapped, TaxCode, TaxWorld
from qbo_writer.posting.verdicts import Key, Needs, Problem, refuse

GOODS, DISCOUNT, SHIPPING, TAX, ADJUSTMENT, ROUNDING = (
    "goods",
    "discount",
    "shipping",
    "tax",
    "adjustment",
    "rounding",
)


@dataclass(frozen=True, slots=True)
class BookLine:
    """One line to be booked. `amount` is without tax; `tax` is Shopify's own, taken, never computed."""

    component: str
    item: Key
    description: str
    amount: Money
    quantity: int
    tax: Money
    # The sum of Shopify's rates as decimal text: it chooses a tax code.
    rate: Decimal = Decimal(0)
    # A discount holds no tax of its own, yet takes from the amount that tax is due on.
    lowers_taxed: bool = False

    @property
    def taxed(self) -> bool:
        return bool(self.tax) or self.lowers_taxed


def item_of(line: entity_pb2.OrderLine) -> Key:
    """The record of the item that a line sells; a line without a variant sells the custom item."""
    return ("product", line.variant_id) if line.variant_id else setup.CUSTOM_ITEM


def describe(line: entity_pb2.OrderLine) -> str:
    parts = [texts.clean(line.title, 300), texts.clean(line.variant_title, 200)]
    return " / ".join(part for part in parts if part)


def tax_of(lines: Iterable[entity_pb2.TaxLine], currency: str) -> Money:
    return total((Money.from_proto(line.amount) for line in lines), currency)


def rate_of(lines: Iterable[entity_pb2.TaxLine]) -> Decimal:
    """The summed rate; NaN where Shopify's text is no number, which no tax code matches."""
    try:
        return sum((Decimal(line.rate or "0") for line in lines), Decimal(0))
    except InvalidOperation:
        return Decimal("NaN")


def balance(lines: list[BookLine], wanted: Money, zero: Money, *, may_round: bool) -> Problem | None:
    """Make the lines add up to `wanted`: a rounding line for converted amounts, otherwise a named problem."""
    booked = total((line.amount + line.tax for line in lines), wanted.currency)
    difference = wanted - booked
    if not difference:
        return None
    if may_round and abs(difference.minor) <= max(1, len(lines)):
        lines.append(BookLine(ROUNDING, setup.ROUNDING_ITEM, "Rounding", difference, 1, zero))
        return None
    return refuse(
        "AMOUNTS_DO_NOT_ADD_UP",
        f"Shopify says {wanted} {wanted.currency}; its parts add up to {booked}.",
        "A part of this order is of a kind that is not booked yet, or Shopify's own figures disagree.",
        "Look at the order in Shopify; tell support if all its figures look right.",
    )


def shopify_side(lines: Iterable[BookLine], wanted: Money) -> dict[str, Money]:
    """The equation's left side: what each component is worth at Shopify, and the whole."""
    side: dict[str, Money] = {}
    for line in lines:
        zero = Money.zero(wanted.currency)
        side[line.component] = side.get(line.component, zero) + line.amount
        side[TAX] = side.get(TAX, zero) + line.tax
    return {**side, "total": wanted}


@dataclass(frozen=True, slots=True)
class Rendered:
    """Lines and tax as QuickBooks reads them, with the item ids that tell the components apart."""

    body: Mapping[str, Any]
    component_of_item: Mapping[str, str]


def render(lines: Sequence[BookLine], company: Company, mapped: Mapped, zero: Money) -> Rendered | Needs | Problem:
    """The Line and tax members of a sales document, in the way of the company's tax world."""
    tax = total((line.tax for line in lines), zero.currency)
    if company.tax_world is TaxWorld.GLOBAL:
        return _render_global(lines, company, mapped)
    as_line = bool(tax) and not _can_hold_tax(company)
    booked = [*lines, BookLine(TAX, setup.TAX_ITEM, "Sales tax", tax, 1, zero)] if as_line else list(lines)
    if needs := _missing(booked, mapped):
        return needs
    body: dict[str, Any] = {
        "Line": [_line(line, mapped, "TAX" if line.taxed and not as_line else "NON") for line in booked]
    }
    if tax and not as_line:
        detail: dict[str, Any] = {"TotalTax": number(tax)}
        if company.tax_world is TaxWorld.US_MANUAL:
            detail["TxnTaxCodeRef"] = {"value": company.default_tax_code}
        body["TxnTaxDetail"] = detail
    return Rendered(body, _components(booked, mapped))


def _can_hold_tax(company: Company) -> bool:
    """Whether an explicit TotalTax has a place: automated tax prorates it; manual tax needs a code of one rate."""
    if company.tax_world is TaxWorld.US_AUTOMATED:
        return True
    code = company.tax_code(company.default_tax_code)
    return company.tax_world is TaxWorld.US_MANUAL and code is not None and len(code.rates) == 1


def _render_global(lines: Sequence[BookLine], company: Company, mapped: Mapped) -> Rendered | Needs | Problem:
    """Outside the US: net lines, each with a tax code, and our own tax line for each code's rate."""
    if needs := _missing(lines, mapped):
        return needs
    rendered, taxes = [], dict[str, tuple[TaxCode, Money, Money]]()
    for line in lines:
        code = next((c for c in company.tax_codes if _matches(c, line.rate * 100)), None)
        if code is None:
            return refuse(
                "TAX_CODE_NOT_MAPPED",
                f"No tax code in QuickBooks has the rate of {(line.rate * 100).normalize():f} %.",
                f"Shopify taxed “{line.description}” at that rate.",
                "Set up a tax code of that rate in QuickBooks, then retry.",
            )
        rendered.append(_line(line, mapped, code.qbo_id))
        _, net, tax = taxes.get(code.qbo_id, (code, Money.zero(line.amount.currency), Money.zero(line.amount.currency)))
        taxes[code.qbo_id] = (code, net + line.amount, tax + line.tax)
    tax_lines = [_tax_line(code, net, tax) for code, net, tax in taxes.values()]
    whole = total((tax for _, _, tax in taxes.values()), lines[0].amount.currency) if lines else None
    detail = {"TotalTax": number(whole), "TaxLine": tax_lines} if whole is not None else {}
    body = {"GlobalTaxCalculation": "TaxExcluded", "Line": rendered, "TxnTaxDetail": detail}
    return Rendered(body, _components(lines, mapped))


def _matches(code: TaxCode, percent: Decimal) -> bool:
    return len(code.rates) == 1 and Decimal(code.rates[0][1]) == percent


def _tax_line(code: TaxCode, net: Money, tax: Money) -> dict[str, Any]:
    rate_id, percent = code.rates[0]
    return {
        "Amount": number(tax),
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": {
            "TaxRateRef": {"value": rate_id},
            "PercentBased": True,
            "TaxPercent": Decimal(percent),
            "NetAmountTaxable": number(net),
        },
    }


def _missing(lines: Iterable[BookLine], mapped: Mapped) -> Needs | None:
    missing = dict.fromkeys(line.item for line in lines if line.item not in mapped)
    return Needs(tuple(missing)) if missing else None


def _components(lines: Iterable[BookLine], mapped: Mapped) -> dict[str, str]:
    return {mapped[line.item]: line.component for line in lines}


def _line(line: BookLine, mapped: Mapped, tax_code: str) -> dict[str, Any]:
    detail: dict[str, Any] = {"ItemRef": {"value": mapped[line.item]}, "TaxCodeRef": {"value": tax_code}}
    price = unit_price(line.amount, line.quantity)
    quantity = line.quantity if price is not None else 1
    detail |= {"Qty": quantity, "UnitPrice": price if price is not None else number(line.amount)}
    return {
        "Amount": number(line.amount),
        "DetailType": "SalesItemLineDetail",
        "Description": line.description,
        "SalesItemLineDetail": detail,
    }
