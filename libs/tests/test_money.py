"""Money is exact: text goes in and comes out, parts add up to the whole, and no float gets in."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerport_libs.money import EXPONENT, BadAmount, Money, total

minors = st.integers(-(10**15), 10**15)
currencies = st.sampled_from(sorted(EXPONENT))


@given(minors, currencies)
def test_text_and_amount_are_the_same_thing(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    assert Money.parse(str(amount), currency) == amount
    assert Decimal(str(amount)) == Decimal(minor).scaleb(-EXPONENT[currency])
    assert Money.from_proto(amount.to_proto()) == amount


@given(minors, st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(sum))
def test_the_parts_add_up_to_the_whole_and_are_fair_to_the_smallest_unit(minor: int, weights: list[int]) -> None:
    parts = Money(minor, "USD").split(weights)
    assert total(parts, "USD") == Money(minor, "USD")
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor * sum(weights) - minor * weight) < sum(weights)


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [2, -1], [-1]])
def test_weights_that_cannot_share_are_refused(weights: list[int]) -> None:
    with pytest.raises((BadAmount, ValueError)):
        Money(100, "USD").split(weights)


@pytest.mark.parametrize(
    ("text", "currency", "minor", "printed"),
    [
        ("19.0", "USD", 1900, "19.00"),
        ("-0.05", "USD", -5, "-0.05"),
        ("23600", "JPY", 23600, "23600"),
        ("23600.0", "JPY", 23600, "23600"),
        ("1.234", "KWD", 1234, "1.234"),
        ("1e2", "USD", 10000, "100.00"),
        ("0", "KWD", 0, "0.000"),
    ],
)
def test_the_decimals_are_those_of_the_currency(text: str, currency: str, minor: int, printed: str) -> None:
    amount = Money.parse(text, currency)
    assert amount.minor == minor
    assert str(amount) == printed


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("0.001", "USD"),
        ("0.5", "JPY"),
        ("0.0001", "KWD"),
        ("1.00", "XXX"),
        ("1.00", ""),
        ("1.00", "usd"),
        ("NaN", "USD"),
        ("Infinity", "USD"),
        ("", "USD"),
        ("1,00", "USD"),
        ("one", "USD"),
        (None, "USD"),
        (1.1, "USD"),
        (1.5, "USD"),
        (True, "USD"),
    ],
)
def test_what_is_no_exact_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(BadAmount):
        Money.parse(text, currency)


def test_currencies_never_mix() -> None:
    with pytest.raises(BadAmount):
        Money(1, "USD") + Money(1, "CAD")
    with pytest.raises(BadAmount):
        total([Money(1, "USD")], "CAD")
