"""Reading single values of Shopify's answers: exact money, instants, and texts that may be null."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from ledgerport.common.v1 import money_pb2
from ledgerport.events.v1 import entity_pb2
from ledgerport_libs.money import Money

Node = Mapping[str, Any]


def money(bag: Node | None) -> money_pb2.Money | None:
    """Shop money of a MoneyBag; BadAmount for a text that is no exact amount of its currency."""
    if bag is None:
        return None
    shop = bag["shopMoney"]
    return Money.parse(shop["amount"], shop["currencyCode"]).to_proto()


def instant(text: str | None) -> Timestamp | None:
    if text is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(datetime.fromisoformat(text))
    return stamp


def text(value: str | None) -> str:
    return value or ""


def nodes(connection: Node | None) -> list[Node]:
    return list(connection["nodes"]) if connection else []


def place(address: Node | None) -> entity_pb2.Address | None:
    if address is None:
        return None
    return entity_pb2.Address(
        line1=text(address.get("address1")),
        line2=text(address.get("address2")),
        city=text(address.get("city")),
        province_code=text(address.get("provinceCode")),
        postal_code=text(address.get("zip")),
        country_code=text(address.get("countryCodeV2")),
        company=text(address.get("company")),
    )
