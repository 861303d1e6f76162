"""Exact amounts: integers of a currency's smallest unit, parsed from text and printed as text, never a float."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ledgerport.common.v1 import money_pb2

_TWO_DECIMALS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW
"""
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

# ISO 4217: how many decimals each currency has. A currency that is not here is refused, never guessed.
EXPONENT: dict[str, int] = {
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}


class BadAmount(ValueError):
    """A text that is no exact amount of its currency."""


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount, counted in the smallest unit of its currency."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read a provider's decimal text, such as "19.0"; BadAmount for what the currency cannot hold."""
        if not isinstance(text, str):
            raise BadAmount(f"{text!r} is no text: a float may have lost what it stood for")
        try:
            scaled = Decimal(text).scaleb(EXPONENT[currency])
        except (InvalidOperation, KeyError, TypeError) as cause:
            raise BadAmount(f"{text!r} {currency}") from cause
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise BadAmount(f"{text!r} is finer than {currency} allows")
        return cls(int(scaled), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    @classmethod
    def from_proto(cls, message: money_pb2.Money) -> Money:
        return cls(message.minor, message.currency)

    def to_proto(self) -> money_pb2.Money:
        return money_pb2.Money(minor=self.minor, currency=self.currency)

    def __str__(self) -> str:
        """The decimal text with all decimals of the currency: "19.00", "-0.05", "23600"."""
        exponent = EXPONENT[self.currency]
        if exponent == 0:
            return str(self.minor)
        whole, part = divmod(abs(self.minor), 10**exponent)
        return f"{'-' if self.minor < 0 else ''}{whole}.{part:0{exponent}d}"

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Share by weights of positive sum, largest remainder first; the parts add up to the whole."""
        whole = sum(weights)
        if whole <= 0 or min(weights) < 0:
            raise BadAmount(f"cannot share by the weights {list(weights)}")
        parts = [self.minor * weight // whole for weight in weights]
        left = self.minor - sum(parts)
        owed = sorted(range(len(weights)), key=lambda i: -(self.minor * weights[i] % whole))
        for i in owed[:left]:
            parts[i] += 1
        return [Money(part, self.currency) for part in parts]

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise BadAmount(f"{self.currency} and {other.currency} do not mix")
        return other.minor


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum, zero of `currency` for nothing; BadAmount where another currency is among them."""
    return sum(amounts, Money.zero(currency))
