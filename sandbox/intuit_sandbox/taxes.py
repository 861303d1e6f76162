"""Sales tax in its three worlds: US by hand, US automated, and the rest of the world."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from intuit_sandbox import faults
from intuit_sandbox.books import Books, Entry, Row
from intuit_sandbox.money import HUNDRED, amount, minor, percent_of, share

Json = dict[str, Any]
PSEUDO_CODES = ("TAX", "NON")


@dataclass(slots=True)
class Tax:
    """The tax of one document: what is shown, the total in cents, and the liability accounts it lands on."""

    detail: Json = field(default_factory=lambda: {"TotalTax": amount(0)})
    total: int = 0
    entries: list[Entry] = field(default_factory=list)


def us_line_code(given: str | None, item: Row | None) -> str:
    """TAX or NON of a line in a US company; without one the item decides."""
    if given is None:
        return "TAX" if item is not None and item.body.get("Taxable") else "NON"
    if given not in PSEUDO_CODES:
        raise faults.invalid_line_tax_code(given)
    return given


def rates_of(books: Books, code: str, applied_on: str = "Sales") -> list[Row]:
    """The rates that a sale (or purchase) under this tax code pays; 2500 for a code that is none."""
    row = books.referred("TaxCode", code, "TaxCodeRef")
    details = row.body.get(f"{applied_on}TaxRateList", {}).get("TaxRateDetail", [])
    return [books.rows["TaxRate"][detail["TaxRateRef"]["value"]] for detail in details]


def us_tax(books: Books, given: Json | None, base: int) -> Tax:
    """Tax on the taxable cents of a US document."""
    if not books.profile.using_sales_tax or (given is None and books.profile.tax_world == "manual"):
        return Tax()
    if books.profile.tax_world == "automated":
        return _automated(books, given or {}, base)
    return _manual(books, given or {}, base)


def _manual(books: Books, given: Json, base: int) -> Tax:
    code = given.get("TxnTaxCodeRef", {}).get("value") or books.profile.default_tax_code
    rates = rates_of(books, code)
    if not rates:
        raise faults.invalid_tax_rate(f"Tax code {code} has no rate.")
    if base == 0:
        return Tax({"TxnTaxCodeRef": {"value": code}, "TotalTax": amount(0), "TaxLine": []})
    if given.get("TaxLine"):
        cents = _from_tax_lines(given, rates)
    elif "TotalTax" not in given:
        cents = [percent_of(base, Decimal(rate.body["RateValue"])) for rate in rates]
    elif len(rates) > 1:
        raise faults.business("A tax code with several rates needs one TaxLine for each rate.", "TxnTaxDetail")
    else:
        cents = [minor(given["TotalTax"])]
    return _told(books, {"TxnTaxCodeRef": {"value": code}}, [(r, base, c) for r, c in zip(rates, cents, strict=True)])


def _automated(books: Books, given: Json, base: int) -> Tax:
    """Automated sales tax: the code is always its own; an explicit total is kept, ignored or shifted by setting."""
    profile = books.profile
    rates = rates_of(books, profile.default_tax_code)
    if base == 0:
        return Tax()
    computed = [percent_of(base, Decimal(rate.body["RateValue"])) for rate in rates]
    explicit = given.get("TotalTax")
    if explicit is None or given.get("UseAutomatedSalesTax") or profile.automated_total == "ignored":
        cents = computed
    else:
        shift = profile.automated_shift_minor if profile.automated_total == "shifted" else 0
        cents = share(minor(explicit) + shift, [minor(Decimal(rate.body["RateValue"])) for rate in rates])
    head = {"TxnTaxCodeRef": {"value": profile.default_tax_code}}
    return _told(books, head, [(r, base, c) for r, c in zip(rates, cents, strict=True)])


def _from_tax_lines(given: Json, rates: list[Row]) -> list[int]:
    by_rate = _amounts_by_rate(given)
    if foreign := by_rate.keys() - {rate.id for rate in rates}:
        raise faults.invalid_tax_rate(f"Tax rate {min(foreign)} does not belong to the tax code.")
    return [by_rate.get(rate.id, 0) for rate in rates]


def _amounts_by_rate(given: Json) -> dict[str, int]:
    by_rate: defaultdict[str, int] = defaultdict(int)
    for line in given["TaxLine"]:
        rate = line.get("TaxLineDetail", {}).get("TaxRateRef", {}).get("value")
        if rate is None or "Amount" not in line:
            raise faults.missing("TaxLine.TaxLineDetail.TaxRateRef")
        by_rate[rate] += minor(line["Amount"])
    if "TotalTax" in given and minor(given["TotalTax"]) != sum(by_rate.values()):
        raise faults.business("The tax lines do not add up to the total tax.", "TxnTaxDetail")
    return by_rate


def _told(books: Books, head: Json, parts: list[tuple[Row, int, int]]) -> Tax:
    """A Tax of (rate, base, cents) parts."""
    lines, entries, total = [], [], 0
    for rate, base, cents in parts:
        lines.append(_tax_line(rate, base, cents))
        entries.append((liability_account(books, rate), cents))
        total += cents
    return Tax({**head, "TotalTax": amount(total), "TaxLine": lines}, total, entries)


def _tax_line(rate: Row, base: int, cents: int) -> Json:
    return {
        "Amount": amount(cents),
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": {
            "TaxRateRef": {"value": rate.id},
            "PercentBased": True,
            "TaxPercent": rate.body["RateValue"],
            "NetAmountTaxable": amount(base),
        },
    }


def liability_account(books: Books, rate: Row) -> str:
    """The account on which this rate's agency is owed."""
    accounts = books.profile.agency_accounts
    return accounts.get(rate.body["AgencyRef"]["value"]) or next(iter(accounts.values()))


@dataclass(slots=True)
class GlobalLine:
    """A line of a company outside the US: its cents (gross if inclusive, net afterwards) and its tax code."""

    cents: int
    code: str | None
    gross: int = 0


def line_code_required(code: str | None) -> str:
    if code is None:
        raise faults.business("Make sure all your transactions have a GST/VAT rate before you save.", "TaxCodeRef")
    return code


def kept(books: Books, detail: Json) -> Tax:
    """The tax of a document as it is stored."""
    entries = []
    for line in detail.get("TaxLine", []):
        rate = books.rows["TaxRate"][line["TaxLineDetail"]["TaxRateRef"]["value"]]
        entries.append((liability_account(books, rate), minor(line["Amount"])))
    return Tax(detail, minor(detail.get("TotalTax", 0)), entries)


def global_tax(books: Books, mode: str, given: Json | None, lines: list[GlobalLine], applied_on: str = "Sales") -> Tax:
    """Tax per rate over the summed net amounts; inclusive lines are made net in place."""
    if mode == "NotApplicable" or not books.profile.using_sales_tax:
        if mode == "NotApplicable" and given:
            raise faults.tax_detail_not_allowed()
        return Tax()
    codes = {code: rates_of(books, code, applied_on) for code in {line_code_required(line.code) for line in lines}}
    if mode == "TaxInclusive":
        _make_net(lines, codes)
    bases: defaultdict[str, int] = defaultdict(int)
    rates: dict[str, Row] = {}
    for line in lines:
        for rate in codes[line.code or ""]:
            bases[rate.id] += line.cents
            rates[rate.id] = rate
    computed = {key: percent_of(base, Decimal(rates[key].body["RateValue"])) for key, base in bases.items()}
    supplied = _supplied(books, given or {}, computed)
    tax = _told(books, {}, [(rates[key], bases[key], supplied[key]) for key in computed])
    for line, (key, own) in zip(tax.detail["TaxLine"], computed.items(), strict=True):
        if supplied[key] != own:
            line["TaxLineDetail"]["OverrideDeltaAmount"] = amount(supplied[key] - own)
    return tax


def _supplied(books: Books, given: Json, computed: dict[str, int]) -> dict[str, int]:
    """The caller's own tax amounts where they are near enough, else what was computed."""
    if given.get("TaxLine"):
        by_rate = _amounts_by_rate(given)
        if foreign := by_rate.keys() - computed.keys():
            raise faults.invalid_tax_rate(f"Tax rate {min(foreign)} is on none of the lines.")
        supplied = {key: by_rate.get(key, 0) for key in computed}
    elif "TotalTax" in given and len(computed) == 1:
        supplied = dict.fromkeys(computed, minor(given["TotalTax"]))
    else:
        return computed
    if any(abs(supplied[key] - own) > books.profile.global_tolerance_minor for key, own in computed.items()):
        raise faults.business("The tax amount differs too much from the rate.", "TxnTaxDetail")
    return supplied


def _make_net(lines: list[GlobalLine], codes: dict[str, list[Row]]) -> None:
    groups: defaultdict[str, list[GlobalLine]] = defaultdict(list)
    for line in lines:
        groups[line.code or ""].append(line)
    for code, members in groups.items():
        percent = sum((Decimal(rate.body["RateValue"]) for rate in codes[code]), Decimal(0))
        gross = sum(line.cents for line in members)
        net = minor(amount(gross) * HUNDRED / (HUNDRED + percent))
        for line, part in zip(members, share(net, [line.cents for line in members]), strict=True):
            line.gross, line.cents = line.cents, part
