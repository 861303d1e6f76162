"""Orders by the hundred thousand: each is drawn from a seed when somebody looks at it, and otherwise only numbers."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from shopify_sandbox.generator import draw_cart
from shopify_sandbox.order_records import Order
from shopify_sandbox.ordering import place
from shopify_sandbox.shop import Shop

_FIRST_ID, _IDS_AN_ORDER = 7_000_000_000_000, 200
_MOST_LINES = 2


class Shelf(msgspec.Struct, kw_only=True):
    """What is written down of many orders."""

    first: int
    count: int
    seed: int
    days: int
    until: datetime


class _Numbered(Shop):
    """The same store, giving out the numbers of one shelved order."""

    def __init__(self, shop: Shop, first_id: int, number: int) -> None:
        self.__dict__.update(shop.__dict__)
        self._next, self._number = first_id, number

    def new_id(self) -> int:
        self._next += 1
        return self._next - 1

    def new_number(self) -> int:
        return self._number


@dataclass(frozen=True, slots=True)
class ShelvedOrder:
    """Its times and ids; everything else is read from the whole order, which is drawn anew each time."""

    shop: Shop
    id: int
    number: int
    created_at: datetime
    seed: int

    @property
    def processed_at(self) -> datetime:
        return self.created_at

    @property
    def updated_at(self) -> datetime:
        return self.created_at

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole(), name)

    def whole(self) -> Order:
        """The same order every time, as long as the store sells the same."""
        chance = random.Random(f"{self.seed}:{self.number}")  # noqa: S311
        _, cart = draw_cart(self.shop, chance, {"sale": 1})
        cart.lines = cart.lines[:_MOST_LINES]
        return place(_Numbered(self.shop, self.id, self.number), cart, self.created_at)


class LazyView(dict[str, Any]):
    """A view that holds its plainest fields, and is made whole when another one is asked for."""

    def __init__(self, known: dict[str, Any], whole: Callable[[], dict[str, Any]]) -> None:
        super().__init__(known)
        self._whole: Callable[[], dict[str, Any]] | None = whole

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self and self._whole is not None:
            whole, self._whole = self._whole, None
            self.update(whole())
        return super().get(name, default)


def put(shop: Shop, shelf: Shelf) -> None:
    """The shelf's orders, spread evenly over its days."""
    gap = timedelta(days=shelf.days) / max(shelf.count, 1)
    for index in range(shelf.count):
        number = shelf.first + index
        created = (shelf.until - gap * (shelf.count - index)).replace(microsecond=0)
        identity = _FIRST_ID + number * _IDS_AN_ORDER
        shop.shelf[identity] = ShelvedOrder(shop, identity, number, created, shelf.seed)
    shop.versions["orders"] += 1
