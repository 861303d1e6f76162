"""Arithmetic on smallest units: printing, splitting and taking tax, always exact integers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from shopify_sandbox.model import TaxRate
from shopify_sandbox.order_records import Exchange, TaxLine

DECIMALS = {"USD": 2, "GBP": 2, "EUR": 2, "CAD": 2, "AUD": 2, "CHF": 2, "MXN": 2, "JPY": 0, "KWD": 3}
WHOLE = 100_000


def fixed(amount: int, currency: str) -> str:
    """REST money: as many decimals as the currency has (`19.00`)."""
    places = DECIMALS[currency]
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def trimmed(amount: int, currency: str) -> str:
    """GraphQL money: trailing zeros away but one decimal kept (`19.0`, `5.9`)."""
    text = fixed(amount, currency)
    if "." not in text:
        return text + ".0"
    text = text.rstrip("0")
    return text + "0" if text.endswith(".") else text


def parse(text: str, currency: str) -> int:
    """Decimal text of a person or a control call → smallest units; ValueError when too fine."""
    places = DECIMALS[currency]
    whole, _, rest = text.strip().partition(".")
    if len(rest) > places or not (whole.lstrip("-") + rest).isdigit():
        raise ValueError(f"{text!r} is no amount in {currency}")
    units = int((whole.lstrip("-") or "0") + rest.ljust(places, "0"))
    return -units if whole.startswith("-") else units


def half_up(numerator: int, denominator: int) -> int:
    """Division rounded half up, for amounts that are not negative."""
    return (2 * numerator + denominator) // (2 * denominator)


def converted(amount: int, currency: str, exchange: Exchange | None) -> int:
    """Shop money of one amount, rounded half up by itself; a debit and its credit are worth the same."""
    if exchange is None:
        return amount
    numerator, denominator = _worth(currency, exchange.currency, exchange.rate)
    worth = half_up(abs(amount) * numerator, denominator)
    return -worth if amount < 0 else worth


def unconverted(amount: int, currency: str, exchange: Exchange) -> int:
    """What a price in shop money is in the buyer's currency."""
    numerator, denominator = _worth(currency, exchange.currency, exchange.rate)
    return half_up(amount * denominator, numerator)


@cache
def _worth(currency: str, shop_currency: str, rate: str) -> tuple[int, int]:
    """Smallest units of the shop for smallest units of the buyer, as a fraction; ValueError for no rate."""
    whole, _, rest = rate.partition(".")
    if not (whole + rest).isdigit() or not int(whole + rest):
        raise ValueError(f"{rate!r} is no rate")
    return int(whole + rest) * 10 ** DECIMALS[shop_currency], 10 ** (len(rest) + DECIMALS[currency])


def rounded_cash(amount: int, step: int) -> int:
    """To the nearest multiple of what coins can say; half of one up."""
    return half_up(amount, step) * step if step else amount


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Share by weight; units that do not divide go one at a time to the first lines that have room."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [amount * weight // whole for weight in weights]
    left = amount - sum(parts)
    for index, weight in enumerate(weights):
        if left and parts[index] < weight:
            parts[index] += 1
            left -= 1
    return parts


def taxes_of(amount: int, rates: Sequence[TaxRate], included: bool, *, channel_liable: bool = False) -> list[TaxLine]:
    """Tax of one line after discounts, each tax rounded by itself; taken out of the amount when included."""
    base = WHOLE + (sum(rate.parts for rate in rates) if included else 0)
    return [
        TaxLine(
            title=rate.title, rate=rate.rate, amount=half_up(amount * rate.parts, base), channel_liable=channel_liable
        )
        for rate in rates
    ]


def share(amount: int, part: int, whole: int) -> int:
    """What `part` of `whole` units is worth; taking the rest later gives exactly what is left."""
    return amount * part // whole if whole else 0


def add_taxes(*groups: Sequence[TaxLine]) -> list[TaxLine]:
    """Sum by title, rate and who remits, in order of first appearance."""
    sums: dict[tuple[str, str, bool], TaxLine] = {}
    for group in groups:
        for tax in group:
            key = (tax.title, tax.rate, tax.channel_liable)
            known = sums.get(key)
            if known is None:
                sums[key] = TaxLine(
                    title=tax.title, rate=tax.rate, amount=tax.amount, channel_liable=tax.channel_liable
                )
            else:
                known.amount += tax.amount
    return list(sums.values())
