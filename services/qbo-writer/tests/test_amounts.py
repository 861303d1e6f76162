"""Amounts are exact: unit prices multiply back to the cent, bytes are the same each time, and no float is near."""

from __future__ import annotations

import ast
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qbo_writer.posting
from qbo_writer.posting.amounts import number, to_bytes, unit_price
from qbo_writer.posting.lines import BookLine
from qbo_writer.posting.pieces import Component
from qbo_writer.posting.render import _line

POSTING = Path(qbo_writer.posting.__file__).parent
# Decimals by whole numbers and decimals: prices and exchange rates, never money itself.
_EXACT = ("exact / quantity", "(home / foreign)", "home / foreign")
FILES = sorted([*POSTING.glob("*.py"), POSTING.parent / "figures.py"])


@given(st.integers(-10_000_000, 10_000_000), st.integers(1, 5_000), st.sampled_from(["USD", "JPY", "KWD"]))
def test_quantity_times_unit_price_is_the_amount_or_there_is_no_unit_price(
    minor: int, quantity: int, currency: str
) -> None:
    amount = number(minor, currency)
    price = unit_price(minor, quantity, currency)
    cent = Decimal(1).scaleb(amount.as_tuple().exponent)  # type: ignore[arg-type]
    if price is not None:
        assert (price * quantity).quantize(cent, ROUND_HALF_UP) == amount
        assert int(price.as_tuple().exponent) >= -7
        assert "E" not in str(price).upper() or price == 0 or abs(price) < Decimal("0.000001")
    else:
        assert quantity > 1


@given(st.integers(-1_000_000, 1_000_000), st.integers(1, 1_000))
def test_a_line_always_says_an_amount_that_quickbooks_accepts(minor: int, quantity: int) -> None:
    line = BookLine(Component.GOODS, ("product", "1"), "Thing", minor, quantity)
    drawn = _line(line, {("product", "1"): "1"}, "NON", "USD")
    detail = drawn["SalesItemLineDetail"]
    product = (detail["Qty"] * detail["UnitPrice"]).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert product == drawn["Amount"] == Decimal(minor).scaleb(-2)


@given(st.integers(-(10**12), 10**12))
def test_amounts_leave_as_exact_json_numbers(minor: int) -> None:
    sent = to_bytes({"Amount": number(minor, "USD")})
    read = msgspec.json.decode(sent, type=dict[str, Decimal])
    assert read["Amount"] == Decimal(minor).scaleb(-2)


def test_the_bytes_do_not_depend_on_the_order_of_members() -> None:
    assert to_bytes({"a": 1, "b": {"d": 2, "c": 3}}) == to_bytes({"b": {"c": 3, "d": 2}, "a": 1})


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_no_float_is_in_the_code_that_books(file: Path) -> None:
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        named = isinstance(node, ast.Name) and node.id == "float"
        exact = isinstance(node, ast.BinOp) and ast.unparse(node) in _EXACT
        divided = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not exact
        if literal or named or divided:
            found.append(ast.unparse(node))
    assert found == []


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_no_code_computes_tax(file: Path) -> None:
    """A rate or percent is compared and named, never multiplied or divided with an amount."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.FloorDiv):
            text = ast.unparse(node)
            rated = "rate" in text.lower() or "percent" in text.lower()
            if rated and text != "Decimal(self.rate or '0') * 100":
                found.append(text)
    assert found == []
