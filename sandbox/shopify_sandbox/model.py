"""What a store is: its settings, goods and people, as plain records; amounts in smallest units, times in UTC."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Address(msgspec.Struct, kw_only=True):
    """A postal address as a buyer typed it."""

    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province: str | None = None
    province_code: str | None = None
    zip: str | None = None
    country: str | None = None
    country_code: str | None = None
    phone: str | None = None


class Customer(msgspec.Struct, kw_only=True):
    """A buyer the store knows; any way of reaching them may be missing."""

    id: int
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    note: str | None = None
    tags: list[str] = []
    tax_exempt: bool = False
    address: Address | None = None
    created_at: datetime
    updated_at: datetime


class Variant(msgspec.Struct, kw_only=True):
    """One thing that can be bought, with its inventory item."""

    id: int
    inventory_item_id: int
    title: str
    sku: str | None
    barcode: str | None = None
    price: int
    cost: int | None = None
    taxable: bool = True
    tracked: bool = True
    requires_shipping: bool = True
    position: int = 1
    quantity: int = 100
    created_at: datetime
    updated_at: datetime


class Product(msgspec.Struct, kw_only=True):
    """A product and all its variants."""

    id: int
    title: str
    vendor: str
    product_type: str
    gift_card: bool = False
    status: str = "ACTIVE"
    tags: list[str] = []
    variants: list[Variant]
    created_at: datetime
    updated_at: datetime


class TaxRate(msgspec.Struct, frozen=True, kw_only=True):
    """A tax the shop charges; `parts` counts hundred-thousandths (6250 = 6.25 %)."""

    title: str
    parts: int

    @property
    def rate(self) -> str:
        whole, rest = divmod(self.parts, 100_000)
        return f"{whole}.{rest:05d}".rstrip("0").rstrip(".")


class ShopFacts(msgspec.Struct, kw_only=True):
    """A shop's settings and its counters."""

    domain: str
    id: int
    name: str
    email: str
    currency: str
    zone: str
    taxes_included: bool
    country: str
    country_code: str
    province: str | None
    province_code: str | None
    taxes: list[TaxRate]
    next_id: int
    next_number: int = 1001
    created_at: datetime
