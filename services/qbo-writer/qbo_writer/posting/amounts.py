"""Amounts as QuickBooks reads them: exact decimal text in JSON, and a unit price that multiplies back to the cent."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from ledgerport_libs.money import EXPONENT

_UNIT_PRICE_DECIMALS = Decimal("0.0000001")


def number(minor: int, currency: str) -> Decimal:
    """Minor units as an exact decimal; it becomes a JSON number without ever being a float."""
    return Decimal(minor).scaleb(-EXPONENT[currency])


def unit_price(minor: int, quantity: int, currency: str) -> Decimal | None:
    """A price with at most 7 decimals for which round(quantity x price) is the amount (QuickBooks: 6070), or None."""
    exact = number(minor, currency)
    if quantity == 1:
        return exact
    price = (exact / quantity).quantize(_UNIT_PRICE_DECIMALS, ROUND_HALF_UP)
    cents = Decimal(1).scaleb(-EXPONENT[currency])
    if (price * quantity).quantize(cents, ROUND_HALF_UP) != exact:
        return None
    # Without needless zeros, but never as 1E+2.
    return price.quantize(cents) if price == price.quantize(cents) else price.normalize()


_encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def to_bytes(body: Any) -> bytes:
    """The document as the bytes that are previewed, claimed and sent: the same content is always the same bytes."""
    return _encoder.encode(body)
