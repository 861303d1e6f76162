"""Reading single values of Shopify's answers: instants, addresses, and texts that may be null."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.timestamps import timestamp

Node = Mapping[str, Any]

# Shopify: the only variant of a product without options has this title; it tells nobody anything.
_DEFAULT_TITLE = "Default Title"


def instant(text: str | None) -> Timestamp | None:
    return timestamp(datetime.fromisoformat(text) if text is not None else None)


def text(value: str | None) -> str:
    return value or ""


def variant_title(value: str | None) -> str:
    return "" if value == _DEFAULT_TITLE else text(value)


def nodes(connection: Node | None) -> list[Node]:
    return list(connection["nodes"]) if connection else []


def id_of(reference: Node | None) -> str:
    """The id of an object that may not be there any more."""
    return text((reference or {}).get("id"))


def number_of(gid: str) -> int:
    """gid://shopify/Sale/12 → 12, and 0 for an id without a number: ids order by their numbers."""
    number = gid.rpartition("/")[2].partition("?")[0]
    return int(number) if number.isdigit() else 0


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
