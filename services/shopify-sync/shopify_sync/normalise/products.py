"""A product as Shopify's GraphQL gives it becomes one Variant for each of its variants."""

from __future__ import annotations

from ledgerport.events.v2 import entity_pb2
from ledgerport_libs.money import Money
from shopify_sync.normalise.values import Node, text, variant_title


def variant(product: Node, node: Node, currency: str) -> entity_pb2.Variant:
    """`currency` is the store's: a variant's price names none."""
    return entity_pb2.Variant(
        product_id=product["id"],
        product_title=text(product.get("title")),
        variant_title=variant_title(node.get("title")),
        sku=text(node.get("sku")),
        price=Money.parse(node["price"], currency).to_proto(),
        taxable=bool(node.get("taxable")),
        gift_card=bool(product.get("isGiftCard")),
    )
