"""How lines become the Line and tax members of a document, in each of the tax worlds. Tax is taken, never computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from qbo_writer.posting import setup
from qbo_writer.posting.amounts import number, unit_price
from qbo_writer.posting.company import Company, Mapped, TaxCode, TaxWorld
from qbo_writer.posting.lines import BookLine
from qbo_writer.posting.pieces import Component, Tax
from qbo_writer.posting.verdicts import Needs, Problem, refuse

UNTAXED = "Not taxed"


@dataclass(frozen=True, slots=True)
class Rendered:
    """Lines and tax as QuickBooks reads them, with the item ids that tell the components apart."""

    body: Mapping[str, Any]
    component_of_item: Mapping[str, str]


def render(
    lines: Sequence[BookLine], company: Company, mapped: Mapped, currency: str, *, tax_as_line: bool
) -> Rendered | Needs | Problem:
    """`tax_as_line`: put the tax on a liability item of its own, which QuickBooks cannot change."""
    if tax_as_line or _tax_on_nothing(lines):
        return _with_tax_line(lines, company, mapped, currency)
    match company.tax_world:
        case TaxWorld.GLOBAL:
            return _global(lines, company, mapped, currency)
        case TaxWorld.US_AUTOMATED:
            detail = {"TotalTax": number(_tax(lines), currency)}
            return _us(lines, mapped, currency, detail)
        case TaxWorld.US_MANUAL:
            manual = _us_manual_detail(lines, company, mapped, currency)
            return _us(lines, mapped, currency, manual) if manual else _with_tax_line(lines, company, mapped, currency)
        case _:
            return _with_tax_line(lines, company, mapped, currency)


def _tax_on_nothing(lines: Sequence[BookLine]) -> bool:
    """A cent of tax without an amount that it is due on (the rest of a shared refund) has no place among tax rates."""
    tax, net = _tax(lines), sum(line.amount for line in lines if line.taxed)
    return tax != 0 and (net == 0 or (net > 0) != (tax > 0))


def tax_key(taxes: Iterable[Tax]) -> str:
    """How the taxes of a line are called in the mapping of tax codes: "Sales tax 8.25 %", "GST 5 % + QST 9.975 %"."""
    named = {f"{tax.title} {tax.percent.normalize():f} %" for tax in taxes}
    return " + ".join(sorted(named)) or UNTAXED


def _tax(lines: Iterable[BookLine]) -> int:
    return sum(line.tax for line in lines)


def _with_tax_line(
    lines: Sequence[BookLine], company: Company, mapped: Mapped, currency: str
) -> Rendered | Needs | Problem:
    """Always exact, in every company; QuickBooks' own tax reports do not see it."""
    tax = _tax(lines)
    booked = list(lines)
    if tax:
        booked.append(BookLine(Component.TAX, setup.TAX_ITEM, "Sales tax", tax))
    if needs := _missing(booked, mapped):
        return needs
    code = "NON"
    if company.tax_world is TaxWorld.GLOBAL:
        untaxed = _code_for((), company, mapped)
        if untaxed is None:
            return _no_code(UNTAXED, "Sales tax")
        code = untaxed.qbo_id
    body: dict[str, Any] = {"Line": [_line(line, mapped, code, currency) for line in booked]}
    if company.tax_world is TaxWorld.GLOBAL:
        body["GlobalTaxCalculation"] = "TaxExcluded"
    return Rendered(body, _components(booked, mapped))


def _us(lines: Sequence[BookLine], mapped: Mapped, currency: str, detail: dict[str, Any]) -> Rendered | Needs:
    if needs := _missing(lines, mapped):
        return needs
    body: dict[str, Any] = {"Line": [_line(each, mapped, "TAX" if each.taxed else "NON", currency) for each in lines]}
    if _tax(lines):
        body["TxnTaxDetail"] = detail
    return Rendered(body, _components(lines, mapped))


def _us_manual_detail(
    lines: Sequence[BookLine], company: Company, mapped: Mapped, currency: str
) -> dict[str, Any] | None:
    """One tax code holds the whole document's tax; None where the code's rates cannot take Shopify's amounts apart."""
    chosen = {mapped[("tax", key)] for line in lines if line.tax and ("tax", key := tax_key(line.taxes)) in mapped}
    code = company.tax_code(chosen.pop() if len(chosen) == 1 else company.default_tax_code)
    if code is None:
        return None
    detail: dict[str, Any] = {"TxnTaxCodeRef": {"value": code.qbo_id}, "TotalTax": number(_tax(lines), currency)}
    if len(code.rates) == 1:
        return detail
    shares = _by_rate(code, [(line.amount, line.taxes) for line in lines if line.taxed])
    if shares is None:
        return None
    detail["TaxLine"] = [_tax_line(*share, currency) for share in shares]
    return detail


def _global(lines: Sequence[BookLine], company: Company, mapped: Mapped, currency: str) -> Rendered | Needs | Problem:
    """Outside the US: net lines, each with a tax code, and our own tax line for each rate of each code."""
    if needs := _missing(lines, mapped):
        return needs
    rendered, by_code = [], dict[str, list[tuple[int, tuple[Tax, ...]]]]()
    for line in lines:
        code = _code_for(line.taxes, company, mapped)
        if code is None:
            return _no_code(tax_key(line.taxes), line.description)
        rendered.append(_line(line, mapped, code.qbo_id, currency))
        by_code.setdefault(code.qbo_id, []).append((line.amount, line.taxes))
    tax_lines = []
    for code_id, parts in by_code.items():
        code = company.tax_code(code_id)
        shares = _by_rate(code, parts) if code is not None else None
        if shares is None:
            return _no_code(tax_key(parts[0][1]), "one of its lines")
        tax_lines += [_tax_line(*share, currency) for share in shares]
    detail = {"TotalTax": number(_tax(lines), currency), "TaxLine": tax_lines} if lines else {}
    body = {"GlobalTaxCalculation": "TaxExcluded", "Line": rendered, "TxnTaxDetail": detail}
    return Rendered(body, _components(lines, mapped))


def _code_for(taxes: Sequence[Tax], company: Company, mapped: Mapped) -> TaxCode | None:
    """The code a person chose for these taxes; else the first whose rates are exactly theirs."""
    chosen = ("tax", tax_key(taxes))
    if chosen in mapped and (code := company.tax_code(mapped[chosen])):
        return code
    wanted = sorted(tax.percent for tax in taxes if tax.percent) or [Decimal(0)]
    for code in company.tax_codes:
        if code.rates and sorted(Decimal(percent) for _, percent in code.rates) == wanted:
            return code
    if len(wanted) > 1:
        return next((code for code in company.tax_codes if _single(code) == sum(wanted)), None)
    return None


def _single(code: TaxCode) -> Decimal | None:
    return Decimal(code.rates[0][1]) if len(code.rates) == 1 else None


def _by_rate(code: TaxCode, parts: Sequence[tuple[int, tuple[Tax, ...]]]) -> list[tuple[str, str, int, int]] | None:
    """(rate id, percent, net, tax) for each rate of the code; None where a tax belongs to none of several rates."""
    net = sum(amount for amount, _ in parts)
    taxes = [tax for _, each in parts for tax in each if tax.amount]
    if len(code.rates) == 1:
        return [(*code.rates[0], net, sum(tax.amount for tax in taxes))]
    shares = {rate_id: 0 for rate_id, _ in code.rates}
    for tax in taxes:
        rate_id = next((rate_id for rate_id, percent in code.rates if Decimal(percent) == tax.percent), None)
        if rate_id is None:
            return None
        shares[rate_id] += tax.amount
    return [(rate_id, percent, net, shares[rate_id]) for rate_id, percent in code.rates]


def _tax_line(rate_id: str, percent: str, net: int, tax: int, currency: str) -> dict[str, Any]:
    return {
        "Amount": number(tax, currency),
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": {
            "TaxRateRef": {"value": rate_id},
            "PercentBased": True,
            "TaxPercent": Decimal(percent),
            "NetAmountTaxable": number(net, currency),
        },
    }


def _no_code(key: str, description: str) -> Problem:
    return refuse(
        "TAX_CODE_NOT_MAPPED",
        f"No tax code in QuickBooks stands for “{key}”.",
        f"Shopify taxed “{description}” that way.",
        "Choose a tax code for it under Mapping › Taxes, or set one up in QuickBooks; it then goes on by itself.",
    )


def _missing(lines: Iterable[BookLine], mapped: Mapped) -> Needs | None:
    missing = dict.fromkeys(line.item for line in lines if line.item not in mapped)
    return Needs(tuple(missing)) if missing else None


def _components(lines: Iterable[BookLine], mapped: Mapped) -> dict[str, str]:
    return {mapped[line.item]: line.component.value for line in lines}


def _line(line: BookLine, mapped: Mapped, tax_code: str, currency: str) -> dict[str, Any]:
    detail: dict[str, Any] = {"ItemRef": {"value": mapped[line.item]}, "TaxCodeRef": {"value": tax_code}}
    price = unit_price(line.amount, line.quantity, currency)
    quantity = line.quantity if price is not None else 1
    detail |= {"Qty": quantity, "UnitPrice": price if price is not None else number(line.amount, currency)}
    return {
        "Amount": number(line.amount, currency),
        "DetailType": "SalesItemLineDetail",
        "Description": line.description,
        "SalesItemLineDetail": detail,
    }
