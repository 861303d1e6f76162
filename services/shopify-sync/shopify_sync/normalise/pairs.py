"""An amount in both currencies of its order, while it is read and reckoned with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.money import BadAmount, Money


@dataclass(frozen=True, slots=True)
class Pair:
    """Smallest units of the shop's and of the buyer's currency; each is exact by itself, never made of the other."""

    shop: int = 0
    presentment: int = 0

    def __add__(self, other: Pair) -> Pair:
        return Pair(self.shop + other.shop, self.presentment + other.presentment)

    def __sub__(self, other: Pair) -> Pair:
        return Pair(self.shop - other.shop, self.presentment - other.presentment)

    def __neg__(self) -> Pair:
        return Pair(-self.shop, -self.presentment)

    def __abs__(self) -> Pair:
        return Pair(abs(self.shop), abs(self.presentment))

    def __bool__(self) -> bool:
        return bool(self.shop or self.presentment)

    @property
    def negative(self) -> bool:
        """By the shop's currency; by the buyer's where the shop's is nothing."""
        return (self.shop or self.presentment) < 0

    def part(self, count: int, whole: int) -> Pair:
        """`count` of `whole` equal parts, rounded towards nothing; zero of nothing."""
        if not whole:
            return Pair()
        return Pair(_towards_nothing(self.shop * count, whole), _towards_nothing(self.presentment * count, whole))

    def spread(self, weights: Sequence[Pair]) -> list[Pair] | None:
        """Shared by weights, largest remainder first, in each currency by itself; None where weights are nothing."""
        shops = _spread(self.shop, [weight.shop for weight in weights])
        presentments = _spread(self.presentment, [weight.presentment for weight in weights])
        if shops is None or presentments is None:
            return None
        return [Pair(*both) for both in zip(shops, presentments, strict=True)]

    def to_proto(self) -> entity_pb2.Amount:
        return entity_pb2.Amount(shop=self.shop, presentment=self.presentment)


def total(pairs: Iterable[Pair]) -> Pair:
    return sum(pairs, Pair())


@dataclass(frozen=True, slots=True)
class Currencies:
    """What the amounts of one order are counted in. `of` reads one of them."""

    shop: str
    presentment: str

    def of(self, bag: Mapping[str, Any] | None) -> Pair:
        """A MoneyBag; nothing for none. BadAmount for a text that is no exact amount, or of another currency."""
        if bag is None:
            return Pair()
        shop = _minor(bag["shopMoney"], self.shop)
        return Pair(shop, 0 if self.shop == self.presentment else _minor(bag["presentmentMoney"], self.presentment))


def _minor(money: Mapping[str, Any], currency: str) -> int:
    if money["currencyCode"] != currency:
        raise BadAmount(f"{money['currencyCode']} among amounts in {currency}")
    return Money.parse(money["amount"], currency).minor


def _towards_nothing(numerator: int, denominator: int) -> int:
    whole = abs(numerator) // abs(denominator)
    return whole if (numerator < 0) == (denominator < 0) else -whole


def _spread(amount: int, weights: Sequence[int]) -> list[int] | None:
    if not amount:
        return [0] * len(weights)
    if sum(weights) <= 0 or min(weights) < 0:
        return None
    parts = Money(abs(amount), "").split(weights)
    return [part.minor if amount > 0 else -part.minor for part in parts]
