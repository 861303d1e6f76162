"""A customer as Shopify's GraphQL gives it becomes a Customer."""

from __future__ import annotations

from ledgerport.events.v2 import entity_pb2
from shopify_sync.normalise.values import Node, place, text


def customer(node: Node) -> entity_pb2.Customer:
    return entity_pb2.Customer(
        display_name=text(node.get("displayName")),
        first_name=text(node.get("firstName")),
        last_name=text(node.get("lastName")),
        email=text((node.get("defaultEmailAddress") or {}).get("emailAddress")),
        phone=text((node.get("defaultPhoneNumber") or {}).get("phoneNumber")),
        default_address=place(node.get("defaultAddress")),
    )
